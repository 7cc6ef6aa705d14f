#ifndef PARSE_H
#define PARSE_H

#include <stddef.h>
#include <stdint.h>

#define NSEC_PER_USEC INT64_C(1000)
#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC  INT64_C(1000000000)

/* Text to a value that lies in min..max. All return 0, or -1 and leave *out alone. Nothing
 * but the value may stand in the text: no sign, no space, no trailing octet. */

int parse_uint(const char *text, unsigned int min, unsigned int max, unsigned int *out);

/* A number, whole or with up to nine decimals, and its unit: us, ms, s, m, h. In
 * nanoseconds. A bare number is an error, "0" too. */
int parse_duration(const char *text, int64_t min, int64_t max, int64_t *out);

/* Seconds with up to nine decimals, as in t=12.000345, to nanoseconds. */
int parse_time(const char *text, int64_t *out);

/* "1s", "100ms", "609375us": the largest unit that says it whole, rounded down to 1 us.
 * Returns the length; out must hold 24 octets. */
size_t duration_format(int64_t ns, char *out);

/* Seconds with six decimals. Returns the length; out must hold 24 octets. */
size_t time_format(int64_t ns, char *out);

#endif
