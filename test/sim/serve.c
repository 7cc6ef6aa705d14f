#include "sim.h"

/* Who is master and who serves the address, in all and in each part of the network. */

bool
serve_is_eligible(const struct host *h)
{
	return h->elect != NULL && h->elector_up && h->sensor_up && h->link && h->has_ip &&
	    !h->mute && (h->healthy || h->track.weight != 0) && h->stop_by == NEVER &&
	    h->state != ELECT_STOP;
}

/* Whether clients that ask for the address may get this host. */
static bool
serves(const struct host *h)
{
	return h->held && !h->asleep && h->link;
}

static void
account(struct world *w, unsigned int masters, unsigned int servers, unsigned int leaving)
{
	if (masters != 1)
		w->one_since = NEVER;
	else if (w->one_since == NEVER)
		w->one_since = w->now;
	if (servers == 0) {
		if (w->none_since == NEVER)
			w->none_since = w->now;
	} else {
		if (w->none_since != NEVER)
			w->gap = sim_longer(w->gap, w->now - w->none_since);
		w->none_since = NEVER;
	}
	if (servers - leaving > 1) {
		if (w->two_since == NEVER)
			w->two_since = w->now;
	} else {
		if (w->two_since != NEVER)
			w->two = sim_longer(w->two, w->now - w->two_since);
		w->two_since = NEVER;
	}
}

/* Called whenever a master or one who serves may have come or gone. */
void
serve_account(struct world *w)
{
	unsigned int masters = 0, servers = 0, leaving = 0;

	for (unsigned int i = 0; i < w->n; i++) {
		struct host *h = &w->host[i];
		bool running = h->elect != NULL && h->elector_up;

		masters += running && h->state == ELECT_MASTER;
		servers += serves(h);
		leaving += serves(h) && running && h->state == ELECT_LEAVING;
		if (running && h->held && h->state != ELECT_MASTER && h->state != ELECT_LEAVING)
			trace_fail(w, h, "holds the address and is neither master nor leaving");
	}
	if (masters > 1)
		saw(w, SAW_dual);
	if (servers > 1 && leaving == 1)
		saw(w, SAW_handover);
	account(w, masters, servers, leaving);
}

struct host *
serve_master(struct world *w)
{
	struct host *master = NULL;

	for (unsigned int i = 0; i < w->n; i++) {
		struct host *h = &w->host[i];

		if (h->elect == NULL || h->state != ELECT_MASTER)
			continue;
		if (master != NULL)
			return NULL;
		master = h;
	}
	return master;
}

static bool
hears(const struct world *w, unsigned int from, unsigned int to)
{
	return from == to || !w->cut[from][to];
}

/* The eligible hosts that hear host i and are heard by it, as a set of bits; 0 where one is
 * heard by it only, or the other way round. */
static unsigned int
neighbours(const struct world *w, unsigned int i)
{
	unsigned int set = 0;

	for (unsigned int j = 0; j < w->n; j++) {
		if (!serve_is_eligible(&w->host[j]))
			continue;
		if (hears(w, i, j) != hears(w, j, i))
			return 0;
		set |= (unsigned int)hears(w, i, j) << j;
	}
	return set;
}

/* A router whose own adverts were not heard stays away for 10 s and then listens. */
static bool
is_retrying(const struct host *h)
{
	return h->router.unheard_fault &&
	    (h->state == ELECT_FAULT || h->w->now - h->entered < check_bound(h->w));
}

/* A part whose hosts all hear each other, and none else, has exactly one master. Returns the
 * first host of a part that has not. */
static struct host *
part_without_one(struct world *w)
{
	for (unsigned int i = 0; i < w->n; i++) {
		unsigned int set = neighbours(w, i), masters = 0;
		bool whole = set != 0;

		if (!serve_is_eligible(&w->host[i]))
			continue;
		for (unsigned int j = 0; j < w->n; j++) {
			if ((set >> j & 1) == 0)
				continue;
			whole = whole && neighbours(w, j) == set && !is_retrying(&w->host[j]);
			masters += w->host[j].state == ELECT_MASTER;
		}
		if (whole && masters != 1)
			return &w->host[i];
	}
	return NULL;
}

void
serve_parts(struct world *w)
{
	int64_t wait = check_bound(w), blind = 0, overlap = 2 * w->delay_max + 2 * w->late;
	struct host *h;

	for (unsigned int i = 0; i < w->n; i++)
		if (!w->host[i].sensor_up)
			blind = sim_longer(blind, check_blind(&w->host[i]));
	world_run(w, w->now + wait + blind);
	if (w->loss > 0 || w->same_address)
		return;
	if (part_without_one(w) != NULL) {
		world_run(w, w->now + overlap + 1); /* one took over this moment */
		h = part_without_one(w);
		if (h != NULL)
			trace_fail(w, h, "its part of the network has not exactly one master");
	}
	for (unsigned int i = 0; i < w->n; i++) {
		h = &w->host[i];
		if (h->elect != NULL && h->elector_up && !h->mute && h->state == ELECT_MASTER &&
		    !serve_is_eligible(h))
			trace_fail(w, h, "master although something is amiss");
	}
}
