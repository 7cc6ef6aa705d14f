#include "sim.h"

/* What must hold. Each check fails the seed by trace_fail. */

/* RFC 3768 and RFC 9568 section 6.1, and not lib/vrrp's word for it. */
int64_t
check_skew(const struct world *w, unsigned int prio, int64_t interval)
{
	return (256 - (int64_t)prio) * (w->version == 2 ? NSEC_PER_SEC : interval) / 256;
}

int64_t
check_down(const struct world *w, unsigned int prio, int64_t interval)
{
	return w->down * interval + check_skew(w, prio, interval);
}

static int64_t
down(const struct host *h, int64_t interval)
{
	return check_down(h->w, elect_prio_of(h->elect, 0), interval);
}

/* A silent sensor is noticed after three adverts and a second; the look is every 250 ms. */
int64_t
check_blind(const struct host *h)
{
	return sim_longer(3 * h->router.advert, NSEC_PER_SEC) + 250 * NSEC_PER_MSEC + h->w->late;
}

/* Within this time of the last fault there is exactly one master: a down interval is `down`
 * adverts and at most one more of skew, the advert that started it and the one that ends the
 * race are each a delay away, and each timer is served a little late. Listening after a link
 * has come up, and a hand-over that nobody took, may last longer where they are set so. */
int64_t
check_bound(const struct world *w)
{
	int64_t bound = (w->down + 1) * w->interval;

	for (unsigned int i = 0; i < w->n; i++) {
		bound = sim_longer(bound, w->host[i].router.startup);
		bound = sim_longer(bound, w->host[i].router.handover);
	}
	return bound + 2 * w->delay_max + 2 * w->late;
}

void
check_started(struct host *h)
{
	h->state = ELECT_INIT;
	h->seq = 0;
	h->last_send = h->window = h->higher_at = INT64_MIN / 2;
	h->last_sensor = h->woken = h->entered = h->w->now;
	h->late_since = h->lower_since = h->stop_by = NEVER;
	h->release_until = 0;
	for (unsigned int i = 0; i < HOSTS_MAX; i++)
		h->newest[i] = 0;
	serve_account(h->w);
}

/* Called when a stopped elector runs again, before it reads or does anything. */
void
check_woken(struct host *h)
{
	struct world *w = h->w;
	int64_t since = h->state == ELECT_MASTER ? h->last_send : h->elector_down_since;

	h->woken = w->now;
	if (h->stop_by < w->now)
		h->stop_by = w->now;
	if (h->state == ELECT_INIT || h->state == ELECT_FAULT || h->state == ELECT_STOP ||
	    w->now - since <= down(h, w->interval))
		return;
	h->late_since = w->now;
	if (h->state == ELECT_MASTER)
		saw(w, SAW_late_resume);
}

static bool
delay_is_over(const struct host *h)
{
	return h->router.preempt_delay > 0 && h->lower_since != NEVER &&
	    host_clock(h) - h->lower_since >= h->router.preempt_delay;
}

/* Who woke late steps down and listens for a down interval before it says anything. */
static void
check_not_late(struct host *h)
{
	struct world *w = h->w;

	if (h->state == ELECT_MASTER && h->entered <= h->late_since)
		trace_fail(w, h, "woke late and went on as master");
	if (w->now - h->late_since < down(h, w->shortest))
		trace_fail(w, h, "woke late and spoke before it listened");
	h->late_since = NEVER;
}

static void
check_storm(struct host *h)
{
	int64_t gap =
	    h->router.advert < 100 * NSEC_PER_MSEC ? h->router.advert : 100 * NSEC_PER_MSEC;

	if (h->w->now - h->window >= h->router.advert) {
		h->window = h->w->now;
		h->in_window = 0;
	}
	if (++h->in_window > 4 + h->router.advert / gap)
		trace_fail(h->w, h, "a storm: too many adverts in one interval");
	if (++h->in_step > 2)
		trace_fail(h->w, h, "more than two adverts at once");
}

void
check_send(struct host *h, unsigned int prio)
{
	struct world *w = h->w;

	check_storm(h);
	if (prio == 0)
		return;
	if (!h->link && h->sensor_up)
		trace_fail(w, h, "an advert on a link that is down");
	if (h->late_since != NEVER)
		check_not_late(h);
	if (w->now - sim_longer(h->last_sensor, h->woken) > check_blind(h))
		trace_fail(w, h, "an advert although the sensor is silent");
	if (h->state == ELECT_MASTER && w->now - h->entered > h->router.advert && !h->held &&
	    w->now - h->last_send < h->lease)
		trace_fail(w, h, "advertises without the address");
	h->last_send = w->now;
}

static void
note_state(struct host *h, const struct elect_action *a)
{
	struct world *w = h->w;

	if (a->to == ELECT_LEAVING)
		saw(w, SAW_leaving);
	if (a->to == ELECT_FAULT)
		saw(w, SAW_fault_state);
	if (a->to == ELECT_INIT || a->from == ELECT_INIT)
		saw(w, SAW_init_state);
	if (a->to == ELECT_MASTER && a->prio == VRRP_PRIO_OWNER)
		saw(w, SAW_owner);
	if (a->from == ELECT_MASTER && w->now - h->last_sensor > h->router.advert)
		saw(w, SAW_blind);
	if (a->to == ELECT_MASTER && h->lower_since != NEVER && h->router.preempt_delay > 0)
		saw(w, SAW_preempt_delay);
	if (a->to == ELECT_MASTER && w->first == NULL)
		w->first = h;
}

