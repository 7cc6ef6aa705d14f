#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "parse.h"
#include "setting.h"

#define CHECKS_REASON "not names of checks, a,b,c"

static int
set_u32(const char *value, unsigned int min, unsigned int max, uint32_t *out)
{
	unsigned int v;

	if (parse_uint(value, min, max, &v) == -1)
		return -1;
	*out = v;
	return 0;
}

static int
set_u16(const char *value, unsigned int min, uint16_t *out)
{
	uint32_t v;

	if (set_u32(value, min, UINT16_MAX, &v) == -1)
		return -1;
	*out = (uint16_t)v;
	return 0;
}

static int
set_seconds(const char *value, unsigned int most, uint32_t *out)
{
	int64_t ns;

	if (parse_duration(value, NSEC_PER_SEC, most * NSEC_PER_SEC, &ns) == -1 ||
	    ns % NSEC_PER_SEC != 0)
		return -1;
	*out = (uint32_t)(ns / NSEC_PER_SEC);
	return 0;
}

/* Names with commas between them, none twice. */
static int
set_checks(const char *value, char **out)
{
	char name[CONFIG_NAME_MAX];

	for (const char *p = value;; p++) {
		size_t n = strcspn(p, ",");

		if (n >= sizeof(name))
			return -1;
		memcpy(name, p, n);
		name[n] = '\0';
		if (!setting_is_name(name))
			return -1;
		p += n;
		if (*p == '\0')
			break;
	}
	free(*out); /* a second time it is the same record's */
	*out = strdup(value);
	return *out != NULL ? 0 : -1;
}

/* ---- what services and servers share ---- */

SETTING(set_tun, struct ipvs_server, return ipvs_tun_parse(value, &x->tun);)
SETTING(set_tunport, struct ipvs_server, return set_u16(value, 1, &x->tun_port);)
SETTING(set_tuncsum, struct ipvs_server, return ipvs_csum_parse(value, &x->tun_flags);)
SETTING(set_mode, struct ipvs_server, return ipvs_mode_parse(value, &x->mode);)

#define MODE_REASON    "not nat, dr or tun"
#define TUN_REASON     "not ipip, gre or gue"
#define TUNPORT_REASON "not 1 to 65535"
#define TUNCSUM_REASON "not no, csum or remcsum"

/* ---- service ---- */

struct reading {
	struct balance_service *x;
	const char *netmask;
	unsigned int scheds; /* that flags= is made for */
	bool said_af;
};

#define SERVICE(name, ...) SETTING(name, struct reading, __VA_ARGS__)

SERVICE(service_sched, return ipvs_is_name(value) ? setting_copy(value, x->x->ipvs.sched, 16) : -1;)
SERVICE(service_pe, return ipvs_is_name(value) ? setting_copy(value, x->x->ipvs.pe, 16) : -1;)
SERVICE(service_persist, return set_seconds(value, IPVS_PERSIST_MAX, &x->x->ipvs.persist);)
SERVICE(service_netmask, x->netmask = value; return 0;)
SERVICE(service_mode, return set_mode(&x->x->defaults, value);)
SERVICE(service_tun, return set_tun(&x->x->defaults, value);)
SERVICE(service_tunport, return set_tunport(&x->x->defaults, value);)
SERVICE(service_tuncsum, return set_tuncsum(&x->x->defaults, value);)
SERVICE(service_quorum, return set_u32(value, 1, INT32_MAX, &x->x->quorum);)
SERVICE(service_hysteresis, return set_u32(value, 0, INT32_MAX, &x->x->hysteresis);)
SERVICE(service_slowstart, return parse_duration(value, 0, 86400 * NSEC_PER_SEC, &x->x->slowstart);)
SERVICE(service_holder,
	return setting_is_name(value) ? setting_copy(value, x->x->holder, CONFIG_NAME_MAX) : -1;)
SERVICE(service_checks, return set_checks(value, &x->x->checks);)

static int
service_flags(void *into, const char *value)
{
	struct reading *k = into;
	uint32_t flags;

	if (ipvs_flags_parse(value, &flags, &k->scheds) == -1)
		return -1;
	k->x->ipvs.flags |= flags;
	return 0;
}

static int
service_ops(void *into, const char *value)
{
	struct reading *k = into;
	bool ops;

	if (setting_yes(value, &ops) == -1)
		return -1;
	if (ops)
		k->x->ipvs.flags |= IPVS_FLAG_OPS;
	return 0;
}

static int
service_on_fail(void *into, const char *value)
{
	struct reading *k = into;
	bool quiesce = strcmp(value, "quiesce") == 0;

	k->x->on_fail = quiesce ? BALANCE_QUIESCE : BALANCE_REMOVE;
	return quiesce || strcmp(value, "remove") == 0 ? 0 : -1;
}

