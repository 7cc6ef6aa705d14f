#ifndef SECRET_H
#define SECRET_H

#include <stdint.h>

#include "vrrp.h"

/* Reads the password of a router from the first line of a file, 1 to 8 octets, into VRRP_AUTH_LEN
 * octets padded with NUL. The file must be a regular one, no symbolic link, of its owner
 * alone. Returns 0, or -1 with *reason a literal and out left alone. */
int secret_read(const char *path, uint8_t out[VRRP_AUTH_LEN], const char **reason);

#endif
