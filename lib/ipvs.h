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

/* They stay what they are in the kernel, or none where the server is new. */
#define IPVS_KEEP_UPPER 1U
#define IPVS_KEEP_LOWER 2U

struct ipvs_server {
	struct endpoint at;
	uint8_t mode; /* enum ipvs_mode */
	uint8_t tun;  /* enum ipvs_tun; this and what follows 0 unless mode is IPVS_TUN */
	uint16_t tun_port;
	uint16_t tun_flags; /* IP_VS_TUNNEL_ENCAP_FLAG_* */
	uint16_t keep;      /* thresholds that are not said: IPVS_KEEP_*, they are 0 here */
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

/* ---- tables ---- */

/* Counters since the last zeroing, and rates by the second. */
struct ipvs_stats {
	uint64_t conns, in_packets, out_packets, in_octets, out_octets;
	uint64_t conn_rate, in_packet_rate, out_packet_rate, in_octet_rate, out_octet_rate;
	uint32_t active, inactive, persistent; /* connections of a server now */
};

/* tag is the caller's: where an entry comes from (a line). A table that was read has the
 * counters; drained is the time to remove a server at (0: it is not being drained). */
struct ipvs_item {
	struct ipvs_server server;
	uint32_t tag;
	int64_t drained;
	struct ipvs_stats stats;
};

struct ipvs_row {
	struct ipvs_service service;
	uint32_t tag;
	struct ipvs_item *item;
	size_t n, room;
	struct ipvs_stats stats;
};

/* Rows and their items in canonical order once sorted: services by mark, family, protocol,
 * address and port (as ipvsadm shows them), servers by address and port. Whoever fills a
 * service in this order makes its scheduler see the servers in this order. */
struct ipvs_table {
	struct ipvs_row *row;
	size_t n, room;
};

int ipvs_id_compare(const struct ipvs_service_id *a, const struct ipvs_service_id *b);
bool ipvs_service_is_same(const struct ipvs_service *a, const struct ipvs_service *b);
bool ipvs_server_is_same(const struct ipvs_server *a, const struct ipvs_server *b);

/* Add at the end. The pointers hold until the next of the kind. Return NULL without memory. */
struct ipvs_row *ipvs_table_add(struct ipvs_table *t, const struct ipvs_service *s, uint32_t tag);
struct ipvs_item *ipvs_row_add(struct ipvs_row *row, const struct ipvs_server *s, uint32_t tag);

/* Sorts and, of what is there twice (a dump may tell it twice), keeps one. */
void ipvs_row_sort(struct ipvs_row *row);
void ipvs_table_sort(struct ipvs_table *t);

/* Of a sorted table; NULL where there is none. */
struct ipvs_row *ipvs_table_find(const struct ipvs_table *t, const struct ipvs_service_id *id);
struct ipvs_item *ipvs_row_find(const struct ipvs_row *row, const struct endpoint *at);

void ipvs_row_free(struct ipvs_row *row);
void ipvs_table_free(struct ipvs_table *t);

/* ---- differences ---- */

enum ipvs_op {
	IPVS_ADD,
	IPVS_EDIT,
	IPVS_REMOVE,
};

/* server is NULL where the service itself changes; with the service its servers go. item is the
 * entry to remove or edit in what is there. */
struct ipvs_change {
	enum ipvs_op op;
	const struct ipvs_service *service;
	const struct ipvs_server *server;
	struct ipvs_item *item;
	uint32_t tag;
};

typedef void ipvs_emit(void *ctx, const struct ipvs_change *c);

/* What makes have into want, both sorted and of one service; either may be NULL. One change for
 * an entry that differs at the most; what is added comes first, so that no service is without
 * servers on the way. Nothing is removed unless remove is set. */
void ipvs_diff_row(
    struct ipvs_row *have, const struct ipvs_row *want, bool remove, ipvs_emit *emit, void *ctx);

/* The same for whole tables. */
void ipvs_diff(struct ipvs_table *have, const struct ipvs_table *want, ipvs_emit *emit, void *ctx);

/* ---- ipvsadm's lines: lib/ipvs_line ---- */

/* One line as of `ipvsadm -Sn`, with or without `ipvsadm` before it, long names too: it states a
 * service, or a server of one. ipvsadm -S prints no thresholds, so what a line does not say of
 * them (-x, -y) is kept. */
struct ipvs_line {
	bool has_server;
	struct ipvs_service service; /* of a server's line only id is filled */
	struct ipvs_server server;
};

/* Whether a line of a file is meant so, and not as a record. */
bool ipvs_line_is_one(const char *line, size_t len);

/* Returns 0, or -1 with *e filled. */
int ipvs_line_parse(struct ipvs_line *l, const char *line, size_t len, struct record_error *e);

/* The text with its LF. Return its length; out must hold IPVS_LINE_MAX. */
#define IPVS_LINE_MAX 256
size_t ipvs_line_service(const struct ipvs_service *s, char *out);
size_t ipvs_line_server(const struct ipvs_service *s, const struct ipvs_server *d, char *out);

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