static int
service_af(void *into, const char *value)
{
	struct reading *k = into;

	k->said_af = true;
	if (strcmp(value, "4") != 0 && strcmp(value, "6") != 0)
		return -1;
	k->x->ipvs.id.family = (uint8_t)(value[0] - '0');
	return 0;
}

static const struct setting_attribute service_attributes[] = {
    {"sched", service_sched, "not the name of a scheduler"},
    {"flags", service_flags, "not of sh-port, sh-fallback, mh-port, mh-fallback, flag-1, ..."},
    {"persist", service_persist, "not whole seconds with their unit, up to 744h"},
    {"netmask", service_netmask, ""},
    {"pe", service_pe, "not the name of an engine"},
    {"ops", service_ops, "not yes or no"},
    {"mode", service_mode, MODE_REASON},
    {"tun", service_tun, TUN_REASON},
    {"tunport", service_tunport, TUNPORT_REASON},
    {"tuncsum", service_tuncsum, TUNCSUM_REASON},
    {"af", service_af, "not 4 or 6"},
    {"check", service_checks, CHECKS_REASON},
    {"quorum", service_quorum, "not 1 to 2147483647"},
    {"hysteresis", service_hysteresis, "not 0 to 2147483647"},
    {"on_fail", service_on_fail, "not remove or quiesce"},
    {"slowstart", service_slowstart, "not a time with its unit, up to 24h"},
    {"holder", service_holder, "not the name of a router"},
    {NULL, NULL, NULL},
};

static int
read_id(const struct record *r, struct ipvs_service_id *id, struct config_error *e)
{
	const char *protocol = record_operand(r, 1), *at = record_operand(r, 2);

	if (protocol == NULL || ipvs_protocol_parse(protocol, &id->protocol) == -1)
		return setting_refuse(
		    e, protocol != NULL ? protocol : r->kind, "not tcp, udp, sctp or fwmark");
	if (id->protocol == 0) {
		id->family = 4;
		if (at == NULL || set_u32(at, 1, UINT32_MAX, &id->fwmark) == -1)
			return setting_refuse(
			    e, at != NULL ? at : protocol, "not a firewall mark, 1 to 4294967295");
		return 0;
	}
	if (at == NULL || endpoint_parse(at, &id->at) == -1)
		return setting_refuse(
		    e, at != NULL ? at : protocol, "not an address and a port, as 192.0.2.1:80");
	id->family = id->at.addr.family;
	return 0;
}

static int
check_service(struct reading *k, struct config_error *e)
{
	struct ipvs_service *s = &k->x->ipvs;
	const char *word, *fault;
	unsigned int own = strcmp(s->sched, "sh") == 0 ? 1U : strcmp(s->sched, "mh") == 0 ? 2U : 0;

	if (k->said_af && s->id.protocol != 0 && s->id.family != s->id.at.addr.family)
		return setting_refuse(e, "af=", "not the family of the address");
	if ((k->scheds & ~own) != 0)
		return setting_refuse(e, "flags=", "of another scheduler than sched=");
	s->netmask = ipvs_netmask_default(s->id.family);
	if (k->netmask != NULL && ipvs_netmask_parse(k->netmask, s->id.family, &s->netmask) == -1)
		return setting_refuse(
		    e, "netmask=", s->id.family == 6 ? "not 1 to 128" : "not a mask or 1 to 32");
	fault = ipvs_service_fault(s, &word);
	return fault != NULL ? setting_refuse(e, word, fault) : 0;
}

int
balance_read_service(const struct record *r, struct balance_service *x, struct config_error *e)
{
	const char *name = record_operand(r, 0);
	struct reading k = {.x = x};

	memset(x, 0, sizeof(*x));
	x->used = true;
	x->quorum = 1;
	x->first = x->last = TABLE_NONE;
	strcpy(x->ipvs.sched, "wlc");
	if (name == NULL || !setting_is_name(name))
		return setting_refuse(e, name != NULL ? name : r->kind, SETTING_NAME_REASON);
	strcpy(x->name, name);
	if (read_id(r, &x->ipvs.id, e) == -1 ||
	    setting_attributes(r, service_attributes, &k, e) == -1 || check_service(&k, e) == -1) {
		free(x->checks);
		x->checks = NULL;
		return -1;
	}
	return 0;
}

/* ---- server ---- */

static int
set_threshold(const char *value, struct ipvs_server *d, unsigned int keep, uint32_t *out)
{
	if (strcmp(value, "keep") != 0)
		return set_u32(value, 0, UINT32_MAX, out);
	d->keep |= (uint16_t)keep;
	return 0;
}

