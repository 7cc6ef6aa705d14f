#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "ipvs_nl.h"

/* ---- writing ---- */

static struct nlmsghdr *
begin(void *buf, uint16_t family, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *m;
	struct genlmsghdr *g;

	memset(buf, 0, IPVS_NL_MAX);
	m = mnl_nlmsg_put_header(buf);
	m->nlmsg_type = family;
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	g = mnl_nlmsg_put_extra_header(m, sizeof(*g));
	g->cmd = command;
	g->version = IPVS_GENL_VERSION;
	return m;
}

/* union nf_inet_addr: 16 octets, whatever the family. */
static void
put_addr(struct nlmsghdr *m, uint16_t type, const struct addr *a)
{
	mnl_attr_put(m, type, sizeof(a->octet), a->octet);
}

static uint16_t
af_of(uint8_t family)
{
	return family == 6 ? AF_INET6 : AF_INET;
}

static void
put_id(struct nlmsghdr *m, const struct ipvs_service_id *id)
{
	mnl_attr_put_u16(m, IPVS_SVC_ATTR_AF, af_of(id->family));
	if (id->protocol == 0) {
		mnl_attr_put_u32(m, IPVS_SVC_ATTR_FWMARK, id->fwmark);
		return;
	}
	mnl_attr_put_u16(m, IPVS_SVC_ATTR_PROTOCOL, id->protocol);
	put_addr(m, IPVS_SVC_ATTR_ADDR, &id->at.addr);
	mnl_attr_put_u16(m, IPVS_SVC_ATTR_PORT, htons(id->at.port));
}

