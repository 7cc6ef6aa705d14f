#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "parse.h"

const char *
elect_state_name(enum elect_state s)
{
	static const char *const name[] = {
#define X(id) #id,
	    ELECT_STATES(X)
#undef X
	};

	return name[s];
}

uint64_t
elect_address_hash(const char *text, size_t len)
{
	uint64_t sum = 0, h = 14695981039346656037U;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != ',') {
			h = (h ^ (unsigned char)text[i]) * 1099511628211U;
		} else {
			sum += h;
			h = 14695981039346656037U;
		}
	}
	return sum;
}

/* ---- timers ---- */

_Static_assert(offsetof(struct member, timer) == 0, "a timer is its member");

static void
check_sensor(struct elect *e, int64_t now)
{
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];

		if (m == NULL || !m->present || m->blind ||
		    (m->state != ELECT_MASTER && m->state != ELECT_LEAVING))
			continue;
		if (now - (e->horizon > m->edited ? e->horizon : m->edited) >
		    member_deaf_limit(m)) {
			m->blind = e->any_blind = true;
			member_review(e, m, 0, now);
		}
	}
	timer_set(&e->heap, &e->sensor, now + DEAF_LEAST / 4);
}

static void
run_timers(struct elect *e, int64_t now)
{
	struct timer *t;

	/* every turn moves its timer beyond now, or cancels it */
	while ((t = timer_first(&e->heap)) != NULL && t->due <= now) {
		struct member *m = (struct member *)t;

		if (t == &e->sensor) {
			check_sensor(e, now);
			continue;
		}
		switch (m->state) {
		case ELECT_BACKUP:
			member_promote(e, m, now);
			break;
		case ELECT_MASTER:
			member_advertise(e, m, now);
			break;
		case ELECT_LEAVING:
			member_leave_over(e, m, now);
			break;
		default:
			timer_cancel(&e->heap, t);
			m->unheard = false;
			member_review(e, m, 0, now);
			break;
		}
	}
}

static void
step_down(struct elect *e, struct member *m, int64_t late, int64_t now)
{
	struct elect_action a = {.kind = ELECT_DO_STALLED, .router = m->index, .duration = late};

	e->act(e->ctx, &a);
	if (m->state == ELECT_LEAVING && m->to != ELECT_BACKUP) {
		member_withdraw(e, m, m->to, m->to_why, now);
		return;
	}
	member_listen(e, m, "stalled", 0, now);
	member_wait(e, m, now); /* an owner too */
}

/* A master that was silent for its down interval, because the process was not run or the host
 * slept, has been replaced by now: it listens before it says anything. One that was leaving
 * has left. */
static void
check_late(struct elect *e, int64_t slept, int64_t now)
{
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];
		int64_t late;

		if (m == NULL || !m->present)
			continue;
		late = slept + now - (m->state == ELECT_MASTER ? m->sent : e->last);
		if (m->state == ELECT_MASTER || m->state == ELECT_LEAVING) {
			if (late > member_down_interval(m))
				step_down(e, m, late, now);
		} else if (m->state == ELECT_BACKUP && slept > m->interval) {
			member_wait(e, m, now);
		}
	}
}

/* ---- events ---- */

static struct link *
find_link(struct elect *e, const char *ifname, bool make)
{
	for (size_t i = 0; i < e->n_links; i++)
		if (strcmp(e->link[i].ifname, ifname) == 0)
			return &e->link[i];
	if (!make || e->n_links == LINKS_MAX || strlen(ifname) >= IF_NAMESIZE)
		return NULL;
	strcpy(e->link[e->n_links].ifname, ifname);
	return &e->link[e->n_links++];
}

static void
on_link(struct elect *e, const struct elect_event *ev, int64_t now)
{
	struct link *l = find_link(e, ev->ifname, true);

	if (l == NULL)
		return;
	l->up = ev->up;
	l->ip = ev->ip;
	l->ip6 = ev->ip6;
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];

		if (m != NULL && m->present && strcmp(m->cfg.ifname, l->ifname) == 0)
			member_link(e, m, l, now);
	}
}

/* Nothing was told for so long: what now comes may be a backlog that has lost its end. */
static void
listen_anew(struct elect *e, int64_t gap, int64_t now)
{
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];

		if (m != NULL && m->present && m->state == ELECT_BACKUP &&
		    gap > member_down_interval(m))
			member_wait(e, m, now);
	}
}

