#include <errno.h>

#include "keeper.h"
#include "parse.h"

#define RECONCILE_EVERY (5 * NSEC_PER_SEC)
#define LOOK_AFTER      (100 * NSEC_PER_MSEC) /* a flood of events costs ten dumps a second */
#define READ_MAX        1024                  /* datagrams before others have their turn */
#define PLANS_MAX       4

static void
on_addr(void *ctx, const struct rtnl_addr *a, bool gone)
{
	hold_addr(ctx, a, gone);
}

static void
on_link(void *ctx, const struct rtnl_link *l, bool gone)
{
	hold_link(ctx, l, gone);
}

int
keeper_open(struct keeper *k)
{
	return rtnl_open(&k->request);
}

int
keeper_open_monitor(struct keeper *k)
{
	return rtnl_may_change(&k->request) == -1 ? -1 : rtnl_open_monitor(&k->monitor);
}

void
keeper_ask_for_link(struct keeper *k, const char *name)
{
	struct rtnl_link l;

	if (rtnl_get_link(&k->request, name, &l) == 0)
		hold_link(&k->hold, &l, false);
	else if (errno == ENODEV)
		hold_no_dev(&k->hold, name);
}

void
keeper_ask_for_links(struct keeper *k)
{
	const char *name;

	while ((name = hold_unknown_dev(&k->hold)) != NULL)
		keeper_ask_for_link(k, name);
}

static void
look(struct keeper *k, int64_t now)
{
	struct rtnl_handler h = {.addr = on_addr, .ctx = &k->hold};

	k->look_at = now + LOOK_AFTER;
	k->reconcile = now + RECONCILE_EVERY;
	keeper_ask_for_links(k);
	hold_begin_look(&k->hold);
	k->look = rtnl_dump_addrs(&k->request, 0, &h) == -1;
	if (!k->look)
		hold_end_look(&k->hold);
}

/* Deletions first and backwards: the last address of a subnet went up last, and the end of the
 * first one is costly while others lean on it. */
static void
change(struct keeper *k)
{
	struct hold_op *op = k->hold.op;

	for (size_t i = k->hold.n_ops; i-- > 0;)
		if (op[i].change == RTNL_DELETE)
			rtnl_queue(&k->request, op[i].change, &op[i].addr, &op[i].error);
	for (size_t i = 0; i < k->hold.n_ops; i++)
		if (op[i].change != RTNL_DELETE)
			rtnl_queue(&k->request, op[i].change, &op[i].addr, &op[i].error);
	rtnl_commit(&k->request); /* every change has an answer of its own */
}

void
keeper_act(struct keeper *k, int64_t now)
{
	if (k->hold.n_holding == 0)
		k->reconcile = 0;
	else if (k->reconcile == 0)
		k->reconcile = now + RECONCILE_EVERY;
	else if (now >= k->reconcile)
		k->look = true;
	if (k->look && now >= k->look_at)
		look(k, now);
	if (!hold_is_due(&k->hold, now))
		return;
	for (int i = 0; i < PLANS_MAX && hold_plan(&k->hold, now) > 0; i++) {
		change(k);
		hold_done(&k->hold, now);
		if (k->hold.unclear)
			look(k, now);
	}
}

int
keeper_read(struct keeper *k)
{
	struct rtnl_handler h = {.addr = on_addr, .link = on_link, .ctx = &k->hold};
	unsigned int dev;
	int error, lost = 0;

	for (int i = 0, n = 1; i < READ_MAX && n != 0; i++) {
		n = rtnl_read(&k->monitor, &h);
		if (n == -1 && errno != ENOBUFS)
			return -1;
		if (n == -1) {
			hold_forget_devs(&k->hold);
			k->look = true;
			lost = 1;
		}
	}
	while ((dev = hold_unshielded_dev(&k->hold)) != 0) {
		rtnl_queue_promote(&k->request, dev, &error);
		rtnl_commit(&k->request);
	}
	return lost;
}

int64_t
keeper_due(const struct keeper *k)
{
	int64_t due = k->hold.next;

	if (k->look && k->look_at < due)
		due = k->look_at;
	if (k->hold.n_holding > 0 && k->reconcile < due)
		due = k->reconcile;
	return due;
}
