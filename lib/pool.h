#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who serves: for any number of services, from the verdicts on their servers. Pure: it reads no
 * clock and writes nothing; configuration, verdicts and the time go in, actions come out through
 * one callback. Services and servers are known by the caller's indexes. All times are
 * nanoseconds of one clock that does not step. Allocates only when it is configured.
 *
 * Unknown is not down. Nothing is said of a service before every one of its checked servers has
 * had a verdict; or, when that has not come in the time given for it, before one has. A server
 * without a verdict does not serve, unless none that is up does. A server keeps what it was
 * while a verdict that it newly needs has not come. */

/* What is configured of one service takes effect when nothing more of it has come for
 * POOL_SETTLE, at most POOL_SETTLE_MOST after the first of it: a file that is read in pieces is
 * one statement, and what a reload takes away and puts in its place is one change. */
#define POOL_SETTLE      INT64_C(100000000)
#define POOL_SETTLE_MOST INT64_C(1000000000)
#define POOL_RAMP_STEPS  10

struct pool_service_conf {
	uint32_t quorum, hysteresis;
	bool quiesce;      /* what does not serve has weight 0, and is not removed */
	int64_t slowstart; /* 0: none */
};

struct pool_server_conf {
	uint32_t weight;
	bool backup;
	bool drain;               /* as pool_drain, when it changes */
	const char *target;       /* its name in verdicts */
	const char *const *check; /* all of which must be up */
	size_t n_checks;
};

enum pool_action_kind {
	POOL_DO_SERVICE,   /* service: it is in the table, as configured */
	POOL_DO_SERVER,    /* server, weight, drain: it is in the table */
	POOL_DO_REMOVE,    /* server: it is not in the table any more */
	POOL_DO_FORGET,    /* service: nor is this, with its servers */
	POOL_DO_POOL,      /* service, and state: last of what is said of a service at one time */
	POOL_DO_UNDECIDED, /* service: its time has passed without a verdict */
};

/* The state of a service. Backups do not count: they stand in for what does. */
struct pool_state {
	bool up;          /* the quorum is there */
	uint32_t total;   /* servers */
	uint32_t healthy; /* that are up and not drained */
	uint32_t backups; /* that serve */
	uint64_t weight;  /* of the healthy, as when each slow start is over */
};

struct pool_action {
	enum pool_action_kind kind;
	size_t service;
	size_t server;
	uint32_t weight;
	bool drain; /* weight 0, and it may go when its last connection has gone */
	struct pool_state state;
};

/* What the caller does. wait says how long the first verdict on a server may take. */
struct pool_calls {
	void (*act)(void *ctx, const struct pool_action *a);
	int64_t (*wait)(void *ctx, size_t server);
	void *ctx;
};

struct pool;

/* Returns NULL with errno. */
struct pool *pool_new(const struct pool_calls *calls);
void pool_free(struct pool *p);

/* Adds or edits. Return 0, or -1 with errno and the pool unchanged. The service of a server is
 * there and does not change. An edit says again what is in the table, for the words of it that
 * the pool does not know may have changed. */
int pool_set_service(
    struct pool *p, size_t service, const struct pool_service_conf *c, int64_t now);
int pool_set_server(
    struct pool *p, size_t service, size_t server, const struct pool_server_conf *c, int64_t now);

/* Said at once; the index is then free for another. A service goes with its servers. */
void pool_remove_service(struct pool *p, size_t service);
void pool_remove_server(struct pool *p, size_t server, int64_t now);

/* A verdict. weight is the one that the check asks for, -1 for none. Returns false where no
 * server hangs on it. */
bool pool_verdict(
    struct pool *p, const char *check, const char *target, bool up, int64_t weight, int64_t now);

/* By hand: no new connections, until told otherwise. */
void pool_drain(struct pool *p, size_t server, bool drain, int64_t now);

/* When pool_run is due, or INT64_MAX. */
int64_t pool_deadline(const struct pool *p);
void pool_run(struct pool *p, int64_t now);

/* No more configuration will come: what was configured takes effect now. */
void pool_settle(struct pool *p, int64_t now);

#endif
