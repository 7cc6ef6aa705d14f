#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ipvs.h"
#include "parse.h"

#define WORDS_MAX    48
#define PERSIST_SECS 360 /* -p alone: IPVS_SVC_PERSISTENT_TIMEOUT of ipvsadm */

/* ---- reading ---- */

/* Every option: its letter (or a number of ours), its long name, what it takes, and in which of
 * the two kinds of line it may stand. */
enum { TUN_TYPE = 256, TUN_PORT, TUN_NOCSUM, TUN_CSUM, TUN_REMCSUM, PE, SCTP };
enum { SERVICE = 1, SERVER = 2, BOTH = 3 };

static const struct option {
	int id;
	const char *name;
	enum { NOTHING, WORD, MAYBE } takes;
	unsigned int of;
} options[] = {
    {'A', "add-service", NOTHING, BOTH},
    {'E', "edit-service", NOTHING, BOTH},
    {'a', "add-server", NOTHING, BOTH},
    {'e', "edit-server", NOTHING, BOTH},
    {'t', "tcp-service", WORD, BOTH},
    {'u', "udp-service", WORD, BOTH},
    {SCTP, "sctp-service", WORD, BOTH},
    {'f', "fwmark-service", WORD, BOTH},
    {'6', "ipv6", NOTHING, BOTH},
    {'s', "scheduler", WORD, SERVICE},
    {'p', "persistent", MAYBE, SERVICE},
    {'M', "netmask", WORD, SERVICE},
    {PE, "pe", WORD, SERVICE},
    {'o', "ops", NOTHING, SERVICE},
    {'b', "sched-flags", WORD, SERVICE},
    {'r', "real-server", WORD, SERVER},
    {'g', "gatewaying", NOTHING, SERVER},
    {'i', "ipip", NOTHING, SERVER},
    {'m', "masquerading", NOTHING, SERVER},
    {'w', "weight", WORD, SERVER},
    {'x', "u-threshold", WORD, SERVER},
    {'y', "l-threshold", WORD, SERVER},
    {TUN_TYPE, "tun-type", WORD, SERVER},
    {TUN_PORT, "tun-port", WORD, SERVER},
    {TUN_NOCSUM, "tun-nocsum", NOTHING, SERVER},
    {TUN_CSUM, "tun-csum", NOTHING, SERVER},
    {TUN_REMCSUM, "tun-remcsum", NOTHING, SERVER},
};

struct reading {
	struct ipvs_line *l;
	struct record_error *e;
	char *word[WORDS_MAX];
	size_t n;
	char command; /* A or a */
	bool six, has_id, has_mode, has_port;
	const char *netmask;
	unsigned int scheds;
	uint64_t seen;
	char text[RECORD_MAX];
};

static int
refuse(struct reading *k, const char *word, const char *reason)
{
	size_t n = 0;

	for (; n < sizeof(k->e->word) - 1 && word[n] != '\0'; n++)
		k->e->word[n] = word[n] > ' ' && word[n] < 0x7f ? word[n] : '?';
	k->e->word[n] = '\0';
	k->e->reason = reason;
	return -1;
}

bool
ipvs_line_is_one(const char *line, size_t len)
{
	static const char name[] = "ipvsadm";
	size_t i = 0;

	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i < len &&
	    (line[i] == '-' ||
		(len - i >= sizeof(name) && memcmp(line + i, name, sizeof(name) - 1) == 0 &&
		    (line[i + 7] == ' ' || line[i + 7] == '\t')));
}

static int
split(struct reading *k, const char *line, size_t len)
{
	char *save = NULL;

	if (len >= sizeof(k->text) || memchr(line, '\0', len) != NULL)
		return refuse(k, "line", "too long, or a zero octet in it");
	memcpy(k->text, line, len);
	k->text[len] = '\0';
	for (char *w = strtok_r(k->text, " \t\n", &save); w != NULL;
	     w = strtok_r(NULL, " \t\n", &save)) {
		if (k->n == WORDS_MAX)
			return refuse(k, w, "too many words");
		k->word[k->n++] = w;
	}
	return 0;
}

