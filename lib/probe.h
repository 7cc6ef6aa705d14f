#ifndef PROBE_H
#define PROBE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "health.h"
#include "outcome.h"
#include "timer.h"

/* The engine of the probes: it asks thousands of targets from one epoll descriptor and one heap
 * of timers, each in its own phase of the interval, and each within one deadline for the whole
 * of the check on CLOCK_MONOTONIC. It knows TCP up to the connection; what is said over it is
 * the matter of a protocol. */

/* The settings of a check, shared by its targets. Times are nanoseconds. */
struct probe_check {
	int64_t every;     /* from one start to the next */
	int64_t fastinter; /* the same while a verdict is changing */
	int64_t timeout;
	unsigned int rise, fall; /* 1 to 255 */
	struct addr src;         /* family 0: the kernel's choice */
	char ifname[IF_NAMESIZE];
	uint32_t mark;
	struct addr connect; /* family 0: the target's own address */
	uint16_t port;       /* to connect to; 0: the target's own */
	void *own;           /* what the protocol has made of its words */
};

/* What a check says besides its outcome; -1 is nothing. */
struct probe_result {
	int code;        /* of HTTP, of a program */
	int weight;      /* with `dynamic` */
	int64_t expires; /* until the certificate does, ns; -1 where there is none */
	int64_t time;    /* how long it took, ns; the engine fills it */
	char detail[64]; /* for people, may be empty */
};

struct probe_target {
	struct timer timer;              /* private, as all that is not said to be the owner's */
	const struct probe_check *check; /* owner's, set before probe_add */
	struct addr addr;                /* owner's; family 0 for a check without a target */
	uint16_t port;                   /* owner's, in host order */
	bool running;
	bool connected;
	bool stopped;
	bool fresh;           /* the next answer is a verdict by itself, whatever the old one */
	bool again;           /* owner's: the verdict is said again when an answer agrees with it */
	struct health health; /* anyone may read it */
	int weight;           /* the last one given; -1 for none */
	int fd;               /* while it runs: the connection, non-blocking */
	int64_t due;          /* when the check that runs, or the next, should have begun */
	int64_t started;
	int64_t stalled; /* the engine's count at its start */
	void *state;     /* while it runs: the protocol's octets, zeroed at the start */
	void *kept;      /* the protocol's, from one check to the next */
};

/* A protocol is one function, called when the connection stands (events EPOLLOUT, or more) and
 * then for each readiness. The descriptor is watched for reading and writing at once, edge
 * triggered (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET): read or write on until EAGAIN, or less
 * than asked for. Returns OUTCOME_GOING to be called again, or the outcome, after which the
 * engine closes the descriptor. What it cannot read or write is outcome_from_errno(errno).
 *
 * It may leave anything in res with its outcome; res is reset before each call. */
struct probe_protocol {
	const char *method; /* the word in `check NAME METHOD` */
	size_t size;        /* octets of state of one running check; 0 for none */
	bool reset;         /* end with RST in place of FIN, also before the server has accepted */

	enum outcome (*ready)(
	    void *ctx, struct probe_target *t, uint32_t events, struct probe_result *res);

	/* Frees what hangs on t->state and does not belong to the engine, whatever has ended the
	 * check, before the descriptor is closed. May be NULL. */
	void (*end)(void *ctx, struct probe_target *t);

	/* Frees t->kept, where it is not NULL: the target goes, or its check is another one. May be
	 * NULL. */
	void (*drop)(void *ctx, struct probe_target *t);

	/* In place of a connection: opens a descriptor to watch into t->fd (a pidfd, say), and
	 * returns OUTCOME_GOING, or why it could not. NULL: connect to the target. */
	enum outcome (*open)(void *ctx, struct probe_target *t, struct probe_result *res);
};

struct probe {
	/* set by the owner before probe_open */
	const struct probe_protocol *protocol;
	void *protocol_ctx;
	void *ctx;
	bool exact; /* wake for each by itself, not for what is due together */
	/* Each check that has ended. changed: the verdict, or the weight, is another one than
	 * before (was: the old verdict), or it is the first after probe_add or probe_renew. An
	 * outcome of the class unknown changes nothing. The target must not be removed in here. */
	void (*done)(void *ctx, struct probe_target *t, enum outcome o,
	    const struct probe_result *res, bool changed, enum health_state was);

	/* for people who ask how it fares */
	uint64_t n_checks;
	int64_t late_max; /* the latest start, ns after its due time */

	/* private */
	int fd; /* of epoll, to be polled for POLLIN by the owner */
	struct timer_heap timers;
	size_t n_targets, n_added;
	int64_t now, slack, stalled;
	void **idle; /* states of protocol->size that no check uses */
	size_t n_idle;
	size_t room;
};

/* Returns 0, or -1 with errno. It also raises the limit on descriptors as far as it goes. */
int probe_open(struct probe *p);
void probe_close(struct probe *p);

/* Takes in a zeroed target with its check, addr and port filled; its first check begins in its
 * phase of the interval, spread evenly whatever their number, or at once. It
 * must stay where it is until probe_remove. Returns 0, or -1 with errno. */
int probe_add(struct probe *p, struct probe_target *t, int64_t clock, bool at_once);

/* Ends what runs and forgets it. Not inside a callback. */
void probe_remove(struct probe *p, struct probe_target *t);

/* Ends what runs and starts nothing, until probe_renew: its check is about to be edited. Not
 * inside a callback. */
void probe_pause(struct probe *p, struct probe_target *t);

/* Its check has been edited: the next answer is a verdict by itself. */
void probe_renew(struct probe *p, struct probe_target *t, int64_t clock);

/* No further check after the one that has ended; for `done`. */
void probe_stop(struct probe *p, struct probe_target *t);

/* When to call probe_expire next, INT64_MAX for never: late enough that what is due together is
 * done together, by at most a hundredth of the shortest time that was set, and 5 ms. */
int64_t probe_due(const struct probe *p);

/* Serves p->fd; then what is due. In this order in every round: an answer that is there counts
 * before its deadline does. */
void probe_ready(struct probe *p, int64_t clock);
void probe_expire(struct probe *p, int64_t clock);

/* The address that a check of t connects to. */
void probe_endpoint(const struct probe_target *t, struct addr *addr, uint16_t *port);

#endif
