/* vrrp-advert - put VRRP adverts on the wire */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advert.h"
#include "cli.h"
#include "parse.h"
#include "priv.h"
#include "secret.h"
#include "status.h"
#include "stream.h"
#include "wire.h"

static const char usage[] =
    "vrrp-advert [-jL]\n"
    "       vrrp-advert [-jL] -i IF -v VRID [-p PRIO] [-a ADVERT] [-c COUNT] [-k FILE]\n"
    "                   [-n VERSION] [-s SRC] [-x CHECKSUM] ADDRESS...\n"
    "\n"
    "Sends a VRRP advert for each `send` record on standard input, and priority 0 at\n"
    "its end; or, for a test, adverts for the ADDRESSes until it is interrupted.\n"
    "\n"
    "  -i IF        the interface\n"
    "  -v VRID      the virtual router identifier, 1 to 255\n"
    "  -p PRIO      the priority, 0 to 255 (100)\n"
    "  -a ADVERT    the advert interval (1s)\n"
    "  -c COUNT     end after so many adverts, without a priority 0\n"
    "  -k FILE      the password of version 2: the first line of FILE\n"
    "  -n VERSION   the version of VRRP, 2 or 3 (3)\n"
    "  -s SRC       the source address (the interface's)\n"
    "  -x CHECKSUM  of version 3 over IPv4, rfc9568 or pseudo (pseudo)\n"
    "  -j           print JSON, an object a line\n"
    "  -L           lock memory\n"
    "\n"
    "  vrrp-advert -i eth0 -v 51 -p 100 -c 3 192.0.2.10\n"
    "  vrrp-watch <web.conf | vrrp-elect | vrrp-advert | vip-up | garp\n";

struct sender {
	struct stream stream;
	struct stream_timer timer;
	struct advert advert;
	struct wire wire;
	struct {
		size_t router;
		uint8_t prio;
	} pending[WIRE_BATCH];
	unsigned int prio, left; /* by hand; left 0: without end */
};

/* ---- the wire ---- */

static void
emit_sent(struct sender *s, const char *name, uint8_t prio, int64_t now)
{
	static struct record_out o;

	record_begin(&o, "sent");
	record_add(&o, name);
	record_set_uint(&o, "prio", prio);
	record_set_time(&o, "t", now);
	stream_emit(&s->stream, &o);
}

/* Sends what is pending, then says so. A frame that finds no such interface is built anew, for
 * what has that name by then. */
static void
flush(struct sender *s)
{
	unsigned int n = s->wire.n > 0 ? wire_send(&s->wire) : 0;
	int64_t now = n > 0 ? stream_clock() : 0;

	for (unsigned int i = 0; i < n; i++) {
		struct advert_router *x = &s->advert.router[s->pending[i].router];
		const char *name = s->advert.config.router[s->pending[i].router].name;
		int error = s->wire.error[i];

		x->is_pending = false;
		if (error == 0) {
			x->said = s->pending[i].prio;
			emit_sent(s, name, x->said, now);
			continue;
		}
		stream_error(&s->stream, name, wire_reason(error), x->link.name);
		if (error == ENXIO || error == ENODEV) {
			advert_forget(x);
			x->link.index = 0;
		}
	}
}

/* What no link record has said of an interface, the kernel says. */
static const char *
look_up(struct sender *s, struct advert_router *x, uint8_t family)
{
	struct addr *source = family == 6 ? &x->ip6 : &x->ip;
	struct wire_link link;

	if (x->link.index == 0) {
		if (wire_link(&s->wire, x->link.name, &link) == -1)
			return wire_reason(errno);
		x->link = link;
	}
	if (!x->is_linked && source->family == 0)
		wire_source(x->link.name, family, source);
	return NULL;
}

