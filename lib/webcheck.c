#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "setting.h"
#include "webcheck.h"

#define PIECE 16384

/* ---- a check ---- */

static int
make_request(struct webcheck *w, const struct balance_check *x, struct config_error *e)
{
	char text[HTTP_REQUEST_MAX - ENDPOINT_STRLEN - sizeof("Host: \r\n")];
	struct http_request q = {
	    .verb = balance_text(x, x->verb),
	    .path = balance_text(x, x->path),
	    .host = balance_text(x, x->host),
	    .is_1_0 = x->http10,
	};
	const char *fault;

	for (size_t i = 0; i < HTTP_HEADERS_MAX && i < BALANCE_HEADERS_MAX; i++)
		q.header[i] = balance_text(x, x->header[i]);
	fault = http_request_fault(&q);
	if (fault != NULL)
		return setting_refuse(e, x->name, fault);
	w->len = http_format_request(&q, text, sizeof(text));
	if (w->len == 0)
		return setting_refuse(e, x->name, "longer than a request may be");
	w->want.no_body = strcmp(q.verb, "HEAD") == 0;
	w->names_host = q.host[0] != '\0';
	w->host_at = strcspn(text, "\n") + 1;
	w->request = malloc(w->len);
	if (w->request == NULL)
		return setting_refuse(e, x->name, "no memory");
	memcpy(w->request, text, w->len);
	return 0;
}

static int
make_want(struct webcheck *w, const struct balance_check *x, struct config_error *e)
{
	const char *body = balance_text(x, x->body), *regex = balance_text(x, x->regex);
	static char why[200]; /* what *e points to lives until the next check */

	http_want_init(&w->want);
	for (size_t i = 0; i < x->n_expect; i++)
		http_want_status(&w->want, x->expect[i].first, x->expect[i].last);
	if (x->has_sha256)
		http_want_digest(&w->want, x->sha256);
	if (body[0] != '\0' && http_want_text(&w->want, body) == -1)
		return setting_refuse(e, "body=", "longer than 255 octets");
	if (regex[0] != '\0') {
		w->regex = regex_open(regex, why, sizeof(why));
		if (w->regex == NULL)
			return setting_refuse(e, regex, why);
		w->want.regex = w->regex;
	}
	return 0;
}

int
webcheck_open(
    struct webcheck *w, const struct balance_check *x, uint16_t usual_port, struct config_error *e)
{
	*w = (struct webcheck){.usual_port = usual_port};
	if (make_want(w, x, e) == 0 && make_request(w, x, e) == 0)
		return 0;
	webcheck_close(w);
	return -1;
}

void
webcheck_close(struct webcheck *w)
{
	regex_close(w->regex);
	free(w->request);
	*w = (struct webcheck){0};
}

/* An address without a port gets the scheme's, an IPv6 address stands in brackets. */
const char *
webcheck_operand(struct record_out *o, const char *scheme, uint16_t usual_port, const char *word)
{
	size_t skip = strncmp(word, scheme, strlen(scheme)) == 0 ? strlen(scheme) : 0;
	size_t len = strcspn(word + skip, "/");
	char target[ENDPOINT_STRLEN + 8];
	struct endpoint at = {.port = 0};

	if (skip == 0 && strstr(word, "://") != NULL)
		return "not a URL of this method";
	if (len >= ENDPOINT_STRLEN)
		return "not a numeric address";
	memcpy(target, word + skip, len);
	target[len] = '\0';
	if (endpoint_parse(target, &at) == -1) {
		sprintf(target + len, ":%u", usual_port);
		if (endpoint_parse(target, &at) == -1)
			return "not a numeric address";
	}
	record_add(o, target);
	if (word[skip + len] == '/')
		record_set(o, "path", word + skip + len);
	return NULL;
}

/* ---- an exchange ---- */

