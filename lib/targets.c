#include <stdlib.h>
#include <string.h>

#include "setting.h"
#include "targets.h"

struct key {
	size_t check;
	struct endpoint at;
};

static bool
same_key(const void *owner, size_t index, const void *key, size_t len)
{
	const struct targets *ts = owner;
	const struct target *t = ts->target[index];
	const struct key *k = key;

	(void)len;
	return t->check == k->check && t->probe.port == k->at.port &&
	    addr_compare(&t->probe.addr, &k->at.addr) == 0;
}

static void
fill_key(struct key *k, size_t check, const struct addr *addr, uint16_t port)
{
	memset(k, 0, sizeof(*k));
	k->check = check;
	k->at.addr = *addr;
	k->at.port = port;
}

void
targets_init(struct targets *ts)
{
	balance_init(&ts->balance);
	table_init(&ts->by_key, same_key, ts);
}

/* ---- checks ---- */

static void
fill_settings(struct probe_check *p, const struct balance_check *x)
{
	p->every = x->every;
	p->fastinter = x->fastinter;
	p->timeout = x->timeout;
	p->rise = x->rise;
	p->fall = x->fall;
	p->src = x->src;
	memcpy(p->ifname, x->ifname, sizeof(p->ifname));
	p->mark = x->mark;
	p->connect = x->connect.addr;
	p->port = x->connect.port;
}

static void
each_target(struct targets *ts, size_t check, void (*act)(struct probe *, struct probe_target *))
{
	for (size_t i = 0; i < ts->n_targets; i++)
		if (ts->target[i]->check == check)
			act(ts->probe, &ts->target[i]->probe);
}

static void
forget_check(struct targets *ts, size_t i)
{
	struct target_check *c = i < ts->n_checks ? ts->check[i] : NULL;

	if (c == NULL || !c->mine)
		return;
	each_target(ts, i, probe_pause);
	if (ts->cmd->forget != NULL)
		ts->cmd->forget(ts->cmd->protocol_ctx, c->probe.own);
	c->probe.own = NULL;
	c->mine = false;
}