static int
read_number(struct reading *k, const char *value, unsigned int most, uint32_t *out)
{
	unsigned int v;

	if (parse_uint(value, 0, most, &v) == -1)
		return refuse(k, value, "not a number, or too large");
	*out = v;
	return 0;
}

/* ADDRESS:PORT, or (a server's) ADDRESS alone, [IPv6] in brackets. */
static int
read_endpoint(struct reading *k, const char *value, struct endpoint *at, bool *has_port)
{
	char text[ENDPOINT_STRLEN];
	size_t n = strlen(value);

	*has_port = true;
	if (endpoint_parse(value, at) == 0)
		return 0;
	*has_port = false;
	if (addr_parse(value, &at->addr) == 0)
		return 0;
	if (n > 2 && n < sizeof(text) && value[0] == '[' && value[n - 1] == ']') {
		memcpy(text, value + 1, n - 2);
		text[n - 2] = '\0';
		if (addr_parse(text, &at->addr) == 0 && at->addr.family == 6)
			return 0;
	}
	return refuse(k, value, "not a numeric address and port");
}

static int
set_service(struct reading *k, int id, const char *value)
{
	struct ipvs_service_id *s = &k->l->service.id;
	bool has_port;

	if (k->has_id)
		return refuse(k, value, "a second service");
	k->has_id = true;
	s->protocol = id == 't' ? IPPROTO_TCP
	    : id == 'u'         ? IPPROTO_UDP
	    : id == SCTP        ? IPPROTO_SCTP
				: 0;
	if (id == 'f') {
		if (read_number(k, value, UINT32_MAX, &s->fwmark) == -1)
			return -1;
		return s->fwmark != 0 ? 0 : refuse(k, value, "not a firewall mark");
	}
	if (read_endpoint(k, value, &s->at, &has_port) == -1)
		return -1;
	s->family = s->at.addr.family;
	return has_port ? 0 : refuse(k, value, "no port");
}

static int
set_name(struct reading *k, const char *value, char *out)
{
	if (!ipvs_is_name(value))
		return refuse(k, value, "not the name of a scheduler or an engine");
	strcpy(out, value);
	return 0;
}

static int
set_of_service(struct reading *k, int id, const char *value)
{
	struct ipvs_service *s = &k->l->service;
	uint32_t flags;

	switch (id) {
	case 's':
		return set_name(k, value, s->sched);
	case PE:
		return set_name(k, value, s->pe);
	case 'p':
		s->persist = PERSIST_SECS;
		if (value != NULL &&
		    (read_number(k, value, IPVS_PERSIST_MAX, &s->persist) == -1 || s->persist == 0))
			return refuse(k, value, "not 1 to 2678400 seconds");
		return 0;
	case 'M':
		k->netmask = value;
		return 0;
	case 'o':
		s->flags |= IPVS_FLAG_OPS;
		return 0;
	default:
		if (ipvs_flags_parse(value, &flags, &k->scheds) == -1)
			return refuse(k, value, "not flags of a scheduler");
		s->flags |= flags;
		return 0;
	}
}

static int
set_of_server(struct reading *k, int id, const char *value)
{
	struct ipvs_server *d = &k->l->server;
	uint32_t port;

	switch (id) {
	case 'r':
		k->l->has_server = true;
		return read_endpoint(k, value, &d->at, &k->has_port);
	case 'g':
	case 'i':
	case 'm':
		if (k->has_mode)
			return refuse(k,
			    id == 'g'       ? "-g"
				: id == 'i' ? "-i"
					    : "-m",
			    "a second mode");
		k->has_mode = true;
		d->mode = id == 'g' ? IPVS_DR : id == 'i' ? IPVS_TUN : IPVS_NAT;
		return 0;
	case 'w':
		return read_number(k, value, IPVS_WEIGHT_MAX, &d->weight);
	case 'x':
		d->keep &= (uint16_t)~IPVS_KEEP_UPPER;
		return read_number(k, value, UINT32_MAX, &d->upper);
	case 'y':
		d->keep &= (uint16_t)~IPVS_KEEP_LOWER;
		return read_number(k, value, UINT32_MAX, &d->lower);
	case TUN_TYPE:
		return ipvs_tun_parse(value, &d->tun) == 0
		    ? 0
		    : refuse(k, value, "not ipip, gre or gue");
	case TUN_PORT:
		if (read_number(k, value, UINT16_MAX, &port) == -1)
			return -1;
		d->tun_port = (uint16_t)port;
		return 0;
	default:
		d->tun_flags = id == TUN_CSUM ? IP_VS_TUNNEL_ENCAP_FLAG_CSUM
		    : id == TUN_REMCSUM       ? IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM
					      : IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM;
		return 0;
	}
}

