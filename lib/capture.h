#ifndef CAPTURE_H
#define CAPTURE_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Packets of IP protocol 112, from all interfaces of this host or from a capture file. */

struct capture_packet {
	const uint8_t *ip; /* from its version nibble */
	size_t len;
	unsigned int ifindex; /* 0 where a file does not tell */
	bool outgoing;        /* sent by this host */
	int64_t time;         /* CLOCK_MONOTONIC in nanoseconds; in a file, the time of capture */
	int64_t wall;         /* CLOCK_REALTIME */
};

struct capture {
	pcap_t *pcap;
	int fd; /* poll it for reading */
	bool live;
	int link_type;   /* DLT_* */
	int64_t drained; /* live: all that arrived before this has been read */
	int batch;       /* packets at most in one read */
	int unread;      /* slots of the ring that may hold what had arrived at start */
	int64_t start;
	int64_t read; /* the time of the read in hand */
	int64_t last; /* of the packet before */
	int64_t to_monotonic;
	void (*packet)(void *ctx, const struct capture_packet *p);
	void *ctx;
	char error[PCAP_ERRBUF_SIZE];
};

/* Listens on all interfaces; needs CAP_NET_RAW, and nothing once it is open. Returns 0, or -1
 * with errno and the reason in c->error. */
int capture_open_live(struct capture *c);

/* Opens a file of Ethernet, raw IP or cooked packets; "-" is standard input. Returns 0, or -1
 * with errno (EINVAL: no such capture) and the reason in c->error. */
int capture_open_file(struct capture *c, const char *path);

/* Reads some of what has arrived, without waiting, and calls c->packet for each. Returns 1, 0 at
 * the end of a file, or -1 with the reason in c->error. */
int capture_read(struct capture *c);

void capture_close(struct capture *c);

#endif