struct nlmsghdr *
ipvs_nl_service(void *buf, uint16_t family, enum ipvs_op op, const struct ipvs_service *s)
{
	static const uint8_t command[] = {[IPVS_ADD] = IPVS_CMD_NEW_SERVICE,
	    [IPVS_EDIT] = IPVS_CMD_SET_SERVICE,
	    [IPVS_REMOVE] = IPVS_CMD_DEL_SERVICE};
	struct nlmsghdr *m = begin(buf, family, command[op], 0);
	struct nlattr *nest = mnl_attr_nest_start(m, IPVS_CMD_ATTR_SERVICE);
	struct ip_vs_flags flags = {.mask = ~UINT32_C(0)};

	put_id(m, &s->id);
	if (op != IPVS_REMOVE) {
		flags.flags = s->flags | (s->persist != 0 ? IP_VS_SVC_F_PERSISTENT : 0);
		mnl_attr_put_strz(m, IPVS_SVC_ATTR_SCHED_NAME, s->sched);
		if (s->pe[0] != '\0')
			mnl_attr_put_strz(m, IPVS_SVC_ATTR_PE_NAME, s->pe);
		mnl_attr_put(m, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
		mnl_attr_put_u32(m, IPVS_SVC_ATTR_TIMEOUT, s->persist);
		mnl_attr_put_u32(
		    m, IPVS_SVC_ATTR_NETMASK, s->id.family == 6 ? s->netmask : htonl(s->netmask));
	}
	mnl_attr_nest_end(m, nest);
	return m;
}

struct nlmsghdr *
ipvs_nl_server(void *buf, uint16_t family, enum ipvs_op op, const struct ipvs_service_id *service,
    const struct ipvs_server *s)
{
	static const uint8_t command[] = {[IPVS_ADD] = IPVS_CMD_NEW_DEST,
	    [IPVS_EDIT] = IPVS_CMD_SET_DEST,
	    [IPVS_REMOVE] = IPVS_CMD_DEL_DEST};
	struct nlmsghdr *m = begin(buf, family, command[op], 0);
	struct nlattr *nest = mnl_attr_nest_start(m, IPVS_CMD_ATTR_SERVICE);

	put_id(m, service);
	mnl_attr_nest_end(m, nest);
	nest = mnl_attr_nest_start(m, IPVS_CMD_ATTR_DEST);
	put_addr(m, IPVS_DEST_ATTR_ADDR, &s->at.addr);
	mnl_attr_put_u16(m, IPVS_DEST_ATTR_PORT, htons(s->at.port));
	mnl_attr_put_u16(m, IPVS_DEST_ATTR_ADDR_FAMILY, af_of(s->at.addr.family));
	if (op != IPVS_REMOVE) {
		mnl_attr_put_u32(m, IPVS_DEST_ATTR_FWD_METHOD, s->mode);
		mnl_attr_put_u32(m, IPVS_DEST_ATTR_WEIGHT, s->weight);
		mnl_attr_put_u32(m, IPVS_DEST_ATTR_U_THRESH, s->upper);
		mnl_attr_put_u32(m, IPVS_DEST_ATTR_L_THRESH, s->lower);
		if (s->mode == IPVS_TUN) {
			mnl_attr_put_u8(m, IPVS_DEST_ATTR_TUN_TYPE, s->tun);
			mnl_attr_put_u16(m, IPVS_DEST_ATTR_TUN_PORT, htons(s->tun_port));
			mnl_attr_put_u16(m, IPVS_DEST_ATTR_TUN_FLAGS, s->tun_flags);
		}
	}
	mnl_attr_nest_end(m, nest);
	return m;
}

struct nlmsghdr *
ipvs_nl_daemon(
    void *buf, uint16_t family, enum ipvs_op op, const struct ipvs_daemon *d, uint8_t role)
{
	struct nlmsghdr *m =
	    begin(buf, family, op == IPVS_REMOVE ? IPVS_CMD_DEL_DAEMON : IPVS_CMD_NEW_DAEMON, 0);
	struct nlattr *nest = mnl_attr_nest_start(m, IPVS_CMD_ATTR_DAEMON);

	mnl_attr_put_u32(m, IPVS_DAEMON_ATTR_STATE, role);
	mnl_attr_put_strz(m, IPVS_DAEMON_ATTR_MCAST_IFN, d->ifname);
	mnl_attr_put_u32(m, IPVS_DAEMON_ATTR_SYNC_ID, d->id);
	if (op != IPVS_REMOVE) {
		if (d->maxlen != 0)
			mnl_attr_put_u16(m, IPVS_DAEMON_ATTR_SYNC_MAXLEN, d->maxlen);
		if (d->group.family == 4)
			mnl_attr_put(m, IPVS_DAEMON_ATTR_MCAST_GROUP, 4, d->group.octet);
		else if (d->group.family == 6)
			mnl_attr_put(m, IPVS_DAEMON_ATTR_MCAST_GROUP6, 16, d->group.octet);
		mnl_attr_put_u16(m, IPVS_DAEMON_ATTR_MCAST_PORT, d->port);
		mnl_attr_put_u8(m, IPVS_DAEMON_ATTR_MCAST_TTL, d->ttl);
	}
	mnl_attr_nest_end(m, nest);
	return m;
}

struct nlmsghdr *
ipvs_nl_timeouts(void *buf, uint16_t family, const struct ipvs_timeouts *t)
{
	struct nlmsghdr *m = begin(buf, family, IPVS_CMD_SET_CONFIG, 0);

	if (t->tcp != 0)
		mnl_attr_put_u32(m, IPVS_CMD_ATTR_TIMEOUT_TCP, t->tcp);
	if (t->tcpfin != 0)
		mnl_attr_put_u32(m, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, t->tcpfin);
	if (t->udp != 0)
		mnl_attr_put_u32(m, IPVS_CMD_ATTR_TIMEOUT_UDP, t->udp);
	return m;
}

struct nlmsghdr *
ipvs_nl_get(void *buf, uint16_t family, uint8_t command, const struct ipvs_service_id *service)
{
	struct nlmsghdr *m =
	    begin(buf, family, command, command == IPVS_CMD_GET_CONFIG ? NLM_F_ACK : NLM_F_DUMP);

	if (service != NULL) {
		struct nlattr *nest = mnl_attr_nest_start(m, IPVS_CMD_ATTR_SERVICE);

		put_id(m, service);
		mnl_attr_nest_end(m, nest);
	}
	return m;
}

/* ---- reading ---- */

struct attributes {
	const struct nlattr *at[32];
};

static int
keep(const struct nlattr *attr, void *ctx)
{
	struct attributes *t = ctx;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < sizeof(t->at) / sizeof(t->at[0]))
		t->at[type] = attr;
	return MNL_CB_OK;
}

static const void *
value_of(const struct attributes *t, uint16_t type, size_t len)
{
	const struct nlattr *attr = t->at[type];

	return attr != NULL && mnl_attr_get_payload_len(attr) >= len ? mnl_attr_get_payload(attr)
								     : NULL;
}

/* Numbers, 0 where there is none: only the width and the place are the kernel's. */
static uint64_t
number(const struct attributes *t, uint16_t type, size_t width)
{
	const void *value = value_of(t, type, width);
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	if (value == NULL)
		return 0;
	switch (width) {
	case 1:
		return *(const uint8_t *)value;
	case 2:
		memcpy(&v16, value, width);
		return v16;
	case 4:
		memcpy(&v32, value, width);
		return v32;
	default:
		memcpy(&v64, value, width);
		return v64;
	}
}

static uint16_t
port(const struct attributes *t, uint16_t type)
{
	return ntohs((uint16_t)number(t, type, 2));
}

