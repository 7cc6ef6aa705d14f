#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "hold.h"
#include "rtnl.h"

/* Makes the kernel have what lib/hold says it should have, and tells lib/hold what it has. */

struct keeper {
	struct hold hold;
	struct rtnl request, monitor;
	bool look;         /* what we know of the kernel must be read anew */
	int64_t look_at;   /* not before this time */
	int64_t reconcile; /* when to look in any case */
};

/* Opens the sockets; without a monitor, changes can be made but nothing is put back. Returns 0,
 * or -1 with errno (EPERM: no CAP_NET_ADMIN). hold is initialised by the caller. */
int keeper_open(struct keeper *k);
int keeper_open_monitor(struct keeper *k);

/* Asks the kernel for one link by name. */
void keeper_ask_for_link(struct keeper *k, const char *name);

/* After a change of configuration: asks the kernel for interfaces that are new to us. */
void keeper_ask_for_links(struct keeper *k);

/* Does what is due; cheap where nothing is. */
void keeper_act(struct keeper *k, int64_t now);

/* Reads what the monitor has. Returns 0, 1 where something was lost and all will be read anew,
 * or -1 with errno. */
int keeper_read(struct keeper *k);

/* When keeper_act has something to do again, or INT64_MAX. */
int64_t keeper_due(const struct keeper *k);

#endif
