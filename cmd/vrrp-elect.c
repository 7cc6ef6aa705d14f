/* vrrp-elect - decide who is master of each virtual router */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "cli.h"
#include "config.h"
#include "elect.h"
#include "parse.h"
#include "priv.h"
#include "record.h"
#include "status.h"
#include "stream.h"
#include "table.h"
#include "vrrp.h"

static const char usage_text[] =
    "vrrp-elect [-jL] [-r]\n"
    "       vrrp-elect [-jL] -i IF -v VRID [-p PRIO] [-a ADVERT] [-n VERSION] [-P] ADDRESS...\n"
    "       vrrp-elect -t FILE\n"
    "       vrrp-elect -T FILE\n"
    "\n"
    "  -i IF       a router on this interface, in place of configuration records\n"
    "  -v VRID     its virtual router identifier, 1 to 255\n"
    "  -p PRIO     its priority, 1 to 255 (100)\n"
    "  -a ADVERT   its advert interval (1s)\n"
    "  -n VERSION  its version of VRRP, 2 or 3 (3)\n"
    "  -P          it does not preempt a master of lower priority\n"
    "  -r, --replay  take the time from t= of the records, not from the clock\n"
    "  -t FILE     check a configuration file and say what is wrong\n"
    "  -T FILE     check it and print its records in canonical form\n"
    "  -j          print JSON, an object a line\n"
    "  -L          lock memory\n"
    "\n"
    "  vrrp-watch eth0 | vrrp-elect -i eth0 -v 51 192.0.2.10/24 | vrrp-advert | vip-up | garp\n"
    "  vrrp-elect -t /etc/viptools/web.conf && echo good\n";

/* A promotion is what a failover waits for, and the stages behind us have slept for long. They
 * are woken this much before it, and again; the last of it we ourselves wait awake. */
#define AWAKE_LEAD (100 * NSEC_PER_USEC)
static const int64_t leads[] = {1 * NSEC_PER_MSEC, 200 * NSEC_PER_USEC, AWAKE_LEAD};

/* What an advert has in common with the router it is for. */
struct advert_key {
	char ifname[IF_NAMESIZE];
	uint8_t vrid;
	uint8_t family;
};
_Static_assert(sizeof(struct advert_key) == IF_NAMESIZE + 2, "keys are compared whole");

struct command {
	struct stream stream;
	struct stream_timer timer;
	struct config config;
	struct elect *elect;
	struct advert_key *key; /* by the index of the router */
	struct table by_advert; /* index of a router by what an advert says */
	bool replay;
	int64_t now;    /* of the step in hand */
	int64_t round;  /* when the clocks were compared last */
	int64_t asleep; /* what CLOCK_BOOTTIME was ahead then */
	struct record_out out;
};

static struct advert_key
make_key(const char *ifname, uint8_t vrid, uint8_t family)
{
	struct advert_key key = {.vrid = vrid, .family = family};

	memcpy(key.ifname, ifname, strnlen(ifname, sizeof(key.ifname) - 1));
	return key;
}

static bool
same_key(const void *owner, size_t index, const void *key, size_t len)
{
	const struct command *c = owner;

	return memcmp(&c->key[index], key, len) == 0;
}

static int
index_routers(struct command *c)
{
	struct advert_key *grown = reallocarray(c->key, c->config.n_routers, sizeof(*grown));

	if (grown == NULL)
		return -1;
	c->key = grown;
	table_clear(&c->by_advert);
	for (size_t i = 0; i < c->config.n_routers; i++) {
		const struct config_router *r = &c->config.router[i];
		struct advert_key *key = &c->key[i];

		*key = make_key(r->ifname, r->vrid, r->family);
		if (r->used && table_find(&c->by_advert, key, sizeof(*key)) == TABLE_NONE &&
		    table_put(&c->by_advert, key, sizeof(*key), i) == -1)
			return -1;
	}
	return 0;
}

/* ---- decisions to records ---- */

