#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "parse.h"
#include "priv.h"
#include "prober.h"
#include "prober_report.h"
#include "status.h"
#include "stream.h"
#include "targets.h"

#define COMMON    "c:C:i:jLm:MNp:s:t:vw:"
#define WORDS_MAX 32
#define EVERY     (2 * NSEC_PER_SEC) /* as in a check record without every= */
/* A command with reads_files keeps its privileges until no configuration has come for START_QUIET,
 * and for START_MAX at the most, and asks nothing before. */
#define START_QUIET (250 * NSEC_PER_MSEC)
#define START_MAX   (2 * NSEC_PER_SEC)

struct prober {
	const struct prober_command *cmd;
	struct stream stream;
	struct stream_timer timer, start_timer;
	struct probe probe;
	struct targets targets;
	struct record_out out;
	bool by_hand, nagios, verbose, lock, keep_net_admin;
	bool has_every, dropped;
	unsigned int count;
	int64_t warn, timeout, start_max;
	size_t left; /* by hand: answers to come */
	unsigned int n_words;
	struct {
		char letter;
		const char *key, *value; /* NULL: the key alone */
	} word[WORDS_MAX];
};

/* ---- what a check has found ---- */

static void
say_health(struct prober *p, const struct probe_target *t, enum outcome o,
    const struct probe_result *res, enum health_state was)
{
	struct record_out *out = &p->out;
	char text[ENDPOINT_STRLEN];

	target_format(t, text);
	record_begin(out, "health");
	record_add(out, p->by_hand ? p->cmd->protocol->method : target_check_name(&p->targets, t));
	record_add(out, text);
	record_add(out, health_name(t->health.state));
	record_set(out, "was", health_name(was));
	if (outcome_class_of(o) != OUTCOME_CLASS_UP)
		record_set(out, "reason", outcome_name(o));
	if (res->code >= 0)
		record_set_uint(out, "code", (uint64_t)res->code);
	record_set_duration(out, "time", res->time);
	if (t->weight >= 0 && t->health.state == HEALTH_UP)
		record_set_uint(out, "weight", (uint64_t)t->weight);
	if (res->expires >= 0)
		record_set_duration(out, "expires", res->expires);
	if (res->detail[0] != '\0')
		record_set(out, "detail", res->detail);
	stream_emit(&p->stream, out);
}

static void
say_error(
    struct prober *p, const struct probe_target *t, enum outcome o, const struct probe_result *res)
{
	char text[CONFIG_NAME_MAX + ENDPOINT_STRLEN];
	const char *name = target_check_name(&p->targets, t);

	if (p->by_hand)
		target_format(t, text);
	else
		target_format(t, text + sprintf(text, "%s/", name));
	stream_error(
	    &p->stream, text, outcome_name(o), res->detail[0] != '\0' ? res->detail : NULL);
}

static void
on_done(void *ctx, struct probe_target *t, enum outcome o, const struct probe_result *res,
    bool changed, enum health_state was)
{
	struct prober *p = ctx;
	struct target *own = (struct target *)t;
	bool unknown = outcome_class_of(o) == OUTCOME_CLASS_UNKNOWN;

	own->last = o;
	own->time = res->time;
	own->asked++;
	if (unknown && !p->nagios)
		say_error(p, t, o, res);
	else if (!unknown && (changed || p->by_hand) && !p->nagios)
		say_health(p, t, o, res, was);
	if (!p->by_hand || own->asked < p->count)
		return;
	probe_stop(&p->probe, t);
	if (--p->left == 0)
		stream_stop(&p->stream, 0);
}

/* ---- privileges ---- */

static void
drop(struct prober *p)
{
	if (p->dropped)
		return;
	p->dropped = true;
	stream_timer_cancel(&p->stream, &p->start_timer);
	if (priv_drop(p->keep_net_admin, true) == -1)
		cli_fail((int)status_from_errno(errno), "start: %s", strerror(errno));
	if (p->keep_net_admin)
		cli_message(6, "keeps CAP_NET_ADMIN, which a mark needs");
}

/* More of the configuration of the start has come. */
static void
wait_for_more(struct prober *p)
{
	int64_t now = stream_now(&p->stream);

	if (p->start_max == 0)
		p->start_max = now + START_MAX;
	stream_timer_set(&p->stream, &p->start_timer,
	    now + START_QUIET < p->start_max ? now + START_QUIET : p->start_max);
}

static void
on_start(void *ctx, int64_t now)
{
	(void)now;
	drop(ctx);
}

/* ---- the stream ---- */

static void
on_ready(void *ctx, short revents)
{
	struct prober *p = ctx;

	(void)revents;
	probe_ready(&p->probe, stream_now(&p->stream));
}

static void
on_timer(void *ctx, int64_t now)
{
	struct prober *p = ctx;

	drop(p); /* a removal settles at once */
	probe_expire(&p->probe, now);
}

