/* ipvs-set - make the kernel's table of virtual services say what the input says */

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "parse.h"
#include "pass.h"
#include "priv.h"
#include "status.h"
#include "stream.h"

#define DRAIN_MAX (86400 * NSEC_PER_SEC)
#define HEAP_STEP (4 * 1024 * 1024)

static const char usage_text[] =
    "ipvs-set [-ej] [-d TIME] [-m N] [-r TIME] [-x]\n"
    "       ipvs-set [-ejnvx] [-d TIME] [-m N] FILE\n"
    "\n"
    "  -d, --drain TIME     a server to remove gets weight 0 and this time to end its\n"
    "                       connections\n"
    "  -e, --allow-empty    a service may lose its last server\n"
    "  -j                   print JSON, an object a line\n"
    "  -m, --min-servers N  no service is brought below N servers\n"
    "  -n                   change nothing: print what would be done, exit 1 if there is any\n"
    "  -r, --repair TIME    look so often at what others have changed (5s)\n"
    "  -v                   print what is done\n"
    "  -x, --exclusive      services that the input does not name are removed\n"
    "\n"
    "  ipvs-get >table; ipvs-set table\n"
    "  ipvsadm -Sn | ipvs-set -n -\n"
    "  cat web.conf control | probe-tcp | pool-elect | ipvs-set\n";

struct command {
	struct stream stream;
	struct stream_timer timer, repair_timer;
	struct pass pass;
	bool verbose, any_change;
	int status;
	int64_t repair;
	const char *file; /* by hand */
	uint32_t line;
	struct record_out out;
};

/* ---- saying ---- */

static void
print(struct command *c)
{
	static char text[RECORD_JSON_MAX];
	static struct record r;
	struct record_error e;
	size_t len;

	if (c->file == NULL) {
		stream_emit(&c->stream, &c->out);
		return;
	}
	len = record_end(&c->out);
	if (c->stream.json && record_parse(&r, c->out.text, len, &e) == 1)
		fwrite(text, 1, record_to_json(&r, text), stdout);
	else
		fwrite(c->out.text, 1, len, stdout);
}

static void
say_error(struct command *c, const struct reconcile_say *s)
{
	char at[ENDPOINT_STRLEN] = "", reason[RECONCILE_REASON_STRLEN];
	const char *why = reconcile_reason(s, reason);

	if (s->server != NULL)
		endpoint_format(&s->server->at, at);
	if (c->file == NULL) {
		stream_error(&c->stream, s->server != NULL ? at : s->name, "refused", why);
		return;
	}
	if (c->status == 0)
		c->status = status_from_errno(s->error);
	if (s->tag != 0)
		cli_message(3, "%s:%u: %s%s%s: %s", c->file, s->tag, s->name,
		    at[0] != '\0' ? " " : "", at, why);
	else
		cli_message(3, "%s%s%s: %s", s->name, at[0] != '\0' ? " " : "", at, why);
}

static void
on_say(void *ctx, const struct reconcile_say *s)
{
	struct command *c = ctx;

	if (s->error != 0) {
		say_error(c, s);
		return;
	}
	c->any_change = true;
	if (c->file != NULL && !c->verbose)
		return;
	reconcile_put(&c->out, s);
	print(c);
}

static void
on_keep(void *ctx, const char *name, size_t want, size_t have)
{
	struct command *c = ctx;
	char detail[96];

	snprintf(detail, sizeof(detail), "%zu of %zu servers would be left: all stay", want, have);
	if (c->file == NULL)
		stream_error(&c->stream, name, "too-few-servers", detail);
}

static void
on_fail(void *ctx, const char *object, const char *reason, int error)
{
	struct command *c = ctx;

	if (c->file != NULL)
		cli_fail(status_from_errno(error), "%s: %s", object, director_reason(error));
	stream_error(&c->stream, object, reason, director_reason(error));
}

/* ---- the filter ---- */

static void
on_round(void *ctx)
{
	struct command *c = ctx;
	int64_t due;

	c->pass.reconcile.now = stream_now(&c->stream);
	due = pass_round(&c->pass);
	if (due != INT64_MAX)
		stream_timer_set(&c->stream, &c->timer, due);
	else
		stream_timer_cancel(&c->stream, &c->timer);
}

static void
on_timer(void *ctx, int64_t now)
{
	struct command *c = ctx;

	(void)now;
	pass_wake(&c->pass);
}