static size_t
write_request(const struct webcheck *w, const struct probe_target *t, char *out)
{
	struct endpoint at = {.addr = t->addr, .port = t->port};
	size_t len = w->host_at;
	char host[ENDPOINT_STRLEN];

	memcpy(out, w->request, len);
	if (!w->names_host) {
		endpoint_format(&at, host);
		if (at.port == w->usual_port)
			*strrchr(host, ':') = '\0';
		len += (size_t)sprintf(out + len, "Host: %s\r\n", host);
	}
	memcpy(out + len, w->request + w->host_at, w->len - w->host_at);
	return len + w->len - w->host_at;
}

/* The peer may have answered and closed before it had all of the request: what it says counts, so
 * a lost connection is left to the reader to find. */
static void
ask(struct exchange *x, const struct webcheck *w, const struct probe_target *t,
    const struct exchange_io *io, void *connection)
{
	char request[HTTP_REQUEST_MAX];
	size_t len = write_request(w, t, request);

	while (!x->asked) {
		ssize_t n = io->write(connection, request + x->sent, len - x->sent);

		if (n == -1 && errno == EAGAIN)
			return;
		if (n > 0)
			x->sent += (size_t)n;
		x->asked = n <= 0 || x->sent == len;
	}
}

static enum outcome
outcome_of(enum http_result result)
{
	switch (result) {
	case HTTP_MORE:
		return OUTCOME_GOING;
	case HTTP_OK:
		return OUTCOME_OK;
	case HTTP_STATUS:
		return OUTCOME_STATUS;
	case HTTP_BODY:
		return OUTCOME_BODY;
	case HTTP_REGEX:
	case HTTP_REGEX_LIMIT:
		return OUTCOME_REGEX;
	case HTTP_SHA256:
		return OUTCOME_DIGEST;
	case HTTP_HEAD_TOO_LONG:
	case HTTP_BODY_TOO_LONG:
	case HTTP_INTERIM:
		return OUTCOME_TOO_LONG;
	case HTTP_NO_ANSWER:
	case HTTP_CUT_HEAD:
	case HTTP_CUT_BODY:
		return OUTCOME_CLOSED;
	case HTTP_NO_MEMORY:
		return OUTCOME_MEMORY;
	default:
		return OUTCOME_BAD_ANSWER;
	}
}

/* The outcome's name, and the parser's own where it says more. */
static enum outcome
report(const struct http *h, struct probe_result *res)
{
	enum outcome o = outcome_of(h->result);
	const char *name = http_result_name(h->result);

	if (http_code(h) != 0)
		res->code = (int)http_code(h);
	if (outcome_class_of(o) == OUTCOME_CLASS_DOWN && strcmp(name, outcome_name(o)) != 0)
		snprintf(res->detail, sizeof(res->detail), "%s", name);
	return o;
}

enum outcome
exchange_run(struct exchange *x, const struct webcheck *w, const struct probe_target *t,
    const struct exchange_io *io, void *connection, bool to_end, struct probe_result *res)
{
	uint8_t piece[PIECE];
	enum outcome o;
	ssize_t n;
	int error;

	if (!x->begun) {
		x->body = w->regex != NULL ? malloc(HTTP_BODY_MAX) : NULL;
		if (w->regex != NULL && x->body == NULL)
			return OUTCOME_MEMORY;
		http_init(&x->http, &w->want, x->body);
		x->begun = true;
	}
	if (!x->asked)
		ask(x, w, t, io, connection);
	do {
		n = io->read(connection, piece, sizeof(piece));
		if (n > 0)
			http_feed(&x->http, piece, (size_t)n);
		else if (n == 0)
			http_end(&x->http);
	} while (n > 0 && x->http.result == HTTP_MORE && (to_end || (size_t)n == sizeof(piece)));
	error = n == -1 ? errno : 0;
	o = report(&x->http, res);
	return error == 0 || error == EAGAIN ? o : outcome_from_errno(error);
}

void
exchange_end(struct exchange *x)
{
	free(x->body);
	x->body = NULL;
}
