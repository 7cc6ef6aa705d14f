#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "parse.h"
#include "queue.h"
#include "status.h"
#include "stream.h"

#define INPUT_SIZE  65536
#define LOOK_EVERY  (500 * NSEC_PER_MSEC)
#define QUIET_TIME  (10 * NSEC_PER_SEC)
#define REASONS_MAX 32

enum { SLOT_INPUT, SLOT_OUTPUT, SLOT_SIGNAL, SLOT_FIRST };

struct stream_state {
	bool live, ended, bad_data, skipping, passed, stood;
	int status;
	unsigned long line;
	int64_t now;
	struct timer_heap timers;
	size_t n_timers;

	struct pollfd poll[SLOT_FIRST + STREAM_SLOTS];
	struct {
		void (*ready)(void *ctx, short revents);
		void *ctx;
	} slot[STREAM_SLOTS];

	struct stream_timer look; /* at what the reader has taken */

	struct {
		const char *reason;
		int64_t said;
		unsigned long count;
	} quiet[REASONS_MAX];

	const char *raw; /* the line in hand */
	size_t raw_len;
	struct record record;
	size_t in_len;
	char in[INPUT_SIZE];
	struct queue out;
};

int64_t
stream_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t
stream_now(const struct stream *s)
{
	return s->state->now;
}

bool
stream_stood_still(const struct stream *s)
{
	return s->state->stood;
}

unsigned long
stream_line(const struct stream *s)
{
	return s->state->line;
}

bool
stream_is_live(const struct stream *s)
{
	return s->state->live;
}

void
stream_stop(struct stream *s, int status)
{
	s->state->ended = true;
	if (s->state->status == 0)
		s->state->status = status;
}

/* ---- output ---- */

static void
emit_json(struct stream *s, const struct record *r)
{
	static char text[RECORD_JSON_MAX];

	queue_put(&s->state->out, text, record_to_json(r, text));
}

void
stream_emit(struct stream *s, struct record_out *o)
{
	struct stream_state *st = s->state;
	static struct record again;
	struct record_error e;
	size_t len = record_end(o);

	if (len == 0) {
		stream_error(s, "output", "record-too-long", NULL);
		return;
	}
	if (!st->live || s->json) {
		if (record_parse(&again, o->text, len, &e) != 1)
			return;
		if (again.class == RECORD_EVENT)
			st->live = true;
	}
	if (s->json)
		emit_json(s, &again);
	else
		queue_put(&st->out, o->text, len);
}

/* Whether a line is already as we would print it, so that it may pass as it is. */
static bool
is_plain(const char *line, size_t len)
{
	char before = ' ';

	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '%' || (c == ' ' && before == ' '))
			return false;
		before = c;
	}
	return before != ' ';
}

void
stream_pass(struct stream *s)
{
	struct stream_state *st = s->state;
	static struct record_out o;

	if (st->passed)
		return;
	st->passed = true;
	if (s->json)
		emit_json(s, &st->record);
	else if (is_plain(st->raw, st->raw_len)) {
		queue_put(&st->out, st->raw, st->raw_len);
		queue_put(&st->out, "\n", 1);
	} else if (record_format(&st->record, &o) > 0)
		queue_put(&st->out, o.text, o.len);
}

static void
look_at_reader(void *ctx, int64_t now)
{
	struct stream *s = ctx;
	struct stream_state *st = s->state;

	queue_look(&st->out, now);
	if (st->out.watched)
		stream_timer_set(s, &st->look, now + LOOK_EVERY);
}

static void
flush(struct stream *s)
{
	struct stream_state *st = s->state;
	int error = queue_flush(&st->out, st->now);

	if (error != 0) {
		cli_message(3, "standard output: %s", strerror(error));
		st->status = STATUS_IO;
	}
	if (st->out.watched && !timer_is_set(&st->look.timer))
		stream_timer_set(s, &st->look, st->now + LOOK_EVERY);
}

/* ---- errors ---- */

