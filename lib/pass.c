#include <errno.h>

#include "pass.h"

void
pass_init(struct pass *p)
{
	scope_init(&p->scope);
	p->scope.have = &p->reconcile.have;
	p->scope.stale = true;
	p->reconcile.scope = &p->scope;
}

/* ---- what is queued ---- */

static void
queue_services(struct pass *p, bool all)
{
	for (size_t i = 0; i < p->scope.balance.n_services; i++) {
		const struct balance_service *s = &p->scope.balance.service[i];
		struct scope_service *x = &p->scope.service[i];
		bool quiet = scope_is_quiet(&p->scope, i, p->reconcile.now);
		int wanted = scope_wants(&p->scope, i);

		if (!s->used || wanted == -1 || (!x->dirty && !all))
			continue;
		if (wanted == 1)
			reconcile_service(&p->reconcile, i, quiet, x->emptied && !p->guarded);
		else
			reconcile_absent(&p->reconcile, &s->ipvs.id);
		x->dirty = !quiet;
	}
}

/* A service that is gone stays on the list until the kernel has it no more. */
static void
queue_gone(struct pass *p)
{
	struct scope *s = &p->scope;
	size_t kept = 0;

	for (size_t i = 0; i < s->n_gone; i++) {
		const struct ipvs_service_id *id = &s->gone[i];

		if (balance_find_service_id(&s->balance, id) != TABLE_NONE ||
		    ipvs_table_find(&p->reconcile.have, id) == NULL)
			continue;
		reconcile_absent(&p->reconcile, id);
		s->gone[kept++] = *id;
	}
	s->n_gone = kept;
}

static void
queue_foreign(struct pass *p)
{
	const struct ipvs_table *have = &p->reconcile.have;

	for (size_t i = 0; i < have->n; i++)
		if (balance_find_service_id(&p->scope.balance, &have->row[i].service.id) ==
		    TABLE_NONE)
			reconcile_absent(&p->reconcile, &have->row[i].service.id);
}

static void
queue_settings(struct pass *p)
{
	uint8_t roles[BALANCE_SYNCS_MAX];
	uint8_t stop = scope_roles(&p->scope, roles);

	if (reconcile_settings(&p->reconcile, roles, stop) == -1)
		p->fail(p->ctx, "daemons", "not-read", errno);
	p->scope.stop = 0;
	p->scope.settings = false;
}

/* ---- as a filter ---- */

int
pass_read(struct pass *p)
{
	return reconcile_read(&p->reconcile, p->exclusive ? NULL : scope_has, &p->scope);
}

/* What is due is queued and sent. Returns false where the table was not what it was thought to be:
 * another pass, after it has been read. */
static bool
pass(struct pass *p, bool all)
{
	bool *stale = &p->scope.stale;
	int failed;

	if (*stale && pass_read(p) == -1) {
		p->fail(p->ctx, "table", "not-read", errno);
		return true;
	}
	all |= p->reconcile.draining;
	*stale = false;
	queue_services(p, all);
	queue_gone(p);
	if (p->repairing && p->exclusive && !scope_is_dirty(&p->scope)) /* more may be named yet */
		queue_foreign(p);
	if (p->scope.settings)
		queue_settings(p);
	if (reconcile_commit(&p->reconcile, &failed) == -1) {
		p->fail(p->ctx, "table", "no-answer", errno);
		*stale = true;
		return true;
	}
	*stale = failed != 0;
	return failed != EEXIST && failed != ENOENT && failed != ESRCH;
}

int64_t
pass_round(struct pass *p)
{
	int64_t due;

	if ((p->repairing || p->scope.settings || p->scope.n_gone > 0 ||
		scope_is_dirty(&p->scope)) &&
	    !pass(p, p->repairing))
		pass(p, true);
	p->repairing = false;
	due = scope_next(&p->scope);
	return p->reconcile.draining && p->reconcile.now + PASS_DRAIN_LOOK < due
	    ? p->reconcile.now + PASS_DRAIN_LOOK
	    : due;
}

void
pass_wake(struct pass *p)
{
	p->scope.stale |= p->reconcile.draining;
	p->repairing |= p->reconcile.draining;
}

void
pass_repair(struct pass *p)
{
	p->scope.stale = p->scope.settings = p->repairing = true;
}

void
pass_end(struct pass *p)
{
	for (size_t i = 0; i < p->scope.balance.n_services; i++)
		p->scope.service[i].settled = true;
	p->repairing = p->exclusive;
	if (!pass(p, true))
		pass(p, true);
	if (p->exclusive && !pass(p, true))
		pass(p, true);
}

/* ---- by hand ---- */

bool
pass_would_empty(const struct pass *p, size_t *service)
{
	const struct balance *b = &p->scope.balance;
	size_t n = 0;

	for (*service = 0; *service < b->n_services; (*service)++) {
		if (!b->service[*service].used)
			continue;
		n++;
		if (reconcile_would_empty(&p->reconcile, *service))
			return true;
	}
	*service = TABLE_NONE;
	return p->exclusive && n == 0 && p->reconcile.have.n > 0 && p->reconcile.min_servers > 0;
}

int
pass_once(struct pass *p)
{
	int failed;

	for (size_t i = 0; i < p->scope.balance.n_services; i++)
		if (p->scope.balance.service[i].used)
			reconcile_service(&p->reconcile, i, true, false);
	if (p->exclusive)
		queue_foreign(p);
	if (p->scope.settings)
		queue_settings(p);
	return reconcile_commit(&p->reconcile, &failed) == -1 ? -1 : 0;
}
