#ifndef MEMBER_H
#define MEMBER_H

/* Private to lib/elect and lib/member: the state machine of one virtual router, and what it
 * shares with the others. */

#include "elect.h"

#define LINKS_MAX 256
/* A silent sensor, or own adverts not heard: for three adverts and at least this long. */
#define DEAF_LEAST NSEC_PER_SEC

/* What is said once in a while, per router. */
enum quiet {
	QUIET_INTERVAL,
	QUIET_VERSION,
	QUIET_ADDRESSES,
	QUIET_SAME_ADDRESS,
	QUIET_NOT_HEARD,
	QUIET_N,
};

/* One virtual router. */
struct member {
	struct timer timer; /* BACKUP: down; MASTER: advert; LEAVING: its end; FAULT: retry */
	size_t index;
	bool present;
	enum elect_state state;
	unsigned int base; /* priority before tracks: configured, or given by `priority` */
	unsigned int prio; /* effective */
	bool link_known, link_up, stopped, unheard, resigned, successor, blind;
	struct addr own;
	const char *why;     /* reason of a promotion when the timer fires */
	enum elect_state to; /* where LEAVING ends */
	char to_why[CONFIG_NAME_MAX];
	uint8_t checksum; /* of the last peer heard */
	bool hash_dirty;
	uint64_t hash;      /* of our own address list */
	int64_t interval;   /* the master's, in BACKUP of version 3: learnt */
	int64_t down_due;   /* when a silent master is down */
	int64_t deaf_until; /* no promotion before: what was missed may have been an advert */
	struct elect_advert heard; /* the last of another master; priority 0 for none */
	int64_t sent, self_heard, edited;
	int64_t lower_since; /* first lower advert under preempt=DELAY; 0 none */
	int64_t release_until, reassert, contested;
	int64_t quiet[QUIET_N];
	struct config_router cfg; /* last: what an advert touches stands together */
};

/* What the sensor last said of an interface. */
struct link {
	char ifname[IF_NAMESIZE];
	bool up;
	struct addr ip, ip6;
};

struct elect {
	const struct config *config;
	elect_act *act;
	void *ctx;
	struct member **member; /* by the index of the router */
	size_t n_members;
	int8_t *track_up; /* by the index of the track: -1 unknown, 0 down, 1 up */
	size_t n_tracks;
	struct link link[LINKS_MAX];
	size_t n_links;
	struct timer_heap heap;
	struct timer sensor; /* fires when the sensor has been silent */
	int64_t horizon;     /* the sensor has reported all until then */
	bool any_blind;      /* of the members */
	int64_t shortest;    /* advert interval of all routers */
	int64_t last;        /* time of the last step */
	int64_t boot;
	uint64_t seq;
};

/* RFC 9568 section 6.1, with the interval that counts in the present state. */
int64_t member_down_interval(const struct member *m);

/* How long the sensor, or our own adverts, may stay silent. */
int64_t member_deaf_limit(const struct member *m);

/* To BACKUP, waiting for the down interval or for `extra` if that is longer. */
void member_listen(
    struct elect *e, struct member *m, const char *reason, int64_t extra, int64_t now);

/* Stays in BACKUP and listens for a down interval from now, whatever was heard before. */
void member_wait(struct elect *e, struct member *m, int64_t now);

/* To a state that serves nothing, at once, saying priority 0 where it was master. */
void member_withdraw(
    struct elect *e, struct member *m, enum elect_state to, const char *reason, int64_t now);

/* Brings priority and state in line with tracks and faults, after any of them changed. */
void member_review(struct elect *e, struct member *m, int64_t extra, int64_t now);

/* An advert of this router's VRID and family on its interface. */
void member_hear(struct elect *e, struct member *m, const struct elect_advert *adv, int64_t now);

/* The timer of BACKUP, of MASTER and of LEAVING has fired. */
void member_promote(struct elect *e, struct member *m, int64_t now);
void member_advertise(struct elect *e, struct member *m, int64_t now);
void member_leave_over(struct elect *e, struct member *m, int64_t now);

/* Link and address of its interface, and the control records. */
void member_link(struct elect *e, struct member *m, const struct link *l, int64_t now);
void member_stop(struct elect *e, struct member *m, int64_t now);
void member_release(struct elect *e, struct member *m, int64_t duration, int64_t now);
void member_priority(struct elect *e, struct member *m, unsigned int prio, int64_t now);

#endif