/* The attributes of a nest of a message of IPVS, or of the message itself (nest 0). */
static int
open_message(const struct nlmsghdr *m, uint8_t command, uint16_t nest, struct attributes *t)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(m);
	struct attributes outer = {0};

	memset(t, 0, sizeof(*t));
	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*g)) || g->cmd != command)
		return -1;
	mnl_attr_parse(m, sizeof(*g), keep, &outer);
	if (nest == 0) {
		*t = outer;
		return 0;
	}
	if (value_of(&outer, nest, 0) == NULL)
		return -1;
	mnl_attr_parse_nested(outer.at[nest], keep, t);
	return 0;
}

static int
read_addr(const struct attributes *t, uint16_t type, uint64_t af, struct addr *a)
{
	size_t size = af == AF_INET ? 4 : af == AF_INET6 ? 16 : 0;
	const void *value = value_of(t, type, size);

	if (size == 0 || value == NULL)
		return -1;
	a->family = size == 4 ? 4 : 6;
	memcpy(a->octet, value, size);
	return 0;
}

static void
read_text(const struct attributes *t, uint16_t type, char *out, size_t size)
{
	const char *text = value_of(t, type, 1);
	size_t len = text != NULL ? mnl_attr_get_payload_len(t->at[type]) : 0;

	len = len > 0 ? strnlen(text, len) : 0;
	if (len < size)
		memcpy(out, text != NULL ? text : "", len);
}

static void
read_stats(const struct attributes *t, uint16_t wide, uint16_t narrow, struct ipvs_stats *s)
{
	bool is_wide = t->at[wide] != NULL;
	size_t width = is_wide ? 8 : 4;
	const struct nlattr *nest = is_wide ? t->at[wide] : t->at[narrow];
	struct attributes a = {0};

	if (nest == NULL)
		return;
	mnl_attr_parse_nested(nest, keep, &a);
	s->conns = number(&a, IPVS_STATS_ATTR_CONNS, width);
	s->in_packets = number(&a, IPVS_STATS_ATTR_INPKTS, width);
	s->out_packets = number(&a, IPVS_STATS_ATTR_OUTPKTS, width);
	s->in_octets = number(&a, IPVS_STATS_ATTR_INBYTES, 8);
	s->out_octets = number(&a, IPVS_STATS_ATTR_OUTBYTES, 8);
	s->conn_rate = number(&a, IPVS_STATS_ATTR_CPS, width);
	s->in_packet_rate = number(&a, IPVS_STATS_ATTR_INPPS, width);
	s->out_packet_rate = number(&a, IPVS_STATS_ATTR_OUTPPS, width);
	s->in_octet_rate = number(&a, IPVS_STATS_ATTR_INBPS, width);
	s->out_octet_rate = number(&a, IPVS_STATS_ATTR_OUTBPS, width);
}

static int
read_id(const struct attributes *t, struct ipvs_service_id *id)
{
	uint64_t af = number(t, IPVS_SVC_ATTR_AF, 2);

	id->family = af == AF_INET6 ? 6 : 4;
	id->fwmark = (uint32_t)number(t, IPVS_SVC_ATTR_FWMARK, 4);
	if (id->fwmark != 0)
		return af == AF_INET || af == AF_INET6 ? 0 : -1;
	id->protocol = (uint8_t)number(t, IPVS_SVC_ATTR_PROTOCOL, 2);
	id->at.port = port(t, IPVS_SVC_ATTR_PORT);
	return id->protocol == 0 ? -1 : read_addr(t, IPVS_SVC_ATTR_ADDR, af, &id->at.addr);
}

int
ipvs_nl_read_service(const struct nlmsghdr *m, struct ipvs_service *s, struct ipvs_stats *stats)
{
	struct ip_vs_flags flags = {0};
	struct attributes t;
	const void *value;
	uint32_t mask;

	memset(s, 0, sizeof(*s));
	if (open_message(m, IPVS_CMD_NEW_SERVICE, IPVS_CMD_ATTR_SERVICE, &t) == -1 ||
	    read_id(&t, &s->id) == -1)
		return -1;
	read_text(&t, IPVS_SVC_ATTR_SCHED_NAME, s->sched, sizeof(s->sched));
	read_text(&t, IPVS_SVC_ATTR_PE_NAME, s->pe, sizeof(s->pe));
	value = value_of(&t, IPVS_SVC_ATTR_FLAGS, sizeof(flags));
	if (value != NULL)
		memcpy(&flags, value, sizeof(flags));
	s->flags = flags.flags & IPVS_FLAGS;
	s->netmask = ipvs_netmask_default(s->id.family);
	/* Without persistence the kernel keeps a time and a mask that mean nothing. */
	if (flags.flags & IP_VS_SVC_F_PERSISTENT) {
		s->persist = (uint32_t)number(&t, IPVS_SVC_ATTR_TIMEOUT, 4);
		mask = (uint32_t)number(&t, IPVS_SVC_ATTR_NETMASK, 4);
		s->netmask = s->id.family == 6 ? mask : ntohl(mask);
	}
	if (stats != NULL) {
		memset(stats, 0, sizeof(*stats));
		read_stats(&t, IPVS_SVC_ATTR_STATS64, IPVS_SVC_ATTR_STATS, stats);
	}
	return 0;
}

