#include "pool_entry.h"

/* ---- sums ---- */

void
pool_count(struct pool_server *x, int sign)
{
	struct pool_service *s = x->service;
	uint32_t one = (uint32_t)sign; /* modulo: -1 takes one away */
	bool healthy = x->state == VERDICT_UP && !x->drain;

	s->n += one;
	if (x->backup)
		s->n_backups += one;
	if (x->state == VERDICT_NONE)
		s->n_unknown += one;
	if (!healthy)
		return;
	if (x->full > 0)
		s->n_live[x->backup] += one;
	if (x->backup)
		return;
	s->healthy += one;
	s->weight += (uint64_t)(int64_t)sign * x->full;
}

/* ---- a server ---- */

/* All its checks must be up, and one that is down is enough. */
static enum verdict_state
verdict_of(const struct pool_server *x)
{
	enum verdict_state all = VERDICT_UP;

	for (size_t i = 0; i < x->n_uses; i++) {
		enum verdict_state one = x->use[i].verdict->state;

		if (one < all && all != VERDICT_DOWN)
			all = one;
		if (one == VERDICT_DOWN)
			all = VERDICT_DOWN;
	}
	return all;
}

/* The configured weight, unless a check asks for another: then the least of those. */
static uint32_t
full_weight(const struct pool_server *x)
{
	int64_t least = -1;

	for (size_t i = 0; i < x->n_uses; i++) {
		int64_t asked = x->use[i].verdict->weight;

		if (asked >= 0 && (least == -1 || asked < least))
			least = asked;
	}
	if (x->drain)
		return 0;
	return least >= 0 ? (uint32_t)least : x->weight;
}

static int64_t
step_of(const struct pool_service *s)
{
	return s->conf.slowstart / POOL_RAMP_STEPS;
}

static void
end_ramp(struct pool *p, struct pool_server *x)
{
	x->since = NEVER;
	timer_cancel(&p->heap, &x->timer.timer);
}

void
pool_pace(struct pool *p, struct pool_server *x, int64_t now)
{
	int64_t step = step_of(x->service), steps;

	if (x->since == NEVER)
		return;
	if (step <= 0 || (steps = (now - x->since) / step) >= POOL_RAMP_STEPS)
		end_ramp(p, x);
	else
		timer_set(&p->heap, &x->timer.timer, x->since + (steps + 1) * step);
}

/* The weight to serve with: in a slow start a part of it, but at least 1. */
static uint32_t
weight_now(const struct pool_server *x, int64_t now)
{
	int64_t step = step_of(x->service), steps;
	uint64_t part;

	if (x->since == NEVER || x->full == 0 || step <= 0)
		return x->full;
	steps = (now - x->since) / step;
	if (steps >= POOL_RAMP_STEPS)
		return x->full;
	part = (uint64_t)x->full * (uint64_t)steps / POOL_RAMP_STEPS;
	return part > 0 ? (uint32_t)part : 1;
}

void
pool_judge(struct pool *p, struct pool_server *x, int64_t now)
{
	enum verdict_state state = verdict_of(x), was = x->state;

	pool_count(x, -1);
	if (state != VERDICT_NONE)
		x->state = state; /* otherwise it stays what it was */
	x->full = full_weight(x);
	pool_count(x, 1);
	if (x->state != VERDICT_UP) {
		end_ramp(p, x);
	} else if (was == VERDICT_DOWN && x->service->decided) {
		x->since = now;
		pool_pace(p, x, now);
	}
}

void
pool_server_due(struct pool *p, struct pool_server *x, int64_t now)
{
	pool_pace(p, x, now);
	pool_review(p, x->service, x, now);
}

/* ---- what is said ---- */

static void
say(struct pool *p, enum pool_action_kind kind, struct pool_service *s, struct pool_server *x)
{
	struct pool_action a = {.kind = kind, .service = s->index, .state = s->state};

	if (x != NULL) {
		a.server = x->index;
		a.weight = x->said_weight;
		a.drain = x->said_drain;
	}
	p->calls.act(p->calls.ctx, &a);
}

/* What the table should hold of a server. */
struct want {
	bool serves, present, drain;
	uint32_t weight;
};

static struct want
want_of(const struct pool_service *s, const struct pool_server *x, int64_t now)
{
	struct want w = {0};
	bool leaves;

	if (x->state == VERDICT_UP)
		w.serves = !x->backup || !s->state.up;
	else if (x->state == VERDICT_NONE)
		w.serves = s->resort && !x->drain;
	/* A backup that works and is no longer needed ends what it has begun. */
	leaves = x->backup && x->present && !w.serves && x->state == VERDICT_UP && !s->conf.quiesce;
	w.drain = x->drain || leaves;
	w.present = w.serves || s->conf.quiesce || leaves;
	w.weight = w.serves ? weight_now(x, now) : 0;
	return w;
}