#define SERVER(name, ...) SETTING(name, struct balance_server, __VA_ARGS__)

SERVER(server_weight, return set_u32(value, 0, IPVS_WEIGHT_MAX, &x->ipvs.weight);)
SERVER(server_upper, return set_threshold(value, &x->ipvs, IPVS_KEEP_UPPER, &x->ipvs.upper);)
SERVER(server_lower, return set_threshold(value, &x->ipvs, IPVS_KEEP_LOWER, &x->ipvs.lower);)
SERVER(server_mode, x->said |= BALANCE_SAID_MODE; return set_mode(&x->ipvs, value);)
SERVER(server_tun, x->said |= BALANCE_SAID_TUN; return set_tun(&x->ipvs, value);)
SERVER(server_tunport, x->said |= BALANCE_SAID_TUNPORT; return set_tunport(&x->ipvs, value);)
SERVER(server_tuncsum, x->said |= BALANCE_SAID_TUNCSUM; return set_tuncsum(&x->ipvs, value);)
SERVER(server_backup, return setting_yes(value, &x->backup);)
SERVER(server_drain, return setting_yes(value, &x->drain);)
SERVER(server_checks, return set_checks(value, &x->checks);)

static const struct setting_attribute server_attributes[] = {
    {"weight", server_weight, "not 0 to 2147483647"},
    {"mode", server_mode, MODE_REASON},
    {"tun", server_tun, TUN_REASON},
    {"tunport", server_tunport, TUNPORT_REASON},
    {"tuncsum", server_tuncsum, TUNCSUM_REASON},
    {"upper", server_upper, "not 0 to 4294967295, or keep"},
    {"lower", server_lower, "not 0 to 4294967295, or keep"},
    {"backup", server_backup, "not yes or no"},
    {"drain", server_drain, "not yes or no"},
    {"check", server_checks, CHECKS_REASON},
    {NULL, NULL, NULL},
};

int
balance_read_endpoint(const struct record *r, struct endpoint *p, struct config_error *e)
{
	const char *text = record_operand(r, 1);

	if (text == NULL || endpoint_parse(text, p) == -1)
		return setting_refuse(e, text != NULL ? text : r->word[0].key,
		    "not an address and a port, as 192.0.2.11:80");
	return 0;
}

int
balance_inherit(const struct balance_service *s, struct balance_server *x, struct config_error *e)
{
	const struct ipvs_server *d = &s->defaults;
	const char *fault, *word;

	if (!(x->said & BALANCE_SAID_MODE))
		x->ipvs.mode = d->mode;
	if (x->ipvs.mode == IPVS_TUN) {
		if (!(x->said & BALANCE_SAID_TUN))
			x->ipvs.tun = d->tun;
		if (!(x->said & BALANCE_SAID_TUNPORT))
			x->ipvs.tun_port = x->ipvs.tun == IPVS_GUE ? d->tun_port : 0;
		if (!(x->said & BALANCE_SAID_TUNCSUM))
			x->ipvs.tun_flags = x->ipvs.tun != IPVS_IPIP ? d->tun_flags : 0;
	} else {
		if (!(x->said & BALANCE_SAID_TUN))
			x->ipvs.tun = 0;
		if (!(x->said & BALANCE_SAID_TUNPORT))
			x->ipvs.tun_port = 0;
		if (!(x->said & BALANCE_SAID_TUNCSUM))
			x->ipvs.tun_flags = 0;
		if (x->said & BALANCE_SAID_TUN)
			return setting_refuse(e, "tun=", "only of mode=tun");
	}
	fault = ipvs_server_fault(&s->ipvs, &x->ipvs, &word);
	return fault != NULL ? setting_refuse(e, word, fault) : 0;
}

int
balance_read_server(const struct record *r, const struct balance_service *s,
    struct balance_server *x, struct config_error *e)
{
	memset(x, 0, sizeof(*x));
	x->used = true;
	x->ipvs.weight = 1;
	if (balance_read_endpoint(r, &x->ipvs.at, e) == -1 ||
	    setting_attributes(r, server_attributes, x, e) == -1 ||
	    balance_inherit(s, x, e) == -1) {
		free(x->checks);
		x->checks = NULL;
		return -1;
	}
	return 0;
}

/* ---- sync, timeouts ---- */

#define SYNC(name, ...) SETTING(name, struct balance_sync, __VA_ARGS__)

