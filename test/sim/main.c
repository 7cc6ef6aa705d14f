/* vrrp-sim - put electors through random faults on a virtual clock */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

#define COVERED 1000 /* seeds after which everything must have been seen */

static const char *const saw_name[] = {
#define X(id) #id,
    SOMETIMES(X)
#undef X
};

_Noreturn static void
usage(void)
{
	fputs("usage: vrrp-sim [-kv] [-s FIRST-SEED] [-x FAULT]... [SEEDS]\n"
	      "  SEEDS     how many, 10000 or with -s 1\n"
	      "  -k        go on after a failure\n"
	      "  -v        print every event\n"
	      "  -x FAULT  leave out a class of faults:",
	    stderr);
	for (size_t i = 0; fault_names[i] != NULL; i++)
		fprintf(stderr, " %s", fault_names[i]);
	fputc('\n', stderr);
	exit(64);
}

static uint64_t
number(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0')
		usage();
	return n;
}

static uint32_t
mask(const char *name)
{
	for (unsigned int i = 0; fault_names[i] != NULL; i++)
		if (strcmp(fault_names[i], name) == 0)
			return UINT32_C(1) << i;
	usage();
}

/* Returns whether all that must hold did. */
static bool
run_seed(struct world *w, uint64_t seed, struct totals *totals, uint32_t masked, bool verbose)
{
	volatile bool ok = true;

	memset(w, 0, sizeof(*w));
	w->seed = w->random = seed;
	w->totals = totals;
	w->masked = masked;
	w->verbose = verbose;
	if (setjmp(w->failed) == 0)
		story_run(w);
	else
		ok = false;
	for (unsigned int i = 0; i < w->n; i++)
		elect_free(w->host[i].elect);
	totals->seeds++;
	return ok;
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Returns whether everything was seen that a run of this length must show. */
static bool
print_totals(const struct totals *t, double took)
{
	bool all = true;

	printf("%llu seeds, %llu events, %llu adverts sent, %.1f s, %.1f million events/s\n",
	    (unsigned long long)t->seeds, (unsigned long long)t->events,
	    (unsigned long long)t->sends, took, (double)t->events / took / 1e6);
	printf("one master after the last fault: worst %.3f adverts + 2 delays (seed %llu)\n",
	    t->worst_converge, (unsigned long long)t->worst_seed);
	printf("a new master: worst %.3f adverts + delay after a clean stop, %.3f after a kill\n",
	    t->worst_stop, t->worst_kill);
	printf("two holders after a kill: worst %.3f s at 1 s\n", (double)t->worst_two / 1e9);
	printf("races won by the highest: %llu of %llu\n", (unsigned long long)t->races_won,
	    (unsigned long long)t->races);
	for (size_t i = 0; i < SAW_MAX; i++) {
		printf("%s%s %llu",
		    i == 0           ? "saw: "
			: i % 6 == 0 ? ",\n     "
				     : ", ",
		    saw_name[i], (unsigned long long)t->saw[i]);
		all = all && t->saw[i] > 0;
	}
	putchar('\n');
	if (t->seeds < COVERED)
		return true;
	if (!all)
		puts("vrrp-sim: something was never seen");
	if (t->races_won * 100 < t->races * 99)
		puts("vrrp-sim: the highest backup did not win 99 of 100 races");
	return all && t->races_won * 100 >= t->races * 99;
}

int
main(int argc, char *argv[])
{
	struct world *w = malloc(sizeof(*w));
	struct totals totals = {0};
	uint64_t seeds = 10000, first = 1, failed = 0;
	uint32_t masked = 0;
	bool verbose = false, go_on = false;
	double start = seconds();
	int ch;

	if (w == NULL)
		err(71, NULL);
	while ((ch = getopt(argc, argv, "ks:vx:")) != -1) {
		switch (ch) {
		case 'k':
			go_on = true;
			break;
		case 's':
			first = number(optarg);
			seeds = 1;
			break;
		case 'v':
			verbose = true;
			break;
		case 'x':
			masked |= mask(optarg);
			break;
		default:
			usage();
		}
	}
	if (argc - optind > 1)
		usage();
	if (optind < argc)
		seeds = number(argv[optind]);
	for (uint64_t i = 0; i < seeds && (failed == 0 || go_on); i++)
		failed += !run_seed(w, first + i, &totals, masked, verbose);
	free(w);
	if (!print_totals(&totals, seconds() - start))
		failed++;
	if (failed > 0)
		printf("vrrp-sim: %llu failed\n", (unsigned long long)failed);
	return failed > 0;
}
