#include "sim.h"

/* A seed from its beginning to its end: random faults, in which only safety is asked; then all
 * is healed, and one master must come out and nothing move any more; then single faults in an
 * otherwise sound network, each with its own limit. */

static int64_t
longest(const struct world *w, size_t offset)
{
	int64_t most = 0;

	for (unsigned int i = 0; i < w->n; i++) {
		int64_t v;

		memcpy(&v, (const char *)&w->host[i] + offset, sizeof(v));
		most = v > most ? v : most;
	}
	return most;
}

/* Waits out what was begun before: a release, a delay, a hand-over, and the return after it. */
static void
settle(struct world *w)
{
	int64_t released = longest(w, offsetof(struct host, release_until)) - w->now;
	int64_t wait = (w->down + 2) * w->interval + 2 * w->delay_max + 100 * NSEC_PER_MSEC;

	wait += longest(w, offsetof(struct host, router.preempt_delay));
	wait += longest(w, offsetof(struct host, router.handover));
	world_run(w, w->now + wait + (released > 0 ? released : 0));
}

static void
stay_quiet(struct world *w, unsigned int adverts)
{
	w->quiet = true;
	world_run(w, w->now + adverts * w->interval);
	w->quiet = false;
}

static void
note_worst(struct world *w, double *worst, int64_t took)
{
	double adverts = (double)took / (double)w->interval;

	if (adverts > *worst && w->down == 3 &&
	    check_bound(w) <= 4 * w->interval + 2 * w->delay_max + 2 * w->late) {
		*worst = adverts;
		if (worst == &w->totals->worst_converge)
			w->totals->worst_seed = w->seed;
	}
}

/* Exactly one master now, or after the moment that a delayed preemption or the return of a
 * released router takes. */
static void
must_be_one(struct world *w, const char *otherwise)
{
	if (w->one_since == NEVER)
		world_run(w, w->now + 2 * w->delay_max + 2 * w->late + 1);
	if (w->one_since == NEVER)
		trace_fail(w, NULL, otherwise);
}

static void
must_converge(struct world *w)
{
	int64_t since = w->now;

	world_run(w, since + check_bound(w));
	if (w->one_since != NEVER)
		note_worst(w, &w->totals->worst_converge,
		    w->one_since - since - 2 * w->delay_max - 2 * w->late);
	must_be_one(w, "not exactly one master after all was healed");
}

static void
must_be_rightful(struct world *w)
{
	struct host *m = serve_master(w);
	unsigned int prio;

	if (m == NULL)
		trace_fail(w, NULL, "not exactly one master in the calm");
	prio = elect_prio_of(m->elect, 0);
	for (unsigned int i = 0; i < w->n; i++) {
		struct host *h = &w->host[i];
		bool higher = serve_is_eligible(h) && elect_prio_of(h->elect, 0) > prio;
		bool owner = higher && elect_prio_of(h->elect, 0) == VRRP_PRIO_OWNER;

		if (higher && (h->router.preempt || owner))
			trace_fail(w, h, "higher than the master and was not let in");
		if (higher)
			saw(w, SAW_no_preempt);
		if (h != m && h->elect != NULL && h->held)
			trace_fail(w, h, "holds the address beside the master");
	}
	if (!m->held)
		trace_fail(w, m, "master without the address in the calm");
}

/* ---- single faults ---- */

/* The backups that would run for the place of this master: the best and its lead. */
struct race {
	struct host *best;
	int64_t lead; /* NEVER where it runs alone, 0 for a tie */
};

static struct race
find_race(struct world *w, const struct host *master)
{
	struct race r = {.lead = NEVER};
	unsigned int best = 0, next = 0;

	for (unsigned int i = 0; i < w->n; i++) {
		struct host *h = &w->host[i];
		unsigned int prio;

		if (h == master || !serve_is_eligible(h) || h->state != ELECT_BACKUP)
			continue;
		prio = elect_prio_of(h->elect, 0);
		if (prio > best) {
			next = best;
			best = prio;
			r.best = h;
		} else if (prio > next) {
			next = prio;
		}
	}
	if (next > 0)
		r.lead = check_skew(w, next, master->router.advert) -
		    check_skew(w, best, master->router.advert);
	return r;
}

