#ifndef GROUP_H
#define GROUP_H

#include <stdbool.h>
#include <stddef.h>

/* Membership in the multicast groups of VRRP, so that switches deliver adverts. One socket for
 * each interface and family: the kernel limits the groups of a socket. */

struct groups {
	struct group_member {
		int fd[2];             /* IPv4, IPv6; -1 where it is no member */
		unsigned int index[2]; /* of the interface */
	} * member;
	size_t n;
};

/* Makes this host a member on interface `index`, known to the caller as number i, for these
 * families, and no longer for the others or for what that number stood for before. index 0: there
 * is no such interface. Returns 0, or -1 with errno; what could be joined is. */
int group_set(struct groups *g, size_t i, unsigned int index, bool ipv4, bool ipv6);

void group_free(struct groups *g);

#endif