/* Makes the frame ready. Returns NULL, or why it cannot be. */
static const char *
prepare(struct sender *s, size_t i, uint8_t prio, uint8_t checksum)
{
	struct advert_router *x = &s->advert.router[i];
	const char *reason;

	if (x->frame != NULL && x->prio == prio && x->checksum == checksum)
		return NULL;
	if (x->is_pending)
		flush(s);
	reason = look_up(s, x, s->advert.config.router[i].family);
	return reason != NULL ? reason : advert_build(&s->advert, i, prio, checksum);
}

static void
send_advert(struct sender *s, size_t i, uint8_t prio, uint8_t checksum)
{
	struct advert_router *x = &s->advert.router[i];
	const char *reason = prepare(s, i, prio, checksum);

	if (reason != NULL) {
		stream_error(&s->stream, s->advert.config.router[i].name, reason, x->link.name);
		return;
	}
	s->pending[s->wire.n].router = i;
	s->pending[s->wire.n].prio = prio;
	x->is_pending = true;
	wire_add(&s->wire, x->link.index, x->frame, x->len);
	if (s->wire.n == WIRE_BATCH)
		flush(s);
}

static uint8_t
checksum_of(const struct config_router *c, const char *asked)
{
	if (c->checksum == CONFIG_CHECKSUM_RFC9568)
		return VRRP_CHECKSUM_RFC9568;
	if (c->checksum == CONFIG_CHECKSUM_AUTO && asked != NULL && strcmp(asked, "rfc9568") == 0)
		return VRRP_CHECKSUM_RFC9568;
	return VRRP_CHECKSUM_PSEUDO;
}

/* Priority 0 for what was last advertised above it (RFC 9568 section 6.4.3). */
static void
say_goodbye(struct sender *s, size_t i)
{
	const struct advert_router *x = &s->advert.router[i];

	if (x->said > VRRP_PRIO_STOP)
		send_advert(s, i, VRRP_PRIO_STOP, x->checksum);
}

/* ---- records ---- */

static enum stream_fate
on_send(void *ctx, const struct record *r)
{
	struct sender *s = ctx;
	const struct config *c = &s->advert.config;
	const char *name = record_operand(r, 0), *text = record_get(r, "prio");
	size_t i = name != NULL ? config_find_router(c, name) : TABLE_NONE;
	unsigned int prio;

	if (i == TABLE_NONE || text == NULL || parse_uint(text, 0, 255, &prio) == -1)
		stream_error(&s->stream, name != NULL ? name : r->kind, "bad-send", text);
	else if (stream_stood_still(&s->stream) && prio > VRRP_PRIO_STOP)
		stream_error(&s->stream, name, "stood-still", NULL);
	else
		send_advert(
		    s, i, (uint8_t)prio, checksum_of(&c->router[i], record_get(r, "checksum")));
	return STREAM_TAKE;
}

/* The first advert of a backup is made ready while there is time. */
static void
make_ready(struct sender *s, size_t i)
{
	const struct advert_router *x = &s->advert.router[i];

	if (x->is_linked && x->ready > VRRP_PRIO_STOP)
		prepare(s, i, x->ready, checksum_of(&s->advert.config.router[i], NULL));
}

/* An advert is on the wire, and said to be, before a state that follows it is passed on. */
static enum stream_fate
on_state(void *ctx, const struct record *r)
{
	struct sender *s = ctx;
	const char *name = record_operand(r, 0), *state = record_operand(r, 1);
	const char *text = record_get(r, "prio");
	unsigned int prio;
	size_t i;

	flush(s);
	if (state == NULL || strcmp(state, "BACKUP") != 0 || text == NULL ||
	    parse_uint(text, 0, 255, &prio) == -1)
		return STREAM_PASS;
	i = config_find_router(&s->advert.config, name);
	if (i != TABLE_NONE) {
		s->advert.router[i].ready = (uint8_t)prio;
		make_ready(s, i);
	}
	return STREAM_PASS;
}

