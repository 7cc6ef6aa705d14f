/* Fuzzes the answers of servers, raw and composed of heads, chunks and octets: the verdict is the
 * same however the answer is split into reads; nothing but what was wanted is up. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok)
{
	if (!ok)
		abort();
}

struct verdict {
	enum http_result result;
	unsigned int code;
	uint32_t body_len;
};

/* Lengths of the pieces that an answer comes in, over and over; a length of 0 is a piece too. */
struct split {
	const uint8_t *len;
	size_t n;
};

/* Each piece is copied, so that a read past it is seen. */
static struct verdict
answer(const struct http_want *w, const uint8_t *data, size_t size, const struct split *split)
{
	static uint8_t body[HTTP_BODY_MAX];
	struct http h;

	http_init(&h, w, body);
	for (size_t at = 0, i = 0; at < size; i++) {
		size_t n = split == NULL ? size : split->len[i % split->n];
		uint8_t *piece;

		if (n > size - at)
			n = size - at;
		piece = malloc(n > 0 ? n : 1);
		require(piece != NULL);
		memcpy(piece, data + at, n);
		http_feed(&h, piece, n);
		free(piece);
		at += n;
	}
	http_end(&h);
	require(h.result > HTTP_MORE && h.result < HTTP_N_RESULTS);
	require(*http_result_name(h.result) != '\0');
	require(h.body_len <= HTTP_BODY_MAX);
	return (struct verdict){h.result, http_code(&h), h.body_len};
}

/* ---- answers that a fuzzer does not come upon ---- */

/* What is left of the input. */
struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t
take(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

struct text {
	uint8_t octet[65536];
	size_t len;
};

static void
add(struct text *t, const void *data, size_t n)
{
	if (n > sizeof(t->octet) - t->len)
		n = sizeof(t->octet) - t->len;
	memcpy(t->octet + t->len, data, n);
	t->len += n;
}

/* So many octets of the input. */
static void
add_octets(struct text *t, struct input *in, size_t n)
{
	if (n > in->size)
		n = in->size;
	add(t, in->data, n);
	in->data += n;
	in->size -= n;
}

/* A chunk, with a size that is now and then not its own. */
static void
add_chunk(struct text *t, struct input *in)
{
	static const char *const ends[] = {"", ";a=b", ";a=\"b\\\"\"", " "};
	uint8_t n = take(in), how = take(in);
	char line[32];
	int len = snprintf(line, sizeof(line), how & 1 ? "%X%s%s" : "%04x%s%s",
	    n + (how >> 4 == 15), ends[how >> 1 & 3], how & 8 ? "\n" : "\r\n");

	add(t, line, (size_t)len);
	add_octets(t, in, n);
	add(t, "\r\n", 2);
}

/* An answer of lines, chunks and octets that the input picks. */
static void
compose(struct text *t, struct input *in)
{
	static const char *const lines[] = {"HTTP/1.1 200 OK\r\n", "HTTP/1.0 200\r\n",
	    "HTTP/1.1 301 Moved\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 x\n", "\r\n",
	    "\n", "Transfer-Encoding: chunked\r\n", "transfer-encoding:gzip, chunked\r\n",
	    "Content-Length: 7\r\n", "Content-Length: 300\r\n", "Connection: close\r\n", "X: y\n",
	    " folded\r\n", "0\r\n", "0\r\n\r\n", "Trailer: x\r\n", "aabaaab", "z"};
	const size_t n = sizeof(lines) / sizeof(lines[0]);

	t->len = 0;
	while (in->size > 0) {
		uint8_t pick = take(in);

		if (pick % 32 < n)
			add(t, lines[pick % 32], strlen(lines[pick % 32]));
		else if (pick % 32 < 28)
			add_chunk(t, in);
		else
			add_octets(t, in, take(in));
	}
}

static bool
same(struct verdict a, struct verdict b)
{
	return a.result == b.result && a.code == b.code && a.body_len == b.body_len;
}

/* What it takes to be up. */
static void
check_up(const struct http_want *w, struct verdict v, const uint8_t *data, size_t size)
{
	require(v.code >= 100 && v.code <= 999);
	require(w->status[v.code / 8] >> v.code % 8 & 1);
	require(size >= sizeof("HTTP/1.x 200\n\n") - 1 && memcmp(data, "HTTP/1.", 7) == 0);
	/* A text of one octet cannot be cut by the framing. */
	if (w->text_len == 1)
		require(memchr(data, w->text[0], size) != NULL);
}

/* HOW, HOW, a count of lengths, the lengths, and what the answer is made of. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t digest[SHA256_SIZE], one[] = {1}, few[] = {2, 0, 3};
	struct input in = {data, size};
	struct split named, single = {one, 1}, by_few = {few, sizeof(few)};
	static struct regex *x;
	static struct text t;
	struct http_want w;
	struct verdict v;
	char error[200];
	uint8_t how = take(&in), composed = take(&in), longest = 0;

	if (x == NULL)
		require((x = regex_open("a[^b]*c|(x+x+)+y", error, sizeof(error))) != NULL);
	http_want_init(&w);
	w.no_body = how & 1;
	if (how & 2)
		http_want_text(&w, how & 4 ? "z" : "aabaaab");
	if (how & 8)
		http_want_digest(&w, digest);
	if (how & 16)
		w.regex = x;
	http_want_status(&w, how & 32 ? 100 : 200, how & 32 ? 999 : 299);
	named.n = take(&in) % 32;
	if (named.n > in.size)
		return 0;
	named.len = in.data;
	in.data += named.n;
	in.size -= named.n;
	for (size_t i = 0; i < named.n; i++)
		longest |= named.len[i];
	if (composed & 1) {
		compose(&t, &in);
	} else {
		t.len = 0;
		add(&t, in.data, in.size);
	}
	v = answer(&w, t.octet, t.len, NULL);
	require(same(v, answer(&w, t.octet, t.len, &single)));
	require(same(v, answer(&w, t.octet, t.len, &by_few)));
	if (longest > 0) /* else it would never end */
		require(same(v, answer(&w, t.octet, t.len, &named)));
	if (v.result == HTTP_OK)
		check_up(&w, v, t.octet, t.len);
	return 0;
}
