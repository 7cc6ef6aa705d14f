#ifndef DIRECTOR_H
#define DIRECTOR_H

#include <stdbool.h>

#include "genl.h"
#include "ipvs.h"
#include "ipvs_nl.h"

/* The IPVS of this network namespace: its table read, changes queued and sent together. */

struct director {
	struct genl genl;
};

/* Returns 0, or -1 with errno: EPROTONOSUPPORT, this kernel has no IPVS; EPERM. */
int director_open(struct director *d);
void director_close(struct director *d);

/* What errno means here, for a message. */
const char *director_reason(int error);

/* Which services are read with their servers; all where it is NULL. */
typedef bool director_want(void *ctx, const struct ipvs_service_id *id);

/* Reads the table and its counters into *t (sorted, replaced; services that are not wanted have no
 * servers). Returns 0, or -1 with errno and *t empty. */
int director_read(struct director *d, struct ipvs_table *t, director_want *want, void *ctx);

/* The daemons of both roles (roles 0: not running), master first. */
int director_daemons(struct director *d, struct ipvs_daemon daemon[2]);
int director_timeouts(struct director *d, struct ipvs_timeouts *t);

/* Queue one change; *error as of genl_queue. */
void director_queue(struct director *d, const struct ipvs_change *c, int *error);
void director_queue_daemon(struct director *d, enum ipvs_op op, const struct ipvs_daemon *daemon,
    uint8_t role, int *error);
void director_queue_timeouts(struct director *d, const struct ipvs_timeouts *t, int *error);

/* As genl_commit. */
int director_commit(struct director *d);

#endif
