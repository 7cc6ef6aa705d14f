#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http.h"

/* ---- the request ---- */

/* Whether a header line has this name. */
static bool
is_named(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

static bool
has_header(const struct http_request *q, const char *name)
{
	for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
		if (q->header[i] != NULL && is_named(q->header[i], name))
			return true;
	return false;
}

/* What frames the message is not for others to say; the answer to CONNECT is not a message. */
const char *
http_request_fault(const struct http_request *q)
{
	if (strcmp(q->verb, "CONNECT") == 0)
		return "not a question to a server";
	if (has_header(q, "Host"))
		return "Host is said with host=";
	if (has_header(q, "Content-Length") || has_header(q, "Transfer-Encoding"))
		return "a request has no body";
	return NULL;
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
}

void
http_want_status(struct http_want *w, unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		w->status[i / 8] |= (uint8_t)(1 << i % 8);
}

void
http_want_digest(struct http_want *w, const uint8_t digest[SHA256_SIZE])
{
	memcpy(w->digest, digest, SHA256_SIZE);
	w->has_digest = true;
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
