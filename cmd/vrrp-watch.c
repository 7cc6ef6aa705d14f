/* vrrp-watch - say which VRRP adverts are heard, and what is wrong with the rest */

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "cli.h"
#include "config.h"
#include "link.h"
#include "parse.h"
#include "priv.h"
#include "secret.h"
#include "status.h"
#include "stream.h"
#include "watch.h"

#define HALF_BY_HAND (500 * NSEC_PER_MSEC) /* of the usual advert interval */

static const char usage[] =
    "vrrp-watch [-jLt]\n"
    "       vrrp-watch [-jLt] [-c COUNT] INTERFACE...\n"
    "       vrrp-watch [-jt] [-c COUNT] -r FILE [INTERFACE]\n"
    "\n"
    "Prints the VRRP adverts heard: for the `router` records on standard input, all of\n"
    "those on the INTERFACEs, or those in a capture.\n"
    "\n"
    "  -c COUNT  stop after so many adverts\n"
    "  -j        print records as JSON\n"
    "  -L        lock memory\n"
    "  -r FILE   read a pcap file, - for standard input, made on INTERFACE\n"
    "  -t        add the time of day\n"
    "\n"
    "  vrrp-watch eth0\n"
    "  vrrp-watch <web.conf | vrrp-elect | vrrp-advert | vip-up | garp\n";

struct sensor {
	struct stream stream;
	struct stream_timer tick;
	struct stream_timer flush;
	struct config config;
	struct capture capture;
	struct links links;
	struct watch watch;
	bool by_hand;
	bool configured;    /* something of the configuration has changed */
	size_t recent;      /* the link of the packet before */
	unsigned int limit; /* of adverts, 0 for none */
	unsigned int heard; /* so far */
	int64_t half;       /* of the smallest advert interval; 0: no ticks */
	int64_t told;       /* the time that the last advert or tick bore */
	int64_t quiet;      /* how long after it a tick is due */
	int64_t time, wall; /* of the last packet */
	struct record_out out;
};

static int64_t
wall_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static bool
is_enough(const struct sensor *s)
{
	return s->limit != 0 && s->heard >= s->limit;
}

/* ---- packets ---- */

static size_t
link_of(struct sensor *s, unsigned int index)
{
	const struct links *l = &s->links;

	if (!s->capture.live)
		return 0;
	if (s->recent < l->n && l->link[s->recent].index == index)
		return s->recent;
	for (size_t i = 0; i < l->n; i++)
		if (l->link[i].index == index)
			return s->recent = i;
	return SIZE_MAX;
}

static void
emit_refusals(struct sensor *s, int64_t until, int64_t time, int64_t wall)
{
	while (watch_flush(&s->watch, until, time, wall, &s->out))
		stream_emit(&s->stream, &s->out);
}

static void
on_packet(void *ctx, const struct capture_packet *c)
{
	struct sensor *s = ctx;
	struct watch_packet p = {.link = link_of(s, c->ifindex),
	    .ip = c->ip,
	    .len = c->len,
	    .self = c->outgoing,
	    .time = c->time,
	    .wall = c->wall};
	enum watch_said said;

	if (p.link == SIZE_MAX || is_enough(s))
		return;
	emit_refusals(s, p.time, p.time, p.wall);
	s->time = p.time;
	s->wall = p.wall;
	said = watch_hear(&s->watch, &p, &s->out);
	if (said == WATCH_NOTHING)
		return;
	stream_emit(&s->stream, &s->out);
	if (said == WATCH_REJECT)
		return;
	s->told = p.time;
	s->quiet = 2 * s->half + s->half / 4; /* the next advert comes before it */
	s->heard++;
	if (is_enough(s))
		stream_stop(&s->stream, STATUS_YES);
}

static void
read_capture(struct sensor *s)
{
	int r = capture_read(&s->capture);

	if (r == -1) {
		cli_message(3, "capture: %s", s->capture.error);
		stream_stop(&s->stream, s->capture.live ? STATUS_OS : STATUS_DATA);
	} else if (r == 0) {
		stream_stop(&s->stream, STATUS_YES);
	}
	if (s->capture.live && s->watch.due != INT64_MAX)
		stream_timer_set(&s->stream, &s->flush, s->watch.due);
	if (s->half != 0)
		stream_timer_set(&s->stream, &s->tick, s->told + s->quiet);
}

static void
on_capture(void *ctx, short revents)
{
	(void)revents;
	read_capture(ctx);
}

static void
on_flush(void *ctx, int64_t now)
{
	struct sensor *s = ctx;

	emit_refusals(s, now, now, wall_clock());
	if (s->watch.due != INT64_MAX)
		stream_timer_set(&s->stream, &s->flush, s->watch.due);
}

static void
on_end(void *ctx)
{
	struct sensor *s = ctx;

	if (!s->capture.live)
		emit_refusals(s, INT64_MAX, s->time, s->wall);
	else
		emit_refusals(s, INT64_MAX, stream_clock(), wall_clock());
}

