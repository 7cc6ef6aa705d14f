#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "record.h"

static const struct kind {
	const char *name;
	enum record_class class;
	const char *operand[4]; /* NULL ends */
} kinds[] = {
#define X(id, cl, ...) {#id, RECORD_##cl, {__VA_ARGS__}},
    RECORD_KINDS(X)
#undef X
};

/* Kinds whose operands go on past the named ones. */
static const char *const open_kinds[] = {"route", "rule", "group", "remove"};

static const struct kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].name[0] == name[0] && strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static unsigned int
kind_operands(const struct kind *k)
{
	unsigned int n = 0;

	if (k == NULL)
		return RECORD_WORDS_MAX;
	for (size_t i = 0; i < sizeof(open_kinds) / sizeof(open_kinds[0]); i++)
		if (strcmp(open_kinds[i], k->name) == 0)
			return RECORD_WORDS_MAX;
	while (n < 4 && k->operand[n] != NULL)
		n++;
	return n;
}

enum record_class
record_class_of(const char *kind)
{
	const struct kind *k = kind_find(kind);

	return k != NULL ? k->class : RECORD_UNKNOWN;
}

const char *
record_operand_name(const char *kind, unsigned int i)
{
	const struct kind *k = kind_find(kind);

	return k != NULL && i < 4 ? k->operand[i] : NULL;
}

static int
refuse(struct record_error *e, const char *reason, const char *word, size_t len)
{
	size_t n = len < sizeof(e->word) ? len : sizeof(e->word) - 1;

	e->reason = reason;
	for (size_t i = 0; i < n; i++)
		e->word[i] = word[i] > 0x20 && word[i] < 0x7f ? word[i] : '?';
	e->word[n] = '\0';
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* kind = lower case letter, then lower case letters, digits, `-`; a key may hold `_` too. */
static bool
is_name(const char *s)
{
	if (*s < 'a' || *s > 'z')
		return false;
	for (; *s != '\0'; s++)
		if ((*s < 'a' || *s > 'z') && (*s < '0' || *s > '9') && *s != '-' && *s != '_')
			return false;
	return true;
}

/* Decodes one octet of a word from *p; returns -1 for a broken or a zero percent code. */
static int
decode(const char **p, const char *end)
{
	int high, low;

	if (**p != '%')
		return (unsigned char)*(*p)++;
	if (end - *p < 3 || (high = hex_value((*p)[1])) == -1 || (low = hex_value((*p)[2])) == -1 ||
	    (high | low) == 0)
		return -1;
	*p += 3;
	return high << 4 | low;
}

/* One word from *p into *text. Its first `=` splits; a value may stand in double quotes. */
static int
scan_word(
    const char **p, const char *end, char **text, struct record_word *w, struct record_error *e)
{
	const char *start = *p;
	bool quoted = false;
	int c;

	w->key = *text;
	w->value = NULL;
	while (*p < end && (quoted || !is_blank(**p))) {
		if (quoted && **p == '"') {
			(*p)++;
			if (*p < end && !is_blank(**p))
				return refuse(
				    e, "text after a closing quote", start, (size_t)(*p - start));
			quoted = false;
			break;
		}
		if (**p == '=' && w->value == NULL) {
			(*p)++;
			*(*text)++ = '\0';
			w->value = *text;
			if (*p < end && **p == '"') {
				quoted = true;
				(*p)++;
			}
			continue;
		}
		if (**p == '"')
			return refuse(e, "a quote inside a word", start, (size_t)(end - start));
		if ((c = decode(p, end)) == -1)
			return refuse(e, "broken percent code", start, (size_t)(end - start));
		*(*text)++ = (char)c;
	}
	if (quoted)
		return refuse(e, "quote not closed", start, (size_t)(end - start));
	*(*text)++ = '\0';
	if (w->value != NULL && !is_name(w->key))
		return refuse(e, "not the name of an attribute", start, (size_t)(*p - start));
	return 0;
}

static int
check_octets(const char *line, size_t len, struct record_error *e)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
			return refuse(e, "control octet", line, len);
	return 0;
}

/* Leading bare words are operands, as many as the kind has; behind them a bare word is a flag,
 * and no attribute stands twice. */
