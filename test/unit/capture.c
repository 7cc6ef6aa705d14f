/* capture - the time that lib/capture gives a packet, whatever the wall clock does */

#include <stdio.h>

#include "../../lib/capture.c"

#define HOUR (3600 * NSEC_PER_SEC)

/* What came 5 ms before the read, when the wall clock was stepped in between, and what came while
 * it was read; the last read was 100 ms before. */
int
main(void)
{
	static const struct {
		const char *what;
		int64_t age, step, least, most;
	} row[] = {
	    {"no step", 5 * NSEC_PER_MSEC, 0, -5 * NSEC_PER_MSEC, -5 * NSEC_PER_MSEC},
	    {"a step forward", 5 * NSEC_PER_MSEC, HOUR, -100 * NSEC_PER_MSEC, -100 * NSEC_PER_MSEC},
	    {"a step back", 5 * NSEC_PER_MSEC, -HOUR, 0, NSEC_PER_SEC},
	    {"during the read", -NSEC_PER_SEC / 1000, 0, 0, NSEC_PER_MSEC},
	    {"older than the last read", 200 * NSEC_PER_MSEC, 0, -100 * NSEC_PER_MSEC,
		-100 * NSEC_PER_MSEC},
	};
	int bad = 0;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int64_t now = clock_read(CLOCK_MONOTONIC), wall = 1700000000 * NSEC_PER_SEC, t;
		struct capture c = {.read = now,
		    .last = now - 100 * NSEC_PER_MSEC,
		    .to_monotonic = now - (wall + row[i].step)};

		t = monotonic_time(&c, wall - row[i].age) - now;
		if (t >= row[i].least && t <= row[i].most)
			continue;
		printf("%s: %lld ns from now\n", row[i].what, (long long)t);
		bad++;
	}
	return bad != 0;
}
