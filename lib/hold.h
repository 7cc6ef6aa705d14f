#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "rtnl.h"
#include "table.h"

/* Who should have which address, what the kernel has, and what must be done about the
 * difference. Pure: events and the time (nanoseconds of one clock) go in, changes for the
 * kernel and things to say come out. Allocates only when the configuration grows. */

#define HOLD_RENEW_AFTER  (900 * NSEC_PER_MSEC) /* so that adverts of 1 s renew each time */
#define HOLD_REPAIR_AFTER (100 * NSEC_PER_MSEC) /* one address is put back 10 times a second */
#define HOLD_RETRY_AFTER  (1000 * NSEC_PER_MSEC)

enum hold_state {
	HOLD_IDLE,
	HOLD_MASTER,
	HOLD_LEAVING, /* serves on; leases run out */
};

/* What the kernel has, as far as we know. */
enum hold_there {
	HOLD_ABSENT,
	HOLD_OURS,
	HOLD_FOREIGN, /* was there without our tag: served, and left alone */
	HOLD_UNCLEAR, /* something is there: hold_begin_look tells */
};

/* A change to make; error is the caller's answer, 0 or errno (see rtnl_queue). */
struct hold_op {
	enum rtnl_change change;
	size_t index; /* of the address in the configuration */
	struct rtnl_addr addr;
	int error;
};

enum hold_word {
	HOLD_SAY_UP,
	HOLD_SAY_DOWN,
	HOLD_SAY_ERROR,
};

struct hold_say {
	enum hold_word what;
	const char *router;
	const struct cidr *cidr;
	const char *dev;
	const uint8_t *mac;
	const char *reason; /* a fixed word, or NULL; always for an error */
	int error;          /* errno, or 0 */
};

struct hold_entry {
	struct rtnl_addr addr; /* as it is put up; ifindex 0 while there is no such interface */
	size_t router, dev, next;
	int64_t retry; /* not before this time */
	enum hold_there there;
	bool used;
	bool mine;     /* has been ours; events that say otherwise may be of the past */
	bool edited;   /* addr is of the configuration before */
	bool touched;  /* is in the list of what hold_plan looks at */
	bool settling; /* IPv6: the kernel drops what comes for it until it says that it is there */
	bool announce; /* say `up` again although it has been there */
	bool renew;
	bool said; /* the last word was `up` */
	bool warned;
	bool seen;
};

struct hold_router {
	enum hold_state state;
	size_t first; /* of its addresses */
	int64_t sent; /* when it last proved its right: our advert went out */
	int64_t renewed;
	int64_t patience; /* three adverts, or the shortest lease where that is more */
	bool due;
};

struct hold_dev {
	char name[IF_NAMESIZE];
	unsigned int ifindex;
	uint8_t mac[6];
	bool promote, asked;
	bool shields; /* promote_secondaries must be turned on */
};

struct hold {
	const struct config *config;
	void (*say)(void *ctx, const struct hold_say *say);
	void *ctx;

	struct hold_entry *entry; /* by index of the configuration */
	struct hold_router *router;
	struct hold_dev *dev;
	struct hold_op *op;
	size_t *touched, *due;
	size_t n_entries, n_routers, n_devs, n_ops, n_touched, n_due;
	size_t n_holding; /* routers that are not idle */
	struct table by_addr;
	bool stale;    /* by_addr and the routers' lists must be made anew */
	bool unclear;  /* some entry is HOLD_UNCLEAR */
	int64_t round; /* when the last round ended */
	int64_t next;  /* when hold_plan has something to do again, or INT64_MAX */
};

/* config stays the caller's. */
void hold_init(struct hold *h, const struct config *config,
    void (*say)(void *ctx, const struct hold_say *say), void *ctx);
void hold_free(struct hold *h);

/* After config_apply. What was removed must be acted on before the next call of config_apply.
 * Returns 0, or -1 with errno. */
int hold_configure(struct hold *h, const struct config_result *res);

/* A router's state, and one of its adverts on the wire. */
void hold_state(struct hold *h, size_t router, enum hold_state state, int64_t now);
void hold_sent(struct hold *h, size_t router, int64_t now);

/* What the kernel said of an address or a link. */
void hold_addr(struct hold *h, const struct rtnl_addr *a, bool gone);
void hold_link(struct hold *h, const struct rtnl_link *l, bool gone);

/* The next interface that the kernel must be asked for, because the configuration has named it
 * or events were lost (hold_forget_devs), or NULL; the answer goes to hold_link or hold_no_dev. */
const char *hold_unknown_dev(struct hold *h);
void hold_no_dev(struct hold *h, const char *name);
void hold_forget_devs(struct hold *h);

/* An interface where an address of ours may have become the first of its subnet, so that its end
 * would take the others with it: rtnl_queue_promote is due. Returns its index, or 0. */
unsigned int hold_unshielded_dev(struct hold *h);

/* Around hold_addr for every address there is: what was not among them is absent. */
void hold_begin_look(struct hold *h);
void hold_end_look(struct hold *h);

/* Whether hold_plan would find anything. */
bool hold_is_due(const struct hold *h, int64_t now);

/* Fills h->op with what must change, n_ops of them; the caller makes the changes, fills in the
 * errors and calls hold_done. To be repeated while there is something. */
size_t hold_plan(struct hold *h, int64_t now);
void hold_done(struct hold *h, int64_t now);

/* For lib/hold_plan.c alone. */
void hold_touch(struct hold *h, size_t index);
void hold_index(struct hold *h);
bool hold_is_wanted(const struct hold *h, const struct hold_entry *e);
int64_t hold_lease(const struct hold *h, size_t index);
int hold_find_dev(struct hold *h, const char *name, size_t *dev);
struct rtnl_addr hold_make_addr(const struct hold *h, size_t index, size_t dev);

/* The end of a round: a `sent` that lay unread while this process stood still renews nothing. */
void hold_end_round(struct hold *h, int64_t now);

#endif
