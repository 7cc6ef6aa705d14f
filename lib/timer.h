#ifndef TIMER_H
#define TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A binary heap of due times. Setting and cancelling are O(log n), the first is O(1). A timer
 * lives in its owner's struct, zeroed; the heap holds pointers to it. */

struct timer {
	int64_t due;  /* nanoseconds */
	size_t place; /* 1-based place in the heap; 0 while not set */
};

struct timer_heap {
	struct timer **slot;
	size_t n;
	size_t room;
};

/* Makes room for n timers in all. Returns 0, or -1 with errno. */
int timer_room(struct timer_heap *h, size_t n);
void timer_free(struct timer_heap *h);

/* Sets or moves a timer. There must be room. */
void timer_set(struct timer_heap *h, struct timer *t, int64_t due);
void timer_cancel(struct timer_heap *h, struct timer *t);
bool timer_is_set(const struct timer *t);

/* The timer that is due first, or NULL. */
struct timer *timer_first(const struct timer_heap *h);

#endif
