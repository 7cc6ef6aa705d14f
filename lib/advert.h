#ifndef ADVERT_H
#define ADVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "frame.h"
#include "record.h"
#include "wire.h"

/* The advert of each router as a whole frame, kept until something that it says changes. */

/* What is kept of a router beside its configuration, under the same index. */
struct advert_router {
	struct wire_link link; /* index 0: not known */
	struct addr ip, ip6;
	bool is_linked;         /* a link record has been seen */
	bool is_pending;        /* the caller's: the frame is not sent yet */
	uint8_t said;           /* the caller's: the last priority on the wire */
	uint8_t ready;          /* the caller's: the priority it would take over with */
	uint8_t prio, checksum; /* of the frame */
	bool has_password;
	uint8_t password[VRRP_AUTH_LEN];
	uint8_t *frame; /* NULL: to be built */
	size_t len;
};

struct advert {
	struct config config;
	struct advert_router *router;
	size_t n_routers;
	struct frame builder;
	struct vrrp_advert message;
	uint8_t out[FRAME_ADVERT_MAX];
};

/* Returns 0, or -1 with errno. */
int advert_open(struct advert *a);

/* Frees all, and leaves no password in memory. */
void advert_close(struct advert *a);

/* Applies a `router`, `address` or `remove` record (config_apply); password is what auth= names.
 * Returns 0, or -1 with *e filled. */
int advert_configure(
    struct advert *a, const struct record *r, const uint8_t *password, struct config_error *e);

/* What a `link` record says. An address that it does not say (family 0) stays: priority 0 is
 * said from one that has just gone. */
void advert_link(
    struct advert *a, const struct wire_link *l, const struct addr *ip, const struct addr *ip6);

/* Builds the frame of router i. Returns NULL, or in a word why it cannot be: "no-source",
 * "no-address", "no-memory". */
const char *advert_build(struct advert *a, size_t i, uint8_t prio, uint8_t checksum);

void advert_forget(struct advert_router *x);

#endif