/* The option that a word is: --name, --name=value, -x or -xVALUE. */
static const struct option *
find_option(const char *word, const char **value)
{
	size_t n = strcspn(word, "=");

	*value = NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct option *o = &options[i];

		if (word[0] == '-' && word[1] == '-' && strlen(o->name) == n - 2 &&
		    memcmp(o->name, word + 2, n - 2) == 0) {
			*value = word[n] == '=' ? word + n + 1 : NULL;
			return o;
		}
		if (word[0] == '-' && o->id < TUN_TYPE && word[1] == o->id) {
			*value = word[2] != '\0' ? word + 2 : NULL;
			return o;
		}
	}
	return NULL;
}

static int
take(struct reading *k, const struct option *o, const char *value)
{
	switch (o->id) {
	case 'A':
	case 'E':
	case 'a':
	case 'e':
		if (k->command != '\0')
			return refuse(k, o->name, "a second command");
		k->command = (char)(o->id & ~4); /* E is A, e is a: the state is the same */
		return 0;
	case 't':
	case 'u':
	case 'f':
	case SCTP:
		return set_service(k, o->id, value);
	case '6':
		k->six = true;
		return 0;
	default:
		return o->of == SERVICE ? set_of_service(k, o->id, value)
					: set_of_server(k, o->id, value);
	}
}

static int
take_words(struct reading *k)
{
	size_t i = strcmp(k->word[0], "ipvsadm") == 0 ? 1 : 0;
	unsigned int of = 0;

	for (; i < k->n; i++) {
		const char *word = k->word[i], *value;
		const struct option *o = find_option(word, &value);

		if (o == NULL)
			return refuse(k, word, "not an option that states a service or a server");
		if (k->seen & UINT64_C(1) << (o - options))
			return refuse(k, word, "said twice");
		k->seen |= UINT64_C(1) << (o - options);
		of |= o->of == BOTH ? 0 : o->of;
		if (o->takes == NOTHING && value != NULL)
			return refuse(k, word, "takes no value");
		if (value == NULL && o->takes != NOTHING && i + 1 < k->n &&
		    (o->takes == WORD || k->word[i + 1][0] != '-'))
			value = k->word[++i];
		if (value == NULL && o->takes == WORD)
			return refuse(k, word, "no value");
		if (take(k, o, value) == -1)
			return -1;
	}
	if (k->command == '\0')
		return refuse(k, k->word[0], "no -A or -a");
	if (!k->has_id)
		return refuse(k, k->word[0], "no -t, -u, -f or --sctp-service");
	if ((k->command == 'A' && (of & SERVER)) || (k->command == 'a' && (of & SERVICE)))
		return refuse(k, k->word[0], "options of a service and of a server in one line");
	return 0;
}

/* What ipvsadm fills in, and what it forces: the port of a server that is not behind nat. */
static int
complete(struct reading *k)
{
	struct ipvs_service *s = &k->l->service;
	struct ipvs_server *d = &k->l->server;
	unsigned int own = strcmp(s->sched, "sh") == 0 ? 1U : strcmp(s->sched, "mh") == 0 ? 2U : 0;
	const char *word, *fault;

	if (s->id.protocol == 0)
		s->id.family = k->six ? 6 : 4;
	s->netmask = ipvs_netmask_default(s->id.family);
	if (k->netmask != NULL && ipvs_netmask_parse(k->netmask, s->id.family, &s->netmask) == -1)
		return refuse(k, k->netmask, "not a netmask");
	if (k->scheds & ~own)
		return refuse(k, "-b", "flags of another scheduler");
	if (k->command == 'A') {
		fault = ipvs_service_fault(s, &word);
		return fault != NULL ? refuse(k, word, fault) : 0;
	}
	if (!k->l->has_server)
		return refuse(k, "-a", "no -r");
	if (!k->has_mode)
		d->mode = IPVS_DR;
	if (!k->has_port || d->mode != IPVS_NAT)
		d->at.port = s->id.at.port;
	fault = ipvs_server_fault(s, d, &word);
	return fault != NULL ? refuse(k, word, fault) : 0;
}

