#ifndef NEIGH_H
#define NEIGH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "config.h"
#include "table.h"
#include "timer.h"

/* Which addresses are announced to the neighbours, and when: pure, the time comes in and what
 * is to be announced goes out through one callback. All times are nanoseconds. */

struct neigh_vip {
	struct cidr cidr;
	unsigned int device; /* the caller's */
	bool has_mac;        /* false: the device's own */
	uint8_t mac[6];
};

/* Announce this address of this router now. */
typedef void neigh_say(void *ctx, const char *router, const struct neigh_vip *v);

struct neigh {
	struct neigh_router **router;
	size_t n_routers, n_vips;
	struct table by_name;
	struct timer_heap timers;
	int64_t refresh;
	neigh_say *say;
	void *ctx;
};

/* refresh: how often what is up is announced again, 0 for never. */
void neigh_init(struct neigh *n, int64_t refresh, neigh_say *say, void *ctx);
void neigh_free(struct neigh *n);

/* Makes room for a router ahead of its first address. Returns 0, or -1 with errno (ENOSPC where
 * there are CONFIG_ROUTERS_MAX with an address up). */
int neigh_prepare(struct neigh *n, const char *router);

/* An address has come up: announced before this returns, and again in a while. Returns 0, or -1
 * with errno (ENOSPC for more than CONFIG_ADDRESSES_MAX). */
int neigh_up(struct neigh *n, const char *router, const struct neigh_vip *v, int64_t now);

/* An address has gone. */
void neigh_down(struct neigh *n, const char *router, const struct cidr *c);

/* Only a master announces, even where another still serves its addresses. Returns 0, or -1 with
 * errno. */
int neigh_state(struct neigh *n, const char *router, bool is_master, int64_t now);

/* Another claims the router's addresses: all of them are announced again, at once unless they
 * have just been. */
void neigh_contested(struct neigh *n, const char *router, int64_t now);

/* The same for all routers with an address on this device, whose MAC or index is new. */
void neigh_changed(struct neigh *n, unsigned int device, int64_t now);

/* Announces what is due. */
void neigh_run(struct neigh *n, int64_t now);

/* When neigh_run is due next, or INT64_MAX. */
int64_t neigh_deadline(const struct neigh *n);

#endif
