/* hold - lib/hold and lib/keeper against a kernel of this file's own, through random histories
 *
 * usage: hold RUNS [SEED]
 *
 * Elections, adverts, reloads, people with ip(8), interfaces that go and come back, events that
 * are lost and answers that are. After each history there is quiet, and then all must be as the
 * stream says.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper.h"
#include "parse.h"

#define ROUTERS   4
#define ADDRESSES 3  /* of a router; their leases are 3 s (or 5 s), none, 1 s */
#define EVENTS    40 /* in some histories six, so that more of them are lost */

struct have {
	struct rtnl_addr addr;
	int64_t expiry;
	bool in_place; /* somebody changed one of ours */
};

struct event {
	bool is_link, gone;
	struct rtnl_addr addr;
	struct rtnl_link link;
};

static struct {
	struct have have[64];
	struct event event[EVENTS];
	struct rtnl_link dev[2];
	bool dev_there[2];
	struct {
		enum rtnl_change change;
		struct rtnl_addr addr;
		int *error;
	} batch[64];
	size_t n, n_events, n_batch, room;
	unsigned int last_index;
	bool lost, faults, deaf;
	bool removing; /* what is removed has one try: its place is wanted */
	int64_t now;
	uint64_t random;
} k;

static struct config config;
static struct keeper keeper;
static int64_t right[ROUTERS]; /* when it last had one to hold */
static bool up[ROUTERS][ADDRESSES];
static unsigned long seed;

static void
die(const char *why, const struct rtnl_addr *a)
{
	char text[ADDR_STRLEN] = "";

	if (a != NULL)
		cidr_format(&a->cidr, text);
	printf(
	    "seed %lu, at %lld ms: %s %s\n", seed, (long long)(k.now / NSEC_PER_MSEC), text, why);
	exit(1);
}

static unsigned int
dice(unsigned int sides)
{
	k.random = k.random * 6364136223846793005U + 1442695040888963407U;
	return (unsigned int)(k.random >> 33) % sides;
}

/* ---- the kernel ---- */

static void
tell(const struct event *e)
{
	if (k.lost || k.n_events == k.room)
		k.lost = true;
	else
		k.event[k.n_events++] = *e;
}

static void
tell_addr(const struct rtnl_addr *a, bool gone)
{
	tell(&(struct event){.addr = *a, .gone = gone});
}

static struct have *
find(const struct rtnl_addr *a)
{
	for (size_t i = 0; i < k.n; i++)
		if (k.have[i].addr.ifindex == a->ifindex &&
		    addr_compare(&k.have[i].addr.cidr.addr, &a->cidr.addr) == 0)
			return &k.have[i];
	return NULL;
}

static void
take_away(struct have *h)
{
	tell_addr(&h->addr, true);
	*h = k.have[--k.n];
}

static int
put(const struct rtnl_addr *a)
{
	bool there = false;

	for (int d = 0; d < 2; d++)
		there |= k.dev_there[d] && k.dev[d].ifindex == a->ifindex;
	if (!there)
		return ENODEV;
	k.have[k.n] = (struct have){.addr = *a, .expiry = INT64_MAX};
	if (a->valid != RTNL_FOREVER)
		k.have[k.n].expiry = k.now + a->valid * NSEC_PER_SEC;
	tell_addr(a, false);
	k.have[k.n++].in_place = k.lost || keeper.look; /* as far as can be seen */
	return 0;
}

/* Whether all that has happened is known: what is not may be done wrong. */
static bool
is_known(void)
{
	return k.n_events == 0 && !k.lost && !keeper.look;
}

