#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ipvs.h"
#include "parse.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

struct word {
	const char *name;
	unsigned int value;
};

static const struct word modes[] = {
    {"nat", IPVS_NAT}, {"dr", IPVS_DR}, {"tun", IPVS_TUN}, {"local", IPVS_LOCAL}};
static const struct word tuns[] = {{"ipip", IPVS_IPIP}, {"gre", IPVS_GRE}, {"gue", IPVS_GUE}};
static const struct word csums[] = {{"no", IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM},
    {"csum", IP_VS_TUNNEL_ENCAP_FLAG_CSUM}, {"remcsum", IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM}};
static const struct word protocols[] = {
    {"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}, {"fwmark", 0}};

enum { SCHED_SH = 1, SCHED_MH = 2 };

/* A scheduler's own name of a flag comes before the number of the flag. */
static const struct {
	const char *name;
	uint32_t flag;
	unsigned int sched;
} flag_words[] = {
    {"sh-fallback", IP_VS_SVC_F_SCHED1, SCHED_SH},
    {"sh-port", IP_VS_SVC_F_SCHED2, SCHED_SH},
    {"mh-fallback", IP_VS_SVC_F_SCHED1, SCHED_MH},
    {"mh-port", IP_VS_SVC_F_SCHED2, SCHED_MH},
    {"flag-1", IP_VS_SVC_F_SCHED1, 0},
    {"flag-2", IP_VS_SVC_F_SCHED2, 0},
    {"flag-3", IP_VS_SVC_F_SCHED3, 0},
};

static int
find(const struct word *table, size_t n, const char *text, unsigned int *out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(table[i].name, text) == 0) {
			*out = table[i].value;
			return 0;
		}
	}
	return -1;
}

static const char *
name_of(const struct word *table, size_t n, unsigned int value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].name;
	return "?";
}

