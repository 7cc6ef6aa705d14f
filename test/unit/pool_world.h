#ifndef POOL_WORLD_H
#define POOL_WORLD_H

/* A small world for lib/pool, driven by any source of numbers: a seed (test/unit/pool.c) or
 * octets (test/fuzz/pool.c). It keeps what the table holds by what was said, and holds that
 * against what a plain look at all verdicts says. A rule that is broken calls world_broken. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pool.h"

#define SERVICES 3
#define SLOTS    5 /* servers of a service; the same slot is the same target in each */
#define CHECKS   3
#define WAIT     INT64_C(7000000000)
#define MSEC     INT64_C(1000000)

enum { UNKNOWN, DOWN, UP };

struct world_server {
	bool used, backup, drain, drain_conf, edited;
	uint32_t weight;
	unsigned int checks; /* bits */
	int state;           /* what it was when it last had all its verdicts */
	int64_t up_since;    /* when a slow start may have begun */
	bool present, said_drain;
	uint32_t said;
};

struct world_service {
	bool used, said, resting;
	struct pool_service_conf conf;
	int64_t configured, first_configured; /* last; first of those that have not settled */
	int64_t rested;                       /* when they settled */
	struct world_server server[SLOTS];
	struct pool_state state;
	bool up;       /* by the plain rule */
	int last_kind; /* of the actions of this step, or -1 */
	unsigned int n_said[SLOTS];
};

struct world {
	unsigned int (*take)(void *ctx); /* 0 to 255 */
	void *ctx;
	struct pool *pool;
	int64_t now;
	uint64_t hash; /* of all that was said */
	int verdict[CHECKS][SLOTS];
	int64_t weight[CHECKS][SLOTS];
	struct world_service service[SERVICES];
	bool configuring;
};

void world_broken(const char *rule);

static inline void
require(bool ok, const char *rule)
{
	if (!ok)
		world_broken(rule);
}

static const char *const world_check[CHECKS] = {"a", "b", "c"};
static const char *const world_target[SLOTS] = {
    "192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80", "[2001:db8::4]:80", "192.0.2.5:0"};

/* ---- the plain look ---- */

static int
plain_state(const struct world *w, const struct world_server *x, unsigned int slot)
{
	bool unknown = false;

	for (unsigned int c = 0; c < CHECKS; c++) {
		if (!(x->checks & 1U << c))
			continue;
		if (w->verdict[c][slot] == DOWN)
			return DOWN;
		unknown |= w->verdict[c][slot] == UNKNOWN;
	}
	return unknown ? UNKNOWN : UP;
}

static uint32_t
plain_weight(const struct world *w, const struct world_server *x, unsigned int slot)
{
	int64_t least = -1;

	for (unsigned int c = 0; c < CHECKS; c++)
		if (x->checks & 1U << c && w->weight[c][slot] >= 0 &&
		    (least < 0 || w->weight[c][slot] < least))
			least = w->weight[c][slot];
	if (x->drain)
		return 0;
	return least >= 0 ? (uint32_t)least : x->weight;
}

static uint64_t
plain_sum(const struct world *w, const struct world_service *s)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < SLOTS; i++)
		if (s->server[i].used && !s->server[i].backup && s->server[i].state == UP)
			sum += plain_weight(w, &s->server[i], i);
	return sum;
}

/* A verdict that nobody uses is forgotten; a server is what its verdicts say, once they do. */
static void
plain_update(struct world *w)
{
	for (unsigned int c = 0; c < CHECKS; c++) {
		for (unsigned int i = 0; i < SLOTS; i++) {
			bool used = false;

			for (unsigned int s = 0; s < SERVICES; s++)
				used |= w->service[s].server[i].used &&
				    w->service[s].server[i].checks & 1U << c;
			if (!used) {
				w->verdict[c][i] = UNKNOWN;
				w->weight[c][i] = -1;
			}
		}
	}
	for (unsigned int s = 0; s < SERVICES; s++) {
		for (unsigned int i = 0; i < SLOTS; i++) {
			struct world_server *x = &w->service[s].server[i];
			int state = plain_state(w, x, i);

			if (!x->used || state == UNKNOWN || state == x->state)
				continue;
			if (x->state == DOWN)
				x->up_since = w->now;
			x->state = state;
		}
	}
}

/* ---- what is said ---- */

static void
say_server(struct world *w, struct world_service *s, const struct pool_action *a)
{
	struct world_server *x = &s->server[a->server % SLOTS];

	require(a->server / SLOTS == a->service && x->used, "a server that is not there was said");
	require(s->said, "a server was said before its service");
	require(++s->n_said[a->server % SLOTS] == 1, "a server was said twice at one time");
	if (a->kind == POOL_DO_REMOVE) {
		require(x->present, "a server was removed that was not in the table");
		x->present = false;
		return;
	}
	require(!x->present || x->edited || x->said != a->weight || x->said_drain != a->drain,
	    "a server was said again for no reason");
	require(!a->drain || a->weight == 0, "a drained server has a weight");
	x->present = true;
	x->edited = false;
	x->said = a->weight;
	x->said_drain = a->drain;
	(void)w;
}

/* The first word of a service: all that is unknown has had its time, and something is known. */
static void
say_first(const struct world *w, const struct world_service *s)
{
	unsigned int n = 0, known = 0;

	for (unsigned int i = 0; i < SLOTS; i++) {
		n += s->server[i].used;
		known += s->server[i].used && s->server[i].state != UNKNOWN;
	}
	require(n > 0 || w->now >= s->configured + POOL_SETTLE_MOST,
	    "a service without servers was said before its time");
	if (known == n)
		return;
	require(known > 0, "a service was decided with no verdict at all");
	require(w->now >= s->configured + WAIT, "a service was decided before its time");
}

