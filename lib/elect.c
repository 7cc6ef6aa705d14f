#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elect.h"
#include "parse.h"
#include "vrrp.h"

/* How long a master that has heard its successor goes on serving: the successor's announcement
 * follows its advert by well under this. */
#define SETTLE (100 * NSEC_PER_MSEC)
/* At most so often an advert out of turn, and a word about the same contest. */
#define REASSERT_GAP (100 * NSEC_PER_MSEC)
/* A mismatch or conflict is said once in this time per router and reason. */
#define QUIET_TIME (10 * NSEC_PER_SEC)
/* A silent sensor, or own adverts not heard, for three adverts and at least this long. */
#define DEAF_LEAST NSEC_PER_SEC
/* A host that booted less than this ago listens for startup=. */
#define BOOT_TIME  (60 * NSEC_PER_SEC)
#define RETRY_TIME (10 * NSEC_PER_SEC)
#define LINKS_MAX  256

enum quiet {
	QUIET_INTERVAL,
	QUIET_VERSION,
	QUIET_ADDRESSES,
	QUIET_SAME_ADDRESS,
	QUIET_NOT_HEARD,
	QUIET_N,
};

struct member {
	struct timer timer; /* BACKUP: down; MASTER: advert; LEAVING: its end; FAULT: retry */
	size_t index;
	bool present;
	enum elect_state state;
	struct config_router cfg;
	unsigned int base; /* priority before tracks: configured, or given by `priority` */
	unsigned int prio; /* effective */
	bool link_known, link_up, stopped, unheard, resigned, successor, blind;
	struct addr own;
	const char *why;     /* reason of a promotion when the timer fires */
	enum elect_state to; /* where LEAVING ends */
	const char *to_why;
	uint8_t checksum; /* of the last peer heard */
	bool hash_dirty;
	uint64_t hash;    /* of our own address list */
	int64_t interval; /* the master's, in BACKUP of version 3: learnt */
	int64_t down_due; /* when a silent master is down */
	int64_t sent, self_heard;
	int64_t lower_since; /* first lower advert under preempt=DELAY; 0 none */
	int64_t release_until, reassert, contested;
	int64_t quiet[QUIET_N];
};

struct link {
	char ifname[IF_NAMESIZE];
	bool up;
	struct addr ip, ip6;
};

struct elect {
	const struct config *config;
	elect_act *act;
	void *ctx;
	struct member **member; /* by the index of the router */
	size_t n_members;
	int8_t *track_up; /* by the index of the track: -1 unknown, 0 down, 1 up */
	size_t n_tracks;
	struct link link[LINKS_MAX];
	size_t n_links;
	struct timer_heap heap;
	struct timer sensor; /* fires when the sensor has been silent */
	int64_t horizon;     /* the sensor has reported all until then */
	int64_t shortest;    /* advert interval of all routers */
	int64_t last;        /* time of the last step */
	int64_t boot;
	uint64_t seq;
};

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

/* ---- actions ---- */

static void
set_state(struct elect *e, struct member *m, enum elect_state to, const char *reason)
{
	struct elect_action a = {.kind = ELECT_DO_STATE,
	    .router = m->index,
	    .from = m->state,
	    .to = to,
	    .reason = reason,
	    .prio = m->prio};

	if (m->state == to)
		return;
	a.seq = ++e->seq;
	m->state = to;
	e->act(e->ctx, &a);
}

static void
send_advert(struct elect *e, struct member *m, unsigned int prio, int64_t now)
{
	struct elect_action a = {.kind = ELECT_DO_SEND,
	    .router = m->index,
	    .prio = prio,
	    .checksum = m->cfg.checksum == CONFIG_CHECKSUM_AUTO ? m->checksum : ELECT_CHECKSUM_ANY};

	m->sent = now;
	e->act(e->ctx, &a);
}

static void
report(struct elect *e, struct member *m, enum quiet quiet, const struct addr *src, int64_t now)
{
	static const struct {
		enum elect_action_kind kind;
		const char *reason;
	} what[] = {
	    [QUIET_INTERVAL] = {ELECT_DO_MISMATCH, "interval"},
	    [QUIET_VERSION] = {ELECT_DO_MISMATCH, "version"},
	    [QUIET_ADDRESSES] = {ELECT_DO_MISMATCH, "addresses"},
	    [QUIET_SAME_ADDRESS] = {ELECT_DO_CONFLICT, "same-address"},
	    [QUIET_NOT_HEARD] = {ELECT_DO_CONFLICT, "not-heard"},
	};
	struct elect_action a = {.kind = what[quiet].kind,
	    .router = m->index,
	    .reason = what[quiet].reason,
	    .prio = m->prio};

	if (now < m->quiet[quiet])
		return;
	m->quiet[quiet] = now + QUIET_TIME;
	if (src != NULL)
		a.src = *src;
	e->act(e->ctx, &a);
}