static void
on_repair(void *ctx, int64_t now)
{
	struct command *c = ctx;

	pass_repair(&c->pass);
	stream_timer_set(&c->stream, &c->repair_timer, now + c->repair);
}

static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	struct config_error e;

	if (scope_configure(&c->pass.scope, r, 0, stream_now(&c->stream), &e) == 0)
		return STREAM_PASS;
	stream_bad_config(&c->stream, e.word, e.reason);
	return STREAM_TAKE;
}

static bool
on_line(void *ctx, const char *line, size_t len)
{
	struct command *c = ctx;
	struct config_error e;

	if (!ipvs_line_is_one(line, len))
		return false;
	if (scope_configure_line(&c->pass.scope, line, len, 0, stream_now(&c->stream), &e) == -1)
		stream_bad_config(&c->stream, e.word, e.reason);
	return true;
}

static enum stream_fate
on_pool(void *ctx, const struct record *r)
{
	struct command *c = ctx;

	scope_pool(&c->pass.scope, record_operand(r, 0), record_operand(r, 1));
	return STREAM_PASS;
}

static enum stream_fate
on_state(void *ctx, const struct record *r)
{
	struct command *c = ctx;

	if (scope_state(&c->pass.scope, record_operand(r, 0), record_operand(r, 1)) == -1)
		cli_fail(STATUS_TEMPFAIL, "%s", strerror(errno));
	return STREAM_PASS;
}

/* A file that has ended has said all. A stream of events that ends has not, where pools decide:
 * the stage before may have died in the middle of a service. */
static void
on_end(void *ctx)
{
	struct command *c = ctx;

	c->pass.reconcile.now = stream_now(&c->stream);
	if (stream_has_ended(&c->stream) && !stream_is_live(&c->stream))
		pass_end(&c->pass);
}

static const struct stream_handler handlers[] = {
    {"check", on_config},
    {"service", on_config},
    {"server", on_config},
    {"sync", on_config},
    {"timeouts", on_config},
    {"remove", on_config},
    {"pool", on_pool},
    {"state", on_state},
    {NULL, NULL},
};

static int
filter(struct command *c)
{
	cli_want_stream();
	if (director_open(&c->pass.reconcile.director) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
	c->stream.name = "ipvs-set";
	c->stream.ctx = c;
	c->stream.handlers = handlers;
	c->stream.line = on_line;
	c->stream.batch = on_round;
	c->stream.end = on_end;
	c->timer.fire = on_timer;
	c->timer.ctx = c->repair_timer.ctx = c;
	c->repair_timer.fire = on_repair;
	if (stream_open(&c->stream) == -1 || stream_timer_add(&c->stream, &c->timer) == -1 ||
	    stream_timer_add(&c->stream, &c->repair_timer) == -1 || priv_drop(true, true) == -1)
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
	stream_timer_set(&c->stream, &c->repair_timer, stream_clock() + c->repair);
	return stream_run(&c->stream);
}

/* ---- once ---- */

static _Noreturn void
bad_line(const struct command *c, const char *word, const char *reason)
{
	cli_fail(STATUS_CONFIG, "%s:%u: %s: %s", c->file, c->line, word, reason);
}

static void
read_line(struct command *c, const char *line, size_t len)
{
	static struct record r;
	struct scope *s = &c->pass.scope;
	struct record_error bad;
	struct config_error e;
	int parsed;

	if (ipvs_line_is_one(line, len)) {
		if (scope_configure_line(s, line, len, c->line, 0, &e) == -1)
			bad_line(c, e.word, e.reason);
		return;
	}
	parsed = record_parse(&r, line, len, &bad);
	if (parsed == 0)
		return;
	if (parsed == -1)
		bad_line(c, bad.word, bad.reason);
	if (r.class == RECORD_UNKNOWN)
		bad_line(c, r.kind, "not a kind of record");
	for (const struct stream_handler *h = handlers; h->kind != NULL; h++)
		if (h->record == on_config && strcmp(h->kind, r.kind) == 0 &&
		    scope_configure(s, &r, c->line, 0, &e) == -1)
			bad_line(c, e.word, e.reason);
}

static void
read_all(struct command *c, FILE *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, in)) != -1) {
		c->line++;
		read_line(c, line, (size_t)n);
	}
	if (ferror(in))
		cli_fail(STATUS_IO, "%s: %s", c->file, strerror(errno));
	free(line);
}

