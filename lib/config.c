#include <limits.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "parse.h"

#define NAME_REASON "not a name: 1 to 63 letters, digits, '.', '_', '-', not a '-' first"

static int
refuse(struct config_error *e, const char *word, const char *reason)
{
	size_t n = 0;

	for (; word[n] != '\0' && n < sizeof(e->word) - 1; n++)
		e->word[n] = word[n] > ' ' && word[n] < 0x7f ? word[n] : '?';
	e->word[n] = '\0';
	e->reason = reason;
	return -1;
}

static bool
same_name(const void *owner, size_t index, const void *key, size_t len)
{
	const struct config *c = owner;
	const char *name = c->router[index].name;

	return strlen(name) == len && memcmp(name, key, len) == 0;
}

void
config_init(struct config *c)
{
	*c = (struct config){0};
	table_init(&c->by_name, same_name, c);
}

void
config_free(struct config *c)
{
	free(c->router);
	free(c->address);
	free(c->track);
	free(c->notify);
	table_free(&c->by_name);
	config_init(c);
}

size_t
config_find_router(const struct config *c, const char *name)
{
	return table_find(&c->by_name, name, strlen(name));
}

/* ---- values ---- */

/* Names become file names, hook arguments and words of records. */
static bool
is_name(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n >= CONFIG_NAME_MAX || *text == '-' || *text == '.')
		return false;
	for (; *text != '\0'; text++)
		if ((*text < 'a' || *text > 'z') && (*text < 'A' || *text > 'Z') &&
		    (*text < '0' || *text > '9') && strchr("._-", *text) == NULL)
			return false;
	return true;
}

/* As the kernel's dev_valid_name (net/core/dev.c). */
static bool
is_ifname(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n >= IF_NAMESIZE || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text == '/' || *text == ':' || *text == 0x7f)
			return false;
	return true;
}

static int
parse_yes(const char *text, bool *out)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return -1;
	*out = text[0] == 'y';
	return 0;
}

static int
parse_u8(const char *text, unsigned int min, unsigned int max, uint8_t *out)
{
	unsigned int v;

	if (parse_uint(text, min, max, &v) == -1)
		return -1;
	*out = (uint8_t)v;
	return 0;
}

static int
copy_text(const char *text, char *out, size_t size)
{
	if (strlen(text) >= size)
		return -1;
	strcpy(out, text);
	return 0;
}

/* An attribute: how its value is read into the struct, and what is said of a bad one. */
struct attribute {
	const char *key;
	int (*set)(void *into, const char *value);
	const char *reason;
};

static int
set_attributes(
    const struct record *r, const struct attribute *known, void *into, struct config_error *e)
{
	for (unsigned int i = r->n_operands; i < r->n_words; i++) {
		const struct attribute *a = known;
		const char *value = r->word[i].value;
		char word[128];

		while (a->key != NULL && strcmp(a->key, r->word[i].key) != 0)
			a++;
		if (a->key == NULL)
			return refuse(e, r->word[i].key, "unknown attribute");
		if (a->set(into, value != NULL ? value : "yes") == 0)
			continue;
		snprintf(word, sizeof(word), "%s%s%s", a->key, value != NULL ? "=" : "",
		    value != NULL ? value : "");
		return refuse(e, word, a->reason);
	}
	return 0;
}

/* ---- router ---- */

#define SETTER(name, type, ...)                                                                    \
	static int name(void *into, const char *value)                                             \
	{                                                                                          \
		type *x = into;                                                                    \
                                                                                                   \
		__VA_ARGS__                                                                        \
	}

SETTER(set_if, struct config_router,
       return is_ifname(value) ? copy_text(value, x->ifname, sizeof(x->ifname)) : -1;)
SETTER(set_vrid, struct config_router, return parse_u8(value, 1, 255, &x->vrid);)
SETTER(set_prio, struct config_router, return parse_u8(value, 1, 255, &x->prio);)
SETTER(set_version, struct config_router, return parse_u8(value, 2, 3, &x->version);)
SETTER(set_down, struct config_router, return parse_u8(value, 1, 100, &x->down);)
SETTER(set_advert, struct config_router,
       return parse_duration(value, 10 * NSEC_PER_MSEC, 255 * NSEC_PER_SEC, &x->advert);)
SETTER(set_startup, struct config_router,
       return parse_duration(value, 0, 3600 * NSEC_PER_SEC, &x->startup);)
SETTER(set_handover, struct config_router,
       return parse_duration(value, 0, 3600 * NSEC_PER_SEC, &x->handover);)
