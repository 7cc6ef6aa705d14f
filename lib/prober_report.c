#include <ctype.h>
#include <stdio.h>

#include "parse.h"
#include "prober_report.h"
#include "status.h"

/* The class of the last answer of a target. */
static enum outcome_class
class_of(const struct target *t)
{
	return t->asked == 0 ? OUTCOME_CLASS_UNKNOWN : outcome_class_of(t->last);
}

/* The first target of a class, or NULL; *n is how many there are. */
static const struct target *
first_of(const struct targets *ts, enum outcome_class class, size_t *n)
{
	const struct target *first = NULL;

	*n = 0;
	for (size_t i = 0; i < ts->n_targets; i++) {
		if (class_of(ts->target[i]) != class)
			continue;
		if (first == NULL)
			first = ts->target[i];
		++*n;
	}
	return first;
}

int
report_status(const struct targets *ts)
{
	const struct target *t;
	size_t n;

	if (first_of(ts, OUTCOME_CLASS_DOWN, &n) != NULL)
		return STATUS_NO;
	t = first_of(ts, OUTCOME_CLASS_UNKNOWN, &n);
	if (t == NULL)
		return STATUS_YES;
	return t->asked == 0 ? STATUS_TEMPFAIL : outcome_status(t->last);
}

static const struct target *
slowest(const struct targets *ts)
{
	const struct target *slow = ts->target[0];

	for (size_t i = 1; i < ts->n_targets; i++)
		if (ts->target[i]->time > slow->time)
			slow = ts->target[i];
	return slow;
}

static void
print_seconds(int64_t ns)
{
	char text[24];

	time_format(ns, text);
	fputs(text, stdout);
}

/* 'label'=value[UOM];warn;crit;min;max; the time that a check may take is its maximum. */
static void
print_performance(const struct targets *ts, int64_t warn)
{
	char text[ENDPOINT_STRLEN];

	fputs(" |", stdout);
	for (size_t i = 0; i < ts->n_targets; i++) {
		const struct target *t = ts->target[i];

		if (class_of(t) != OUTCOME_CLASS_UP)
			continue;
		target_format(&t->probe, text);
		printf(" '%s'=", ts->n_targets > 1 ? text : "time");
		print_seconds(t->time);
		fputs("s;", stdout);
		if (warn >= 0)
			print_seconds(warn);
		fputs(";;0;", stdout);
		print_seconds(t->probe.check->timeout);
	}
	putchar('\n');
}

int
report_nagios(const struct targets *ts, const char *method, int64_t warn)
{
	static const char *const word[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	const struct target *down, *unknown, *t;
	char text[ENDPOINT_STRLEN];
	size_t n_down, n_unknown;
	int state;

	down = first_of(ts, OUTCOME_CLASS_DOWN, &n_down);
	unknown = first_of(ts, OUTCOME_CLASS_UNKNOWN, &n_unknown);
	t = down != NULL ? down : unknown != NULL ? unknown : slowest(ts);
	state = down != NULL ? 2 : unknown != NULL ? 3 : warn >= 0 && t->time > warn;
	for (; *method != '\0'; method++)
		putchar(toupper((unsigned char)*method));
	printf(" %s - ", word[state]);
	if (ts->n_targets > 1 && state >= 2)
		printf("%zu of %zu %s: ", state == 2 ? n_down : n_unknown, ts->n_targets,
		    state == 2 ? "down" : "unknown");
	else if (ts->n_targets > 1)
		printf("%zu up, the slowest: ", ts->n_targets);
	target_format(&t->probe, text);
	printf("%s %s", text,
	    state < 2           ? "in "
		: t->asked == 0 ? "not asked"
				: outcome_name(t->last));
	if (state < 2) {
		print_seconds(t->time);
		fputs(" s", stdout);
	}
	print_performance(ts, warn);
	return fflush(stdout) == 0 ? state : 3;
}
