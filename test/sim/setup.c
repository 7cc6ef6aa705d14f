#include <string.h>

#include "sim.h"

/* The hosts of a seed: how many, of what version, interval, priority and temper. */

static int64_t
pick_interval(struct world *w)
{
	static const int v2[] = {1000, 1000, 1000, 2000, 3000, 10000};
	static const int v3[] = {10, 10, 20, 50, 100, 100, 250, 1000, 1000, 1000, 3000, 10000};

	if (w->version == 2)
		return v2[random_below(w, sizeof(v2) / sizeof(v2[0]))] * NSEC_PER_MSEC;
	return v3[random_below(w, sizeof(v3) / sizeof(v3[0]))] * NSEC_PER_MSEC;
}

/* Version 3 learns the master's interval: neighbours need not agree. */
static int64_t
vary_interval(struct world *w, int64_t interval)
{
	static const int quarters[] = {1, 2, 4, 4, 8, 16};
	int64_t step = 10 * NSEC_PER_MSEC;

	interval = interval * quarters[random_below(w, 6)] / 4 / step * step;
	return interval < step ? step : interval > 40 * NSEC_PER_SEC ? 40 * NSEC_PER_SEC : interval;
}

static struct addr
pick_addr(struct world *w)
{
	struct addr a = {.family = w->family};
	uint64_t bits = random_next(w);

	if (w->family == 4) {
		memcpy(a.octet, &bits, 4);
	} else {
		a.octet[0] = 0xfe;
		a.octet[1] = 0x80;
		memcpy(a.octet + 8, &bits, 8);
	}
	return a;
}

static void
setup_medium(struct world *w)
{
	static const int parts[] = {0, 0, 0, 2, 5, 5, 10, 30, 90};
	int64_t most = w->shortest * parts[random_below(w, sizeof(parts) / sizeof(parts[0]))] / 100;

	w->delay = random_time(w, 0, most);
	w->jitter = random_chance(w, 512) ? most - w->delay : 0;
	w->delay_max = w->delay + w->jitter;
	w->late = random_chance(w, 512) ? random_time(w, 0, w->shortest / 50) : 0;
}

/* Priorities of a seed come from a few values, so that ties happen, or from all. */
static uint8_t
pick_prio(struct world *w, bool few)
{
	static const uint8_t some[] = {100, 100, 101, 150};

	if (random_chance(w, 32))
		return VRRP_PRIO_OWNER;
	return few ? some[random_below(w, sizeof(some))] : (uint8_t)(1 + random_below(w, 254));
}

static void
setup_temper(struct host *h)
{
	struct world *w = h->w;
	struct config_router *r = &h->router;

	r->preempt = !random_chance(w, 256);
	if (r->preempt && random_chance(w, 200))
		r->preempt_delay = random_time(w, r->advert / 5, 6 * r->advert);
	if (random_chance(w, 512))
		r->startup = random_time(w, 0, (random_chance(w, 128) ? 6 : 3) * r->advert);
	r->handover = r->advert + 500 * NSEC_PER_MSEC;
	if (r->advert < NSEC_PER_SEC || random_chance(w, 700))
		r->handover = random_time(w, r->advert / 5, 3 * r->advert);
	r->unheard_fault = random_chance(w, 64);
}

static void
setup_host(struct world *w, unsigned int id, int64_t interval, bool few)
{
	struct host *h = &w->host[id];

	h->w = w;
	h->id = id;
	h->addr = pick_addr(w);
	h->router = (struct config_router){.used = true,
	    .name = "r",
	    .ifname = "eth0",
	    .vrid = 51,
	    .prio = pick_prio(w, few),
	    .version = w->version,
	    .family = w->family,
	    .down = w->down,
	    .advert = interval};
	setup_temper(h);
	h->address = (struct config_address){
	    .used = true, .cidr = {h->addr, 24}, .advertise = true, .lease = CONFIG_LEASE_AUTO};
	h->track = (struct config_track){.used = random_chance(w, 400), .object = "check:x"};
	if (random_chance(w, 512))
		h->track.weight = (int16_t)((int)random_below(w, 121) - 60);
	h->config = (struct config){.router = &h->router,
	    .address = &h->address,
	    .track = &h->track,
	    .n_routers = 1,
	    .n_addresses = 1,
	    .n_tracks = 1};
	h->lease = config_lease(&h->config, &h->address);
	h->link = h->has_ip = h->healthy = true;
	h->base = random_chance(w, 256) ? random_time(w, NSEC_PER_SEC, 50 * NSEC_PER_SEC)
					: random_time(w, 0, 1000000 * NSEC_PER_SEC);
	h->next = h->wake = h->deadline = NEVER;
}

void
setup(struct world *w)
{
	int64_t base;
	bool vary, few = random_chance(w, 512);

	w->n = 2 + (unsigned int)random_below(w, HOSTS_MAX - 1);
	w->version = random_chance(w, 360) ? 2 : 3;
	w->family = w->version == 3 && random_chance(w, 512) ? 6 : 4;
	w->down = (uint8_t)(random_chance(w, 820) ? 3 : 2 + random_below(w, 4));
	vary = w->version == 3 && random_chance(w, 256);
	base = w->shortest = w->interval = pick_interval(w);
	for (unsigned int i = 0; i < w->n; i++) {
		int64_t interval = vary ? vary_interval(w, base) : base;

		setup_host(w, i, interval, few);
		w->shortest = i == 0 || interval < w->shortest ? interval : w->shortest;
		w->interval = i == 0 || interval > w->interval ? interval : w->interval;
	}
	setup_medium(w);
	if (random_chance(w, 16)) {
		w->same_address = true;
		w->host[1].addr = w->host[0].addr;
	}
	w->one_since = w->two_since = NEVER;
	w->none_since = 0;
	saw(w, w->version == 2 ? SAW_version2 : SAW_version3);
	if (w->family == 6)
		saw(w, SAW_ipv6);
}
