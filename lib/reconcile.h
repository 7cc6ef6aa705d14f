#ifndef RECONCILE_H
#define RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "director.h"
#include "record.h"
#include "scope.h"

/* Brings the kernel's IPVS to what a balance configuration says: reads, compares, queues the
 * changes, sends them, and says what became of each. */

/* What one change was, and what became of it. */
struct reconcile_say {
	enum ipvs_op op;
	const char *name;                   /* of the service, daemon or timeouts */
	const struct ipvs_service *service; /* NULL: a daemon or timeouts */
	const struct ipvs_server *server;   /* NULL: the service itself */
	const struct ipvs_daemon *daemon;   /* of one role; NULL with service NULL: timeouts */
	uint32_t tag;                       /* the line that it comes from, 0 for none */
	int error;                          /* 0 or an errno */
};

/* What a service that would lose too many servers has; it keeps them. */
typedef void reconcile_keep(void *ctx, const char *name, size_t want, size_t have);

struct reconcile_change;

struct reconcile {
	const struct scope *scope; /* what is configured, and in which lines */
	struct director director;
	struct ipvs_table have; /* the kernel's, as last read and since changed */
	size_t min_servers;     /* no service is brought below by a removal */
	int64_t drain;          /* nanoseconds that a server to remove may finish in */
	bool dry_run;           /* nothing is sent */
	bool draining;          /* something waits for its last connection: read again */
	int64_t now;
	void (*say)(void *ctx, const struct reconcile_say *s);
	reconcile_keep *keep;
	void *ctx;

	/* private */
	struct reconcile_change *change;
	size_t n, room;
	struct ipvs_service *service; /* of the changes */
	size_t n_services, service_room;
	struct ipvs_row want;
	bool no_memory;
};

/* Reads the table anew, what is being drained kept in mind. want as of director_read. */
int reconcile_read(struct reconcile *r, director_want *want, void *ctx);

/* Queues what brings a service (by index) to what is configured, or (absent) takes it away.
 * remove: the kernel's further servers go too. emptied: going below min_servers is meant. */
void reconcile_service(struct reconcile *r, size_t service, bool remove, bool emptied);
void reconcile_absent(struct reconcile *r, const struct ipvs_service_id *id);

/* Whether reconcile_service would bring it below min_servers. */
bool reconcile_would_empty(const struct reconcile *r, size_t service);

/* Queues what the daemons and the timeouts need. roles: what the daemon of that index is to be
 * now; daemons of roles in stop that no configuration wants end. */
int reconcile_settings(struct reconcile *r, const uint8_t *roles, uint8_t stop);

/* Sends all that is queued and says each. Returns the number of changes, or -1 with errno where
 * the kernel has not answered. *failed gets the first errno of a change, or 0. */
long reconcile_commit(struct reconcile *r, int *failed);

void reconcile_free(struct reconcile *r);

/* ---- in words: lib/reconcile_say ---- */

/* The `ipvs` record of a change that was made. */
void reconcile_put(struct record_out *o, const struct reconcile_say *s);

/* Why one was refused; text has room for what has to be composed. */
#define RECONCILE_REASON_STRLEN 128
const char *reconcile_reason(const struct reconcile_say *s, char *text);

#endif
