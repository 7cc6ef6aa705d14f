/* vrrp - lib/vrrp without a network: one group of checks for each word; prints what differs
 *
 * usage: vrrp vectors|damage|random|password|timers
 *        vrrp decode <HEX                           IP packets, one a line */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "vrrp.h"

static struct vrrp_advert advert, again;

static const struct vector {
	const char *what;
	uint8_t version, prio, checksum;
	const char *password, *src, *address[2], *message;
} vectors[] = {
    {"version 2", 2, 100, VRRP_CHECKSUM_RFC9568, NULL, "192.0.2.1", {"192.0.2.10"},
	"213364010001b8bfc000020a0000000000000000"},
    {"version 2 with a password", 2, 100, VRRP_CHECKSUM_RFC9568, "secret", "192.0.2.1",
	{"192.0.2.10"}, "2133640101017b73c000020a7365637265740000"},
    {"version 2 priority 0", 2, 0, VRRP_CHECKSUM_RFC9568, NULL, "192.0.2.1", {"192.0.2.10"},
	"2133000100011cc0c000020a0000000000000000"},
    {"version 3 as RFC 9568", 3, 100, VRRP_CHECKSUM_RFC9568, NULL, "192.0.2.1", {"192.0.2.10"},
	"313364010064a85cc000020a"},
    {"version 3 with the pseudo-header", 3, 100, VRRP_CHECKSUM_PSEUDO, NULL, "192.0.2.1",
	{"192.0.2.10"}, "31336401006405ccc000020a"},
    {"version 3 over IPv6", 3, 100, VRRP_CHECKSUM_PSEUDO, NULL, "fe80::1",
	{"fe80::a", "2001:db8::10"},
	"3133640200643fe3fe80000000000000000000000000000a20010db8000000000000000000000010"},
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void
make(const struct vector *v, struct vrrp_advert *a)
{
	*a = (struct vrrp_advert){.ttl = 255,
	    .version = v->version,
	    .vrid = 51,
	    .prio = v->prio,
	    .checksum = v->checksum,
	    .interval = NSEC_PER_SEC};
	addr_parse(v->src, &a->src);
	a->dst = addr_vrrp_group(a->src.family);
	for (; a->n_addrs < 2 && v->address[a->n_addrs] != NULL; a->n_addrs++)
		addr_parse(v->address[a->n_addrs], &a->addrs[a->n_addrs]);
	if (v->password != NULL) {
		a->auth = VRRP_AUTH_SIMPLE;
		memcpy(a->auth_data, v->password, strlen(v->password));
	}
}

static void
to_hex(const uint8_t *p, size_t len, char *out)
{
	out[0] = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static size_t
from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned int v;

	for (; sscanf(hex + 2 * n, "%2x", &v) == 1; n++)
		out[n] = (uint8_t)v;
	return n;
}

/* Decodes a copy that ends where its allocation ends. */
static enum vrrp_result
decode(const uint8_t *message, size_t len, struct vrrp_advert *a)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum vrrp_result r;

	if (copy == NULL)
		exit(2);
	memcpy(copy, message, len);
	r = vrrp_decode(copy, len, a);
	free(copy);
	return r;
}

static bool
is_equal(const struct vrrp_advert *a, const struct vrrp_advert *b)
{
	if (a->version != b->version || a->vrid != b->vrid || a->prio != b->prio ||
	    a->auth != b->auth || a->checksum != b->checksum || a->n_addrs != b->n_addrs ||
	    a->interval != b->interval || memcmp(a->auth_data, b->auth_data, VRRP_AUTH_LEN) != 0)
		return false;
	for (size_t i = 0; i < a->n_addrs; i++)
		if (addr_compare(&a->addrs[i], &b->addrs[i]) != 0)
			return false;
	return true;
}

static int
check_vectors(void)
{
	uint8_t out[VRRP_PACKET_MAX];
	char hex[2 * VRRP_PACKET_MAX + 1];
	int bad = 0;

	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		enum vrrp_result r;
		size_t len;

		make(v, &advert);
		len = vrrp_encode(&advert, out);
		to_hex(out, len, hex);
		if (strcmp(hex, v->message) != 0) {
			printf("%s:\n got %s\nwant %s\n", v->what, hex, v->message);
			bad++;
		}
		again = (struct vrrp_advert){.src = advert.src, .dst = advert.dst, .ttl = 255};
		r = decode(out, from_hex(v->message, out), &again);
		if (r != VRRP_OK || !is_equal(&advert, &again)) {
			printf("%s: decoded as %s, or with other fields\n", v->what,
			    vrrp_result_name(r));
			bad++;
		}
	}
	return bad;
}

