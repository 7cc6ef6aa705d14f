/* garp - tell the neighbours on a link that an address is here now */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "frame.h"
#include "neigh.h"
#include "parse.h"
#include "priv.h"
#include "status.h"
#include "stream.h"
#include "wire.h"

#define DEVICES_MAX 4096

static const char usage[] =
    "garp [-jL] [-r TIME]\n"
    "       garp [-L] [-c COUNT] [-i TIME] DEV ADDRESS...\n"
    "\n"
    "Announces, by gratuitous ARP or unsolicited neighbour advertisements, the addresses of\n"
    "`vip ... up` records on standard input for as long as they are up; or ADDRESSes now.\n"
    "\n"
    "  -c COUNT  announce each ADDRESS so many times (5)\n"
    "  -i TIME   wait so long in between (10ms)\n"
    "  -r TIME   announce what is up again that often (60s), 0s for never\n"
    "  -j        print JSON, an object a line\n"
    "  -L        lock memory\n"
    "\n"
    "  garp eth0 192.0.2.10 2001:db8::10\n"
    "  vrrp-watch <web.conf | vrrp-elect | vrrp-advert | vip-up | garp\n";

struct device {
	struct wire_link link;
	bool is_router;
	int64_t looked;
};

struct garp {
	struct stream stream;
	struct stream_timer timer;
	struct neigh neigh;
	struct frame frame;
	struct wire wire;
	struct device *device;
	unsigned int n_devices;
	bool in_time; /* nobody waits: there is time to look the devices up */
	int64_t refresh;
	struct {
		const char *router;
		unsigned int device;
	} pending[WIRE_BATCH];
	uint8_t out[WIRE_BATCH][FRAME_ANNOUNCE_MAX];
};

static void
look(struct garp *g, struct device *d)
{
	char name[IF_NAMESIZE];

	strcpy(name, d->link.name);
	wire_link(&g->wire, name, &d->link);
	d->is_router = wire_is_router(name);
	d->looked = stream_now(&g->stream);
}

/* Looks again at a device that changed under us; what it holds is announced again. */
static void
look_again(struct garp *g, unsigned int device)
{
	struct device *d = &g->device[device];
	struct wire_link before = d->link;

	look(g, d);
	if (d->link.index != 0 &&
	    (d->link.index != before.index || memcmp(d->link.mac, before.mac, 6) != 0))
		neigh_changed(&g->neigh, device, stream_now(&g->stream));
}

/* The number of a device, or -1 with errno. */
static int
device_get(struct garp *g, const char *name)
{
	struct device *d;

	for (unsigned int i = 0; i < g->n_devices; i++)
		if (strcmp(g->device[i].link.name, name) == 0)
			return (int)i;
	if (g->n_devices == DEVICES_MAX || strlen(name) >= IF_NAMESIZE) {
		errno = ENOSPC;
		return -1;
	}
	d = reallocarray(g->device, g->n_devices + 1, sizeof(*d));
	if (d == NULL)
		return -1;
	g->device = d;
	d += g->n_devices;
	*d = (struct device){0};
	strcpy(d->link.name, name);
	look(g, d);
	return (int)g->n_devices++;
}

static void
flush(struct garp *g)
{
	unsigned int n = wire_send(&g->wire);

	for (unsigned int i = 0; i < n; i++) {
		int error = g->wire.error[i];
		struct device *d = &g->device[g->pending[i].device];

		if (error == 0)
			continue;
		stream_error(&g->stream, g->pending[i].router, wire_reason(error), d->link.name);
		if (error == ENXIO || error == ENODEV)
			d->link.index = 0;
	}
}

static void
say(void *ctx, const char *router, const struct neigh_vip *v)
{
	struct garp *g = ctx;
	struct device *d = &g->device[v->device];
	unsigned int n = g->wire.n;
	size_t len;

	if (d->link.index == 0 ||
	    (g->in_time && stream_now(&g->stream) - d->looked >= NSEC_PER_SEC))
		look(g, d);
	if (d->link.index == 0) {
		stream_error(&g->stream, router, wire_reason(ENODEV), d->link.name);
		return;
	}
	len = frame_announce(
	    &g->frame, v->has_mac ? v->mac : d->link.mac, &v->cidr.addr, d->is_router, g->out[n]);
	if (len == 0) {
		stream_error(&g->stream, router, wire_reason(errno), NULL);
		return;
	}
	g->pending[n].router = router;
	g->pending[n].device = v->device;
	wire_add(&g->wire, d->link.index, g->out[n], len);
	if (n + 1 == WIRE_BATCH)
		flush(g);
}

