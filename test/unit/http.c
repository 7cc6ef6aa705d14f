/* http - answers and their verdicts, however they are split; requests; what is wanted; digests.
 * Prints what differs.
 *
 * usage: http answers | splits | limits | requests | wants | digests | texts */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK_LINE "Transfer-Encoding: chunked\r\n\r\n"

/* An answer, whether the server then closes, what is asked of the body, and the verdict. */
struct row {
	const char *answer;
	size_t len; /* 0: of the string */
	enum http_result want;
	unsigned int code;
	bool head;
	const char *text, *regex;
	const uint8_t *digest;
};

/* sha256sum of hello */
static const uint8_t hello[SHA256_SIZE] = {0x2c, 0xf2, 0x4d, 0xba, 0x5f, 0xb0, 0xa3, 0x0e, 0x26,
    0xe8, 0x3b, 0x2a, 0xc5, 0xb9, 0xe2, 0x9e, 0x1b, 0x16, 0x1e, 0x5c, 0x1f, 0xa7, 0x42, 0x5e, 0x73,
    0x04, 0x33, 0x62, 0x93, 0x8b, 0x98, 0x24};

#define ROW(verdict, status, ...)                                                                  \
	{                                                                                          \
		.want = HTTP_##verdict, .code = status, .answer = __VA_ARGS__                      \
	}

