#ifndef BALANCE_H
#define BALANCE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "config.h"
#include "endpoint.h"
#include "ipvs.h"
#include "record.h"
#include "table.h"

/* The configuration of the balance side: `check`, `service`, `server`, `sync`, `timeouts`
 * records, edited by more of them and by `remove`. Every stage keeps it with this one piece of
 * code, and refuses a mistake in the same words. */

#define BALANCE_CHECKS_MAX   65536
#define BALANCE_SERVICES_MAX 65536
#define BALANCE_SERVERS_MAX  1048576
#define BALANCE_SYNCS_MAX    64
#define BALANCE_EXPECT_MAX   16
#define BALANCE_HEADERS_MAX  4
#define BALANCE_SUM_SIZE     32 /* SHA-256 */

enum balance_method {
	BALANCE_TCP,
	BALANCE_HTTP,
	BALANCE_HTTPS,
	BALANCE_EXEC,
};

struct balance_range {
	uint16_t first, last;
};

/* A text of a check: its place in text, 0 for none; balance_text gives it. */
typedef uint16_t balance_place;

struct balance_check {
	bool used; /* false for a hole that a removal left */
	char name[CONFIG_NAME_MAX];
	uint8_t method;         /* enum balance_method */
	bool has_target;        /* false: for every server of every service that names it */
	bool dynamic;           /* exec: exit 2 to 255 is a weight */
	bool no_verify;         /* https: verify=no */
	bool has_sha256;        /* of the body */
	bool http10;            /* http=1.0 */
	struct endpoint target; /* its operand TARGET */
	/* Where to connect: an address of family 0 and a port of 0 are the target's. */
	struct endpoint connect;
	int64_t every, timeout, fastinter; /* nanoseconds; fastinter is every unless said */
	uint32_t rise, fall;
	struct addr src; /* family 0: the kernel's choice */
	char ifname[IF_NAMESIZE];
	uint32_t mark;
	uint32_t n_expect; /* at least 1: 200-299 unless said */
	struct balance_range expect[BALANCE_EXPECT_MAX];
	uint8_t sha256[BALANCE_SUM_SIZE];
	balance_place path, host, verb, header[BALANCE_HEADERS_MAX], body, regex;
	balance_place sni, ca, cert, key;
	balance_place cmd;
	uint16_t text_len;
	char *text; /* last: what stands before it is compared as it is */
};

/* "" where it was not said (path: "/", verb: "GET"). */
const char *balance_text(const struct balance_check *c, balance_place place);

enum balance_on_fail {
	BALANCE_REMOVE,
	BALANCE_QUIESCE,
};

struct balance_service {
	bool used;
	char name[CONFIG_NAME_MAX];
	struct ipvs_service ipvs;
	struct ipvs_server defaults; /* mode and tunnel of servers that do not say theirs */
	uint32_t quorum, hysteresis;
	uint8_t on_fail;   /* enum balance_on_fail */
	int64_t slowstart; /* nanoseconds */
	char holder[CONFIG_NAME_MAX];
	char *checks;       /* "a,b" or NULL; this and what follows is not compared as it is */
	size_t first, last; /* its servers as they came: first, then server.next; TABLE_NONE ends */
	size_t n_servers;
};

/* What a server said itself. */
#define BALANCE_SAID_MODE    1U
#define BALANCE_SAID_TUN     2U
#define BALANCE_SAID_TUNPORT 4U
#define BALANCE_SAID_TUNCSUM 8U

struct balance_server {
	bool used;
	bool backup;
	uint8_t said;
	size_t service; /* index */
	struct ipvs_server ipvs;
	char *checks; /* "a,b", or NULL: the service's */
	size_t next, before;
};

struct balance_sync {
	bool used;
	char name[CONFIG_NAME_MAX];
	char router[CONFIG_NAME_MAX]; /* its role follows this election; "" for none */
	struct ipvs_daemon daemon;
};

