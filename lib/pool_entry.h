#ifndef POOL_ENTRY_H
#define POOL_ENTRY_H

/* Private to lib/pool and lib/pool_decide: a service, a server, and what they share. */

#include "pool.h"
#include "timer.h"
#include "verdict.h"

#define NEVER INT64_MIN

struct pool_timer {
	struct timer timer;
	struct pool_service *service; /* of one of the two */
	struct pool_server *server;
};

struct pool_server {
	struct pool_timer timer; /* the next step of a slow start */
	size_t index;
	struct pool_service *service;
	struct pool_server *next, *before;
	uint32_t weight; /* configured */
	bool backup;
	bool drain_conf, drain;
	enum verdict_state state; /* NONE: never had all its verdicts */
	uint32_t full;            /* weight without a slow start; 0 while drained */
	int64_t since;            /* of the slow start, or NEVER */

	/* what was said */
	bool present, said_drain;
	uint32_t said_weight;
	bool again; /* it was edited: say it though it is the same */

	size_t n_uses;
	struct verdict_use *use;
};

struct pool_service {
	struct pool_timer timer; /* unsettled: when it is settled; undecided: the end of the wait */
	size_t index;
	struct pool_service_conf conf;
	struct pool_server *first, *last; /* as they came */
	bool unsettled, waited, decided;
	bool again;  /* it was edited */
	bool resort; /* nothing that is up serves: what is unknown does */
	int64_t unsettled_since;

	/* sums over its servers, kept by pool_count */
	uint32_t n, n_backups, n_unknown, healthy;
	uint32_t n_live[2]; /* up, with a weight: servers, backups */
	uint64_t weight;

	bool said;
	struct pool_state state; /* as said */
};

struct pool {
	struct pool_calls calls;
	struct pool_service **service; /* by index; NULL for none */
	struct pool_server **server;
	size_t service_room, server_room;
	size_t n_timers;
	struct verdicts verdicts;
	struct timer_heap heap;
};

/* Adds a server to the sums of its service, or (-1) takes it out: around each change of it. */
void pool_count(struct pool_server *x, int sign);

/* What verdicts make of a server. Starts or ends a slow start. */
void pool_judge(struct pool *p, struct pool_server *x, int64_t now);

/* Sets the timer for the next step of a slow start, or ends it. */
void pool_pace(struct pool *p, struct pool_server *x, int64_t now);

/* Says of a service what has changed: of this server, or (NULL) of all. */
void pool_review(struct pool *p, struct pool_service *s, struct pool_server *changed, int64_t now);

/* The configuration of a service has come to rest. */
void pool_settled(struct pool *p, struct pool_service *s, int64_t now);

/* A timer of either is due. */
void pool_service_due(struct pool *p, struct pool_service *s, int64_t now);
void pool_server_due(struct pool *p, struct pool_server *x, int64_t now);

#endif
