/* pool-elect - decide which servers of each service get the traffic */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balance.h"
#include "cli.h"
#include "parse.h"
#include "pool.h"
#include "priv.h"
#include "record.h"
#include "status.h"
#include "stream.h"

static const char usage_text[] =
    "pool-elect [-j] [-r]\n"
    "       pool-elect -t FILE\n"
    "       pool-elect -T FILE\n"
    "\n"
    "  -r, --replay  take the time from t= of the records, not from the clock\n"
    "  -t FILE     check a configuration file and say what is wrong\n"
    "  -T FILE     check it and print its records in canonical form\n"
    "  -j          print JSON, an object a line\n"
    "\n"
    "  cat web.conf control | probe-tcp | probe-http | pool-elect | ipvs-set\n"
    "  pool-elect -t /etc/viptools/web.conf && echo good\n";

/* What IP_VS_SVC_F_SCHED1 is to the scheduler mh (net/netfilter/ipvs/ip_vs_mh.c). */
#define MH_FALLBACK IP_VS_SVC_F_SCHED1

/* How long the first verdict on a server may take at least. */
#define WAIT_LEAST (5 * NSEC_PER_SEC)

struct command {
	struct stream stream;
	struct stream_timer timer;
	struct balance balance;
	struct pool *pool;
	bool replay;
	bool started; /* of a replay: a time was seen */
	int64_t now;  /* of a replay */
	struct record_out out;
};

/* ---- decisions to records ---- */

static int64_t
now_of(const struct command *c)
{
	return c->replay ? c->now : stream_now(&c->stream);
}

static void
say_pool(struct command *c, const char *name, const struct pool_state *s)
{
	record_begin(&c->out, "pool");
	record_add(&c->out, name);
	record_add(&c->out, s->up ? "up" : "down");
	record_set_uint(&c->out, "healthy", s->healthy);
	record_set_uint(&c->out, "total", s->total);
	record_set_uint(&c->out, "weight", s->weight);
	if (s->backups > 0)
		record_set_uint(&c->out, "backups", s->backups);
	record_set_time(&c->out, "t", now_of(c));
}

static void
begin_remove(struct command *c, const char *kind, const char *service)
{
	record_begin(&c->out, "remove");
	record_add(&c->out, kind);
	record_add(&c->out, service);
}

static void
on_action(void *ctx, const struct pool_action *a)
{
	struct command *c = ctx;
	const struct balance_service *s = &c->balance.service[a->service];
	char at[ENDPOINT_STRLEN];

	switch (a->kind) {
	case POOL_DO_SERVICE:
		balance_put_service(&c->out, s);
		break;
	case POOL_DO_SERVER:
		balance_put_server(&c->out, &c->balance, a->server, a->weight);
		if (a->drain)
			record_flag(&c->out, "drain");
		break;
	case POOL_DO_REMOVE:
		endpoint_format(&c->balance.server[a->server].ipvs.at, at);
		begin_remove(c, "server", s->name);
		record_add(&c->out, at);
		break;
	case POOL_DO_FORGET:
		begin_remove(c, "service", s->name);
		break;
	case POOL_DO_POOL:
		say_pool(c, s->name, &a->state);
		break;
	case POOL_DO_UNDECIDED:
		stream_error(&c->stream, s->name, "undecided", "no server has had a verdict");
		return;
	}
	stream_emit(&c->stream, &c->out);
}

/* ---- configuration ---- */

static const char *
checks_of(const struct command *c, size_t server)
{
	const struct balance_server *x = &c->balance.server[server];
	const char *list = x->checks != NULL ? x->checks : c->balance.service[x->service].checks;

	return list != NULL ? list : "";
}

/* A verdict that has not come when the slowest check of the server would have said down will not
 * come. */
static int64_t
wait_for(void *ctx, size_t server)
{
	struct command *c = ctx;
	int64_t longest = WAIT_LEAST;
	size_t at = 0, check;

	while (balance_next_check(&c->balance, server, &at, &check)) {
		const struct balance_check *x;
		int64_t wait;

		if (check == TABLE_NONE) {
			stream_error(
			    &c->stream, checks_of(c, server), "no-such-check", "in check=");
			continue;
		}
		x = &c->balance.check[check];
		wait = (x->every + x->timeout) * (int64_t)x->fall;
		longest = wait > longest ? wait : longest;
	}
	return longest;
}

static void
fail_host(struct command *c, const char *what)
{
	cli_message(3, "%s: %s", what, strerror(errno));
	stream_stop(&c->stream, STATUS_OS);
}

static void
set_server(struct command *c, size_t server)
{
	const struct balance_server *x = &c->balance.server[server];
	const char *check[RECORD_MAX / 2];
	char list[RECORD_MAX], target[ENDPOINT_STRLEN], *rest = list, *name;
	struct pool_server_conf conf = {
	    .weight = x->ipvs.weight,
	    .backup = x->backup,
	    .drain = x->drain,
	    .target = target,
	    .check = check,
	};

	endpoint_format(&x->ipvs.at, target);
	snprintf(list, sizeof(list), "%s", checks_of(c, server));
	while ((name = strsep(&rest, ",")) != NULL)
		if (name[0] != '\0')
			check[conf.n_checks++] = name;
	if (pool_set_server(c->pool, x->service, server, &conf, now_of(c)) == -1)
		fail_host(c, target);
}