static struct target_check *
check_at(struct targets *ts, size_t i)
{
	if (i >= ts->n_checks) {
		size_t n = ts->n_checks == 0 ? 16 : 2 * ts->n_checks;
		struct target_check **grown;

		n = n > i ? n : i + 1;
		grown = reallocarray(ts->check, n, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		memset(grown + ts->n_checks, 0, (n - ts->n_checks) * sizeof(*grown));
		ts->check = grown;
		ts->n_checks = n;
	}
	if (ts->check[i] == NULL)
		ts->check[i] = calloc(1, sizeof(*ts->check[i]));
	return ts->check[i];
}

/* A check has been added or edited. */
static int
take_check(struct targets *ts, size_t i, struct config_error *e, int64_t clock)
{
	const struct balance_check *x = &ts->balance.check[i];
	struct target_check *c = check_at(ts, i);
	void *own = NULL;

	if (c == NULL) {
		*e = (struct config_error){.word = "check", .reason = "no memory"};
		return -1;
	}
	if (x->method == ts->method && ts->cmd->prepare != NULL &&
	    ts->cmd->prepare(ts->cmd->protocol_ctx, x, &own, e) == -1)
		return -1;
	forget_check(ts, i);
	if (x->method != ts->method)
		return 0;
	fill_settings(&c->probe, x);
	c->probe.own = own;
	c->mine = true;
	for (size_t j = 0; j < ts->n_targets; j++)
		if (ts->target[j]->check == i)
			probe_renew(ts->probe, &ts->target[j]->probe, clock);
	return 0;
}

/* A server that is new somewhere may be asked already, for another service: who decides of it has
 * still to be told. */
static void
repeat_verdicts(struct targets *ts, size_t server)
{
	const struct endpoint *at = &ts->balance.server[server].ipvs.at;
	size_t place = 0, check;

	while (balance_next_check(&ts->balance, server, &place, &check)) {
		struct key k;
		size_t i;

		fill_key(&k, check, &at->addr, at->port);
		i = table_find(&ts->by_key, &k, sizeof(k));
		if (i != TABLE_NONE)
			ts->target[i]->probe.again = true;
	}
}

/* The check= that a `service` or `server` record is about to edit; "" for none. */
static const char *
old_checks(const struct targets *ts, const struct record *r)
{
	const struct balance *b = &ts->balance;
	const char *name = record_operand(r, 0), *at = record_operand(r, 1), *list = NULL;
	struct config_error e;
	size_t i;

	if (name != NULL && strcmp(r->kind, "service") == 0) {
		i = balance_find_service(b, name);
		list = i != TABLE_NONE ? b->service[i].checks : NULL;
	} else if (name != NULL && at != NULL && strcmp(r->kind, "server") == 0) {
		i = balance_find_operands(b, name, at, &e);
		list = i != TABLE_NONE ? b->server[i].checks : NULL;
	}
	return list != NULL ? list : "";
}

static void
repeat_where_new(struct targets *ts, const struct balance_result *res, const char *old)
{
	const struct balance *b = &ts->balance;
	const char *list;

	if (res->change == CONFIG_REMOVED)
		return;
	if (res->kind == BALANCE_SERVER) {
		list = b->server[res->index].checks;
		if (res->change == CONFIG_ADDED || strcmp(list != NULL ? list : "", old) != 0)
			repeat_verdicts(ts, res->index);
	} else if (res->kind == BALANCE_SERVICE) {
		list = b->service[res->index].checks;
		if (strcmp(list != NULL ? list : "", old) == 0)
			return;
		for (size_t i = b->service[res->index].first; i != TABLE_NONE;
		     i = b->server[i].next)
			repeat_verdicts(ts, i);
	}
}

int
targets_apply(struct targets *ts, const struct record *r, struct config_error *e, int64_t clock)
{
	struct balance_result res;
	char *old = strdup(old_checks(ts, r));

	if (old == NULL)
		return setting_refuse(e, r->kind, "no memory");
	if (balance_apply(&ts->balance, r, &res, e) == -1) {
		free(old);
		return -1;
	}
	if (res.kind != BALANCE_OTHER && res.change != CONFIG_SAME) {
		ts->dirty = true;
		repeat_where_new(ts, &res, old);
	}
	free(old);
	if (res.kind != BALANCE_CHECK || res.change == CONFIG_SAME)
		return 0;
	if (res.change != CONFIG_REMOVED)
		return take_check(ts, res.index, e, clock);
	/* its place may be another's before the batch is over */
	forget_check(ts, res.index);
	return targets_settle(ts, clock);
}

/* ---- targets ---- */

static int
make_room(struct targets *ts)
{
	size_t room = ts->room == 0 ? 16 : 2 * ts->room;
	struct target **grown;

	if (ts->n_targets < ts->room)
		return 0;
	grown = reallocarray(ts->target, room, sizeof(*grown));
	if (grown == NULL)
		return -1;
	ts->target = grown;
	ts->room = room;
	return 0;
}

static int
want(struct targets *ts, size_t check, const struct endpoint *at, int64_t clock)
{
	struct target *t;
	struct key k;
	size_t i;

	fill_key(&k, check, &at->addr, at->port);
	i = table_find(&ts->by_key, &k, sizeof(k));
	if (i != TABLE_NONE) {
		ts->target[i]->seen = ts->round;
		return 0;
	}
	if (make_room(ts) == -1 || (t = calloc(1, sizeof(*t))) == NULL)
		return -1;
	t->check = check;
	t->seen = ts->round;
	t->probe.check = &ts->check[check]->probe;
	t->probe.addr = at->addr;
	t->probe.port = at->port;
	ts->target[ts->n_targets] = t;
	if (table_put(&ts->by_key, &k, sizeof(k), ts->n_targets) == -1 ||
	    probe_add(ts->probe, &t->probe, clock, ts->at_once) == -1)
		return -1; /* which ends the command */
	ts->n_targets++;
	return 0;
}

static int
want_servers(struct targets *ts, int64_t clock)
{
	const struct balance *b = &ts->balance;

	for (size_t i = 0; i < b->n_servers; i++) {
		size_t at = 0, check;

		if (!b->server[i].used)
			continue;
		while (balance_next_check(b, i, &at, &check)) {
			if (check == TABLE_NONE || check >= ts->n_checks ||
			    ts->check[check] == NULL || !ts->check[check]->mine ||
			    b->check[check].has_target)
				continue;
			ts->check[check]->named = true;
			if (want(ts, check, &b->server[i].ipvs.at, clock) == -1)
				return -1;
		}
	}
	return 0;
}

/* A program that no server names is asked about itself. */
static int
want_checks(struct targets *ts, int64_t clock)
{
	static const struct endpoint nobody;
	const struct balance *b = &ts->balance;

	for (size_t i = 0; i < b->n_checks; i++) {
		const struct target_check *c = i < ts->n_checks ? ts->check[i] : NULL;

		if (!b->check[i].used || c == NULL || !c->mine)
			continue;
		if (b->check[i].has_target && want(ts, i, &b->check[i].target, clock) == -1)
			return -1;
		if (!b->check[i].has_target && !c->named && ts->method == BALANCE_EXEC &&
		    want(ts, i, &nobody, clock) == -1)
			return -1;
	}
	return 0;
}

static void
sweep(struct targets *ts)
{
	size_t n = 0;

	for (size_t i = 0; i < ts->n_targets; i++) {
		struct target *t = ts->target[i];

		if (t->seen == ts->round) {
			ts->target[n++] = t;
			continue;
		}
		probe_remove(ts->probe, &t->probe);
		free(t);
	}
	if (n == ts->n_targets)
		return;
	ts->n_targets = n;
	table_clear(&ts->by_key);
	for (size_t i = 0; i < n; i++) { /* there is room: it held more */
		const struct target *t = ts->target[i];
		struct key k;

		fill_key(&k, t->check, &t->probe.addr, t->probe.port);
		table_put(&ts->by_key, &k, sizeof(k), i);
	}
}

int
targets_settle(struct targets *ts, int64_t clock)
{
	if (!ts->dirty)
		return 0;
	ts->dirty = false;
	ts->round++;
	for (size_t i = 0; i < ts->n_checks; i++)
		if (ts->check[i] != NULL)
			ts->check[i]->named = false;
	if (want_servers(ts, clock) == -1 || want_checks(ts, clock) == -1)
		return -1;
	sweep(ts);
	return 0;
}

const char *
target_check_name(const struct targets *ts, const struct probe_target *t)
{
	return ts->balance.check[((const struct target *)t)->check].name;
}

void
target_format(const struct probe_target *t, char *out)
{
	struct endpoint at = {.addr = t->addr, .port = t->port};

	if (at.addr.family == 0)
		strcpy(out, "-");
	else
		endpoint_format(&at, out);
}
_Static_assert(offsetof(struct target, probe) == 0, "a probe_target is its target");
