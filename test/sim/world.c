#include <string.h>

#include "sim.h"

/* The world: a medium that every host shares, and one clock. What is on its way lies in a heap
 * by the time of its arrival. */

static void
packet_push(struct world *w, const struct packet *p)
{
	size_t i = ++w->n_packets;

	if (i > PACKETS_MAX)
		trace_fail(w, NULL, "the medium is full: a storm of adverts");
	for (; i > 1 && w->packet[i / 2 - 1].at > p->at; i /= 2)
		w->packet[i - 1] = w->packet[i / 2 - 1];
	w->packet[i - 1] = *p;
}

static struct packet
packet_pop(struct world *w)
{
	struct packet first = w->packet[0], last = w->packet[--w->n_packets];
	size_t i = 1, child;

	while ((child = 2 * i) <= w->n_packets) {
		if (child < w->n_packets && w->packet[child].at < w->packet[child - 1].at)
			child++;
		if (w->packet[child - 1].at >= last.at)
			break;
		w->packet[i - 1] = w->packet[child - 1];
		i = child;
	}
	w->packet[i - 1] = last;
	return first;
}

static void
send_to(struct world *w, const struct host *from, const struct host *to, unsigned int prio)
{
	struct packet p = {
	    .sent = w->now,
	    .interval = from->router.advert,
	    .from = (uint8_t)from->id,
	    .to = (uint8_t)to->id,
	    .prio = (uint8_t)prio,
	};

	p.at = w->now + w->delay + (int64_t)random_below(w, (uint64_t)w->jitter + 1);
	packet_push(w, &p);
}

void
world_send(struct host *h, unsigned int prio)
{
	struct world *w = h->w;
	struct packet self = {
	    .sent = w->now,
	    .interval = h->router.advert,
	    .from = (uint8_t)h->id,
	    .to = (uint8_t)h->id,
	    .prio = (uint8_t)prio,
	};

	w->totals->sends++;
	if (h->mute || !h->link)
		return;
	self.at = w->now + (int64_t)random_below(w, 20 * NSEC_PER_USEC);
	packet_push(w, &self);
	for (unsigned int i = 0; i < w->n; i++) {
		if (i == h->id || w->cut[h->id][i])
			continue;
		if (random_chance(w, w->loss)) {
			saw(w, SAW_lost);
			continue;
		}
		send_to(w, h, &w->host[i], prio);
		if (random_chance(w, w->dup)) {
			saw(w, SAW_duplicated);
			send_to(w, h, &w->host[i], prio);
		}
	}
}

static void
arrive(struct world *w, const struct packet *p)
{
	struct host *h = &w->host[p->to];
	struct input in = {.kind = ELECT_ADVERT, .packet = *p};

	if (h->elect == NULL || h->asleep || (p->from != p->to && !h->link))
		return;
	if (p->from != p->to) {
		if (p->sent < h->newest[p->from])
			saw(w, SAW_reordered);
		h->newest[p->from] = p->sent;
	}
	host_event(h, &in);
}

/* The next host to do something, and when. */
static struct host *
first_host(struct world *w, int64_t *when)
{
	struct host *first = NULL;

	*when = NEVER;
	for (unsigned int i = 0; i < w->n; i++) {
		if (w->host[i].next < *when) {
			first = &w->host[i];
			*when = first->next;
		}
	}
	return first;
}

void
world_run(struct world *w, int64_t until)
{
	for (;;) {
		int64_t when;
		struct host *h = first_host(w, &when);

		if (w->n_packets > 0 && w->packet[0].at <= when) {
			struct packet p;

			if (w->packet[0].at > until)
				break;
			p = packet_pop(w);
			w->now = p.at;
			arrive(w, &p);
		} else if (h != NULL && when <= until) {
			w->now = when;
			host_fire(h);
		} else {
			break;
		}
		w->totals->events++;
	}
	w->now = until > w->now ? until : w->now;
}
