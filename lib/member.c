#include <string.h>

#include "member.h"
#include "parse.h"
#include "vrrp.h"

/* How long a master that has heard its successor goes on serving: the successor's announcement
 * follows its advert by well under this. */
#define SETTLE (100 * NSEC_PER_MSEC)
/* At most so often an advert out of turn, and a word about the same contest. */
#define REASSERT_GAP (100 * NSEC_PER_MSEC)
/* A mismatch or conflict is said once in this time per router and reason. */
#define QUIET_TIME (10 * NSEC_PER_SEC)
/* A host that booted less than this ago listens for startup=. */
#define BOOT_TIME (60 * NSEC_PER_SEC)
/* After a fault that nothing but another try can clear. */
#define RETRY_TIME (10 * NSEC_PER_SEC)

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

int64_t
member_down_interval(const struct member *m)
{
	return vrrp_down(m->cfg.version, m->prio, m->interval, m->cfg.down);
}

int64_t
member_deaf_limit(const struct member *m)
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

void
member_listen(struct elect *e, struct member *m, const char *reason, int64_t extra, int64_t now)
{
	int64_t down;

	m->interval = m->cfg.advert;
	down = member_down_interval(m);
	/* RFC 9568 section 6.4.1: the owner does not wait */
	m->down_due = now +
	    (m->prio == VRRP_PRIO_OWNER && extra == 0 ? 0
		    : down > extra                    ? down
						      : extra);
	m->why = m->prio == VRRP_PRIO_OWNER ? "owner" : "silence";
	m->lower_since = 0;
	m->heard.prio = 0;
	set_state(e, m, ELECT_BACKUP, reason);
	timer_set(&e->heap, &m->timer, m->down_due);
}

void
member_wait(struct elect *e, struct member *m, int64_t now)
{
	m->down_due = m->deaf_until = now + member_down_interval(m);
	m->why = "silence";
	m->heard.prio = 0;
	timer_set(&e->heap, &m->timer, m->down_due);
}

