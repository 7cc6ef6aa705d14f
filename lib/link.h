#ifndef LINK_H
#define LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "group.h"

/* What the sensor must know of the interfaces it is asked about, followed over rtnetlink. The
 * messages of the kernel only say that something has changed; what is now is always read anew,
 * so that one that is lost (ENOBUFS) costs nothing but that reading. Keeps this host a member of
 * the groups of VRRP on them. */

#define LINK_MAX  2048
#define LINK_IPV4 1
#define LINK_IPV6 2

struct link {
	char name[IF_NAMESIZE]; /* "" for a hole */
	unsigned int index;     /* 0: there is no such interface */
	unsigned int mtu;
	bool up; /* administratively, and its carrier is there */
	bool has_mac;
	bool known; /* has been read since it was asked for */
	uint8_t mac[6];
	uint8_t rank, rank6; /* private: how good the addresses below are */
	struct addr ip;      /* the primary IPv4 address, family 0 for none */
	struct addr ip6;     /* the link-local one */
	uint8_t families;    /* LINK_IPV4, LINK_IPV6: the groups to be a member of */
};

/* Whether an address is a virtual one, that comes and goes and can be no source of adverts. */
typedef bool link_is_virtual(void *ctx, const struct addr *a);

/* Link i is now what l->link[i] says; before is what was known. Called for the first reading
 * too, also where there is no such interface. */
typedef void link_changed(void *ctx, size_t i, const struct link *before);

/* The groups of link i could not be joined; it is tried again with the next change. */
typedef void link_failed(void *ctx, size_t i, int error);

struct links {
	struct link *link;
	struct link *fresh; /* as many */
	size_t n, room;     /* holes included */
	int fd;             /* poll it for reading */
	bool dirty;
	unsigned int port, seq;
	struct mnl_socket *socket;
	struct groups groups;
	link_is_virtual *is_virtual;
	link_changed *changed;
	link_failed *failed;
	void *ctx;
};

/* Returns 0, or -1 with errno. */
int link_open(struct links *l);
void link_close(struct links *l);

/* Follows an interface from now on. Returns its number, or SIZE_MAX with errno. */
size_t link_want(struct links *l, const char *name);
void link_forget(struct links *l, size_t i);
size_t link_find(const struct links *l, const char *name);

/* Reads what the kernel has to say, without waiting. Returns 0, or -1 with errno. */
int link_read(struct links *l);

/* Where something has changed since, or l->dirty was set, reads all anew, calls l->changed for
 * each difference and joins and leaves groups.
 * Returns 0, or -1 with errno. */
int link_refresh(struct links *l);

#endif
