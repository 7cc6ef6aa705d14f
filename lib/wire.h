#ifndef WIRE_H
#define WIRE_H

#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "addr.h"

/* Frames onto interfaces: one packet socket that receives nothing, and batches that cost one
 * system call whatever interfaces their frames go to. */

#define WIRE_BATCH 256

struct wire {
	int fd;
	unsigned int n;
	int error[WIRE_BATCH]; /* after wire_send: 0, or the errno of each frame */
	struct mmsghdr message[WIRE_BATCH];
	struct iovec part[WIRE_BATCH];
	struct sockaddr_ll to[WIRE_BATCH];
};

/* What the kernel says of an interface. */
struct wire_link {
	char name[IF_NAMESIZE];
	int index; /* 0: there is none of this name */
	bool up;   /* and it has a carrier */
	unsigned int mtu;
	uint8_t mac[6];
};

/* Needs CAP_NET_RAW, later calls do not. Returns 0, or -1 with errno. */
int wire_open(struct wire *w);
void wire_close(struct wire *w);

/* Adds a frame to the batch, which must have room; the octets stay the caller's until
 * wire_send. */
void wire_add(struct wire *w, int ifindex, const uint8_t *frame, size_t len);

/* Sends the batch in order and empties it. Returns how many frames it had; error[i] says what
 * became of each. */
unsigned int wire_send(struct wire *w);

/* A short fixed word for the errno of a frame, as an `error` record has it in reason=. */
const char *wire_reason(int error);

/* Looks an interface up by name. Returns 0, or -1 with errno and index 0: ENODEV where there is
 * none, EMEDIUMTYPE where it is not an Ethernet. */
int wire_link(const struct wire *w, const char *name, struct wire_link *l);

/* The address an interface sends adverts from: its first IPv4 address or its IPv6 link-local
 * one. Returns 0, or -1 with errno (EADDRNOTAVAIL). */
int wire_source(const char *name, uint8_t family, struct addr *out);

/* Whether the interface forwards IPv6, so that its neighbours may see a router in it. */
bool wire_is_router(const char *name);

#endif
