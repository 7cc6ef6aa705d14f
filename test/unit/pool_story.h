#ifndef POOL_STORY_H
#define POOL_STORY_H

/* What befalls the world of lib/pool: each step takes its numbers from world.take. */

#include "pool_world.h"

static void
configured(struct world *w, struct world_service *s)
{
	if (is_resting(w, s))
		s->first_configured = w->now;
	s->configured = w->now;
	s->resting = false;
}

static void
set_server(struct world *w, unsigned int service, unsigned int slot)
{
	struct world_service *s = &w->service[service];
	struct world_server *x = &s->server[slot];
	unsigned int how = w->take(w->ctx);
	const char *check[CHECKS];
	struct pool_server_conf conf = {
	    .weight = how & 64 ? w->take(w->ctx) : 1 + (how & 7),
	    .backup = (how & 24) == 24,
	    .drain = (how & 160) == 160,
	    .target = world_target[slot],
	    .check = check,
	};
	unsigned int checks = w->take(w->ctx) & ((1U << CHECKS) - 1);

	for (unsigned int c = 0; c < CHECKS; c++)
		if (checks & 1U << c)
			check[conf.n_checks++] = world_check[c];
	if (!x->used)
		*x = (struct world_server){.used = true, .up_since = INT64_MIN / 2};
	x->weight = conf.weight;
	x->backup = conf.backup;
	x->checks = checks;
	if (conf.drain != x->drain_conf)
		x->drain = x->drain_conf = conf.drain;
	x->edited = true;
	configured(w, s);
	require(pool_set_server(w->pool, service, service * SLOTS + slot, &conf, w->now) == 0,
	    "no memory");
}

static void
set_service(struct world *w, unsigned int service)
{
	static const int64_t slowstart[] = {0, 0, 10000 * MSEC, 333 * MSEC};
	struct world_service *s = &w->service[service];
	unsigned int how = w->take(w->ctx);

	if (!s->used)
		*s = (struct world_service){.used = true, .resting = true};
	s->conf = (struct pool_service_conf){
	    .quorum = 1 + (how & 7) * (how >> 3 & 1),
	    .hysteresis = (how >> 4 & 3) * (how >> 3 & 1),
	    .quiesce = how >> 6 & 1,
	    .slowstart = slowstart[how >> 6],
	};
	for (unsigned int i = 0; i < SLOTS; i++)
		s->server[i].edited = true;
	configured(w, s);
	require(pool_set_service(w->pool, service, &s->conf, w->now) == 0, "no memory");
}

static void
configure(struct world *w)
{
	unsigned int what = w->take(w->ctx), service = what % SERVICES;
	unsigned int slot = (what >> 2) % SLOTS;
	struct world_service *s = &w->service[service];

	w->configuring = true;
	if (!s->used || (what & 0xe0) == 0) {
		set_service(w, service);
	} else if ((what & 0xe0) == 0x20 && s->server[slot].used) {
		configured(w, s);
		pool_remove_server(w->pool, service * SLOTS + slot, w->now);
		s->server[slot].used = false;
	} else if (what == 0xff) {
		pool_remove_service(w->pool, service);
		*s = (struct world_service){0};
	} else {
		set_server(w, service, slot);
	}
}

static void
say_verdict(struct world *w, unsigned int c, unsigned int slot, bool up, int64_t weight)
{
	bool known;

	w->verdict[c][slot] = up ? UP : DOWN;
	w->weight[c][slot] = up ? weight : -1;
	plain_update(w);
	known = pool_verdict(w->pool, world_check[c], world_target[slot], up, weight, w->now);
	require(known == (w->verdict[c][slot] != UNKNOWN), "a verdict on a stranger was kept");
}

static void
verdict(struct world *w)
{
	unsigned int what = w->take(w->ctx), how = w->take(w->ctx);

	say_verdict(w, what % CHECKS, what / CHECKS % SLOTS, how & 1,
	    (how & 30) == 30 ? (int64_t)(how >> 5) : -1);
}

static void
drain(struct world *w)
{
	unsigned int what = w->take(w->ctx), service = what % SERVICES, slot = what / 4 % SLOTS;
	struct world_server *x = &w->service[service].server[slot];

	if (!x->used)
		return;
	x->drain = what >> 7;
	pool_drain(w->pool, service * SLOTS + slot, x->drain, w->now);
}

/* Time passes; what is due in it happens at its time, or all of it late. */
static void
pass(struct world *w)
{
	static const int64_t ms[] = {0, 1, 10, 99, 100, 101, 500, 1000, 2000, 5000, 7000, 8000};
	unsigned int how = w->take(w->ctx);
	int64_t until = w->now + ms[how % (sizeof(ms) / sizeof(ms[0]))] * MSEC + (how >> 7);

	while (how & 64 && pool_deadline(w->pool) < until) {
		w->now = pool_deadline(w->pool);
		pool_run(w->pool, w->now);
		end_step(w);
		begin_step(w);
	}
	w->now = until;
	pool_run(w->pool, w->now);
}

/* Edits that never leave it in peace. */
static void
pester(struct world *w)
{
	for (unsigned int i = 0; i < 14; i++) {
		w->configuring = true;
		set_service(w, 0);
		end_step(w);
		begin_step(w);
		w->configuring = false;
		w->now += 90 * MSEC;
		pool_run(w->pool, w->now);
		end_step(w);
		begin_step(w);
	}
}

static void
world_step(struct world *w)
{
	unsigned int what = w->take(w->ctx);

	begin_step(w);
	w->configuring = false;
	if (what < 60)
		configure(w);
	else if (what < 160)
		verdict(w);
	else if (what < 175)
		drain(w);
	else if (what == 175)
		pester(w);
	else
		pass(w);
	end_step(w);
}

static void
world_begin(struct world *w, unsigned int (*take)(void *ctx), void *ctx)
{
	struct pool_calls calls = {.act = world_act, .wait = world_wait, .ctx = w};

	*w = (struct world){.take = take, .ctx = ctx, .now = 1000 * MSEC};
	memset(w->weight, 0xff, sizeof(w->weight));
	w->pool = pool_new(&calls);
	require(w->pool != NULL, "no memory");
}

/* All that is there comes up, and time passes: then all is as it was configured. */
static void
world_end(struct world *w)
{
	w->configuring = false;
	for (unsigned int c = 0; c < CHECKS; c++) {
		for (unsigned int i = 0; i < SLOTS; i++) {
			begin_step(w);
			say_verdict(w, c, i, true, -1);
			end_step(w);
		}
	}
	for (unsigned int i = 0; i < 2; i++) {
		begin_step(w);
		w->now += 60000 * MSEC;
		pool_run(w->pool, w->now);
		end_step(w);
	}
	for (unsigned int i = 0; i < SERVICES; i++)
		require(!w->service[i].used || w->service[i].said, "a service was never said");
	require(pool_deadline(w->pool) == INT64_MAX, "a timer for nothing");
	pool_free(w->pool);
}

#endif
