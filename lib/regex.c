#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "regex.h"

/* Of one search: steps over items and octets in all, and backtracking from one place. The library's
 * own limit counts anew at each place where a match could begin, 65536 times. */
#define STEPS_MAX   4000000
#define MATCH_MAX   400000
#define HEAP_KB_MAX 4096

struct regex {
	pcre2_code *code;
	pcre2_match_context *context;
};

struct search {
	size_t steps;
	size_t last; /* where the step before ended */
};

/* Before each item of the expression. A run such as [^x]* is one item, and costs what it passes
 * over. */
static int
count(pcre2_callout_block *block, void *data)
{
	struct search *s = data;
	size_t here = block->current_position;

	s->steps += 1 + (here > s->last ? here - s->last : 0);
	s->last = here;
	return s->steps > STEPS_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

struct regex *
regex_open(const char *text, char *error, size_t size)
{
	struct regex *x = calloc(1, sizeof(*x));
	PCRE2_UCHAR why[128] = "out of memory";
	PCRE2_SIZE place = 0;
	int code;

	if (x == NULL)
		goto fail;
	x->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    PCRE2_AUTO_CALLOUT | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &place, NULL);
	if (x->code == NULL) {
		pcre2_get_error_message(code, why, sizeof(why));
		goto fail;
	}
	x->context = pcre2_match_context_create(NULL);
	if (x->context == NULL)
		goto fail;
	pcre2_set_match_limit(x->context, MATCH_MAX);
	pcre2_set_heap_limit(x->context, HEAP_KB_MAX);
	return x;
fail:
	snprintf(error, size, "%s at octet %zu", (char *)why, (size_t)place);
	regex_close(x);
	return NULL;
}

void
regex_close(struct regex *x)
{
	if (x == NULL)
		return;
	pcre2_match_context_free(x->context);
	pcre2_code_free(x->code);
	free(x);
}

/* The match data go at once: the library leaves in them what memory the worst search took. */
enum regex_answer
regex_search(const struct regex *x, const uint8_t *text, size_t len)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	struct search s = {0};
	int found;

	if (data == NULL)
		return REGEX_NO_MEMORY;
	pcre2_set_callout(x->context, count, &s);
	found = pcre2_match(x->code, text, len, 0, 0, data, x->context);
	pcre2_match_data_free(data);
	if (found >= 0)
		return REGEX_YES;
	return found == PCRE2_ERROR_NOMATCH ? REGEX_NO
	    : found == PCRE2_ERROR_NOMEMORY ? REGEX_NO_MEMORY
					    : REGEX_TOO_MUCH;
}