/* The hash of mh falls back to another server only from one that is there with weight 0: where
 * it was taken out, all connections are hashed anew. */
static bool
must_quiesce(const struct balance_service *s)
{
	return s->on_fail == BALANCE_QUIESCE ||
	    (strcmp(s->ipvs.sched, "mh") == 0 && (s->ipvs.flags & MH_FALLBACK) != 0);
}

static void
set_service(struct command *c, size_t service)
{
	const struct balance_service *s = &c->balance.service[service];
	struct pool_service_conf conf = {
	    .quorum = s->quorum,
	    .hysteresis = s->hysteresis,
	    .quiesce = must_quiesce(s),
	    .slowstart = s->slowstart,
	};

	if (pool_set_service(c->pool, service, &conf, now_of(c)) == -1)
		fail_host(c, s->name);
	for (size_t i = s->first; i != TABLE_NONE; i = c->balance.server[i].next)
		set_server(c, i);
}

/* People's services and servers end here: what is in the table is said anew, in the same
 * words. */
static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	struct balance_result res;
	struct config_error e;

	if (balance_apply(&c->balance, r, &res, &e) == -1) {
		stream_bad_config(&c->stream, e.word, e.reason);
		return STREAM_TAKE;
	}
	if (res.kind != BALANCE_SERVICE && res.kind != BALANCE_SERVER)
		return STREAM_PASS;
	if (res.change == CONFIG_SAME)
		return STREAM_TAKE;
	if (res.kind == BALANCE_SERVICE && res.change == CONFIG_REMOVED)
		pool_remove_service(c->pool, res.index);
	else if (res.kind == BALANCE_SERVICE)
		set_service(c, res.index);
	else if (res.change == CONFIG_REMOVED)
		pool_remove_server(c->pool, res.index, now_of(c));
	else
		set_server(c, res.index);
	return STREAM_TAKE;
}

/* ---- events ---- */

static enum stream_fate
bad_event(struct command *c, const struct record *r, const char *what)
{
	stream_error(&c->stream, r->kind, "bad-record", what);
	return STREAM_TAKE;
}

/* In a replay all that is due before a record happens before it, at its own time. The clock
 * starts at the first time of all, and what was configured before that is settled then. */
static int
replay_until(struct command *c, const struct record *r)
{
	const char *t = record_get(r, "t");
	int64_t time = c->now, due;

	if (!c->replay)
		return 0;
	if (t != NULL && parse_time(t, &time) == -1)
		return -1;
	if (!c->started) {
		c->started = true;
		c->now = time;
		pool_settle(c->pool, time);
	}
	while ((due = pool_deadline(c->pool)) <= time) {
		c->now = due > c->now ? due : c->now;
		pool_run(c->pool, c->now);
	}
	c->now = time > c->now ? time : c->now;
	return 0;
}

static enum stream_fate
on_tick(void *ctx, const struct record *r)
{
	return replay_until(ctx, r) == -1 ? bad_event(ctx, r, "t") : STREAM_PASS;
}

static enum stream_fate
on_health(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	const char *state = record_operand(r, 2), *text = record_get(r, "weight");
	char target[ENDPOINT_STRLEN];
	struct endpoint at;
	unsigned int weight;

	if (state == NULL || (strcmp(state, "up") != 0 && strcmp(state, "down") != 0))
		return bad_event(c, r, state);
	if (text != NULL && parse_uint(text, 0, IPVS_WEIGHT_MAX, &weight) == -1)
		return bad_event(c, r, "weight");
	if (replay_until(c, r) == -1)
		return bad_event(c, r, "t");
	if (endpoint_parse(record_operand(r, 1), &at) == -1)
		return STREAM_PASS; /* of no server */
	endpoint_format(&at, target);
	stream_pass(&c->stream);
	pool_verdict(c->pool, record_operand(r, 0), target, state[0] == 'u',
	    text != NULL ? (int64_t)weight : -1, now_of(c));
	return STREAM_TAKE;
}

static enum stream_fate
on_drain(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	struct config_error e;
	size_t server =
	    balance_find_operands(&c->balance, record_operand(r, 0), record_operand(r, 1), &e);

	if (server == TABLE_NONE) {
		stream_error(&c->stream, e.word, "no-such-server", e.reason);
		return STREAM_TAKE;
	}
	if (replay_until(c, r) == -1)
		return bad_event(c, r, "t");
	stream_pass(&c->stream);
	pool_drain(c->pool, server, strcmp(r->kind, "drain") == 0, now_of(c));
	return STREAM_TAKE;
}

static void
on_timer(void *ctx, int64_t now)
{
	pool_run(((struct command *)ctx)->pool, now);
}

static void
on_batch(void *ctx)
{
	struct command *c = ctx;
	int64_t due = pool_deadline(c->pool);

	if (c->replay || due == INT64_MAX)
		stream_timer_cancel(&c->stream, &c->timer);
	else
		stream_timer_set(&c->stream, &c->timer, due);
}

