#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "parse.h"

int
endpoint_parse(const char *text, struct endpoint *p)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	char buf[ADDR_STRLEN + 2];
	struct endpoint got = {0};
	unsigned int port;

	if (n < 2 || n >= sizeof(buf) || parse_uint(colon + 1, 0, UINT16_MAX, &port) == -1)
		return -1;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (buf[0] == '[') {
		if (buf[n - 1] != ']')
			return -1;
		buf[n - 1] = '\0';
	}
	if (addr_parse(buf[0] == '[' ? buf + 1 : buf, &got.addr) == -1 ||
	    (got.addr.family == 6) != (buf[0] == '['))
		return -1;
	got.port = (uint16_t)port;
	*p = got;
	return 0;
}

size_t
endpoint_format(const struct endpoint *p, char *out)
{
	bool six = p->addr.family == 6;
	size_t n = 0;

	if (six)
		out[n++] = '[';
	n += addr_format(&p->addr, out + n);
	return n + (size_t)snprintf(out + n, ENDPOINT_STRLEN - n, six ? "]:%u" : ":%u", p->port);
}

int
endpoint_compare(const struct endpoint *a, const struct endpoint *b)
{
	int c = addr_compare(&a->addr, &b->addr);

	return c != 0 ? c : (a->port > b->port) - (a->port < b->port);
}
