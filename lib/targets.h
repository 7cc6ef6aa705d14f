#ifndef TARGETS_H
#define TARGETS_H

#include "balance.h"
#include "probe.h"
#include "prober.h"
#include "table.h"

/* What a probe asks, worked out of the configuration: a target for each server of each check of
 * its method, one where two services share a server and a check. What an edit does not concern
 * keeps its phase and its verdict. */

struct target {
	struct probe_target probe;
	size_t check;      /* index in balance */
	unsigned int seen; /* the last settling that wanted it */

	/* by hand */
	unsigned int asked;
	enum outcome last;
	int64_t time;
};

/* Where a check lies does not change while it is used: targets point to it. */
struct target_check {
	struct probe_check probe;
	bool mine, named; /* of our method; by a server */
};

struct targets {
	/* set by the owner */
	struct probe *probe;
	const struct prober_command *cmd;
	uint8_t method; /* enum balance_method */
	bool at_once;

	struct balance balance;
	struct target_check **check; /* by balance's index, NULL where not ours */
	size_t n_checks;
	struct target **target;
	size_t n_targets, room;
	struct table by_key;
	unsigned int round;
	bool dirty;
};

void targets_init(struct targets *ts);

/* Applies a `check`, `service`, `server` or `remove` record. Returns 0, or -1 with *e filled. */
int targets_apply(
    struct targets *ts, const struct record *r, struct config_error *e, int64_t clock);

/* Makes and ends targets as the configuration now says; to be called when a batch of records has
 * been applied. Returns 0, or -1 with errno. */
int targets_settle(struct targets *ts, int64_t clock);

/* The words of a target in a record; out must hold ENDPOINT_STRLEN. */
const char *target_check_name(const struct targets *ts, const struct probe_target *t);
void target_format(const struct probe_target *t, char *out);

#endif
