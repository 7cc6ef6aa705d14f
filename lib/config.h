#ifndef CONFIG_H
#define CONFIG_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "record.h"
#include "table.h"

/* The configuration of the failover side: `router`, `address`, `track`, `notify` records,
 * edited by more of them and by `remove`. Every stage keeps it with this one piece of code. */

#define CONFIG_NAME_MAX      64
#define CONFIG_PATH_MAX      256
#define CONFIG_ROUTERS_MAX   2048
#define CONFIG_ADDRESSES_MAX 16384
#define CONFIG_TRACKS_MAX    4096
#define CONFIG_LEASE_AUTO    (-1)

enum config_checksum {
	CONFIG_CHECKSUM_AUTO,
	CONFIG_CHECKSUM_RFC9568,
	CONFIG_CHECKSUM_PSEUDO,
};

struct config_router {
	bool used; /* false for a hole that a removal left */
	char name[CONFIG_NAME_MAX];
	char ifname[IF_NAMESIZE];
	uint8_t vrid;
	uint8_t prio;
	uint8_t version; /* 2 or 3 */
	uint8_t family;  /* 4 or 6 */
	uint8_t down;    /* adverts in a down interval */
	bool preempt;
	bool unheard_fault;    /* unheard=fault: own adverts not heard on the wire are a fault */
	int64_t preempt_delay; /* nanoseconds, as all times here */
	int64_t advert;
	int64_t startup;
	int64_t handover;
	enum config_checksum checksum;
	struct addr src; /* family 0: the interface's */
	char auth[CONFIG_PATH_MAX];
};

struct config_address {
	bool used;
	size_t router; /* index */
	struct cidr cidr;
	char dev[IF_NAMESIZE]; /* the router's interface unless said */
	bool own_dev;          /* it was said */
	char label[IF_NAMESIZE];
	uint8_t scope; /* RT_SCOPE_* */
	bool advertise;
	int64_t lease; /* whole seconds in ns; 0 none; CONFIG_LEASE_AUTO */
};

struct config_track {
	bool used;
	size_t router;
	char object[CONFIG_NAME_MAX]; /* "check:nginx", "pool:web" */
	int16_t weight;               /* 0: withdraw on failure */
};

struct config_notify {
	bool used;
	char name[CONFIG_NAME_MAX];
	char program[CONFIG_PATH_MAX];
};

struct config {
	struct config_router *router;
	struct config_address *address;
	struct config_track *track;
	struct config_notify *notify;
	size_t n_routers, n_addresses, n_tracks, n_notifies; /* holes included */
	struct table by_name;
};

/* The word to blame and why; reason is a literal. */
struct config_error {
	char word[64];
	const char *reason;
};

enum config_change {
	CONFIG_SAME,
	CONFIG_ADDED,
	CONFIG_EDITED,
	CONFIG_REMOVED,
};

/* What a record did: the index is into router, address, track or notify, by kind. After
 * CONFIG_REMOVED the entry still holds what it was, with used = false, until the next call. */
enum config_kind {
	CONFIG_ROUTER,
	CONFIG_ADDRESS,
	CONFIG_TRACK,
	CONFIG_NOTIFY,
	CONFIG_OTHER, /* a kind that the failover side does not keep */
};

struct config_result {
	enum config_kind kind;
	enum config_change change;
	size_t index;
};

void config_init(struct config *c);
void config_free(struct config *c);

/* Applies one configuration record, or `remove`. Returns 0 with *res filled, or -1 with *e
 * filled and nothing changed. Removing a router removes its addresses and tracks, said as one
 * change. */
int config_apply(
    struct config *c, const struct record *r, struct config_result *res, struct config_error *e);

/* Whether a record is configuration of the balance side, which this side passes on unread:
 * `check`, `service`, `server`, `sync`, `timeouts`, and `remove` of them. */
bool config_is_of_balance(const struct record *r);

/* The index of a router by name, or TABLE_NONE. */
size_t config_find_router(const struct config *c, const char *name);

/* The lease of an address in nanoseconds, with `auto` worked out: three adverts, at least
 * 3 s, whole seconds up; 0 for none. */
int64_t config_lease(const struct config *c, const struct config_address *a);

/* Whether two routers of different names claim one (interface, family, VRID), or a router has
 * no address: what can only be seen when all of a file has been read. Returns 0 or -1. */
int config_check(const struct config *c, struct config_error *e);

#endif