static void
on_round(void *ctx)
{
	struct garp *g = ctx;
	int64_t due = neigh_deadline(&g->neigh);

	if (due != INT64_MAX)
		stream_timer_set(&g->stream, &g->timer, due);
	else
		stream_timer_cancel(&g->stream, &g->timer);
}

static void
on_timer(void *ctx, int64_t now)
{
	struct garp *g = ctx;

	g->in_time = true;
	neigh_run(&g->neigh, now);
	flush(g);
	g->in_time = false;
}

/* What a router will need when it becomes master is made ready now. */
static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct garp *g = ctx;
	const char *router = record_operand(r, 0);
	const char *device = record_get(r, strcmp(r->kind, "router") == 0 ? "if" : "dev");

	if (router != NULL)
		neigh_prepare(&g->neigh, router);
	if (device != NULL)
		device_get(g, device);
	return STREAM_PASS;
}

static enum stream_fate
on_link(void *ctx, const struct record *r)
{
	struct garp *g = ctx;
	const char *name = record_operand(r, 0);
	int device = name != NULL ? device_get(g, name) : -1;

	if (device != -1) {
		look_again(g, (unsigned int)device);
		flush(g);
	}
	return STREAM_PASS;
}

static enum stream_fate
on_vip(void *ctx, const struct record *r)
{
	struct garp *g = ctx;
	const char *router = record_operand(r, 0), *address = record_operand(r, 1);
	const char *state = record_operand(r, 2), *dev = record_get(r, "dev");
	const char *mac = record_get(r, "mac");
	struct neigh_vip v = {0};
	int device;

	if (state == NULL || cidr_parse(address, &v.cidr) == -1) {
		stream_error(&g->stream, router != NULL ? router : r->kind, "bad-vip", address);
		return STREAM_PASS;
	}
	if (strcmp(state, "up") != 0) {
		neigh_down(&g->neigh, router, &v.cidr);
		return STREAM_PASS;
	}
	if (dev == NULL || (device = device_get(g, dev)) == -1 ||
	    (mac != NULL && mac_parse(mac, v.mac) == -1)) {
		stream_error(&g->stream, router, "bad-vip", address);
		return STREAM_PASS;
	}
	v.device = (unsigned int)device;
	v.has_mac = mac != NULL && memcmp(v.mac, g->device[device].link.mac, 6) != 0;
	if (neigh_up(&g->neigh, router, &v, stream_now(&g->stream)) == -1)
		stream_error(&g->stream, router, "too-many-addresses", address);
	flush(g);
	return STREAM_PASS;
}

static enum stream_fate
on_state(void *ctx, const struct record *r)
{
	struct garp *g = ctx;
	const char *router = record_operand(r, 0), *state = record_operand(r, 1);

	if (state != NULL &&
	    neigh_state(&g->neigh, router, strcmp(state, "MASTER") == 0, stream_now(&g->stream)) ==
		-1)
		stream_error(&g->stream, router, "too-many-routers", NULL);
	flush(g);
	return STREAM_PASS;
}

static enum stream_fate
on_contested(void *ctx, const struct record *r)
{
	struct garp *g = ctx;

	if (record_operand(r, 0) != NULL)
		neigh_contested(&g->neigh, record_operand(r, 0), stream_now(&g->stream));
	flush(g);
	return STREAM_PASS;
}

static void
start(struct garp *g, bool lock)
{
	if (wire_open(&g->wire) == -1)
		cli_fail(status_from_errno(errno), "packet socket, needs CAP_NET_RAW: %s",
		    strerror(errno));
	if (frame_open(&g->frame) == -1)
		cli_fail(status_from_errno(errno), "libnet: %s", strerror(errno));
	if (lock && priv_lock_memory() == -1)
		cli_fail(status_from_errno(errno), "memory: %s", strerror(errno));
	if (priv_drop(false, true) == -1)
		cli_fail(status_from_errno(errno), "privileges: %s", strerror(errno));
}

