#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile.h"

/* Ten thousand of them are touched and so are to be small: what a service's servers share is once
 * in reconcile.service. */
struct reconcile_change {
	enum ipvs_op op;
	bool has_service, has_server, is_daemon;
	int error;
	uint32_t tag, service;
	union {
		struct ipvs_server server;
		struct {
			const char *name; /* the configuration's, or a literal */
			struct ipvs_daemon daemon;
			struct ipvs_timeouts timeouts;
		} setting;
	};
};

static struct reconcile_change *
add_change(struct reconcile *r, enum ipvs_op op, uint32_t tag)
{
	size_t room = r->room == 0 ? 64 : 2 * r->room;
	struct reconcile_change *grown;

	if (r->n == r->room) {
		grown = realloc(r->change, room * sizeof(*grown));
		if (grown == NULL) {
			r->no_memory = true;
			return NULL;
		}
		r->change = grown;
		r->room = room;
	}
	grown = &r->change[r->n++];
	memset(grown, 0, sizeof(*grown));
	grown->op = op;
	grown->tag = tag;
	return grown;
}

/* Where a service is in r->service, put there unless it is the last. */
static int
put_service(struct reconcile *r, const struct ipvs_service *s, uint32_t *at)
{
	struct ipvs_service *grown;

	if (r->n_services == 0 || memcmp(&r->service[r->n_services - 1], s, sizeof(*s)) != 0) {
		if (r->n_services == r->service_room) {
			size_t room = r->n_services == 0 ? 64 : 2 * r->n_services;

			grown = realloc(r->service, room * sizeof(*grown));
			if (grown == NULL)
				return -1;
			r->service = grown;
			r->service_room = room;
		}
		r->service[r->n_services++] = *s;
	}
	*at = (uint32_t)r->n_services - 1;
	return 0;
}

static void
queue_change(void *ctx, const struct ipvs_change *c)
{
	struct reconcile *r = ctx;
	struct reconcile_change *x = add_change(r, c->op, c->tag);

	if (x == NULL)
		return;
	if (put_service(r, c->service, &x->service) == -1) {
		r->no_memory = true;
		r->n--;
		return;
	}
	x->has_service = true;
	x->has_server = c->server != NULL;
	if (x->has_server)
		x->server = *c->server;
	if (c->item != NULL && c->op == IPVS_EDIT)
		c->item->drained = 0;
}

/* ---- draining ---- */

/* Whether a server that is to go may go now. If not, it gets no more connections. */
static bool
is_drained(struct reconcile *r, const struct ipvs_change *c)
{
	struct ipvs_item *item = c->item;
	struct ipvs_server quiet = item->server;
	struct ipvs_change edit = *c;

	if (item->server.weight == 0 && item->stats.active + item->stats.inactive == 0)
		return true;
	if (item->drained != 0 && r->now >= item->drained)
		return true;
	if (item->server.weight != 0) {
		quiet.weight = 0;
		edit.op = IPVS_EDIT;
		edit.server = &quiet;
		queue_change(r, &edit);
	}
	if (item->drained == 0)
		item->drained = r->now + r->drain;
	r->draining = true;
	return false;
}

static void
on_change(void *ctx, const struct ipvs_change *c)
{
	struct reconcile *r = ctx;
	struct ipvs_change server = *c;
	struct ipvs_row *row;
	bool done = true;

	if (c->op == IPVS_REMOVE && r->drain != 0 && c->server != NULL) {
		if (!is_drained(r, c))
			return;
	} else if (c->op == IPVS_REMOVE && r->drain != 0) {
		row = ipvs_table_find(&r->have, &c->service->id);
		for (size_t i = 0; row != NULL && i < row->n; i++) {
			server.item = &row->item[i];
			server.server = &row->item[i].server;
			done &= is_drained(r, &server);
		}
		if (!done)
			return;
	}
	queue_change(r, c);
}

int
reconcile_read(struct reconcile *r, director_want *want, void *ctx)
{
	struct ipvs_table old = r->have;

	r->have = (struct ipvs_table){0};
	if (director_read(&r->director, &r->have, want, ctx) == -1) {
		ipvs_table_free(&old);
		return -1;
	}
	for (size_t i = 0; r->draining && i < old.n; i++) {
		struct ipvs_row *row = ipvs_table_find(&r->have, &old.row[i].service.id);

		for (size_t j = 0; row != NULL && j < old.row[i].n; j++) {
			struct ipvs_item *before = &old.row[i].item[j];
			struct ipvs_item *item = ipvs_row_find(row, &before->server.at);

			if (item != NULL)
				item->drained = before->drained;
		}
	}
	r->draining = false;
	ipvs_table_free(&old);
	return 0;
}

/* ---- services ---- */

/* What is configured, with the kernel's thresholds where they are to be kept. */
static struct ipvs_server
resolve(const struct ipvs_row *have, const struct ipvs_server *want)
{
	const struct ipvs_item *item =
	    want->keep != 0 && have != NULL ? ipvs_row_find(have, &want->at) : NULL;
	struct ipvs_server x = *want;

	if (item != NULL && (x.keep & IPVS_KEEP_UPPER))
		x.upper = item->server.upper;
	if (item != NULL && (x.keep & IPVS_KEEP_LOWER))
		x.lower = item->server.lower;
	x.keep = 0;
	return x;
}

