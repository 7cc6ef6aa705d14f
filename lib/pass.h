#ifndef PASS_H
#define PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile.h"
#include "scope.h"

/* When ipvs-set compares what of its input with the kernel's table: a pass queues what is due,
 * sends it, and says whether the table was not what it was thought to be. */

#define PASS_DRAIN_LOOK (NSEC_PER_SEC / 2) /* between looks at connections that are to end */

struct pass {
	struct scope scope;
	struct reconcile reconcile; /* its director open; say, keep and the options filled */
	bool exclusive;             /* services that the input does not name go */
	bool guarded;               /* min_servers holds for emptied services too */
	bool repairing;             /* compare all in the next round */
	/* The kernel's answer on the whole of the table or of the daemons is missing. */
	void (*fail)(void *ctx, const char *object, const char *reason, int error);
	void *ctx;
};

void pass_init(struct pass *p);

/* As a filter. pass_round does what is due at reconcile.now and returns the time of the next, or
 * INT64_MAX; before it, pass_wake where that time has come, pass_repair where others may have
 * changed the table. */
int64_t pass_round(struct pass *p);
void pass_wake(struct pass *p);
void pass_repair(struct pass *p);

/* The input has ended and was a whole statement: all of it is done. */
void pass_end(struct pass *p);

/* By hand: reads the table. Returns 0, or -1 with errno. */
int pass_read(struct pass *p);

/* Whether doing all would empty what is not meant to be: the index of a service, TABLE_NONE for the
 * whole table (nothing is named); nothing is touched. */
bool pass_would_empty(const struct pass *p, size_t *service);

/* Does all. Returns 0, or -1 with errno. */
int pass_once(struct pass *p);

#endif
