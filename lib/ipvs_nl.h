#ifndef IPVS_NL_H
#define IPVS_NL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "ipvs.h"

/* IPVS's generic netlink messages (<linux/ip_vs.h>, net/netfilter/ipvs/ip_vs_ctl.c) encoded and
 * decoded. Pure: buffers in, buffers out. */

#define IPVS_NL_MAX 256 /* octets of the longest message that these write */

/* Every encoder writes one message (flags NLM_F_REQUEST, sequence number 0) for the generic
 * netlink family of that number into buf, which holds IPVS_NL_MAX and is aligned for a struct
 * nlmsghdr. */
struct nlmsghdr *ipvs_nl_service(
    void *buf, uint16_t family, enum ipvs_op op, const struct ipvs_service *s);
struct nlmsghdr *ipvs_nl_server(void *buf, uint16_t family, enum ipvs_op op,
    const struct ipvs_service_id *service, const struct ipvs_server *s);

/* Starts (IPVS_ADD) or stops (IPVS_REMOVE) the daemon of one role. */
struct nlmsghdr *ipvs_nl_daemon(
    void *buf, uint16_t family, enum ipvs_op op, const struct ipvs_daemon *d, uint8_t role);
struct nlmsghdr *ipvs_nl_timeouts(void *buf, uint16_t family, const struct ipvs_timeouts *t);

/* IPVS_CMD_GET_SERVICE, _GET_DAEMON (dumps), _GET_CONFIG, or _GET_DEST of a service (a dump). */
struct nlmsghdr *ipvs_nl_get(
    void *buf, uint16_t family, uint8_t command, const struct ipvs_service_id *service);

/* Decode one message. Return 0, or -1 where it is not such a message or is cut short; stats may
 * be NULL. A daemon's roles is its one role. */
int ipvs_nl_read_service(
    const struct nlmsghdr *m, struct ipvs_service *s, struct ipvs_stats *stats);
int ipvs_nl_read_server(const struct nlmsghdr *m, const struct ipvs_service_id *service,
    struct ipvs_server *s, struct ipvs_stats *stats);
int ipvs_nl_read_daemon(const struct nlmsghdr *m, struct ipvs_daemon *d);
int ipvs_nl_read_timeouts(const struct nlmsghdr *m, struct ipvs_timeouts *t);

#endif
