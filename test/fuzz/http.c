/* Fuzzes the answers of servers: the verdict is the same whole, octet by octet and in the pieces
 * that the input itself names; nothing but what was wanted is up. */

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

/* step: octets a piece; 0: each piece is as long as the octet at its place says. Each is copied, so
 * that a read past it is seen. */
static struct verdict
answer(const struct http_want *w, const uint8_t *data, size_t size, size_t step)
{
	static uint8_t body[HTTP_BODY_MAX];
	struct http h;

	http_init(&h, w, body);
	for (size_t at = 0; at < size;) {
		size_t n = step > 0 ? step : data[at] % 17;
		uint8_t *piece;

		if (n > size - at)
			n = size - at;
		piece = malloc(n > 0 ? n : 1);
		require(piece != NULL);
		memcpy(piece, data + at, n);
		http_feed(&h, piece, n);
		free(piece);
		at += n > 0 ? n : 1;
		if (n == 0 && at <= size)
			http_feed(&h, data + at - 1, 1);
	}
	http_end(&h);
	require(h.result > HTTP_MORE && h.result < HTTP_N_RESULTS);
	require(*http_result_name(h.result) != '\0');
	require(h.body_len <= HTTP_BODY_MAX);
	return (struct verdict){h.result, http_code(&h), h.body_len};
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const heads[] = {"", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
	static const uint8_t digest[SHA256_SIZE];
	static uint8_t input[100100];
	const char *head;
	static struct regex *x;
	struct http_want w;
	struct verdict v;
	char error[200];
	uint8_t how;

	if (size == 0 || size > 100000)
		return 0;
	how = *data++;
	size--;
	/* What a fuzzer does not come upon. */
	head = heads[how >> 6];
	memcpy(input, head, strlen(head));
	memcpy(input + strlen(head), data, size);
	data = input;
	size += strlen(head);
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
	v = answer(&w, data, size, SIZE_MAX);
	require(same(v, answer(&w, data, size, 1)));
	require(same(v, answer(&w, data, size, 0)));
	require(same(v, answer(&w, data, size, 2 + how % 64)));
	if (v.result == HTTP_OK)
		check_up(&w, v, data, size);
	return 0;
}