static const char *
router_name(const struct command *c, size_t router)
{
	return c->config.router[router].name;
}

static void
say_state(struct command *c, const struct elect_action *a)
{
	record_add(&c->out, elect_state_name(a->to));
	record_set(&c->out, "from", elect_state_name(a->from));
	record_set(&c->out, "reason", a->reason);
	record_set_uint(&c->out, "prio", a->prio);
	record_set_uint(&c->out, "seq", a->seq);
}

static void
on_action(void *ctx, const struct elect_action *a)
{
	static const char *const kind[] = {
	    [ELECT_DO_SEND] = "send",
	    [ELECT_DO_STATE] = "state",
	    [ELECT_DO_CONTESTED] = "contested",
	    [ELECT_DO_STALLED] = "stalled",
	    [ELECT_DO_MISMATCH] = "mismatch",
	    [ELECT_DO_CONFLICT] = "conflict",
	};
	struct command *c = ctx;

	record_begin(&c->out, kind[a->kind]);
	record_add(&c->out, router_name(c, a->router));
	switch (a->kind) {
	case ELECT_DO_SEND:
		record_set_uint(&c->out, "prio", a->prio);
		if (a->checksum == VRRP_CHECKSUM_RFC9568)
			record_set(&c->out, "checksum", "rfc9568");
		stream_emit(&c->stream, &c->out);
		return;
	case ELECT_DO_STATE:
		say_state(c, a);
		break;
	case ELECT_DO_STALLED:
		record_set_duration(&c->out, "late", a->duration);
		break;
	default:
		if (a->reason != NULL)
			record_set(&c->out, "reason", a->reason);
		if (a->src.family != 0)
			record_set_addr(&c->out, "src", &a->src);
		record_set_uint(&c->out, "prio", a->prio);
		break;
	}
	record_set_time(&c->out, "t", c->now);
	stream_emit(&c->stream, &c->out);
}

/* ---- time ---- */

static int64_t
clock_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* CLOCK_MONOTONIC stands still while the host sleeps; CLOCK_BOOTTIME does not. */
static void
note_suspend(struct command *c)
{
	struct elect_event ev = {.kind = ELECT_SUSPEND, .router = TABLE_NONE};
	int64_t asleep = clock_of(CLOCK_BOOTTIME) - stream_clock();

	ev.duration = asleep - c->asleep;
	c->asleep = asleep;
	if (ev.duration > 100 * NSEC_PER_MSEC)
		elect_step(c->elect, &ev, c->now);
}

static void
step_at(struct command *c, const struct elect_event *ev, int64_t now)
{
	if (!c->replay) {
		c->now = now;
		if (c->now != c->round) {
			c->round = c->now;
			note_suspend(c);
		}
	}
	elect_step(c->elect, ev, c->now);
}

static void
step(struct command *c, const struct elect_event *ev)
{
	step_at(c, ev, stream_now(&c->stream));
}

/* In a replay all that is due before a record happens before it, at its own time, and the
 * records are all that there was to hear. */
static void
replay_until(struct command *c, int64_t time)
{
	struct elect_event tick = {.kind = ELECT_TICK, .router = TABLE_NONE};
	struct elect_event timer = {.kind = ELECT_TIMER, .router = TABLE_NONE};

	if (!c->replay)
		return;
	while (elect_deadline(c->elect) <= time) {
		c->now = elect_deadline(c->elect);
		tick.time = c->now;
		elect_step(c->elect, &tick, c->now);
		elect_step(c->elect, &timer, c->now);
	}
	if (time > c->now)
		c->now = time;
}

static void
say_expect(struct command *c, size_t router, int64_t due)
{
	record_begin(&c->out, "expect");
	record_add(&c->out, router_name(c, router));
	record_set_time(&c->out, "t", due);
	stream_emit(&c->stream, &c->out);
}