static int
change(enum rtnl_change what, const struct rtnl_addr *a)
{
	struct have *h = find(a);

	if (what == RTNL_DELETE) {
		if (h == NULL)
			return EADDRNOTAVAIL;
		if (h->addr.proto == 0 && !h->in_place && is_known())
			die("was not ours to delete", a);
		take_away(h);
		return 0;
	}
	if (h == NULL)
		return put(a);
	if (what == RTNL_ADD)
		return EEXIST;
	if (h->addr.proto == 0 && !h->in_place && is_known())
		die("was not ours to renew", a);
	h->addr.proto = a->proto;
	h->in_place = false;
	h->expiry = a->valid == RTNL_FOREVER ? INT64_MAX : k.now + a->valid * NSEC_PER_SEC;
	tell_addr(&h->addr, false);
	return 0;
}

static void
pass_time(int64_t ns)
{
	k.now += ns;
	for (size_t i = k.n; i-- > 0;)
		if (k.have[i].expiry <= k.now)
			take_away(&k.have[i]);
}

/* ---- in place of lib/rtnl ---- */

int
rtnl_open(struct rtnl *r)
{
	(void)r;
	return 0;
}

int
rtnl_open_monitor(struct rtnl *r)
{
	(void)r;
	return 0;
}

void
rtnl_close(struct rtnl *r)
{
	(void)r;
}

int
rtnl_may_change(struct rtnl *r)
{
	(void)r;
	return 0;
}

bool
rtnl_has_proto(struct rtnl *r)
{
	(void)r;
	return true;
}

void
rtnl_queue(struct rtnl *r, enum rtnl_change what, const struct rtnl_addr *a, int *error)
{
	(void)r;
	*error = ENOBUFS;
	k.batch[k.n_batch].change = what;
	k.batch[k.n_batch].addr = *a;
	k.batch[k.n_batch++].error = error;
}

void
rtnl_queue_promote(struct rtnl *r, unsigned int ifindex, int *error)
{
	(void)r;
	(void)ifindex;
	*error = 0;
}

/* Now and then the answers from some point on are lost; the dump that follows is not. */
int
rtnl_commit(struct rtnl *r)
{
	size_t deaf = k.faults && dice(30) == 0 ? dice(8) : k.n_batch;

	(void)r;
	k.deaf = deaf < k.n_batch;
	for (size_t i = 0; i < k.n_batch; i++) {
		int error = k.faults && !k.removing && dice(40) == 0
		    ? ENOMEM
		    : change(k.batch[i].change, &k.batch[i].addr);

		if (i < deaf)
			*k.batch[i].error = error;
	}
	k.n_batch = 0;
	return 0;
}

int
rtnl_dump_addrs(struct rtnl *r, unsigned int ifindex, const struct rtnl_handler *h)
{
	(void)r;
	(void)ifindex;
	if (k.faults && !k.deaf && dice(10) == 0) {
		errno = EAGAIN;
		return -1;
	}
	for (size_t i = 0; i < k.n; i++)
		h->addr(h->ctx, &k.have[i].addr, false);
	return 0;
}

int
rtnl_get_link(struct rtnl *r, const char *name, struct rtnl_link *l)
{
	(void)r;
	for (int d = 0; d < 2; d++) {
		if (k.dev_there[d] && strcmp(k.dev[d].name, name) == 0) {
			*l = k.dev[d];
			return 0;
		}
	}
	errno = ENODEV;
	return -1;
}

int
rtnl_read(struct rtnl *r, const struct rtnl_handler *h)
{
	struct event e = k.event[0];

	(void)r;
	if (k.n_events == 0) {
		errno = ENOBUFS;
		if (!k.lost)
			return 0;
		k.lost = false;
		return -1;
	}
	memmove(k.event, k.event + 1, --k.n_events * sizeof(k.event[0]));
	if (e.is_link)
		h->link(h->ctx, &e.link, e.gone);
	else
		h->addr(h->ctx, &e.addr, e.gone);
	return 1;
}

/* ---- what happens ---- */

static void
on_say(void *ctx, const struct hold_say *s)
{
	int r = s->router[1] - '0', a = s->cidr->addr.octet[3];

	(void)ctx;
	if (s->what == HOLD_SAY_DOWN && !up[r][a])
		die("is down, and was not up", NULL);
	if (s->what != HOLD_SAY_ERROR)
		up[r][a] = s->what == HOLD_SAY_UP;
}