static void
world_act(void *ctx, const struct pool_action *a)
{
	struct world *w = ctx;
	struct world_service *s = &w->service[a->service];

	require(a->service < SERVICES && s->used, "a service that is not there was said");
	w->hash =
	    (w->hash ^ ((uint64_t)a->kind << 56 ^ a->server << 40 ^ a->weight ^ a->state.up)) *
		1099511628211U +
	    (uint64_t)w->now;
	switch (a->kind) {
	case POOL_DO_SERVICE:
		require(!s->said || !w->configuring, "a service was said again for no reason");
		if (!s->said && !w->configuring)
			say_first(w, s);
		s->said = true;
		break;
	case POOL_DO_SERVER:
	case POOL_DO_REMOVE:
		say_server(w, s, a);
		break;
	case POOL_DO_POOL:
		s->state = a->state;
		break;
	case POOL_DO_FORGET:
		require(s->said, "a service was forgotten before it was said");
		break;
	case POOL_DO_UNDECIDED:
		require(!s->said && w->now >= s->configured + WAIT, "undecided too early");
		break;
	}
	s->last_kind = (int)a->kind;
}

static int64_t
world_wait(void *ctx, size_t server)
{
	(void)ctx;
	(void)server;
	return WAIT;
}

/* ---- the rules ---- */

static void
check_server(const struct world *w, const struct world_service *s, unsigned int slot, bool any_up)
{
	const struct world_server *x = &s->server[slot];
	uint32_t full = plain_weight(w, x, slot);
	bool ramps =
	    s->conf.slowstart >= POOL_RAMP_STEPS && w->now < x->up_since + s->conf.slowstart;
	bool serves = x->state == UP ? !x->backup || !s->up : x->state == UNKNOWN && !any_up;

	bool leaves;

	if (x->state == UNKNOWN && x->drain)
		serves = false;
	leaves = x->backup && x->state == UP && x->present && !serves && !s->conf.quiesce;
	require(x->present == (serves || s->conf.quiesce || leaves),
	    "a server is in the table or not against the rule");
	if (!x->present)
		return;
	require(!x->edited, "an edit was not said");
	require(x->said_drain == (x->drain || leaves), "drain was not said");
	if (!serves)
		require(x->said == 0, "a server that does not serve has a weight");
	else if (!ramps)
		require(x->said == full, "a server has not its full weight");
	else
		require(full == 0 ? x->said == 0 : x->said >= 1 && x->said <= full,
		    "a weight in a slow start is not between 1 and the full one");
}

static void
check_service(struct world *w, struct world_service *s)
{
	uint64_t sum = plain_sum(w, s);
	unsigned int could = 0, does = 0, total = 0, backups = 0, healthy = 0;
	bool any_up = false;

	s->up = sum > 0 &&
	    (s->up ? sum + s->conf.hysteresis >= s->conf.quorum
		   : sum >= (uint64_t)s->conf.quorum + s->conf.hysteresis);
	for (unsigned int i = 0; i < SLOTS; i++) {
		const struct world_server *x = &s->server[i];
		bool able = x->used && plain_weight(w, x, i) > 0;

		could += able && x->state != DOWN;
		any_up |= able && x->state == UP;
		backups += able && x->state == UP && x->backup && !s->up;
		does += x->used && x->present && x->said > 0;
		total += x->used && !x->backup;
		healthy += x->used && !x->backup && !x->drain && x->state == UP;
	}
	require(could == 0 || does > 0, "an empty service while one could serve");
	require(s->state.up == s->up, "the quorum is not by the rule");
	require(s->state.weight == sum, "the weight is not the sum");
	require(
	    s->state.total == total && s->state.backups == backups && s->state.healthy == healthy,
	    "wrong counts");
	for (unsigned int i = 0; i < SLOTS; i++)
		if (s->server[i].used)
			check_server(w, s, i, any_up);
}

/* What is known of a service is said when its time has passed. */
static void
check_silent(const struct world *w, const struct world_service *s)
{
	bool known = false;

	for (unsigned int i = 0; i < SLOTS; i++)
		known |= s->server[i].used && s->server[i].state != UNKNOWN;
	require(!known || w->now < s->rested + WAIT, "a service is silent beyond its time");
}

static void
begin_step(struct world *w)
{
	for (unsigned int s = 0; s < SERVICES; s++) {
		w->service[s].last_kind = -1;
		memset(w->service[s].n_said, 0, sizeof(w->service[s].n_said));
	}
}

static bool
is_resting(const struct world *w, const struct world_service *s)
{
	return s->resting || w->now >= s->configured + POOL_SETTLE ||
	    w->now >= s->first_configured + POOL_SETTLE_MOST;
}

static void
end_step(struct world *w)
{
	plain_update(w);
	for (unsigned int i = 0; i < SERVICES; i++) {
		struct world_service *s = &w->service[i];

		if (!s->used)
			continue;
		if (!s->resting && is_resting(w, s))
			s->rested = w->now;
		s->resting = is_resting(w, s);
		if (!w->configuring)
			require(s->last_kind == -1 || s->last_kind == POOL_DO_POOL ||
				s->last_kind == POOL_DO_UNDECIDED,
			    "pool is not the last that was said");
		if (s->said && s->resting)
			check_service(w, s);
		else if (s->resting)
			check_silent(w, s);
		else
			require(s->last_kind == -1 || w->configuring,
			    "something was said before the configuration came to rest");
	}
	require(pool_deadline(w->pool) > w->now, "a timer is left behind");
}

#endif
