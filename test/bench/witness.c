/* witness - say when the machine itself stood still
 *
 * usage: witness CPU
 *
 * Wakes every millisecond on one processor with the highest real-time priority, and prints the
 * lateness in milliseconds of each wake-up that came more than 20 ms late: no process could have
 * done better at that time. */

#include <err.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define PERIOD INT64_C(1000000)
#define LATE   INT64_C(20000000)

static int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
sleep_until(int64_t due)
{
	struct timespec ts = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
		;
}

int
main(int argc, char *argv[])
{
	struct sched_param highest = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
	int64_t due = clock_now(), late;
	cpu_set_t set;

	if (argc != 2)
		errx(64, "usage: witness CPU");
	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(argv[1]), &set);
	if (sched_setaffinity(0, sizeof(set), &set) == -1 ||
	    sched_setscheduler(0, SCHED_FIFO, &highest) == -1 || prctl(PR_SET_TIMERSLACK, 1) == -1)
		err(71, "processor %s", argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		due += PERIOD;
		sleep_until(due);
		late = clock_now() - due;
		if (late <= LATE)
			continue;
		printf("%.1f\n", (double)late / 1e6);
		due += late;
	}
}
