#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <string.h>

#include <libnet.h>

#include "frame.h"

#define CLASS_CONTROL 0xc0 /* precedence 6, internetwork control */

/* libnet takes these flags in host order, unlike netinet/icmp6.h's ND_NA_FLAG_*. */
#define NA_ROUTER   UINT32_C(0x80000000)
#define NA_OVERRIDE UINT32_C(0x20000000)

/* The first use of libnet costs page faults, and the first announcement cannot wait. */
static void
warm_up(struct frame *f)
{
	uint8_t out[FRAME_ANNOUNCE_MAX], mac[6] = {0};

	frame_announce(f, mac, &(struct addr){.family = 4}, false, out);
	frame_announce(f, mac, &(struct addr){.family = 6}, false, out);
}

int
frame_open(struct frame *f)
{
	char text[LIBNET_ERRBUF_SIZE];

	f->net = libnet_init(LIBNET_NONE, NULL, text);
	if (f->net == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* A context without a device refuses to hand out its packet unless it is said to be of
	 * the advanced link kind. */
	f->net->injection_type = LIBNET_LINK_ADV;
	warm_up(f);
	return 0;
}

void
frame_close(struct frame *f)
{
	libnet_destroy(f->net);
	f->net = NULL;
}

static size_t
finish(struct frame *f, bool is_built, size_t room, uint8_t *out)
{
	uint8_t *packet;
	uint32_t len = 0;

	if (is_built && libnet_adv_cull_packet(f->net, &packet, &len) == 1) {
		if (len <= room)
			memcpy(out, packet, len);
		else
			len = 0;
		libnet_adv_free_packet(f->net, packet);
	}
	libnet_clear_packet(f->net);
	if (len == 0)
		errno = ENOMEM;
	return len;
}

static struct libnet_in6_addr
in6(const struct addr *a)
{
	struct libnet_in6_addr in;

	memcpy(&in, a->octet, sizeof(in));
	return in;
}

static uint32_t
in4(const struct addr *a)
{
	uint32_t in;

	memcpy(&in, a->octet, sizeof(in));
	return in;
}

static bool
build_ip4(libnet_t *net, const struct vrrp_advert *a, const uint8_t *message, size_t len)
{
	return libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + len), CLASS_CONTROL, 0, IP_DF,
		   VRRP_HOP_LIMIT, VRRP_PROTOCOL, 0, in4(&a->src), in4(&a->dst), message,
		   (uint32_t)len, net, 0) != -1;
}

static bool
build_ip6(libnet_t *net, uint8_t class, uint8_t next, const struct addr *src,
    const struct addr *dst, const uint8_t *message, size_t payload, size_t len)
{
	return libnet_build_ipv6(class, 0, (uint16_t)payload, next, VRRP_HOP_LIMIT, in6(src),
		   in6(dst), message, (uint32_t)len, net, 0) != -1;
}

static bool
build_ethernet(libnet_t *net, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
	return libnet_build_ethernet(dst, src, type, NULL, 0, net, 0) != -1;
}

static size_t
announce4(struct frame *f, const uint8_t mac[6], const struct addr *address, uint8_t *out)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	bool is_built = libnet_build_arp(ARPHRD_ETHER, ETHERTYPE_IP, 6, 4, ARPOP_REQUEST, mac,
			    address->octet, all, address->octet, NULL, 0, f->net, 0) != -1 &&
	    build_ethernet(f->net, all, mac, ETHERTYPE_ARP);

	return finish(f, is_built, FRAME_ANNOUNCE_MAX, out);
}

static size_t
announce6(
    struct frame *f, const uint8_t mac[6], const struct addr *address, bool is_router, uint8_t *out)
{
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	static const struct addr all_nodes = {6, {[0] = 0xff, [1] = 0x02, [15] = 1}};
	uint32_t flags = NA_OVERRIDE | (is_router ? NA_ROUTER : 0);
	uint8_t link[6];
	bool is_built;

	memcpy(link, mac, sizeof(link)); /* libnet wants it writable */
	is_built = libnet_build_icmpv6_ndp_opt(
		       ND_OPT_TARGET_LINKADDR, link, sizeof(link), f->net, 0) != -1 &&
	    libnet_build_icmpv6_ndp_nadv(
		ND_NEIGHBOR_ADVERT, 0, 0, flags, in6(address), NULL, 0, f->net, 0) != -1 &&
	    build_ip6(f->net, 0, IPPROTO_ICMPV6, address, &all_nodes, NULL,
		LIBNET_ICMPV6_NDP_NADV_H + 8, 0) &&
	    build_ethernet(f->net, all_nodes_mac, mac, ETHERTYPE_IPV6);
	return finish(f, is_built, FRAME_ANNOUNCE_MAX, out);
}

size_t
frame_announce(
    struct frame *f, const uint8_t mac[6], const struct addr *address, bool is_router, uint8_t *out)
{
	return address->family == 6 ? announce6(f, mac, address, is_router, out)
				    : announce4(f, mac, address, out);
}

size_t
frame_advert(struct frame *f, const uint8_t mac[6], const struct vrrp_advert *a, uint8_t *out)
{
	uint8_t message[VRRP_PACKET_MAX];
	uint8_t group[6] = {0x01, 0x00, 0x5e};
	size_t len = vrrp_encode(a, message);
	bool is_built;

	if (a->dst.family == 6) {
		group[0] = group[1] = 0x33;
		memcpy(group + 2, a->dst.octet + 12, 4);
		is_built = build_ip6(f->net, CLASS_CONTROL, VRRP_PROTOCOL, &a->src, &a->dst,
			       message, len, len) &&
		    build_ethernet(f->net, group, mac, ETHERTYPE_IPV6);
	} else {
		group[3] = a->dst.octet[1] & 0x7f;
		memcpy(group + 4, a->dst.octet + 2, 2);
		is_built = build_ip4(f->net, a, message, len) &&
		    build_ethernet(f->net, group, mac, ETHERTYPE_IP);
	}
	return finish(f, is_built, FRAME_ADVERT_MAX, out);
}

unsigned int
frame_advert_room(unsigned int version, unsigned int family, unsigned int mtu)
{
	unsigned int around = (family == 6 ? LIBNET_IPV6_H : LIBNET_IPV4_H) + 8;
	unsigned int n;

	if (version == 2)
		around += VRRP_AUTH_LEN;
	n = mtu > around ? (mtu - around) / (family == 6 ? 16 : 4) : 0;
	return n < VRRP_ADDRS_MAX ? n : VRRP_ADDRS_MAX;
}
