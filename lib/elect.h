#ifndef ELECT_H
#define ELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "config.h"
#include "timer.h"

/* The election of RFC 9568 section 6.4 (version 3) and RFC 3768 section 6.4 (version 2) for any
 * number of routers. Pure: it reads no clock and writes nothing; events and the time go in,
 * actions come out through one callback. All times are nanoseconds of one clock that does not
 * step. Allocates only in elect_init and when a router is added. */

#define ELECT_STATES(X)                                                                            \
	X(INIT) /* no link or no address yet */                                                    \
	X(BACKUP)                                                                                  \
	X(MASTER)                                                                                  \
	X(LEAVING) /* said priority 0, or yielded; serves on until the successor has announced */  \
	X(FAULT)                                                                                   \
	X(STOP)

enum elect_state {
#define X(id) ELECT_##id,
	ELECT_STATES(X)
#undef X
};

/* An advert as the sensor saw it. */
struct elect_advert {
	struct addr src;
	uint8_t version;
	uint8_t prio;
	uint8_t checksum; /* enum vrrp_checksum */
	bool self;        /* our own, on its way out */
	int64_t interval;
	int64_t time;       /* when it was captured; at most now */
	uint64_t addresses; /* elect_addresses_hash of its list, 0 where not known */
};

enum elect_event_kind {
	ELECT_ADVERT,   /* router, advert */
	ELECT_LINK,     /* ifname, up, ip, ip6 */
	ELECT_TICK,     /* time: the sensor has read all that arrived until then */
	ELECT_PRIORITY, /* router, prio: replaces the configured one */
	ELECT_RELEASE,  /* router, duration */
	ELECT_STOP_,    /* router */
	ELECT_HEALTH,   /* object ("check:nginx", "pool:web"), up */
	ELECT_SUSPEND,  /* duration: the host slept this long unnoticed by the clock */
	ELECT_TIMER,    /* nothing but the time: run what is due */
	ELECT_END,      /* the input has ended: give up all at once */
};

struct elect_event {
	enum elect_event_kind kind;
	size_t router;
	unsigned int prio;
	bool up;
	int64_t time;
	int64_t duration;
	const char *ifname;
	const char *object;
	struct addr ip, ip6;
	const struct elect_advert *advert;
};

#define ELECT_CHECKSUM_ANY 0xff

enum elect_action_kind {
	ELECT_DO_SEND,      /* router, prio, checksum (ELECT_CHECKSUM_ANY: no peer has shown one) */
	ELECT_DO_STATE,     /* router, from, to, reason, prio, seq */
	ELECT_DO_CONTESTED, /* router, src, prio: a losing advert was heard while master */
	ELECT_DO_STALLED,   /* router, duration: woken this late */
	ELECT_DO_MISMATCH,  /* router, reason ("interval", "version", "addresses"), src */
	ELECT_DO_CONFLICT,  /* router, reason ("same-address", "not-heard"), src */
};

struct elect_action {
	enum elect_action_kind kind;
	size_t router;
	enum elect_state from, to;
	const char *reason;
	unsigned int prio;
	uint8_t checksum;
	uint64_t seq;
	int64_t duration;
	struct addr src;
};

struct elect;
typedef void elect_act(void *ctx, const struct elect_action *a);

/* config stays the caller's; the elector reads its routers and tracks by index. boot is the
 * time since the host booted, for startup=. Returns NULL with errno. */
struct elect *elect_new(const struct config *config, elect_act *act, void *ctx, int64_t boot);
void elect_free(struct elect *e);

/* A configuration change took place (config_apply's result): a router is added, edited (also
 * when its addresses or tracks have changed) or removed. Returns 0, or -1 with errno. */
int elect_configure(struct elect *e, const struct config_result *change, int64_t now);

/* One event at one time; time never goes back. */
void elect_step(struct elect *e, const struct elect_event *event, int64_t now);

/* When ELECT_TIMER is due next, or INT64_MAX. */
int64_t elect_deadline(const struct elect *e);

/* The router whose promotion is what the deadline is for, or TABLE_NONE. */
size_t elect_candidate(const struct elect *e);

enum elect_state elect_state_of(const struct elect *e, size_t router);
unsigned int elect_prio_of(const struct elect *e, size_t router);
const char *elect_state_name(enum elect_state s);

/* The hash of an address list, whatever its order: the sum over its addresses. */
uint64_t elect_address_hash(const char *text, size_t len);

#endif
