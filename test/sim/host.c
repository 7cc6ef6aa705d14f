#include <stdio.h>
#include <string.h>

#include "sim.h"

/* A host: the sensor, the elector and the holder of a pipeline, and the kernel under them. */

int64_t
host_clock(const struct host *h)
{
	return h->w->now + h->base;
}

static bool
is_rare(const struct input *in)
{
	return in->kind != ELECT_ADVERT && in->kind != ELECT_TICK;
}

/* A full socket buffer drops what comes; a full pipe makes the writer wait: there the newest
 * takes the last place. What is rare is not missed. */
static bool
queue_push(struct queue *q, const struct input *in, bool is_pipe)
{
	struct input *last = &q->input[(q->head + QUEUE_MAX - 1) % QUEUE_MAX];

	if (q->n < QUEUE_MAX)
		last = &q->input[(q->head + q->n++) % QUEUE_MAX];
	else if (!is_rare(in) && (!is_pipe || is_rare(last)))
		return false;
	*last = *in;
	return true;
}

static const struct input *
queue_pop(struct queue *q)
{
	const struct input *in = &q->input[q->head];

	if (q->n == 0)
		return NULL;
	q->head = (q->head + 1) % QUEUE_MAX;
	q->n--;
	return in;
}

/* When the host does something by itself. A timer is served a little late. */
void
host_update(struct host *h)
{
	int64_t deadline = h->elect != NULL ? elect_deadline(h->elect) : NEVER;

	if (deadline != h->deadline) {
		h->deadline = deadline;
		h->wake = NEVER;
		if (deadline != NEVER)
			h->wake = deadline - h->base +
			    (int64_t)random_below(h->w, (uint64_t)h->w->late + 1);
	}
	h->next = NEVER;
	if (h->asleep)
		return;
	if (h->held)
		h->next = h->lease_until;
	if (h->elect == NULL)
		return;
	if (h->elector_up && h->wake < h->next)
		h->next = h->wake;
	if (h->sensor_up && h->tick_at < h->next)
		h->next = h->tick_at;
	if (h->next < h->w->now)
		h->next = h->w->now;
}

/* ---- the holder: vip-up ---- */

/* The kernel counts whole seconds and looks now and then: 3 s become up to 3.33 s. */
static void
renew(struct host *h)
{
	bool held = h->held;

	h->held = true;
	h->lease_until = h->w->now + h->lease + random_time(h->w, 0, NSEC_PER_SEC / 3);
	if (!held)
		serve_account(h->w);
}

static void
hold(struct host *h, enum elect_state to)
{
	if (to == ELECT_MASTER)
		renew(h);
	if (to != ELECT_MASTER && to != ELECT_LEAVING)
		h->held = false;
}

/* ---- the elector ---- */

static void
act(void *ctx, const struct elect_action *a)
{
	struct host *h = ctx;
	struct world *w = h->w;

	switch (a->kind) {
	case ELECT_DO_SEND:
		trace(w, "send", h->id, HOSTS_MAX, a->prio, NULL);
		check_send(h, a->prio);
		if (a->prio > 0 && h->state == ELECT_MASTER)
			renew(h);
		world_send(h, a->prio);
		break;
	case ELECT_DO_STATE:
		trace(w, elect_state_name(a->to), h->id, HOSTS_MAX, a->prio, a->reason);
		check_state(h, a);
		hold(h, a->to);
		break;
	case ELECT_DO_CONTESTED:
		trace(w, "contested", h->id, HOSTS_MAX, a->prio, NULL);
		saw(w, SAW_contested);
		break;
	case ELECT_DO_STALLED:
		trace(w, "stalled", h->id, HOSTS_MAX, a->duration / NSEC_PER_MSEC, NULL);
		saw(w, SAW_stalled);
		break;
	case ELECT_DO_MISMATCH:
		trace(w, "mismatch", h->id, HOSTS_MAX, 0, a->reason);
		saw(w, SAW_mismatch);
		break;
	case ELECT_DO_CONFLICT:
		trace(w, "conflict", h->id, HOSTS_MAX, 0, a->reason);
		saw(w, SAW_conflict);
		break;
	}
}

static void
step(struct host *h, const struct input *in)
{
	const struct packet *p = &in->packet;
	struct elect_event ev = {
	    .kind = in->kind,
	    .prio = in->prio,
	    .up = in->up,
	    .time = in->time,
	    .duration = in->duration,
	    .ifname = h->router.ifname,
	    .object = h->track.object,
	};
	struct elect_advert advert;
	enum elect_state before = h->state;

	if (in->kind == ELECT_ADVERT) {
		advert = (struct elect_advert){
		    .src = h->w->host[p->from].addr,
		    .version = h->w->version,
		    .prio = p->prio,
		    .self = p->from == p->to,
		    .interval = p->interval,
		    .time = in->time,
		};
		ev.advert = &advert;
	}
	if (in->kind == ELECT_LINK && in->has_ip) {
		ev.ip = h->w->family == 4 ? h->addr : (struct addr){0};
		ev.ip6 = h->w->family == 6 ? h->addr : (struct addr){0};
	}
	if (in->kind == ELECT_ADVERT && p->from != p->to)
		trace(h->w, "advert", h->id, p->from, p->prio, NULL);
	else if (in->name != NULL)
		trace(h->w, in->name, h->id, HOSTS_MAX, in->prio, NULL);
	check_event(h, &ev);
	elect_step(h->elect, &ev, host_clock(h));
	check_step(h, &ev, before);
	host_update(h);
}

