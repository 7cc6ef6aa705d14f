#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "rtnl.h"

#define BUFFER_SIZE 32768   /* the most that the kernel puts into one answer to a dump */
#define LOWER_UP    0x10000 /* IFF_LOWER_UP of <linux/if.h>, which does not bear <net/if.h> */
#define ATTRIBUTES  64
#define TRIES       8 /* readings that a further change has made worthless */

enum { RANK_NONE, RANK_SECONDARY, RANK_PRIMARY };

int
link_open(struct links *l)
{
	int error;

	l->fd = -1;
	l->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (l->socket == NULL)
		return -1;
	if (mnl_socket_bind(l->socket, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
		MNL_SOCKET_AUTOPID) == -1) {
		error = errno;
		link_close(l);
		errno = error;
		return -1;
	}
	l->fd = mnl_socket_get_fd(l->socket);
	l->port = mnl_socket_get_portid(l->socket);
	return 0;
}

void
link_close(struct links *l)
{
	if (l->socket != NULL)
		mnl_socket_close(l->socket);
	group_free(&l->groups);
	free(l->link);
	free(l->fresh);
	l->socket = NULL;
	l->link = l->fresh = NULL;
	l->n = l->room = 0;
}

size_t
link_find(const struct links *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->link[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

static struct link *
find_index(struct link *link, size_t n, unsigned int index)
{
	for (size_t i = 0; i < n; i++)
		if (link[i].index == index)
			return &link[i];
	return NULL;
}

static bool
is_same(const struct link *a, const struct link *b)
{
	return a->index == b->index && a->up == b->up && a->mtu == b->mtu &&
	    a->has_mac == b->has_mac && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 &&
	    addr_compare(&a->ip, &b->ip) == 0 && addr_compare(&a->ip6, &b->ip6) == 0;
}

static int
grow(struct links *l)
{
	size_t room = l->room == 0 ? 4 : 2 * l->room;
	void *link, *fresh;

	if (room > LINK_MAX) {
		errno = ENOSPC;
		return -1;
	}
	link = realloc(l->link, room * sizeof(*l->link));
	if (link == NULL)
		return -1;
	l->link = link;
	fresh = realloc(l->fresh, room * sizeof(*l->fresh));
	if (fresh == NULL)
		return -1;
	l->fresh = fresh;
	l->room = room;
	return 0;
}

size_t
link_want(struct links *l, const char *name)
{
	size_t i = link_find(l, name);

	if (i != SIZE_MAX)
		return i;
	i = link_find(l, "");
	if (i == SIZE_MAX) {
		if (l->n == l->room && grow(l) == -1)
			return SIZE_MAX;
		i = l->n++;
	}
	memset(&l->link[i], 0, sizeof(l->link[i]));
	strncpy(l->link[i].name, name, sizeof(l->link[i].name) - 1);
	l->dirty = true;
	return i;
}

void
link_forget(struct links *l, size_t i)
{
	group_set(&l->groups, i, 0, false, false);
	memset(&l->link[i], 0, sizeof(l->link[i]));
}

/* ---- messages ---- */

static int
collect(const struct nlattr *attr, void *data)
{
	const struct nlattr **of = data;

	if (mnl_attr_get_type(attr) < ATTRIBUTES)
		of[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* Copies the value of an attribute, where there is one of at least this size. */
static bool
copy_value(const struct nlattr *attr, void *out, size_t size)
{
	if (attr == NULL || mnl_attr_get_payload_len(attr) < size)
		return false;
	memcpy(out, mnl_attr_get_payload(attr), size);
	return true;
}

/* How good an address is as the source of adverts. An IPv4 address is secondary too where a
 * virtual one of its subnet was there first, so it is not refused for that alone. */
static int
rank_address(const struct links *l, const struct nlmsghdr *h, struct addr *a)
{
	const struct nlattr *of[ATTRIBUTES] = {0};
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	uint32_t flags = m->ifa_flags;
	uint8_t proto = 0;

	mnl_attr_parse(h, sizeof(*m), collect, of);
	*a = (struct addr){.family = m->ifa_family == AF_INET ? 4 : 6};
	copy_value(of[a->family == 4 ? IFA_LOCAL : IFA_ADDRESS], a->octet, addr_size(a));
	copy_value(of[IFA_FLAGS], &flags, sizeof(flags));
	copy_value(of[IFA_PROTO], &proto, sizeof(proto));
	if (proto == RTNL_PROTO_VIPTOOLS || (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0 ||
	    (a->family == 6 && !addr_is_link_local(a)) || l->is_virtual(l->ctx, a))
		return RANK_NONE;
	return (flags & IFA_F_SECONDARY) != 0 ? RANK_SECONDARY : RANK_PRIMARY;
}

static struct link
parse_link(const struct nlmsghdr *h)
{
	const unsigned int running = IFF_UP | LOWER_UP | IFF_RUNNING;
	const struct nlattr *of[ATTRIBUTES] = {0};
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	struct link got = {0};

	mnl_attr_parse(h, sizeof(*m), collect, of);
	if (of[IFLA_IFNAME] != NULL && mnl_attr_get_payload_len(of[IFLA_IFNAME]) <= IF_NAMESIZE)
		strncpy(got.name, mnl_attr_get_str(of[IFLA_IFNAME]), IF_NAMESIZE - 1);
	got.has_mac = of[IFLA_ADDRESS] != NULL &&
	    mnl_attr_get_payload_len(of[IFLA_ADDRESS]) == sizeof(got.mac) &&
	    copy_value(of[IFLA_ADDRESS], got.mac, sizeof(got.mac));
	copy_value(of[IFLA_MTU], &got.mtu, sizeof(got.mtu));
	got.index = (unsigned int)m->ifi_index;
	got.up = (m->ifi_flags & running) == running;
	return got;
}

static void
take_link(struct links *l, const struct nlmsghdr *h)
{
	struct link got = parse_link(h);

	for (size_t i = 0; i < l->n && got.name[0] != '\0'; i++) {
		if (strcmp(l->fresh[i].name, got.name) == 0) {
			got.families = l->fresh[i].families;
			l->fresh[i] = got;
		}
	}
}

static void
take_address(struct links *l, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct link *link = find_index(l->fresh, l->n, m->ifa_index);
	struct addr a;
	int rank;

	if (link == NULL)
		return;
	rank = rank_address(l, h, &a);
	if (a.family == 4 && rank > link->rank) {
		link->rank = (uint8_t)rank;
		link->ip = a;
	} else if (a.family == 6 && rank > link->rank6) {
		link->rank6 = (uint8_t)rank;
		link->ip6 = a;
	}
}

static bool
is_link_news(const struct links *l, const struct nlmsghdr *h)
{
	struct link got = parse_link(h);

	for (size_t i = 0; i < l->n; i++) {
		const struct link *have = &l->link[i];
		bool is_named = have->name[0] != '\0' && strcmp(have->name, got.name) == 0;

		got.ip = have->ip;
		got.ip6 = have->ip6;
		if (is_named || have->index == got.index)
			return h->nlmsg_type == RTM_DELLINK || !is_named || !is_same(have, &got);
	}
	return false;
}

/* Whether a notification can change what is known. The leases of virtual addresses are renewed
 * all the time, and each renewal is one. */
static bool
is_address_news(const struct links *l, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct link *link = find_index(l->link, l->n, m->ifa_index);
	const struct addr *have;
	struct addr a;
	int rank, have_rank;

	if (link == NULL)
		return false;
	rank = rank_address(l, h, &a);
	have = a.family == 4 ? &link->ip : &link->ip6;
	have_rank = a.family == 4 ? link->rank : link->rank6;
	if (addr_compare(have, &a) == 0)
		return h->nlmsg_type == RTM_DELADDR || rank != have_rank;
	return h->nlmsg_type == RTM_NEWADDR && rank > have_rank;
}

static bool
is_of_link(const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);

	/* a port that leaves a bridge is an RTM_DELLINK too, of AF_BRIDGE */
	return (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK) &&
	    mnl_nlmsg_get_payload_len(h) >= sizeof(*m) && m->ifi_family == AF_UNSPEC;
}

static bool
is_of_address(const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);

	return (h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR) &&
	    mnl_nlmsg_get_payload_len(h) >= sizeof(*m) &&
	    (m->ifa_family == AF_INET || m->ifa_family == AF_INET6);
}

/* One datagram of the kernel's: any process may send us one. Returns its length, 0 for none, or
 * -1 with errno. */
static ssize_t
receive(const struct links *l, void *buf)
{
	struct sockaddr_nl from;
	struct iovec iov = {.iov_base = buf, .iov_len = BUFFER_SIZE};
	struct msghdr msg;
	ssize_t n;

	do {
		msg = (struct msghdr){.msg_name = &from,
		    .msg_namelen = sizeof(from),
		    .msg_iov = &iov,
		    .msg_iovlen = 1};
		n = recvmsg(l->fd, &msg, 0);
		if (n == -1 && errno == EAGAIN)
			return 0;
		if (n == -1 && errno != EINTR)
			return -1;
	} while (n <= 0 || msg.msg_namelen != sizeof(from) || from.nl_pid != 0);
	if ((msg.msg_flags & MSG_TRUNC) == 0)
		return n;
	errno = ENOBUFS;
	return -1;
}

/* Reads one datagram: answers to the dump of this number are taken, the rest is looked at for
 * news. Returns 1, 0 where there was none, -1 with errno; *done is set by the end of the dump. */
static int
read_datagram(struct links *l, unsigned int dump, bool *done)
{
	static char buf[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t n = receive(l, buf);
	int len = (int)n;

	if (n == -1 && errno == ENOBUFS) {
		l->dirty = true;
		return 1;
	}
	if (n <= 0)
		return (int)n;
	for (const struct nlmsghdr *h = (struct nlmsghdr *)buf; mnl_nlmsg_ok(h, len);
	     h = mnl_nlmsg_next(h, &len)) {
		bool answer = dump != 0 && h->nlmsg_seq == dump && h->nlmsg_pid == l->port;

		if (answer &&
		    ((h->nlmsg_flags & NLM_F_DUMP_INTR) != 0 || h->nlmsg_type == NLMSG_ERROR))
			l->dirty = true;
		if (answer && (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR))
			*done = true;
		else if (is_of_link(h) && answer)
			take_link(l, h);
		else if (is_of_link(h))
			l->dirty |= is_link_news(l, h);
		else if (is_of_address(h) && answer)
			take_address(l, h);
		else if (is_of_address(h))
			l->dirty |= is_address_news(l, h);
	}
	return 1;
}

int
link_read(struct links *l)
{
	bool done;
	int r;

	while ((r = read_datagram(l, 0, &done)) > 0)
		;
	return r;
}

/* The kernel answers a dump while it is asked and read, so this never waits. */
static int
dump(struct links *l, uint16_t type)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
		struct nlattr mask;
		uint32_t skip_stats;
	} q = {.h = {.nlmsg_type = type,
		   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		   .nlmsg_seq = ++l->seq},
	    .mask = {.nla_len = sizeof(q.mask) + sizeof(q.skip_stats), .nla_type = IFLA_EXT_MASK},
	    .skip_stats = RTEXT_FILTER_SKIP_STATS};
	bool done = false;
	int r = 1;

	q.h.nlmsg_len =
	    type == RTM_GETLINK ? sizeof(q) : (uint32_t)mnl_nlmsg_size(sizeof(struct ifaddrmsg));
	if (mnl_socket_sendto(l->socket, &q, q.h.nlmsg_len) == -1)
		return -1;
	while (!done && r > 0)
		r = read_datagram(l, l->seq, &done);
	if (!done) /* the overrun took the end of it */
		l->dirty = true;
	return r < 0 ? -1 : 0;
}

/* Reads all into l->fresh. */
static int
read_anew(struct links *l)
{
	for (int i = 0; i < TRIES && l->dirty; i++) {
		l->dirty = false;
		memset(l->fresh, 0, l->n * sizeof(*l->fresh));
		for (size_t j = 0; j < l->n; j++) {
			memcpy(l->fresh[j].name, l->link[j].name, IF_NAMESIZE);
			l->fresh[j].families = l->link[j].families;
		}
		if (dump(l, RTM_GETLINK) == -1 || dump(l, RTM_GETADDR) == -1) {
			l->dirty = true;
			return -1;
		}
	}
	return 0;
}

/* An interface that has come up may be at another switch, and a small MTU ends a membership
 * unseen: then joins again. */
static void
join(struct links *l, size_t i, const struct link *before)
{
	const struct link *k = &l->link[i];

	if (before->index == k->index && (before->up != k->up || before->mtu != k->mtu))
		group_set(&l->groups, i, 0, false, false);
	if (group_set(&l->groups, i, k->index, (k->families & LINK_IPV4) != 0,
		(k->families & LINK_IPV6) != 0) == -1)
		l->failed(l->ctx, i, errno);
}

int
link_refresh(struct links *l)
{
	if (!l->dirty)
		return 0;
	if (read_anew(l) == -1)
		return -1;
	for (size_t i = 0; i < l->n; i++) {
		struct link before = l->link[i];

		if (before.name[0] == '\0')
			continue;
		l->link[i] = l->fresh[i];
		l->link[i].known = true;
		join(l, i, &before);
		if (!before.known || !is_same(&before, &l->link[i]))
			l->changed(l->ctx, i, &before);
	}
	return 0;
}
