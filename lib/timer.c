#include <stdlib.h>

#include "timer.h"

int
timer_room(struct timer_heap *h, size_t n)
{
	struct timer **slot;

	if (n <= h->room)
		return 0;
	slot = reallocarray(h->slot, n, sizeof(struct timer *));
	if (slot == NULL)
		return -1;
	h->slot = slot;
	h->room = n;
	return 0;
}

void
timer_free(struct timer_heap *h)
{
	free(h->slot);
	*h = (struct timer_heap){0};
}

static void
put(struct timer_heap *h, size_t place, struct timer *t)
{
	h->slot[place - 1] = t;
	t->place = place;
}

static void
sift_up(struct timer_heap *h, size_t place, struct timer *t)
{
	for (; place > 1 && h->slot[place / 2 - 1]->due > t->due; place /= 2)
		put(h, place, h->slot[place / 2 - 1]);
	put(h, place, t);
}

static void
sift_down(struct timer_heap *h, size_t place, struct timer *t)
{
	for (;;) {
		size_t child = 2 * place;

		if (child > h->n)
			break;
		if (child < h->n && h->slot[child]->due < h->slot[child - 1]->due)
			child++;
		if (h->slot[child - 1]->due >= t->due)
			break;
		put(h, place, h->slot[child - 1]);
		place = child;
	}
	put(h, place, t);
}

void
timer_set(struct timer_heap *h, struct timer *t, int64_t due)
{
	int64_t was = t->due;

	t->due = due;
	if (t->place == 0)
		sift_up(h, ++h->n, t);
	else if (due < was)
		sift_up(h, t->place, t);
	else
		sift_down(h, t->place, t);
}

void
timer_cancel(struct timer_heap *h, struct timer *t)
{
	size_t place = t->place;
	struct timer *last;

	if (place == 0)
		return;
	t->place = 0;
	last = h->slot[--h->n];
	if (last == t)
		return;
	if (last->due < t->due)
		sift_up(h, place, last);
	else
		sift_down(h, place, last);
}

bool
timer_is_set(const struct timer *t)
{
	return t->place != 0;
}

struct timer *
timer_first(const struct timer_heap *h)
{
	return h->n > 0 ? h->slot[0] : NULL;
}
