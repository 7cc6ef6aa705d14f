#ifndef RTNL_H
#define RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/* Addresses and links of this network namespace, over rtnetlink (libmnl). Changes are queued
 * and go to the kernel together; a second socket hears what anybody changes. */

#define RTNL_PROTO_VIPTOOLS 0x56         /* IFA_PROTO of what is ours (Linux 5.18 and later) */
#define RTNL_FOREVER        UINT32_MAX   /* a lifetime without end */
#define RTNL_BATCH_SIZE     (180 * 1000) /* octets in one request: SO_SNDBUF is 212992 */
#define RTNL_BATCH_MESSAGES 2048

struct mnl_socket;

struct rtnl_addr {
	struct cidr cidr;
	struct addr peer; /* the far end of a point-to-point link, family 0 for none */
	unsigned int ifindex;
	uint8_t scope;           /* RT_SCOPE_* */
	uint8_t proto;           /* IFA_PROTO, 0 where the kernel has none */
	bool secondary;          /* IPv4: goes when the first address of its subnet goes */
	uint32_t valid;          /* seconds; this and label are not read, only written */
	char label[IF_NAMESIZE]; /* IPv4; "" is the interface's name */
};

struct rtnl_link {
	unsigned int ifindex;
	char name[IF_NAMESIZE];
	uint8_t mac[6];
	bool up;      /* IFF_UP */
	bool promote; /* promote_secondaries of this interface */
};

/* Either may be NULL. gone: it was deleted. */
struct rtnl_handler {
	void (*addr)(void *ctx, const struct rtnl_addr *a, bool gone);
	void (*link)(void *ctx, const struct rtnl_link *l, bool gone);
	void *ctx;
};

struct rtnl {
	struct mnl_socket *socket;
	int fd;
	uint32_t seq;
	char *batch; /* RTNL_BATCH_SIZE, of the requesting socket alone */
	size_t len, n;
	int broken; /* errno of a batch that was sent because the next message did not fit */
	int **error;
	size_t last; /* where the last message of the batch begins */
	char in[32768];
};

/* A socket for requests, and one that hears of links and addresses (not blocking, for poll).
 * Return 0, or -1 with errno. */
int rtnl_open(struct rtnl *r);
int rtnl_open_monitor(struct rtnl *r);
void rtnl_close(struct rtnl *r);

/* Whether this process may change addresses: 0, or -1 with errno (EPERM: no CAP_NET_ADMIN). */
int rtnl_may_change(struct rtnl *r);

/* Whether the kernel keeps IFA_PROTO. */
bool rtnl_has_proto(struct rtnl *r);

enum rtnl_change {
	RTNL_ADD,   /* fails with EEXIST where it is there */
	RTNL_RENEW, /* sets lifetime and proto; adds it where it is not there */
	RTNL_DELETE,
};

/* Puts one change in the batch. *error is 0 or an errno once rtnl_commit has returned; ENOBUFS
 * says that the outcome is not known. */
void rtnl_queue(struct rtnl *r, enum rtnl_change change, const struct rtnl_addr *a, int *error);

/* Turns promote_secondaries on for an interface, so that the end of an IPv4 address, also by
 * its lifetime, takes no other address of its subnet with it. */
void rtnl_queue_promote(struct rtnl *r, unsigned int ifindex, int *error);

/* Sends the batch and reads its answers. Returns 0 where all changes have an answer, or -1 with
 * errno. */
int rtnl_commit(struct rtnl *r);

/* Calls h->addr for every address there is, of one interface or (0) of all; an address may
 * come twice. Returns 0, or -1 with errno: EAGAIN where they changed all the while. */
int rtnl_dump_addrs(struct rtnl *r, unsigned int ifindex, const struct rtnl_handler *h);

/* One link by name. Returns 0, or -1 with errno (ENODEV). */
int rtnl_get_link(struct rtnl *r, const char *name, struct rtnl_link *l);

/* Reads one datagram of the monitor. Returns 1, 0 where there is none, or -1 with errno:
 * ENOBUFS says that something was lost and all must be read anew. */
int rtnl_read(struct rtnl *r, const struct rtnl_handler *h);

#endif