static void
elector_read(struct host *h, const struct input *in)
{
	if (h->elector_up)
		step(h, in);
	else if (queue_push(&h->pipe, in, true))
		saw(h->w, SAW_backlog);
}

/* ---- the sensor ---- */

/* All that an elector reads comes through the sensor, control records too. */
void
host_event(struct host *h, struct input *in)
{
	in->time = host_clock(h);
	if (!h->sensor_up) {
		if (queue_push(&h->ring, in, false))
			saw(h->w, SAW_ring);
		return;
	}
	if (in->kind == ELECT_ADVERT || in->kind == ELECT_TICK)
		h->tick_at = h->w->now + h->router.advert / 2;
	elector_read(h, in);
	host_update(h);
}

void
host_link(struct host *h)
{
	struct input in = {.kind = ELECT_LINK, .name = "link", .up = h->link, .has_ip = h->has_ip};

	host_event(h, &in);
}

/* The record passes all stages: here it changes the elector's. */
void
host_edit(struct host *h)
{
	struct config_result edited = {CONFIG_ROUTER, CONFIG_EDITED, 0};

	trace(h->w, "edit", h->id, HOSTS_MAX, h->router.prio, NULL);
	check_changed(h);
	h->woken = h->w->now;
	if (h->tick_at > h->w->now + h->router.advert / 2)
		h->tick_at = h->w->now + h->router.advert / 2;
	h->in_step = 0;
	if (elect_configure(h->elect, &edited, host_clock(h)) == -1)
		trace_fail(h->w, h, "no memory");
	serve_account(h->w);
	host_update(h);
}

void
host_stop(struct host *h, bool sensor, bool elector)
{
	if (elector && h->elector_up)
		h->elector_down_since = h->w->now;
	h->sensor_up = h->sensor_up && !sensor;
	h->elector_up = h->elector_up && !elector;
	serve_account(h->w);
	host_update(h);
}

static void
continue_elector(struct host *h)
{
	struct input timer = {.kind = ELECT_TIMER};
	const struct input *in;

	h->elector_up = true;
	check_woken(h);
	if (random_chance(h->w, 256) && h->deadline <= host_clock(h))
		step(h, &timer);
	while ((in = queue_pop(&h->pipe)) != NULL)
		step(h, in);
	serve_account(h->w);
}

void
host_continue(struct host *h, bool sensor, bool elector)
{
	const struct input *in;

	if (elector && !h->elector_up)
		continue_elector(h);
	if (sensor && !h->sensor_up) {
		while ((in = queue_pop(&h->ring)) != NULL)
			elector_read(h, in);
		h->sensor_up = true;
		h->tick_at = h->w->now;
	}
	host_update(h);
}

/* CLOCK_MONOTONIC, and with it every timer and lifetime of the host, stands still. */
void
host_suspend(struct host *h)
{
	h->asleep = true;
	h->asleep_since = h->w->now;
	host_stop(h, true, true);
}

void
host_resume(struct host *h)
{
	int64_t slept = h->w->now - h->asleep_since;
	struct input in = {.kind = ELECT_SUSPEND, .name = "suspend", .duration = slept};

	h->asleep = false;
	h->elector_up = true;
	check_woken(h);
	h->base -= slept;
	h->lease_until += slept;
	h->last_send += slept;
	h->last_sensor += slept;
	h->entered += slept;
	h->deadline = NEVER;
	if (h->stop_by != NEVER)
		h->stop_by += slept;
	step(h, &in);
	host_continue(h, true, true);
	serve_account(h->w);
	saw(h->w, SAW_suspended);
}

/* ---- the host's own time ---- */

void
host_fire(struct host *h)
{
	struct world *w = h->w;
	struct input timer = {.kind = ELECT_TIMER}, tick = {.kind = ELECT_TICK};

	if (h->held && h->lease_until <= w->now) {
		trace(w, "lease-out", h->id, HOSTS_MAX, 0, NULL);
		saw(w, SAW_lease_ran_out);
		h->held = false;
		serve_account(w);
	} else if (h->elect != NULL && h->elector_up && h->wake <= w->now) {
		step(h, &timer);
	} else if (h->elect != NULL && h->sensor_up && h->tick_at <= w->now) {
		host_event(h, &tick);
	}
	host_update(h);
}

void
host_start(struct host *h)
{
	struct config_result added = {CONFIG_ROUTER, CONFIG_ADDED, 0};

	h->elect = elect_new(&h->config, act, h, host_clock(h));
	if (h->elect == NULL || elect_configure(h->elect, &added, host_clock(h)) == -1)
		trace_fail(h->w, h, "no memory");
	h->held = false;
	h->elector_up = h->sensor_up = true;
	h->asleep = false;
	h->healthy = true;
	h->ring.n = h->pipe.n = 0;
	h->deadline = h->wake = NEVER;
	h->tick_at = h->w->now + h->router.advert / 2;
	check_started(h);
	trace(h->w, "start", h->id, HOSTS_MAX, h->router.prio, NULL);
	host_link(h);
}

/* Nothing is said and nothing undone: the address stays until its lease runs out. */
void
host_kill(struct host *h)
{
	elect_free(h->elect);
	h->elect = NULL;
	host_update(h);
	serve_account(h->w);
}