/* The sensor lives: it has told all until time. */
static void
on_sensor(struct elect *e, int64_t time, int64_t now)
{
	int64_t gap = now - e->horizon;

	if (gap > e->shortest)
		listen_anew(e, gap, now);
	if (time > e->horizon)
		e->horizon = time;
	if (!e->any_blind)
		return;
	e->any_blind = false;
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];

		if (m == NULL || !m->present || !m->blind)
			continue;
		if (now - e->horizon <= m->cfg.advert) {
			m->blind = false;
			member_review(e, m, 0, now);
		} else {
			e->any_blind = true;
		}
	}
}

static void
on_health(struct elect *e, const struct elect_event *ev, int64_t now)
{
	for (size_t i = 0; i < e->config->n_tracks; i++) {
		const struct config_track *t = &e->config->track[i];
		struct member *m;

		if (!t->used || strcmp(t->object, ev->object) != 0)
			continue;
		e->track_up[i] = ev->up;
		m = e->member[t->router];
		if (m != NULL && m->present)
			member_review(e, m, 0, now);
	}
}

static void
on_end(struct elect *e, int64_t now)
{
	for (size_t i = 0; i < e->n_members; i++)
		if (e->member[i] != NULL && e->member[i]->present)
			member_withdraw(e, e->member[i], ELECT_STOP, "end", now);
}

static struct member *
member_of(const struct elect *e, size_t router)
{
	struct member *m = router < e->n_members ? e->member[router] : NULL;

	return m != NULL && m->present ? m : NULL;
}

void
elect_step(struct elect *e, const struct elect_event *ev, int64_t now)
{
	struct member *m = member_of(e, ev->router);

	if (now - e->last > e->shortest)
		check_late(e, 0, now);
	e->last = now;
	switch (ev->kind) {
	case ELECT_ADVERT:
		on_sensor(e, ev->advert->time, now);
		if (m != NULL)
			member_hear(e, m, ev->advert, now);
		break;
	case ELECT_TICK:
		on_sensor(e, ev->time, now);
		break;
	case ELECT_LINK:
		on_link(e, ev, now);
		break;
	case ELECT_HEALTH:
		on_health(e, ev, now);
		break;
	case ELECT_SUSPEND:
		check_late(e, ev->duration, now);
		break;
	case ELECT_PRIORITY:
		if (m != NULL)
			member_priority(e, m, ev->prio, now);
		break;
	case ELECT_RELEASE:
		if (m != NULL)
			member_release(e, m, ev->duration, now);
		break;
	case ELECT_STOP_:
		if (m != NULL)
			member_stop(e, m, now);
		break;
	case ELECT_TIMER:
		run_timers(e, now);
		break;
	case ELECT_END:
		on_end(e, now);
		break;
	}
}

int64_t
elect_deadline(const struct elect *e)
{
	const struct timer *t = timer_first(&e->heap);

	return t != NULL ? t->due : INT64_MAX;
}

size_t
elect_candidate(const struct elect *e)
{
	const struct timer *t = timer_first(&e->heap);
	const struct member *m = (const struct member *)t;

	return t != NULL && t != &e->sensor && m->state == ELECT_BACKUP ? m->index : TABLE_NONE;
}

/* ---- configuration ---- */

struct elect *
elect_new(const struct config *config, elect_act *act, void *ctx, int64_t boot)
{
	struct elect *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->config = config;
	e->act = act;
	e->ctx = ctx;
	e->boot = boot;
	e->shortest = INT64_MAX;
	if (timer_room(&e->heap, 1) == -1) {
		free(e);
		return NULL;
	}
	return e;
}

void
elect_free(struct elect *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->n_members; i++)
		free(e->member[i]);
	free(e->member);
	free(e->track_up);
	timer_free(&e->heap);
	free(e);
}

