#include <stdlib.h>
#include <string.h>

#include "pool_entry.h"

/* ---- the store ---- */

struct pool *
pool_new(const struct pool_calls *calls)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->calls = *calls;
	verdicts_init(&p->verdicts);
	return p;
}

static void
free_server(struct pool_server *x)
{
	if (x != NULL)
		free(x->use);
	free(x);
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->server_room; i++)
		free_server(p->server[i]);
	for (size_t i = 0; i < p->service_room; i++)
		free(p->service[i]);
	free(p->server);
	free(p->service);
	verdicts_free(&p->verdicts);
	timer_free(&p->heap);
	free(p);
}

/* Room for a number that is an index into an array of pointers, by doubling. Returns the array,
 * or NULL with the old one as it was. */
static void *
grow(void *array, size_t *room, size_t index)
{
	size_t n = *room > 0 ? *room : 16;
	char *grown;

	while (n <= index)
		n *= 2;
	if (n == *room)
		return array;
	grown = reallocarray(array, n, sizeof(void *));
	if (grown == NULL)
		return NULL;
	memset(grown + *room * sizeof(void *), 0, (n - *room) * sizeof(void *));
	*room = n;
	return grown;
}

static int
timer_for_one_more(struct pool *p)
{
	if (p->n_timers < p->heap.room)
		return 0;
	return timer_room(&p->heap, p->heap.room > 0 ? 2 * p->heap.room : 16);
}

static struct pool_service *
service_of(const struct pool *p, size_t service)
{
	return service < p->service_room ? p->service[service] : NULL;
}

static struct pool_server *
server_of(const struct pool *p, size_t server)
{
	return server < p->server_room ? p->server[server] : NULL;
}

/* ---- services ---- */

static void
unsettle(struct pool *p, struct pool_service *s, int64_t now)
{
	int64_t due = now + POOL_SETTLE;

	if (!s->unsettled)
		s->unsettled_since = now;
	s->unsettled = true;
	if (due > s->unsettled_since + POOL_SETTLE_MOST)
		due = s->unsettled_since + POOL_SETTLE_MOST;
	timer_set(&p->heap, &s->timer.timer, due);
}