static void
configure(const char *text)
{
	static struct record record;
	struct record_error bad;
	struct config_error e;
	struct config_result res;

	if (record_parse(&record, text, strlen(text), &bad) != 1)
		die(text, NULL);
	if (config_apply(&config, &record, &res, &e) == -1)
		return; /* removes what is not there */
	if (hold_configure(&keeper.hold, &res) == -1)
		die("no memory", NULL);
	keeper_ask_for_links(&keeper);
	k.removing = res.change == CONFIG_REMOVED;
	if (k.removing)
		keeper_act(&keeper, k.now);
	k.removing = false;
}

static void
reload(void)
{
	unsigned int r = dice(ROUTERS), a = dice(ADDRESSES), d = dice(2);
	const char *lease = a == 1 ? "none" : a == 2 ? "1s" : dice(2) ? "3s" : "5s";
	char text[128];

	switch (dice(8)) {
	case 0:
		snprintf(text, sizeof(text), "remove router r%u", r);
		break;
	case 1:
	case 2:
		snprintf(text, sizeof(text), "remove address r%u 10.%u.0.%u/24", r, r, a);
		break;
	case 3:
	case 4:
		snprintf(text, sizeof(text), "router r%u if=d%u vrid=%u", r, d, r + 1);
		break;
	default:
		snprintf(text, sizeof(text), "address r%u 10.%u.0.%u/24 dev=d%u lease=%s", r, r, a,
		    d, lease);
	}
	configure(text);
}

static void
elect(void)
{
	char name[] = {'r', (char)('0' + dice(ROUTERS)), '\0'};
	size_t i = config_find_router(&config, name);
	unsigned int what = dice(5);

	if (i == TABLE_NONE)
		return;
	if (what < 3)
		right[name[1] - '0'] = k.now;
	hold_state(&keeper.hold, i,
	    what < 3        ? HOLD_MASTER
		: what == 3 ? HOLD_LEAVING
			    : HOLD_IDLE,
	    k.now);
}

static void
advertise(void)
{
	for (size_t i = 0; i < config.n_routers; i++) {
		if (!config.router[i].used)
			continue;
		if (keeper.hold.router[i].state == HOLD_MASTER)
			right[config.router[i].name[1] - '0'] = k.now;
		hold_sent(&keeper.hold, i, k.now);
	}
}

/* Somebody with ip(8). */
static void
meddle(void)
{
	unsigned int r = dice(ROUTERS), a = dice(ADDRESSES), d = dice(2);
	struct rtnl_addr addr = {.cidr = {{4, {10, (uint8_t)r, 0, (uint8_t)a}}, 24},
	    .ifindex = k.dev[d].ifindex,
	    .valid = RTNL_FOREVER};
	struct have *h = find(&addr);

	if (h == NULL) {
		put(&addr);
	} else if (dice(2)) {
		take_away(h);
	} else {
		h->in_place |= h->addr.proto != 0;
		h->addr.proto = 0;
		h->expiry = INT64_MAX;
		tell_addr(&h->addr, false);
	}
}

static void
tell_link(int d, bool gone)
{
	tell(&(struct event){.is_link = true, .link = k.dev[d], .gone = gone});
}

static void
plug(int d)
{
	snprintf(k.dev[d].name, sizeof(k.dev[d].name), "d%d", d);
	if (!k.dev_there[d])
		k.dev[d].ifindex = ++k.last_index;
	k.dev_there[d] = true;
	tell_link(d, false);
}

static void
replug(void)
{
	int d = (int)dice(2);

	if (!k.dev_there[d] || k.dev[d].name[0] != 'd') {
		plug(d);
	} else if (dice(3) == 0) {
		k.dev[d].name[0] = 'z';
		tell_link(d, false);
	} else {
		for (size_t i = k.n; i-- > 0;)
			if (k.have[i].addr.ifindex == k.dev[d].ifindex)
				take_away(&k.have[i]);
		k.dev_there[d] = false;
		tell_link(d, true);
	}
}

