#ifndef WATCH_H
#define WATCH_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "config.h"
#include "link.h"
#include "record.h"
#include "vrrp.h"

/* What vrrp-watch says of the packets it hears: `advert` for what passes all checks, `reject`
 * for the rest, once in 10 s for each reason and interface with the number of them. Pure; it
 * allocates when it is configured, never for a packet. */

#define WATCH_QUIET (10 * NSEC_PER_SEC)

/* The refusals for one reason on one interface. */
struct watch_tally {
	int64_t quiet_until;
	uint64_t count; /* not said yet */
	struct addr src;
	uint8_t vrid;
};

struct watch_link {
	char name[IF_NAMESIZE];
	struct watch_tally tally[VRRP_RESULTS_N];
	uint16_t router[2][256]; /* by family and VRID: index plus one, 0 for none */
};

struct watch {
	const struct config *config; /* NULL: every VRID is wanted */
	bool wall;                   /* time= besides t= */
	struct watch_link **link;
	uint8_t (*password)[VRRP_AUTH_LEN]; /* by router */
	size_t n_links, n_passwords;
	int64_t due; /* of the first tally, INT64_MAX for none */
};

/* A packet of protocol 112, and where and when it was heard. */
struct watch_packet {
	size_t link;
	const uint8_t *ip;
	size_t len;
	bool self; /* sent by this host */
	int64_t time, wall;
};

void watch_init(struct watch *w, const struct config *config, bool wall);
void watch_free(struct watch *w);

/* Makes link i bear this name. Returns 0, or -1 with errno. */
int watch_set_link(struct watch *w, size_t i, const char *name);

/* Makes room for the password of a router; NULL is none. Returns 0, or -1 with errno. */
int watch_set_password(struct watch *w, size_t router, const uint8_t *password);

/* The routers have changed: finds again whom each link serves. */
void watch_configure(struct watch *w);

enum watch_said {
	WATCH_NOTHING,
	WATCH_ADVERT, /* *out holds a record to emit */
	WATCH_REJECT, /* likewise */
};

/* Judges one packet. */
enum watch_said watch_hear(struct watch *w, const struct watch_packet *p, struct record_out *out);

/* Says the next refusals that are due at until and have not been said. True where *out holds
 * one: call it again. */
bool watch_flush(
    struct watch *w, int64_t until, int64_t time, int64_t wall, struct record_out *out);

/* How a link is: `link`, or that a link of this name has gone. */
void watch_format_link(const struct watch *w, const struct link *l, bool up, int64_t time,
    int64_t wall, struct record_out *out);

/* Adds t=, and time= where that is asked for. */
void watch_set_time(const struct watch *w, struct record_out *out, int64_t time, int64_t wall);

#endif