/* What a service would lose by accident is found before anything is touched. */
static void
guard(struct command *c)
{
	const struct balance_service *s;
	size_t i;

	if (!pass_would_empty(&c->pass, &i))
		return;
	if (i == TABLE_NONE)
		cli_fail(STATUS_CONFIG, "%s: no service in it: see -e", c->file);
	s = &c->pass.scope.balance.service[i];
	cli_fail(STATUS_CONFIG, "%s: %s would be left with %zu servers: see -%c", c->file, s->name,
	    s->n_servers, s->n_servers == 0 ? 'e' : 'm');
}

static void
set_once(struct command *c)
{
	c->pass.reconcile.now = stream_clock();
	if (pass_read(&c->pass) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
	guard(c);
	if (pass_once(&c->pass) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
}

static int
once(struct command *c, const char *file)
{
	const struct timespec pause = {.tv_nsec = PASS_DRAIN_LOOK};
	static char buffer[65536];
	const struct reconcile *r = &c->pass.reconcile;
	FILE *in = stdin;
	int error = 0;

	c->pass.scope.by_hand = true;
	c->file = file;
	if (strcmp(file, "-") != 0 && (in = fopen(file, "r")) == NULL)
		cli_fail(STATUS_IO, "%s: %s", file, strerror(errno));
	setvbuf(in, buffer, _IOFBF, sizeof(buffer));
	if (director_open(&c->pass.reconcile.director) == -1)
		error = errno;
	if (priv_drop(true, true) == -1)
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
	read_all(c, in);
	if (error != 0)
		cli_fail(status_from_errno(error), "%s", director_reason(error));
	set_once(c);
	while (r->draining && !r->dry_run) {
		nanosleep(&pause, NULL);
		set_once(c);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		cli_fail(STATUS_IO, "standard output: %s", strerror(errno));
	return r->dry_run && c->any_change ? STATUS_NO : c->status;
}

/* ---- the command line ---- */

static const struct option long_options[] = {
    {"allow-empty", no_argument, NULL, 'e'},
    {"drain", required_argument, NULL, 'd'},
    {"exclusive", no_argument, NULL, 'x'},
    {"min-servers", required_argument, NULL, 'm'},
    {"repair", required_argument, NULL, 'r'},
    {NULL, 0, NULL, 0},
};

int
main(int argc, char *argv[])
{
	static struct command c;
	struct reconcile *r = &c.pass.reconcile;
	bool allow_empty = false, repair = false;
	unsigned int least = 0;
	int ch;

	cli_start(argc, argv, usage_text);
	/* Ten thousand servers grow in place: a third of the page faults, which are the greater
	 * part of what a large table costs beside the kernel's own work. */
	mallopt(M_TOP_PAD, HEAP_STEP);
	pass_init(&c.pass);
	c.repair = 5 * NSEC_PER_SEC;
	while ((ch = getopt_long(argc, argv, "d:ejm:nr:vx", long_options, NULL)) != -1) {
		switch (ch) {
		case 'd':
			if (parse_duration(optarg, NSEC_PER_SEC, DRAIN_MAX, &r->drain) == -1)
				cli_usage("-d %s: not a time, 1s to 24h", optarg);
			break;
		case 'e':
			allow_empty = true;
			break;
		case 'j':
			c.stream.json = true;
			break;
		case 'm':
			if (parse_uint(optarg, 1, INT32_MAX, &least) == -1)
				cli_usage("-m %s: not 1 to 2147483647", optarg);
			break;
		case 'n':
			r->dry_run = c.verbose = true;
			break;
		case 'r':
			repair = true;
			if (parse_duration(optarg, NSEC_PER_SEC / 10, DRAIN_MAX, &c.repair) == -1)
				cli_usage("-r %s: not a time, 100ms to 24h", optarg);
			break;
		case 'v':
			c.verbose = true;
			break;
		case 'x':
			c.pass.exclusive = true;
			break;
		default:
			cli_usage(NULL);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc > 1 || (argc == 1 && repair) || (argc == 0 && c.verbose))
		cli_usage("a file, or a stream");
	c.pass.guarded = least != 0;
	r->min_servers = least != 0 ? least : allow_empty ? 0 : 1;
	r->say = on_say;
	r->keep = on_keep;
	c.pass.fail = on_fail;
	r->ctx = c.pass.ctx = &c;
	return argc == 1 ? once(&c, argv[0]) : filter(&c);
}