/* Adds, edits or (out) removes a server in the table. Returns whether anything was said. */
static bool
say_server(struct pool *p, struct pool_server *x, bool out, int64_t now)
{
	struct pool_service *s = x->service;
	struct want w = want_of(s, x, now);

	if (w.present == out)
		return false;
	if (out) {
		if (!x->present)
			return false;
		x->present = false;
		say(p, POOL_DO_REMOVE, s, x);
		return true;
	}
	if (x->present && !x->again && x->said_weight == w.weight && x->said_drain == w.drain)
		return false;
	x->present = true;
	x->again = false;
	x->said_weight = w.weight;
	x->said_drain = w.drain;
	say(p, POOL_DO_SERVER, s, x);
	return true;
}

/* What comes is said before what goes: no reader sees less than there is at either time. */
static bool
say_servers(struct pool *p, struct pool_service *s, struct pool_server *only, int64_t now)
{
	bool said = false;

	if (only != NULL) {
		said = say_server(p, only, false, now);
		return say_server(p, only, true, now) || said;
	}
	for (struct pool_server *x = s->first; x != NULL; x = x->next)
		said |= say_server(p, x, false, now);
	for (struct pool_server *x = s->first; x != NULL; x = x->next)
		said |= say_server(p, x, true, now);
	return said;
}

/* ---- a service ---- */

/* As keepalived: the hysteresis stands on both sides of the quorum, and no weight is none. */
static bool
has_quorum(const struct pool_service *s)
{
	uint64_t quorum = s->conf.quorum, slack = s->conf.hysteresis;

	if (!s->state.up)
		return s->weight > 0 && s->weight >= quorum + slack;
	return s->weight > 0 && s->weight + slack >= quorum;
}

/* One without servers waits too: they may be on their way. */
static bool
may_decide(const struct pool_service *s)
{
	if (s->n == 0)
		return s->waited;
	return s->n_unknown == 0 || (s->waited && s->n_unknown < s->n);
}

static struct pool_state
state_of(const struct pool_service *s)
{
	return (struct pool_state){
	    .up = has_quorum(s),
	    .total = s->n - s->n_backups,
	    .healthy = s->healthy,
	    .backups = has_quorum(s) ? 0 : s->n_live[true],
	    .weight = s->weight,
	};
}

static bool
is_same(const struct pool_state *a, const struct pool_state *b)
{
	return a->up == b->up && a->total == b->total && a->healthy == b->healthy &&
	    a->backups == b->backups && a->weight == b->weight;
}

void
pool_review(struct pool *p, struct pool_service *s, struct pool_server *changed, int64_t now)
{
	struct pool_state state;
	bool resort, said = false;

	if (s->unsettled || (!s->decided && !may_decide(s)))
		return;
	if (!s->decided) {
		s->decided = true;
		timer_cancel(&p->heap, &s->timer.timer);
		changed = NULL;
	}
	state = state_of(s);
	resort = s->n_unknown > 0 && s->n_live[false] + s->n_live[true] == 0;
	if ((state.up != s->state.up && s->n_backups > 0) || resort != s->resort)
		changed = NULL;
	said = !s->said || s->again || !is_same(&state, &s->state);
	s->state = state;
	s->resort = resort;
	if (!s->said || s->again)
		say(p, POOL_DO_SERVICE, s, NULL);
	s->said = true;
	s->again = false;
	if (say_servers(p, s, changed, now) || said)
		say(p, POOL_DO_POOL, s, NULL);
}

void
pool_settled(struct pool *p, struct pool_service *s, int64_t now)
{
	int64_t longest = s->n == 0 ? POOL_SETTLE_MOST : 0;

	s->unsettled = false;
	timer_cancel(&p->heap, &s->timer.timer);
	if (!s->decided && (s->n_unknown > 0 || s->n == 0)) {
		for (struct pool_server *x = s->first; x != NULL; x = x->next) {
			int64_t wait =
			    x->state == VERDICT_NONE ? p->calls.wait(p->calls.ctx, x->index) : 0;

			longest = wait > longest ? wait : longest;
		}
		s->waited = false;
		timer_set(&p->heap, &s->timer.timer, now + longest);
	}
	pool_review(p, s, NULL, now);
}

void
pool_service_due(struct pool *p, struct pool_service *s, int64_t now)
{
	if (s->unsettled) {
		pool_settled(p, s, now);
		return;
	}
	timer_cancel(&p->heap, &s->timer.timer);
	s->waited = true;
	pool_review(p, s, NULL, now);
	if (!s->decided)
		say(p, POOL_DO_UNDECIDED, s, NULL);
}
