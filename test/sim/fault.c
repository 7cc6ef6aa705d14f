#include "sim.h"

/* What befalls the hosts and the medium between them. A second fault of a kind on the same
 * host undoes the first. */

static struct host *
pick_host(struct world *w)
{
	return &w->host[random_below(w, w->n)];
}

static bool
runs(const struct host *h)
{
	return h->elect != NULL && h->sensor_up && h->elector_up;
}

static void
fault_loss(struct world *w)
{
	w->loss = random_chance(w, 340) ? 0 : (unsigned int)random_below(w, 513);
}

static void
fault_dup(struct world *w)
{
	w->dup = random_chance(w, 340) ? 0 : (unsigned int)random_below(w, 400);
}

static void
fault_cut(struct world *w)
{
	unsigned int a = pick_host(w)->id, b = pick_host(w)->id;

	w->cut[a][b] = w->cut[b][a] = a != b && !w->cut[a][b];
}

static void
fault_one_way(struct world *w)
{
	unsigned int a = pick_host(w)->id, b = pick_host(w)->id;

	w->cut[a][b] = a != b && !w->cut[a][b];
	if (w->cut[a][b] && !w->cut[b][a])
		saw(w, SAW_one_way);
}

static void
fault_partition(struct world *w)
{
	unsigned int side = (unsigned int)random_below(w, 1U << w->n);

	for (unsigned int i = 0; i < w->n; i++)
		for (unsigned int j = 0; j < w->n; j++)
			w->cut[i][j] = ((side >> i ^ side >> j) & 1) != 0;
	saw(w, SAW_partition);
}

static void
fault_mend(struct world *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		for (unsigned int j = 0; j < w->n; j++)
			w->cut[i][j] = false;
	w->loss = 0;
}

static void
start_anew(struct host *h)
{
	if (h->elect != NULL)
		host_kill(h);
	host_start(h);
}

static void
fault_start(struct world *w)
{
	struct host *h = pick_host(w);

	if (h->elect == NULL || (h->state == ELECT_STOP && runs(h)))
		start_anew(h);
}

static void
fault_kill(struct world *w)
{
	struct host *h = pick_host(w);

	if (h->elect == NULL || h->asleep)
		return;
	trace(w, "kill", h->id, HOSTS_MAX, 0, NULL);
	host_kill(h);
}

/* SIGSTOP and SIGCONT, of one stage or of all; the stages wake one after the other. */
static void
stop_or_go(struct world *w, bool sensor, bool elector, const char *name)
{
	struct host *h = pick_host(w);

	if (h->elect == NULL || h->asleep)
		return;
	trace(w, name, h->id, HOSTS_MAX, runs(h) ? 0 : 1, NULL);
	if (runs(h)) {
		host_stop(h, sensor, elector);
		return;
	}
	host_continue(h, false, true);
	if (!h->sensor_up && random_chance(w, 512))
		world_run(w, w->now + random_time(w, 0, h->router.advert / 4));
	host_continue(h, true, true);
}

static void
fault_freeze(struct world *w)
{
	stop_or_go(w, true, true, "freeze");
}

static void
fault_elector(struct world *w)
{
	stop_or_go(w, false, true, "elector");
}

static void
fault_sensor(struct world *w)
{
	stop_or_go(w, true, false, "sensor");
}

static void
fault_suspend(struct world *w)
{
	struct host *h = pick_host(w);

	if (h->asleep) {
		host_resume(h);
	} else if (runs(h)) {
		trace(w, "sleep", h->id, HOSTS_MAX, 0, NULL);
		host_suspend(h);
	}
}

static void
fault_link(struct world *w)
{
	struct host *h = pick_host(w);

	if (h->elect == NULL || h->asleep)
		return;
	h->link = !h->link;
	serve_account(w);
	host_link(h);
}

static void
fault_address(struct world *w)
{
	struct host *h = pick_host(w);

	if (!runs(h))
		return;
	h->has_ip = !h->has_ip;
	host_link(h);
}

static void
fault_mute(struct world *w)
{
	struct host *h = pick_host(w);

	h->mute = !h->mute;
	h->was_mute = true;
	trace(w, "mute", h->id, HOSTS_MAX, h->mute, NULL);
}

static void
set_health(struct host *h, bool up)
{
	struct input in = {.kind = ELECT_HEALTH, .name = "health", .up = up, .prio = up};

	h->healthy = up;
	host_event(h, &in);
}

static void
fault_health(struct world *w)
{
	struct host *h = pick_host(w);

	if (runs(h) && h->track.used)
		set_health(h, !h->healthy);
}

