#include <string.h>

#include "parse.h"
#include "vrrp.h"

/*
 * Version 2 (RFC 3768 section 5.1) and version 3 (RFC 9568 section 5.2):
 *
 *     0               1               2               3
 *    +-------+-------+---------------+---------------+---------------+
 *    |   2   | type 1|     VRID      |   priority    |     count     |
 *    +-------+-------+---------------+---------------+---------------+
 *    |   auth type   | interval (s)  |           checksum            |
 *    +---------------+---------------+-------------------------------+
 *    |  count IPv4 addresses, then 8 octets of authentication data   |
 *
 *    +-------+-------+---------------+---------------+---------------+
 *    |   3   | type 1|     VRID      |   priority    |     count     |
 *    +-------+-------+---------------+---------------+---------------+
 *    |   0   |    interval (cs)      |           checksum            |
 *    +-------+-----------------------+-------------------------------+
 *    |  count IPv4 or IPv6 addresses                                 |
 */
#define HEADER        8
#define TYPE_ADVERT   1
#define CARP_COUNT    7 /* CARP's authlen, where VRRP has the count of addresses */
#define CARP_LEN      36
#define CENTISECOND   (10 * NSEC_PER_MSEC)
#define IPV4_HEADER   20
#define IPV6_HEADER   40
#define IPV6_FRAGMENT 44 /* next header */
#define IPV4_MF       0x2000
#define IPV4_OFFSET   0x1fff

static unsigned int
get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

const char *
vrrp_result_name(enum vrrp_result r)
{
	static const char *const name[] = {
#define X(id, text) [VRRP_##id] = text,
	    VRRP_RESULTS(X)
#undef X
	};

	return name[r];
}

/* A sum of 16-bit words, not yet folded: 4 kB of them cannot overflow it. */
static uint32_t
sum_words(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	if (len == 1)
		sum += (uint32_t)p[0] << 8;
	return sum;
}

static unsigned int
sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 8200 section 8.1; over IPv4 its like in 12 octets. */
static uint32_t
sum_pseudo_header(const struct vrrp_advert *a, size_t len)
{
	size_t size = addr_size(&a->src);

	return sum_words(a->dst.octet, size, sum_words(a->src.octet, size, 0)) + VRRP_PROTOCOL +
	    (uint32_t)len;
}

/* How the checksum holds: over IPv4 version 3 has two forms. Where both hold (the pseudo-header
 * sums to nothing) it is taken for the one that most routers send. */
static bool
is_sum_right(struct vrrp_advert *a, const uint8_t *message, size_t len)
{
	uint32_t sum = sum_words(message, len, 0);

	if (a->version == 3) {
		a->checksum = VRRP_CHECKSUM_PSEUDO;
		if (sum_fold(sum + sum_pseudo_header(a, len)) == 0xffff)
			return true;
		if (a->src.family == 6)
			return false;
	}
	a->checksum = VRRP_CHECKSUM_RFC9568;
	return sum_fold(sum) == 0xffff;
}

static size_t
message_len(unsigned int version, size_t size, size_t count)
{
	return HEADER + size * count + (version == 2 ? VRRP_AUTH_LEN : 0);
}

/* The header of a message, of which a capture may have kept fewer octets than were sent. */
static void
read_header(const uint8_t *message, size_t len, struct vrrp_advert *a)
{
	uint8_t m[HEADER] = {0};

	memcpy(m, message, len < HEADER ? len : HEADER);
	a->version = m[0] >> 4;
	a->vrid = m[1];
	a->prio = m[2];
	if (a->version == 2) {
		a->auth = m[4];
		a->interval = m[5] * NSEC_PER_SEC;
	} else {
		a->auth = VRRP_AUTH_NONE;
		a->interval = (get16(m + 4) & 0x0fff) * CENTISECOND;
	}
}

static void
read_addresses(const uint8_t *m, unsigned int count, struct vrrp_advert *a)
{
	size_t size = addr_size(&a->src);
	const uint8_t *p = m + HEADER;

	for (unsigned int i = 0; i < count; i++, p += size) {
		a->addrs[i] = (struct addr){.family = a->src.family};
		memcpy(a->addrs[i].octet, p, size);
	}
	a->n_addrs = (uint8_t)count;
	if (a->version == 2)
		memcpy(a->auth_data, p, VRRP_AUTH_LEN);
}

enum vrrp_result
vrrp_decode(const uint8_t *message, size_t len, struct vrrp_advert *a)
{
	unsigned int count;

	a->n_addrs = 0;
	if (len >= HEADER)
		read_header(message, len, a);
	if (a->ttl != VRRP_HOP_LIMIT)
		return VRRP_TTL;
	if (len < HEADER)
		return VRRP_SHORT;
	count = message[3];
	/* CARP shares the protocol, the group, the TTL and the first octet, and its checksum
	 * is right: nothing but the length tells it from version 2. */
	if (message[0] == (2 << 4 | TYPE_ADVERT) && len == CARP_LEN && count == CARP_COUNT)
		return VRRP_CARP;
	if (a->version != 3 && (a->version != 2 || a->src.family != 4))
		return VRRP_VERSION;
	if ((message[0] & 0x0f) != TYPE_ADVERT)
		return VRRP_TYPE;
	if (len != message_len(a->version, addr_size(&a->src), count))
		return VRRP_LENGTH;
	if (!is_sum_right(a, message, len))
		return VRRP_CHECKSUM;
	if (a->vrid == 0)
		return VRRP_VRID;
	if (a->interval == 0)
		return VRRP_INTERVAL;
	if (a->version == 3 && count == 0)
		return VRRP_COUNT;
	read_addresses(message, count, a);
	return VRRP_OK;
}