static int
check_words(struct record *r, struct record_error *e)
{
	const struct kind *k = kind_find(r->kind);
	unsigned int most = kind_operands(k);

	r->class = k != NULL ? k->class : RECORD_UNKNOWN;
	r->n_operands = 0;
	while (r->n_operands < r->n_words && r->n_operands < most &&
	    r->word[r->n_operands].value == NULL)
		r->n_operands++;
	for (unsigned int i = r->n_operands; i < r->n_words; i++) {
		const char *key = r->word[i].key;

		if (!is_name(key))
			return refuse(e, "not the name of an attribute", key, strlen(key));
		for (unsigned int j = r->n_operands; j < i; j++)
			if (r->word[j].key[0] == key[0] && strcmp(r->word[j].key, key) == 0)
				return refuse(e, "said twice", key, strlen(key));
	}
	return 0;
}

int
record_parse(struct record *r, const char *line, size_t len, struct record_error *e)
{
	const char *p = line, *end;
	char *text = r->text;
	struct record_word kind;

	if (len > 0 && line[len - 1] == '\n')
		len--;
	end = line + len;
	while (p < end && is_blank(*p))
		p++;
	if (p == end || *p == '#')
		return 0;
	if (len + 1 > RECORD_MAX)
		return refuse(e, "longer than 4096 octets", line, 32);
	if (check_octets(line, len, e) == -1 || scan_word(&p, end, &text, &kind, e) == -1)
		return -1;
	r->kind = kind.key;
	r->n_words = 0;
	if (kind.value != NULL || !is_name(r->kind))
		return refuse(e, "not a kind of record", line, (size_t)(p - line));
	for (;;) {
		while (p < end && is_blank(*p))
			p++;
		if (p == end)
			return check_words(r, e) == -1 ? -1 : 1;
		if (r->n_words == RECORD_WORDS_MAX)
			return refuse(e, "more than 64 words", p, (size_t)(end - p));
		if (scan_word(&p, end, &text, &r->word[r->n_words++], e) == -1)
			return -1;
	}
}

const char *
record_operand(const struct record *r, unsigned int i)
{
	return i < r->n_operands ? r->word[i].key : NULL;
}

const char *
record_get(const struct record *r, const char *key)
{
	for (unsigned int i = r->n_operands; i < r->n_words; i++)
		if (r->word[i].key[0] == key[0] && strcmp(r->word[i].key, key) == 0)
			return r->word[i].value != NULL ? r->word[i].value : "yes";
	return NULL;
}

static void
put(struct record_out *o, const char *s, size_t len)
{
	if (len > RECORD_MAX - 1 - o->len) {
		o->overflow = true;
		return;
	}
	memcpy(o->text + o->len, s, len);
	o->len += len;
}

static void
put_encoded(struct record_out *o, const char *s, bool operand)
{
	static const char digit[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		char code[3] = {'%', digit[c >> 4], digit[c & 15]};

		if (c > 0x20 && c < 0x7f && c != '%' && c != '"' && (c != '=' || !operand))
			put(o, s, 1);
		else
			put(o, code, 3);
	}
}

static void
put_key(struct record_out *o, const char *key)
{
	put(o, " ", 1);
	put(o, key, strlen(key));
	put(o, "=", 1);
}

static size_t
uint_format(uint64_t v, char out[20])
{
	char *p = out + 20;
	size_t n;

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	n = (size_t)(out + 20 - p);
	memmove(out, p, n);
	return n;
}

void
record_begin(struct record_out *o, const char *kind)
{
	o->len = 0;
	o->overflow = false;
	put(o, kind, strlen(kind));
}

void
record_add(struct record_out *o, const char *operand)
{
	put(o, " ", 1);
	put_encoded(o, operand, true);
}

void
record_add_uint(struct record_out *o, uint64_t operand)
{
	char buf[20];

	put(o, " ", 1);
	put(o, buf, uint_format(operand, buf));
}

void
record_add_addr(struct record_out *o, const struct addr *a)
{
	char buf[ADDR_STRLEN];

	put(o, " ", 1);
	put(o, buf, addr_format(a, buf));
}

void
record_add_cidr(struct record_out *o, const struct cidr *c)
{
	char buf[ADDR_STRLEN];

	put(o, " ", 1);
	put(o, buf, cidr_format(c, buf));
}