/* ---- what follows from the configuration ---- */

static int64_t
down_interval(const struct member *m)
{
	return vrrp_down(m->cfg.version, m->prio, m->interval, m->cfg.down);
}

static int64_t
deaf_limit(const struct member *m)
{
	int64_t limit = 3 * m->cfg.advert;

	return limit > DEAF_LEAST ? limit : DEAF_LEAST;
}

/* Priority with the weights of its tracks: keepalived's rule, clamped to 1..254; an owner's is
 * never changed. An unknown track counts as up. */
static unsigned int
effective_prio(const struct elect *e, const struct member *m)
{
	int prio = (int)m->base;

	if (m->base == VRRP_PRIO_OWNER)
		return m->base;
	for (size_t i = 0; i < e->config->n_tracks; i++) {
		const struct config_track *t = &e->config->track[i];

		if (!t->used || t->router != m->index || t->weight == 0)
			continue;
		if ((t->weight > 0) == (e->track_up[i] != 0))
			prio += t->weight;
	}
	return (unsigned int)(prio < 1 ? 1 : prio > 254 ? 254 : prio);
}

/* Why this router must not take part, or NULL. */
static const char *
fault_of(const struct elect *e, const struct member *m)
{
	if (!m->link_up)
		return "link";
	if (m->own.family == 0)
		return "no-address";
	if (m->blind)
		return "sensor";
	if (m->unheard)
		return "not-heard";
	for (size_t i = 0; i < e->config->n_tracks; i++) {
		const struct config_track *t = &e->config->track[i];

		if (t->used && t->router == m->index && t->weight == 0 && e->track_up[i] == 0)
			return t->object;
	}
	return NULL;
}

static uint64_t
own_hash(struct elect *e, struct member *m)
{
	char text[ADDR_STRLEN];

	if (!m->hash_dirty)
		return m->hash;
	m->hash_dirty = false;
	m->hash = 0;
	for (size_t i = 0; i < e->config->n_addresses; i++) {
		const struct config_address *a = &e->config->address[i];

		if (a->used && a->router == m->index && a->advertise)
			m->hash += elect_address_hash(text, addr_format(&a->cidr.addr, text));
	}
	return m->hash;
}

/* ---- transitions ---- */

static void
start_backup(struct elect *e, struct member *m, const char *reason, int64_t extra, int64_t now)
{
	int64_t down;

	m->interval = m->cfg.advert;
	down = down_interval(m);
	/* RFC 9568 section 6.4.1: the owner does not wait */
	m->down_due = now +
	    (m->prio == VRRP_PRIO_OWNER && extra == 0 ? 0
		    : down > extra                    ? down
						      : extra);
	m->why = m->prio == VRRP_PRIO_OWNER ? "owner" : "silence";
	m->lower_since = 0;
	set_state(e, m, ELECT_BACKUP, reason);
	timer_set(&e->heap, &m->timer, m->down_due);
}

static void
become_master(struct elect *e, struct member *m, const char *reason, int64_t now)
{
	m->interval = m->cfg.advert;
	m->self_heard = now;
	m->reassert = m->contested = 0;
	send_advert(e, m, m->prio, now);
	set_state(e, m, ELECT_MASTER, reason);
	timer_set(&e->heap, &m->timer, now + m->cfg.advert);
}

static void
arrive(struct elect *e, struct member *m, enum elect_state to, const char *reason, int64_t now)
{
	(void)now;
	timer_cancel(&e->heap, &m->timer);
	set_state(e, m, to, reason);
	if (to == ELECT_BACKUP)
		timer_set(&e->heap, &m->timer, m->down_due);
	else if (to == ELECT_FAULT && m->unheard)
		timer_set(&e->heap, &m->timer, now + RETRY_TIME);
}

/* From MASTER on purpose, with the link up: the addresses are served until the successor has
 * announced itself. */
static void
leave(struct elect *e, struct member *m, enum elect_state to, const char *reason, int64_t now)
{
	m->to = to;
	m->to_why = reason;
	m->successor = false;
	m->resigned = false;
	m->interval = m->cfg.advert;
	m->down_due = now + down_interval(m);
	m->why = "silence";
	send_advert(e, m, VRRP_PRIO_STOP, now);
	set_state(e, m, ELECT_LEAVING, reason);
	timer_set(&e->heap, &m->timer, now + m->cfg.handover);
}