SETTER(set_src, struct config_router, return addr_parse(value, &x->src);)
SETTER(set_auth, struct config_router,
       return value[0] == '/' ? copy_text(value, x->auth, sizeof(x->auth)) : -1;)

static int
set_af(void *into, const char *value)
{
	struct config_router *x = into;

	if (strcmp(value, "4") != 0 && strcmp(value, "6") != 0)
		return -1;
	x->family = (uint8_t)(value[0] - '0');
	return 0;
}

static int
set_preempt(void *into, const char *value)
{
	struct config_router *x = into;

	if (parse_yes(value, &x->preempt) == 0) {
		x->preempt_delay = 0;
		return 0;
	}
	x->preempt = true;
	return parse_duration(value, 0, 3600 * NSEC_PER_SEC, &x->preempt_delay);
}

static int
set_checksum(void *into, const char *value)
{
	static const char *const name[] = {
	    [CONFIG_CHECKSUM_AUTO] = "auto",
	    [CONFIG_CHECKSUM_RFC9568] = "rfc9568",
	    [CONFIG_CHECKSUM_PSEUDO] = "pseudo",
	};
	struct config_router *x = into;

	for (unsigned int i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if (strcmp(name[i], value) == 0) {
			x->checksum = i;
			return 0;
		}
	}
	return -1;
}

static int
set_unheard(void *into, const char *value)
{
	struct config_router *x = into;

	if (strcmp(value, "report") != 0 && strcmp(value, "fault") != 0)
		return -1;
	x->unheard_fault = value[0] == 'f';
	return 0;
}

static int
set_vmac(void *into, const char *value)
{
	(void)into;
	return strcmp(value, "no") == 0 ? 0 : -1;
}

static const struct attribute router_attributes[] = {
    {"if", set_if, "not the name of an interface"},
    {"vrid", set_vrid, "not 1 to 255"},
    {"prio", set_prio, "not 1 to 255"},
    {"version", set_version, "not 2 or 3"},
    {"af", set_af, "not 4 or 6"},
    {"advert", set_advert, "not a time from 10ms to 255s with its unit"},
    {"down", set_down, "not 1 to 100 adverts"},
    {"preempt", set_preempt, "not yes, no or a delay with its unit"},
    {"startup", set_startup, "not a time from 0s to 1h with its unit"},
    {"handover", set_handover, "not a time from 0s to 1h with its unit"},
    {"src", set_src, "not a numeric address"},
    {"auth", set_auth, "not the absolute path of a file"},
    {"checksum", set_checksum, "not auto, rfc9568 or pseudo"},
    {"unheard", set_unheard, "not report or fault"},
    {"vmac", set_vmac, "not no: virtual MAC addresses are not supported by this version"},
    {NULL, NULL, NULL},
};

static int
check_router(const struct config_router *x, struct config_error *e)
{
	int64_t unit = x->version == 2 ? NSEC_PER_SEC : 10 * NSEC_PER_MSEC;
	int64_t most = x->version == 2 ? 255 * NSEC_PER_SEC : 40950 * NSEC_PER_MSEC;

	if (x->ifname[0] == '\0')
		return refuse(e, x->name, "no if= attribute");
	if (x->vrid == 0)
		return refuse(e, x->name, "no vrid= attribute");
	if (x->advert % unit != 0 || x->advert > most)
		return refuse(e, "advert=",
		    x->version == 2 ? "version 2 has whole seconds, 1s to 255s"
				    : "version 3 has steps of 10ms, 10ms to 40950ms");
	if (x->version == 2 && x->family == 6)
		return refuse(e, "version=2", "IPv6 needs version 3");
	if (x->version == 3 && x->auth[0] != '\0')
		return refuse(e, "auth=", "version 3 has no authentication");
	if (x->src.family != 0 && x->src.family != x->family)
		return refuse(e, "src=", "not of the router's family");
	return 0;
}