static struct pool_service *
add_service(struct pool *p, size_t service)
{
	struct pool_service **array =
	    (struct pool_service **)grow(p->service, &p->service_room, service);
	struct pool_service *s;

	if (array == NULL)
		return NULL;
	p->service = array;
	if (timer_for_one_more(p) == -1 || (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->index = service;
	s->timer.service = s;
	p->n_timers++;
	return array[service] = s;
}

int
pool_set_service(struct pool *p, size_t service, const struct pool_service_conf *c, int64_t now)
{
	struct pool_service *s = service_of(p, service);

	if (s == NULL && (s = add_service(p, service)) == NULL)
		return -1;
	s->conf = *c;
	s->again = true;
	for (struct pool_server *x = s->first; x != NULL; x = x->next) {
		x->again = true; /* what it inherits may have changed */
		pool_pace(p, x, now);
	}
	unsettle(p, s, now);
	return 0;
}

/* Takes a server out of all but its service's sums. */
static void
drop_server(struct pool *p, struct pool_server *x)
{
	struct pool_service *s = x->service;

	for (size_t i = 0; i < x->n_uses; i++)
		verdict_drop(&p->verdicts, &x->use[i]);
	timer_cancel(&p->heap, &x->timer.timer);
	p->n_timers--;
	if (x->before != NULL)
		x->before->next = x->next;
	else
		s->first = x->next;
	if (x->next != NULL)
		x->next->before = x->before;
	else
		s->last = x->before;
	p->server[x->index] = NULL;
	free_server(x);
}

/* One of which nothing was said yet is said first: whoever is to forget it has to know it. */
void
pool_remove_service(struct pool *p, size_t service)
{
	struct pool_service *s = service_of(p, service);
	struct pool_action a = {.kind = POOL_DO_SERVICE, .service = service};

	if (s == NULL)
		return;
	if (!s->said)
		p->calls.act(p->calls.ctx, &a);
	a.kind = POOL_DO_FORGET;
	p->calls.act(p->calls.ctx, &a);
	while (s->first != NULL)
		drop_server(p, s->first);
	timer_cancel(&p->heap, &s->timer.timer);
	p->n_timers--;
	p->service[service] = NULL;
	free(s);
}

/* ---- servers ---- */

/* Hangs a server on its verdicts. What it had it gives back afterwards: what both have stays. */
static int
use_verdicts(struct pool *p, struct pool_server *x, const struct pool_server_conf *c)
{
	struct verdict_use *use = calloc(c->n_checks > 0 ? c->n_checks : 1, sizeof(*use));
	size_t n = 0;

	if (use == NULL)
		return -1;
	for (; n < c->n_checks; n++)
		if (verdict_take(&p->verdicts, c->check[n], c->target, x, &use[n]) == -1)
			break;
	if (n < c->n_checks) {
		while (n > 0)
			verdict_drop(&p->verdicts, &use[--n]);
		free(use);
		return -1;
	}
	for (size_t i = 0; i < x->n_uses; i++)
		verdict_drop(&p->verdicts, &x->use[i]);
	free(x->use);
	x->use = use;
	x->n_uses = n;
	return 0;
}

static struct pool_server *
add_server(struct pool *p, struct pool_service *s, size_t server, const struct pool_server_conf *c)
{
	struct pool_server **array =
	    (struct pool_server **)grow(p->server, &p->server_room, server);
	struct pool_server *x;

	if (array == NULL)
		return NULL;
	p->server = array;
	if (timer_for_one_more(p) == -1 || (x = calloc(1, sizeof(*x))) == NULL)
		return NULL;
	*x = (struct pool_server){.index = server, .service = s, .before = s->last, .since = NEVER};
	if (use_verdicts(p, x, c) == -1) {
		free_server(x);
		return NULL;
	}
	x->timer.server = x;
	p->n_timers++;
	if (s->last != NULL)
		s->last->next = x;
	else
		s->first = x;
	s->last = x;
	pool_count(x, 1);
	return array[server] = x;
}

int
pool_set_server(
    struct pool *p, size_t service, size_t server, const struct pool_server_conf *c, int64_t now)
{
	struct pool_service *s = service_of(p, service);
	struct pool_server *x = server_of(p, server);

	if (x == NULL) {
		if ((x = add_server(p, s, server, c)) == NULL)
			return -1;
	} else if (use_verdicts(p, x, c) == -1) {
		return -1;
	}
	pool_count(x, -1);
	x->weight = c->weight;
	x->backup = c->backup;
	if (c->drain != x->drain_conf)
		x->drain = c->drain;
	x->drain_conf = c->drain;
	x->again = true;
	pool_count(x, 1);
	pool_judge(p, x, now);
	unsettle(p, s, now);
	return 0;
}

void
pool_remove_server(struct pool *p, size_t server, int64_t now)
{
	struct pool_server *x = server_of(p, server);
	struct pool_action a = {.kind = POOL_DO_REMOVE, .server = server};

	if (x == NULL)
		return;
	a.service = x->service->index;
	if (x->present)
		p->calls.act(p->calls.ctx, &a);
	pool_count(x, -1);
	unsettle(p, x->service, now);
	drop_server(p, x);
}

/* ---- events ---- */

bool
pool_verdict(
    struct pool *p, const char *check, const char *target, bool up, int64_t weight, int64_t now)
{
	struct verdict *v = verdict_find(&p->verdicts, check, target);

	if (v == NULL)
		return false;
	v->state = up ? VERDICT_UP : VERDICT_DOWN;
	v->weight = up ? weight : -1;
	for (struct verdict_use *u = v->first; u != NULL; u = u->next) {
		struct pool_server *x = u->owner;

		pool_judge(p, x, now);
		pool_review(p, x->service, x, now);
	}
	return true;
}

void
pool_drain(struct pool *p, size_t server, bool drain, int64_t now)
{
	struct pool_server *x = server_of(p, server);

	if (x == NULL)
		return;
	pool_count(x, -1);
	x->drain = drain;
	pool_count(x, 1);
	pool_judge(p, x, now);
	pool_review(p, x->service, x, now);
}

int64_t
pool_deadline(const struct pool *p)
{
	const struct timer *t = timer_first(&p->heap);

	return t != NULL ? t->due : INT64_MAX;
}

_Static_assert(offsetof(struct pool_timer, timer) == 0, "a timer is its pool_timer");

void
pool_run(struct pool *p, int64_t now)
{
	struct timer *t;

	/* every turn moves its timer on, or cancels it */
	while ((t = timer_first(&p->heap)) != NULL && t->due <= now) {
		struct pool_timer *due = (struct pool_timer *)t;

		if (due->server != NULL)
			pool_server_due(p, due->server, now);
		else
			pool_service_due(p, due->service, now);
	}
}

void
pool_settle(struct pool *p, int64_t now)
{
	for (size_t i = 0; i < p->service_room; i++) {
		struct pool_service *s = p->service[i];

		if (s == NULL)
			continue;
		if (s->unsettled)
			pool_settled(p, s, now);
		if (s->n == 0 && !s->decided)
			pool_service_due(p, s, now);
	}
}