static void
on_timer(void *ctx, int64_t now)
{
	struct elect_event ev = {.kind = ELECT_TIMER, .router = TABLE_NONE};
	struct command *c = ctx;
	size_t router = elect_candidate(c->elect);
	int64_t due = elect_deadline(c->elect);

	if (router != TABLE_NONE && due - now > AWAKE_LEAD) {
		if (due - now <= leads[0])
			say_expect(c, router, due);
		return;
	}
	if (router != TABLE_NONE)
		while (stream_clock() < due)
			;
	step_at(c, &ev, stream_clock());
}

/* When to wake for what is due: earlier, and more than once, for a promotion. */
static int64_t
wake_time(const struct command *c, int64_t due)
{
	int64_t now = stream_now(&c->stream);

	if (elect_candidate(c->elect) == TABLE_NONE)
		return due;
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (due - leads[i] > now)
			return due - leads[i];
	return due - AWAKE_LEAD;
}

static void
on_batch(void *ctx)
{
	struct command *c = ctx;
	int64_t due = elect_deadline(c->elect);

	if (c->replay || due == INT64_MAX)
		stream_timer_cancel(&c->stream, &c->timer);
	else
		stream_timer_set(&c->stream, &c->timer, wake_time(c, due));
}

static void
on_end(void *ctx)
{
	struct elect_event ev = {.kind = ELECT_END, .router = TABLE_NONE};

	step(ctx, &ev);
}

/* ---- records to events ---- */

static enum stream_fate
bad_event(struct command *c, const struct record *r, const char *what)
{
	stream_error(&c->stream, r->kind, "bad-record", what);
	return STREAM_TAKE;
}

/* t= of an event: never ahead of the clock; the clock itself where there is none. */
static int
time_of(struct command *c, const struct record *r, int64_t *time)
{
	const char *t = record_get(r, "t");
	int64_t now = c->replay ? INT64_MAX : stream_now(&c->stream);

	*time = c->replay ? c->now : now;
	if (t != NULL && parse_time(t, time) == -1)
		return -1;
	if (*time > now)
		*time = now;
	replay_until(c, *time);
	return 0;
}

static int
read_number(const struct record *r, const char *key, unsigned int max, uint8_t *out)
{
	const char *text = record_get(r, key);
	unsigned int v;

	if (text == NULL || parse_uint(text, 0, max, &v) == -1)
		return -1;
	*out = (uint8_t)v;
	return 0;
}

static enum stream_fate
on_advert(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	const char *text = record_get(r, "checksum"), *interval = record_get(r, "advert");
	struct elect_advert adv = {.checksum = ELECT_CHECKSUM_ANY};
	struct elect_event ev = {.kind = ELECT_ADVERT, .advert = &adv};
	struct advert_key key;
	unsigned int vrid;

	if (r->n_operands != 3 || parse_uint(record_operand(r, 1), 1, 255, &vrid) == -1 ||
	    addr_parse(record_operand(r, 2), &adv.src) == -1 ||
	    read_number(r, "prio", 255, &adv.prio) == -1 ||
	    read_number(r, "version", 15, &adv.version) == -1 || interval == NULL ||
	    parse_duration(interval, 1, INT64_MAX, &adv.interval) == -1)
		return bad_event(c, r, NULL);
	if (time_of(c, r, &adv.time) == -1)
		return bad_event(c, r, "t");
	if (text != NULL && strcmp(text, "rfc9568") == 0)
		adv.checksum = VRRP_CHECKSUM_RFC9568;
	adv.self = record_get(r, "self") != NULL;
	if (!adv.self && (text = record_get(r, "addresses")) != NULL)
		adv.addresses = elect_address_hash(text, strlen(text));
	key = make_key(record_operand(r, 0), (uint8_t)vrid, adv.src.family);
	ev.router = table_find(&c->by_advert, &key, sizeof(key));
	step(c, &ev);
	return STREAM_TAKE;
}