static void
happen(void)
{
	unsigned int what = dice(100);

	if (what < 25)
		elect();
	else if (what < 50)
		advertise();
	else if (what < 65)
		meddle();
	else if (what < 72)
		replug();
	else if (what < 82)
		reload();
	else
		pass_time(dice(8) * 150 * NSEC_PER_MSEC);
}

/* ---- what must hold ---- */

static void
round_of(bool faults)
{
	k.faults = faults;
	if (keeper_read(&keeper) == -1)
		die("monitor", NULL);
	if (faults && dice(3) == 0)
		meddle(); /* after we have read, before we act */
	keeper_act(&keeper, k.now);
	hold_end_round(&keeper.hold, k.now);
}

static void
check_leases(void)
{
	for (size_t i = 0; i < k.n; i++) {
		const struct have *h = &k.have[i];
		int a = h->addr.cidr.addr.octet[3], r = h->addr.cidr.addr.octet[1];
		int64_t lease = (a == 2 ? 1 : 5) * NSEC_PER_SEC;

		if (h->addr.proto != 0 && h->expiry != INT64_MAX &&
		    h->expiry > right[r] + lease + NSEC_PER_SEC / 2)
			die("outlives its lease", &h->addr);
	}
}

static void
check_quiet(void)
{
	bool wanted[64] = {false};

	for (size_t i = 0; i < config.n_addresses; i++) {
		const struct config_address *a = &config.address[i];
		struct rtnl_addr addr = {
		    .cidr = a->cidr, .ifindex = k.dev[a->dev[1] - '0'].ifindex};
		bool there = k.dev_there[a->dev[1] - '0'], want;
		const struct have *h = find(&addr);

		if (!a->used)
			continue;
		want = keeper.hold.router[a->router].state == HOLD_MASTER;
		if (want && there && h == NULL)
			die("is missing", &addr);
		if (up[a->cidr.addr.octet[1]][a->cidr.addr.octet[3]] != (want && there))
			die("is not as it was said", &addr);
		if (want && h != NULL)
			wanted[h - k.have] = true;
	}
	for (size_t i = 0; i < k.n; i++)
		if (!wanted[i] && k.have[i].addr.proto != 0)
			die("is left behind", &k.have[i].addr);
}

static void
run(void)
{
	memset(&k, 0, sizeof(k));
	memset(&keeper, 0, sizeof(keeper));
	memset(up, 0, sizeof(up));
	memset(right, 0, sizeof(right));
	k.random = seed * 2654435761U;
	k.now = 1000 * NSEC_PER_SEC;
	k.room = dice(3) == 0 ? 6 : EVENTS;
	config_init(&config);
	hold_init(&keeper.hold, &config, on_say, NULL);
	plug(0);
	for (int i = 0; i < 30; i++)
		reload();
	for (int i = 0; i < 200; i++) {
		for (unsigned int n = dice(4); n > 0; n--)
			happen();
		round_of(true);
		check_leases();
	}
	plug(0);
	for (size_t i = 0; i < config.n_routers; i++)
		if (config.router[i].used && keeper.hold.router[i].state == HOLD_LEAVING)
			hold_state(&keeper.hold, i, HOLD_IDLE, k.now);
	for (int i = 0; i < 80; i++) {
		pass_time(100 * NSEC_PER_MSEC);
		advertise();
		round_of(false);
		check_leases();
	}
	k.dev_there[1] &= k.dev[1].name[0] == 'd';
	check_quiet();
	hold_free(&keeper.hold);
	config_free(&config);
}

int
main(int argc, char *argv[])
{
	unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

	for (seed = first; seed < first + runs; seed++)
		run();
	printf("%lu histories\n", runs);
	return 0;
}