static enum stream_fate
on_link(void *ctx, const struct record *r)
{
	struct sender *s = ctx;
	const char *name = record_operand(r, 0), *mac = record_get(r, "mac");
	const char *ip = record_get(r, "ip"), *ip6 = record_get(r, "ip6");
	struct addr source = {0}, source6 = {0};
	struct wire_link link;

	flush(s);
	if (name == NULL || strlen(name) >= IF_NAMESIZE)
		return STREAM_PASS;
	wire_link(&s->wire, name, &link);
	if (mac != NULL)
		mac_parse(mac, link.mac);
	if (ip != NULL)
		addr_parse(ip, &source);
	if (ip6 != NULL)
		addr_parse(ip6, &source6);
	advert_link(&s->advert, &link, &source, &source6);
	for (size_t i = 0; i < s->advert.n_routers; i++)
		if (strcmp(s->advert.router[i].link.name, name) == 0)
			make_ready(s, i);
	return STREAM_PASS;
}

static int
configure(struct sender *s, const struct record *r, struct config_error *e)
{
	const char *auth = record_get(r, "auth");
	uint8_t password[VRRP_AUTH_LEN] = {0};
	int done;

	if (auth != NULL && auth[0] == '/' && secret_read(auth, password, &e->reason) == -1) {
		snprintf(e->word, sizeof(e->word), "auth=%s", auth);
		return -1;
	}
	done = advert_configure(&s->advert, r, auth != NULL ? password : NULL, e);
	explicit_bzero(password, sizeof(password));
	return done;
}

static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct sender *s = ctx;
	struct config_error e;

	flush(s);
	if (configure(s, r, &e) == 0)
		return STREAM_PASS;
	stream_bad_config(&s->stream, e.word, e.reason);
	return STREAM_TAKE;
}

static enum stream_fate
on_remove(void *ctx, const struct record *r)
{
	struct sender *s = ctx;
	const char *kind = record_operand(r, 0), *name = record_operand(r, 1);
	size_t i;

	if (kind == NULL || (strcmp(kind, "router") != 0 && strcmp(kind, "address") != 0))
		return STREAM_PASS;
	flush(s);
	i = name != NULL ? config_find_router(&s->advert.config, name) : TABLE_NONE;
	if (kind[0] == 'r' && i != TABLE_NONE)
		say_goodbye(s, i);
	return on_config(ctx, r);
}

static void
on_batch(void *ctx)
{
	flush(ctx);
}

static void
on_end(void *ctx)
{
	struct sender *s = ctx;

	flush(s);
	for (size_t i = 0; i < s->advert.n_routers; i++)
		say_goodbye(s, i);
	flush(s);
}

/* ---- by hand ---- */

static void
on_due(void *ctx, int64_t now)
{
	struct sender *s = ctx;
	const struct config_router *c = &s->advert.config.router[0];

	(void)now;
	stream_timer_set(&s->stream, &s->timer, s->timer.timer.due + c->advert);
	send_advert(s, 0, (uint8_t)s->prio, checksum_of(c, NULL));
	if (s->left == 0 || --s->left > 0)
		return;
	flush(s);
	s->advert.router[0].said = VRRP_PRIO_STOP;
	stream_stop(&s->stream, STATUS_YES);
}

static void
configure_by_hand(struct sender *s, struct record_out *o)
{
	struct record_error bad;
	struct config_error e;
	struct record r;

	if (record_parse(&r, o->text, record_end(o), &bad) != 1)
		cli_usage("%s: %s", bad.word, bad.reason);
	if (configure(s, &r, &e) == -1)
		cli_usage("%s: %s", e.word, e.reason);
}