/* No message that is cut, longer, or has one bit changed is accepted. */
static int
check_damage(void)
{
	uint8_t out[VRRP_PACKET_MAX + 4] = {0};
	int bad = 0;

	for (const struct vector *v = vectors; v < vectors + VECTORS; v++) {
		size_t len = from_hex(v->message, out);

		make(v, &advert);
		for (size_t n = 0; n < len + 4; n++) {
			if (n != len && decode(out, n, &advert) == VRRP_OK) {
				printf("%s: accepted with %zu octets\n", v->what, n);
				bad++;
			}
		}
		for (size_t bit = 0; bit < 8 * len; bit++) {
			out[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (decode(out, len, &advert) == VRRP_OK) {
				printf("%s: accepted with bit %zu changed\n", v->what, bit);
				bad++;
			}
			out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	return bad;
}

static uint8_t
random_octet(void)
{
	static uint64_t x = 1;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (uint8_t)(x >> 56);
}

static void
fill(uint8_t *p, size_t len)
{
	while (len-- > 0)
		*p++ = random_octet();
}

static void
make_random(struct vrrp_advert *a)
{
	bool is_v6 = random_octet() % 3 == 0;

	*a = (struct vrrp_advert){.ttl = 255,
	    .version = is_v6 || random_octet() % 2 == 0 ? 3 : 2,
	    .prio = random_octet(),
	    .vrid = (uint8_t)(1 + random_octet() % 255),
	    .n_addrs = random_octet()};
	if (a->version == 3 && a->n_addrs == 0)
		a->n_addrs = 1;
	a->src.family = a->dst.family = is_v6 ? 6 : 4;
	fill(a->src.octet, addr_size(&a->src));
	fill(a->dst.octet, addr_size(&a->dst));
	for (size_t i = 0; i < a->n_addrs; i++) {
		a->addrs[i].family = a->src.family;
		fill(a->addrs[i].octet, addr_size(&a->src));
	}
	if (a->version == 2) {
		a->interval = (1 + random_octet() % 255) * NSEC_PER_SEC;
		a->auth = random_octet();
		fill(a->auth_data, sizeof(a->auth_data));
	} else {
		a->interval = (1 + random_octet() * 16) * 10 * NSEC_PER_MSEC;
		a->checksum =
		    is_v6 || random_octet() % 2 == 0 ? VRRP_CHECKSUM_PSEUDO : VRRP_CHECKSUM_RFC9568;
	}
}

static int
check_random(void)
{
	uint8_t out[VRRP_PACKET_MAX];

	for (int i = 0; i < 20000; i++) {
		enum vrrp_result r;

		make_random(&advert);
		again = (struct vrrp_advert){.src = advert.src, .dst = advert.dst, .ttl = 255};
		r = decode(out, vrrp_encode(&advert, out), &again);
		if (r == VRRP_OK && is_equal(&advert, &again))
			continue;
		printf("random advert %d: decoded as %s, or with other fields\n", i,
		    vrrp_result_name(r));
		return 1;
	}
	return 0;
}

static int
check_password(void)
{
	static const uint8_t secret[VRRP_AUTH_LEN] = "secret";
	static const struct {
		uint8_t version, auth;
		const char *data;
		bool wanted;
		enum vrrp_result result;
	} row[] = {
	    {2, VRRP_AUTH_NONE, "", false, VRRP_OK},
	    {2, VRRP_AUTH_NONE, "ignored", false, VRRP_OK},
	    {2, VRRP_AUTH_SIMPLE, "secret", true, VRRP_OK},
	    {2, VRRP_AUTH_SIMPLE, "secreT", true, VRRP_PASSWORD},
	    {2, VRRP_AUTH_SIMPLE, "secret1", true, VRRP_PASSWORD},
	    {2, VRRP_AUTH_SIMPLE, "", true, VRRP_PASSWORD},
	    {2, VRRP_AUTH_SIMPLE, "secret", false, VRRP_AUTH},
	    {2, VRRP_AUTH_NONE, "secret", true, VRRP_AUTH},
	    {2, VRRP_AUTH_AH, "secret", true, VRRP_AUTH},
	    {2, VRRP_AUTH_AH, "", false, VRRP_AUTH},
	    {3, VRRP_AUTH_NONE, "", true, VRRP_OK},
	};
	int bad = 0;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		enum vrrp_result r;

		advert = (struct vrrp_advert){.version = row[i].version, .auth = row[i].auth};
		memcpy(advert.auth_data, row[i].data, strlen(row[i].data));
		r = vrrp_check_auth(&advert, row[i].wanted ? secret : NULL);
		if (r == row[i].result)
			continue;
		printf("row %zu: %s\n", i, vrrp_result_name(r));
		bad++;
	}
	return bad;
}

/* Worked out by hand from RFC 3768 section 6.1 and RFC 9568 section 6.1, in nanoseconds. */
static int
check_timers(void)
{
	static const struct {
		unsigned int version, prio;
		int64_t interval;
		unsigned int adverts;
		int64_t skew, down;
	} row[] = {
	    {2, 1, 1000000000, 3, 996093750, 3996093750},
	    {2, 100, 1000000000, 3, 609375000, 3609375000},
	    {2, 254, 1000000000, 3, 7812500, 3007812500},
	    {2, 100, 10000000000, 3, 609375000, 30609375000},
	    {2, 255, 255000000000, 3, 3906250, 765003906250},
	    {3, 100, 1000000000, 3, 609375000, 3609375000},
	    {3, 100, 100000000, 3, 60937500, 360937500},
	    {3, 200, 100000000, 3, 21875000, 321875000},
	    {3, 254, 100000000, 3, 781250, 300781250},
	    {3, 100, 10000000, 3, 6093750, 36093750},
	    {3, 101, 10000000, 3, 6054687, 36054687},
	    {3, 0, 40950000000, 100, 40950000000, 4135950000000},
	};
	int bad = 0;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int64_t skew = vrrp_skew(row[i].version, row[i].prio, row[i].interval);
		int64_t down =
		    vrrp_down(row[i].version, row[i].prio, row[i].interval, row[i].adverts);

		if (skew == row[i].skew && down == row[i].down)
			continue;
		printf("row %zu: skew %lld, down %lld\n", i, (long long)skew, (long long)down);
		bad++;
	}
	return bad;
}

static void
print_decoded(enum vrrp_result r, const struct vrrp_advert *a)
{
	uint8_t out[VRRP_PACKET_MAX];
	char text[2 * VRRP_PACKET_MAX + 1];

	printf("%s", vrrp_result_name(r));
	addr_format(&a->src, text);
	printf(" src=%s", text);
	addr_format(&a->dst, text);
	printf(" dst=%s ttl=%u version=%u vrid=%u prio=%u advert=%lld", text, a->ttl, a->version,
	    a->vrid, a->prio, (long long)(a->interval / NSEC_PER_MSEC));
	if (r == VRRP_OK) {
		to_hex(out, vrrp_encode(a, out), text);
		printf(" message=%s", text);
	}
	printf("\n");
}

static int
decode_lines(void)
{
	static char line[2 * 65536];
	static uint8_t packet[65536];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		size_t len = from_hex(line, packet);
		uint8_t *copy = malloc(len > 0 ? len : 1);

		if (copy == NULL)
			return 1;
		memcpy(copy, packet, len);
		print_decoded(vrrp_decode_ip(copy, len, &advert), &advert);
		free(copy);
	}
	return 0;
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(void);
	} group[] = {{"vectors", check_vectors}, {"damage", check_damage}, {"random", check_random},
	    {"password", check_password}, {"timers", check_timers}, {"decode", decode_lines}};

	for (size_t i = 0; argc == 2 && i < sizeof(group) / sizeof(group[0]); i++)
		if (strcmp(argv[1], group[i].name) == 0)
			return group[i].run() != 0;
	fputs("usage: vrrp vectors|damage|random|password|timers|decode\n", stderr);
	return 64;
}
