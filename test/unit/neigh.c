/* neigh - reads a story and says when what is announced
 *
 * usage: neigh [REFRESH-MS] <STORY
 *
 * A line is MS and one of: up ROUTER CIDR, down ROUTER CIDR, state ROUTER STATE, contested
 * ROUTER, changed, end. Each announcement is printed as MS ROUTER ADDRESS.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neigh.h"
#include "parse.h"

static void
say(void *ctx, const char *router, const struct neigh_vip *v)
{
	const int64_t *now = ctx;
	char text[ADDR_STRLEN];

	addr_format(&v->cidr.addr, text);
	printf("%lld %s %s\n", (long long)(*now / NSEC_PER_MSEC), router, text);
}

static void
run_until(struct neigh *n, int64_t *now, int64_t until)
{
	while (neigh_deadline(n) <= until) {
		*now = neigh_deadline(n);
		neigh_run(n, *now);
	}
	*now = until;
}

static int
apply(struct neigh *n, const char *what, const char *router, const char *arg, int64_t now)
{
	struct neigh_vip v = {0};

	if (strcmp(what, "up") == 0 || strcmp(what, "down") == 0) {
		if (cidr_parse(arg, &v.cidr) == -1)
			return -1;
		if (what[0] == 'u')
			return neigh_up(n, router, &v, now);
		neigh_down(n, router, &v.cidr);
	} else if (strcmp(what, "state") == 0) {
		return neigh_state(n, router, strcmp(arg, "MASTER") == 0, now);
	} else if (strcmp(what, "contested") == 0) {
		neigh_contested(n, router, now);
	} else if (strcmp(what, "changed") == 0) {
		neigh_changed(n, 0, now);
	} else if (strcmp(what, "end") != 0) {
		return -1;
	}
	return 0;
}

int
main(int argc, char *argv[])
{
	char line[256], what[16], router[128], arg[64];
	int64_t now = 0, refresh = argc > 1 ? atoi(argv[1]) * NSEC_PER_MSEC : 0;
	struct neigh n;
	long long ms;

	neigh_init(&n, refresh, say, &now);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		router[0] = arg[0] = '\0';
		if (sscanf(line, "%lld %15s %127s %63s", &ms, what, router, arg) < 2)
			return 2;
		run_until(&n, &now, ms * NSEC_PER_MSEC);
		if (apply(&n, what, router, arg, now) == -1)
			printf("%lld refused\n", ms);
	}
	neigh_free(&n);
	return 0;
}