void
reconcile_service(struct reconcile *r, size_t service, bool remove, bool emptied)
{
	const struct balance *b = &r->scope->balance;
	const struct balance_service *s = &b->service[service];
	struct ipvs_row *have = ipvs_table_find(&r->have, &s->ipvs.id);
	struct ipvs_row *want = &r->want; /* its room is used again */

	want->service = s->ipvs;
	want->tag = r->scope->service[service].line;
	want->n = 0;
	for (size_t i = s->first; i != TABLE_NONE; i = b->server[i].next) {
		struct ipvs_server x = resolve(have, &b->server[i].ipvs);

		if (ipvs_row_add(want, &x, r->scope->server_line[i]) == NULL)
			r->no_memory = true;
	}
	if (r->no_memory)
		return;
	ipvs_row_sort(want);
	if (remove && !emptied && have != NULL && want->n < r->min_servers && have->n > want->n) {
		if (r->keep != NULL)
			r->keep(r->ctx, s->name, want->n, have->n);
		remove = false;
	}
	ipvs_diff_row(have, want, remove, on_change, r);
}

bool
reconcile_would_empty(const struct reconcile *r, size_t service)
{
	const struct balance_service *s = &r->scope->balance.service[service];
	const struct ipvs_row *have = ipvs_table_find(&r->have, &s->ipvs.id);

	return have != NULL && s->n_servers < r->min_servers && have->n > s->n_servers;
}

void
reconcile_absent(struct reconcile *r, const struct ipvs_service_id *id)
{
	ipvs_diff_row(ipvs_table_find(&r->have, id), NULL, true, on_change, r);
}

/* ---- daemons and timeouts ---- */

static bool
daemon_is_same(const struct ipvs_daemon *have, const struct ipvs_daemon *want)
{
	return have->id == want->id && strcmp(have->ifname, want->ifname) == 0 &&
	    addr_compare(&have->group, &want->group) == 0 && have->port == want->port &&
	    have->ttl == want->ttl && (want->maxlen == 0 || have->maxlen == want->maxlen);
}

static void
queue_daemon(struct reconcile *r, enum ipvs_op op, const char *name, const struct ipvs_daemon *d,
    uint8_t role)
{
	struct reconcile_change *x = add_change(r, op, 0);

	if (x == NULL)
		return;
	x->is_daemon = true;
	x->setting.name = name;
	x->setting.daemon = *d;
	x->setting.daemon.roles = role;
}

/* The kernel knows no edit of a daemon: another one ends and starts. */
static void
reconcile_role(struct reconcile *r, const uint8_t *roles, uint8_t role, bool stop,
    const struct ipvs_daemon *have)
{
	const struct balance *b = &r->scope->balance;
	const struct balance_sync *want = NULL;

	for (size_t i = 0; i < b->n_syncs; i++)
		if (b->sync[i].used && (roles[i] & role))
			want = &b->sync[i];
	if (want == NULL && have->roles != 0 && stop)
		queue_daemon(
		    r, IPVS_REMOVE, role == IP_VS_STATE_MASTER ? "master" : "backup", have, role);
	if (want == NULL || (have->roles != 0 && daemon_is_same(have, &want->daemon)))
		return;
	if (have->roles != 0)
		queue_daemon(r, IPVS_REMOVE, want->name, have, role);
	queue_daemon(r, IPVS_ADD, want->name, &want->daemon, role);
}

static void
reconcile_timeouts(struct reconcile *r, const struct ipvs_timeouts *have)
{
	const struct balance_timeouts *t = r->scope->balance.timeouts;
	struct reconcile_change *x;

	if (r->scope->balance.n_timeouts == 0 || !t->used ||
	    ((t->ipvs.tcp == 0 || t->ipvs.tcp == have->tcp) &&
		(t->ipvs.tcpfin == 0 || t->ipvs.tcpfin == have->tcpfin) &&
		(t->ipvs.udp == 0 || t->ipvs.udp == have->udp)))
		return;
	if ((x = add_change(r, IPVS_EDIT, 0)) == NULL)
		return;
	x->setting.name = t->name;
	x->setting.timeouts = t->ipvs;
}

int
reconcile_settings(struct reconcile *r, const uint8_t *roles, uint8_t stop)
{
	struct ipvs_daemon daemon[2];
	struct ipvs_timeouts timeouts;

	if (director_daemons(&r->director, daemon) == -1 ||
	    director_timeouts(&r->director, &timeouts) == -1)
		return -1;
	reconcile_role(r, roles, IP_VS_STATE_MASTER, (stop & IP_VS_STATE_MASTER) != 0, &daemon[0]);
	reconcile_role(r, roles, IP_VS_STATE_BACKUP, (stop & IP_VS_STATE_BACKUP) != 0, &daemon[1]);
	reconcile_timeouts(r, &timeouts);
	return 0;
}

