#ifndef REGEX_H
#define REGEX_H

#include <stddef.h>
#include <stdint.h>

/* Regular expressions (PCRE2) on octets that nobody vouches for. The work of one search is bounded
 * and counted, not timed, so that the answer depends on the text alone. */

#define REGEX_TEXT_MAX 1024

struct regex;

/* Compiles text. Returns NULL with the reason and its place, to be shown after the text, in
 * error[size]. */
struct regex *regex_open(const char *text, char *error, size_t size);
void regex_close(struct regex *x);

enum regex_answer {
	REGEX_NO,
	REGEX_YES,
	REGEX_TOO_MUCH, /* the search took more than it may */
	REGEX_NO_MEMORY,
};

/* Whether it matches anywhere in these octets. */
enum regex_answer regex_search(const struct regex *x, const uint8_t *text, size_t len);

#endif