static void
on_round(void *ctx)
{
	struct prober *p = ctx;
	int64_t due;

	if (!p->dropped)
		return;
	if (targets_settle(&p->targets, stream_now(&p->stream)) == -1) {
		cli_message(3, "%s", strerror(errno));
		stream_stop(&p->stream, (int)status_from_errno(errno));
		return;
	}
	due = probe_due(&p->probe);
	if (due == INT64_MAX)
		stream_timer_cancel(&p->stream, &p->timer);
	else if (!timer_is_set(&p->timer.timer) || p->timer.timer.due != due)
		stream_timer_set(&p->stream, &p->timer, due);
}

static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct prober *p = ctx;
	struct config_error e;

	if (!p->dropped)
		wait_for_more(p);
	if (targets_apply(&p->targets, r, &e, stream_now(&p->stream)) == 0)
		return STREAM_PASS;
	stream_bad_config(&p->stream, e.word, e.reason);
	return STREAM_TAKE;
}

static void
on_end(void *ctx)
{
	struct prober *p = ctx;
	char late[24];

	for (size_t i = 0; i < p->targets.n_targets; i++)
		probe_pause(&p->probe, &p->targets.target[i]->probe);
	if (!p->verbose)
		return;
	duration_format(p->probe.late_max, late);
	cli_message(6, "%llu checks of %zu targets, the latest start %s late",
	    (unsigned long long)p->probe.n_checks, p->targets.n_targets, late);
}

static const struct stream_handler handlers[] = {
    {"check", on_config},
    {"service", on_config},
    {"server", on_config},
    {"remove", on_config},
    {NULL, NULL},
};

/* ---- the start ---- */

static void
open_all(struct prober *p)
{
	const struct prober_command *cmd = p->cmd;

	p->stream.name = cmd->name;
	p->stream.ctx = p;
	p->stream.handlers = handlers;
	p->stream.batch = on_round;
	p->stream.end = on_end;
	p->stream.no_input = p->by_hand;
	p->timer.fire = on_timer;
	p->timer.ctx = p;
	p->probe.protocol = cmd->protocol;
	p->probe.protocol_ctx = cmd->protocol_ctx;
	p->probe.done = on_done;
	p->probe.ctx = p;
	p->targets.probe = &p->probe;
	p->targets.cmd = cmd;
	p->targets.at_once = p->probe.exact = p->by_hand;
	targets_init(&p->targets);
	if (stream_open(&p->stream) == -1 || stream_timer_add(&p->stream, &p->timer) == -1 ||
	    probe_open(&p->probe) == -1 ||
	    stream_watch(&p->stream, p->probe.fd, POLLIN, on_ready, p) == -1 ||
	    (cmd->open != NULL && cmd->open(cmd->protocol_ctx) == -1) ||
	    stream_timer_add(&p->stream, &p->start_timer) == -1 ||
	    (p->lock && priv_lock_memory() == -1))
		cli_fail((int)status_from_errno(errno), "start: %s", strerror(errno));
	p->start_timer.fire = on_start;
	p->start_timer.ctx = p;
	if (!cmd->reads_files)
		drop(p);
}

/* ---- by hand ---- */

static void
put_word(struct record_out *o, const char *key, const char *value)
{
	size_t len = strcspn(key, "=");
	char name[16];

	if (value != NULL) {
		record_set(o, key, value);
	} else if (key[len] == '\0' || len >= sizeof(name)) {
		record_flag(o, key);
	} else {
		memcpy(name, key, len);
		name[len] = '\0';
		record_set(o, name, key + len + 1);
	}
}

/* One check record of the words of the command line, as a filter would have read it. */
static void
configure(struct prober *p, const char *name, char *const **words)
{
	static struct record r;
	struct record_out *o = &p->out;
	struct record_error bad = {0};
	struct config_error e;
	const char *word = **words, *wrong = NULL;
	size_t len;

	record_begin(o, "check");
	record_add(o, name);
	record_add(o, p->cmd->protocol->method);
	if (p->cmd->operand != NULL)
		wrong = p->cmd->operand(o, words);
	else
		record_add(o, *(*words)++);
	if (wrong != NULL)
		cli_usage("%s: %s", word, wrong);
	record_set(o, "rise", "1");
	record_set(o, "fall", "1");
	if (!p->has_every && p->timeout > EVERY)
		record_set_duration(o, "every", p->timeout);
	for (unsigned int i = 0; i < p->n_words; i++)
		put_word(o, p->word[i].key, p->word[i].value);
	len = record_end(o);
	if (len == 0 || record_parse(&r, o->text, len, &bad) != 1)
		cli_usage("%s: %s", bad.word, bad.reason);
	if (targets_apply(&p->targets, &r, &e, stream_clock()) == -1)
		cli_usage("%s: %s", e.word, e.reason);
}