/* A whole array grows by doubling up to its limit; returns the place of a free entry. */
static size_t
free_entry(void **array, size_t *n, size_t size, size_t most, const bool *used)
{
	char *grown;

	for (size_t i = 0; i < *n; i++)
		if (!*(const bool *)((const char *)used + i * size))
			return i;
	if (*n == most)
		return TABLE_NONE;
	if ((*n & (*n - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
		grown = realloc(*array, (*n == 0 ? 1 : 2 * *n) * size);
		if (grown == NULL)
			return TABLE_NONE;
		*array = grown;
	}
	memset((char *)*array + *n * size, 0, size);
	return (*n)++;
}

#define FREE_ENTRY(c, what, count, most)                                                           \
	free_entry((void **)&(c)->what, &(c)->count, sizeof(*(c)->what), most,                     \
	    (c)->what != NULL ? &(c)->what->used : NULL)

static int
router_parse(const struct record *r, struct config_router *x, struct config_error *e)
{
	const char *name = record_operand(r, 0);

	memset(x, 0, sizeof(*x)); /* padding too: entries are compared whole */
	x->used = x->preempt = true;
	x->prio = 100;
	x->version = 3;
	x->family = 4;
	x->down = 3;
	x->advert = NSEC_PER_SEC;
	x->startup = 5 * NSEC_PER_SEC;
	x->handover = -1;
	if (name == NULL || !is_name(name))
		return refuse(e, name != NULL ? name : "router", NAME_REASON);
	strcpy(x->name, name);
	if (set_attributes(r, router_attributes, x, e) == -1 || check_router(x, e) == -1)
		return -1;
	if (x->handover == -1)
		x->handover = x->advert + 500 * NSEC_PER_MSEC;
	return 0;
}

static int
apply_router(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e)
{
	struct config_router x;
	size_t i;

	if (router_parse(r, &x, e) == -1)
		return -1;
	i = config_find_router(c, x.name);
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->router[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, router, n_routers, CONFIG_ROUTERS_MAX);
		if (i == TABLE_NONE)
			return refuse(e, x.name, "too many routers");
		memcpy(&c->router[i], &x, sizeof(x));
		if (table_put(&c->by_name, x.name, strlen(x.name), i) == -1) {
			c->router[i].used = false;
			return refuse(e, x.name, "no memory");
		}
		res->change = CONFIG_ADDED;
	}
	memcpy(&c->router[i], &x, sizeof(x));
	res->index = i;
	return 0;
}

/* The router that a record's first operand names. */
static int
router_of(const struct config *c, const struct record *r, size_t *router, struct config_error *e)
{
	const char *name = record_operand(r, 0);

	if (name == NULL)
		return refuse(e, r->kind, "no name of a router");
	*router = config_find_router(c, name);
	return *router == TABLE_NONE ? refuse(e, name, "no such router") : 0;
}

/* ---- address ---- */

static int
set_lease(void *into, const char *value)
{
	struct config_address *x = into;

	if (strcmp(value, "auto") == 0)
		x->lease = CONFIG_LEASE_AUTO;
	else if (strcmp(value, "none") == 0)
		x->lease = 0;
	else if (parse_duration(value, NSEC_PER_SEC, 86400 * NSEC_PER_SEC, &x->lease) == -1 ||
	    x->lease % NSEC_PER_SEC != 0)
		return -1;
	return 0;
}

static int
set_scope(void *into, const char *value)
{
	static const struct {
		const char *name;
		uint8_t scope;
	} scopes[] = {{"global", RT_SCOPE_UNIVERSE}, {"site", RT_SCOPE_SITE},
	    {"link", RT_SCOPE_LINK}, {"host", RT_SCOPE_HOST}};
	struct config_address *x = into;

	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (strcmp(scopes[i].name, value) == 0) {
			x->scope = scopes[i].scope;
			return 0;
		}
	}
	return -1;
}

SETTER(set_dev, struct config_address,
       return is_ifname(value) ? copy_text(value, x->dev, sizeof(x->dev)) : -1;)
SETTER(set_label, struct config_address,
       return value[0] != '\0' ? copy_text(value, x->label, sizeof(x->label)) : -1;)
SETTER(set_advertise, struct config_address, return parse_yes(value, &x->advertise);)

static const struct attribute address_attributes[] = {
    {"dev", set_dev, "not the name of an interface"},
    {"label", set_label, "not a label of 1 to 15 octets"},
    {"scope", set_scope, "not global, site, link or host"},
    {"lease", set_lease, "not auto, none or whole seconds with their unit"},
    {"advertise", set_advertise, "not yes or no"},
    {NULL, NULL, NULL},
};

static size_t
find_address(const struct config *c, size_t router, const struct cidr *cidr)
{
	for (size_t i = 0; i < c->n_addresses; i++)
		if (c->address[i].used && c->address[i].router == router &&
		    c->address[i].cidr.len == cidr->len &&
		    addr_compare(&c->address[i].cidr.addr, &cidr->addr) == 0)
			return i;
	return TABLE_NONE;
}

