#ifndef WEBCHECK_H
#define WEBCHECK_H

#include <sys/types.h>

#include "balance.h"
#include "http.h"
#include "probe.h"

/* What probe-http and probe-https share: a `check` of theirs made ready to be asked, and the
 * exchange of one check over a connection that the command reads and writes. */

struct webcheck {
	struct http_want want;
	struct regex *regex;
	uint16_t usual_port; /* a Host header does not say it */
	bool names_host;     /* the request has its Host; otherwise that is the target */
	size_t host_at;      /* where a Host header goes */
	size_t len;
	char *request;
};

/* Returns 0, or -1 with *e filled and nothing to close. */
int webcheck_open(
    struct webcheck *w, const struct balance_check *x, uint16_t usual_port, struct config_error *e);
void webcheck_close(struct webcheck *w);

/* For by hand: adds the target, host= and path= of http://192.0.2.1:8080/path (scheme "http://")
 * to a record. Returns NULL, or why it is none. */
const char *webcheck_operand(
    struct record_out *o, const char *scheme, uint16_t usual_port, const char *word);

/* A connection. Both return how many octets, 0 where the peer has ended its side, or -1 with
 * errno: EAGAIN for not now. */
struct exchange_io {
	ssize_t (*read)(void *connection, void *data, size_t room);
	ssize_t (*write)(void *connection, const void *data, size_t len);
};

/* Zeroed at its start, ended by exchange_end. */
struct exchange {
	struct http http;
	uint8_t *body; /* for a regular expression */
	size_t sent;
	bool begun, asked;
};

/* Goes on as far as it can now. A read that gives less than it could says that there is no more
 * now, unless to_end: the end of the input is there, or the connection does not say it so.
 * Returns OUTCOME_GOING, or the outcome with *res filled. */
enum outcome exchange_run(struct exchange *x, const struct webcheck *w,
    const struct probe_target *t, const struct exchange_io *io, void *connection, bool to_end,
    struct probe_result *res);
void exchange_end(struct exchange *x);

#endif