static enum stream_fate
on_tick(void *ctx, const struct record *r)
{
	struct elect_event ev = {.kind = ELECT_TICK, .router = TABLE_NONE};

	if (time_of(ctx, r, &ev.time) == -1)
		return bad_event(ctx, r, "t");
	step(ctx, &ev);
	return STREAM_TAKE;
}

static enum stream_fate
on_link(void *ctx, const struct record *r)
{
	struct elect_event ev = {.kind = ELECT_LINK, .router = TABLE_NONE};
	const char *ip = record_get(r, "ip"), *ip6 = record_get(r, "ip6");
	const char *state = record_operand(r, 1);
	int64_t time;

	if (state == NULL || (strcmp(state, "up") != 0 && strcmp(state, "down") != 0) ||
	    (ip != NULL && addr_parse(ip, &ev.ip) == -1) ||
	    (ip6 != NULL && addr_parse(ip6, &ev.ip6) == -1) || time_of(ctx, r, &time) == -1)
		return bad_event(ctx, r, NULL);
	ev.ifname = record_operand(r, 0);
	ev.up = state[0] == 'u';
	step(ctx, &ev);
	return STREAM_PASS;
}

/* `health CHECK TARGET up|down` and `pool SERVICE up|down` */
static enum stream_fate
on_health(void *ctx, const struct record *r)
{
	struct elect_event ev = {.kind = ELECT_HEALTH, .router = TABLE_NONE};
	bool is_pool = strcmp(r->kind, "pool") == 0;
	const char *state = record_operand(r, is_pool ? 1 : 2);
	char object[RECORD_MAX + 8];
	int64_t time;

	if (state == NULL || (strcmp(state, "up") != 0 && strcmp(state, "down") != 0) ||
	    time_of(ctx, r, &time) == -1)
		return bad_event(ctx, r, NULL);
	snprintf(object, sizeof(object), "%s:%s", is_pool ? "pool" : "check", record_operand(r, 0));
	ev.object = object;
	ev.up = state[0] == 'u';
	step(ctx, &ev);
	return STREAM_PASS;
}

/* `priority ROUTER N`, `release ROUTER for=`, `stop ROUTER`: what people write by hand, so an
 * unknown router or word is said and changes nothing. */
static enum stream_fate
on_control(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	const char *name = record_operand(r, 0), *prio = record_operand(r, 1);
	const char *duration = record_get(r, "for");
	struct elect_event ev = {.duration = 30 * NSEC_PER_SEC};
	int64_t time;

	if (name == NULL || (ev.router = config_find_router(&c->config, name)) == TABLE_NONE) {
		stream_error(&c->stream, name != NULL ? name : r->kind, "no-such-router", r->kind);
		return STREAM_TAKE;
	}
	if (r->n_words != r->n_operands + (duration != NULL) || time_of(c, r, &time) == -1)
		return bad_event(c, r, name);
	if (strcmp(r->kind, "priority") == 0) {
		ev.kind = ELECT_PRIORITY;
		if (prio == NULL || parse_uint(prio, 1, 254, &ev.prio) == -1)
			return bad_event(c, r, prio);
	} else if (strcmp(r->kind, "release") == 0) {
		ev.kind = ELECT_RELEASE;
		if (duration != NULL &&
		    parse_duration(duration, 0, 86400 * NSEC_PER_SEC, &ev.duration) == -1)
			return bad_event(c, r, duration);
	} else {
		ev.kind = ELECT_STOP_;
	}
	step(c, &ev);
	return STREAM_PASS;
}

/* A weight is easily one that can never change the order: say what it makes of the priority. */
static void
say_weight(const struct command *c, const struct config_track *t)
{
	const struct config_router *r = &c->config.router[t->router];

	if (t->weight != 0)
		cli_message(6, "%s: priority %d while %s is up, %d while it is down", r->name,
		    r->prio + (t->weight > 0 ? t->weight : 0), t->object,
		    r->prio + (t->weight < 0 ? t->weight : 0));
}

