#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtnl.h"

#define RTNL_IFA_PROTO   11  /* IFA_PROTO, also where the headers are older */
#define RTNL_MESSAGE_MAX 256 /* no request of ours is longer */
#define RTNL_DUMP_TRIES  5

/* Room for what one batch of our own makes the kernel tell us; the kernel doubles it. */
#define RTNL_BUFFER (1024 * 1024)

/* ---- sockets ---- */

static int
open_socket(struct rtnl *r, unsigned int groups, int flags)
{
	int size = RTNL_BUFFER, on = 1;

	memset(r, 0, offsetof(struct rtnl, in));
	r->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
	if (r->socket == NULL)
		return -1;
	r->fd = mnl_socket_get_fd(r->socket);
	if (mnl_socket_bind(r->socket, groups, MNL_SOCKET_AUTOPID) == -1) {
		rtnl_close(r);
		return -1;
	}
	/* The first needs CAP_NET_ADMIN; the second gives what the host allows. */
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == -1)
		setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	mnl_socket_setsockopt(r->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(r->socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

int
rtnl_open(struct rtnl *r)
{
	if (open_socket(r, 0, 0) == -1)
		return -1;
	r->batch = malloc(RTNL_BATCH_SIZE);
	r->error = malloc(RTNL_BATCH_MESSAGES * sizeof(*r->error));
	if (r->batch == NULL || r->error == NULL) {
		rtnl_close(r);
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

int
rtnl_open_monitor(struct rtnl *r)
{
	return open_socket(r, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, SOCK_NONBLOCK);
}

void
rtnl_close(struct rtnl *r)
{
	int error = errno;

	if (r->socket != NULL)
		mnl_socket_close(r->socket);
	free(r->batch);
	free(r->error);
	r->socket = NULL;
	r->batch = NULL;
	r->error = NULL;
	errno = error;
}

/* One datagram from the kernel: any process may send to a netlink socket. */
static ssize_t
receive(struct rtnl *r)
{
	struct sockaddr_nl from;
	struct iovec iov = {.iov_base = r->in, .iov_len = sizeof(r->in)};

	for (;;) {
		struct msghdr m = {.msg_name = &from,
		    .msg_namelen = sizeof(from),
		    .msg_iov = &iov,
		    .msg_iovlen = 1};
		ssize_t n = recvmsg(r->fd, &m, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
			continue;
		if (m.msg_flags & MSG_TRUNC) { /* as good as lost */
			errno = ENOBUFS;
			return -1;
		}
		return n;
	}
}

/* ---- changes ---- */

/* Room for one message, zeroed, at the end of the batch. */
static struct nlmsghdr *
begin(struct rtnl *r, uint16_t type, uint16_t flags, int *error)
{
	struct nlmsghdr *m;

	if (r->len + RTNL_MESSAGE_MAX > RTNL_BATCH_SIZE || r->n == RTNL_BATCH_MESSAGES)
		if (rtnl_commit(r) == -1)
			r->broken = errno;
	memset(r->batch + r->len, 0, RTNL_MESSAGE_MAX);
	m = mnl_nlmsg_put_header(r->batch + r->len);
	m->nlmsg_type = type;
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	m->nlmsg_seq = ++r->seq;
	*error = ENOBUFS;
	r->error[r->n++] = error;
	return m;
}

static void
end(struct rtnl *r, const struct nlmsghdr *m)
{
	r->last = r->len;
	r->len = (size_t)((const char *)mnl_nlmsg_get_payload_tail(m) - r->batch);
}

void
rtnl_queue(struct rtnl *r, enum rtnl_change change, const struct rtnl_addr *a, int *error)
{
	static const struct {
		uint16_t type, flags;
	} how[] = {
	    [RTNL_ADD] = {RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL},
	    [RTNL_RENEW] = {RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE},
	    [RTNL_DELETE] = {RTM_DELADDR, 0},
	};
	struct nlmsghdr *m = begin(r, how[change].type, how[change].flags, error);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(m, sizeof(*ifa));
	struct ifa_cacheinfo life = {.ifa_prefered = a->valid, .ifa_valid = a->valid};
	const struct addr *far = a->peer.family != 0 ? &a->peer : &a->cidr.addr;
	size_t size = addr_size(&a->cidr.addr);

	ifa->ifa_family = a->cidr.addr.family == 6 ? AF_INET6 : AF_INET;
	ifa->ifa_prefixlen = a->cidr.len;
	ifa->ifa_scope = a->scope;
	ifa->ifa_index = a->ifindex;
	mnl_attr_put(m, IFA_LOCAL, size, a->cidr.addr.octet);
	mnl_attr_put(m, IFA_ADDRESS, size, far->octet);
	if (change != RTNL_DELETE) {
		mnl_attr_put(m, IFA_CACHEINFO, sizeof(life), &life);
		mnl_attr_put_u8(m, RTNL_IFA_PROTO, a->proto);
		if (a->cidr.addr.family == 6)
			mnl_attr_put_u32(m, IFA_FLAGS, IFA_F_NODAD);
		else if (a->label[0] != '\0')
			mnl_attr_put_strz(m, IFA_LABEL, a->label);
	}
	end(r, m);
}

void
rtnl_queue_promote(struct rtnl *r, unsigned int ifindex, int *error)
{
	struct nlmsghdr *m = begin(r, RTM_SETLINK, 0, error);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(m, sizeof(*ifi));
	struct nlattr *spec, *inet, *conf;

	ifi->ifi_index = (int)ifindex;
	spec = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	inet = mnl_attr_nest_start(m, AF_INET);
	conf = mnl_attr_nest_start(m, IFLA_INET_CONF);
	mnl_attr_put_u32(m, IPV4_DEVCONF_PROMOTE_SECONDARIES, 1);
	mnl_attr_nest_end(m, conf);
	mnl_attr_nest_end(m, inet);
	mnl_attr_nest_end(m, spec);
	end(r, m);
}

/* The answers of one datagram. first is the sequence number of the batch's first message.
 * Returns true once the last message has its answer. */
static bool
take_answers(struct rtnl *r, ssize_t len, uint32_t first)
{
	int left = (int)len;
	bool done = false;

	for (const struct nlmsghdr *m = (const void *)r->in; mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
		uint32_t i = m->nlmsg_seq - first;

		if (m->nlmsg_type != NLMSG_ERROR || i >= r->n ||
		    mnl_nlmsg_get_payload_len(m) < sizeof(e->error))
			continue;
		*r->error[i] = -e->error;
		if (i != r->n - 1)
			continue;
		/* The kernel works in order: what has not been refused by now is done. */
		for (size_t j = 0; j + 1 < r->n; j++)
			if (*r->error[j] == ENOBUFS)
				*r->error[j] = 0;
		done = true;
	}
	return done;
}

int
rtnl_commit(struct rtnl *r)
{
	uint32_t first = r->seq - (uint32_t)r->n + 1;
	int error = r->broken;
	ssize_t n;

	r->broken = 0;
	if (r->n > 0) {
		struct nlmsghdr *last = (void *)(r->batch + r->last);

		last->nlmsg_flags |= NLM_F_ACK;
		n = mnl_socket_sendto(r->socket, r->batch, r->len);
		while (n != -1 && (n = receive(r)) != -1 && !take_answers(r, n, first))
			;
		if (n == -1)
			error = errno;
	}
	r->len = r->n = 0;
	errno = error;
	return error == 0 ? 0 : -1;
}

int
rtnl_may_change(struct rtnl *r)
{
	static const struct rtnl_addr nowhere = {.cidr = {{.family = 4}, 32}, .ifindex = INT_MAX};
	int error;

	rtnl_queue(r, RTNL_DELETE, &nowhere, &error);
	if (rtnl_commit(r) == -1)
		return -1;
	errno = error;
	return error == EPERM ? -1 : 0;
}

/* An attribute of no length: a kernel that knows it says ERANGE before it looks for the
 * interface; an older one does not look at it. */
bool
rtnl_has_proto(struct rtnl *r)
{
	int error;
	struct nlmsghdr *m = begin(r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &error);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(m, sizeof(*ifa));

	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 32;
	ifa->ifa_index = INT_MAX;
	mnl_attr_put_u32(m, IFA_LOCAL, 0);
	mnl_attr_put(m, RTNL_IFA_PROTO, 0, "");
	end(r, m);
	return rtnl_commit(r) == 0 && error != ENODEV;
}

/* ---- reading ---- */

/* Attributes by type, up to a highest one. */
struct attributes {
	const struct nlattr *at[64];
};

static int
keep_attribute(const struct nlattr *attr, void *ctx)
{
	struct attributes *t = ctx;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < sizeof(t->at) / sizeof(t->at[0]))
		t->at[type] = attr;
	return MNL_CB_OK;
}

/* The octets of an attribute, or NULL where there is none of at least this length. */
static const void *
value_of(const struct attributes *t, uint16_t type, size_t len)
{
	const struct nlattr *attr = t->at[type];

	return attr != NULL && mnl_attr_get_payload_len(attr) >= len ? mnl_attr_get_payload(attr)
								     : NULL;
}

static void
copy_name(const struct attributes *t, uint16_t type, char name[IF_NAMESIZE])
{
	const char *text = value_of(t, type, 1);

	if (text != NULL && mnl_attr_get_payload_len(t->at[type]) <= IF_NAMESIZE)
		memcpy(name, text, mnl_attr_get_payload_len(t->at[type]) - 1U);
}

static int
parse_addr(const struct nlmsghdr *m, struct rtnl_addr *a)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(m);
	struct attributes t = {0};
	const void *value, *local;
	size_t size;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(*ifa) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return -1;
	mnl_attr_parse(m, sizeof(*ifa), keep_attribute, &t);
	memset(a, 0, sizeof(*a));
	a->ifindex = ifa->ifa_index;
	a->scope = ifa->ifa_scope;
	a->secondary = ifa->ifa_family == AF_INET && (ifa->ifa_flags & IFA_F_SECONDARY) != 0;
	a->cidr.len = ifa->ifa_prefixlen;
	a->cidr.addr.family = ifa->ifa_family == AF_INET6 ? 6 : 4;
	size = addr_size(&a->cidr.addr);
	value = value_of(&t, IFA_ADDRESS, size);
	local = t.at[IFA_LOCAL] != NULL ? value_of(&t, IFA_LOCAL, size) : value;
	if (local == NULL)
		return -1;
	memcpy(a->cidr.addr.octet, local, size);
	if (value != NULL && memcmp(local, value, size) != 0) {
		a->peer.family = a->cidr.addr.family;
		memcpy(a->peer.octet, value, size);
	}
	value = value_of(&t, RTNL_IFA_PROTO, sizeof(a->proto));
	if (value != NULL)
		memcpy(&a->proto, value, sizeof(a->proto));
	return 0;
}

/* IFLA_AF_SPEC holds AF_INET, it holds IFLA_INET_CONF: an array of the interface's settings. */
static bool
parse_promote(const struct nlattr *spec)
{
	const size_t before = (IPV4_DEVCONF_PROMOTE_SECONDARIES - 1) * sizeof(uint32_t);
	struct attributes families = {0}, inet = {0};
	const char *conf;
	uint32_t value;

	mnl_attr_parse_nested(spec, keep_attribute, &families);
	if (families.at[AF_INET] == NULL)
		return false;
	mnl_attr_parse_nested(families.at[AF_INET], keep_attribute, &inet);
	conf = value_of(&inet, IFLA_INET_CONF, before + sizeof(value));
	if (conf == NULL)
		return false;
	memcpy(&value, conf + before, sizeof(value));
	return value != 0;
}

/* Links alone: a bridge tells of its ports in the same group, as AF_BRIDGE, and RTM_DELLINK of
 * that family means only that a port has left. */
static int
parse_link(const struct nlmsghdr *m, struct rtnl_link *l)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(m);
	struct attributes t = {0};
	const void *mac;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(*ifi) || ifi->ifi_family != AF_UNSPEC)
		return -1;
	mnl_attr_parse(m, sizeof(*ifi), keep_attribute, &t);
	memset(l, 0, sizeof(*l));
	l->ifindex = (unsigned int)ifi->ifi_index;
	l->up = (ifi->ifi_flags & IFF_UP) != 0;
	copy_name(&t, IFLA_IFNAME, l->name);
	mac = value_of(&t, IFLA_ADDRESS, sizeof(l->mac));
	if (mac != NULL)
		memcpy(l->mac, mac, sizeof(l->mac));
	l->promote = t.at[IFLA_AF_SPEC] != NULL && parse_promote(t.at[IFLA_AF_SPEC]);
	return 0;
}

static void
dispatch(const struct nlmsghdr *m, const struct rtnl_handler *h)
{
	struct rtnl_addr a;
	struct rtnl_link l;

	switch (m->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (h->addr != NULL && parse_addr(m, &a) == 0)
			h->addr(h->ctx, &a, m->nlmsg_type == RTM_DELADDR);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (h->link != NULL && parse_link(m, &l) == 0)
			h->link(h->ctx, &l, m->nlmsg_type == RTM_DELLINK);
		break;
	}
}

int
rtnl_read(struct rtnl *r, const struct rtnl_handler *h)
{
	ssize_t n = receive(r);
	int left = (int)n;

	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	for (const struct nlmsghdr *m = (const void *)r->in; mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left))
		dispatch(m, h);
	return 1;
}

