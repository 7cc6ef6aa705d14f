#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_STRLEN 50 /* longest text: an IPv6 address, "/128" and a NUL */
#define MAC_STRLEN  18

/* An IPv4 or IPv6 address in network order. family is 4, 6, or 0 for none; unused octets of
 * an IPv4 address are zero, so that two addresses may be compared with memcmp. */
struct addr {
	uint8_t family;
	uint8_t octet[16];
};

/* An address with the length of its prefix in bits. */
struct cidr {
	struct addr addr;
	uint8_t len;
};

/* 4 or 16 octets, 0 for none. */
size_t addr_size(const struct addr *a);

/* Numeric text without brackets or a zone. Returns 0, or -1 and leaves *a alone. */
int addr_parse(const char *text, struct addr *a);

/* "192.0.2.1/24"; without a length the whole address (32, 128). Returns 0, or -1. */
int cidr_parse(const char *text, struct cidr *c);

/* Canonical text (RFC 5952). Return the number of octets written, without the NUL; out must
 * hold ADDR_STRLEN. */
size_t addr_format(const struct addr *a, char *out);
size_t cidr_format(const struct cidr *c, char *out);

/* The whole address as an unsigned number in network order (RFC 9568 section 6.4.3):
 * <0, 0 or >0; families order before addresses. */
int addr_compare(const struct addr *a, const struct addr *b);

/* fe80::/10 */
bool addr_is_link_local(const struct addr *a);

/* 224.0.0.18 or ff02::12 (RFC 9568 section 5.1.1.2 and 5.1.2.2). */
struct addr addr_vrrp_group(uint8_t family);

/* "00:00:5e:00:01:33". mac_parse returns 0, or -1 and leaves mac alone. */
int mac_parse(const char *text, uint8_t mac[6]);
void mac_format(const uint8_t mac[6], char out[MAC_STRLEN]);

#endif
