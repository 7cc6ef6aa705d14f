#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

/* SHA-256 (FIPS 180-4) of octets as they come. A probe compares the digest of a page with one that
 * it was given; that needs no library of cryptography, and no secret is in it. */
struct sha256 {
	uint32_t h[8];
	uint64_t len; /* octets so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const uint8_t *data, size_t len);
void sha256_end(struct sha256 *s, uint8_t digest[SHA256_SIZE]);

#endif
