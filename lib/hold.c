#include <stdlib.h>
#include <string.h>

#include "hold.h"
#include "parse.h"

/* How the kernel tells addresses apart: IPv6 by interface and address alone. */
struct key {
	uint32_t ifindex;
	struct addr addr;
	uint8_t len;
};

static struct key
key_of(const struct rtnl_addr *a)
{
	struct key k;

	memset(&k, 0, sizeof(k));
	k.ifindex = a->ifindex;
	k.addr = a->cidr.addr;
	k.len = a->cidr.addr.family == 4 ? a->cidr.len : 0;
	return k;
}

static bool
is_same(const void *owner, size_t index, const void *key, size_t len)
{
	const struct hold *h = owner;
	struct key k = key_of(&h->entry[index].addr);

	return memcmp(&k, key, len) == 0;
}

void
hold_init(struct hold *h, const struct config *config,
    void (*say)(void *ctx, const struct hold_say *say), void *ctx)
{
	*h = (struct hold){.config = config, .say = say, .ctx = ctx, .next = INT64_MAX};
	table_init(&h->by_addr, is_same, h);
}

void
hold_free(struct hold *h)
{
	table_free(&h->by_addr);
	free(h->entry);
	free(h->router);
	free(h->dev);
	free(h->op);
	free(h->touched);
	free(h->due);
}

/* ---- lists ---- */

void
hold_touch(struct hold *h, size_t i)
{
	struct hold_entry *e = &h->entry[i];

	h->next = 0;
	if (e->touched)
		return;
	e->touched = true;
	h->touched[h->n_touched++] = i;
}

int64_t
hold_lease(const struct hold *h, size_t i)
{
	return config_lease(h->config, &h->config->address[i]);
}

void
hold_index(struct hold *h)
{
	if (!h->stale)
		return;
	h->stale = false;
	table_clear(&h->by_addr);
	for (size_t i = 0; i < h->n_routers; i++) {
		h->router[i].first = TABLE_NONE;
		h->router[i].patience = 3 * h->config->router[i].advert;
	}
	for (size_t i = h->n_entries; i-- > 0;) {
		struct hold_entry *e = &h->entry[i];
		struct hold_router *r = &h->router[e->router];
		struct key k = key_of(&e->addr);

		if (!e->used)
			continue;
		e->next = r->first;
		r->first = i;
		if (hold_lease(h, i) > r->patience)
			r->patience = hold_lease(h, i);
		if (k.ifindex != 0 && table_find(&h->by_addr, &k, sizeof(k)) == TABLE_NONE &&
		    table_put(&h->by_addr, &k, sizeof(k), i) == -1)
			h->stale = true;
	}
}

static size_t
first_of(struct hold *h, size_t router)
{
	hold_index(h);
	return h->router[router].first;
}

/* ---- configuration ---- */

static int
grow(void *array, size_t n, size_t size)
{
	void **at = array;
	void *p;

	if ((n & (n - 1)) != 0)
		return 0;
	p = realloc(*at, (n == 0 ? 1 : 2 * n) * size);
	if (p == NULL)
		return -1;
	*at = p;
	return 0;
}

static int
make_room(struct hold *h)
{
	while (h->n_entries < h->config->n_addresses) {
		if (grow(&h->entry, h->n_entries, sizeof(*h->entry)) == -1 ||
		    grow(&h->op, h->n_entries, sizeof(*h->op)) == -1 ||
		    grow(&h->touched, h->n_entries, sizeof(*h->touched)) == -1)
			return -1;
		memset(&h->entry[h->n_entries++], 0, sizeof(*h->entry));
	}
	while (h->n_routers < h->config->n_routers) {
		if (grow(&h->router, h->n_routers, sizeof(*h->router)) == -1 ||
		    grow(&h->due, h->n_routers, sizeof(*h->due)) == -1)
			return -1;
		h->router[h->n_routers++] = (struct hold_router){.first = TABLE_NONE};
	}
	return 0;
}

int
hold_find_dev(struct hold *h, const char *name, size_t *index)
{
	size_t i = 0;

	while (i < h->n_devs && strcmp(h->dev[i].name, name) != 0)
		i++;
	if (i == h->n_devs) {
		if (grow(&h->dev, h->n_devs, sizeof(*h->dev)) == -1)
			return -1;
		memset(&h->dev[h->n_devs++], 0, sizeof(*h->dev));
		strcpy(h->dev[i].name, name);
	}
	*index = i;
	return 0;
}

