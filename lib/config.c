#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "setting.h"

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
apply_router(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e)
{
	struct config_router x;
	size_t i;

	if (setting_router(r, &x, e) == -1)
		return -1;
	i = config_find_router(c, x.name);
	for (size_t j = 0; i != TABLE_NONE && j < c->n_addresses; j++)
		if (c->address[j].used && c->address[j].router == i && c->address[j].advertise &&
		    c->address[j].cidr.addr.family != x.family)
			return setting_refuse(e, "af=", "it has addresses of another family");
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->router[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, router, n_routers, CONFIG_ROUTERS_MAX);
		if (i == TABLE_NONE)
			return setting_refuse(e, x.name, "too many routers");
		memcpy(&c->router[i], &x, sizeof(x));
		if (table_put(&c->by_name, x.name, strlen(x.name), i) == -1) {
			c->router[i].used = false;
			return setting_refuse(e, x.name, "no memory");
		}
		res->change = CONFIG_ADDED;
	}
	memcpy(&c->router[i], &x, sizeof(x));
	for (size_t j = 0; res->change == CONFIG_EDITED && j < c->n_addresses; j++)
		if (c->address[j].router == i && !c->address[j].own_dev)
			strcpy(c->address[j].dev, x.ifname);
	res->index = i;
	return 0;
}

/* The router that a record's first operand names. */
static int
router_of(const struct config *c, const struct record *r, size_t *router, struct config_error *e)
{
	const char *name = record_operand(r, 0);

	if (name == NULL)
		return setting_refuse(e, r->kind, "no name of a router");
	*router = config_find_router(c, name);
	return *router == TABLE_NONE ? setting_refuse(e, name, "no such router") : 0;
}

/* ---- address ---- */

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
		return setting_refuse(e, text != NULL ? text : r->kind, "not a numeric address");
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
	    setting_address(r, &x, e) == -1)
		return -1;
	if (x.advertise && x.cidr.addr.family != c->router[x.router].family)
		return setting_refuse(e, record_operand(r, 1),
		    "not of the router's family: af= it, or "
		    "advertise=no");
	if (!x.own_dev)
		strcpy(x.dev, c->router[x.router].ifname);
	i = find_address(c, x.router, &x.cidr);
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->address[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, address, n_addresses, CONFIG_ADDRESSES_MAX);
		if (i == TABLE_NONE)
			return setting_refuse(e, record_operand(r, 1), "too many addresses");
		res->change = CONFIG_ADDED;
	}
	memcpy(&c->address[i], &x, sizeof(x));
	res->index = i;
	return 0;
}

/* ---- track, notify ---- */

static size_t
find_track(const struct config *c, size_t router, const char *object)
{
	for (size_t i = 0; i < c->n_tracks; i++)
		if (c->track[i].used && c->track[i].router == router &&
		    strcmp(c->track[i].object, object) == 0)
			return i;
	return TABLE_NONE;
}

static bool
is_object(const char *text)
{
	if (strncmp(text, "check:", 6) == 0)
		return setting_is_name(text + 6);
	return strncmp(text, "pool:", 5) == 0 && setting_is_name(text + 5);
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
	if (router_of(c, r, &x.router, e) == -1 || setting_track(r, &x, e) == -1)
		return -1;
	if (object == NULL || !is_object(object) ||
	    setting_copy(object, x.object, sizeof(x.object)) == -1)
		return setting_refuse(
		    e, object != NULL ? object : r->kind, "not check:NAME or pool:NAME");
	i = find_track(c, x.router, object);
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->track[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, track, n_tracks, CONFIG_TRACKS_MAX);
		if (i == TABLE_NONE)
			return setting_refuse(e, object, "too many tracks");
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
	const char *program = record_operand(r, 1);
	struct config_notify x;
	size_t i;

	memset(&x, 0, sizeof(x));
	x.used = true;
	if (router_of(c, r, &i, e) == -1 || setting_none(r, e) == -1)
		return -1;
	if (program == NULL || program[0] != '/' ||
	    setting_copy(program, x.program, sizeof(x.program)) == -1)
		return setting_refuse(
		    e, program != NULL ? program : r->kind, "not the absolute path of a program");
	strcpy(x.name, c->router[i].name);
	i = find_notify(c, x.name);
	if (i != TABLE_NONE) {
		res->change =
		    memcmp(&c->notify[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(c, notify, n_notifies, CONFIG_ROUTERS_MAX);
		if (i == TABLE_NONE)
			return setting_refuse(e, x.name, "too many programs");
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

static bool
is_of_balance(const char *kind)
{
	static const char *const kinds[] = {"check", "service", "server", "sync", "timeouts"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

bool
config_is_of_balance(const struct record *r)
{
	const char *kind = strcmp(r->kind, "remove") == 0 ? record_operand(r, 0) : r->kind;

	return kind != NULL && is_of_balance(kind);
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
		return setting_refuse(e, r->kind, "no kind of record");
	if (r->n_words > r->n_operands)
		return setting_refuse(e, r->word[r->n_operands].key, "unknown attribute");
	res->kind = CONFIG_OTHER;
	res->change = CONFIG_SAME;
	if (is_of_balance(kind))
		return 0;
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
		return setting_refuse(e, kind, "not a kind that can be removed so");
	}
	if (res->index == TABLE_NONE)
		return setting_refuse(e, inner.word[inner.n_words - 1].key, "nothing to remove");
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
	return setting_refuse(e, r->kind, "not supported by this version");
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
				return setting_refuse(e, x->name,
				    "same interface, family and vrid as "
				    "another router");
		}
		for (size_t j = 0; j < c->n_addresses; j++)
			advertises |= c->address[j].used && c->address[j].router == i &&
			    c->address[j].advertise;
		if (!advertises)
			return setting_refuse(e, x->name, "no address that it advertises");
	}
	return 0;
}
