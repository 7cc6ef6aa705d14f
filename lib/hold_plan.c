#include <errno.h>

#include "hold.h"
#include "parse.h"

/* What must be done: from what should be there and what is there to changes and words. */

static void
say(struct hold *h, const struct hold_entry *e, enum hold_word what, const char *reason, int error)
{
	const struct hold_dev *d = &h->dev[e->dev];
	struct hold_say s = {
	    .what = what,
	    .router = h->config->router[e->router].name,
	    .cidr = &e->addr.cidr,
	    .dev = d->name,
	    .mac = d->mac,
	    .reason = reason,
	    .error = error,
	};

	h->say(h->ctx, &s);
}

static void
say_up(struct hold *h, struct hold_entry *e)
{
	e->announce = false;
	e->said = true;
	say(h, e, HOLD_SAY_UP, NULL, 0);
}

static void
say_down(struct hold *h, struct hold_entry *e, const char *reason)
{
	if (e->said)
		say(h, e, HOLD_SAY_DOWN, reason, 0);
	e->said = false;
}

static void
warn_once(struct hold *h, struct hold_entry *e, const char *reason)
{
	if (!e->warned)
		say(h, e, HOLD_SAY_ERROR, reason, 0);
	e->warned = true;
}

static void
wait_for_retry(struct hold *h, size_t i)
{
	int64_t next = h->next;

	hold_touch(h, i);
	h->next = h->entry[i].retry < next ? h->entry[i].retry : next;
}

/* What is left of the right to hold, in whole seconds, the nearest: an address put back late in
 * its lease outlives it by half a second at most. */
static uint32_t
seconds_left(const struct hold *h, size_t i, int64_t now)
{
	int64_t lease = hold_lease(h, i);
	int64_t left = h->router[h->entry[i].router].renewed + lease - now;

	if (lease == 0)
		return RTNL_FOREVER;
	return left < NSEC_PER_SEC / 2 ? 0 : (uint32_t)((left + NSEC_PER_SEC / 2) / NSEC_PER_SEC);
}

static void
plan_op(struct hold *h, size_t i, enum rtnl_change change, uint32_t valid)
{
	struct hold_op *op = &h->op[h->n_ops++];

	*op = (struct hold_op){.change = change, .index = i, .addr = h->entry[i].addr};
	op->addr.valid = valid;
}

/* It is no longer there, or no longer ours to care for. */
static void
forget(struct hold *h, size_t i)
{
	struct hold_entry *e = &h->entry[i];

	say_down(h, e, NULL);
	e->there = HOLD_ABSENT;
	e->mine = false;
	e->retry = 0;
	e->warned = e->announce = e->settling = false;
	if (!e->edited)
		return;
	e->edited = false;
	if (hold_find_dev(h, h->config->address[i].dev, &e->dev) == 0)
		e->addr = hold_make_addr(h, i, e->dev);
	h->stale = true;
	hold_touch(h, i);
}

static void
plan_absent(struct hold *h, size_t i, int64_t now)
{
	struct hold_entry *e = &h->entry[i];
	const struct hold_dev *d = &h->dev[e->dev];
	uint32_t valid = seconds_left(h, i, now);

	if (d->ifindex == 0) {
		warn_once(h, e, "no-interface");
		say_down(h, e, "link");
	} else if (valid == 0) {
		say_down(h, e, "lease");
	} else if (now < e->retry) {
		wait_for_retry(h, i);
	} else {
		e->retry = now + HOLD_REPAIR_AFTER;
		plan_op(h, i, RTNL_ADD, valid);
	}
}

static void
plan_present(struct hold *h, size_t i, int64_t now)
{
	struct hold_entry *e = &h->entry[i];
	uint32_t valid = seconds_left(h, i, now);

	if (e->there == HOLD_FOREIGN)
		warn_once(h, e, "foreign");
	else if (e->renew && valid != 0)
		plan_op(h, i, RTNL_RENEW, valid);
	e->renew = false;
	if (e->announce && !e->settling)
		say_up(h, e);
}

static void
plan_withdrawn(struct hold *h, size_t i, int64_t now)
{
	struct hold_entry *e = &h->entry[i];

	if (e->there == HOLD_UNCLEAR)
		return;
	if (e->there == HOLD_FOREIGN || !e->mine)
		forget(h, i);
	else if (now < e->retry && e->used)
		wait_for_retry(h, i);
	else
		plan_op(h, i, RTNL_DELETE, 0);
}

static void
plan_renewals(struct hold *h)
{
	hold_index(h);
	for (size_t k = 0; k < h->n_due; k++) {
		struct hold_router *r = &h->router[h->due[k]];

		r->due = false;
		for (size_t i = r->first; i != TABLE_NONE; i = h->entry[i].next) {
			h->entry[i].renew |= hold_lease(h, i) != 0;
			if (h->entry[i].renew || h->entry[i].there != HOLD_OURS)
				hold_touch(h, i);
		}
	}
	h->n_due = 0;
}

bool
hold_is_due(const struct hold *h, int64_t now)
{
	return h->n_due > 0 || now >= h->next;
}

size_t
hold_plan(struct hold *h, int64_t now)
{
	size_t n;

	plan_renewals(h);
	n = h->n_touched;
	h->n_touched = h->n_ops = 0;
	h->next = INT64_MAX;
	for (size_t k = 0; k < n; k++) {
		size_t i = h->touched[k];
		struct hold_entry *e = &h->entry[i];

		e->touched = false;
		if (!hold_is_wanted(h, e))
			plan_withdrawn(h, i, now);
		else if (e->there == HOLD_ABSENT)
			plan_absent(h, i, now);
		else if (e->there != HOLD_UNCLEAR)
			plan_present(h, i, now);
	}
	return h->n_ops;
}

static void
retry_later(struct hold *h, const struct hold_op *op, int64_t now)
{
	struct hold_entry *e = &h->entry[op->index];

	say(h, e, HOLD_SAY_ERROR, op->error == EPERM ? "not-permitted" : "netlink", op->error);
	if (e->there == HOLD_ABSENT)
		say_down(h, e, op->error == ENODEV ? "link" : "netlink");
	e->retry = now + HOLD_RETRY_AFTER;
	wait_for_retry(h, op->index);
}

static void
op_done(struct hold *h, const struct hold_op *op, int64_t now)
{
	struct hold_entry *e = &h->entry[op->index];

	switch (op->change) {
	case RTNL_ADD:
		if (op->error == 0) {
			e->there = HOLD_OURS;
			e->mine = true;
			e->warned = e->renew = false;
			/* The kernel leaves the route of an IPv6 address to a work queue. */
			e->settling = op->addr.cidr.addr.family == 6;
			if (!e->settling)
				say_up(h, e);
		} else if (op->error == EEXIST || op->error == ENOBUFS) {
			e->there = HOLD_UNCLEAR;
			h->unclear = true;
		} else {
			retry_later(h, op, now);
		}
		break;
	case RTNL_RENEW:
		if (op->error != 0)
			say(h, e, HOLD_SAY_ERROR, "netlink", op->error);
		break;
	case RTNL_DELETE:
		if (op->error != 0 && op->error != EADDRNOTAVAIL && op->error != ENODEV && e->used)
			retry_later(h, op, now);
		else
			forget(h, op->index);
		break;
	}
}

void
hold_done(struct hold *h, int64_t now)
{
	for (size_t k = 0; k < h->n_ops; k++)
		op_done(h, &h->op[k], now);
	h->n_ops = 0;
}

void
hold_end_round(struct hold *h, int64_t now)
{
	h->round = now;
}