#define WORDS(what, type)                                                                          \
	int ipvs_##what##_parse(const char *text, type *out)                                       \
	{                                                                                          \
		unsigned int v;                                                                    \
                                                                                                   \
		if (find(what##s, N(what##s), text, &v) == -1)                                     \
			return -1;                                                                 \
		*out = (type)v;                                                                    \
		return 0;                                                                          \
	}                                                                                          \
                                                                                                   \
	const char *ipvs_##what##_name(type value)                                                 \
	{                                                                                          \
		return name_of(what##s, N(what##s), value);                                        \
	}

WORDS(mode, uint8_t)
WORDS(tun, uint8_t)
WORDS(csum, uint16_t)
WORDS(protocol, uint8_t)

bool
ipvs_is_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return text[n] == '\0' && n > 0 && n < IP_VS_SCHEDNAME_MAXLEN && text[0] != '-';
}

int
ipvs_flags_parse(const char *text, uint32_t *out, unsigned int *scheds)
{
	unsigned int made_for = 0;
	uint32_t flags = 0;

	for (;;) {
		size_t n = strcspn(text, ","), i = 0;

		while (i < N(flag_words) &&
		    (strlen(flag_words[i].name) != n || memcmp(flag_words[i].name, text, n) != 0))
			i++;
		if (i == N(flag_words))
			return -1;
		flags |= flag_words[i].flag;
		made_for |= flag_words[i].sched;
		if (text[n] == '\0')
			break;
		text += n + 1;
	}
	*out = flags;
	*scheds = made_for;
	return 0;
}

void
ipvs_flags_format(const char *sched, uint32_t flags, char *out)
{
	unsigned int which = strcmp(sched, "sh") == 0 ? SCHED_SH
	    : strcmp(sched, "mh") == 0                ? SCHED_MH
						      : 0;

	*out = '\0';
	for (size_t i = 0; i < N(flag_words); i++) {
		if ((flags & flag_words[i].flag) == 0 ||
		    (flag_words[i].sched != 0 && flag_words[i].sched != which))
			continue;
		flags &= ~flag_words[i].flag;
		out += sprintf(out, "%s,", flag_words[i].name);
		out[-1] = flags & IPVS_FLAG_SCHED ? ',' : '\0';
	}
}

uint32_t
ipvs_netmask_default(uint8_t family)
{
	return family == 6 ? 128 : UINT32_MAX;
}

int
ipvs_netmask_parse(const char *text, uint8_t family, uint32_t *out)
{
	unsigned int len;
	struct addr mask;
	uint32_t v;

	if (parse_uint(text, 1, family == 6 ? 128 : 32, &len) == 0) {
		*out = family == 6 ? len : UINT32_MAX << (32 - len);
		return 0;
	}
	if (family == 6 || addr_parse(text, &mask) == -1 || mask.family != 4)
		return -1;
	memcpy(&v, mask.octet, sizeof(v));
	if (v == 0)
		return -1;
	*out = ntohl(v);
	return 0;
}

void
ipvs_netmask_format(uint8_t family, uint32_t netmask, char *out)
{
	if (family == 6)
		snprintf(out, IPVS_NETMASK_STRLEN, "%u", netmask & 0xff);
	else
		snprintf(out, IPVS_NETMASK_STRLEN, "%u.%u.%u.%u", netmask >> 24,
		    netmask >> 16 & 255, netmask >> 8 & 255, netmask & 255);
}

void
ipvs_name_format(const struct ipvs_service_id *id, char *out)
{
	char addr[ADDR_STRLEN];

	if (id->protocol == 0) {
		snprintf(
		    out, IPVS_NAME_STRLEN, "fwmark-%u%s", id->fwmark, id->family == 6 ? "-6" : "");
		return;
	}
	addr_format(&id->at.addr, addr);
	for (char *p = addr; *p != '\0'; p++)
		if (*p == ':')
			*p = '_';
	snprintf(
	    out, IPVS_NAME_STRLEN, "%s-%s-%u", ipvs_protocol_name(id->protocol), addr, id->at.port);
}

/* ---- records ---- */

void
ipvs_add_id(struct record_out *o, const struct ipvs_service_id *id)
{
	char text[ENDPOINT_STRLEN];

	record_add(o, ipvs_protocol_name(id->protocol));
	if (id->protocol == 0) {
		record_add_uint(o, id->fwmark);
		return;
	}
	endpoint_format(&id->at, text);
	record_add(o, text);
}

static void
set_seconds(struct record_out *o, const char *key, uint32_t seconds)
{
	record_set_duration(o, key, seconds * NSEC_PER_SEC);
}

void
ipvs_put_service(struct record_out *o, const char *name, const struct ipvs_service *s)
{
	char text[IPVS_FLAGS_STRLEN];

	record_begin(o, "service");
	record_add(o, name);
	ipvs_add_id(o, &s->id);
	if (s->id.protocol == 0 && s->id.family == 6)
		record_set(o, "af", "6");
	record_set(o, "sched", s->sched);
	ipvs_flags_format(s->sched, s->flags & IPVS_FLAG_SCHED, text);
	if (text[0] != '\0')
		record_set(o, "flags", text);
	if (s->persist != 0)
		set_seconds(o, "persist", s->persist);
	if (s->netmask != ipvs_netmask_default(s->id.family)) {
		ipvs_netmask_format(s->id.family, s->netmask, text);
		record_set(o, "netmask", text);
	}
	if (s->pe[0] != '\0')
		record_set(o, "pe", s->pe);
	if (s->flags & IPVS_FLAG_OPS)
		record_flag(o, "ops");
}

static void
put_threshold(struct record_out *o, const char *key, uint32_t value, bool keep)
{
	if (keep)
		record_set(o, key, "keep");
	else if (value != 0)
		record_set_uint(o, key, value);
}

void
ipvs_put_server(struct record_out *o, const char *name, const struct ipvs_server *s)
{
	char text[ENDPOINT_STRLEN];

	record_begin(o, "server");
	record_add(o, name);
	endpoint_format(&s->at, text);
	record_add(o, text);
	record_set_uint(o, "weight", s->weight);
	record_set(o, "mode", ipvs_mode_name(s->mode));
	if (s->mode == IPVS_TUN) {
		record_set(o, "tun", ipvs_tun_name(s->tun));
		if (s->tun_port != 0)
			record_set_uint(o, "tunport", s->tun_port);
		if (s->tun_flags != 0)
			record_set(o, "tuncsum", ipvs_csum_name(s->tun_flags));
	}
	put_threshold(o, "upper", s->upper, s->keep & IPVS_KEEP_UPPER);
	put_threshold(o, "lower", s->lower, s->keep & IPVS_KEEP_LOWER);
}

void
ipvs_put_sync(struct record_out *o, const char *name, const struct ipvs_daemon *d)
{
	record_begin(o, "sync");
	record_add(o, name);
	record_set(o, "if", d->ifname);
	record_set_uint(o, "id", d->id);
	record_set(o, "role",
	    d->roles == IP_VS_STATE_MASTER       ? "master"
		: d->roles == IP_VS_STATE_BACKUP ? "backup"
						 : "both");
	record_set_addr(o, "group", &d->group);
	record_set_uint(o, "port", d->port);
	record_set_uint(o, "ttl", d->ttl);
	if (d->maxlen != 0)
		record_set_uint(o, "maxlen", d->maxlen);
}

void
ipvs_put_timeouts(struct record_out *o, const char *name, const struct ipvs_timeouts *t)
{
	record_begin(o, "timeouts");
	record_add(o, name);
	if (t->tcp != 0)
		set_seconds(o, "tcp", t->tcp);
	if (t->tcpfin != 0)
		set_seconds(o, "tcpfin", t->tcpfin);
	if (t->udp != 0)
		set_seconds(o, "udp", t->udp);
}

/* ---- what does not go together ---- */

const char *
ipvs_service_fault(const struct ipvs_service *s, const char **word)
{
	*word = "persist=";
	if (s->id.protocol != 0 && s->id.at.port == 0 && s->persist == 0)
		return "port 0 is all ports, which only a persistent service has";
	*word = "netmask=";
	if (s->netmask != ipvs_netmask_default(s->id.family) && s->persist == 0)
		return "of persistent services";
	*word = "ops";
	if ((s->flags & IPVS_FLAG_OPS) && s->id.protocol != 0 && s->id.protocol != IPPROTO_UDP)
		return "one-packet is of UDP and firewall marks";
	return NULL;
}

const char *
ipvs_server_fault(const struct ipvs_service *s, const struct ipvs_server *d, const char **word)
{
	*word = "mode=";
	if (d->at.addr.family != s->id.family && d->mode != IPVS_TUN)
		return "a server of another family needs mode=tun";
	if ((d->mode == IPVS_DR || d->mode == IPVS_TUN) && s->id.protocol != 0 &&
	    d->at.port != s->id.at.port)
		return "dr and tun do not change the port: it is the service's";
	*word = "tun=";
	if (d->tun != IPVS_IPIP && d->mode != IPVS_TUN)
		return "only of mode=tun";
	*word = "tunport=";
	if (d->mode == IPVS_TUN && d->tun == IPVS_GUE && d->tun_port == 0)
		return "gue needs the port of its tunnel";
	if (d->tun_port != 0 && (d->mode != IPVS_TUN || d->tun != IPVS_GUE))
		return "only gue has a port";
	*word = "tuncsum=";
	if (d->tun_flags != 0 && (d->mode != IPVS_TUN || d->tun == IPVS_IPIP))
		return "only gue and gre have checksums";
	if (d->tun == IPVS_GRE && (d->tun_flags & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM))
		return "gre has no remcsum";
	*word = "lower=";
	if (d->lower > d->upper && d->keep == 0) /* else only the kernel knows */
		return "more than upper=";
	return NULL;
}