static void
become_master(struct elect *e, struct member *m, const char *reason, int64_t now)
{
	m->interval = m->cfg.advert;
	m->self_heard = now;
	m->reassert = m->contested = m->lower_since = 0;
	m->heard.prio = 0;
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

/* Where LEAVING ends, and why: a track that is the reason may be gone by then. */
static void
head_for(struct member *m, enum elect_state to, const char *why)
{
	m->to = to;
	strcpy(m->to_why, why);
}

/* From MASTER on purpose, with the link up: the addresses are served until the successor has
 * announced itself. */
static void
leave(struct elect *e, struct member *m, enum elect_state to, const char *reason, int64_t now)
{
	head_for(m, to, reason);
	m->successor = false;
	m->resigned = false;
	m->interval = m->cfg.advert;
	m->down_due = now + member_down_interval(m);
	m->why = "silence";
	send_advert(e, m, VRRP_PRIO_STOP, now);
	set_state(e, m, ELECT_LEAVING, reason);
	timer_set(&e->heap, &m->timer, now + m->cfg.handover);
}

/* To a state that serves nothing, at once. */
void
member_withdraw(
    struct elect *e, struct member *m, enum elect_state to, const char *reason, int64_t now)
{
	if (m->state == ELECT_MASTER && m->link_up)
		send_advert(e, m, VRRP_PRIO_STOP, now);
	arrive(e, m, to, reason, now);
}

/* ---- the master of others ---- */

/* Where intervals differ, the last word of a loser must not shorten the wait for the winner. */
static bool
is_of_loser(const struct member *m, const struct elect_advert *adv, int64_t due)
{
	int order = addr_compare(&adv->src, &m->heard.src);

	return due < m->down_due && order != 0 &&
	    (adv->prio < m->heard.prio || (adv->prio == m->heard.prio && order < 0));
}

/* Whether another master lives that is not below us: a lower one will yield to it. */
static bool
is_ruled(const struct member *m, const struct elect_advert *adv)
{
	return m->heard.prio >= m->prio && addr_compare(&adv->src, &m->heard.src) != 0 &&
	    adv->time < m->heard.time + member_down_interval(m);
}

/* What an advert means for the time at which its master counts as down; in BACKUP and, for
 * later, in LEAVING. */
static void
note_master(struct member *m, const struct elect_advert *adv, int64_t now)
{
	bool owner = m->prio == VRRP_PRIO_OWNER, lower = adv->prio < m->prio;
	bool wants = lower && (owner || m->cfg.preempt) && now >= m->release_until;
	bool ruled = lower && is_ruled(m, adv);
	int64_t delay = owner ? 0 : m->cfg.preempt_delay;
	int64_t interval = m->cfg.version == 3 ? adv->interval : m->cfg.advert;
	int64_t due = adv->time + vrrp_down(m->cfg.version, m->prio, interval, m->cfg.down);

	if (adv->prio == VRRP_PRIO_STOP) {
		m->down_due = adv->time + vrrp_skew(m->cfg.version, m->prio, m->interval);
		m->why = "resigned";
		m->heard.prio = 0;
		return;
	}
	if (is_of_loser(m, adv, due) || (ruled && wants && delay == 0))
		return;
	if (ruled) {
		m->down_due = due;
		return;
	}
	m->heard = *adv;
	if (wants && delay == 0) {
		m->why = "preempt";
		return;
	}
	m->interval = interval;
	m->down_due = due;
	m->why = "silence";
	if (!wants) {
		m->lower_since = 0;
		return;
	}
	if (m->lower_since == 0)
		m->lower_since = now;
	if (m->lower_since + delay < due) {
		m->down_due = m->lower_since + delay;
		m->why = "preempt";
	}
}

/* Another priority has another skew, and may see in the same master one to wait for or one to
 * preempt. */
static void
renew_prio(const struct elect *e, struct member *m, int64_t now)
{
	int64_t longer = -member_down_interval(m);

	m->prio = effective_prio(e, m);
	longer += member_down_interval(m);
	m->down_due += longer;
	m->deaf_until += longer;
	if (m->heard.prio != VRRP_PRIO_STOP)
		note_master(m, &m->heard, now);
}

/* ---- faults ---- */

/* Brings the state in line with the router's faults, after any of them changed. */
void
member_review(struct elect *e, struct member *m, int64_t extra, int64_t now)
{
	const char *fault = fault_of(e, m);
	bool can_hand_over = m->link_up && m->own.family != 0 && !m->blind && !m->unheard;

	renew_prio(e, m, now);
	if (m->state == ELECT_BACKUP)
		timer_set(&e->heap, &m->timer, m->down_due);
	if (m->stopped || (fault != NULL && m->state == ELECT_FAULT))
		return;
	if (fault == NULL) {
		if (m->state == ELECT_INIT || m->state == ELECT_FAULT)
			member_listen(
			    e, m, m->state == ELECT_INIT ? "startup" : "recovered", extra, now);
		else if (m->state == ELECT_LEAVING && m->to == ELECT_FAULT)
			head_for(m, ELECT_BACKUP, "recovered");
		return;
	}
	if (m->state == ELECT_INIT && !m->link_up)
		return;
	if (m->state == ELECT_MASTER && can_hand_over) {
		leave(e, m, ELECT_FAULT, fault, now);
	} else if (m->state == ELECT_LEAVING && can_hand_over) {
		head_for(m, ELECT_FAULT, fault);
	} else {
		member_withdraw(e, m, ELECT_FAULT, fault, now);
	}
}

/* ---- adverts heard ---- */

static void
yield(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now)
{
	/* so that the winner, ours or another's, knows that it was contested and announces
	 * again; else a client stays with our MAC after a partition has healed */
	send_advert(e, m, m->prio, now);
	head_for(m, ELECT_BACKUP, "yielded");
	m->successor = true;
	note_master(m, adv, now);
	set_state(e, m, ELECT_LEAVING, "preempted");
	timer_set(&e->heap, &m->timer, now + (SETTLE < m->cfg.handover ? SETTLE : m->cfg.handover));
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
		/* in place of the next one: many routers contested at once must not double the load
		 * that made their adverts late */
		timer_set(&e->heap, &m->timer, now + m->cfg.advert);
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
	if (now + SETTLE < m->timer.due)
		timer_set(&e->heap, &m->timer, now + SETTLE);
}

void
member_hear(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now)
{
	if (adv->self) {
		m->self_heard = adv->time;
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
 * master's. */
static bool
is_told(const struct elect *e, const struct member *m, int64_t now)
{
	/* ticks follow our own interval, whatever the master's */
	return now - e->horizon <= m->cfg.advert;
}

/* Where the sensor stayed behind for long, what it tells next is listened to anew. */
void
member_promote(struct elect *e, struct member *m, int64_t now)
{
	if (now < m->deaf_until) {
		timer_set(&e->heap, &m->timer, m->deaf_until);
	} else if (is_told(e, m, now)) {
		become_master(e, m, m->why, now);
	} else if (now - m->down_due > member_down_interval(m)) {
		member_wait(e, m, now);
	} else {
		timer_set(&e->heap, &m->timer, now + m->interval / 4);
	}
}

/* A sensor that is silent has not failed to hear us. */
static void
check_unheard(struct elect *e, struct member *m, int64_t now)
{
	if (e->horizon - m->self_heard <= member_deaf_limit(m))
		return;
	report(e, m, QUIET_NOT_HEARD, NULL, now);
	if (m->cfg.unheard_fault) {
		m->unheard = true;
		member_review(e, m, 0, now);
	}
}

/* When to advertise after an advert that was due at this time: re-armed from there, so that
 * intervals do not drift, and a little early until it falls on a multiple of the interval, as it
 * does for all routers of that interval. One system call then sends them all, and each stage, also
 * of the peer, wakes once. */
static int64_t
next_advert(int64_t due, int64_t interval)
{
	int64_t next = due + interval, ahead = next % interval;

	return next - (ahead < interval / 4 ? ahead : interval / 4);
}

void
member_advertise(struct elect *e, struct member *m, int64_t now)
{
	int64_t next = next_advert(m->timer.due, m->cfg.advert);

	send_advert(e, m, m->prio, now);
	timer_set(&e->heap, &m->timer, next > now ? next : now + m->cfg.advert);
	check_unheard(e, m, now);
}

void
member_leave_over(struct elect *e, struct member *m, int64_t now)
{
	/* a release that nobody answered is no hand-over: the address stays served */
	if (m->to == ELECT_BACKUP && !m->successor && is_told(e, m, now))
		become_master(e, m, "no-successor", now);
	else
		arrive(e, m, m->to, m->to_why, now);
}

/* ---- events ---- */

void
member_link(struct elect *e, struct member *m, const struct link *l, int64_t now)
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
	member_review(e, m, extra, now);
}

void
member_stop(struct elect *e, struct member *m, int64_t now)
{
	m->stopped = true;
	if (m->state == ELECT_LEAVING) {
		head_for(m, ELECT_STOP, "stop");
	} else if (m->state == ELECT_MASTER) {
		leave(e, m, ELECT_STOP, "stop", now);
	} else {
		arrive(e, m, ELECT_STOP, "stop", now);
	}
}

void
member_release(struct elect *e, struct member *m, int64_t duration, int64_t now)
{
	m->release_until = now + duration;
	if (m->state == ELECT_MASTER)
		leave(e, m, ELECT_BACKUP, "release", now);
	else
		member_review(e, m, 0, now); /* it may have been about to preempt */
}

void
member_priority(struct elect *e, struct member *m, unsigned int prio, int64_t now)
{
	m->base = prio;
	member_review(e, m, 0, now);
}