int
ipvs_nl_read_server(const struct nlmsghdr *m, const struct ipvs_service_id *service,
    struct ipvs_server *s, struct ipvs_stats *stats)
{
	struct attributes t;
	uint64_t af;

	memset(s, 0, sizeof(*s));
	if (open_message(m, IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST, &t) == -1)
		return -1;
	/* Before Linux 3.18 a server is of its service's family and does not say it. */
	af = t.at[IPVS_DEST_ATTR_ADDR_FAMILY] != NULL ? number(&t, IPVS_DEST_ATTR_ADDR_FAMILY, 2)
						      : af_of(service->family);
	if (read_addr(&t, IPVS_DEST_ATTR_ADDR, af, &s->at.addr) == -1)
		return -1;
	s->at.port = port(&t, IPVS_DEST_ATTR_PORT);
	s->mode = (uint8_t)(number(&t, IPVS_DEST_ATTR_FWD_METHOD, 4) & IP_VS_CONN_F_FWD_MASK);
	s->weight = (uint32_t)number(&t, IPVS_DEST_ATTR_WEIGHT, 4);
	s->upper = (uint32_t)number(&t, IPVS_DEST_ATTR_U_THRESH, 4);
	s->lower = (uint32_t)number(&t, IPVS_DEST_ATTR_L_THRESH, 4);
	if (s->mode == IPVS_TUN) {
		s->tun = (uint8_t)number(&t, IPVS_DEST_ATTR_TUN_TYPE, 1);
		s->tun_port = port(&t, IPVS_DEST_ATTR_TUN_PORT);
		s->tun_flags = (uint16_t)number(&t, IPVS_DEST_ATTR_TUN_FLAGS, 2);
	}
	if (stats != NULL) {
		memset(stats, 0, sizeof(*stats));
		read_stats(&t, IPVS_DEST_ATTR_STATS64, IPVS_DEST_ATTR_STATS, stats);
		stats->active = (uint32_t)number(&t, IPVS_DEST_ATTR_ACTIVE_CONNS, 4);
		stats->inactive = (uint32_t)number(&t, IPVS_DEST_ATTR_INACT_CONNS, 4);
		stats->persistent = (uint32_t)number(&t, IPVS_DEST_ATTR_PERSIST_CONNS, 4);
	}
	return 0;
}

int
ipvs_nl_read_daemon(const struct nlmsghdr *m, struct ipvs_daemon *d)
{
	struct attributes t;

	memset(d, 0, sizeof(*d));
	if (open_message(m, IPVS_CMD_NEW_DAEMON, IPVS_CMD_ATTR_DAEMON, &t) == -1)
		return -1;
	d->roles = (uint8_t)number(&t, IPVS_DAEMON_ATTR_STATE, 4);
	d->id = (uint8_t)number(&t, IPVS_DAEMON_ATTR_SYNC_ID, 4);
	d->maxlen = (uint16_t)number(&t, IPVS_DAEMON_ATTR_SYNC_MAXLEN, 2);
	d->port = (uint16_t)number(&t, IPVS_DAEMON_ATTR_MCAST_PORT, 2);
	d->ttl = (uint8_t)number(&t, IPVS_DAEMON_ATTR_MCAST_TTL, 1);
	read_text(&t, IPVS_DAEMON_ATTR_MCAST_IFN, d->ifname, sizeof(d->ifname));
	if (read_addr(&t, IPVS_DAEMON_ATTR_MCAST_GROUP6, AF_INET6, &d->group) == -1)
		read_addr(&t, IPVS_DAEMON_ATTR_MCAST_GROUP, AF_INET, &d->group);
	return d->roles == IP_VS_STATE_MASTER || d->roles == IP_VS_STATE_BACKUP ? 0 : -1;
}

int
ipvs_nl_read_timeouts(const struct nlmsghdr *m, struct ipvs_timeouts *t)
{
	struct attributes a;

	memset(t, 0, sizeof(*t));
	if (open_message(m, IPVS_CMD_SET_CONFIG, 0, &a) == -1)
		return -1;
	t->tcp = (uint32_t)number(&a, IPVS_CMD_ATTR_TIMEOUT_TCP, 4);
	t->tcpfin = (uint32_t)number(&a, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 4);
	t->udp = (uint32_t)number(&a, IPVS_CMD_ATTR_TIMEOUT_UDP, 4);
	return 0;
}