/* The address as the configuration has it now. */
struct rtnl_addr
hold_make_addr(const struct hold *h, size_t i, size_t dev)
{
	const struct config_address *a = &h->config->address[i];
	struct rtnl_addr want;

	memset(&want, 0, sizeof(want)); /* compared whole */
	want.cidr = a->cidr;
	want.ifindex = h->dev[dev].ifindex;
	want.scope = a->scope;
	want.proto = RTNL_PROTO_VIPTOOLS;
	strcpy(want.label, a->label);
	return want;
}

static int
configure_address(struct hold *h, const struct config_result *res)
{
	struct hold_entry *e = &h->entry[res->index];
	const struct config_address *a = &h->config->address[res->index];
	struct rtnl_addr want;
	size_t dev;

	h->stale = true;
	if (res->change == CONFIG_REMOVED) {
		e->used = false;
		hold_touch(h, res->index);
		return 0;
	}
	if (hold_find_dev(h, a->dev, &dev) == -1)
		return -1;
	want = hold_make_addr(h, res->index, dev);
	if (res->change == CONFIG_ADDED)
		*e = (struct hold_entry){.used = true, .router = a->router, .touched = e->touched};
	else if ((e->there != HOLD_ABSENT || e->mine) &&
	    (dev != e->dev || memcmp(&want, &e->addr, sizeof(want)) != 0))
		e->edited = true;
	if (!e->edited) {
		e->addr = want;
		e->dev = dev;
	}
	e->renew = true;
	hold_touch(h, res->index);
	return 0;
}

/* Its addresses go with it, or follow it to another interface. */
static int
configure_router(struct hold *h, const struct config_result *res)
{
	struct hold_router *r = &h->router[res->index];
	struct config_result each = {.kind = CONFIG_ADDRESS, .change = res->change};

	if (res->change != CONFIG_ADDED) {
		for (size_t i = first_of(h, res->index); i != TABLE_NONE; i = h->entry[i].next) {
			each.index = i;
			if (configure_address(h, &each) == -1)
				return -1;
		}
	}
	h->stale = true;
	if (res->change == CONFIG_EDITED)
		return 0;
	h->n_holding -= r->state != HOLD_IDLE;
	r->state = HOLD_IDLE;
	return 0;
}

int
hold_configure(struct hold *h, const struct config_result *res)
{
	if (res->change == CONFIG_SAME)
		return 0;
	if (make_room(h) == -1)
		return -1;
	if (res->kind == CONFIG_ADDRESS)
		return configure_address(h, res);
	if (res->kind == CONFIG_ROUTER)
		return configure_router(h, res);
	return 0;
}

/* ---- events ---- */

void
hold_state(struct hold *h, size_t router, enum hold_state state, int64_t now)
{
	struct hold_router *r = &h->router[router];
	enum hold_state was = r->state;

	if (was == HOLD_IDLE && state == HOLD_LEAVING)
		return;
	r->state = state;
	h->n_holding += (size_t)(state != HOLD_IDLE) - (size_t)(was != HOLD_IDLE);
	if (state == HOLD_LEAVING || (state == HOLD_IDLE && was == HOLD_IDLE))
		return;
	if (state == HOLD_MASTER)
		r->sent = r->renewed = now;
	for (size_t i = first_of(h, router); i != TABLE_NONE; i = h->entry[i].next) {
		struct hold_entry *e = &h->entry[i];

		e->retry = 0;
		e->renew = true;
		e->announce = state == HOLD_MASTER && was != HOLD_MASTER;
		hold_touch(h, i);
	}
}

void
hold_sent(struct hold *h, size_t router, int64_t now)
{
	struct hold_router *r = &h->router[router];

	if (r->state != HOLD_MASTER)
		return;
	if (now - r->sent >= r->patience && now - h->round >= r->patience)
		return;
	r->sent = now;
	if (r->due || now - r->renewed < HOLD_RENEW_AFTER)
		return;
	r->renewed = now;
	r->due = true;
	h->due[h->n_due++] = router;
}

bool
hold_is_wanted(const struct hold *h, const struct hold_entry *e)
{
	return e->used && !e->edited && h->router[e->router].state != HOLD_IDLE;
}

/* An IPv4 address of ours may be the first of its subnet. */
static void
shield(struct hold *h, const struct hold_entry *e)
{
	const struct cidr *c = &e->addr.cidr;

	if (e->there == HOLD_OURS && c->addr.family == 4 && c->len < 32)
		h->dev[e->dev].shields = !h->dev[e->dev].promote;
}