void
record_flag(struct record_out *o, const char *key)
{
	put(o, " ", 1);
	put(o, key, strlen(key));
}

void
record_set(struct record_out *o, const char *key, const char *value)
{
	put_key(o, key);
	put_encoded(o, value, false);
}

void
record_set_uint(struct record_out *o, const char *key, uint64_t value)
{
	char buf[20];

	put_key(o, key);
	put(o, buf, uint_format(value, buf));
}

void
record_set_addr(struct record_out *o, const char *key, const struct addr *a)
{
	record_set_addrs(o, key, a, 1);
}

void
record_set_addrs(struct record_out *o, const char *key, const struct addr *a, size_t n)
{
	char buf[ADDR_STRLEN];

	put_key(o, key);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(o, ",", 1);
		put(o, buf, addr_format(&a[i], buf));
	}
}

void
record_set_duration(struct record_out *o, const char *key, int64_t ns)
{
	char buf[24];

	put_key(o, key);
	put(o, buf, duration_format(ns, buf));
}

void
record_set_time(struct record_out *o, const char *key, int64_t ns)
{
	char buf[24];

	put_key(o, key);
	put(o, buf, time_format(ns, buf));
}

size_t
record_end(struct record_out *o)
{
	if (o->overflow)
		return 0;
	o->text[o->len++] = '\n';
	return o->len;
}

size_t
record_format(const struct record *r, struct record_out *o)
{
	record_begin(o, r->kind);
	for (unsigned int i = 0; i < r->n_words; i++) {
		const struct record_word *w = &r->word[i];

		if (w->value != NULL)
			record_set(o, w->key, w->value);
		else
			record_add(o, w->key);
	}
	return record_end(o);
}

/* The attributes and operands whose values are numbers in JSON. */
static bool
is_number(const char *key, const char *value)
{
	static const char *const keys[] = {"vrid", "prio", "version", "af", "ttl", "count", "mtu",
	    "seq", "t", "weight", "healthy", "total", "code", "down", "conns", "active", "inactive",
	    "persistent", "in_packets", "out_packets", "in_octets", "out_octets", "conn_rate",
	    "in_packet_rate", "out_packet_rate", "in_octet_rate", "out_octet_rate"};
	int64_t ns;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return parse_time(value, &ns) == 0 &&
			    (value[0] != '0' || value[1] == '\0' || value[1] == '.');
	return false;
}

static char *
json_string(char *out, const char *s, size_t len)
{
	*out++ = '"';
	for (; len > 0; s++, len--) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			*out++ = '\\';
			*out++ = (char)c;
		} else if (c < 0x20 || c >= 0x7f) {
			/* an octet, not a character: JSON has no octets, so code points U+00XX */
			out += sprintf(out, "\\u%04x", c);
		} else {
			*out++ = (char)c;
		}
	}
	*out++ = '"';
	return out;
}

static char *
json_value(char *out, const char *key, const char *value)
{
	if (value == NULL)
		return stpcpy(out, "true");
	if (is_number(key, value))
		return stpcpy(out, value);
	if (strcmp(key, "addresses") != 0)
		return json_string(out, value, strlen(value));
	*out++ = '[';
	while (*value != '\0') {
		size_t n = strcspn(value, ",");

		out = json_string(out, value, n);
		value += n;
		if (*value == ',')
			*out++ = *value++;
	}
	*out++ = ']';
	return out;
}

size_t
record_to_json(const struct record *r, char *out)
{
	const char *start = out;
	char name[24];

	out = stpcpy(out, "{\"kind\":");
	out = json_string(out, r->kind, strlen(r->kind));
	for (unsigned int i = 0; i < r->n_words; i++) {
		const struct record_word *w = &r->word[i];
		const char *key = w->key;

		*out++ = ',';
		if (i < r->n_operands) {
			key = record_operand_name(r->kind, i);
			if (key == NULL) {
				snprintf(name, sizeof(name), "operand%u", i + 1);
				key = name;
			}
			out = json_string(out, key, strlen(key));
			*out++ = ':';
			out = json_value(out, key, w->key);
		} else {
			out = json_string(out, key, strlen(key));
			*out++ = ':';
			out = json_value(out, key, w->value);
		}
	}
	out = stpcpy(out, "}\n");
	return (size_t)(out - start);
}
