#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "parse.h"

size_t
addr_size(const struct addr *a)
{
	return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

int
addr_parse(const char *text, struct addr *a)
{
	struct addr got = {0};

	if (inet_pton(AF_INET, text, got.octet) == 1)
		got.family = 4;
	else if (inet_pton(AF_INET6, text, got.octet) == 1)
		got.family = 6;
	else
		return -1;
	*a = got;
	return 0;
}

int
cidr_parse(const char *text, struct cidr *c)
{
	char buf[ADDR_STRLEN];
	struct cidr got;
	unsigned int len, most;
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(buf))
		return -1;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (addr_parse(buf, &got.addr) == -1)
		return -1;
	most = len = (unsigned int)addr_size(&got.addr) * 8;
	if (slash != NULL && parse_uint(slash + 1, 0, most, &len) == -1)
		return -1;
	got.len = (uint8_t)len;
	*c = got;
	return 0;
}

size_t
addr_format(const struct addr *a, char *out)
{
	if (inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->octet, out, ADDR_STRLEN) == NULL ||
	    a->family == 0)
		out[0] = '\0';
	return strlen(out);
}

size_t
cidr_format(const struct cidr *c, char *out)
{
	size_t n = addr_format(&c->addr, out);

	return n + (size_t)snprintf(out + n, ADDR_STRLEN - n, "/%u", c->len);
}

int
addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->octet, b->octet, sizeof(a->octet));
}

bool
addr_is_link_local(const struct addr *a)
{
	return a->family == 6 && a->octet[0] == 0xfe && (a->octet[1] & 0xc0) == 0x80;
}

struct addr
addr_vrrp_group(uint8_t family)
{
	static const struct addr group4 = {.family = 4, .octet = {224, 0, 0, 18}};
	static const struct addr group6 = {
	    .family = 6, .octet = {[0] = 0xff, [1] = 0x02, [15] = 0x12}};

	return family == 6 ? group6 : group4;
}

int
mac_parse(const char *text, uint8_t mac[6])
{
	unsigned int v[6];
	char end;

	if (strlen(text) != MAC_STRLEN - 1 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
		&end) != 6)
		return -1;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)v[i];
	return 0;
}

void
mac_format(const uint8_t mac[6], char out[MAC_STRLEN])
{
	static const char digit[] = "0123456789abcdef";

	for (int i = 0; i < 6; i++) {
		out[3 * i] = digit[mac[i] >> 4];
		out[3 * i + 1] = digit[mac[i] & 15];
		out[3 * i + 2] = i < 5 ? ':' : '\0';
	}
}