/* A backup that takes over, whatever its reason. */
static void
check_promotion(struct host *h, const struct elect_action *a)
{
	struct world *w = h->w;
	const struct config_router *r = &h->router;
	bool by_right = a->prio == VRRP_PRIO_OWNER;

	if (w->now - h->last_sensor > r->advert)
		trace_fail(w, h, "promoted although the sensor is silent");
	if (strcmp(a->reason, "preempt") != 0)
		return;
	if (h->release_until > w->now)
		trace_fail(w, h, "preempted while it was released");
	if (w->now - h->higher_at < w->shortest && !w->same_address)
		trace_fail(w, h, "preempted while it heard one that is not lower");
	if (by_right)
		return;
	if (!r->preempt)
		trace_fail(w, h, "preempted against preempt=no");
	if (r->preempt_delay > 0 && !delay_is_over(h) && !w->same_address)
		trace_fail(w, h, "preempted before its delay was over");
}

void
check_state(struct host *h, const struct elect_action *a)
{
	struct world *w = h->w;

	if (a->from != h->state)
		trace_fail(w, h, "a transition from a state it was not in");
	if (a->from == a->to)
		trace_fail(w, h, "a transition to the state it was in");
	if (a->seq <= h->seq)
		trace_fail(w, h, "a transition without a new number");
	if (w->quiet)
		trace_fail(w, h, "a transition without a fault");
	if (a->to == ELECT_MASTER)
		check_promotion(h, a);
	note_state(h, a);
	if (a->to != ELECT_LEAVING && a->to != ELECT_BACKUP)
		h->lower_since = NEVER;
	if (a->from == ELECT_INIT || a->from == ELECT_FAULT) { /* a start like any other */
		h->late_since = NEVER;
		h->higher_at = INT64_MIN / 2;
	}
	h->state = a->to;
	h->seq = a->seq;
	h->entered = w->now;
}

/* Before the elector acts on it. */
static void
note_advert(struct host *h, const struct elect_event *ev)
{
	struct world *w = h->w;
	unsigned int prio = elect_prio_of(h->elect, 0);

	if (ev->advert->self)
		return;
	if (ev->advert->prio == 0) {
		h->higher_at = INT64_MIN / 2;
		if (h->state == ELECT_BACKUP)
			saw(w, SAW_priority_zero);
		return;
	}
	if (ev->advert->prio >= prio) {
		h->lower_since = NEVER;
		h->higher_at = ev->time - h->base;
		h->higher = ev->advert->src;
	} else {
		if (h->lower_since == NEVER)
			h->lower_since = ev->time;
		if (addr_compare(&ev->advert->src, &h->higher) == 0)
			h->higher_at = INT64_MIN / 2; /* no longer */
	}
	if (h->state == ELECT_MASTER && ev->advert->prio == prio)
		saw(w, SAW_tie);
	if (h->state == ELECT_MASTER && ev->advert->prio > prio)
		saw(w, SAW_preempted);
	if (h->state == ELECT_BACKUP && ev->advert->interval != h->router.advert)
		saw(w, SAW_learnt);
}

/* Of another priority than before, the host may see a lower master where it saw none. */
void
check_changed(struct host *h)
{
	if (h->lower_since == NEVER)
		h->lower_since = host_clock(h);
	h->higher_at = INT64_MIN / 2;
}

void
check_event(struct host *h, const struct elect_event *ev)
{
	if (ev->kind == ELECT_ADVERT || ev->kind == ELECT_TICK)
		h->last_sensor = sim_longer(h->last_sensor, ev->time - h->base);
	if (ev->kind == ELECT_ADVERT)
		note_advert(h, ev);
	if (ev->kind == ELECT_PRIORITY || ev->kind == ELECT_HEALTH)
		check_changed(h);
	h->in_step = 0;
}

void
check_step(struct host *h, const struct elect_event *ev, enum elect_state before)
{
	struct world *w = h->w;
	int64_t deadline = elect_deadline(h->elect);

	if (elect_state_of(h->elect, 0) != h->state)
		trace_fail(w, h, "a transition that was not said");
	if (h->in_step > 0 && h->last_send == w->now && before != ELECT_MASTER &&
	    h->state != ELECT_MASTER)
		trace_fail(w, h, "an advert from one who is not master");
	if (before == ELECT_MASTER && h->state == ELECT_LEAVING && h->in_step == 0)
		trace_fail(w, h, "left without a word");
	if (ev->kind == ELECT_TIMER && deadline <= host_clock(h))
		trace_fail(w, h, "a timer that does not move on");
	if (h->state == ELECT_MASTER && deadline - h->base > h->last_send + h->router.advert)
		trace_fail(w, h, "a master without its next advert");
	if (h->state == ELECT_BACKUP && deadline == NEVER)
		trace_fail(w, h, "a backup without a timer");
	if (w->now > h->stop_by && h->state != ELECT_STOP)
		trace_fail(w, h, "told to stop and did not");
	if (h->state != before)
		serve_account(w);
}