int
ipvs_line_parse(struct ipvs_line *l, const char *line, size_t len, struct record_error *e)
{
	struct reading k = {.l = l, .e = e};

	memset(l, 0, sizeof(*l));
	strcpy(l->service.sched, "wlc");
	l->server.weight = 1;
	l->server.keep = IPVS_KEEP_UPPER | IPVS_KEEP_LOWER;
	if (split(&k, line, len) == -1)
		return -1;
	if (k.n == 0)
		return refuse(&k, "line", "nothing in it");
	return take_words(&k) == -1 ? -1 : complete(&k);
}

/* ---- writing ---- */

static size_t
format_id(const struct ipvs_service_id *id, char *out)
{
	char at[ENDPOINT_STRLEN];

	if (id->protocol == 0)
		return (size_t)sprintf(out, "-f %u%s", id->fwmark, id->family == 6 ? " -6" : "");
	endpoint_format(&id->at, at);
	return (size_t)sprintf(out, "%s %s",
	    id->protocol == IPPROTO_TCP       ? "-t"
		: id->protocol == IPPROTO_UDP ? "-u"
					      : "--sctp-service",
	    at);
}

size_t
ipvs_line_service(const struct ipvs_service *s, char *out)
{
	char text[IPVS_FLAGS_STRLEN], *p = out;

	p += sprintf(p, "-A ");
	p += format_id(&s->id, p);
	p += sprintf(p, " -s %s", s->sched);
	if (s->persist != 0) {
		p += sprintf(p, " -p %u", s->persist);
		ipvs_netmask_format(s->id.family, s->netmask, text);
		if (s->netmask != ipvs_netmask_default(s->id.family))
			p += sprintf(p, " -M %s", text);
	}
	if (s->pe[0] != '\0')
		p += sprintf(p, " --pe %s", s->pe);
	if (s->flags & IPVS_FLAG_OPS)
		p += sprintf(p, " -o");
	ipvs_flags_format(s->sched, s->flags & IPVS_FLAG_SCHED, text);
	if (text[0] != '\0')
		p += sprintf(p, " -b %s", text);
	*p++ = '\n';
	*p = '\0';
	return (size_t)(p - out);
}

size_t
ipvs_line_server(const struct ipvs_service *s, const struct ipvs_server *d, char *out)
{
	char at[ENDPOINT_STRLEN], *p = out;

	endpoint_format(&d->at, at);
	p += sprintf(p, "-a ");
	p += format_id(&s->id, p);
	p += sprintf(p, " -r %s %s -w %u", at,
	    d->mode == IPVS_DR        ? "-g"
		: d->mode == IPVS_TUN ? "-i"
				      : "-m",
	    d->weight);
	if (d->mode == IPVS_TUN) {
		p += sprintf(p, " --tun-type %s", ipvs_tun_name(d->tun));
		if (d->tun == IPVS_GUE)
			p += sprintf(p, " --tun-port %u", d->tun_port);
		if (d->tun != IPVS_IPIP)
			p += sprintf(p, " --tun-%s",
			    d->tun_flags == 0 ? "nocsum" : ipvs_csum_name(d->tun_flags));
	}
	if (d->upper != 0)
		p += sprintf(p, " -x %u", d->upper);
	if (d->lower != 0)
		p += sprintf(p, " -y %u", d->lower);
	*p++ = '\n';
	*p = '\0';
	return (size_t)(p - out);
}