/* value[] by option letter; words are the ADDRESSes. */
static void
take_words(struct sender *s, const char *const value[], char *const word[])
{
	static const struct {
		char option;
		const char *key;
	} map[] = {{'i', "if"}, {'v', "vrid"}, {'a', "advert"}, {'k', "auth"}, {'n', "version"},
	    {'s', "src"}, {'x', "checksum"}};
	struct record_out o;
	char name[CONFIG_NAME_MAX];

	if (value['i'] == NULL || value['v'] == NULL || *word == NULL)
		cli_usage("by hand it needs -i, -v and an ADDRESS");
	snprintf(name, sizeof(name), "vrrp%s", value['v']);
	record_begin(&o, "router");
	record_add(&o, name);
	record_set(&o, "af", strchr(*word, ':') != NULL ? "6" : "4");
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (value[(unsigned char)map[i].option] != NULL)
			record_set(&o, map[i].key, value[(unsigned char)map[i].option]);
	configure_by_hand(s, &o);
	for (; *word != NULL; word++) {
		record_begin(&o, "address");
		record_add(&o, name);
		record_add(&o, *word);
		configure_by_hand(s, &o);
	}
}

static void
start_by_hand(struct sender *s)
{
	const char *name = s->advert.config.router[0].ifname;
	struct wire_link link;

	if (wire_link(&s->wire, name, &link) == -1)
		cli_fail(status_from_errno(errno), "%s: %s", name, strerror(errno));
	if (!link.up)
		cli_fail(STATUS_TEMPFAIL, "%s: %s", name, strerror(ENETDOWN));
	s->timer.fire = on_due;
	s->timer.ctx = s;
	if (stream_timer_add(&s->stream, &s->timer) == -1)
		cli_fail(STATUS_OS, "start: %s", strerror(errno));
	stream_timer_set(&s->stream, &s->timer, stream_clock());
}

/* ---- start ---- */

static void
start(struct sender *s, bool lock)
{
	static const struct stream_handler handlers[] = {
	    {"send", on_send},
	    {"state", on_state},
	    {"link", on_link},
	    {"router", on_config},
	    {"address", on_config},
	    {"remove", on_remove},
	    {NULL, NULL},
	};

	if (wire_open(&s->wire) == -1)
		cli_fail(status_from_errno(errno), "packet socket, needs CAP_NET_RAW: %s",
		    strerror(errno));
	if (lock && priv_lock_memory() == -1)
		cli_fail(status_from_errno(errno), "memory: %s", strerror(errno));
	/* It stays root, without root's powers, to read a password file that is named later. */
	if (priv_drop(false, false) == -1)
		cli_fail(status_from_errno(errno), "privileges: %s", strerror(errno));
	s->stream.name = "vrrp-advert";
	s->stream.ctx = s;
	s->stream.handlers = handlers;
	s->stream.batch = on_batch;
	s->stream.end = on_end;
	if (stream_open(&s->stream) == -1)
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
}

int
main(int argc, char *argv[])
{
	static struct sender s = {.prio = 100, .wire.fd = -1};
	const char *value[128] = {NULL};
	bool lock = false;
	int ch, status;

	cli_start(argc, argv, usage);
	if (advert_open(&s.advert) == -1)
		cli_fail(STATUS_OS, "libnet: %s", strerror(errno));
	while ((ch = getopt(argc, argv, "a:c:i:jk:Ln:p:s:v:x:")) != -1) {
		if (ch == '?')
			cli_usage(NULL);
		value[ch] = optarg;
		s.stream.json |= ch == 'j';
		lock |= ch == 'L';
		s.stream.no_input |= optarg != NULL;
	}
	s.stream.no_input |= optind < argc;
	if (value['c'] != NULL && parse_uint(value['c'], 1, UINT_MAX, &s.left) == -1)
		cli_usage("-c %s: not a number from 1", value['c']);
	if (value['p'] != NULL && parse_uint(value['p'], 0, 255, &s.prio) == -1)
		cli_usage("-p %s: not 0 to 255", value['p']);
	if (s.stream.no_input)
		take_words(&s, value, argv + optind);
	else
		cli_want_stream();
	start(&s, lock);
	if (s.stream.no_input)
		start_by_hand(&s);
	status = stream_run(&s.stream);
	advert_close(&s.advert);
	return status;
}