static const struct row answers[] = {
    /* bodies */
    ROW(OK, 200, OK_LINE "Content-Length: 5\r\n\r\nhello", .text = "ell", .digest = hello),
    ROW(OK, 200, OK_LINE "content-LENGTH:5\r\n\r\nhello, and more", .digest = hello),
    ROW(OK, 200, OK_LINE "Content-Length: 5   \t \r\n\r\nhello"),
    ROW(OK, 200, OK_LINE "Content-Length: 0005\r\nContent-Length: 5\r\n\r\nhello"),
    ROW(OK, 200, OK_LINE "Content-Length: 0\r\n\r\n"),
    ROW(CUT_BODY, 200, OK_LINE "Content-Length: 6\r\n\r\nhello"),
    ROW(OK, 200, OK_LINE "\r\nhello", .digest = hello, .regex = "^h.*o$"),
    ROW(OK, 200, OK_LINE "\r\n"),
    ROW(OK, 200, "HTTP/1.0 200 OK\nServer: x\n\nhello", .digest = hello),
    ROW(OK, 200, "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello"),
    ROW(OK, 200, "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello"),
    ROW(OK, 200, OK_LINE "Content-Length: 99\r\n\r\n", .head = true),
    ROW(OK, 200, OK_LINE "Transfer-Encoding: chunked\r\n\r\n", .head = true),
    ROW(OK, 204, "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"),
    ROW(STATUS, 304, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),

    /* chunks */
    ROW(OK, 200, CHUNKED "5\r\nhello\r\n0\r\n\r\n", .digest = hello),
    ROW(OK, 200,
	CHUNKED "2\r\nhe\r\n3;a=b;c=\"d e\"\r\nllo\r\n0;x\r\nA: b\r\nContent-Length: x\r\n\r\n",
	.digest = hello, .text = "ello"),
    ROW(OK, 200, CHUNKED "0005  \r\nhello\r\n00\r\n\r\nmore", .digest = hello),
    ROW(OK, 200, CHUNKED "A\r\n0123456789\r\n0\r\n\r\n", .text = "789"),
    ROW(OK, 200, CHUNKED "000000000000000a\r\n0123456789\r\n0\r\n\r\n"),
    ROW(OK, 200, CHUNKED "0\r\n\r\n"),
    ROW(CUT_BODY, 200, CHUNKED "0\r\n"),
    ROW(CUT_BODY, 200, CHUNKED "5\r\nhello\r\n0\r\nA: b"),
    ROW(CUT_BODY, 200, CHUNKED "5\r\nhell"),
    ROW(BAD_CHUNK, 200, CHUNKED "5\r\nhelloo\r\n0\r\n\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED "5\r\nhello\n0\r\n\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED "5\nhello\r\n0\r\n\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED "5\rhello\r\n0\r\n\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED "5 5\r\nhello\r\n0\r\n\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED "\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED "-1\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"),
    ROW(BAD_CHUNK, 200, CHUNKED ";x\r\n"),
    ROW(CONTROL, 200, CHUNKED "5;x\n\r\nhello"),
    ROW(CUT_BODY, 200, CHUNKED "7fffffffffffffff\r\nx"),
    ROW(CHUNK_OVERFLOW, 200, CHUNKED "8000000000000000\r\nx"),
    ROW(CHUNK_OVERFLOW, 200, CHUNKED "00000000000000005\r\nhello"),
    ROW(CHUNK_OVERFLOW, 200, CHUNKED "10000000000000005\r\nhello"),
    ROW(FOLDED, 200, CHUNKED "5\r\nhello\r\n0\r\n folded\r\n\r\n"),
    ROW(BAD_HEADER, 200, CHUNKED "5\r\nhello\r\n0\r\nbad\r\n\r\n"),
    ROW(OK, 200, OK_LINE "TRANSFER-ENCODING:\tChunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	.digest = hello),

    /* framing that cannot be */
    ROW(TWO_LENGTHS, 200, OK_LINE "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ROW(TWO_LENGTHS, 200,
	OK_LINE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: 5, 5\r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: +5\r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: -5\r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: \r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: 5 5\r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: 0x5\r\n\r\nhello"),
    ROW(CUT_BODY, 200, OK_LINE "Content-Length: 9223372036854775807\r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: 9223372036854775808\r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: 99999999999999999999999999\r\n\r\nhello"),
    ROW(BAD_LENGTH, 200, OK_LINE "Content-Length: 18446744073709551621\r\n\r\nhello"),
    ROW(CODING, 200, OK_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n"),
    ROW(CODING, 200, OK_LINE "Transfer-Encoding: identity\r\n\r\n"),
    ROW(CODING, 200, OK_LINE "Transfer-Encoding: chunke\r\n\r\n"),
    ROW(CODING, 200, OK_LINE "Transfer-Encoding: chunked, chunked, chunked\r\n\r\n"),
    ROW(CODING, 200, OK_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ROW(CODING, 200,
	"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),

    /* what ends too early */
    ROW(NO_ANSWER, 0, ""),
    ROW(CUT_HEAD, 0, "H"),
    ROW(CUT_HEAD, 0, "HTTP/1.1 20"),
    ROW(CUT_HEAD, 200, "HTTP/1.1 200 OK\r"),
    ROW(CUT_HEAD, 200, OK_LINE "Content-Length: 5\r\n"),
    ROW(CUT_HEAD, 200, OK_LINE "Content-Length: 5\r\n\r"),
    ROW(CUT_HEAD, 0, "HTTP/1.1 100 Continue\r\n\r\n"),

    /* lines */
    ROW(BAD_STATUS_LINE, 0, "HTTP/1.1 2000 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "HTTP/1.1 20 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "HTTP/1.1 099 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "HTTP/1.1  200 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "HTTP/1.1 200\tOK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "HTTP/1.1 -20 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "HTTP/2.0 200 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "HTTP/1.2 200 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "http/1.1 200 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ROW(BAD_STATUS_LINE, 0, "SSH-2.0-OpenSSH_9.2p1\r\n"),
    ROW(BAD_STATUS_LINE, 0, "<html>it works</html>"),
    ROW(CONTROL, 200, "HTTP/1.1 200 O\0K\r\n\r\n", .len = 21),
    ROW(CONTROL, 200, "HTTP/1.1 200 \r \n\r\n"),
    ROW(CONTROL, 200, "HTTP/1.1 200\r \n\r\n"),
    ROW(CONTROL, 200, OK_LINE "A: b\0c\r\n\r\n", .len = 27),
    ROW(CONTROL, 200, OK_LINE "A: b\rc\r\n\r\n"),
    ROW(CONTROL, 200, OK_LINE "A: \177\r\n\r\n"),
    ROW(OK, 200, OK_LINE "A: \xc3\xa9\r\nContent-Length: 0\r\n\r\n"),
    ROW(CONTROL, 200, OK_LINE "\rContent-Length: 0\r\n\r\n"),
    ROW(FOLDED, 200, OK_LINE "A: b\r\n c\r\n\r\n"),
    ROW(FOLDED, 200, OK_LINE "\tA: b\r\n\r\n"),
    ROW(BAD_HEADER, 200, OK_LINE "A : b\r\n\r\n"),
    ROW(BAD_HEADER, 200, OK_LINE ": b\r\n\r\n"),
    ROW(BAD_HEADER, 200, OK_LINE "Content-Length\r\n\r\n"),
    ROW(BAD_HEADER, 200, OK_LINE "A(b): c\r\n\r\n"),
    ROW(OK, 200, OK_LINE "A:\r\nA-very-long-name-of-no-importance: x\r\nContent-Length: 0\r\n\r\n"),
    ROW(OK, 200, OK_LINE "Content-Length-of-another-kind: 7\r\nContent-Length: 0\r\n\r\n"),

    /* interim answers */
    ROW(OK, 200, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	.digest = hello),
    ROW(STATUS, 503,
	"HTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 7\r\n\r\n"
	"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 503 Busy\r\n\r\n"),
    ROW(STATUS, 101, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x81\x05hello"),

    /* what is asked of it */
    ROW(STATUS, 404, "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello"),
    ROW(STATUS, 999, "HTTP/1.1 999 No\r\n\r\n"),
    ROW(BODY, 200, OK_LINE "\r\nhello", .text = "hello!"),
    ROW(OK, 200, OK_LINE "\r\nababababcab", .text = "ababc"),
    ROW(OK, 200, OK_LINE "\r\naaaaaaaaab", .text = "aaab"),
    ROW(BODY, 200, OK_LINE "\r\naabaaabaaac", .text = "aabaaaa"),
    ROW(OK, 200, CHUNKED "3\r\naab\r\n1\r\na\r\n4\r\nabaa\r\n0\r\n\r\n", .text = "aabaa"),
    ROW(SHA256, 200, OK_LINE "\r\nhello\n", .digest = hello),
    ROW(REGEX, 200, OK_LINE "\r\nhello", .regex = "HELLO"),
    ROW(OK, 200, OK_LINE "\r\nhello", .regex = "(?i)HELLO"),
    ROW(OK, 200, OK_LINE "\r\n{\"status\": \"green\"}", .regex = "\"status\": \"(green|yellow)\""),
    ROW(OK, 200, OK_LINE "\r\na\0b", .len = 22, .regex = "a\\x00b"),
};

#define N_ANSWERS (sizeof(answers) / sizeof(answers[0]))

static uint8_t room[HTTP_BODY_MAX];

static void
want_of(const struct row *r, struct http_want *w, struct regex **x)
{
	char error[200] = "";

	http_want_init(w);
	http_want_status(w, 200, 299);
	if (r->digest != NULL)
		http_want_digest(w, r->digest);
	w->no_body = r->head;
	*x = r->regex != NULL ? regex_open(r->regex, error, sizeof(error)) : NULL;
	w->regex = *x;
	if ((r->regex != NULL && *x == NULL) ||
	    (r->text != NULL && http_want_text(w, r->text) == -1)) {
		printf("bad row: %s\n", error);
		exit(2);
	}
}

/* Feeds the answer in pieces that end at the given places. Returns whether the verdict is the
 * one that the row wants. */
static bool
fed(const struct row *r, const struct http_want *w, const size_t *cut, size_t n_cuts)
{
	size_t len = r->len > 0 ? r->len : strlen(r->answer), at = 0;
	struct http h;

	http_init(&h, w, room);
	for (size_t i = 0; i <= n_cuts; i++) {
		size_t to = i < n_cuts ? cut[i] : len;
		uint8_t *piece = malloc(to - at + 1); /* of its own, for the sanitizer */

		memcpy(piece, r->answer + at, to - at);
		http_feed(&h, piece, to - at);
		free(piece);
		at = to;
	}
	http_end(&h);
	if (h.result == r->want && http_code(&h) == r->code)
		return true;
	printf("%s\n: %s %u, not %s %u; cut at", r->answer, http_result_name(h.result),
	    http_code(&h), http_result_name(r->want), r->code);
	for (size_t i = 0; i < n_cuts && i < 8; i++)
		printf(" %zu", cut[i]);
	printf("\n");
	return false;
}

static int
whole(void)
{
	int bad = 0;

	for (size_t i = 0; i < N_ANSWERS; i++) {
		struct http_want w;
		struct regex *x;

		want_of(&answers[i], &w, &x);
		bad += !fed(&answers[i], &w, NULL, 0);
		regex_close(x);
	}
	return bad;
}

/* Each answer in one, two and three pieces at all places, and octet by octet. */
static int
splits(void)
{
	int bad = 0;

	for (size_t i = 0; i < N_ANSWERS && bad == 0; i++) {
		const struct row *r = &answers[i];
		size_t len = r->len > 0 ? r->len : strlen(r->answer);
		size_t every[512];
		struct http_want w;
		struct regex *x;

		want_of(r, &w, &x);
		for (size_t a = 0; a <= len; a++) {
			every[a] = a;
			for (size_t b = a; b <= len; b++) {
				size_t cut[] = {a, b};

				bad += !fed(r, &w, cut, 2);
			}
		}
		bad += !fed(r, &w, every, len);
		regex_close(x);
	}
	return bad;
}

/* ---- limits ---- */

/* An answer of a beginning, a piece many times, and an end. */
static int
limit(const char *begin, const char *piece, size_t times, const char *end, bool digest,
    enum http_result want)
{
	size_t size = strlen(begin) + strlen(piece) * times + strlen(end) + 1;
	char *text = malloc(size), *at = text + sprintf(text, "%s", begin);
	struct row r = {.answer = text, .want = want, .digest = digest ? hello : NULL};
	size_t *cut = malloc(size * sizeof(*cut)), n = 0;
	struct http_want w;
	struct regex *x;
	int bad;

	for (size_t i = 0; i < times; i++)
		at += sprintf(at, "%s", piece);
	sprintf(at, "%s", end);
	r.code = want == HTTP_INTERIM ? 100 : 200;
	want_of(&r, &w, &x);
	bad = !fed(&r, &w, NULL, 0);
	for (size_t i = 1; i < size - 1; i++)
		cut[n++] = i;
	bad += !fed(&r, &w, cut, n);
	if (bad != 0)
		printf("... %zu times %.40s\n", times, piece);
	free(cut);
	free(text);
	return bad;
}

static int
limits(void)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	int bad = 0;

	/* 17 octets of status line, 2 + n + 3 of the header, 2 at the end. */
	bad += limit(OK_LINE "A:", "x", HTTP_HEAD_MAX - 23, "\r\n\r\n", false, HTTP_OK);
	bad += limit(OK_LINE "A:", "x", HTTP_HEAD_MAX - 22, "\r\n\r\n", false, HTTP_HEAD_TOO_LONG);
	bad += limit(OK_LINE, "A: b\r\n", 5000, "", false, HTTP_HEAD_TOO_LONG);
	bad += limit("HTTP/1.1 200 ", "x", 9000, "", false, HTTP_HEAD_TOO_LONG);
	bad += limit(OK_LINE, "x", 9000, "", false, HTTP_HEAD_TOO_LONG);
	bad += limit(CHUNKED "5;", "x", 9000, "", false, HTTP_HEAD_TOO_LONG);
	bad += limit(CHUNKED "0\r\n", "A: b\r\n", 5000, "", false, HTTP_HEAD_TOO_LONG);

	bad += limit("", interim, HTTP_INTERIM_MAX, OK_LINE "\r\n", false, HTTP_OK);
	bad += limit("", interim, HTTP_INTERIM_MAX + 1, OK_LINE "\r\n", false, HTTP_INTERIM);
	bad += limit("", interim, 2000, "", false, HTTP_INTERIM);

	bad += limit(OK_LINE "\r\n", "x", HTTP_BODY_MAX, "", true, HTTP_SHA256);
	bad += limit(OK_LINE "\r\n", "x", HTTP_BODY_MAX + 1, "", true, HTTP_BODY_TOO_LONG);
	bad += limit(OK_LINE "\r\n", "x", 2 * HTTP_BODY_MAX, "", false, HTTP_OK);
	bad += limit(
	    OK_LINE "Content-Length: 99999\r\n\r\n", "x", HTTP_BODY_MAX + 1, "", false, HTTP_OK);
	bad += limit(
	    OK_LINE "Content-Length: 99999\r\n\r\n", "x", HTTP_BODY_MAX, "", false, HTTP_CUT_BODY);
	bad += limit(CHUNKED, "1\r\nx\r\n", HTTP_BODY_MAX, "0\r\n\r\n", true, HTTP_SHA256);
	bad += limit(CHUNKED, "1\r\nx\r\n", HTTP_BODY_MAX + 1, "", true, HTTP_BODY_TOO_LONG);
	return bad;
}

/* ---- requests and wants ---- */

static int
request(const struct http_request *q, const char *want)
{
	char out[512] = "";
	size_t len = http_format_request(q, out, sizeof(out));

	if (len == strlen(want) && strcmp(out, want) == 0 &&
	    http_format_request(q, out, len + 2) == len &&
	    http_format_request(q, out, len + 1) == 0 && http_format_request(q, out, 10) == 0)
		return 0;
	printf("request:\n%s\nnot:\n%s\n", out, want);
	return 1;
}

static int
requests(void)
{
	static const struct {
		const char *verb, *header;
		bool good;
	} row[] = {
	    {"GET", "X: y", true},
	    {"PROPFIND", "Hostess: y", true},
	    {"CONNECT", NULL, false},
	    {"GET", "hosT: y", false},
	    {"POST", "content-length: 1", false},
	    {"POST", "Transfer-Encoding: chunked", false},
	};
	int bad = 0;

	bad += request(&(struct http_request){.verb = "GET", .path = "/", .host = "192.0.2.1:80"},
	    "GET / HTTP/1.1\r\nHost: 192.0.2.1:80\r\nUser-Agent: viptools\r\nAccept: */*\r\n"
	    "Connection: close\r\n\r\n");
	bad += request(&(struct http_request){.verb = "POST",
			   .path = "/a?b",
			   .is_1_0 = true,
			   .header = {"user-agent: me", NULL, "X: ", "Connection: upgrade"}},
	    "POST /a?b HTTP/1.0\r\nAccept: */*\r\nContent-Length: 0\r\nuser-agent: me\r\nX: \r\n"
	    "Connection: upgrade\r\n\r\n");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct http_request q = {
		    .verb = row[i].verb, .path = "/", .header = {row[i].header}};

		if ((http_request_fault(&q) == NULL) != row[i].good)
			bad += printf("%s %s\n", row[i].verb, row[i].header);
	}
	return bad;
}

static bool
has_status(const struct http_want *w, unsigned int code)
{
	return w->status[code / 8] >> code % 8 & 1;
}

static int
wants(void)
{
	struct http_want w;
	char text[HTTP_TEXT_MAX + 2];
	int bad = 0;

	http_want_init(&w);
	for (unsigned int i = 0; i < 1000; i++)
		if (has_status(&w, i))
			bad += printf("status %u\n", i);
	http_want_status(&w, 200, 299);
	http_want_status(&w, 100, 100);
	http_want_status(&w, 999, 999);
	for (unsigned int i = 0; i < 1000; i++)
		if (has_status(&w, i) != ((i >= 200 && i <= 299) || i == 100 || i == 999))
			bad += printf("status %u\n", i);
	memset(text, 'x', sizeof(text));
	text[HTTP_TEXT_MAX + 1] = '\0';
	if (http_want_text(&w, "") == 0 || http_want_text(&w, text) == 0 || w.text_len > 0)
		bad += printf("text\n");
	text[HTTP_TEXT_MAX] = '\0';
	if (http_want_text(&w, text) == -1 || w.border[HTTP_TEXT_MAX - 1] != HTTP_TEXT_MAX - 1)
		bad += printf("long text\n");
	return bad;
}

/* ---- the parts ---- */

/* FIPS 180-2, appendix B, and the empty message. */
static int
digests(void)
{
	static const struct {
		const char *text;
		size_t times;
		const char *want;
	} row[] = {
	    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};
	uint8_t digest[SHA256_SIZE];
	char got[2 * SHA256_SIZE + 1];
	struct sha256 s;
	int bad = 0;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		sha256_init(&s);
		for (size_t n = 0; n < row[i].times; n++)
			sha256_add(&s, (const uint8_t *)row[i].text, strlen(row[i].text));
		sha256_end(&s, digest);
		for (size_t k = 0; k < sizeof(digest); k++)
			snprintf(got + 2 * k, 3, "%02x", digest[k]);
		if (strcmp(got, row[i].want) != 0)
			bad += printf("%.20s...: %s\n", row[i].text, got);
	}
	return bad;
}

/* Random texts of few letters in random bodies, against memmem(3). */
static int
texts(void)
{
	int bad = 0;

	srandom(1);
	for (size_t i = 0; i < 20000 && bad == 0; i++) {
		char text[16] = "", answer[128] = OK_LINE "\r\n";
		size_t n = 1 + (size_t)random() % 8, head = strlen(answer);
		size_t len = head + (size_t)random() % 64, cut;
		struct row r = {answer, len, HTTP_OK, 200, false, text, NULL, NULL};
		struct http_want w;
		struct regex *x;

		for (size_t k = 0; k < n; k++)
			text[k] = (char)('a' + random() % 2);
		for (size_t k = head; k < len; k++)
			answer[k] = (char)('a' + random() % 2);
		if (memmem(answer + head, len - head, text, n) == NULL)
			r.want = HTTP_BODY;
		want_of(&r, &w, &x);
		cut = (size_t)random() % (len + 1);
		bad += !fed(&r, &w, &cut, 1);
	}
	return bad;
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(void);
	} mode[] = {
	    {"answers", whole},
	    {"splits", splits},
	    {"limits", limits},
	    {"requests", requests},
	    {"wants", wants},
	    {"digests", digests},
	    {"texts", texts},
	};

	for (size_t i = 0; argc == 2 && i < sizeof(mode) / sizeof(mode[0]); i++)
		if (strcmp(argv[1], mode[i].name) == 0)
			return mode[i].run() != 0;
	return 64;
}
