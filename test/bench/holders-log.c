/* holders-log - which network namespaces have an address, and every change of it */

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HOSTS_MAX 16

struct host {
	const char *name;
	struct mnl_socket *nl;
	bool has;
};

static unsigned char wanted[16];
static size_t wanted_len;
static int family;

static void
say(const char *name, const char *what)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	printf("%lld.%06ld %s %s\n", (long long)ts.tv_sec, ts.tv_nsec / 1000, name, what);
}

static int
on_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == (family == AF_INET ? IFA_LOCAL : IFA_ADDRESS) &&
	    mnl_attr_get_payload_len(attr) == wanted_len &&
	    memcmp(mnl_attr_get_payload(attr), wanted, wanted_len) == 0)
		*(bool *)data = true;
	return MNL_CB_OK;
}

static int
on_message(const struct nlmsghdr *nlh, void *data)
{
	struct host *h = data;
	bool hit = false, up = nlh->nlmsg_type == RTM_NEWADDR;

	if (nlh->nlmsg_type != RTM_NEWADDR && nlh->nlmsg_type != RTM_DELADDR)
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(struct ifaddrmsg), on_attr, &hit);
	if (hit && up != h->has) {
		h->has = up;
		say(h->name, up ? "up" : "down");
	}
	return MNL_CB_OK;
}

static void
receive(struct host *h)
{
	static char buf[65536];
	ssize_t n = mnl_socket_recvfrom(h->nl, buf, sizeof(buf));

	if (n == -1)
		err(74, "%s: the history has a hole", h->name);
	mnl_cb_run(buf, (size_t)n, 0, 0, on_message, h);
}

/* The groups are joined before the dump is asked for: nothing falls in between. */
static void
open_host(struct host *h)
{
	char path[256], request[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);
	struct ifaddrmsg *ifa;
	int ns, room = 64 << 20;

	snprintf(path, sizeof(path), "/run/netns/%s", h->name);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns == -1 || setns(ns, CLONE_NEWNET) == -1)
		err(71, "%s", h->name);
	close(ns);
	h->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (h->nl == NULL ||
	    mnl_socket_bind(h->nl, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, MNL_SOCKET_AUTOPID) ==
		-1 ||
	    setsockopt(mnl_socket_get_fd(h->nl), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ==
		-1)
		err(71, "%s: netlink", h->name);
	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = (unsigned char)family;
	if (mnl_socket_sendto(h->nl, nlh, nlh->nlmsg_len) == -1)
		err(71, "%s: netlink", h->name);
}

int
main(int argc, char *argv[])
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct pollfd pfd[HOSTS_MAX];
	struct host host[HOSTS_MAX] = {0};
	nfds_t i, n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || argc - 2 > HOSTS_MAX)
		errx(64, "usage: holders-log ADDRESS NAMESPACE...");
	family = strchr(argv[1], ':') ? AF_INET6 : AF_INET;
	wanted_len = family == AF_INET ? 4 : 16;
	if (inet_pton(family, argv[1], wanted) != 1)
		errx(64, "%s: not an address", argv[1]);
	for (n = 0; n < (nfds_t)argc - 2; n++) {
		host[n].name = argv[n + 2];
		open_host(&host[n]);
		pfd[n] = (struct pollfd){.fd = mnl_socket_get_fd(host[n].nl), .events = POLLIN};
	}
	/* Who ends the processes of a host must not end this one. */
	if (home == -1 || setns(home, CLONE_NEWNET) == -1)
		err(71, "/proc/self/ns/net");
	say("-", "ready");
	for (;;) {
		if (poll(pfd, n, -1) == -1)
			err(71, "poll");
		for (i = 0; i < n; i++)
			if (pfd[i].revents)
				receive(&host[i]);
	}
}
