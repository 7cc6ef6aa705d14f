#ifndef SIM_H
#define SIM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config.h"
#include "elect.h"
#include "parse.h"
#include "vrrp.h"

/* A deterministic simulator of an election: up to HOSTS_MAX hosts, each with an elector of its
 * own, on one shared medium, under faults that a seed chooses. All times are nanoseconds of a
 * virtual clock; a host's own clock runs beside it with an offset. */

#define HOSTS_MAX   7
#define PACKETS_MAX 1024 /* in flight */
#define QUEUE_MAX   128  /* waiting at one stage of one host */
#define TRACE_MAX   50
#define NEVER       INT64_MAX

static inline int64_t
sim_longer(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* What each seed may show; a run of many must have shown all. */
#define SOMETIMES(X)                                                                               \
	X(version2)                                                                                \
	X(version3)                                                                                \
	X(ipv6)                                                                                    \
	X(dual)          /* two masters at once */                                                 \
	X(tie)           /* a master heard an equal */                                             \
	X(priority_zero) /* a backup heard priority 0 */                                           \
	X(owner)         /* priority 255 was master */                                             \
	X(leaving)                                                                                 \
	X(handover) /* two hosts served the address while one of them left */                      \
	X(contested)                                                                               \
	X(preempted)                                                                               \
	X(preempt_delay) /* a lower master was left alone for the delay */                         \
	X(no_preempt)    /* a lower master was left alone for good */                              \
	X(incumbent)     /* an equal came back and the master stayed */                            \
	X(learnt)        /* a backup of another interval under its master */                       \
	X(mismatch)                                                                                \
	X(conflict)                                                                                \
	X(stalled)                                                                                 \
	X(late_resume) /* a master woke after its down interval */                                 \
	X(backlog)     /* records waited for a stopped elector */                                  \
	X(ring)        /* packets waited for a stopped sensor */                                   \
	X(blind)       /* a master gave up because its sensor was silent */                        \
	X(suspended)                                                                               \
	X(lease_ran_out)                                                                           \
	X(fault_state)                                                                             \
	X(init_state)                                                                              \
	X(released)                                                                                \
	X(raised)    /* a priority changed the master */                                           \
	X(ended)     /* end of input while master */                                               \
	X(last_stop) /* the only router stopped */                                                 \
	X(lost)                                                                                    \
	X(duplicated)                                                                              \
	X(reordered)                                                                               \
	X(one_way)                                                                                 \
	X(partition)                                                                               \
	X(same_address)                                                                            \
	X(race) /* several backups ran for one place */

enum sometimes {
#define X(id) SAW_##id,
	SOMETIMES(X)
#undef X
	    SAW_MAX
};

struct totals {
	uint64_t seeds, events, sends, races, races_won;
	uint64_t saw[SAW_MAX];
	double worst_converge; /* adverts, the delay not counted */
	double worst_stop;     /* the same after a clean stop */
	double worst_kill;
	int64_t worst_two; /* with two holders after a kill, at 1 s and small delays */
	uint64_t worst_seed;
};

/* An advert on its way. */
struct packet {
	int64_t at;
	int64_t sent;
	int64_t interval;
	uint8_t from, to, prio;
};

/* Something for an elector to read; time is on the host's clock. */
struct input {
	enum elect_event_kind kind;
	const char *name;
	bool up, has_ip;
	unsigned int prio;
	int64_t time, duration;
	struct packet packet;
};

struct queue {
	unsigned int head, n;
	struct input input[QUEUE_MAX];
};

struct world;

struct host {
	struct world *w;
	unsigned int id;
	struct elect *elect;
	struct config config;
	struct config_router router;
	struct config_address address;
	struct config_track track;
	struct addr addr;

	/* what is broken */
	bool link, has_ip, healthy, sensor_up, elector_up, asleep, mute;
	bool was_mute;
	int64_t asleep_since, elector_down_since, release_until;

	/* the three stages */
	int64_t base; /* host clock minus world clock */
	int64_t wake; /* the elector's deadline and a little lateness */
	int64_t deadline;
	int64_t tick_at;
	int64_t next; /* the first of wake, tick_at and lease_until */
	struct queue ring, pipe;

	/* the holder, as vip-up does it */
	bool held;
	int64_t lease, lease_until;

	/* what is known of the elector from its actions */
	enum elect_state state;
	uint64_t seq;
	int64_t entered;     /* the state */
	int64_t last_send;   /* above priority 0 */
	int64_t last_sensor; /* until when the elector has read what it saw */
	int64_t woken;       /* when the elector last ran again */
	int64_t late_since;  /* woke up late then and has not been elected since; else NEVER */
	int64_t lower_since; /* first lower advert heard in this time as backup; else NEVER */
	struct addr higher;
	int64_t higher_at; /* when the last advert was captured that is not lower */
	int64_t stop_by;   /* STOP must be said by then */
	int64_t window;
	unsigned int in_window, in_step;
	int64_t newest[HOSTS_MAX]; /* of what came from each host */
};

struct trace {
	int64_t time;
	const char *what;
	const char *text;
	uint8_t host, peer;
	int64_t number;
};

struct world {
	uint64_t seed, random;
	struct totals *totals;
	jmp_buf failed;
	bool verbose;
	uint32_t masked; /* fault classes left out */

	unsigned int n;
	struct host host[HOSTS_MAX];
	int64_t now;
	uint8_t version, family, down;
	int64_t interval; /* the longest of all hosts */
	int64_t shortest;
	int64_t late;      /* how late a timer may be served */
	bool same_address; /* two hosts share one: only the safety rules hold */

	/* the medium */
	int64_t delay, jitter;
	int64_t delay_max;      /* over both, as it was when what is in flight was sent */
	unsigned int loss, dup; /* of 1024 */
	bool cut[HOSTS_MAX][HOSTS_MAX];
	struct packet packet[PACKETS_MAX];
	size_t n_packets;

	/* what the checks remember */
	bool quiet;         /* no transition may happen */
	int64_t one_since;  /* exactly one master since; NEVER while there is not */
	int64_t none_since; /* nobody served; NEVER while somebody does */
	int64_t gap;        /* the longest time nobody served */
	int64_t two_since;  /* two or more served, those that leave not counted; else NEVER */
	int64_t two;        /* the longest of that */
	struct host *first; /* to become master since this was cleared */

	struct trace trace[TRACE_MAX];
	uint64_t n_trace;
};

/* random.c: the numbers of a seed. */
uint64_t random_next(struct world *w);
uint64_t random_below(struct world *w, uint64_t n);
int64_t random_time(struct world *w, int64_t from, int64_t to);
bool random_chance(struct world *w, unsigned int of_1024);

/* world.c: the medium and the clock. */
void world_run(struct world *w, int64_t until);
void world_send(struct host *h, unsigned int prio);

/* host.c: sensor, elector and holder of one host. */
void host_start(struct host *h);
void host_kill(struct host *h);
void host_event(struct host *h, struct input *in);
void host_link(struct host *h);
void host_edit(struct host *h);
void host_stop(struct host *h, bool sensor, bool elector);
void host_continue(struct host *h, bool sensor, bool elector);
void host_suspend(struct host *h);
void host_resume(struct host *h);
void host_update(struct host *h);
void host_fire(struct host *h);
int64_t host_clock(const struct host *h);

/* setup.c: the hosts of a seed. */
void setup(struct world *w);

/* fault.c: what befalls them, and how all of it is undone. */
extern const char *const fault_names[]; /* ended by NULL */
void fault_any(struct world *w);
void fault_heal(struct world *w);
void fault_stop_one(struct host *h);
void fault_release_one(struct host *h, int64_t duration);
void fault_priority_one(struct host *h, unsigned int prio);

/* story.c: a seed from its beginning to its end. */
void story_run(struct world *w);

/* check.c: what must hold of one elector, before and after each step of it. */
int64_t check_skew(const struct world *w, unsigned int prio, int64_t interval);
int64_t check_down(const struct world *w, unsigned int prio, int64_t interval);
int64_t check_bound(const struct world *w);
int64_t check_blind(const struct host *h);
void check_started(struct host *h);
void check_woken(struct host *h);
void check_changed(struct host *h);
void check_event(struct host *h, const struct elect_event *ev);
void check_step(struct host *h, const struct elect_event *ev, enum elect_state before);
void check_send(struct host *h, unsigned int prio);
void check_state(struct host *h, const struct elect_action *a);

/* serve.c: what must hold of all of them together. */
void serve_account(struct world *w);
void serve_parts(struct world *w);
bool serve_is_eligible(const struct host *h);
struct host *serve_master(struct world *w);

/* trace.c: what happened, kept for the report of a failure. */
void trace(struct world *w, const char *what, unsigned int host, unsigned int peer, int64_t number,
    const char *text);
void trace_print(const struct world *w);
_Noreturn void trace_fail(struct world *w, const struct host *h, const char *reason);
void saw(struct world *w, enum sometimes s);

#endif
