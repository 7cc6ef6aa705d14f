/* frame - frames byte by byte against known ones; prints what differs */

#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "parse.h"

static const uint8_t mac4[6] = {0x00, 0x00, 0x5e, 0x00, 0x01, 0x33};
static const uint8_t mac6[6] = {0x00, 0x00, 0x5e, 0x00, 0x02, 0x33};

static int
differs(const char *what, const uint8_t *frame, size_t len, const char *want)
{
	char got[2 * FRAME_ADVERT_MAX + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(got + 2 * i, 3, "%02x", frame[i]);
	if (strcmp(got, want) == 0)
		return 0;
	printf("%s:\n got %s\nwant %s\n", what, got, want);
	return 1;
}

static int
announcements(struct frame *f)
{
	static const struct {
		const char *address;
		const uint8_t *mac;
		bool is_router;
		const char *want;
	} row[] = {
	    {"192.0.2.10", mac4, false,
		"ffffffffffff00005e000133080600010800060400"
		"0100005e000133c000020affffffffffffc000020a"},
	    {"2001:db8::10", mac6, true,
		"33330000000100005e00023386dd6000000000203aff20010db8000000000000000000000010"
		"ff02000000000000000000000000000188001adaa0000000"
		"20010db8000000000000000000000010020100005e000233"},
	    {"2001:db8::10", mac6, false,
		"33330000000100005e00023386dd6000000000203aff20010db8000000000000000000000010"
		"ff02000000000000000000000000000188009ada20000000"
		"20010db8000000000000000000000010020100005e000233"},
	};
	uint8_t out[FRAME_ANNOUNCE_MAX] = {0};
	struct addr a;
	int bad = 0;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		addr_parse(row[i].address, &a);
		bad += differs(row[i].address, out,
		    frame_announce(f, row[i].mac, &a, row[i].is_router, out), row[i].want);
	}
	return bad;
}

#define IP4(len, sum)                                                                              \
	"01005e00001200005e000133080045c000" len "000040"                                          \
	"00ff70" sum "c0000201e0000012"
#define IP6                                                                                        \
	"33330000001200005e00013386dd6c000000002870ff"                                             \
	"fe800000000000000000000000000001ff020000000000000000000000000012"

static int
adverts(struct frame *f)
{
	static const struct {
		const char *what;
		uint8_t version, prio, checksum;
		const char *password, *src, *address[2], *want;
	} row[] = {
	    {"version 2", 2, 100, 0, NULL, "192.0.2.1", {"192.0.2.10"},
		IP4("28", "d891") "213364010001b8bfc000020a0000000000000000"},
	    {"version 2 with a password", 2, 100, 0, "secret", "192.0.2.1", {"192.0.2.10"},
		IP4("28", "d891") "2133640101017b73c000020a7365637265740000"},
	    {"version 2 priority 0", 2, 0, 0, NULL, "192.0.2.1", {"192.0.2.10"},
		IP4("28", "d891") "2133000100011cc0c000020a0000000000000000"},
	    {"version 3 as in RFC 9568", 3, 100, VRRP_CHECKSUM_RFC9568, NULL, "192.0.2.1",
		{"192.0.2.10"}, IP4("20", "d899") "313364010064a85cc000020a"},
	    {"version 3 with the pseudo-header", 3, 100, VRRP_CHECKSUM_PSEUDO, NULL, "192.0.2.1",
		{"192.0.2.10"}, IP4("20", "d899") "31336401006405ccc000020a"},
	    {"version 3 over IPv6", 3, 100, VRRP_CHECKSUM_PSEUDO, NULL, "fe80::1",
		{"fe80::a", "2001:db8::10"},
		IP6 "3133640200643fe3fe80000000000000000000000000000a"
		    "20010db8000000000000000000000010"},
	};
	static struct vrrp_advert a;
	static uint8_t out[FRAME_ADVERT_MAX];
	int bad = 0;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		memset(&a, 0, sizeof(a));
		a.version = row[i].version;
		a.vrid = 51;
		a.prio = row[i].prio;
		a.checksum = row[i].checksum;
		a.interval = NSEC_PER_SEC;
		addr_parse(row[i].src, &a.src);
		a.dst = addr_vrrp_group(a.src.family);
		for (; a.n_addrs < 2 && row[i].address[a.n_addrs] != NULL; a.n_addrs++)
			addr_parse(row[i].address[a.n_addrs], &a.addrs[a.n_addrs]);
		if (row[i].password != NULL) {
			a.auth = VRRP_AUTH_SIMPLE;
			memcpy(a.auth_data, row[i].password, strlen(row[i].password));
		}
		bad += differs(row[i].what, out, frame_advert(f, mac4, &a, out), row[i].want);
	}
	return bad;
}

/* An advert of 255 addresses in IPv6 is the longest frame. */
static int
longest(struct frame *f)
{
	static struct vrrp_advert a;
	static uint8_t out[FRAME_ADVERT_MAX];
	size_t len;

	a = (struct vrrp_advert){.version = 3, .vrid = 1, .n_addrs = 255, .interval = NSEC_PER_SEC};
	addr_parse("fe80::1", &a.src);
	a.dst = addr_vrrp_group(6);
	for (size_t i = 0; i < a.n_addrs; i++)
		a.addrs[i] = a.src;
	len = frame_advert(f, mac6, &a, out);
	if (len == 14 + 40 + 8 + 255 * 16 && frame_advert_room(3, 6, 1500) == 90 &&
	    frame_advert_room(2, 4, 100) == 16 && frame_advert_room(3, 4, 9000) == 255 &&
	    frame_advert_room(3, 6, 40) == 0)
		return 0;
	printf("longest: %zu octets\n", len);
	return 1;
}

int
main(void)
{
	struct frame f;
	int bad;

	if (frame_open(&f) == -1)
		return 2;
	bad = announcements(&f) + adverts(&f) + longest(&f);
	frame_close(&f);
	return bad != 0;
}