static struct member *
make_member(struct elect *e, size_t router)
{
	struct member **grown;

	if (router >= e->n_members) {
		grown = reallocarray(e->member, router + 1, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		e->member = grown;
		while (e->n_members <= router)
			e->member[e->n_members++] = NULL;
	}
	if (timer_room(&e->heap, e->n_members + 1) == -1)
		return NULL;
	if (e->member[router] == NULL)
		e->member[router] = calloc(1, sizeof(struct member));
	return e->member[router];
}

static void
find_shortest(struct elect *e)
{
	e->shortest = INT64_MAX;
	for (size_t i = 0; i < e->n_members; i++)
		if (e->member[i] != NULL && e->member[i]->present &&
		    e->member[i]->cfg.advert < e->shortest)
			e->shortest = e->member[i]->cfg.advert;
}

static int
add_router(struct elect *e, size_t router, int64_t now)
{
	struct member *m = make_member(e, router);
	const struct link *l;

	if (m == NULL)
		return -1;
	timer_cancel(&e->heap, &m->timer);
	*m = (struct member){.index = router,
	    .present = true,
	    .cfg = e->config->router[router],
	    .base = e->config->router[router].prio,
	    .prio = e->config->router[router].prio,
	    .interval = e->config->router[router].advert,
	    .checksum = ELECT_CHECKSUM_ANY,
	    .hash_dirty = true};
	find_shortest(e);
	if (e->horizon == 0)
		e->horizon = now; /* the record came through the sensor */
	if (!timer_is_set(&e->sensor))
		timer_set(&e->heap, &e->sensor, now + DEAF_LEAST);
	l = find_link(e, m->cfg.ifname, false);
	if (l != NULL)
		member_link(e, m, l, now);
	return 0;
}

static void
remove_router(struct elect *e, struct member *m, int64_t now)
{
	member_withdraw(e, m, ELECT_STOP, "removed", now);
	m->present = false;
	find_shortest(e);
}

/* What changes a router's identity ends it and begins another; the rest costs no advert. */
static int
edit_router(struct elect *e, struct member *m, int64_t now)
{
	const struct config_router *to = &e->config->router[m->index];
	const struct config_router *from = &m->cfg;

	if (strcmp(from->ifname, to->ifname) != 0 || from->vrid != to->vrid ||
	    from->family != to->family || from->version != to->version ||
	    addr_compare(&from->src, &to->src) != 0) {
		remove_router(e, m, now);
		return add_router(e, m->index, now);
	}
	/* where the interval grows the next advert keeps its time: it tells the backups, who
	 * still wait for the old interval, and renews leases of the old length */
	if (m->state == ELECT_MASTER && to->advert < from->advert)
		timer_set(&e->heap, &m->timer, m->timer.due + to->advert - from->advert);
	if (m->interval == from->advert)
		m->interval = to->advert;
	m->edited = now; /* ticks have come at the old interval until now */
	m->cfg = *to;
	member_priority(e, m, to->prio, now);
	find_shortest(e);
	return 0;
}

static int
make_tracks(struct elect *e)
{
	size_t n = e->config->n_tracks;
	int8_t *grown;

	if (n <= e->n_tracks)
		return 0;
	grown = realloc(e->track_up, n);
	if (grown == NULL)
		return -1;
	e->track_up = grown;
	while (e->n_tracks < n)
		e->track_up[e->n_tracks++] = -1;
	return 0;
}

int
elect_configure(struct elect *e, const struct config_result *change, int64_t now)
{
	struct member *m;
	size_t router = change->index;

	if (make_tracks(e) == -1)
		return -1;
	if (change->kind == CONFIG_ADDRESS)
		router = e->config->address[change->index].router;
	else if (change->kind == CONFIG_TRACK)
		router = e->config->track[change->index].router;
	else if (change->kind != CONFIG_ROUTER)
		return 0;
	m = member_of(e, router);
	if (change->kind == CONFIG_ROUTER && change->change == CONFIG_ADDED)
		return add_router(e, router, now);
	if (m == NULL)
		return 0;
	if (change->kind == CONFIG_ADDRESS) {
		m->hash_dirty = true;
	} else if (change->kind == CONFIG_TRACK) {
		if (change->change == CONFIG_ADDED)
			e->track_up[change->index] = -1;
		member_review(e, m, 0, now);
	} else if (change->change == CONFIG_REMOVED) {
		remove_router(e, m, now);
	} else if (change->change == CONFIG_EDITED) {
		return edit_router(e, m, now);
	}
	return 0;
}

enum elect_state
elect_state_of(const struct elect *e, size_t router)
{
	const struct member *m = member_of(e, router);

	return m != NULL ? m->state : ELECT_STOP;
}

unsigned int
elect_prio_of(const struct elect *e, size_t router)
{
	const struct member *m = member_of(e, router);

	return m != NULL ? m->prio : 0;
}