static int
cidr_of(const struct record *r, struct cidr *cidr, struct config_error *e)
{
	const char *text = record_operand(r, 1);

	if (text == NULL || cidr_parse(text, cidr) == -1)
		return refuse(e, text != NULL ? text : r->kind, "not a numeric address");
	return 0;
}

static int
apply_address(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e)
{
	struct config_address x;
	size_t i;

	memset(&x, 0, sizeof(x));
	x.used = x.advertise = true;
	x.lease = CONFIG_LEASE_AUTO;
	if (router_of(c, r, &x.router, e) == -1 || cidr_of(r, &x.cidr, e) == -1 ||
	    set_attributes(r, address_attributes, &x, e) == -1)
		return -1;
	if (x.advertise && x.cidr.addr.family != c->router[x.router].family)
		return refuse(e, record_operand(r, 1),
		    "not of the router's family: af= it, or "
		    "advertise=no");
	if (x.dev[0] == '\0')
		strcpy(x.dev, c->router[x.router].ifname);
	i = find_address(c, x.router, &x.cidr);
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->address[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, address, n_addresses, CONFIG_ADDRESSES_MAX);
		if (i == TABLE_NONE)
			return refuse(e, record_operand(r, 1), "too many addresses");
		res->change = CONFIG_ADDED;
	}
	memcpy(&c->address[i], &x, sizeof(x));
	res->index = i;
	return 0;
}

/* ---- track, notify ---- */

static int
set_weight(void *into, const char *value)
{
	struct config_track *x = into;
	bool minus = value[0] == '-';
	unsigned int v;

	if (parse_uint(value + minus, 1, 253, &v) == -1)
		return -1;
	x->weight = (int16_t)(minus ? -(int)v : (int)v);
	return 0;
}

static const struct attribute track_attributes[] = {
    {"weight", set_weight, "not 1 to 253 or -1 to -253"},
    {NULL, NULL, NULL},
};

static size_t
find_track(const struct config *c, size_t router, const char *object)
{
	for (size_t i = 0; i < c->n_tracks; i++)
		if (c->track[i].used && c->track[i].router == router &&
		    strcmp(c->track[i].object, object) == 0)
			return i;
	return TABLE_NONE;
}

static int
apply_track(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e)
{
	const char *object = record_operand(r, 1);
	struct config_track x;
	size_t i;

	memset(&x, 0, sizeof(x));
	x.used = true;
	if (router_of(c, r, &x.router, e) == -1 || set_attributes(r, track_attributes, &x, e) == -1)
		return -1;
	if (object == NULL || strncmp(object, "check:", 6) != 0 || !is_name(object + 6) ||
	    copy_text(object, x.object, sizeof(x.object)) == -1)
		return refuse(e, object != NULL ? object : r->kind, "not check:NAME");
	i = find_track(c, x.router, object);
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->track[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, track, n_tracks, CONFIG_TRACKS_MAX);
		if (i == TABLE_NONE)
			return refuse(e, object, "too many tracks");
		res->change = CONFIG_ADDED;
	}
	memcpy(&c->track[i], &x, sizeof(x));
	res->index = i;
	return 0;
}

static size_t
find_notify(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_notifies; i++)
		if (c->notify[i].used && strcmp(c->notify[i].name, name) == 0)
			return i;
	return TABLE_NONE;
}

static int
apply_notify(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e)
{
	static const struct attribute none[] = {{NULL, NULL, NULL}};
	const char *program = record_operand(r, 1);
	struct config_notify x;
	size_t i;

	memset(&x, 0, sizeof(x));
	x.used = true;
	if (router_of(c, r, &i, e) == -1 || set_attributes(r, none, &x, e) == -1)
		return -1;
	if (program == NULL || program[0] != '/' ||
	    copy_text(program, x.program, sizeof(x.program)) == -1)
		return refuse(
		    e, program != NULL ? program : r->kind, "not the absolute path of a program");
	strcpy(x.name, c->router[i].name);
	i = find_notify(c, x.name);
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->notify[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, notify, n_notifies, CONFIG_ROUTERS_MAX);
		if (i == TABLE_NONE)
			return refuse(e, x.name, "too many programs");
		res->change = CONFIG_ADDED;
	}
	memcpy(&c->notify[i], &x, sizeof(x));
	res->index = i;
	return 0;
}

/* ---- remove ---- */

