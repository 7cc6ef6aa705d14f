/* Fuzzes the decoder of adverts: whatever it accepts must encode to the same octets again, and
 * CARP is never accepted. */

#include <stdlib.h>

#include "../../lib/vrrp.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok)
{
	if (!ok)
		abort();
}

/* What a receiver must ignore, and the second form of a zero sum, are the only octets of an
 * accepted message that its decode does not carry. */
static void
compare(const uint8_t *message, size_t len, const struct vrrp_advert *a)
{
	uint8_t again[VRRP_PACKET_MAX];

	require(vrrp_encode(a, again) == len);
	if (a->version == 3 && (message[4] & 0xf0) != 0)
		return;
	if (get16(message + 6) == 0xffff)
		put16(again + 6, 0xffff);
	require(memcmp(message, again, len) == 0);
}

static void
check(const uint8_t *message, size_t len, const struct vrrp_advert *a)
{
	require(len >= HEADER && len <= VRRP_PACKET_MAX);
	require(a->ttl == VRRP_HOP_LIMIT && a->vrid != 0 && a->interval > 0);
	require(!(len == CARP_LEN && message[0] == 0x21 && message[3] == CARP_COUNT));
	compare(message, len, a);
}

/* The first octet says how to read the rest: as an IP packet, or as a message between two
 * addresses with its checksum made right, which random octets would hardly ever have. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vrrp_advert a;
	struct ip ip = {0};

	if (size == 0)
		return 0;
	if (data[0] & 1) {
		if (vrrp_decode_ip(data + 1, size - 1, &a) != VRRP_OK)
			return 0;
		require(data[1] >> 4 == 6 ? read_ipv6(data + 1, size - 1, &a, &ip) == 0
					  : read_ipv4(data + 1, size - 1, &a, &ip) == 0);
		require(ip.len == ip.said_len && !ip.is_fragment);
		check(ip.message, ip.len, &a);
		return 0;
	}
	if (size < 1 + HEADER || size > 1 + VRRP_PACKET_MAX)
		return 0;

	uint8_t *message = malloc(size - 1);
	uint32_t sum;

	require(message != NULL);
	memcpy(message, data + 1, size - 1);
	a = (struct vrrp_advert){.ttl = VRRP_HOP_LIMIT};
	a.src.family = a.dst.family = data[0] & 2 ? 6 : 4;
	memset(a.src.octet, data[0], addr_size(&a.src));
	a.dst = addr_vrrp_group(a.src.family);
	put16(message + 6, 0);
	sum = sum_words(message, size - 1, 0);
	if (data[0] & 4)
		sum += sum_pseudo_header(&a, size - 1);
	put16(message + 6, ~sum_fold(sum));
	if (vrrp_decode(message, size - 1, &a) == VRRP_OK)
		check(message, size - 1, &a);
	free(message);
	return 0;
}
