#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regex.h"
#include "sha256.h"

/* HTTP/1.0 and 1.1 (RFC 9112) as far as a probe speaks it: one request, one answer, octet by octet
 * as they come, and what was wanted of it. Where RFC 9112 lets a client choose between repair and
 * refusal, it refuses: a server that a probe has to guess at is not well. */

#define HTTP_HEAD_MAX    8192  /* octets of status lines, headers, chunk lines, trailers */
#define HTTP_BODY_MAX    65536 /* octets of the body that are looked at */
#define HTTP_INTERIM_MAX 8     /* 1xx answers before the final one */
#define HTTP_HEADERS_MAX 4     /* own headers of a request */
#define HTTP_TEXT_MAX    255   /* octets of the text looked for in a body */
#define HTTP_REQUEST_MAX 8192

/* How it ended. What a health record says as its reason is the name. */
#define HTTP_RESULTS(X)                                                                            \
	X(MORE, "more") /* not yet */                                                              \
	X(OK, "ok")                                                                                \
	X(STATUS, "status")               /* not one that is expected */                           \
	X(BODY, "body")                   /* the text is not in it */                              \
	X(REGEX, "regex")                 /* the expression matches nowhere */                     \
	X(REGEX_LIMIT, "regex-limit")     /* the search was given up */                            \
	X(SHA256, "sha256")               /* another digest */                                     \
	X(BODY_TOO_LONG, "body-too-long") /* for a digest */                                       \
	X(NO_ANSWER, "no-answer")         /* the end before the first octet */                     \
	X(CUT_HEAD, "cut-head")           /* the end before the end of the headers */              \
	X(CUT_BODY, "cut-body")           /* the end before the end of the body */                 \
	X(BAD_STATUS_LINE, "bad-status-line")                                                      \
	X(BAD_HEADER, "bad-header") /* no name, no colon, a blank in the name */                   \
	X(FOLDED, "folded-header")  /* RFC 9112 section 5.2 */                                     \
	X(CONTROL, "control-octet") /* NUL, CR alone and the like, in a line */                    \
	X(HEAD_TOO_LONG, "head-too-long")                                                          \
	X(INTERIM, "too-many-1xx")                                                                 \
	X(BAD_LENGTH, "bad-length")   /* Content-Length is no number, or too large for one */      \
	X(TWO_LENGTHS, "two-lengths") /* that differ, or one and chunks */                         \
	X(CODING, "coding")           /* a transfer coding other than chunked, or in HTTP/1.0 */   \
	X(BAD_CHUNK, "bad-chunk")     /* no size, or no line end where one must be */              \
	X(CHUNK_OVERFLOW, "chunk-overflow") /* a size of more than 16 digits or 2^63 */            \
	X(NO_MEMORY, "no-memory")           /* could not be looked at: no verdict */

enum http_result {
#define HTTP_RESULT(name, text) HTTP_##name,
	HTTP_RESULTS(HTTP_RESULT)
#undef HTTP_RESULT
	    HTTP_N_RESULTS
};

const char *http_result_name(enum http_result result);

/* What is asked. Texts belong to the caller; NULL or "" where there is none. */
struct http_request {
	const char *verb;
	const char *path;
	const char *host;
	const char *header[HTTP_HEADERS_MAX]; /* "Name: value" */
	bool is_1_0;
};

/* Why it is not to be sent, or NULL: an own header that the probe itself must write, CONNECT. */
const char *http_request_fault(const struct http_request *q);

/* Writes the request. Returns its length, or 0 where it does not fit. */
size_t http_format_request(const struct http_request *q, char *out, size_t size);

/* What is wanted of an answer; shared by all that ask the same. */
struct http_want {
	uint8_t status[125]; /* a bit for each of 0 to 999 */
	bool no_body;        /* HEAD was asked: no answer has a body (RFC 9112 section 6.3) */
	bool has_digest;
	uint8_t text_len; /* 0: none */
	uint8_t text[HTTP_TEXT_MAX];
	uint8_t border[HTTP_TEXT_MAX]; /* of Knuth, Morris and Pratt, for text across reads */
	uint8_t digest[SHA256_SIZE];
	const struct regex *regex; /* NULL: none */
};

/* Nothing of the body, and no status yet. */
void http_want_init(struct http_want *w);

/* One status, or a range, 100 to 999; the digest of the body; a text in it. The last returns 0, or
 * -1 where it is empty or longer than HTTP_TEXT_MAX. */
void http_want_status(struct http_want *w, unsigned int first, unsigned int last);
void http_want_digest(struct http_want *w, const uint8_t digest[SHA256_SIZE]);
int http_want_text(struct http_want *w, const char *text);

/* One answer. */
struct http {
	const struct http_want *want;
	enum http_result result;
	uint8_t state;
	uint8_t minor; /* HTTP/1.minor */
	uint8_t n_interim;
	uint8_t place;   /* in the status line */
	uint8_t text_at; /* octets of the text that the last ones of the body equal */
	bool text_found;
	bool seen_cr;
	bool gap; /* blanks inside a header's value, or after it */
	bool trailer;
	bool chunked;
	bool has_length;
	uint8_t name_len; /* of the header in hand; past its room: not one that matters */
	uint8_t value_len;
	uint8_t digits; /* of a chunk's size */
	uint16_t code;  /* 0 before there is one */
	uint16_t head_len;
	char name[18];
	char value[22];
	uint64_t length; /* octets of the body or the chunk still to come */
	uint64_t stated; /* by Content-Length */
	uint32_t body_len;
	uint8_t *body; /* HTTP_BODY_MAX octets of room for a regular expression, or NULL */
	struct sha256 sha256;
};

/* body is needed where the want has a regular expression. */
void http_init(struct http *h, const struct http_want *w, uint8_t *body);

/* The status of the answer so far, 0 before there is one. */
unsigned int http_code(const struct http *h);

/* Takes octets of the answer until it is decided; what comes after that does not matter. Returns
 * the result so far, HTTP_MORE where more are needed. */
enum http_result http_feed(struct http *h, const uint8_t *data, size_t len);

/* The server has closed. Returns the result, never HTTP_MORE. */
enum http_result http_end(struct http *h);

#endif