static int
ask_by_hand(struct prober *p, char *const *words)
{
	char name[16];
	int status;

	for (unsigned int n = 1; *words != NULL; n++) {
		snprintf(name, sizeof(name), "%u", n);
		configure(p, name, &words);
	}
	drop(p);
	if (targets_settle(&p->targets, stream_clock()) == -1)
		cli_fail((int)status_from_errno(errno), "start: %s", strerror(errno));
	p->left = p->targets.n_targets;
	on_round(p);
	status = stream_run(&p->stream);
	if (p->nagios)
		return report_nagios(&p->targets, p->cmd->protocol->method, p->warn);
	return status != 0 ? status : report_status(&p->targets);
}

/* ---- the command line ---- */

static void
add_word(struct prober *p, char letter, const char *key, const char *value)
{
	if (p->n_words == WORDS_MAX)
		cli_usage("-%c: too many options", letter);
	/* A wrong one is told with the others. By hand a long timeout needs no -p. */
	if (letter == 't')
		parse_duration(value, 0, INT64_MAX, &p->timeout);
	p->has_every |= letter == 'p';
	p->word[p->n_words].letter = letter;
	p->word[p->n_words].key = key;
	p->word[p->n_words++].value = value;
}

static bool
has_word(const struct prober *p, const char *key)
{
	for (unsigned int i = 0; i < p->n_words; i++)
		if (strcmp(p->word[i].key, key) == 0)
			return true;
	return false;
}

static void
take_own(struct prober *p, int ch)
{
	for (const struct prober_option *o = p->cmd->options; o != NULL && o->letter != 0; o++) {
		if (o->letter == ch && !has_word(p, o->key)) {
			add_word(p, (char)ch, o->key, o->flag ? NULL : optarg);
			return;
		}
	}
	cli_usage(NULL);
}

static void
take_option(struct prober *p, int ch)
{
	static const struct prober_option common[] = {
	    {'C', false, "connect"},
	    {'i', false, "if"},
	    {'m', false, "mark"},
	    {'p', false, "every"},
	    {'s', false, "src"},
	    {'t', false, "timeout"},
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (common[i].letter == ch) {
			add_word(p, (char)ch, common[i].key, optarg);
			return;
		}
	}
	switch (ch) {
	case 'c':
		if (parse_uint(optarg, 1, 1000000, &p->count) == -1)
			cli_usage("-c %s: not 1 to 1000000", optarg);
		break;
	case 'j':
		p->stream.json = true;
		break;
	case 'L':
		p->lock = true;
		break;
	case 'M':
		p->keep_net_admin = true;
		break;
	case 'N':
		p->nagios = true;
		break;
	case 'v':
		p->verbose = true;
		break;
	case 'w':
		if (parse_duration(optarg, 0, 3600 * NSEC_PER_SEC, &p->warn) == -1)
			cli_usage("-w %s: not a time with its unit, up to 1h", optarg);
		break;
	default:
		take_own(p, ch);
	}
}

static void
take_options(struct prober *p, int argc, char *argv[])
{
	const char *without = p->cmd->without != NULL ? p->cmd->without : "";
	char letters[128];
	size_t n = 0;
	int ch;

	if (p->cmd->whole_line)
		letters[n++] = '+';
	for (const char *c = COMMON; *c != '\0'; c++)
		if (*c == ':' ? letters[n - 1] == c[-1] : strchr(without, *c) == NULL)
			letters[n++] = *c;
	for (const struct prober_option *o = p->cmd->options; o != NULL && o->letter != 0; o++) {
		letters[n++] = o->letter;
		if (!o->flag)
			letters[n++] = ':';
	}
	letters[n] = '\0';
	while ((ch = getopt(argc, argv, letters)) != -1)
		take_option(p, ch);
}

int
prober_main(const struct prober_command *cmd, int argc, char *argv[])
{
	static const char *const methods[] = {
	    [BALANCE_TCP] = "tcp",
	    [BALANCE_HTTP] = "http",
	    [BALANCE_HTTPS] = "https",
	    [BALANCE_EXEC] = "exec",
	};
	static struct prober prober = {.warn = -1};
	struct prober *p = &prober;

	cli_start(argc, argv, cmd->usage);
	p->cmd = cmd;
	while (strcmp(methods[p->targets.method], cmd->protocol->method) != 0)
		p->targets.method++;
	take_options(p, argc, argv);
	p->by_hand = optind < argc;
	if (!p->by_hand) {
		if (p->n_words > 0)
			cli_usage("-%c: only with a target", p->word[0].letter);
		if (p->nagios || p->count > 0 || p->warn >= 0)
			cli_usage("-c, -N and -w: only with a target");
		cli_want_stream();
		open_all(p);
		return stream_run(&p->stream);
	}
	if (p->keep_net_admin)
		cli_usage("-M: only without a target");
	if (p->count == 0)
		p->count = 1;
	for (unsigned int i = 0; i < p->n_words; i++)
		p->keep_net_admin |= p->word[i].letter == 'm';
	open_all(p);
	return ask_by_hand(p, argv + optind);
}
