#include <string.h>

#include "http.h"

enum state {
	IN_STATUS_LINE,
	IN_REASON,
	AT_HEADER,
	IN_NAME,
	IN_VALUE,
	IN_CHUNK_SIZE,
	IN_CHUNK_EXTENSION,
	AT_CHUNK_LF,
	AFTER_CHUNK,    /* the CR LF behind its data */
	IN_CHUNK_DATA,  /* from here on octets are taken in large pieces */
	IN_BODY,        /* of a stated length */
	IN_BODY_TO_END, /* until the server closes */
};

const char *
http_result_name(enum http_result result)
{
	static const char *const name[] = {
#define HTTP_RESULT(name, text) [HTTP_##name] = text,
	    HTTP_RESULTS(HTTP_RESULT)
#undef HTTP_RESULT
	};

	return name[result];
}

void
http_init(struct http *h, const struct http_want *w, uint8_t *body)
{
	memset(h, 0, sizeof(*h));
	h->want = w;
	h->body = body;
	if (w->has_digest)
		sha256_init(&h->sha256);
}

unsigned int
http_code(const struct http *h)
{
	return h->code >= 100 ? h->code : 0;
}

/* ---- octets ---- */

/* RFC 9110 section 5.6.2 */
static bool
is_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* What may stand in a value, a reason or an extension. */
static bool
is_text(uint8_t c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Follows the end of a line, LF with or without CR (RFC 9112 section 2.2). True once it is there
 * or on the way; a CR without its LF is refused. */
static bool
takes_line_end(struct http *h, uint8_t c, bool *ended)
{
	*ended = c == '\n';
	if (h->seen_cr && !*ended)
		h->result = HTTP_CONTROL;
	h->seen_cr = c == '\r' && !*ended;
	return *ended || h->seen_cr || h->result != HTTP_MORE;
}

/* ---- the verdict ---- */

/* The body is whole, or as much of it is seen as is looked at. */
static void
judge(struct http *h, bool whole)
{
	const struct http_want *w = h->want;
	uint8_t digest[SHA256_SIZE];

	h->result = HTTP_OK;
	if (w->text_len > 0 && !h->text_found) {
		h->result = HTTP_BODY;
	} else if (w->has_digest && !whole) {
		h->result = HTTP_BODY_TOO_LONG;
	} else if (w->has_digest) {
		sha256_end(&h->sha256, digest);
		if (memcmp(digest, w->digest, sizeof(digest)) != 0)
			h->result = HTTP_SHA256;
	}
	if (h->result != HTTP_OK || w->regex == NULL)
		return;
	switch (regex_search(w->regex, h->body, h->body_len)) {
	case REGEX_YES:
		break;
	case REGEX_NO:
		h->result = HTTP_REGEX;
		break;
	case REGEX_TOO_MUCH:
		h->result = HTTP_REGEX_LIMIT;
		break;
	case REGEX_NO_MEMORY:
		h->result = HTTP_NO_MEMORY;
		break;
	}
}

static void
look_for_text(struct http *h, const uint8_t *data, size_t len)
{
	const struct http_want *w = h->want;

	for (size_t i = 0; i < len && !h->text_found; i++) {
		while (h->text_at > 0 && w->text[h->text_at] != data[i])
			h->text_at = w->border[h->text_at - 1];
		if (w->text[h->text_at] == data[i])
			h->text_at++;
		h->text_found = h->text_at == w->text_len;
	}
}

static void
take_body(struct http *h, const uint8_t *data, size_t len)
{
	size_t room = HTTP_BODY_MAX - h->body_len, n = len < room ? len : room;

	if (h->want->text_len > 0)
		look_for_text(h, data, n);
	if (h->want->has_digest)
		sha256_add(&h->sha256, data, n);
	if (h->want->regex != NULL)
		memcpy(h->body + h->body_len, data, n);
	h->body_len += (uint32_t)n;
	if (n < len)
		judge(h, false);
}

/* ---- the head ---- */

static void
refuse_status_line(struct http *h)
{
	h->code = 0;
	h->result = HTTP_BAD_STATUS_LINE;
}

static void
in_status_line(struct http *h, uint8_t c)
{
	static const char form[] = "HTTP/1.V SDD"; /* V 0 or 1, S 1 to 9, D a digit */
	bool good, ended;

	if (h->place == sizeof(form) - 1) {
		if (takes_line_end(h, c, &ended))
			h->state = ended ? AT_HEADER : IN_STATUS_LINE;
		else if (c == ' ')
			h->state = IN_REASON;
		else
			refuse_status_line(h);
		return;
	}
	switch (form[h->place]) {
	case 'V':
		good = c == '0' || c == '1';
		h->minor = (uint8_t)(c - '0');
		break;
	case 'S':
	case 'D':
		good = c >= (form[h->place] == 'S' ? '1' : '0') && c <= '9';
		h->code = (uint16_t)(h->code * 10 + (c - '0'));
		break;
	default:
		good = c == (uint8_t)form[h->place];
	}
	h->place++;
	if (!good)
		refuse_status_line(h);
}

static void
in_reason(struct http *h, uint8_t c)
{
	bool ended;

	if (takes_line_end(h, c, &ended)) {
		if (ended)
			h->state = AT_HEADER;
	} else if (!is_text(c)) {
		h->result = HTTP_CONTROL;
	}
}

/* An interim answer (RFC 9110 section 15.2). 101 ends what we speak, so it is a final one. */
static void
end_interim(struct http *h)
{
	if (++h->n_interim > HTTP_INTERIM_MAX) {
		h->result = HTTP_INTERIM;
		return;
	}
	h->state = IN_STATUS_LINE;
	h->place = 0;
	h->code = 0;
	h->chunked = false;
	h->has_length = false;
}

static void
begin_chunk(struct http *h)
{
	h->state = IN_CHUNK_SIZE;
	h->digits = 0;
	h->gap = false;
	h->seen_cr = false;
}

/* Where the body ends: RFC 9112 section 6.3. */
static void
end_head(struct http *h)
{
	const struct http_want *w = h->want;

	if (h->trailer)
		judge(h, true);
	else if (h->code < 200 && h->code != 101)
		end_interim(h);
	else if ((w->status[h->code / 8] >> h->code % 8 & 1) == 0)
		h->result = HTTP_STATUS;
	else if (w->no_body || h->code == 101 || h->code == 204 || h->code == 304)
		judge(h, true);
	else if (h->chunked && h->has_length)
		h->result = HTTP_TWO_LENGTHS;
	else if (h->chunked && h->minor == 0)
		h->result = HTTP_CODING;
	else if (h->chunked)
		begin_chunk(h);
	else if (!h->has_length)
		h->state = IN_BODY_TO_END;
	else if (h->stated == 0)
		judge(h, true);
	else
		h->state = IN_BODY;
	h->length = h->stated;
}

static void
in_name(struct http *h, uint8_t c)
{
	if (c == ':' && h->name_len > 0) {
		h->state = IN_VALUE;
		h->value_len = 0;
		h->gap = false;
	} else if (!is_token(c)) {
		h->result = HTTP_BAD_HEADER;
	} else if (h->name_len < sizeof(h->name)) {
		h->name[h->name_len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
}

static void
at_header(struct http *h, uint8_t c)
{
	bool ended;

	if (takes_line_end(h, c, &ended)) {
		if (ended && h->result == HTTP_MORE)
			end_head(h);
	} else if (is_blank(c)) {
		h->result = HTTP_FOLDED;
	} else {
		h->state = IN_NAME;
		h->name_len = 0;
		in_name(h, c);
	}
}

static bool
is_name(const struct http *h, const char *name)
{
	return h->name_len == strlen(name) && memcmp(h->name, name, h->name_len) == 0;
}

static void
take_length(struct http *h)
{
	uint64_t n = 0;

	for (size_t i = 0; i < h->value_len; i++) {
		uint64_t digit = (uint64_t)(uint8_t)h->value[i] - '0';

		if (digit > 9 || n > (INT64_MAX - digit) / 10) {
			h->result = HTTP_BAD_LENGTH;
			return;
		}
		n = n * 10 + digit;
	}
	if (h->value_len == 0)
		h->result = HTTP_BAD_LENGTH;
	else if (h->has_length && h->stated != n)
		h->result = HTTP_TWO_LENGTHS;
	h->has_length = true;
	h->stated = n;
}

static void
take_coding(struct http *h)
{
	static const char coding[] = "chunked";
	bool same = h->value_len == sizeof(coding) - 1 && !h->chunked;

	for (size_t i = 0; same && i < h->value_len; i++)
		same = (h->value[i] | 0x20) == coding[i];
	if (!same)
		h->result = HTTP_CODING;
	h->chunked = true;
}

static void
end_header(struct http *h)
{
	h->state = AT_HEADER;
	if (h->trailer)
		return; /* framing in a trailer is to be ignored: RFC 9110 section 6.5.1 */
	if (is_name(h, "content-length"))
		take_length(h);
	else if (is_name(h, "transfer-encoding"))
		take_coding(h);
}

static void
keep_value(struct http *h, uint8_t c)
{
	if (h->value_len < sizeof(h->value))
		h->value[h->value_len++] = (char)c;
}

static void
in_value(struct http *h, uint8_t c)
{
	bool ended;

	if (takes_line_end(h, c, &ended)) {
		if (ended)
			end_header(h);
	} else if (!is_text(c)) {
		h->result = HTTP_CONTROL;
	} else if (is_blank(c)) {
		h->gap = h->value_len > 0;
	} else {
		if (h->gap)
			keep_value(h, ' ');
		h->gap = false;
		keep_value(h, c);
	}
}

/* ---- chunks (RFC 9112 section 7.1) ---- */

/* Here a line ends with CR LF and nothing else: the leniency of section 2.2 is for the head. */
static void
in_chunk_size(struct http *h, uint8_t c)
{
	int digit = hex_value(c);

	if (digit >= 0 && !h->gap) {
		h->length = (h->digits == 0 ? 0 : h->length) << 4 | (unsigned int)digit;
		if (++h->digits > 16 || h->length > INT64_MAX)
			h->result = HTTP_CHUNK_OVERFLOW;
	} else if (h->digits == 0) {
		h->result = HTTP_BAD_CHUNK;
	} else if (c == ';') {
		h->state = IN_CHUNK_EXTENSION;
	} else if (c == '\r') {
		h->state = AT_CHUNK_LF;
	} else if (is_blank(c)) {
		h->gap = true; /* some servers pad the size */
	} else {
		h->result = HTTP_BAD_CHUNK;
	}
}

static void
in_chunk_extension(struct http *h, uint8_t c)
{
	if (c == '\r')
		h->state = AT_CHUNK_LF;
	else if (!is_text(c))
		h->result = HTTP_CONTROL;
}

static void
at_chunk_lf(struct http *h, uint8_t c)
{
	h->trailer = h->length == 0;
	h->state = h->trailer ? AT_HEADER : IN_CHUNK_DATA;
	if (c != '\n')
		h->result = HTTP_BAD_CHUNK;
}

static void
after_chunk(struct http *h, uint8_t c)
{
	if (c == '\r' && !h->seen_cr) {
		h->seen_cr = true;
	} else if (c == '\n' && h->seen_cr) {
		begin_chunk(h);
	} else {
		h->result = HTTP_BAD_CHUNK;
	}
}

/* ---- octets in ---- */

static void
take_octet(struct http *h, uint8_t c)
{
	static void (*const step[])(struct http *, uint8_t) = {
	    [IN_STATUS_LINE] = in_status_line,
	    [IN_REASON] = in_reason,
	    [AT_HEADER] = at_header,
	    [IN_NAME] = in_name,
	    [IN_VALUE] = in_value,
	    [IN_CHUNK_SIZE] = in_chunk_size,
	    [IN_CHUNK_EXTENSION] = in_chunk_extension,
	    [AT_CHUNK_LF] = at_chunk_lf,
	    [AFTER_CHUNK] = after_chunk,
	};

	/* The size of a chunk pays with its data, which has a limit. */
	if (h->state != IN_CHUNK_SIZE && h->state != AT_CHUNK_LF && h->state != AFTER_CHUNK &&
	    ++h->head_len > HTTP_HEAD_MAX)
		h->result = HTTP_HEAD_TOO_LONG;
	else
		step[h->state](h, c);
}

enum http_result
http_feed(struct http *h, const uint8_t *data, size_t len)
{
	while (len > 0 && h->result == HTTP_MORE) {
		size_t n = 1;

		if (h->state < IN_CHUNK_DATA) {
			take_octet(h, *data);
		} else {
			n = len;
			if (h->state != IN_BODY_TO_END && n > h->length)
				n = (size_t)h->length;
			take_body(h, data, n);
			h->length -= n;
			if (h->result == HTTP_MORE && h->state == IN_BODY && h->length == 0)
				judge(h, true);
			else if (h->state == IN_CHUNK_DATA && h->length == 0)
				h->state = AFTER_CHUNK;
		}
		data += n;
		len -= n;
	}
	return h->result;
}

enum http_result
http_end(struct http *h)
{
	if (h->result != HTTP_MORE)
		return h->result;
	if (h->state == IN_BODY_TO_END)
		judge(h, true);
	else if (h->head_len == 0)
		h->result = HTTP_NO_ANSWER;
	else if (h->state <= IN_VALUE && !h->trailer)
		h->result = HTTP_CUT_HEAD;
	else
		h->result = HTTP_CUT_BODY;
	return h->result;
}