/* To a state that serves nothing, at once. */
static void
withdraw(struct elect *e, struct member *m, enum elect_state to, const char *reason, int64_t now)
{
	if (m->state == ELECT_MASTER && m->link_up)
		send_advert(e, m, VRRP_PRIO_STOP, now);
	arrive(e, m, to, reason, now);
}

/* Brings the state in line with the router's faults, after any of them changed. */
static void
review(struct elect *e, struct member *m, int64_t extra, int64_t now)
{
	const char *fault = fault_of(e, m);
	bool can_hand_over = m->link_up && m->own.family != 0 && !m->blind && !m->unheard;

	m->prio = effective_prio(e, m);
	if (m->stopped || (fault != NULL && m->state == ELECT_FAULT))
		return;
	if (fault == NULL) {
		if (m->state == ELECT_INIT || m->state == ELECT_FAULT)
			start_backup(
			    e, m, m->state == ELECT_INIT ? "startup" : "recovered", extra, now);
		else if (m->state == ELECT_LEAVING && m->to == ELECT_FAULT)
			m->to = ELECT_BACKUP;
		return;
	}
	if (m->state == ELECT_INIT && !m->link_up)
		return;
	if (m->state == ELECT_MASTER && can_hand_over) {
		leave(e, m, ELECT_FAULT, fault, now);
	} else if (m->state == ELECT_LEAVING && can_hand_over) {
		m->to = ELECT_FAULT;
		m->to_why = fault;
	} else {
		withdraw(e, m, ELECT_FAULT, fault, now);
	}
}

/* ---- adverts heard ---- */

static bool
may_preempt(struct member *m, const struct elect_advert *adv, int64_t now)
{
	if (m->prio == VRRP_PRIO_OWNER)
		return true;
	if (!m->cfg.preempt || now < m->release_until)
		return false;
	if (m->cfg.preempt_delay == 0)
		return true;
	if (m->lower_since == 0)
		m->lower_since = adv->time;
	return adv->time >= m->lower_since + m->cfg.preempt_delay;
}

/* What an advert means for the time at which its master counts as down; in BACKUP and, for
 * later, in LEAVING. */
static void
note_master(struct member *m, const struct elect_advert *adv, int64_t now)
{
	int64_t delayed;

	if (adv->prio == VRRP_PRIO_STOP) {
		m->down_due = adv->time + vrrp_skew(m->cfg.version, m->prio, m->interval);
		m->why = "resigned";
		return;
	}
	if (adv->prio < m->prio && may_preempt(m, adv, now)) {
		m->why = "preempt";
		return;
	}
	if (m->cfg.version == 3)
		m->interval = adv->interval;
	m->down_due = adv->time + down_interval(m);
	m->why = "silence";
	if (adv->prio >= m->prio) {
		m->lower_since = 0;
	} else if (m->lower_since != 0 && now >= m->release_until) {
		delayed = m->lower_since + m->cfg.preempt_delay;
		if (delayed < m->down_due) {
			m->down_due = delayed;
			m->why = "preempt";
		}
	}
}

static void
yield(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now)
{
	/* so that the winner, ours or another's, knows that it was contested and announces
	 * again; else a client stays with our MAC after a partition has healed */
	send_advert(e, m, m->prio, now);
	m->to = ELECT_BACKUP;
	m->to_why = "yielded";
	m->successor = true;
	note_master(m, adv, now);
	set_state(e, m, ELECT_LEAVING, "preempted");
	timer_set(&e->heap, &m->timer, now + SETTLE);
}

static void
contest(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now)
{
	struct elect_action a = {
	    .kind = ELECT_DO_CONTESTED, .router = m->index, .src = adv->src, .prio = adv->prio};
	int64_t gap = m->cfg.advert < REASSERT_GAP ? m->cfg.advert : REASSERT_GAP;

	if (now >= m->reassert) {
		m->reassert = now + gap;
		send_advert(e, m, m->prio, now);
	}
	if (now >= m->contested) {
		m->contested = now + REASSERT_GAP;
		e->act(e->ctx, &a);
	}
}

static void
hear_as_master(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now)
{
	int64_t gap = m->cfg.advert < REASSERT_GAP ? m->cfg.advert : REASSERT_GAP;

	if (adv->prio == VRRP_PRIO_STOP) {
		if (now < m->reassert)
			return;
		m->reassert = now + gap;
		send_advert(e, m, m->prio, now);
		timer_set(&e->heap, &m->timer, now + m->cfg.advert);
	} else if (adv->prio > m->prio ||
	    (adv->prio == m->prio && addr_compare(&adv->src, &m->own) > 0)) {
		yield(e, m, adv, now);
	} else {
		contest(e, m, adv, now);
	}
}

