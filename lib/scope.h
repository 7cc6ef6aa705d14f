#ifndef SCOPE_H
#define SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balance.h"
#include "ipvs.h"
#include "parse.h"

/* What the input of ipvs-set has said until now, and so which of the kernel's services are its
 * own: the configuration, what of it is new, elections and pools. Pure. */

#define SCOPE_QUIET NSEC_PER_SEC /* after which nothing more is said of a service */

/* What a service waits for. */
struct scope_service {
	bool dirty;   /* not compared since it has changed */
	bool settled; /* all is said of it: what the kernel has too much may go */
	bool emptied; /* it has no servers, and that is meant */
	int64_t heard;
	uint32_t line; /* that it comes from, 0 for none */
};

struct scope_router {
	char name[CONFIG_NAME_MAX];
	bool holds;
};

struct scope {
	struct balance balance;
	bool by_hand;                  /* there are no elections: every service is wanted */
	const struct ipvs_table *have; /* the kernel's as it was last read, or NULL */
	bool stale;                    /* have lacks servers of what is in scope now */
	bool settings;                 /* daemons or timeouts are to be compared */
	uint8_t stop;                  /* roles that a removed daemon has left */

	/* by index of the balance's */
	struct scope_service *service;
	uint32_t *server_line;

	/* services that are no longer configured and may still be in the kernel */
	struct ipvs_service_id *gone;
	size_t n_gone;

	/* private */
	size_t service_room, server_room, gone_room;
	struct scope_router *router;
	size_t n_routers;
};

void scope_init(struct scope *s);

/* Applies one record of configuration, or the record that one of ipvsadm's lines stands for.
 * Returns 0, or -1 with *e filled and nothing changed. */
int scope_configure(
    struct scope *s, const struct record *r, uint32_t line, int64_t now, struct config_error *e);
int scope_configure_line(struct scope *s, const char *text, size_t len, uint32_t line, int64_t now,
    struct config_error *e);

/* Of `pool SERVICE STATE` and `state ROUTER STATE`; operands may be NULL. The second returns 0,
 * or -1 without memory. */
void scope_pool(struct scope *s, const char *service, const char *state);
int scope_state(struct scope *s, const char *router, const char *state);

/* Whether a service of the kernel's is, or was, one of the input's. A director_want. */
bool scope_has(void *scope, const struct ipvs_service_id *id);

/* Whether a service is to be in the table: 1, 0, or -1 where its router has not said. */
int scope_wants(const struct scope *s, size_t service);

/* Whether all is said of a service, or nothing has been for long enough. */
bool scope_is_quiet(const struct scope *s, size_t service, int64_t now);

/* Whether a service is yet to be compared. */
bool scope_is_dirty(const struct scope *s);

/* What each daemon is to be now, by index; one that follows a router listens until that is master.
 * Returns the roles in which a daemon that nobody wants ends. */
uint8_t scope_roles(const struct scope *s, uint8_t roles[BALANCE_SYNCS_MAX]);

/* When a service will be quiet that is dirty now, or INT64_MAX. */
int64_t scope_next(const struct scope *s);

#endif