static void
fault_stop(struct world *w)
{
	struct host *h = pick_host(w);

	if (runs(h))
		fault_stop_one(h);
}

void
fault_stop_one(struct host *h)
{
	struct input in = {.kind = ELECT_STOP_, .name = "stop"};

	h->stop_by = h->w->now + h->router.handover + 2 * h->w->late;
	host_event(h, &in);
}

static void
fault_end(struct world *w)
{
	struct host *h = pick_host(w);
	struct input in = {.kind = ELECT_END, .name = "end"};

	if (!runs(h))
		return;
	if (h->state == ELECT_MASTER)
		saw(w, SAW_ended);
	host_event(h, &in);
	if (h->state != ELECT_STOP)
		trace_fail(w, h, "not stopped at the end of its input");
	host_kill(h);
}

void
fault_release_one(struct host *h, int64_t duration)
{
	struct input in = {.kind = ELECT_RELEASE, .name = "release", .duration = duration};

	h->release_until = h->w->now + duration;
	host_event(h, &in);
	saw(h->w, SAW_released);
}

static void
fault_release(struct world *w)
{
	struct host *h = pick_host(w);

	if (runs(h))
		fault_release_one(h, random_time(w, w->interval / 2, 6 * w->interval));
}

void
fault_priority_one(struct host *h, unsigned int prio)
{
	struct input in = {.kind = ELECT_PRIORITY, .name = "priority", .prio = prio};

	host_event(h, &in);
}

static void
fault_priority(struct world *w)
{
	struct host *h = pick_host(w), *other = pick_host(w);

	if (runs(h))
		fault_priority_one(h,
		    random_chance(w, 512) ? other->router.prio
					  : 1 + (unsigned int)random_below(w, 254));
}

static void
fault_edit(struct world *w)
{
	struct host *h = pick_host(w);

	if (!runs(h))
		return;
	h->router.prio = (uint8_t)(1 + random_below(w, 254));
	h->router.preempt = random_chance(w, 700);
	if (!h->router.preempt)
		h->router.preempt_delay = 0;
	if (w->version == 3 && w->shortest != w->interval)
		h->router.advert = random_chance(w, 512) ? w->shortest : w->interval;
	h->lease = config_lease(&h->config, &h->address);
	host_edit(h);
}

#define FAULTS(X)                                                                                  \
	X(loss)                                                                                    \
	X(dup)                                                                                     \
	X(cut)                                                                                     \
	X(one_way)                                                                                 \
	X(partition)                                                                               \
	X(mend)                                                                                    \
	X(start)                                                                                   \
	X(kill)                                                                                    \
	X(freeze)                                                                                  \
	X(elector)                                                                                 \
	X(sensor)                                                                                  \
	X(suspend)                                                                                 \
	X(link)                                                                                    \
	X(address)                                                                                 \
	X(mute)                                                                                    \
	X(health)                                                                                  \
	X(stop)                                                                                    \
	X(end)                                                                                     \
	X(release)                                                                                 \
	X(priority)                                                                                \
	X(edit)

const char *const fault_names[] = {
#define X(name) #name,
    FAULTS(X)
#undef X
	NULL};

void
fault_any(struct world *w)
{
	static void (*const fault[])(struct world *) = {
#define X(name) fault_##name,
	    FAULTS(X)
#undef X
	};
	uint64_t i = random_below(w, sizeof(fault) / sizeof(fault[0]));

	if ((w->masked >> i & 1) != 0)
		return;
	trace(w, "fault", 0, HOSTS_MAX, 0, fault_names[i]);
	fault[i](w);
}

static void
heal_host(struct host *h)
{
	bool news = !h->link || !h->has_ip;

	if (h->asleep)
		host_resume(h);
	h->mute = false;
	h->link = h->has_ip = true;
	if (h->elect == NULL) {
		h->healthy = true;
		return;
	}
	host_continue(h, true, true);
	if (news)
		host_link(h);
	if (!h->healthy)
		set_health(h, true);
}

/* Everything works again and nothing is lost; who is dead may stay so, but not all. */
void
fault_heal(struct world *w)
{
	unsigned int alive = 0;

	trace(w, "heal", 0, HOSTS_MAX, 0, NULL);
	fault_mend(w);
	for (unsigned int i = 0; i < w->n; i++) {
		struct host *h = &w->host[i];

		heal_host(h);
		if ((h->elect == NULL || h->stop_by != NEVER) &&
		    (random_chance(w, 700) || (i + 1 == w->n && alive == 0)))
			start_anew(h);
		alive += h->elect != NULL && h->stop_by == NEVER;
	}
	serve_account(w);
}