/* ---- sending ---- */

static void
send_change(struct reconcile *r, struct reconcile_change *x)
{
	struct ipvs_change c = {.op = x->op, .server = x->has_server ? &x->server : NULL};

	if (x->has_service)
		c.service = &r->service[x->service];
	if (x->has_service)
		director_queue(&r->director, &c, &x->error);
	else if (x->is_daemon)
		director_queue_daemon(
		    &r->director, x->op, &x->setting.daemon, x->setting.daemon.roles, &x->error);
	else
		director_queue_timeouts(&r->director, &x->setting.timeouts, &x->error);
}

/* What was done to services is done to the table that was read: first the services, as those
 * that are added are not in their place before it is sorted. */
static void
keep_services(struct reconcile *r)
{
	struct ipvs_row *row;
	bool added = false;

	for (size_t i = 0; i < r->n; i++) {
		struct reconcile_change *x = &r->change[i];

		if (!x->has_service || x->has_server || x->error != 0 || x->op == IPVS_ADD)
			continue;
		row = ipvs_table_find(&r->have, &r->service[x->service].id);
		if (row == NULL)
			continue;
		row->service = r->service[x->service];
		if (x->op == IPVS_REMOVE) {
			ipvs_row_free(row);
			memmove(row, row + 1,
			    (size_t)(r->have.row + r->have.n - row - 1) * sizeof(*row));
			r->have.n--;
		}
	}
	for (size_t i = 0; i < r->n; i++) {
		struct reconcile_change *x = &r->change[i];

		if (!x->has_service || x->has_server || x->error != 0 || x->op != IPVS_ADD)
			continue;
		added = true;
		if (ipvs_table_add(&r->have, &r->service[x->service], 0) == NULL)
			r->no_memory = true;
	}
	if (added)
		ipvs_table_sort(&r->have);
}

static void
keep_edited(struct ipvs_row *row, const struct reconcile_change *x)
{
	struct ipvs_item *item = ipvs_row_find(row, &x->server.at);

	if (item == NULL)
		return;
	if (x->op == IPVS_EDIT) {
		item->server = x->server;
	} else {
		memmove(item, item + 1, (size_t)(row->item + row->n - item - 1) * sizeof(*item));
		row->n--;
	}
}

/* What is added goes to the end of its row, which is sorted when all of it is there. */
static void
keep_servers(struct reconcile *r, bool added)
{
	struct ipvs_row *last = NULL;

	for (size_t i = 0; i < r->n; i++) {
		struct reconcile_change *x = &r->change[i];
		struct ipvs_row *row;

		if (!x->has_server || x->error != 0 || (x->op == IPVS_ADD) != added ||
		    (row = ipvs_table_find(&r->have, &r->service[x->service].id)) == NULL)
			continue;
		if (!added)
			keep_edited(row, x);
		else if (ipvs_row_add(row, &x->server, 0) == NULL)
			r->no_memory = true;
		if (added && last != NULL && last != row)
			ipvs_row_sort(last);
		last = row;
	}
	if (added && last != NULL)
		ipvs_row_sort(last);
}

static void
say_all(struct reconcile *r, int *failed)
{
	const struct balance *b = &r->scope->balance;
	char name[IPVS_NAME_STRLEN];

	for (size_t i = 0; i < r->n; i++) {
		struct reconcile_change *x = &r->change[i];
		struct reconcile_say s = {.op = x->op, .tag = x->tag, .error = x->error};

		if (x->has_service) {
			size_t at;

			s.service = &r->service[x->service];
			at = balance_find_service_id(b, &s.service->id);
			ipvs_name_format(&s.service->id, name);
			s.name = at != TABLE_NONE ? b->service[at].name : name;
		} else {
			s.name = x->setting.name;
		}
		s.server = x->has_server ? &x->server : NULL;
		s.daemon = x->is_daemon ? &x->setting.daemon : NULL;
		if (*failed == 0)
			*failed = x->error;
		r->say(r->ctx, &s);
	}
}

long
reconcile_commit(struct reconcile *r, int *failed)
{
	long n = (long)r->n;
	int result = 0, error = ENOMEM;

	*failed = 0;
	for (size_t i = 0; !r->dry_run && i < r->n; i++)
		send_change(r, &r->change[i]);
	if (!r->dry_run && r->n > 0 && (result = director_commit(&r->director)) == -1)
		error = errno;
	/* By hand it is read anew if it is looked at again. */
	if (!r->dry_run && !r->scope->by_hand) {
		keep_services(r);
		keep_servers(r, false);
		keep_servers(r, true);
	}
	say_all(r, failed);
	r->n = r->n_services = 0;
	if (r->no_memory)
		result = -1;
	r->no_memory = false;
	errno = error;
	return result == -1 ? -1 : n;
}

void
reconcile_free(struct reconcile *r)
{
	free(r->change);
	free(r->service);
	ipvs_row_free(&r->want);
	ipvs_table_free(&r->have);
	r->change = NULL;
	r->service = NULL;
	r->n = r->room = r->n_services = r->service_room = 0;
}
