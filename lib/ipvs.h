#ifndef IPVS_H
#define IPVS_H

#include <linux/ip_vs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "record.h"

/* What the kernel's IPVS keeps (<linux/ip_vs.h>), without its names of bits where ours say it,
 * and the words for it in records and on ipvsadm's lines. Pure. */

#define IPVS_WEIGHT_MAX  2147483647U
#define IPVS_PERSIST_MAX (31U * 86400) /* seconds, as ipvsadm(8) */

/* Flags of a service that people set; persistence is persist != 0. */
#define IPVS_FLAG_OPS   IP_VS_SVC_F_ONEPACKET
#define IPVS_FLAG_SCHED (IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_SCHED3)
#define IPVS_FLAGS      (IPVS_FLAG_OPS | IPVS_FLAG_SCHED)

/* The numbers are the kernel's. LOCAL is its own: a server that is this host is shown so. */
enum ipvs_mode {
	IPVS_NAT = IP_VS_CONN_F_MASQ,
	IPVS_LOCAL = IP_VS_CONN_F_LOCALNODE,
	IPVS_TUN = IP_VS_CONN_F_TUNNEL,
	IPVS_DR = IP_VS_CONN_F_DROUTE,
};

enum ipvs_tun {
	IPVS_IPIP,
	IPVS_GUE,
	IPVS_GRE,
};

/* What identifies a service: a protocol, address and port; or (protocol 0) a firewall mark and
 * a family. Zeroed before it is filled: compared with memcmp. */
struct ipvs_service_id {
	uint32_t fwmark;
	uint8_t protocol; /* IPPROTO_TCP, _UDP, _SCTP; 0: fwmark */
	uint8_t family;   /* 4 or 6 */
	struct endpoint at;
};

struct ipvs_service {
	struct ipvs_service_id id;
	char sched[IP_VS_SCHEDNAME_MAXLEN];
	char pe[IP_VS_PENAME_MAXLEN];
	uint32_t flags;   /* of IPVS_FLAGS */
	uint32_t persist; /* seconds; 0: not persistent */
	uint32_t netmask; /* IPv4: the mask in host order; IPv6: the length of the prefix */
};

struct ipvs_server {
	struct endpoint at;
	uint8_t mode; /* enum ipvs_mode */
	uint8_t tun;  /* enum ipvs_tun; this and what follows 0 unless mode is IPVS_TUN */
	uint16_t tun_port;
	uint16_t tun_flags; /* IP_VS_TUNNEL_ENCAP_FLAG_* */
	uint16_t pad;
	uint32_t weight;
	uint32_t upper, lower; /* thresholds, 0: none */
};

/* A synchronisation daemon; the same settings may hold for both of its roles. */
struct ipvs_daemon {
	uint8_t roles; /* IP_VS_STATE_MASTER | IP_VS_STATE_BACKUP */
	uint8_t id;
	uint8_t ttl;
	char ifname[IF_NAMESIZE];
	struct addr group;
	uint16_t port;
	uint16_t maxlen; /* 0: as the interface's MTU allows */
};

/* Seconds; 0: not said, left as it is. */
struct ipvs_timeouts {
	uint32_t tcp, tcpfin, udp;
};

/* ---- words: lib/ipvs_word ---- */

/* Returns 0, or -1 and leaves *out alone. */
int ipvs_mode_parse(const char *text, uint8_t *out);
int ipvs_tun_parse(const char *text, uint8_t *out);
int ipvs_csum_parse(const char *text, uint16_t *out); /* no, csum, remcsum */
int ipvs_protocol_parse(const char *text, uint8_t *out);

/* A comma list of sh-port, sh-fallback, mh-port, mh-fallback, flag-1, flag-2, flag-3. *scheds
 * gets the schedulers that it is made for: 1 sh, 2 mh. */
int ipvs_flags_parse(const char *text, uint32_t *out, unsigned int *scheds);

/* A mask as text: dotted (contiguous or not), or the length of a prefix. */
int ipvs_netmask_parse(const char *text, uint8_t family, uint32_t *out);

/* The name of a scheduler or an engine: 1 to 15 of a-z, 0-9, `_`, `-`. */
bool ipvs_is_name(const char *text);

const char *ipvs_mode_name(uint8_t mode);
const char *ipvs_tun_name(uint8_t tun);
const char *ipvs_csum_name(uint16_t flags);
const char *ipvs_protocol_name(uint8_t protocol); /* "fwmark" for 0 */

/* Writes the flags as a list, "" for none; out must hold IPVS_FLAGS_STRLEN. */
#define IPVS_FLAGS_STRLEN 64
void ipvs_flags_format(const char *sched, uint32_t flags, char *out);
#define IPVS_NETMASK_STRLEN 16
void ipvs_netmask_format(uint8_t family, uint32_t netmask, char *out);
uint32_t ipvs_netmask_default(uint8_t family); /* the whole address */

/* A name that says what a service without one is: "tcp-192.0.2.1-80", "fwmark-7". */
#define IPVS_NAME_STRLEN 64
void ipvs_name_format(const struct ipvs_service_id *id, char *out);

/* Begins a `service` or `server` record with its operands and all IPVS words that are not the
 * default (mode and the tunnel's are said with the server). More may be added behind. */
void ipvs_put_service(struct record_out *o, const char *name, const struct ipvs_service *s);
void ipvs_put_server(struct record_out *o, const char *name, const struct ipvs_server *s);
void ipvs_put_sync(struct record_out *o, const char *name, const struct ipvs_daemon *d);
void ipvs_put_timeouts(struct record_out *o, const char *name, const struct ipvs_timeouts *t);

/* Adds the operands PROTOCOL ENDPOINT of a service to a record that was begun. */
void ipvs_add_id(struct record_out *o, const struct ipvs_service_id *id);

/* NULL, or why the kernel would refuse or misread such a server behind such a service; *word is
 * the attribute to blame. */
const char *ipvs_server_fault(
    const struct ipvs_service *s, const struct ipvs_server *d, const char **word);
const char *ipvs_service_fault(const struct ipvs_service *s, const char **word);

#endif
