#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "wire.h"

#define SEND_PATIENCE_US 20000 /* for room in the socket's buffer */

int
wire_open(struct wire *w)
{
	struct timeval patience = {.tv_usec = SEND_PATIENCE_US};

	/* Protocol 0 receives nothing; ETH_P_ALL would queue a copy of every packet here. */
	w->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (w->fd == -1)
		return -1;
	setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	w->n = 0;
	for (size_t i = 0; i < WIRE_BATCH; i++) {
		w->to[i] = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_halen = 6};
		w->message[i].msg_hdr = (struct msghdr){.msg_name = &w->to[i],
		    .msg_namelen = sizeof(w->to[i]),
		    .msg_iov = &w->part[i],
		    .msg_iovlen = 1};
	}
	return 0;
}

void
wire_close(struct wire *w)
{
	close(w->fd);
	w->fd = -1;
}

void
wire_add(struct wire *w, int ifindex, const uint8_t *frame, size_t len)
{
	struct sockaddr_ll *to = &w->to[w->n];

	to->sll_ifindex = ifindex;
	memcpy(to->sll_addr, frame, 6);
	memcpy(&to->sll_protocol, frame + 12, 2);
	w->part[w->n].iov_base = (void *)(uintptr_t)frame;
	w->part[w->n].iov_len = len;
	w->n++;
}

unsigned int
wire_send(struct wire *w)
{
	unsigned int n = w->n, done = 0;

	w->n = 0;
	memset(w->error, 0, n * sizeof(w->error[0]));
	while (done < n) {
		int sent = sendmmsg(w->fd, w->message + done, n - done, 0);

		if (sent > 0) {
			done += (unsigned int)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		w->error[done++] = errno;
		/* No room for this one means none for the rest: do not wait for each. */
		if (errno == EAGAIN)
			while (done < n)
				w->error[done++] = EAGAIN;
	}
	return n;
}

const char *
wire_reason(int error)
{
	switch (error) {
	case ENETDOWN:
		return "link-down";
	case ENXIO:
	case ENODEV:
		return "no-interface";
	case EMEDIUMTYPE:
		return "not-ethernet";
	case ENOBUFS:
	case EAGAIN:
	case ENOMEM:
		return "no-buffer";
	case EPERM:
	case EACCES:
		return "not-permitted";
	case EMSGSIZE:
		return "too-long";
	default:
		return "not-sent";
	}
}

int
wire_link(const struct wire *w, const char *name, struct wire_link *l)
{
	struct ifreq req = {0};

	memset(l, 0, sizeof(*l));
	if (strlen(name) >= IF_NAMESIZE) {
		errno = ENODEV;
		return -1;
	}
	strcpy(l->name, name);
	strcpy(req.ifr_name, name);
	if (ioctl(w->fd, SIOCGIFHWADDR, &req) == -1)
		return -1;
	if (req.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
	    req.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK) {
		errno = EMEDIUMTYPE;
		return -1;
	}
	memcpy(l->mac, req.ifr_hwaddr.sa_data, sizeof(l->mac));
	if (ioctl(w->fd, SIOCGIFMTU, &req) == -1)
		return -1;
	l->mtu = (unsigned int)req.ifr_mtu;
	if (ioctl(w->fd, SIOCGIFFLAGS, &req) == -1)
		return -1;
	l->up = (req.ifr_flags & IFF_UP) != 0 && (req.ifr_flags & IFF_RUNNING) != 0;
	if (ioctl(w->fd, SIOCGIFINDEX, &req) == -1)
		return -1;
	l->index = req.ifr_ifindex;
	return 0;
}

static bool
take_source(const struct sockaddr *sa, uint8_t family, struct addr *out)
{
	struct addr a = {.family = family};

	if (sa == NULL || sa->sa_family != (family == 6 ? AF_INET6 : AF_INET))
		return false;
	if (family == 6)
		memcpy(a.octet, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	else
		memcpy(a.octet, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
	if (family == 6 && !addr_is_link_local(&a))
		return false;
	*out = a;
	return true;
}

int
wire_source(const char *name, uint8_t family, struct addr *out)
{
	struct ifaddrs *list;
	bool found = false;

	if (getifaddrs(&list) == -1)
		return -1;
	for (const struct ifaddrs *i = list; i != NULL && !found; i = i->ifa_next)
		found = strcmp(i->ifa_name, name) == 0 && take_source(i->ifa_addr, family, out);
	freeifaddrs(list);
	if (found)
		return 0;
	errno = EADDRNOTAVAIL;
	return -1;
}

bool
wire_is_router(const char *name)
{
	char path[64 + IF_NAMESIZE], value = '0';
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	if (read(fd, &value, 1) != 1)
		value = '0';
	close(fd);
	return value != '0';
}
