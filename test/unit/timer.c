/* timer - the heap against an array that is searched; prints what differs */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timer.h"

#define TIMERS 1000
#define ROUNDS 200000
#define DEPTH  10 /* levels above a leaf of a heap of TIMERS */

static uint32_t state = 1;

static uint32_t
below(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)state * n >> 32);
}

static int
fail(const char *what, size_t round)
{
	printf("round %zu: %s\n", round, what);
	return 1;
}

/* Every parent is due no later than its children, and every timer knows its place. */
static int
check_order(const struct timer_heap *h, size_t round)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->slot[i]->place != i + 1)
			return fail("a timer that does not know its place", round);
		if (i > 0 && h->slot[(i + 1) / 2 - 1]->due > h->slot[i]->due)
			return fail("a child before its parent", round);
	}
	return 0;
}

static int
check_first(const struct timer_heap *h, const struct timer *t, const bool *set, size_t round)
{
	const struct timer *first = NULL;

	for (size_t i = 0; i < TIMERS; i++) {
		if (timer_is_set(&t[i]) != set[i])
			return fail("set, and says it is not, or the other way round", round);
		if (set[i] && (first == NULL || t[i].due < first->due))
			first = &t[i];
	}
	if ((timer_first(h) == NULL) != (first == NULL))
		return fail("nothing due first", round);
	if (first != NULL && timer_first(h)->due != first->due)
		return fail("not the first that is due", round);
	return 0;
}

/* One change moves the timers of one path from the root, the last one besides. */
static int
check_moved(struct timer *const *before, const struct timer_heap *h, size_t round)
{
	size_t moved = 0;

	for (size_t i = 0; i < h->n; i++)
		moved += before[i] != h->slot[i];
	return moved > DEPTH + 1 ? fail("more moved than one path is long", round) : 0;
}

/* Random settings, moves and cancellations; the heap is full at first, then half. */
static int
churn(struct timer_heap *h, struct timer *t, bool *set)
{
	static struct timer *before[TIMERS];

	for (size_t round = 0; round < ROUNDS; round++) {
		size_t i = below(TIMERS);

		memcpy(before, h->slot, h->n * sizeof(before[0]));
		if (round < TIMERS || below(2) == 0) {
			i = round < TIMERS ? round : i;
			timer_set(h, &t[i], below(5000));
			set[i] = true;
		} else {
			timer_cancel(h, &t[i]);
			set[i] = false;
		}
		if (check_moved(before, h, round) != 0)
			return 1;
		if (round % 100 == 0 && (check_order(h, round) || check_first(h, t, set, round)))
			return 1;
	}
	return 0;
}

static int
drain(struct timer_heap *h)
{
	int64_t last = -1;
	struct timer *t;

	while ((t = timer_first(h)) != NULL) {
		if (t->due < last)
			return fail("drained out of order", 0);
		last = t->due;
		timer_cancel(h, t);
		timer_cancel(h, t); /* a second time does nothing */
	}
	return h->n != 0 ? fail("something is left", 0) : 0;
}

int
main(void)
{
	static struct timer t[TIMERS];
	static bool set[TIMERS];
	struct timer_heap h = {0};
	int failed;

	if (timer_room(&h, 10) == -1 || timer_room(&h, TIMERS) == -1 || timer_room(&h, 5) == -1)
		return 1;
	failed = timer_first(&h) != NULL || churn(&h, t, set) || drain(&h);
	timer_free(&h);
	return failed || h.slot != NULL || h.room != 0;
}