/* A silent network is told by ticks, so that it is never mistaken for a dead sensor, nor a dead
 * sensor for a dead master. A tick is as old as the capture has been read. */
static void
on_tick(void *ctx, int64_t now)
{
	struct sensor *s = ctx;
	int64_t due;

	if (s->half == 0)
		return;
	if (s->told + s->quiet <= now)
		read_capture(s);
	if (s->told + s->quiet <= s->capture.drained) {
		s->told = s->capture.drained;
		s->quiet = s->half;
		record_begin(&s->out, "tick");
		watch_set_time(&s->watch, &s->out, s->told, wall_clock());
		stream_emit(&s->stream, &s->out);
	}
	due = s->told + s->quiet;
	stream_timer_set(
	    &s->stream, &s->tick, due > now + NSEC_PER_MSEC ? due : now + NSEC_PER_MSEC);
}

/* ---- links ---- */

static void
emit_link(struct sensor *s, const struct link *l, bool up)
{
	watch_format_link(&s->watch, l, up, stream_clock(), wall_clock(), &s->out);
	stream_emit(&s->stream, &s->out);
}

/* An interface that was made anew has gone in between, also where it looks the same. */
static void
on_link(void *ctx, size_t i, const struct link *before)
{
	struct sensor *s = ctx;
	const struct link *l = &s->links.link[i];

	if (before->index != 0 && before->index != l->index && before->up && l->up)
		emit_link(s, l, false);
	emit_link(s, l, l->up);
}

/* By hand, both groups are tried wherever they can be joined. */
static void
on_no_group(void *ctx, size_t i, int error)
{
	struct sensor *s = ctx;

	if (!s->by_hand)
		stream_error(&s->stream, s->links.link[i].name, "join", strerror(error));
}

/* The address of an owner is there whoever holds it. */
static bool
is_virtual(void *ctx, const struct addr *a)
{
	const struct config *c = &((const struct sensor *)ctx)->config;

	for (size_t i = 0; i < c->n_addresses; i++)
		if (c->address[i].used && addr_compare(&c->address[i].cidr.addr, a) == 0 &&
		    c->router[c->address[i].router].prio != VRRP_PRIO_OWNER)
			return true;
	return false;
}

static void
on_netlink(void *ctx, short revents)
{
	struct sensor *s = ctx;

	(void)revents;
	if (link_read(&s->links) == 0)
		return;
	cli_message(3, "rtnetlink: %s", strerror(errno));
	stream_stop(&s->stream, STATUS_OS);
}

/* ---- configuration ---- */

static int
add_link(struct sensor *s, const char *name, uint8_t families)
{
	size_t i = link_find(&s->links, name);

	if (i == SIZE_MAX) {
		i = link_want(&s->links, name);
		if (i == SIZE_MAX || watch_set_link(&s->watch, i, name) == -1) {
			stream_error(&s->stream, name, "interface", strerror(errno));
			return -1;
		}
	}
	s->links.link[i].families |= families;
	return 0;
}

static void
reconfigure(struct sensor *s)
{
	int64_t half = INT64_MAX;

	for (size_t i = 0; i < s->links.n; i++)
		s->links.link[i].families = 0;
	for (size_t i = 0; i < s->config.n_routers; i++) {
		const struct config_router *r = &s->config.router[i];

		if (r->used &&
		    add_link(s, r->ifname, r->family == 6 ? LINK_IPV6 : LINK_IPV4) == 0 &&
		    r->advert / 2 < half)
			half = r->advert / 2;
	}
	for (size_t i = 0; i < s->links.n; i++) {
		if (s->links.link[i].families == 0) {
			watch_set_link(&s->watch, i, "");
			link_forget(&s->links, i);
		}
	}
	watch_configure(&s->watch);
	s->links.dirty = true; /* what is virtual may have changed */
	s->half = half != INT64_MAX ? half : 0;
	stream_timer_set(&s->stream, &s->tick, stream_now(&s->stream));
}

static void
on_batch(void *ctx)
{
	struct sensor *s = ctx;

	if (s->configured)
		reconfigure(s);
	s->configured = false;
	if (link_refresh(&s->links) == -1)
		stream_error(&s->stream, "rtnetlink", "read", strerror(errno));
}

/* A password is read before its router is taken, so that a bad file changes nothing. */
static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct sensor *s = ctx;
	const char *auth = strcmp(r->kind, "router") == 0 ? record_get(r, "auth") : NULL;
	const char *reason = "no memory";
	uint8_t password[VRRP_AUTH_LEN] = {0};
	struct config_result res;
	struct config_error e;
	enum stream_fate fate = STREAM_PASS;

	if (auth != NULL && auth[0] == '/' && secret_read(auth, password, &reason) == -1) {
		stream_bad_config(&s->stream, auth, reason);
		return STREAM_TAKE;
	}
	if (config_apply(&s->config, r, &res, &e) == -1) {
		stream_bad_config(&s->stream, e.word, e.reason);
		fate = STREAM_TAKE;
	} else if (res.kind == CONFIG_ROUTER &&
	    watch_set_password(&s->watch, res.index, password) == -1) {
		stream_error(&s->stream, s->config.router[res.index].name, "no-memory", NULL);
	}
	explicit_bzero(password, sizeof(password));
	s->configured = true;
	return fate;
}