/* The race is fair where the winner's first advert reaches the others before their turn. */
static void
note_race(struct world *w, const struct race *r)
{
	if (r->lead == NEVER || r->lead <= w->delay + 2 * w->jitter + w->late)
		return;
	saw(w, SAW_race);
	w->totals->races++;
	w->totals->races_won += w->first == r->best;
}

/* Somebody takes over within limit of now. */
static void
must_take_over(struct world *w, const struct race *r, int64_t limit, double *worst)
{
	int64_t since = w->now;

	world_run(w, since + limit + w->delay + w->jitter + w->late);
	if (w->first == NULL)
		trace_fail(w, r->best, "did not take over in time");
	note_worst(w, worst, w->first->entered - since - w->delay - w->jitter - w->late);
	note_race(w, r);
	/* where delays vary, a priority 0 may reach a backup after the successor's advert, and
	 * RFC 9568 section 6.4.2 has it run for its own skew, as long as that may be */
	if (w->jitter > 0)
		world_run(w, since + w->delay_max + check_skew(w, 0, w->interval));
	/* and where intervals differ, a loser may have learnt that of another loser */
	if (w->shortest != w->interval)
		world_run(w, since + check_bound(w));
	world_run(w, w->now + 2 * w->delay_max + 2 * w->late + 1);
	must_be_one(w, "not exactly one master after one has left");
}

static void
must_not_gap(struct world *w)
{
	if (w->gap > 0 || w->none_since != NEVER)
		trace_fail(w, NULL, "nobody held the address in a hand-over");
}

static int64_t
skew_of(const struct race *r, const struct host *master)
{
	return check_skew(r->best->w, elect_prio_of(r->best->elect, 0), master->router.advert);
}

static void
leave_cleanly(struct world *w, struct host *master, const struct race *r)
{
	int64_t skew, handover = master->router.handover;

	skew = skew_of(r, master);
	must_take_over(w, r, skew, &w->totals->worst_stop);
	if (handover > skew + w->delay + w->jitter + w->late)
		must_not_gap(w);
}

static void
single_stop(struct world *w, struct host *master)
{
	struct race r = find_race(w, master);

	fault_stop_one(master);
	if (r.best != NULL) {
		leave_cleanly(w, master, &r);
	} else {
		world_run(w, w->now + master->router.handover + w->late);
		if (master->state != ELECT_STOP)
			trace_fail(w, master, "did not stop in time");
		saw(w, SAW_last_stop);
	}
}

static void
single_release(struct world *w, struct host *master)
{
	struct race r = find_race(w, master);

	if (r.best == NULL)
		return;
	fault_release_one(master, random_time(w, 2 * w->interval, 6 * w->interval));
	/* who gives up waiting before anybody can answer takes the address back */
	if (master->router.handover > skew_of(&r, master) + 2 * w->delay_max + 2 * w->late)
		leave_cleanly(w, master, &r);
}

static int64_t
down_of(const struct race *r, const struct host *master)
{
	return check_down(r->best->w, elect_prio_of(r->best->elect, 0), master->router.advert);
}

static void
single_kill(struct world *w, struct host *master)
{
	struct race r = find_race(w, master);
	bool alone = w->two_since == NEVER; /* no other orphan is held */

	if (r.best == NULL)
		return;
	trace(w, "kill", master->id, HOSTS_MAX, 0, NULL);
	host_kill(master);
	w->two = 0;
	must_take_over(w, &r, down_of(&r, master), &w->totals->worst_kill);
	world_run(w, w->now + master->lease + NSEC_PER_SEC / 2);
	if (w->two_since != NEVER) /* a delayed preemption hands over at this moment */
		world_run(w, w->now + 2 * w->delay_max + 2 * w->late + 1);
	if (w->two_since != NEVER || (alone && w->two > master->lease + NSEC_PER_SEC / 2))
		trace_fail(w, NULL, "two hold the address after a kill");
	if (alone && w->down == 3 && w->interval == NSEC_PER_SEC && w->shortest == w->interval &&
	    20 * w->delay_max <= w->interval)
		w->totals->worst_two = sim_longer(w->totals->worst_two, w->two);
}

static void
single_freeze(struct world *w, struct host *master)
{
	struct race r = find_race(w, master);

	if (r.best == NULL)
		return;
	trace(w, "freeze", master->id, HOSTS_MAX, 0, NULL);
	host_stop(master, true, true);
	must_take_over(w, &r, down_of(&r, master), &w->totals->worst_kill);
	world_run(w, w->now + random_time(w, w->interval, 6 * w->interval));
	host_continue(master, true, true);
	must_converge(w);
}

