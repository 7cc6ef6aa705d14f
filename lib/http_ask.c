#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "parse.h"

/* ---- the request ---- */

/* RFC 9110 section 5.6.2 */
static size_t
token_length(const char *text)
{
	return strspn(
	    text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");
}

static bool
is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x21 || *text > 0x7e)
			return false;
	return true;
}

/* The answer to CONNECT is not a message. */
bool
http_is_verb(const char *text)
{
	size_t len = token_length(text);

	return len > 0 && len <= 32 && text[len] == '\0' && strcmp(text, "CONNECT") != 0;
}

bool
http_is_path(const char *text)
{
	return (text[0] == '/' || strcmp(text, "*") == 0) && is_visible(text) &&
	    strchr(text, '#') == NULL;
}

bool
http_is_host(const char *text)
{
	return text[0] != '\0' && strlen(text) <= 255 && is_visible(text) &&
	    strpbrk(text, "/?#@\\") == NULL;
}

/* Whether a header line has this name. */
static bool
is_named(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

bool
http_is_header(const char *text)
{
	static const char *const ours[] = {"Host", "Content-Length", "Transfer-Encoding"};
	size_t len = token_length(text);

	if (len == 0 || text[len] != ':')
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (is_named(text, ours[i]))
			return false;
	for (const char *c = text + len; *c != '\0'; c++)
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return false;
	return true;
}

static bool
has_header(const struct http_request *q, const char *name)
{
	for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
		if (q->header[i] != NULL && is_named(q->header[i], name))
			return true;
	return false;
}

struct text {
	char *out;
	size_t size, len;
};

static void
add(struct text *t, const char *a, const char *b, const char *c)
{
	int n = snprintf(t->out + t->len, t->size - t->len, "%s%s%s", a, b, c);

	/* Once it is full it stays full. */
	t->len = n < 0 || (size_t)n >= t->size - t->len ? t->size - 1 : t->len + (size_t)n;
}

size_t
http_format_request(const struct http_request *q, char *out, size_t size)
{
	static const char *const usual[][2] = {
	    {"User-Agent", "viptools"}, {"Accept", "*/*"}, {"Connection", "close"}};
	static const char *const full[] = {"POST", "PUT", "PATCH"};
	struct text t = {.out = out, .size = size};

	add(&t, q->verb, " ", q->path);
	add(&t, " HTTP/1.", q->is_1_0 ? "0" : "1", "\r\n");
	if (q->host != NULL && q->host[0] != '\0')
		add(&t, "Host: ", q->host, "\r\n");
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!has_header(q, usual[i][0])) {
			add(&t, usual[i][0], ": ", usual[i][1]);
			add(&t, "\r\n", "", "");
		}
	for (size_t i = 0; i < sizeof(full) / sizeof(full[0]); i++)
		if (strcmp(q->verb, full[i]) == 0)
			add(&t, "Content-Length: 0\r\n", "", "");
	for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
		if (q->header[i] != NULL && q->header[i][0] != '\0')
			add(&t, q->header[i], "\r\n", "");
	add(&t, "\r\n", "", "");
	return t.len < size - 1 ? t.len : 0;
}

/* ---- what is wanted of the answer ---- */

void
http_want_init(struct http_want *w)
{
	*w = (struct http_want){0};
	http_want_status(w, "200-299");
}

int
http_want_status(struct http_want *w, const char *text)
{
	uint8_t status[sizeof(w->status)] = {0};
	unsigned int from, to, n = 0;
	char word[8];

	do {
		size_t len = strcspn(text, ",");

		if ((len != 3 && len != 7) || ++n > 16)
			return -1;
		memcpy(word, text, len);
		word[len] = '\0';
		if (len == 7 && word[3] != '-')
			return -1;
		word[3] = '\0';
		if (parse_uint(word, 100, 999, &from) == -1 ||
		    parse_uint(len == 7 ? word + 4 : word, from, 999, &to) == -1)
			return -1;
		for (unsigned int i = from; i <= to; i++)
			status[i / 8] |= (uint8_t)(1 << i % 8);
		text += len;
	} while (*text++ == ',');
	memcpy(w->status, status, sizeof(status));
	return 0;
}

int
http_want_digest(struct http_want *w, const char *text)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	uint8_t digest[SHA256_SIZE] = {0};

	if (strlen(text) != (size_t)2 * SHA256_SIZE)
		return -1;
	for (size_t i = 0; i < (size_t)2 * SHA256_SIZE; i++) {
		const char *at = strchr(digits, text[i]);

		if (at == NULL)
			return -1;
		digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (at - digits) % 16);
	}
	memcpy(w->digest, digest, sizeof(digest));
	w->has_digest = true;
	return 0;
}

int
http_want_text(struct http_want *w, const char *text)
{
	size_t len = strlen(text), same = 0;

	if (len == 0 || len > HTTP_TEXT_MAX)
		return -1;
	memcpy(w->text, text, len);
	w->text_len = (uint8_t)len;
	w->border[0] = 0;
	for (size_t i = 1; i < len; i++) {
		while (same > 0 && text[same] != text[i])
			same = w->border[same - 1];
		if (text[same] == text[i])
			same++;
		w->border[i] = (uint8_t)same;
	}
	return 0;
}