struct balance_timeouts {
	bool used;
	char name[CONFIG_NAME_MAX];
	struct ipvs_timeouts ipvs;
};

struct balance {
	struct balance_check *check;
	struct balance_service *service;
	struct balance_server *server;
	struct balance_sync *sync;
	struct balance_timeouts *timeouts;                           /* one entry at the most */
	size_t n_checks, n_services, n_servers, n_syncs, n_timeouts; /* holes included */
	size_t n_holes[5];                                           /* by enum balance_kind */
	struct table check_by_name, service_by_name, service_by_id, server_by_key;
};

enum balance_kind {
	BALANCE_CHECK,
	BALANCE_SERVICE,
	BALANCE_SERVER,
	BALANCE_SYNC,
	BALANCE_TIMEOUTS,
	BALANCE_OTHER, /* a kind that the balance side does not keep */
};

/* What a record did: the index is into check, service, ..., by kind. After CONFIG_REMOVED the
 * entry still holds what it was, with used = false, until the next call; so do the servers of a
 * removed service, from service.first on. A service whose defaults have changed may have
 * changed its servers (CONFIG_EDITED says nothing of them). */
struct balance_result {
	enum balance_kind kind;
	enum config_change change;
	size_t index;
};

void balance_init(struct balance *b);
void balance_free(struct balance *b);

/* Applies one configuration record, or `remove`. Returns 0 with *res filled, or -1 with *e
 * filled and nothing changed. `remove` of a kind that is not of the balance side is
 * BALANCE_OTHER and no error. Entries may move: keep indexes, not pointers. */
int balance_apply(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e);

/* What can only be seen when all has been read: checks that are named but not there, a check of
 * a server's that has a target of its own. Returns 0, or -1. */
int balance_check_all(const struct balance *b, struct config_error *e);

/* The index by name, or TABLE_NONE. */
size_t balance_find_check(const struct balance *b, const char *name);
size_t balance_find_service(const struct balance *b, const char *name);

/* By what the kernel knows it by. */
size_t balance_find_service_id(const struct balance *b, const struct ipvs_service_id *id);
size_t balance_find_server(const struct balance *b, size_t service, const struct endpoint *at);

/* The server that a SERVICE ENDPOINT pair of operands names, as of `drain`: the index, or
 * TABLE_NONE with *e filled. */
size_t balance_find_operands(
    const struct balance *b, const char *service, const char *endpoint, struct config_error *e);

/* The checks of a server (its own or its service's) one by one: *at is 0 at first; returns false
 * at the end. A name that is no check gives TABLE_NONE in *check. */
bool balance_next_check(const struct balance *b, size_t server, size_t *at, size_t *check);

/* Begins a `service` record of the words that ipvs-set reads: IPVS's, and holder=. */
void balance_put_service(struct record_out *o, const struct balance_service *s);

/* A `server` record with this weight in place of the configured one. */
void balance_put_server(
    struct record_out *o, const struct balance *b, size_t server, uint32_t weight);

/* ---- private to lib/balance ---- */

/* What a server is found by in server_by_key. */
struct balance_key {
	size_t service;
	struct endpoint at;
};

void balance_key(struct balance_key *k, size_t service, const struct endpoint *at);

/* The words of each kind. */
int balance_read_check(const struct record *r, struct balance_check *x, struct config_error *e);
int balance_read_service(const struct record *r, struct balance_service *x, struct config_error *e);
int balance_read_server(const struct record *r, const struct balance_service *s,
    struct balance_server *x, struct config_error *e);
int balance_read_sync(const struct record *r, struct balance_sync *x, struct config_error *e);
int balance_read_timeouts(
    const struct record *r, struct balance_timeouts *x, struct config_error *e);
int balance_read_endpoint(const struct record *r, struct endpoint *p, struct config_error *e);

/* Takes over a service's defaults in what the server did not say, and checks the two. Returns 0,
 * or -1 with *e filled. */
int balance_inherit(
    const struct balance_service *s, struct balance_server *x, struct config_error *e);

#endif