/* Counts an error under its reason; true where it is to be said now. */
static bool
is_heard(struct stream_state *st, const char *reason, unsigned long *count)
{
	size_t i = 0;

	while (i < REASONS_MAX - 1 && st->quiet[i].reason != NULL &&
	    strcmp(st->quiet[i].reason, reason) != 0)
		i++;
	st->quiet[i].count++;
	if (st->quiet[i].reason != NULL && st->now - st->quiet[i].said < QUIET_TIME)
		return false;
	st->quiet[i].reason = reason;
	st->quiet[i].said = st->now;
	*count = st->quiet[i].count;
	st->quiet[i].count = 0;
	return true;
}

void
stream_error(struct stream *s, const char *object, const char *reason, const char *detail)
{
	static struct record_out o;
	unsigned long count;

	if (!is_heard(s->state, reason, &count))
		return;
	record_begin(&o, "error");
	record_add(&o, s->name);
	record_set(&o, "object", object);
	record_set(&o, "reason", reason);
	if (detail != NULL)
		record_set(&o, "detail", detail);
	if (count > 1)
		record_set_uint(&o, "count", count);
	stream_emit(s, &o);
	cli_message(4, "%s: %s%s%s", object, reason, detail != NULL ? ": " : "",
	    detail != NULL ? detail : "");
}

void
stream_bad_config(struct stream *s, const char *word, const char *reason)
{
	if (s->state->live) {
		s->state->bad_data = true;
		stream_error(s, word, "bad-configuration", reason);
		return;
	}
	cli_message(3, "-:%lu: %s: %s", s->state->line, word, reason);
	stream_stop(s, STATUS_CONFIG);
}

/* ---- input ---- */

static const struct stream_handler *
find_handler(const struct stream *s, const char *kind, size_t len)
{
	for (const struct stream_handler *h = s->handlers; h != NULL && h->kind != NULL; h++)
		if (strncmp(h->kind, kind, len) == 0 && h->kind[len] == '\0')
			return h;
	return NULL;
}

static void
bad_line(struct stream *s, const char *kind, size_t len, const struct record_error *e)
{
	char name[16] = "";

	if (len < sizeof(name)) {
		memcpy(name, kind, len);
		name[len] = '\0';
	}
	s->state->bad_data = true;
	if (record_class_of(name) == RECORD_CONFIG)
		stream_bad_config(s, e->word, e->reason);
	else
		stream_error(s, e->word, e->reason, NULL);
}

/* One line without its LF. Records that no handler wants pass by unread where they are plain. */
static void
take_line(struct stream *s, const char *line, size_t len)
{
	struct stream_state *st = s->state;
	const struct stream_handler *h;
	enum stream_fate fate = STREAM_PASS;
	struct record_error e;
	const char *space;
	size_t kind_len;
	int parsed;

	st->line++;
	st->raw = line;
	st->raw_len = len;
	st->passed = false;
	space = memchr(line, ' ', len);
	kind_len = space != NULL ? (size_t)(space - line) : len;
	h = find_handler(s, line, kind_len);
	if (h == NULL && st->live && !s->json && kind_len > 0 && line[0] >= 'a' && line[0] <= 'z' &&
	    len < RECORD_MAX && is_plain(line, len)) {
		queue_put(&st->out, line, len);
		queue_put(&st->out, "\n", 1);
		return;
	}
	parsed = record_parse(&st->record, line, len, &e);
	if (parsed == 0)
		return;
	if (parsed == -1) {
		bad_line(s, line, kind_len, &e);
		return;
	}
	if (st->record.class == RECORD_EVENT || st->record.class == RECORD_UNKNOWN)
		st->live = true;
	if (h == NULL)
		h = find_handler(s, st->record.kind, strlen(st->record.kind));
	if (h != NULL)
		fate = h->record(s->ctx, &st->record);
	if (fate == STREAM_PASS && st->status == 0)
		stream_pass(s);
}

/* A line too long for a record is dropped whole, however long it is. */
static void
take_overlong(struct stream *s)
{
	struct stream_state *st = s->state;

	if (!st->skipping) {
		st->line++;
		st->bad_data = true;
		stream_error(s, "input", "longer than 4096 octets", NULL);
	}
	st->skipping = true;
	st->in_len = 0;
}