static int
sync_role(void *into, const char *value)
{
	struct balance_sync *x = into;
	bool both = strcmp(value, "both") == 0;

	x->daemon.roles = 0;
	if (both || strcmp(value, "master") == 0)
		x->daemon.roles |= IP_VS_STATE_MASTER;
	if (both || strcmp(value, "backup") == 0)
		x->daemon.roles |= IP_VS_STATE_BACKUP;
	return x->daemon.roles != 0 ? 0 : -1;
}

static int
set_u8(const char *value, unsigned int min, uint8_t *out)
{
	uint32_t v;

	if (set_u32(value, min, UINT8_MAX, &v) == -1)
		return -1;
	*out = (uint8_t)v;
	return 0;
}

/* ff00::/8, 224.0.0.0/4 */
static bool
is_multicast(const struct addr *a)
{
	return a->family == 6 ? a->octet[0] == 0xff : a->octet[0] >> 4 == 0xe;
}

SYNC(sync_if,
     return setting_is_ifname(value) ? setting_copy(value, x->daemon.ifname, IF_NAMESIZE) : -1;)
SYNC(sync_id, return set_u8(value, 0, &x->daemon.id);)
SYNC(sync_group,
     return addr_parse(value, &x->daemon.group) == 0 && is_multicast(&x->daemon.group) ? 0 : -1;)
SYNC(sync_port, return set_u16(value, 1, &x->daemon.port);)
SYNC(sync_ttl, return set_u8(value, 1, &x->daemon.ttl);)
SYNC(sync_maxlen, return set_u16(value, 1, &x->daemon.maxlen);)
SYNC(sync_router,
     return setting_is_name(value) ? setting_copy(value, x->router, CONFIG_NAME_MAX) : -1;)

static const struct setting_attribute sync_attributes[] = {
    {"if", sync_if, "not the name of an interface"},
    {"id", sync_id, "not 0 to 255"},
    {"role", sync_role, "not master, backup or both"},
    {"group", sync_group, "not a multicast address"},
    {"port", sync_port, "not 1 to 65535"},
    {"ttl", sync_ttl, "not 1 to 255"},
    {"maxlen", sync_maxlen, "not 1 to 65535"},
    {"router", sync_router, "not the name of a router"},
    {NULL, NULL, NULL},
};

int
balance_read_sync(const struct record *r, struct balance_sync *x, struct config_error *e)
{
	const char *name = record_operand(r, 0);

	memset(x, 0, sizeof(*x));
	x->used = true;
	x->daemon.port = 8848;
	x->daemon.ttl = 1;
	addr_parse("224.0.0.81", &x->daemon.group);
	if (name == NULL || !setting_is_name(name))
		return setting_refuse(e, name != NULL ? name : r->kind, SETTING_NAME_REASON);
	strcpy(x->name, name);
	if (setting_attributes(r, sync_attributes, x, e) == -1)
		return -1;
	if (x->daemon.ifname[0] == '\0')
		return setting_refuse(e, name, "no if= attribute");
	if (x->router[0] != '\0' && x->daemon.roles != 0)
		return setting_refuse(e, "role=", "it follows router=");
	if (x->router[0] == '\0' && x->daemon.roles == 0)
		return setting_refuse(e, name, "no role= and no router= attribute");
	return 0;
}

/* The kernel counts in ticks, in 31 bits; it has 1000 a second at the most. */
#define TIMEOUT_MAX         (INT32_MAX / 1000U)
#define TIMEOUTS(name, ...) SETTING(name, struct balance_timeouts, __VA_ARGS__)
#define TIMEOUT_REASON      "not whole seconds with their unit"

TIMEOUTS(timeouts_tcp, return set_seconds(value, TIMEOUT_MAX, &x->ipvs.tcp);)
TIMEOUTS(timeouts_tcpfin, return set_seconds(value, TIMEOUT_MAX, &x->ipvs.tcpfin);)
TIMEOUTS(timeouts_udp, return set_seconds(value, TIMEOUT_MAX, &x->ipvs.udp);)

static const struct setting_attribute timeouts_attributes[] = {
    {"tcp", timeouts_tcp, TIMEOUT_REASON},
    {"tcpfin", timeouts_tcpfin, TIMEOUT_REASON},
    {"udp", timeouts_udp, TIMEOUT_REASON},
    {NULL, NULL, NULL},
};

int
balance_read_timeouts(const struct record *r, struct balance_timeouts *x, struct config_error *e)
{
	const char *name = record_operand(r, 0);

	memset(x, 0, sizeof(*x));
	x->used = true;
	if (name == NULL || !setting_is_name(name))
		return setting_refuse(e, name != NULL ? name : r->kind, SETTING_NAME_REASON);
	strcpy(x->name, name);
	return setting_attributes(r, timeouts_attributes, x, e);
}
