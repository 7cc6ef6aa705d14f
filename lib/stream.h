#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "timer.h"

/* The rules of a filter (DESIGN section 2) in one place: records in on descriptor 0, records
 * out on descriptor 1, end of input, a reader that has gone or stands still, signals, timers,
 * and further descriptors. A command gives handlers for the kinds that concern it; all other
 * records pass by unread. */

#define STREAM_SLOTS 8

struct stream;

/* What becomes of the record a handler was given. */
enum stream_fate {
	STREAM_PASS, /* pass it on, after what the handler did */
	STREAM_TAKE, /* it ends here (or the handler called stream_pass itself) */
};

struct stream_handler {
	const char *kind;
	enum stream_fate (*record)(void *ctx, const struct record *r);
};

struct stream_timer {
	struct timer timer;
	void (*fire)(void *ctx, int64_t now); /* now is the time of waking, timer.due was asked */
	void *ctx;
};

/* A command fills the first part and calls stream_open. */
struct stream {
	const char *name;                                      /* of the command, for messages */
	void *ctx;                                             /* given to every callback */
	const struct stream_handler *handlers;                 /* ended by a NULL kind */
	bool (*line)(void *ctx, const char *line, size_t len); /* may be NULL: lines that are no
						  records; true where it has taken the line */
	void (*batch)(void *ctx); /* after each read and its records, may be NULL:
				     do here what is due together */
	void (*end)(void *ctx);   /* end of input, once; may still emit */
	bool json;                /* -j: print JSON lines */
	bool no_input;            /* descriptor 0 is not read */

	/* private to lib/stream */
	struct stream_state *state;
};

/* Blocks signals, makes buffers, sets the timer slack to 1 ns. Returns 0, or -1 with errno.
 * Nothing is read before stream_run. */
int stream_open(struct stream *s);

/* Runs until end of input, a gone reader, SIGTERM, SIGINT or stream_stop; calls end; writes
 * what is queued; returns an exit status: 0, STATUS_DATA where an input record was bad,
 * STATUS_IO, or what stream_stop was given. */
int stream_run(struct stream *s);

/* Ends the run after this callback, with this status (end is called all the same). */
void stream_stop(struct stream *s, int status);

/* Queues one record. It is written at the end of the round, together with others, by writes
 * that never cut a record. */
void stream_emit(struct stream *s, struct record_out *o);

/* Passes the record now in hand on before its handler returns; the handler then returns
 * STREAM_TAKE. */
void stream_pass(struct stream *s);

/* An `error COMMAND object reason=` record and the same on standard error; per reason one
 * in 10 s, later ones are counted and said with the next. reason is a short fixed word. */
void stream_error(struct stream *s, const char *object, const char *reason, const char *detail);

/* The line number of the record in hand, from 1. */
unsigned long stream_line(const struct stream *s);

/* Polls a further descriptor. Returns 0, or -1 with ENFILE where STREAM_SLOTS are taken. */
int stream_watch(
    struct stream *s, int fd, short events, void (*ready)(void *ctx, short revents), void *ctx);
void stream_unwatch(struct stream *s, int fd);

/* Timers, on CLOCK_MONOTONIC nanoseconds. */
int stream_timer_add(struct stream *s, struct stream_timer *t); /* makes room; 0 or -1 */
void stream_timer_set(struct stream *s, struct stream_timer *t, int64_t due);
void stream_timer_cancel(struct stream *s, struct stream_timer *t);

/* CLOCK_MONOTONIC at the start of this round; stream_clock reads it anew. */
int64_t stream_now(const struct stream *s);
int64_t stream_clock(void);

/* True in the round in which this process goes on after a SIGSTOP: what it reads now has lain
 * there for a time that it does not know. */
bool stream_stood_still(const struct stream *s);

/* True once descriptor 0 has come to its end, and not for a signal or a gone reader. */
bool stream_has_ended(const struct stream *s);

/* True once records other than configuration have been seen: from then on a bad
 * configuration record is refused (rule 7) and no longer ends the command. */
bool stream_is_live(const struct stream *s);

/* A bad configuration record: before the stream is live, says `NAME: -:LINE: word: reason` on
 * standard error and stops with STATUS_CONFIG; later, stream_error. */
void stream_bad_config(struct stream *s, const char *word, const char *reason);

#endif