void
hold_addr(struct hold *h, const struct rtnl_addr *a, bool gone)
{
	struct key k = key_of(a);
	struct hold_entry *e;
	size_t i;

	hold_index(h);
	i = table_find(&h->by_addr, &k, sizeof(k));
	if (i == TABLE_NONE)
		return;
	e = &h->entry[i];
	e->seen = !gone;
	if (e->there == HOLD_ABSENT && !e->mine && !hold_is_wanted(h, e))
		return;
	if (gone ? e->there != HOLD_ABSENT : e->there == HOLD_ABSENT || e->there == HOLD_UNCLEAR) {
		e->there = HOLD_ABSENT;
		e->announce = e->renew = !gone;
		if (!gone)
			e->there = a->proto == RTNL_PROTO_VIPTOOLS ? HOLD_OURS : HOLD_FOREIGN;
		e->mine |= e->there == HOLD_OURS;
		e->settling = false;
		hold_touch(h, i);
	} else if (!gone && e->settling) {
		e->settling = false;
		e->announce = true;
		hold_touch(h, i);
	}
	shield(h, e);
}

/* The addresses of an interface that is no longer there, or has another name. */
static void
lose_dev(struct hold *h, size_t dev, bool gone)
{
	h->dev[dev].ifindex = 0;
	for (size_t i = 0; i < h->n_entries; i++) {
		struct hold_entry *e = &h->entry[i];

		if (e->dev != dev || !e->used)
			continue;
		if (gone) {
			e->there = HOLD_ABSENT;
			e->mine = false;
		}
		if (e->there != HOLD_ABSENT || e->mine)
			e->edited = true;
		else
			e->addr.ifindex = 0;
		hold_touch(h, i);
	}
	h->stale = true;
}

static void
change_dev(struct hold *h, size_t dev, const struct rtnl_link *l)
{
	struct hold_dev *d = &h->dev[dev];
	bool moved = memcmp(d->mac, l->mac, sizeof(d->mac)) != 0;

	if (d->ifindex != 0 && d->ifindex != l->ifindex)
		lose_dev(h, dev, false);
	if (d->ifindex == l->ifindex && !moved)
		return;
	if (d->ifindex != l->ifindex)
		h->stale = true;
	d->ifindex = l->ifindex;
	memcpy(d->mac, l->mac, sizeof(d->mac));
	for (size_t i = 0; i < h->n_entries; i++) {
		struct hold_entry *e = &h->entry[i];

		if (e->dev != dev || !e->used)
			continue;
		if (!e->edited)
			e->addr.ifindex = l->ifindex;
		e->announce |= moved && e->said;
		e->retry = 0;
		hold_touch(h, i);
	}
}

void
hold_link(struct hold *h, const struct rtnl_link *l, bool gone)
{
	for (size_t i = 0; i < h->n_devs; i++) {
		struct hold_dev *d = &h->dev[i];
		bool named = strcmp(d->name, l->name) == 0;

		if (d->ifindex == l->ifindex && (gone || !named))
			lose_dev(h, i, gone);
		if (!gone && named) {
			change_dev(h, i, l);
			d->promote = l->promote;
		}
	}
}

const char *
hold_unknown_dev(struct hold *h)
{
	for (size_t i = 0; i < h->n_devs; i++) {
		if (h->dev[i].asked)
			continue;
		h->dev[i].asked = true;
		return h->dev[i].name;
	}
	return NULL;
}

void
hold_no_dev(struct hold *h, const char *name)
{
	for (size_t i = 0; i < h->n_devs; i++)
		if (strcmp(h->dev[i].name, name) == 0 && h->dev[i].ifindex != 0)
			lose_dev(h, i, false); /* or it has another name now */
}

void
hold_forget_devs(struct hold *h)
{
	for (size_t i = 0; i < h->n_devs; i++)
		h->dev[i].asked = false;
}

unsigned int
hold_unshielded_dev(struct hold *h)
{
	for (size_t i = 0; i < h->n_devs; i++) {
		if (!h->dev[i].shields)
			continue;
		h->dev[i].shields = false;
		return h->dev[i].ifindex;
	}
	return 0;
}

void
hold_begin_look(struct hold *h)
{
	for (size_t i = 0; i < h->n_entries; i++)
		h->entry[i].seen = false;
}

void
hold_end_look(struct hold *h)
{
	for (size_t i = 0; i < h->n_entries; i++) {
		struct hold_entry *e = &h->entry[i];

		if (e->seen || e->there == HOLD_ABSENT || !e->used)
			continue;
		e->there = HOLD_ABSENT;
		hold_touch(h, i);
	}
	h->unclear = false;
}
