#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define ENDPOINT_STRLEN (ADDR_STRLEN + 8) /* "[", "]:65535" and a NUL */

/* An address and a port (in host order). Zero the whole before filling it by hand: endpoints
 * are parts of structs that are compared with memcmp. */
struct endpoint {
	struct addr addr;
	uint8_t pad;
	uint16_t port;
};

/* "192.0.2.1:80" or "[2001:db8::1]:443", port 0 to 65535. Returns 0, or -1 and leaves *p
 * alone. */
int endpoint_parse(const char *text, struct endpoint *p);

/* Canonical text. Returns the number of octets written, without the NUL; out must hold
 * ENDPOINT_STRLEN. */
size_t endpoint_format(const struct endpoint *p, char *out);

/* By address (addr_compare), then port: <0, 0 or >0. */
int endpoint_compare(const struct endpoint *a, const struct endpoint *b);

#endif
