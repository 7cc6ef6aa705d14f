/* vip-up - hold addresses while the stream says so, or put them up once */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "cli.h"
#include "config.h"
#include "hold.h"
#include "keeper.h"
#include "parse.h"
#include "priv.h"
#include "quiet.h"
#include "record.h"
#include "status.h"
#include "stream.h"

#define LEASE_MAX (86400 * NSEC_PER_SEC) /* as in configuration */
#define NEEDS     "not permitted: needs CAP_NET_ADMIN"

static const char usage_text[] =
    "vip-up [-jL]\n"
    "       vip-up [-q] [-l LEASE] DEV ADDRESS[/LEN]...\n"
    "\n"
    "  -j        print JSON, an object a line\n"
    "  -L        lock all memory\n"
    "  -l LEASE  the kernel takes the addresses away after this time, in whole seconds,\n"
    "            unless they are put up again before\n"
    "  -q, --quiet  as a real server of direct routing has them: on lo or a dummy, and this host\n"
    "            answers no ARP for them (arp_ignore 1, arp_announce 2)\n"
    "\n"
    "  vrrp-watch eth0 | vrrp-elect -i eth0 -v 51 192.0.2.10/24 | vrrp-advert | vip-up | garp\n"
    "  vip-up eth0 192.0.2.10/24 && garp eth0 192.0.2.10\n"
    "  vip-up --quiet lo 192.0.2.10\n"
    "  while curl -sf localhost; do vip-up -l 5s eth0 192.0.2.10/24; sleep 1; done\n";

struct command {
	struct stream stream;
	struct stream_timer timer;
	struct config config;
	struct keeper keeper;
	bool by_hand;
	int status;
	struct record_out out;
};

/* ---- what the holder says ---- */

static void
say_error(struct command *c, const struct hold_say *s)
{
	bool no_dev = strcmp(s->reason, "no-interface") == 0;
	int error = no_dev ? ENODEV : s->error;
	const char *why = error == EPERM ? NEEDS : strerror(error);
	char text[ADDR_STRLEN];

	cidr_format(s->cidr, text);
	if (c->by_hand && error != 0) {
		cli_message(3, "%s: %s: %s", s->dev, text, why);
		c->status = (int)status_from_errno(error);
	} else if (!c->by_hand && s->error != ENODEV) { /* the event that tells so is on its way */
		stream_error(
		    &c->stream, no_dev ? s->dev : text, s->reason, s->error != 0 ? why : NULL);
	}
}

static void
on_say(void *ctx, const struct hold_say *s)
{
	struct command *c = ctx;
	char mac[MAC_STRLEN];

	if (s->what == HOLD_SAY_ERROR) {
		say_error(c, s);
		return;
	}
	if (c->by_hand)
		return;
	record_begin(&c->out, "vip");
	record_add(&c->out, s->router);
	record_add_cidr(&c->out, s->cidr);
	record_add(&c->out, s->what == HOLD_SAY_UP ? "up" : "down");
	record_set(&c->out, "dev", s->dev);
	if (s->what == HOLD_SAY_UP) {
		mac_format(s->mac, mac);
		record_set(&c->out, "mac", mac);
	} else if (s->reason != NULL) {
		record_set(&c->out, "reason", s->reason);
	}
	stream_emit(&c->stream, &c->out);
}

static void
on_event(void *ctx, short revents)
{
	struct command *c = ctx;

	(void)revents;
	switch (keeper_read(&c->keeper)) {
	case 1:
		stream_error(&c->stream, "rtnetlink", "overrun", NULL);
		break;
	case -1:
		cli_message(3, "rtnetlink: %s", strerror(errno));
		stream_stop(&c->stream, (int)status_from_errno(errno));
		break;
	}
}

/* ---- records ---- */