/* Sends one request that is no change and gives its answers to h. Returns 0, or -1 with errno:
 * EINTR where the kernel says that a dump is not of one moment. */
static int
ask(struct rtnl *r, struct nlmsghdr *request, const struct rtnl_handler *h)
{
	bool torn = false;

	request->nlmsg_seq = ++r->seq;
	if (mnl_socket_sendto(r->socket, request, request->nlmsg_len) == -1)
		return -1;
	for (;;) {
		ssize_t n = receive(r);
		int left = (int)n;

		if (n == -1)
			return -1;
		for (const struct nlmsghdr *m = (const void *)r->in; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

			if (m->nlmsg_seq != request->nlmsg_seq)
				continue;
			torn |= (m->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (m->nlmsg_type == NLMSG_ERROR)
				errno = -e->error;
			if (m->nlmsg_type == NLMSG_DONE)
				errno = torn ? EINTR : 0;
			if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
				return errno == 0 ? 0 : -1;
			dispatch(m, h);
		}
	}
}

int
rtnl_dump_addrs(struct rtnl *r, unsigned int ifindex, const struct rtnl_handler *h)
{
	_Alignas(struct nlmsghdr) char buf[64] = {0};
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(m, sizeof(*ifa));

	m->nlmsg_type = RTM_GETADDR;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa->ifa_index = ifindex;
	for (int i = 0; i < RTNL_DUMP_TRIES; i++) {
		if (ask(r, m, h) == 0)
			return 0;
		if (errno != EINTR)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

static void
keep_link(void *ctx, const struct rtnl_link *l, bool gone)
{
	(void)gone;
	memcpy(ctx, l, sizeof(*l));
}

int
rtnl_get_link(struct rtnl *r, const char *name, struct rtnl_link *l)
{
	_Alignas(struct nlmsghdr) char buf[128] = {0};
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(m, sizeof(*ifi));
	struct rtnl_handler h = {.link = keep_link, .ctx = l};

	if (strlen(name) >= IF_NAMESIZE) {
		errno = ENODEV;
		return -1;
	}
	m->nlmsg_type = RTM_GETLINK;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ifi->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(m, IFLA_IFNAME, name);
	return ask(r, m, &h);
}
