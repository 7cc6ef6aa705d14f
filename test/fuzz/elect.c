/* Fuzzes the elector: octets become events and times for four routers at once. It says nothing
 * without a cause, sends only as master, and a master goes on sending. */

#include <stdlib.h>
#include <string.h>

#include "elect.h"
#include "parse.h"

#define ROUTERS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	const uint8_t *data;
	size_t left;
	struct config config;
	struct elect *elect;
	int64_t now;
	enum elect_event_kind cause;
	size_t about; /* the router of the event */
	bool configuring;
	uint64_t seq;
	enum elect_state before[ROUTERS], state[ROUTERS];
	unsigned int sent[ROUTERS]; /* above priority 0, in this step */
	unsigned int sends;
};

/* Said at the start and again, changed, at any time. */
static const char *const lines[] = {
    "router a if=eth0 vrid=1 prio=100",
    "router b if=eth0 vrid=2 prio=200 advert=10ms preempt=no unheard=fault startup=50ms",
    "router c if=eth1 vrid=3 prio=255 version=2 preempt=7s handover=0s",
    "router d if=eth1 vrid=4 prio=1 advert=40950ms down=1 af=6 preempt=1s",
    "address a 192.0.2.1/24",
    "track a check:x weight=-50",
    "track b check:x",
    "router a if=eth0 vrid=1 prio=254 advert=10ms preempt=no",
    "router a if=eth1 vrid=1 prio=50 version=2 advert=3s preempt=2s",
    "router b if=eth0 vrid=2 prio=10 advert=1s down=100",
    "router c if=eth1 vrid=3 prio=3 version=3 advert=50ms src=192.0.2.200",
    "router d if=eth1 vrid=4 prio=254 advert=20ms af=6",
    "track a check:y",
    "track b check:y weight=253",
    "remove track a check:x",
    "remove track b check:x",
    "remove address a 192.0.2.1/24",
    "remove router a",
    "remove router d",
};

static void
require(bool ok)
{
	if (!ok)
		abort();
}

static unsigned int
take(struct fuzz *f)
{
	if (f->left == 0)
		return 0;
	f->left--;
	return *f->data++;
}

static int64_t
take_time(struct fuzz *f)
{
	static const int64_t us[] = {0, 1, 40, 1000, 5000, 10000, 36000, 100000, 250000, 500000,
	    1000000, 1500000, 3600000, 10000000, 60000000, 1000000000};
	unsigned int x = take(f);

	return us[x & 15] * NSEC_PER_USEC + (x >> 4);
}

/* ---- what it does ---- */

static bool
may_send(const struct fuzz *f, size_t router, unsigned int prio)
{
	if (prio == 0)
		return f->before[router] == ELECT_MASTER;
	if (f->configuring || (f->cause != ELECT_TIMER && f->cause != ELECT_ADVERT))
		return false;
	return f->cause == ELECT_TIMER || router == f->about;
}

static void
act(void *ctx, const struct elect_action *a)
{
	struct fuzz *f = ctx;

	require(a->router < ROUTERS);
	switch (a->kind) {
	case ELECT_DO_SEND:
		require(may_send(f, a->router, a->prio));
		require(a->prio == 0 || a->prio == elect_prio_of(f->elect, a->router));
		f->sent[a->router] += a->prio > 0;
		require(f->sent[a->router] <= 2 && ++f->sends <= 2 * ROUTERS);
		break;
	case ELECT_DO_STATE:
		/* a router that was removed begins anew, and does not say so */
		if (f->configuring && a->from == ELECT_INIT && f->state[a->router] == ELECT_STOP)
			f->state[a->router] = ELECT_INIT;
		require(a->from == f->state[a->router] && a->to != a->from);
		require(a->reason != NULL && a->reason[0] != '\0' && a->seq == ++f->seq);
		f->state[a->router] = a->to;
		break;
	case ELECT_DO_CONTESTED:
		require(f->cause == ELECT_ADVERT && f->before[a->router] == ELECT_MASTER);
		break;
	case ELECT_DO_STALLED:
		require(a->duration > 0);
		break;
	case ELECT_DO_MISMATCH:
	case ELECT_DO_CONFLICT:
		require(a->reason != NULL && a->reason[0] != '\0');
		break;
	}
}

static void
check(struct fuzz *f)
{
	int64_t deadline = elect_deadline(f->elect);

	if (f->cause == ELECT_TIMER && !f->configuring)
		require(deadline > f->now);
	for (size_t i = 0; i < f->config.n_routers; i++) {
		if (!f->config.router[i].used)
			continue;
		require(elect_state_of(f->elect, i) == f->state[i]);
		if (f->sent[i] > 0)
			require(f->before[i] == ELECT_MASTER || f->state[i] == ELECT_MASTER);
		if (f->state[i] == ELECT_MASTER)
			require(deadline <= f->now + f->config.router[i].advert);
		if (f->state[i] == ELECT_BACKUP)
			require(deadline != INT64_MAX);
	}
}

static void
begin(struct fuzz *f)
{
	memcpy(f->before, f->state, sizeof(f->before));
	memset(f->sent, 0, sizeof(f->sent));
	f->sends = 0;
}

static void
step(struct fuzz *f, const struct elect_event *ev)
{
	begin(f);
	f->cause = ev->kind;
	f->about = ev->router;
	elect_step(f->elect, ev, f->now);
	check(f);
}

/* ---- what befalls it ---- */