static void
on_end(void *ctx)
{
	pool_settle(((struct command *)ctx)->pool, now_of(ctx));
}

static const struct stream_handler handlers[] = {
    {"health", on_health},
    {"tick", on_tick},
    {"drain", on_drain},
    {"undrain", on_drain},
    {"check", on_config},
    {"service", on_config},
    {"server", on_config},
    {"sync", on_config},
    {"timeouts", on_config},
    {"remove", on_config},
    {NULL, NULL},
};

/* ---- -t and -T ---- */

/* Prints a record with its address, if it has one, in canonical form. */
static void
print_record(struct record *r)
{
	static struct record_out out;
	char text[ENDPOINT_STRLEN];
	struct endpoint at;

	if (config_is_of_balance(r) && r->n_operands > 1 &&
	    endpoint_parse(record_operand(r, r->n_operands - 1), &at) == 0) {
		endpoint_format(&at, text);
		r->word[r->n_operands - 1].key = text;
	}
	fwrite(out.text, 1, record_format(r, &out), stdout);
}

/* Returns 1 for a record of configuration, 0 for none, -1 for a mistake. */
static int
check_line(
    struct balance *b, const char *line, size_t len, const char *file, unsigned long n, bool print)
{
	static struct record r;
	struct balance_result res;
	struct record_error re = {.reason = NULL};
	struct config_error ce;
	int parsed = record_parse(&r, line, len, &re);

	if (parsed == 0)
		return 0;
	if (parsed == -1) {
		cli_message(3, "%s:%lu: %s: %s", file, n, re.word, re.reason);
		return -1;
	}
	if (r.class != RECORD_CONFIG) {
		cli_message(3, "%s:%lu: %s: not a kind of configuration record", file, n, r.kind);
		return -1;
	}
	if (config_is_of_balance(&r)) {
		if (balance_apply(b, &r, &res, &ce) == -1) {
			cli_message(3, "%s:%lu: %s: %s", file, n, ce.word, ce.reason);
			return -1;
		}
		if (res.change != CONFIG_ADDED) {
			cli_message(3, "%s:%lu: %s: said twice", file, n,
			    record_operand(&r, res.kind == BALANCE_SERVER));
			return -1;
		}
	}
	if (print)
		print_record(&r);
	return 1;
}

/* All mistakes are said, not the first alone. */
static int
check_file(const char *file, bool print)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	struct balance balance;
	struct config_error e;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int status = STATUS_YES, found;
	bool any = false;

	if (f == NULL)
		cli_fail(errno == EACCES ? STATUS_NOPERM : STATUS_CONFIG, "%s: %s", file,
		    strerror(errno));
	balance_init(&balance);
	for (unsigned long n = 1; (len = getline(&line, &size, f)) != -1; n++) {
		found = check_line(&balance, line, (size_t)len, file, n, print);
		if (found == -1)
			status = STATUS_CONFIG;
		any |= found == 1;
	}
	if (ferror(f))
		cli_fail(STATUS_IO, "%s: %s", file, strerror(errno));
	if (status == STATUS_YES && !any) {
		cli_message(3, "%s: service: there is none", file);
		status = STATUS_CONFIG;
	}
	if (status == STATUS_YES && balance_check_all(&balance, &e) == -1) {
		cli_message(3, "%s: %s: %s", file, e.word, e.reason);
		status = STATUS_CONFIG;
	}
	free(line);
	balance_free(&balance);
	if (f != stdin)
		fclose(f);
	return fflush(stdout) == 0 ? status : STATUS_IO;
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {{"replay", no_argument, NULL, 'r'}, {0}};
	static struct command c = {.stream = {.name = "pool-elect", .handlers = handlers}};
	struct pool_calls calls = {.act = on_action, .wait = wait_for, .ctx = &c};
	int ch, status;

	cli_start(argc, argv, usage_text);
	while ((ch = getopt_long(argc, argv, "jrT:t:", options, NULL)) != -1) {
		switch (ch) {
		case 'j':
			c.stream.json = true;
			break;
		case 'r':
			c.replay = true;
			break;
		case 'T':
		case 't':
			if (optind != argc)
				cli_usage("-%c takes one file", ch);
			return check_file(optarg, ch == 'T');
		default:
			cli_usage(NULL);
		}
	}
	if (optind != argc)
		cli_usage("%s: it takes no operands", argv[optind]);
	cli_want_stream();
	balance_init(&c.balance);
	c.stream.ctx = c.timer.ctx = &c;
	c.stream.batch = on_batch;
	c.stream.end = on_end;
	c.timer.fire = on_timer;
	c.pool = pool_new(&calls);
	if (c.pool == NULL || stream_open(&c.stream) == -1 ||
	    stream_timer_add(&c.stream, &c.timer) == -1 || priv_drop(false, true) == -1)
		cli_fail(STATUS_OS, "%s", strerror(errno));
	status = stream_run(&c.stream);
	pool_free(c.pool);
	balance_free(&c.balance);
	return status;
}