static void
hear_as_leaving(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now)
{
	note_master(m, adv, now);
	if (adv->prio == VRRP_PRIO_STOP || m->successor)
		return;
	m->successor = true;
	timer_set(&e->heap, &m->timer, now + SETTLE);
}

static void
hear(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now)
{
	if (adv->self) {
		m->self_heard = now;
		return;
	}
	if (adv->src.family != 0 && addr_compare(&adv->src, &m->own) == 0) {
		report(e, m, QUIET_SAME_ADDRESS, &adv->src, now);
		return;
	}
	if (adv->version != m->cfg.version) {
		report(e, m, QUIET_VERSION, &adv->src, now);
		return;
	}
	if (adv->interval != m->cfg.advert) {
		report(e, m, QUIET_INTERVAL, &adv->src, now);
		if (m->cfg.version == 2)
			return; /* RFC 3768 section 7.1: MUST discard */
	}
	if (adv->addresses != 0 && adv->addresses != own_hash(e, m))
		report(e, m, QUIET_ADDRESSES, &adv->src, now);
	m->checksum = adv->checksum;
	switch (m->state) {
	case ELECT_BACKUP:
		note_master(m, adv, now);
		timer_set(&e->heap, &m->timer, m->down_due);
		break;
	case ELECT_MASTER:
		hear_as_master(e, m, adv, now);
		break;
	case ELECT_LEAVING:
		hear_as_leaving(e, m, adv, now);
		break;
	default:
		break;
	}
}

/* ---- timers ---- */

/* The sensor must have told what arrived until now, else its silence would be taken for the
 * master's. Where it stayed behind for long, what it tells next is listened to anew. */
static void
promote(struct elect *e, struct member *m, int64_t now)
{
	/* ticks follow our own interval, the wait for adverts the master's */
	int64_t fresh = m->interval > m->cfg.advert ? m->interval : m->cfg.advert;

	if (now - e->horizon <= fresh) {
		become_master(e, m, m->why, now);
	} else if (now - m->down_due > down_interval(m)) {
		m->down_due = now + down_interval(m);
		m->why = "silence";
		timer_set(&e->heap, &m->timer, m->down_due);
	} else {
		timer_set(&e->heap, &m->timer, now + m->interval / 4);
	}
}

static void
check_unheard(struct elect *e, struct member *m, int64_t now)
{
	if (now - m->self_heard <= deaf_limit(m))
		return;
	report(e, m, QUIET_NOT_HEARD, NULL, now);
	if (m->cfg.unheard_fault) {
		m->unheard = true;
		review(e, m, 0, now);
	}
}

/* Re-armed from the due time, so that intervals do not drift. */
static void
advertise(struct elect *e, struct member *m, int64_t due, int64_t now)
{
	int64_t next = due + m->cfg.advert;

	send_advert(e, m, m->prio, now);
	timer_set(&e->heap, &m->timer, next > now ? next : now + m->cfg.advert);
	check_unheard(e, m, now);
}

/* Masters of one interval whose turn is close go together with the first, and stay with it:
 * one system call then sends them all. */
static void
advertise_all(struct elect *e, struct member *m, int64_t now)
{
	int64_t due = m->timer.due, interval = m->cfg.advert;
	struct timer *t;

	for (;;) {
		advertise(e, m, due, now);
		t = timer_first(&e->heap);
		if (t == NULL || t == &e->sensor || t->due > due + interval / 16)
			return;
		m = (struct member *)t;
		if (m->state != ELECT_MASTER || m->cfg.advert != interval)
			return;
	}
}
_Static_assert(offsetof(struct member, timer) == 0, "a timer is its member");

static void
leaving_over(struct elect *e, struct member *m, int64_t now)
{
	/* a release that nobody answered is no hand-over: the address stays served */
	if (m->to == ELECT_BACKUP && !m->successor)
		become_master(e, m, "no-successor", now);
	else
		arrive(e, m, m->to, m->to_why, now);
}

static void
check_sensor(struct elect *e, int64_t now)
{
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];

		if (m == NULL || !m->present || m->blind ||
		    (m->state != ELECT_MASTER && m->state != ELECT_LEAVING))
			continue;
		if (now - e->horizon > deaf_limit(m)) {
			m->blind = true;
			review(e, m, 0, now);
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
			promote(e, m, now);
			break;
		case ELECT_MASTER:
			advertise_all(e, m, now);
			break;
		case ELECT_LEAVING:
			leaving_over(e, m, now);
			break;
		default:
			timer_cancel(&e->heap, t);
			m->unheard = false;
			review(e, m, 0, now);
			break;
		}
	}
}