static void
configure(struct fuzz *f, unsigned int line)
{
	static struct record r;
	struct config_result res;
	struct config_error e;
	struct record_error bad;

	require(record_parse(&r, lines[line], strlen(lines[line]), &bad) == 1);
	if (config_apply(&f->config, &r, &res, &e) == -1)
		return;
	begin(f);
	f->configuring = true;
	require(elect_configure(f->elect, &res, f->now) == 0);
	for (size_t i = 0; i < ROUTERS; i++)
		if (f->state[i] == ELECT_STOP && elect_state_of(f->elect, i) == ELECT_INIT)
			f->state[i] = ELECT_INIT;
	check(f);
	f->configuring = false;
}

static struct addr
pick_addr(unsigned int x)
{
	struct addr a = {.family = x & 1 ? 6 : 4};

	a.octet[0] = a.family == 6 ? 0xfe : 10;
	a.octet[1] = a.family == 6 ? 0x80 : 0;
	a.octet[3] = (uint8_t)(x & 0xfe);
	return a;
}

static void
hear(struct fuzz *f, struct elect_event *ev)
{
	unsigned int how = take(f);
	struct elect_advert adv = {
	    .src = pick_addr(how),
	    .version = how & 4 ? 2 : 3,
	    .self = (how & 0xf8) == 0xf8,
	    .prio = (uint8_t)take(f),
	    .interval = (1 + take(f)) * 10 * NSEC_PER_MSEC,
	    .addresses = how & 8,
	};
	int64_t late = take_time(f);

	if (how & 16 && ev->router < f->config.n_routers) {
		adv.interval = f->config.router[ev->router].advert;
		adv.version = f->config.router[ev->router].version;
	}
	adv.time = late < f->now ? f->now - late : 0;
	ev->advert = &adv;
	step(f, ev);
}

static void
link_event(struct fuzz *f, struct elect_event *ev)
{
	unsigned int how = take(f);

	ev->ifname = how & 1 ? "eth1" : "eth0";
	ev->up = (how & 2) != 0;
	if (how & 4)
		ev->ip = pick_addr(how & 0xf0);
	if (how & 8)
		ev->ip6 = pick_addr(how | 1);
	step(f, ev);
}

/* Time passes; the timers that are due in it are served in time, late or not at all. */
static void
pass(struct fuzz *f)
{
	struct elect_event timer = {.kind = ELECT_TIMER};
	struct elect_event tick = {.kind = ELECT_TICK};
	unsigned int how = take(f), turns = 0;
	int64_t until = f->now + take_time(f);

	while (how % 3 != 0 && turns++ < 50 && elect_deadline(f->elect) <= until) {
		if (elect_deadline(f->elect) > f->now)
			f->now = elect_deadline(f->elect);
		if (how % 3 == 1) {
			tick.time = f->now;
			step(f, &tick);
		}
		step(f, &timer);
	}
	f->now = until;
	if (how & 0x80)
		step(f, &timer);
}

static void
any_event(struct fuzz *f)
{
	static const enum elect_event_kind kind[] = {ELECT_ADVERT, ELECT_ADVERT, ELECT_ADVERT,
	    ELECT_ADVERT, ELECT_LINK, ELECT_TICK, ELECT_PRIORITY, ELECT_RELEASE, ELECT_STOP_,
	    ELECT_HEALTH, ELECT_SUSPEND, ELECT_TIMER};
	unsigned int op = take(f), x;
	struct elect_event ev = {.router = op >> 4 & 3};

	op &= 15;
	if (op == 15 || op == 14)
		pass(f);
	if (op == 13)
		configure(f, take(f) % (sizeof(lines) / sizeof(lines[0])));
	if (op >= sizeof(kind) / sizeof(kind[0]))
		return;
	ev.kind = kind[op];
	if (ev.kind == ELECT_ADVERT) {
		hear(f, &ev);
		return;
	}
	if (ev.kind == ELECT_LINK) {
		link_event(f, &ev);
		return;
	}
	x = take(f);
	ev.prio = x > 0 ? x : 1;
	ev.up = x & 1;
	ev.object = x & 2 ? "check:x" : "check:y";
	ev.time = f->now;
	if (ev.kind == ELECT_RELEASE || ev.kind == ELECT_SUSPEND)
		ev.duration = take_time(f);
	step(f, &ev);
}

/* With its sensor alive and nothing else heard, a master sends within 4 adverts. */
static void
must_go_on(struct fuzz *f, size_t router)
{
	struct elect_event stop = {.kind = ELECT_STOP_};
	struct elect_event timer = {.kind = ELECT_TIMER};
	struct elect_event tick = {.kind = ELECT_TICK, .time = f->now};
	int64_t until = f->now + 4 * f->config.router[router].advert;

	for (stop.router = 0; stop.router < ROUTERS; stop.router++)
		if (stop.router != router)
			step(f, &stop);
	step(f, &tick);
	while (f->state[router] == ELECT_MASTER && f->now <= until) {
		if (elect_deadline(f->elect) > f->now)
			f->now = elect_deadline(f->elect);
		tick.time = f->now;
		step(f, &tick);
		step(f, &timer);
		if (f->sent[router] > 0)
			return;
	}
	require(f->state[router] != ELECT_MASTER);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {.data = data, .left = size, .now = 100 * NSEC_PER_SEC};
	struct elect_event end = {.kind = ELECT_END};

	config_init(&f.config);
	f.elect = elect_new(&f.config, act, &f, f.now);
	require(f.elect != NULL);
	for (unsigned int i = 0; i < 7; i++)
		configure(&f, i);
	while (f.left > 0)
		any_event(&f);
	if (f.config.router[size % ROUTERS].used && f.state[size % ROUTERS] == ELECT_MASTER)
		must_go_on(&f, size % ROUTERS);
	step(&f, &end);
	for (size_t i = 0; i < f.config.n_routers; i++)
		require(!f.config.router[i].used || f.state[i] == ELECT_STOP);
	elect_free(f.elect);
	config_free(&f.config);
	return 0;
}