static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	struct config_result res;
	struct config_error e;

	if (config_apply(&c->config, r, &res, &e) == -1) {
		stream_bad_config(&c->stream, e.word, e.reason);
		return STREAM_TAKE;
	}
	if (hold_configure(&c->keeper.hold, &res) == -1) {
		cli_message(3, "%s", strerror(errno));
		stream_stop(&c->stream, (int)status_from_errno(errno));
		return STREAM_TAKE;
	}
	keeper_ask_for_links(&c->keeper);
	if (res.change == CONFIG_REMOVED)
		keeper_act(&c->keeper, stream_now(&c->stream));
	return STREAM_PASS;
}

static size_t
router_of(const struct command *c, const struct record *r)
{
	const char *name = record_operand(r, 0);

	return name != NULL ? config_find_router(&c->config, name) : TABLE_NONE;
}

static enum stream_fate
on_state(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	size_t router = router_of(c, r);
	const char *state = record_operand(r, 1);

	if (router != TABLE_NONE && state != NULL)
		hold_state(&c->keeper.hold, router,
		    strcmp(state, "MASTER") == 0        ? HOLD_MASTER
			: strcmp(state, "LEAVING") == 0 ? HOLD_LEAVING
							: HOLD_IDLE,
		    stream_now(&c->stream));
	return STREAM_PASS;
}

/* The router is about to be master: a question to the kernel now, and its answer, spare the
 * failover a cold way to it. */
static enum stream_fate
on_expect(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	size_t router = router_of(c, r);

	if (router != TABLE_NONE)
		keeper_ask_for_link(&c->keeper, c->config.router[router].ifname);
	return STREAM_PASS;
}

static enum stream_fate
on_sent(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	size_t router = router_of(c, r);
	const char *prio = record_get(r, "prio");

	if (router != TABLE_NONE && prio != NULL && prio[0] != '0')
		hold_sent(&c->keeper.hold, router, stream_now(&c->stream));
	return STREAM_TAKE;
}

static void
on_timer(void *ctx, int64_t now)
{
	(void)ctx;
	(void)now; /* a round begins: on_round does what is due */
}

/* All that the records and events of a round ask for is done at its end, before any of its
 * records is written. */
static void
on_round(void *ctx)
{
	struct command *c = ctx;
	int64_t due;

	keeper_act(&c->keeper, stream_now(&c->stream));
	hold_end_round(&c->keeper.hold, stream_now(&c->stream));
	due = keeper_due(&c->keeper);
	if (due == INT64_MAX)
		stream_timer_cancel(&c->stream, &c->timer);
	else if (!timer_is_set(&c->timer.timer) || c->timer.timer.due != due)
		stream_timer_set(&c->stream, &c->timer, due);
}

static void
on_end(void *ctx)
{
	struct command *c = ctx;

	for (size_t i = 0; i < c->keeper.hold.n_routers; i++)
		hold_state(&c->keeper.hold, i, HOLD_IDLE, stream_now(&c->stream));
	keeper_act(&c->keeper, stream_now(&c->stream));
}

static const struct stream_handler handlers[] = {
    {"router", on_config},
    {"address", on_config},
    {"track", on_config},
    {"notify", on_config},
    {"route", on_config},
    {"rule", on_config},
    {"remove", on_config},
    {"expect", on_expect},
    {"state", on_state},
    {"sent", on_sent},
    {NULL, NULL},
};

/* ---- the two ways to be called ---- */

static int
filter(struct command *c, bool lock)
{
	cli_want_stream();
	if (keeper_open(&c->keeper) == -1 || keeper_open_monitor(&c->keeper) == -1)
		cli_fail((int)status_from_errno(errno), "rtnetlink: %s",
		    errno == EPERM ? NEEDS : strerror(errno));
	c->stream.name = "vip-up";
	c->stream.ctx = c;
	c->stream.handlers = handlers;
	c->stream.batch = on_round;
	c->stream.end = on_end;
	c->timer.fire = on_timer;
	if (stream_open(&c->stream) == -1 || stream_timer_add(&c->stream, &c->timer) == -1 ||
	    stream_watch(&c->stream, c->keeper.monitor.fd, POLLIN, on_event, c) == -1 ||
	    (lock && priv_lock_memory() == -1) || priv_drop(true, true) == -1)
		cli_fail((int)status_from_errno(errno), "start: %s", strerror(errno));
	return stream_run(&c->stream);
}

