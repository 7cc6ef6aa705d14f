#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "vrrp.h"

/* Whole Ethernet frames. libnet builds them; it neither opens a socket nor sends. */

#define FRAME_ANNOUNCE_MAX 86
#define FRAME_ADVERT_MAX   (14 + 40 + VRRP_PACKET_MAX)

struct frame {
	struct libnet_context *net;
};

/* Returns 0, or -1 with errno. */
int frame_open(struct frame *f);
void frame_close(struct frame *f);

/* Tells a link that the address is at this MAC now: a gratuitous ARP request, or a neighbour
 * advertisement with the override flag (RFC 9568 section 6.4), and the router flag where asked.
 * out must hold FRAME_ANNOUNCE_MAX. Returns the length, or 0 with errno. */
size_t frame_announce(struct frame *f, const uint8_t mac[6], const struct addr *address,
    bool is_router, uint8_t *out);

/* The advert *a from this MAC to the MAC of its multicast group a->dst, in IPv4 with DF and
 * type of service 0xc0 or in IPv6 with the same traffic class, TTL 255. out must hold
 * FRAME_ADVERT_MAX. Returns the length, or 0 with errno. */
size_t frame_advert(
    struct frame *f, const uint8_t mac[6], const struct vrrp_advert *a, uint8_t *out);

/* How many addresses an advert of this version and family has room for at this MTU. */
unsigned int frame_advert_room(unsigned int version, unsigned int family, unsigned int mtu);

#endif