static void
take_input(struct stream *s)
{
	struct stream_state *st = s->state;
	char *start = st->in, *end;
	ssize_t n = read(STDIN_FILENO, st->in + st->in_len, INPUT_SIZE - st->in_len);

	if (n == -1) {
		if (errno == EINTR || errno == EAGAIN)
			return;
		cli_message(3, "standard input: %s", strerror(errno));
		stream_stop(s, STATUS_IO);
		return;
	}
	st->in_len += (size_t)n;
	while (st->status == 0 &&
	    (end = memchr(start, '\n', st->in_len - (size_t)(start - st->in))) != NULL) {
		if (!st->skipping)
			take_line(s, start, (size_t)(end - start));
		st->skipping = false;
		start = end + 1;
	}
	st->in_len -= (size_t)(start - st->in);
	memmove(st->in, start, st->in_len);
	if (n == 0) {
		if (st->in_len > 0 && !st->skipping && st->status == 0)
			take_line(s, st->in, st->in_len);
		st->in_len = 0;
		st->ended = true;
	} else if (st->status == 0 &&
	    (st->in_len >= RECORD_MAX || (st->skipping && st->in_len > 0))) {
		take_overlong(s);
	}
}

/* ---- descriptors and timers ---- */

int
stream_watch(
    struct stream *s, int fd, short events, void (*ready)(void *ctx, short revents), void *ctx)
{
	struct stream_state *st = s->state;

	for (size_t i = 0; i < STREAM_SLOTS; i++) {
		if (st->poll[SLOT_FIRST + i].fd >= 0)
			continue;
		st->poll[SLOT_FIRST + i] = (struct pollfd){.fd = fd, .events = events};
		st->slot[i].ready = ready;
		st->slot[i].ctx = ctx;
		return 0;
	}
	errno = ENFILE;
	return -1;
}

void
stream_unwatch(struct stream *s, int fd)
{
	for (size_t i = SLOT_FIRST; i < SLOT_FIRST + STREAM_SLOTS; i++)
		if (s->state->poll[i].fd == fd)
			s->state->poll[i].fd = -1;
}

int
stream_timer_add(struct stream *s, struct stream_timer *t)
{
	(void)t;
	return timer_room(&s->state->timers, ++s->state->n_timers);
}

void
stream_timer_set(struct stream *s, struct stream_timer *t, int64_t due)
{
	timer_set(&s->state->timers, &t->timer, due);
}

void
stream_timer_cancel(struct stream *s, struct stream_timer *t)
{
	timer_cancel(&s->state->timers, &t->timer);
}

/* One turn for each timer that is due now; one that sets itself into the past waits a round. */
static void
run_timers(struct stream *s)
{
	struct stream_state *st = s->state;
	int64_t now = st->now = stream_clock();
	struct timer *t;

	for (size_t n = st->timers.n; n > 0; n--) {
		struct stream_timer *due;

		t = timer_first(&st->timers);
		if (t == NULL || t->due > now)
			return;
		due = (struct stream_timer *)t;
		timer_cancel(&st->timers, t);
		due->fire(due->ctx, now);
	}
}
_Static_assert(offsetof(struct stream_timer, timer) == 0, "a timer is its stream_timer");

/* ---- the loop ---- */

int
stream_open(struct stream *s)
{
	struct stream_state *st = calloc(1, sizeof(*st));
	struct sigaction interrupt;
	sigset_t set;

	if (st == NULL)
		return -1;
	s->state = st;
	for (size_t i = 0; i < SLOT_FIRST + STREAM_SLOTS; i++)
		st->poll[i].fd = -1;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCONT);
	/* Blocked, it would come through the signalfd even where it is ignored. */
	if (sigaction(SIGINT, NULL, &interrupt) == 0 && interrupt.sa_handler != SIG_IGN)
		sigaddset(&set, SIGINT);
	st->look.fire = look_at_reader;
	st->look.ctx = s;
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (st->poll[SLOT_SIGNAL].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1 ||
	    stream_timer_add(s, &st->look) == -1) {
		free(st);
		s->state = NULL;
		return -1;
	}
	st->poll[SLOT_SIGNAL].events = POLLIN;
	queue_open(&st->out);
	prctl(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
	st->now = stream_clock();
	return 0;
}