/* ---- start ---- */

static void
open_live(struct sensor *s)
{
	if (capture_open_live(&s->capture) == -1)
		cli_fail(status_from_errno(errno), "capture: %s%s", s->capture.error,
		    errno == EPERM ? ": needs CAP_NET_RAW" : "");
	if (link_open(&s->links) == -1)
		cli_fail(status_from_errno(errno), "rtnetlink: %s", strerror(errno));
}

static void
open_file(struct sensor *s, const char *path)
{
	if (capture_open_file(&s->capture, path) == -1)
		cli_fail(
		    errno == EINVAL ? STATUS_DATA : STATUS_IO, "%s: %s", path, s->capture.error);
}

static void
name_links(struct sensor *s, int n, char *name[])
{
	for (int i = 0; i < n; i++) {
		if (strlen(name[i]) >= IF_NAMESIZE || name[i][0] == '\0')
			cli_usage("%s: not the name of an interface", name[i]);
		if (s->capture.live && if_nametoindex(name[i]) == 0)
			cli_fail(status_from_errno(errno), "%s: %s", name[i], strerror(errno));
		if (s->capture.live && add_link(s, name[i], LINK_IPV4 | LINK_IPV6) == -1)
			exit(STATUS_OS);
	}
	if (!s->capture.live && watch_set_link(&s->watch, 0, n == 1 ? name[0] : "-") == -1)
		cli_fail(STATUS_OS, "no memory");
	if (!s->capture.live || n == 0 || isatty(STDOUT_FILENO))
		return;
	s->half = HALF_BY_HAND;
	stream_timer_set(&s->stream, &s->tick, stream_now(&s->stream));
}

/* Root stays root to read password files, of which a capture needs none. */
static void
start(struct sensor *s, bool lock)
{
	static const struct stream_handler handlers[] = {
	    {"router", on_config},
	    {"address", on_config},
	    {"track", on_config},
	    {"notify", on_config},
	    {"remove", on_config},
	    {NULL, NULL},
	};

	s->stream.name = "vrrp-watch";
	s->stream.ctx = s;
	s->stream.handlers = handlers;
	s->stream.batch = on_batch;
	s->stream.end = on_end;
	s->stream.no_input = s->by_hand;
	s->tick.fire = on_tick;
	s->flush.fire = on_flush;
	s->tick.ctx = s->flush.ctx = s;
	if (stream_open(&s->stream) == -1 || stream_timer_add(&s->stream, &s->tick) == -1 ||
	    stream_timer_add(&s->stream, &s->flush) == -1 ||
	    stream_watch(&s->stream, s->capture.fd, POLLIN, on_capture, s) == -1 ||
	    (s->capture.live && stream_watch(&s->stream, s->links.fd, POLLIN, on_netlink, s) == -1))
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
	if (lock && priv_lock_memory() == -1)
		cli_fail(status_from_errno(errno), "lock memory: %s", strerror(errno));
	if (priv_drop(false, !s->capture.live) == -1)
		cli_fail(status_from_errno(errno), "drop privileges: %s", strerror(errno));
}

static const char *
parse_options(struct sensor *s, int argc, char *argv[], bool *lock, bool *wall)
{
	const char *file = NULL;
	int ch;

	while ((ch = getopt(argc, argv, "c:jLr:t")) != -1) {
		switch (ch) {
		case 'c':
			if (parse_uint(optarg, 1, UINT32_MAX, &s->limit) == -1)
				cli_usage("-c %s: not a number of adverts", optarg);
			break;
		case 'j':
			s->stream.json = true;
			break;
		case 'L':
			*lock = true;
			break;
		case 'r':
			file = optarg;
			break;
		case 't':
			*wall = true;
			break;
		default:
			cli_usage(NULL);
		}
	}
	s->by_hand = file != NULL || optind < argc;
	if (file != NULL && (optind < argc - 1 || *lock))
		cli_usage("-r takes one INTERFACE and no -L");
	if (!s->by_hand && s->limit != 0)
		cli_usage("-c without an INTERFACE or -r");
	return file;
}

int
main(int argc, char *argv[])
{
	static struct sensor s;
	const char *file;
	bool lock = false, wall = false;

	cli_start(argc, argv, usage);
	file = parse_options(&s, argc, argv, &lock, &wall);
	if (!s.by_hand)
		cli_want_stream();
	config_init(&s.config);
	watch_init(&s.watch, s.by_hand ? NULL : &s.config, wall);
	s.capture.packet = on_packet;
	s.links.is_virtual = is_virtual;
	s.links.changed = on_link;
	s.links.failed = on_no_group;
	s.capture.ctx = s.links.ctx = &s;
	if (file != NULL)
		open_file(&s, file);
	else
		open_live(&s);
	start(&s, lock);
	name_links(&s, argc - optind, argv + optind);
	return stream_run(&s.stream);
}
