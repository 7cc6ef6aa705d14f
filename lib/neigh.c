#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "neigh.h"
#include "parse.h"

/* One lost frame, a switch that is still learning, a loser that announced once more: each needs
 * a later announcement than the one before. */
static const int64_t steps[] = {
    0,
    10 * NSEC_PER_MSEC,
    50 * NSEC_PER_MSEC,
    200 * NSEC_PER_MSEC,
    1 * NSEC_PER_SEC,
    5 * NSEC_PER_SEC,
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))
#define GAP     (100 * NSEC_PER_MSEC) /* between two beginnings */

struct neigh_router {
	struct timer timer;
	char name[CONFIG_NAME_MAX];
	bool is_hushed;
	size_t step;   /* the next one */
	int64_t start; /* of the steps */
	int64_t said;  /* last */
	struct neigh_vip *vip;
	size_t n, room;
};
_Static_assert(offsetof(struct neigh_router, timer) == 0, "a timer is its router");

static bool
same_name(const void *owner, size_t index, const void *key, size_t len)
{
	const struct neigh *n = owner;
	const char *name = n->router[index]->name;

	return strlen(name) == len && memcmp(name, key, len) == 0;
}

void
neigh_init(struct neigh *n, int64_t refresh, neigh_say *say, void *ctx)
{
	*n = (struct neigh){.refresh = refresh, .say = say, .ctx = ctx};
	table_init(&n->by_name, same_name, n);
}

void
neigh_free(struct neigh *n)
{
	for (size_t i = 0; i < n->n_routers; i++) {
		free(n->router[i]->vip);
		free(n->router[i]);
	}
	free(n->router);
	table_free(&n->by_name);
	timer_free(&n->timers);
	neigh_init(n, n->refresh, n->say, n->ctx);
}

static struct neigh_router *
find(const struct neigh *n, const char *name)
{
	size_t i = table_find(&n->by_name, name, strlen(name));

	return i != TABLE_NONE ? n->router[i] : NULL;
}

static void
name_it(struct neigh_router *r, const char *name)
{
	*r = (struct neigh_router){.said = INT64_MIN / 2};
	strcpy(r->name, name);
}

