#include <stdio.h>

#include "sim.h"

static void
print_one(const struct trace *t)
{
	printf("%12.6f  %c", (double)t->time / 1e9, 'a' + t->host);
	printf(t->peer < HOSTS_MAX ? " <- %c" : "     ", 'a' + t->peer);
	printf(
	    "  %-10s %6lld  %s\n", t->what, (long long)t->number, t->text != NULL ? t->text : "");
}

void
trace(struct world *w, const char *what, unsigned int host, unsigned int peer, int64_t number,
    const char *text)
{
	struct trace *t = &w->trace[w->n_trace++ % TRACE_MAX];

	*t = (struct trace){w->now, what, text, (uint8_t)host, (uint8_t)peer, number};
	if (w->verbose)
		print_one(t);
}

static void
print_host(const struct host *h)
{
	char src[ADDR_STRLEN];

	addr_format(&h->addr, src);
	printf("%c  %-7s prio=%u src=%s advert=%gs preempt=%s", 'a' + (int)h->id,
	    h->elect != NULL ? elect_state_name(h->state) : "dead",
	    h->elect != NULL ? elect_prio_of(h->elect, 0) : h->router.prio, src,
	    (double)h->router.advert / 1e9, h->router.preempt ? "yes" : "no");
	if (h->router.preempt_delay > 0)
		printf(" delay=%gs", (double)h->router.preempt_delay / 1e9);
	printf(" handover=%gs startup=%gs%s", (double)h->router.handover / 1e9,
	    (double)h->router.startup / 1e9, h->held ? " holds" : "");
	printf("%s%s%s%s%s%s%s", h->elector_up ? "" : " elector-stopped",
	    h->sensor_up ? "" : " sensor-stopped", h->asleep ? " asleep" : "",
	    h->link ? "" : " no-link", h->has_ip ? "" : " no-address",
	    h->healthy ? "" : " unhealthy", h->mute ? " mute" : "");
	if (h->release_until > h->w->now)
		printf(" released-until=%.6f", (double)h->release_until / 1e9);
	if (h->deadline != NEVER)
		printf(" deadline=%.6f", (double)(h->deadline - h->base) / 1e9);
	printf("\n");
}

void
trace_print(const struct world *w)
{
	uint64_t from = w->n_trace > TRACE_MAX ? w->n_trace - TRACE_MAX : 0;

	if (!w->verbose)
		for (uint64_t i = from; i < w->n_trace; i++)
			print_one(&w->trace[i % TRACE_MAX]);
	printf("version %u, %u hosts, delay %g + %g s, loss %u/1024, dup %u/1024, late %g s\n",
	    w->version, w->n, (double)w->delay / 1e9, (double)w->jitter / 1e9, w->loss, w->dup,
	    (double)w->late / 1e9);
	for (unsigned int i = 0; i < w->n; i++)
		print_host(&w->host[i]);
	for (unsigned int i = 0; i < w->n; i++)
		for (unsigned int j = 0; j < w->n; j++)
			if (w->cut[i][j])
				printf("cut %c -> %c\n", 'a' + (int)i, 'a' + (int)j);
}

_Noreturn void
trace_fail(struct world *w, const struct host *h, const char *reason)
{
	trace_print(w);
	printf("vrrp-sim: seed %llu: %.6f: ", (unsigned long long)w->seed, (double)w->now / 1e9);
	if (h != NULL)
		printf("host %c: ", 'a' + (int)h->id);
	printf("%s\n", reason);
	longjmp(w->failed, 1);
}

void
saw(struct world *w, enum sometimes s)
{
	w->totals->saw[s]++;
}