/* Someone who was dead comes back: the equal and the patient leave the master alone. */
static void
single_return(struct world *w, struct host *master)
{
	unsigned int own, prio = elect_prio_of(master->elect, 0);
	int64_t entered = master->entered;
	struct host *h = NULL;

	for (unsigned int i = 0; i < w->n; i++)
		if (w->host[i].elect == NULL)
			h = &w->host[i];
	if (h == NULL)
		return;
	host_start(h);
	must_converge(w);
	must_not_gap(w);
	own = elect_prio_of(h->elect, 0);
	if (own == VRRP_PRIO_OWNER || (own > prio && h->router.preempt))
		return;
	if (check_down(w, own, h->router.advert) <= master->router.advert + w->delay_max + w->late)
		return; /* too fast to have heard the master first */
	if (own == prio)
		saw(w, SAW_incumbent);
	if (master->state != ELECT_MASTER || master->entered != entered)
		trace_fail(w, h, "came back and drove out a master that is as good");
}

static void
single_priority(struct world *w, struct host *master)
{
	struct race r = find_race(w, master);
	unsigned int prio = elect_prio_of(master->elect, 0);

	if (r.best == NULL || prio >= 254 || !r.best->router.preempt ||
	    r.best->router.preempt_delay > 0 || r.best->router.prio == VRRP_PRIO_OWNER)
		return;
	fault_priority_one(r.best, 254);
	if (elect_prio_of(r.best->elect, 0) <= prio)
		return; /* its tracks weigh more */
	must_converge(w);
	must_not_gap(w);
	if (r.best->state != ELECT_MASTER)
		trace_fail(w, r.best, "raised above the master and did not take over");
	saw(w, SAW_raised);
}

static void
single_fault(struct world *w)
{
	static void (*const single[])(struct world *, struct host *) = {single_stop, single_stop,
	    single_kill, single_kill, single_freeze, single_return, single_return, single_release,
	    single_priority};
	struct host *master = serve_master(w);

	w->first = NULL;
	w->gap = 0;
	if (master == NULL)
		trace_fail(w, NULL, "not exactly one master in the calm");
	/* an advert that arrives after a later priority 0 would count as a sign of life */
	if (w->now <= master->last_send + w->delay + w->jitter)
		world_run(w, master->last_send + w->delay + w->jitter + 1);
	trace(w, "single", master->id, HOSTS_MAX, 0, NULL);
	single[random_below(w, sizeof(single) / sizeof(single[0]))](w, master);
}

static bool
any_alive(const struct world *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (serve_is_eligible(&w->host[i]))
			return true;
	return false;
}

/* ---- the seed ---- */

static void
suffer(struct world *w)
{
	for (uint64_t n = random_below(w, 13); n > 0; n--) {
		if (random_chance(w, 300))
			serve_parts(w);
		else
			world_run(
			    w, w->now + random_time(w, 0, random_time(w, 0, 8 * w->interval)));
		fault_any(w);
	}
}

/* Own adverts that were not heard keep a router away, from its next advert on, for 10 s. */
static void
wait_for_retries(struct world *w)
{
	int64_t wait = 0;

	for (unsigned int i = 0; i < w->n; i++)
		if (w->host[i].router.unheard_fault && w->host[i].was_mute)
			wait = w->interval + 10 * NSEC_PER_SEC + 2 * w->late;
	world_run(w, w->now + wait);
}

void
story_run(struct world *w)
{
	setup(w);
	for (unsigned int i = 0; i < w->n; i++) {
		world_run(w, w->now + random_time(w, 0, w->interval));
		host_start(&w->host[i]);
	}
	suffer(w);
	if (w->same_address) {
		saw(w, SAW_same_address);
		return;
	}
	fault_heal(w);
	wait_for_retries(w);
	must_converge(w);
	settle(w);
	stay_quiet(w, 20);
	must_be_rightful(w);
	w->dup = 0;
	for (uint64_t n = random_below(w, 4); n > 0; n--) {
		single_fault(w);
		settle(w);
		if (!any_alive(w))
			return;
		stay_quiet(w, 4);
		must_be_rightful(w);
	}
}
