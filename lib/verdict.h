#ifndef VERDICT_H
#define VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "table.h"

/* What the probes have said, by check and target, for as long as somebody uses it: several
 * servers, of several services, may hang on one verdict. Nothing that is not used is kept, so
 * that records of strangers cost no memory. */

enum verdict_state {
	VERDICT_NONE, /* nothing was said yet: this is not down */
	VERDICT_DOWN,
	VERDICT_UP,
};

struct verdict {
	enum verdict_state state;
	int64_t weight; /* what the check itself wants, or -1 */
	struct verdict_use *first;
	size_t index;
	size_t len;
	char *key;
};

/* A link between a verdict and one that hangs on it; lives in its owner and must not move. */
struct verdict_use {
	struct verdict *verdict;
	void *owner;
	struct verdict_use *next, *before;
};

struct verdicts {
	struct verdict **verdict;
	size_t n, room;
	struct table by_key;
};

void verdicts_init(struct verdicts *v);
void verdicts_free(struct verdicts *v);

/* The verdict of a check on a target that somebody uses, or NULL. */
struct verdict *verdict_find(const struct verdicts *v, const char *check, const char *target);

/* Hangs owner on a verdict, which is NONE where it is new. Returns 0, or -1 with errno. */
int verdict_take(struct verdicts *v, const char *check, const char *target, void *owner,
    struct verdict_use *use);

/* Gives it back; a verdict goes with its last use. */
void verdict_drop(struct verdicts *v, struct verdict_use *use);

#endif
