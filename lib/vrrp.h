#ifndef VRRP_H
#define VRRP_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define VRRP_PROTOCOL   112
#define VRRP_ADDRS_MAX  255
#define VRRP_AUTH_LEN   8
#define VRRP_HOP_LIMIT  255
#define VRRP_PACKET_MAX (8 + 16 * VRRP_ADDRS_MAX)
#define VRRP_PRIO_STOP  0
#define VRRP_PRIO_OWNER 255

/* Which octets an advert's checksum covers. Version 3 over IPv4 is sent in both forms: RFC 9568
 * section 5.2.8 sums the message alone, keepalived and FRR add the pseudo-header. */
enum vrrp_checksum {
	VRRP_CHECKSUM_RFC9568,
	VRRP_CHECKSUM_PSEUDO,
};

/* Authentication type as on the wire (RFC 2338 section 5.3.6). Version 3 has none. */
enum vrrp_auth {
	VRRP_AUTH_NONE = 0,
	VRRP_AUTH_SIMPLE = 1,
	VRRP_AUTH_AH = 2,
};

/* What a decoded packet says. All reasons but OK refuse it; the order is the order of the
 * checks (RFC 9568 section 7.1, RFC 3768 section 7.1). The name of each is what vrrp-watch
 * prints in `reject`. */
#define VRRP_RESULTS(X)                                                                            \
	X(OK, "ok")                                                                                \
	X(TTL, "ttl")                                                                              \
	X(FRAGMENT, "fragment")                                                                    \
	X(SHORT, "short")                                                                          \
	X(VERSION, "version")                                                                      \
	X(TYPE, "type")                                                                            \
	X(CARP, "carp")                                                                            \
	X(LENGTH, "length")                                                                        \
	X(CHECKSUM, "checksum")                                                                    \
	X(VRID, "vrid")                                                                            \
	X(INTERVAL, "interval")                                                                    \
	X(COUNT, "count")                                                                          \
	X(AUTH, "auth")                                                                            \
	X(PASSWORD, "password")

enum vrrp_result {
#define X(id, text) VRRP_##id,
	VRRP_RESULTS(X)
#undef X
	    VRRP_RESULTS_N,
};

/* One advert, in host terms. */
struct vrrp_advert {
	struct addr src, dst; /* of the IP header; they give the family */
	uint8_t ttl;
	uint8_t version; /* 2 or 3 */
	uint8_t vrid;
	uint8_t prio;
	uint8_t auth; /* enum vrrp_auth, version 2 */
	uint8_t auth_data[VRRP_AUTH_LEN];
	uint8_t checksum; /* enum vrrp_checksum */
	uint8_t n_addrs;
	int64_t interval; /* nanoseconds: whole seconds in version 2, 10 ms steps in 3 */
	struct addr addrs[VRRP_ADDRS_MAX];
};

const char *vrrp_result_name(enum vrrp_result r);

/* Decodes an IP packet (from its version nibble; len may include link-layer padding) that
 * carries protocol 112, and makes the checks 1 to 5 that need no configuration. *a is filled as
 * far as the packet could be read, also when it is refused; it is zeroed first. */
enum vrrp_result vrrp_decode_ip(const uint8_t *packet, size_t len, struct vrrp_advert *a);

/* The same from the VRRP message alone, with a->src, a->dst and a->ttl already set. */
enum vrrp_result vrrp_decode(const uint8_t *message, size_t len, struct vrrp_advert *a);

/* Check 7: the authentication that we are configured for against what came (version 2).
 * password is VRRP_AUTH_LEN octets padded with NUL, or NULL for none. Compares in constant
 * time. Returns VRRP_OK, VRRP_AUTH or VRRP_PASSWORD. */
enum vrrp_result vrrp_check_auth(const struct vrrp_advert *a, const uint8_t *password);

/* Writes the VRRP message that says *a, with its checksum, and returns its length; out must
 * hold VRRP_PACKET_MAX. Uses version, vrid, prio, interval, auth, auth_data, checksum, src,
 * dst and addrs. */
size_t vrrp_encode(const struct vrrp_advert *a, uint8_t *out);

/* Skew_Time and Master_Down_Interval in nanoseconds (RFC 3768 section 6.1: skew does not
 * scale with the interval; RFC 9568 section 6.1: it does). adverts is 3 but for `down=`. */
int64_t vrrp_skew(unsigned int version, unsigned int prio, int64_t interval);
int64_t vrrp_down(unsigned int version, unsigned int prio, int64_t interval, unsigned int adverts);

#endif