/* One record of configuration, as a filter would have read it: the word that is wrong is one of
 * the command line. */
static void
configure(struct command *c)
{
	static struct record r;
	struct record_error bad = {0};
	struct config_error e;
	struct config_result res;
	size_t len = record_end(&c->out);

	if (len == 0 || record_parse(&r, c->out.text, len, &bad) != 1)
		cli_usage("%s: %s", bad.word, bad.reason);
	if (config_apply(&c->config, &r, &res, &e) == -1)
		cli_usage("%s: %s", e.word, e.reason);
	if (hold_configure(&c->keeper.hold, &res) == -1)
		cli_fail(STATUS_OS, "%s", strerror(errno));
}

/* Before the addresses are there: none of them is ever announced. */
static void
make_quiet(char *const *words)
{
	struct cidr cidr;
	const char *name;
	int quiet = quiet_is_dev(words[0]);

	for (size_t i = 1; words[i] != NULL; i++)
		if (cidr_parse(words[i], &cidr) == 0 &&
		    cidr.len != (cidr.addr.family == 4 ? 32 : 128))
			cli_usage("%s: a whole network, not one address", words[i]);
	if (quiet == 0)
		cli_usage("%s: answers ARP itself: lo or a dummy does not", words[0]);
	if (quiet == -1)
		cli_fail((int)status_from_errno(errno), "%s: %s", words[0], strerror(errno));
	name = quiet_set(true);
	if (name != NULL)
		cli_fail((int)status_from_errno(errno), "%s: %s", name,
		    errno == EIO ? "is not what was set" : strerror(errno));
}

static int
by_hand(struct command *c, char *const *words, const char *lease)
{
	c->by_hand = true;
	record_begin(&c->out, "router");
	record_add(&c->out, "by-hand");
	record_set(&c->out, "if", words[0]);
	record_set(&c->out, "vrid", "1");
	configure(c);
	for (size_t i = 1; words[i] != NULL; i++) {
		record_begin(&c->out, "address");
		record_add(&c->out, "by-hand");
		record_add(&c->out, words[i]);
		record_set(&c->out, "lease", lease);
		record_set(&c->out, "advertise", "no");
		configure(c);
	}
	if (keeper_open(&c->keeper) == -1)
		cli_fail((int)status_from_errno(errno), "rtnetlink: %s", strerror(errno));
	keeper_ask_for_links(&c->keeper);
	hold_state(&c->keeper.hold, 0, HOLD_MASTER, stream_clock());
	keeper_act(&c->keeper, stream_clock());
	return c->keeper.hold.unclear ? STATUS_TEMPFAIL : c->status;
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {{"quiet", no_argument, NULL, 'q'}, {0}};
	static struct command command;
	const char *lease = NULL;
	int64_t ns;
	bool lock = false, quiet = false;
	int ch;

	cli_start(argc, argv, usage_text);
	while ((ch = getopt_long(argc, argv, "jl:Lq", options, NULL)) != -1) {
		switch (ch) {
		case 'j':
			command.stream.json = true;
			break;
		case 'l':
			lease = optarg;
			if (parse_duration(lease, NSEC_PER_SEC, LEASE_MAX, &ns) == -1 ||
			    ns % NSEC_PER_SEC != 0)
				cli_usage("-l %s: not whole seconds, 1s to 24h", lease);
			break;
		case 'L':
			lock = true;
			break;
		case 'q':
			quiet = true;
			break;
		default:
			cli_usage(NULL);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 0 ? lease != NULL || quiet : argc == 1 || lock || command.stream.json)
		cli_usage("an interface and addresses, or a stream");
	config_init(&command.config);
	hold_init(&command.keeper.hold, &command.config, on_say, &command);
	if (argc == 0)
		return filter(&command, lock);
	if (quiet)
		make_quiet(argv);
	return by_hand(&command, argv, lease != NULL ? lease : "none");
}