static int
filter(struct garp *g)
{
	static const struct stream_handler handlers[] = {
	    {"vip", on_vip},
	    {"state", on_state},
	    {"contested", on_contested},
	    {"link", on_link},
	    {"router", on_config},
	    {"address", on_config},
	    {NULL, NULL},
	};

	g->stream.name = "garp";
	g->stream.ctx = g;
	g->stream.handlers = handlers;
	g->stream.batch = on_round;
	g->timer.fire = on_timer;
	g->timer.ctx = g;
	neigh_init(&g->neigh, g->refresh, say, g);
	if (stream_open(&g->stream) == -1 || stream_timer_add(&g->stream, &g->timer) == -1)
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
	return stream_run(&g->stream);
}

static void
send_now(struct garp *g, const char *device)
{
	unsigned int n = wire_send(&g->wire);

	for (unsigned int i = 0; i < n; i++)
		if (g->wire.error[i] != 0)
			cli_fail(status_from_errno(g->wire.error[i]), "%s: %s", device,
			    strerror(g->wire.error[i]));
}

static void
announce(struct garp *g, const struct device *d, char *const address[])
{
	for (struct cidr c; *address != NULL; address++) {
		uint8_t *out = g->out[g->wire.n];
		size_t len;

		cidr_parse(*address, &c);
		len = frame_announce(&g->frame, d->link.mac, &c.addr, d->is_router, out);
		if (len == 0)
			cli_fail(STATUS_OS, "%s: %s", *address, strerror(errno));
		wire_add(&g->wire, d->link.index, out, len);
		if (g->wire.n == WIRE_BATCH)
			send_now(g, d->link.name);
	}
	send_now(g, d->link.name);
}

static int
by_hand(struct garp *g, char *const word[], unsigned int count, int64_t interval)
{
	struct timespec pause = {interval / NSEC_PER_SEC, interval % NSEC_PER_SEC};
	struct device d;

	if (wire_link(&g->wire, word[0], &d.link) == -1)
		cli_fail(status_from_errno(errno), "%s: %s", word[0], strerror(errno));
	if (!d.link.up)
		cli_fail(STATUS_TEMPFAIL, "%s: %s", word[0], strerror(ENETDOWN));
	d.is_router = wire_is_router(word[0]);
	while (count-- > 0) {
		announce(g, &d, word + 1);
		if (count > 0)
			nanosleep(&pause, NULL);
	}
	return STATUS_YES;
}

static void
check_words(char *const word[], bool is_timed)
{
	struct cidr c;

	if (word[0] == NULL) {
		if (is_timed)
			cli_usage("-c and -i are for ADDRESSes");
		cli_want_stream();
		return;
	}
	if (word[1] == NULL)
		cli_usage("no ADDRESS");
	while (*++word != NULL)
		if (cidr_parse(*word, &c) == -1)
			cli_usage("%s: not a numeric address", *word);
}

int
main(int argc, char *argv[])
{
	static struct garp g = {.refresh = 60 * NSEC_PER_SEC};
	unsigned int count = 5;
	int64_t interval = 10 * NSEC_PER_MSEC;
	bool is_timed = false, lock = false;
	int ch;

	cli_start(argc, argv, usage);
	while ((ch = getopt(argc, argv, "c:i:jLr:")) != -1) {
		if (ch == 'c' && parse_uint(optarg, 1, 1000, &count) == -1)
			cli_usage("-c %s: not 1 to 1000", optarg);
		else if (ch == 'i' && parse_duration(optarg, 0, 60 * NSEC_PER_SEC, &interval) == -1)
			cli_usage("-i %s: not a time from 0s to 60s with its unit", optarg);
		else if (ch == 'r' &&
		    parse_duration(optarg, 0, 24 * 3600 * NSEC_PER_SEC, &g.refresh) == -1)
			cli_usage("-r %s: not a time from 0s to 24h with its unit", optarg);
		else if (ch == '?')
			cli_usage(NULL);
		is_timed |= ch == 'c' || ch == 'i';
		g.stream.json |= ch == 'j';
		lock |= ch == 'L';
	}
	check_words(argv + optind, is_timed);
	start(&g, lock);
	if (optind < argc)
		return by_hand(&g, argv + optind, count, interval);
	return filter(&g);
}