static void
remove_router(struct config *c, size_t router)
{
	size_t notify = find_notify(c, c->router[router].name);

	c->router[router].used = false;
	for (size_t i = 0; i < c->n_addresses; i++)
		if (c->address[i].router == router)
			c->address[i].used = false;
	for (size_t i = 0; i < c->n_tracks; i++)
		if (c->track[i].router == router)
			c->track[i].used = false;
	if (notify != TABLE_NONE)
		c->notify[notify].used = false;
	table_clear(&c->by_name);
	for (size_t i = 0; i < c->n_routers; i++) /* there is room: it held one more */
		if (c->router[i].used)
			table_put(&c->by_name, c->router[i].name, strlen(c->router[i].name), i);
}

/* `remove KIND OPERANDS`: read as the record of that kind without its attributes. */
static int
apply_remove(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e)
{
	const char *kind = record_operand(r, 0);
	struct record inner = {.kind = r->word[0].key};
	struct cidr cidr;
	size_t router;

	if (kind == NULL)
		return refuse(e, r->kind, "no kind of record");
	if (r->n_words > r->n_operands)
		return refuse(e, r->word[r->n_operands].key, "unknown attribute");
	inner.n_operands = inner.n_words = r->n_operands - 1;
	memcpy(inner.word, r->word + 1, inner.n_words * sizeof(inner.word[0]));
	if (router_of(c, &inner, &router, e) == -1)
		return -1;
	res->change = CONFIG_REMOVED;
	res->index = TABLE_NONE;
	if (strcmp(kind, "router") == 0 && inner.n_words == 1) {
		res->kind = CONFIG_ROUTER;
		res->index = router;
		remove_router(c, router);
	} else if (strcmp(kind, "address") == 0 && inner.n_words == 2) {
		res->kind = CONFIG_ADDRESS;
		if (cidr_of(&inner, &cidr, e) == -1)
			return -1;
		if ((res->index = find_address(c, router, &cidr)) != TABLE_NONE)
			c->address[res->index].used = false;
	} else if (strcmp(kind, "track") == 0 && inner.n_words == 2) {
		res->kind = CONFIG_TRACK;
		if ((res->index = find_track(c, router, inner.word[1].key)) != TABLE_NONE)
			c->track[res->index].used = false;
	} else if (strcmp(kind, "notify") == 0) {
		res->kind = CONFIG_NOTIFY;
		if ((res->index = find_notify(c, inner.word[0].key)) != TABLE_NONE)
			c->notify[res->index].used = false;
	} else {
		return refuse(e, kind, "not a kind that can be removed so");
	}
	if (res->index == TABLE_NONE)
		return refuse(e, inner.word[inner.n_words - 1].key, "nothing to remove");
	return 0;
}

int
config_apply(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e)
{
	static const struct {
		const char *name;
		enum config_kind kind;
		int (*apply)(struct config *, const struct record *, struct config_result *,
		    struct config_error *);
	} kinds[] = {
	    {"router", CONFIG_ROUTER, apply_router},
	    {"address", CONFIG_ADDRESS, apply_address},
	    {"track", CONFIG_TRACK, apply_track},
	    {"notify", CONFIG_NOTIFY, apply_notify},
	    {"remove", CONFIG_OTHER, apply_remove},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, r->kind) == 0) {
			res->kind = kinds[i].kind;
			return kinds[i].apply(c, r, res, e);
		}
	}
	return refuse(e, r->kind, "not supported by this version");
}

int64_t
config_lease(const struct config *c, const struct config_address *a)
{
	int64_t lease = a->lease;

	if (lease != CONFIG_LEASE_AUTO)
		return lease;
	lease = 3 * c->router[a->router].advert;
	lease = (lease + NSEC_PER_SEC - 1) / NSEC_PER_SEC * NSEC_PER_SEC;
	return lease < 3 * NSEC_PER_SEC ? 3 * NSEC_PER_SEC : lease;
}

int
config_check(const struct config *c, struct config_error *e)
{
	for (size_t i = 0; i < c->n_routers; i++) {
		const struct config_router *x = &c->router[i];
		bool advertises = false;

		if (!x->used)
			continue;
		for (size_t j = 0; j < i; j++) {
			const struct config_router *y = &c->router[j];

			if (y->used && x->vrid == y->vrid && x->family == y->family &&
			    strcmp(x->ifname, y->ifname) == 0)
				return refuse(e, x->name,
				    "same interface, family and vrid as "
				    "another router");
		}
		for (size_t j = 0; j < c->n_addresses; j++)
			advertises |= c->address[j].used && c->address[j].router == i &&
			    c->address[j].advertise;
		if (!advertises)
			return refuse(e, x->name, "no address that it advertises");
	}
	return 0;
}