/* A master that was not run for its down interval has been replaced by now: it listens before
 * it says anything. */
static void
check_late(struct elect *e, int64_t late, int64_t now)
{
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];
		struct elect_action a = {.kind = ELECT_DO_STALLED, .router = i};

		if (m == NULL || !m->present)
			continue;
		a.duration = late != 0 ? late : now - m->sent;
		if (m->state == ELECT_MASTER && a.duration > down_interval(m)) {
			e->act(e->ctx, &a);
			start_backup(e, m, "stalled", 0, now);
			if (m->prio == VRRP_PRIO_OWNER) {
				m->down_due = now + down_interval(m);
				timer_set(&e->heap, &m->timer, m->down_due);
			}
		} else if (m->state == ELECT_BACKUP && late > m->interval) {
			m->down_due = now + down_interval(m);
			timer_set(&e->heap, &m->timer, m->down_due);
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
apply_link(struct elect *e, struct member *m, const struct link *l, int64_t now)
{
	bool came_up = l->up && !m->link_up;
	/* startup= is for a link that has come up while we watched, or a host that booted */
	int64_t extra = came_up && (m->link_known || e->boot < BOOT_TIME) ? m->cfg.startup : 0;

	m->link_known = true;
	m->link_up = l->up;
	m->own = m->cfg.family == 6 ? l->ip6 : l->ip;
	if (m->cfg.src.family != 0)
		m->own = m->cfg.src;
	if (came_up)
		m->unheard = false;
	review(e, m, extra, now);
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
			apply_link(e, m, l, now);
	}
}

/* The sensor lives: it has told all until time. */
static void
on_sensor(struct elect *e, int64_t time, int64_t now)
{
	if (time > e->horizon)
		e->horizon = time;
	for (size_t i = 0; i < e->n_members; i++) {
		struct member *m = e->member[i];

		if (m != NULL && m->present && m->blind && now - e->horizon <= m->cfg.advert) {
			m->blind = false;
			review(e, m, 0, now);
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
			review(e, m, 0, now);
	}
}

static void
on_stop(struct elect *e, struct member *m, int64_t now)
{
	m->stopped = true;
	if (m->state == ELECT_LEAVING) {
		m->to = ELECT_STOP;
		m->to_why = "stop";
	} else if (m->state == ELECT_MASTER) {
		leave(e, m, ELECT_STOP, "stop", now);
	} else {
		arrive(e, m, ELECT_STOP, "stop", now);
	}
}

static void
on_release(struct elect *e, struct member *m, int64_t duration, int64_t now)
{
	m->release_until = now + duration;
	if (m->state == ELECT_MASTER)
		leave(e, m, ELECT_BACKUP, "release", now);
}

static void
on_priority(struct elect *e, struct member *m, unsigned int prio, int64_t now)
{
	int64_t before = down_interval(m);

	m->base = prio;
	review(e, m, 0, now);
	if (m->state == ELECT_BACKUP) {
		m->down_due += down_interval(m) - before;
		timer_set(&e->heap, &m->timer, m->down_due);
	}
}

static void
on_end(struct elect *e, int64_t now)
{
	for (size_t i = 0; i < e->n_members; i++)
		if (e->member[i] != NULL && e->member[i]->present)
			withdraw(e, e->member[i], ELECT_STOP, "end", now);
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
			hear(e, m, ev->advert, now);
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
			on_priority(e, m, ev->prio, now);
		break;
	case ELECT_RELEASE:
		if (m != NULL)
			on_release(e, m, ev->duration, now);
		break;
	case ELECT_STOP_:
		if (m != NULL)
			on_stop(e, m, now);
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
	if (!timer_is_set(&e->sensor))
		timer_set(&e->heap, &e->sensor, now + DEAF_LEAST);
	l = find_link(e, m->cfg.ifname, false);
	if (l != NULL)
		apply_link(e, m, l, now);
	return 0;
}

static void
remove_router(struct elect *e, struct member *m, int64_t now)
{
	withdraw(e, m, ELECT_STOP, "removed", now);
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
	if (m->state == ELECT_MASTER && to->advert != from->advert)
		timer_set(&e->heap, &m->timer, now + to->advert);
	if (m->interval == from->advert)
		m->interval = to->advert;
	m->cfg = *to;
	on_priority(e, m, to->prio, now);
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
		review(e, m, 0, now);
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