static struct neigh_router *
add(struct neigh *n, const char *name)
{
	struct neigh_router *r;

	if ((n->n_routers & (n->n_routers - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
		size_t room = n->n_routers == 0 ? 1 : 2 * n->n_routers;
		struct neigh_router **grown =
		    realloc(n->router, room * sizeof(struct neigh_router *));

		if (grown == NULL)
			return NULL;
		n->router = grown;
	}
	r = malloc(sizeof(*r));
	if (r == NULL)
		return NULL;
	name_it(r, name);
	n->router[n->n_routers] = r;
	if (timer_room(&n->timers, n->n_routers + 1) == -1 ||
	    table_put(&n->by_name, name, strlen(name), n->n_routers) == -1) {
		free(r);
		return NULL;
	}
	n->n_routers++;
	return r;
}

/* A full house: one that has no address up gives its place to another name. */
static struct neigh_router *
replace(struct neigh *n, const char *name)
{
	struct neigh_router *r = NULL;

	for (size_t i = 0; i < n->n_routers && r == NULL; i++)
		if (n->router[i]->n == 0)
			r = n->router[i];
	if (r == NULL) {
		errno = ENOSPC;
		return NULL;
	}
	name_it(r, name);
	table_clear(&n->by_name);
	for (size_t i = 0; i < n->n_routers; i++) /* there is room: it held as many */
		table_put(&n->by_name, n->router[i]->name, strlen(n->router[i]->name), i);
	return r;
}

static struct neigh_router *
get(struct neigh *n, const char *name)
{
	struct neigh_router *r = find(n, name);

	if (r != NULL)
		return r;
	if (strlen(name) >= CONFIG_NAME_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return n->n_routers < CONFIG_ROUTERS_MAX ? add(n, name) : replace(n, name);
}

int
neigh_prepare(struct neigh *n, const char *router)
{
	return get(n, router) != NULL ? 0 : -1;
}

static void
schedule(struct neigh *n, struct neigh_router *r, int64_t now)
{
	r->said = now;
	while (r->step < N_STEPS && r->start + steps[r->step] <= now)
		r->step++;
	if (r->step < N_STEPS)
		timer_set(&n->timers, &r->timer, r->start + steps[r->step]);
	else if (n->refresh > 0)
		timer_set(&n->timers, &r->timer, now + n->refresh);
	else
		timer_cancel(&n->timers, &r->timer);
}

static void
say_all(struct neigh *n, struct neigh_router *r, int64_t now)
{
	for (size_t i = 0; i < r->n; i++)
		n->say(n->ctx, r->name, &r->vip[i]);
	schedule(n, r, now);
}

static void
begin(struct neigh *n, struct neigh_router *r, int64_t now)
{
	if (r->is_hushed || r->n == 0)
		return;
	r->start = now;
	r->step = 0;
	if (now - r->said >= GAP)
		say_all(n, r, now);
	else
		timer_set(&n->timers, &r->timer, r->said + GAP);
}

static struct neigh_vip *
find_vip(const struct neigh_router *r, const struct cidr *c)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->vip[i].cidr.len == c->len &&
		    addr_compare(&r->vip[i].cidr.addr, &c->addr) == 0)
			return &r->vip[i];
	return NULL;
}

static struct neigh_vip *
add_vip(struct neigh *n, struct neigh_router *r)
{
	if (n->n_vips == CONFIG_ADDRESSES_MAX) {
		errno = ENOSPC;
		return NULL;
	}
	if (r->n == r->room) {
		size_t room = r->room == 0 ? 1 : 2 * r->room;
		struct neigh_vip *grown = realloc(r->vip, room * sizeof(*grown));

		if (grown == NULL)
			return NULL;
		r->vip = grown;
		r->room = room;
	}
	n->n_vips++;
	return &r->vip[r->n++];
}

int
neigh_up(struct neigh *n, const char *router, const struct neigh_vip *v, int64_t now)
{
	struct neigh_router *r = get(n, router);
	struct neigh_vip *place;

	if (r == NULL)
		return -1;
	place = find_vip(r, &v->cidr);
	if (place == NULL && (place = add_vip(n, r)) == NULL)
		return -1;
	*place = *v;
	if (r->is_hushed)
		return 0;
	n->say(n->ctx, r->name, place);
	r->start = now;
	r->step = 0;
	schedule(n, r, now);
	return 0;
}

void
neigh_down(struct neigh *n, const char *router, const struct cidr *c)
{
	struct neigh_router *r = find(n, router);
	struct neigh_vip *v = r != NULL ? find_vip(r, c) : NULL;

	if (v == NULL)
		return;
	*v = r->vip[--r->n];
	n->n_vips--;
	if (r->n > 0)
		return;
	timer_cancel(&n->timers, &r->timer);
	free(r->vip);
	r->vip = NULL;
	r->room = 0;
}

int
neigh_state(struct neigh *n, const char *router, bool is_master, int64_t now)
{
	struct neigh_router *r = get(n, router);

	if (r == NULL)
		return -1;
	if (!is_master) {
		r->is_hushed = true;
		timer_cancel(&n->timers, &r->timer);
	} else if (r->is_hushed) {
		r->is_hushed = false;
		begin(n, r, now);
	}
	return 0;
}

void
neigh_contested(struct neigh *n, const char *router, int64_t now)
{
	struct neigh_router *r = find(n, router);

	if (r != NULL)
		begin(n, r, now);
}

static bool
is_on(const struct neigh_router *r, unsigned int device)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->vip[i].device == device)
			return true;
	return false;
}

void
neigh_changed(struct neigh *n, unsigned int device, int64_t now)
{
	for (size_t i = 0; i < n->n_routers; i++)
		if (is_on(n->router[i], device))
			begin(n, n->router[i], now);
}

void
neigh_run(struct neigh *n, int64_t now)
{
	struct timer *t;

	while ((t = timer_first(&n->timers)) != NULL && t->due <= now)
		say_all(n, (struct neigh_router *)t, now);
}

int64_t
neigh_deadline(const struct neigh *n)
{
	const struct timer *t = timer_first(&n->timers);

	return t != NULL ? t->due : INT64_MAX;
}