static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	struct config_result result;
	struct config_error e;

	if (config_apply(&c->config, r, &result, &e) == -1) {
		stream_bad_config(&c->stream, e.word, e.reason);
		return STREAM_TAKE;
	}
	if (!c->replay)
		c->now = stream_now(&c->stream);
	if (elect_configure(c->elect, &result, c->now) == -1 ||
	    (result.kind == CONFIG_ROUTER && index_routers(c) == -1)) {
		cli_message(3, "%s: %s", r->kind, strerror(errno));
		stream_stop(&c->stream, STATUS_OS);
	}
	if (result.kind == CONFIG_TRACK && result.change != CONFIG_REMOVED)
		say_weight(c, &c->config.track[result.index]);
	return STREAM_PASS;
}

static const struct stream_handler handlers[] = {
    {"advert", on_advert},
    {"tick", on_tick},
    {"link", on_link},
    {"health", on_health},
    {"pool", on_health},
    {"priority", on_control},
    {"release", on_control},
    {"stop", on_control},
    {"router", on_config},
    {"address", on_config},
    {"track", on_config},
    {"notify", on_config},
    {"remove", on_config},
    {"peer", on_config},
    {"group", on_config},
    {"route", on_config},
    {"rule", on_config},
    {NULL, NULL},
};

/* ---- -t and -T ---- */

/* Returns 1 for a record of configuration, 0 for none, -1 for a mistake. */
static int
check_line(struct config *config, const char *line, size_t len, const char *file, unsigned long n,
    bool print)
{
	struct config_result result;
	struct record_error re = {.reason = NULL};
	struct config_error ce;
	struct record_out out;
	struct record r;
	char address[ADDR_STRLEN];
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
		if (print)
			fwrite(out.text, 1, record_format(&r, &out), stdout);
		return 1;
	}
	if (config_apply(config, &r, &result, &ce) == -1) {
		cli_message(3, "%s:%lu: %s: %s", file, n, ce.word, ce.reason);
		return -1;
	}
	if (result.change != CONFIG_ADDED) {
		cli_message(3, "%s:%lu: %s: said twice", file, n, record_operand(&r, 0));
		return -1;
	}
	if (result.kind == CONFIG_ADDRESS) {
		cidr_format(&config->address[result.index].cidr, address);
		r.word[1].key = address;
	}
	if (print)
		fwrite(out.text, 1, record_format(&r, &out), stdout);
	return 1;
}

/* All mistakes are said, not the first alone. */
static int
check_file(const char *file, bool print)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	struct config config;
	struct config_error e;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int status = STATUS_YES, found;
	bool any = false;

	if (f == NULL)
		cli_fail(errno == EACCES ? STATUS_NOPERM : STATUS_CONFIG, "%s: %s", file,
		    strerror(errno));
	config_init(&config);
	for (unsigned long n = 1; (len = getline(&line, &size, f)) != -1; n++) {
		found = check_line(&config, line, (size_t)len, file, n, print);
		if (found == -1)
			status = STATUS_CONFIG;
		any |= found == 1;
	}
	if (ferror(f))
		cli_fail(STATUS_IO, "%s: %s", file, strerror(errno));
	if (status == STATUS_YES && !any) {
		cli_message(3, "%s: router: there is none", file);
		status = STATUS_CONFIG;
	}
	if (status == STATUS_YES && config_check(&config, &e) == -1) {
		cli_message(3, "%s: %s: %s", file, e.word, e.reason);
		status = STATUS_CONFIG;
	}
	free(line);
	config_free(&config);
	if (f != stdin)
		fclose(f);
	return fflush(stdout) == 0 ? status : STATUS_IO;
}

/* ---- the command line ---- */

struct by_hand {
	const char *ifname, *vrid, *prio, *advert, *version;
	bool no_preempt;
};

