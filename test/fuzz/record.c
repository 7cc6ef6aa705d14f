/* Fuzzes the language of records: what is parsed and written is the same again, one line in is
 * at most one line out, and nothing but plain octets is written. */

#include <stdlib.h>
#include <string.h>

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok)
{
	if (!ok)
		abort();
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
check_plain(const char *text, size_t len)
{
	require(len > 0 && text[len - 1] == '\n');
	for (size_t i = 0; i + 1 < len; i++)
		require(text[i] >= 0x20 && text[i] <= 0x7e);
}

static void
check_same(const struct record *a, const struct record *b)
{
	require(strcmp(a->kind, b->kind) == 0 && a->class == b->class);
	require(a->n_words == b->n_words && a->n_operands == b->n_operands);
	for (unsigned int i = 0; i < a->n_words; i++) {
		require(same_text(a->word[i].key, b->word[i].key));
		require(same_text(a->word[i].value, b->word[i].value));
		require(same_text(record_operand(a, i), record_operand(b, i)));
	}
}

static void
check_words(const struct record *r)
{
	require(r->kind[0] >= 'a' && r->kind[0] <= 'z');
	require(r->n_words <= RECORD_WORDS_MAX && r->n_operands <= r->n_words);
	for (unsigned int i = 0; i < r->n_words; i++) {
		require(r->word[i].key[0] != '\0');
		require(i >= r->n_operands || r->word[i].value == NULL);
		if (i >= r->n_operands)
			require(same_text(record_get(r, r->word[i].key),
			    r->word[i].value != NULL ? r->word[i].value : "yes"));
	}
}

/* Quotes and backslashes that do not end the string too early, brackets that match. */
static void
check_json(const struct record *r)
{
	static char json[RECORD_JSON_MAX];
	size_t len = record_to_json(r, json);
	bool quoted = false;
	int depth = 0;

	require(len > 2 && len <= RECORD_JSON_MAX && json[0] == '{' && json[len - 2] == '}');
	check_plain(json, len);
	for (size_t i = 0; i < len; i++) {
		if (quoted && json[i] == '\\')
			i++;
		else if (json[i] == '"')
			quoted = !quoted;
		else if (!quoted && (json[i] == '{' || json[i] == '['))
			depth++;
		else if (!quoted && (json[i] == '}' || json[i] == ']'))
			require(--depth >= 0);
	}
	require(!quoted && depth == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record first, second;
	static struct record_out out, again;
	struct record_error e = {0};
	char *line = malloc(size > 0 ? size : 1);
	int parsed;
	size_t len;

	require(line != NULL);
	memcpy(line, data, size);
	parsed = record_parse(&first, line, size, &e);
	free(line);
	require(parsed == 0 || parsed == 1 || (parsed == -1 && e.reason != NULL && *e.reason));
	if (parsed != 1)
		return 0;
	require(size <= RECORD_MAX);
	check_words(&first);
	check_json(&first);
	len = record_format(&first, &out);
	if (len == 0)
		return 0; /* encoded it is longer than a record may be */
	check_plain(out.text, len);
	require(record_parse(&second, out.text, len, &e) == 1);
	check_same(&first, &second);
	require(record_format(&second, &again) == len && memcmp(out.text, again.text, len) == 0);
	return 0;
}