static void
wait_round(struct stream_state *st, bool no_input)
{
	bool full = queue_is_high(&st->out);
	const struct timer *first = timer_first(&st->timers);
	struct timespec ts = {0};
	nfds_t n = SLOT_FIRST;

	/* Not all slots: more than RLIMIT_NOFILE is an error, and each costs something. */
	for (nfds_t i = SLOT_FIRST; i < SLOT_FIRST + STREAM_SLOTS && !full; i++)
		if (st->poll[i].fd >= 0)
			n = i + 1;
	st->poll[SLOT_INPUT].fd = no_input || full ? -1 : STDIN_FILENO;
	st->poll[SLOT_INPUT].events = POLLIN;
	st->poll[SLOT_OUTPUT].fd = STDOUT_FILENO;
	st->poll[SLOT_OUTPUT].events = queue_is_empty(&st->out) ? 0 : POLLOUT;
	if (first != NULL) {
		int64_t left = first->due - stream_clock();

		if (left > 0)
			ts = (struct timespec){left / NSEC_PER_SEC, left % NSEC_PER_SEC};
	}
	for (nfds_t i = 0; i < SLOT_FIRST + STREAM_SLOTS; i++)
		st->poll[i].revents = 0;
	if (ppoll(st->poll, n, first != NULL ? &ts : NULL, NULL) == -1) {
		for (nfds_t i = 0; i < n; i++)
			st->poll[i].revents = 0;
		if (errno != EINTR && errno != EAGAIN && errno != ENOMEM) {
			cli_message(3, "ppoll: %s", strerror(errno));
			st->status = STATUS_OS;
			st->ended = true;
		}
	}
	st->now = stream_clock();
}

static void
take_signals(struct stream_state *st)
{
	struct signalfd_siginfo info;

	while (read(st->poll[SLOT_SIGNAL].fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCONT)
			st->stood = true;
		else
			st->ended = true;
	}
}

static void
serve_round(struct stream *s)
{
	struct stream_state *st = s->state;

	if (st->poll[SLOT_OUTPUT].revents & (POLLERR | POLLHUP | POLLNVAL))
		st->out.gone = true;
	st->stood = false;
	if (st->poll[SLOT_SIGNAL].revents != 0 || st->poll[SLOT_INPUT].revents != 0)
		take_signals(st); /* a stop may have come between the poll and its end */
	if (st->poll[SLOT_INPUT].revents != 0)
		take_input(s);
	for (size_t i = 0; i < STREAM_SLOTS && st->status == 0; i++)
		if (st->poll[SLOT_FIRST + i].fd >= 0 && st->poll[SLOT_FIRST + i].revents != 0)
			st->slot[i].ready(st->slot[i].ctx, st->poll[SLOT_FIRST + i].revents);
	if (st->status == 0)
		run_timers(s);
	if (s->batch != NULL && st->status == 0)
		s->batch(s->ctx);
}

/* What is queued gets QUEUE_STALL to leave. */
static void
drain(struct stream *s)
{
	struct stream_state *st = s->state;
	int64_t until = stream_clock() + QUEUE_STALL;
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	for (;;) {
		int64_t left = until - stream_clock();

		flush(s);
		if (st->out.gone || queue_is_empty(&st->out) || left <= 0)
			return;
		poll(&p, 1, (int)(left / NSEC_PER_MSEC) + 1);
	}
}

int
stream_run(struct stream *s)
{
	struct stream_state *st = s->state;
	int status;

	while (!st->ended && !st->out.gone) {
		wait_round(st, s->no_input);
		serve_round(s);
		flush(s);
	}
	if (s->end != NULL)
		s->end(s->ctx);
	drain(s);
	status = st->status != 0 ? st->status : st->bad_data ? STATUS_DATA : STATUS_YES;
	close(st->poll[SLOT_SIGNAL].fd);
	timer_free(&st->timers);
	free(st);
	s->state = NULL;
	return status;
}
