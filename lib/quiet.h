#ifndef QUIET_H
#define QUIET_H

#include <stdbool.h>

/* A real server of direct routing or of a tunnel has the service's address, and must answer no
 * ARP for it: the address is on lo or a dummy, arp_ignore keeps the host from answering for it on
 * other interfaces and arp_announce from asking in its name (ip-sysctl of the kernel). IPv6 needs
 * neither: a solicitation is answered only on the interface that has the address. Files of
 * /proc/sys/net of this network namespace. */

/* 1 where the interface itself answers no ARP (lo, dummy, NOARP), 0 where it does, or -1 with
 * errno (ENODEV). */
int quiet_is_dev(const char *ifname);

/* Turns both on for all interfaces, or (on = false) both to the kernel's 0, and reads them back.
 * A stricter arp_ignore (2, 8) is left as it is when they are turned on. Returns NULL, or the name
 * of the setting that failed, with errno: EIO where the kernel says something else than was set. */
const char *quiet_set(bool on);

#endif