/* Feeds one record to ourselves and, where it is good, down the stream. */
static void
configure(struct command *c)
{
	struct config_result result;
	struct config_error ce;
	struct record_error re;
	struct record r;
	size_t len = record_end(&c->out);

	if (len == 0 || record_parse(&r, c->out.text, len, &re) != 1)
		cli_usage("the operands are too long");
	if (config_apply(&c->config, &r, &result, &ce) == -1)
		cli_usage("%s: %s", ce.word, ce.reason);
	if (elect_configure(c->elect, &result, stream_clock()) == -1 || index_routers(c) == -1)
		cli_fail(STATUS_OS, "%s", strerror(errno));
	record_format(&r, &c->out);
	c->out.len--;
	stream_emit(&c->stream, &c->out);
}

static void
configure_by_hand(struct command *c, const struct by_hand *h, char *address[])
{
	char name[CONFIG_NAME_MAX];

	if (h->ifname == NULL || h->vrid == NULL)
		cli_usage("addresses need -i and -v");
	snprintf(name, sizeof(name), "vrrp%s", h->vrid);
	record_begin(&c->out, "router");
	record_add(&c->out, name);
	record_set(&c->out, "if", h->ifname);
	record_set(&c->out, "vrid", h->vrid);
	record_set(&c->out, "prio", h->prio);
	record_set(&c->out, "advert", h->advert);
	record_set(&c->out, "version", h->version);
	record_set(&c->out, "af", strchr(address[0], ':') != NULL ? "6" : "4");
	record_set(&c->out, "preempt", h->no_preempt ? "no" : "yes");
	configure(c);
	for (; *address != NULL; address++) {
		record_begin(&c->out, "address");
		record_add(&c->out, name);
		record_add(&c->out, *address);
		configure(c);
	}
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {{"replay", no_argument, NULL, 'r'}, {0}};
	static struct command c = {.stream = {.name = "vrrp-elect", .handlers = handlers}};
	struct by_hand hand = {.prio = "100", .advert = "1s", .version = "3"};
	bool lock = false;
	int ch, status;

	cli_start(argc, argv, usage_text);
	while ((ch = getopt_long(argc, argv, "a:i:jLn:Pp:rT:t:v:", options, NULL)) != -1) {
		switch (ch) {
		case 'a':
			hand.advert = optarg;
			break;
		case 'i':
			hand.ifname = optarg;
			break;
		case 'j':
			c.stream.json = true;
			break;
		case 'L':
			lock = true;
			break;
		case 'n':
			hand.version = optarg;
			break;
		case 'P':
			hand.no_preempt = true;
			break;
		case 'p':
			hand.prio = optarg;
			break;
		case 'r':
			c.replay = true;
			break;
		case 'T':
		case 't':
			if (optind != argc)
				cli_usage("-%c takes one file", ch);
			return check_file(optarg, ch == 'T');
		case 'v':
			hand.vrid = optarg;
			break;
		default:
			cli_usage(NULL);
		}
	}
	if (optind == argc && (hand.ifname != NULL || hand.vrid != NULL))
		cli_usage("-i and -v need an address");
	cli_want_stream();
	config_init(&c.config);
	table_init(&c.by_advert, same_key, &c);
	c.stream.ctx = c.timer.ctx = &c;
	c.stream.batch = on_batch;
	c.stream.end = on_end;
	c.timer.fire = on_timer;
	c.elect =
	    elect_new(&c.config, on_action, &c, c.replay ? INT64_MAX : clock_of(CLOCK_BOOTTIME));
	if (c.elect == NULL || stream_open(&c.stream) == -1 ||
	    stream_timer_add(&c.stream, &c.timer) == -1 || (lock && priv_lock_memory() == -1) ||
	    priv_drop(false, true) == -1)
		cli_fail(STATUS_OS, "%s", strerror(errno));
	c.asleep = clock_of(CLOCK_BOOTTIME) - stream_clock();
	if (optind < argc)
		configure_by_hand(&c, &hand, argv + optind);
	status = stream_run(&c.stream);
	elect_free(c.elect);
	table_free(&c.by_advert);
	free(c.key);
	config_free(&c.config);
	return status;
}