/* An IP header, and where the message behind it lies: its length is the one that the header
 * says, because a short frame arrives padded. */
struct ip {
	const uint8_t *message;
	size_t len; /* of what is there */
	size_t said_len;
	bool is_fragment;
	bool is_later; /* a fragment that is not the first: no message begins there */
};

static void
take_payload(const uint8_t *p, size_t header, size_t total, size_t len, struct ip *ip)
{
	ip->message = p + header;
	ip->said_len = total - header;
	ip->len = (total <= len ? total : len) - header;
}

static int
read_ipv4(const uint8_t *p, size_t len, struct vrrp_advert *a, struct ip *ip)
{
	size_t header, total;

	if (len < IPV4_HEADER)
		return -1;
	a->src.family = a->dst.family = 4;
	memcpy(a->src.octet, p + 12, 4);
	memcpy(a->dst.octet, p + 16, 4);
	a->ttl = p[8];
	header = (size_t)(p[0] & 0x0f) * 4;
	total = get16(p + 2);
	if (header < IPV4_HEADER || header > total || header > len || p[9] != VRRP_PROTOCOL)
		return -1;
	take_payload(p, header, total, len, ip);
	ip->is_fragment = (get16(p + 6) & (IPV4_MF | IPV4_OFFSET)) != 0;
	ip->is_later = (get16(p + 6) & IPV4_OFFSET) != 0;
	return 0;
}

static int
read_ipv6(const uint8_t *p, size_t len, struct vrrp_advert *a, struct ip *ip)
{
	if (len < IPV6_HEADER)
		return -1;
	a->src.family = a->dst.family = 6;
	memcpy(a->src.octet, p + 8, 16);
	memcpy(a->dst.octet, p + 24, 16);
	a->ttl = p[7];
	ip->is_fragment = ip->is_later = p[6] == IPV6_FRAGMENT;
	if (p[6] != VRRP_PROTOCOL && !ip->is_fragment)
		return -1;
	take_payload(p, IPV6_HEADER, IPV6_HEADER + get16(p + 4), len, ip);
	return 0;
}

enum vrrp_result
vrrp_decode_ip(const uint8_t *packet, size_t len, struct vrrp_advert *a)
{
	unsigned int version = len > 0 ? packet[0] >> 4 : 0;
	struct ip ip;

	memset(a, 0, offsetof(struct vrrp_advert, addrs));
	if ((version != 4 || read_ipv4(packet, len, a, &ip) == -1) &&
	    (version != 6 || read_ipv6(packet, len, a, &ip) == -1))
		return a->src.family != 0 && a->ttl != VRRP_HOP_LIMIT ? VRRP_TTL : VRRP_SHORT;
	if (ip.len == ip.said_len && !ip.is_fragment)
		return vrrp_decode(ip.message, ip.len, a);
	if (!ip.is_later && ip.said_len >= HEADER)
		read_header(ip.message, ip.len, a);
	if (a->ttl != VRRP_HOP_LIMIT)
		return VRRP_TTL;
	return ip.is_fragment ? VRRP_FRAGMENT : VRRP_SHORT;
}

enum vrrp_result
vrrp_check_auth(const struct vrrp_advert *a, const uint8_t *password)
{
	unsigned int differ = 0;

	if (a->version != 2)
		return VRRP_OK;
	if (a->auth != (password != NULL ? VRRP_AUTH_SIMPLE : VRRP_AUTH_NONE))
		return VRRP_AUTH;
	for (size_t i = 0; password != NULL && i < VRRP_AUTH_LEN; i++)
		differ |= a->auth_data[i] ^ password[i];
	return differ == 0 ? VRRP_OK : VRRP_PASSWORD;
}

size_t
vrrp_encode(const struct vrrp_advert *a, uint8_t *out)
{
	size_t size = addr_size(&a->src), len = message_len(a->version, size, a->n_addrs);
	uint32_t sum;

	out[0] = (uint8_t)(a->version << 4 | TYPE_ADVERT);
	out[1] = a->vrid;
	out[2] = a->prio;
	out[3] = a->n_addrs;
	if (a->version == 2) {
		out[4] = a->auth;
		out[5] = (uint8_t)(a->interval / NSEC_PER_SEC);
		memcpy(out + len - VRRP_AUTH_LEN, a->auth_data, VRRP_AUTH_LEN);
	} else {
		put16(out + 4, (unsigned int)(a->interval / CENTISECOND) & 0x0fff);
	}
	for (size_t i = 0; i < a->n_addrs; i++)
		memcpy(out + HEADER + i * size, a->addrs[i].octet, size);
	put16(out + 6, 0);
	sum = sum_words(out, len, 0);
	if (a->version == 3 && (size == 16 || a->checksum == VRRP_CHECKSUM_PSEUDO))
		sum += sum_pseudo_header(a, len);
	put16(out + 6, ~sum_fold(sum));
	return len;
}

int64_t
vrrp_skew(unsigned int version, unsigned int prio, int64_t interval)
{
	return (256 - (int64_t)prio) * (version == 2 ? NSEC_PER_SEC : interval) / 256;
}

int64_t
vrrp_down(unsigned int version, unsigned int prio, int64_t interval, unsigned int adverts)
{
	return adverts * interval + vrrp_skew(version, prio, interval);
}
