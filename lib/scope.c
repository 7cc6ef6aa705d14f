#include <stdlib.h>
#include <string.h>

#include "scope.h"
#include "setting.h"

void
scope_init(struct scope *s)
{
	*s = (struct scope){0};
	balance_init(&s->balance);
}

/* ---- the configuration ---- */

/* Room for n entries; new ones are zero. */
static int
make_room(void **array, size_t n, size_t *room, size_t size)
{
	size_t more = 2 * n;
	char *grown;

	if (n <= *room)
		return 0;
	grown = realloc(*array, more * size);
	if (grown == NULL)
		return -1;
	memset(grown + *room * size, 0, (more - *room) * size);
	*array = grown;
	*room = more;
	return 0;
}

/* For what one record can add at the most. */
static int
make_all_room(struct scope *s)
{
	return make_room((void **)&s->service, s->balance.n_services + 1, &s->service_room,
		   sizeof(*s->service)) == -1 ||
		make_room((void **)&s->server_line, s->balance.n_servers + 1, &s->server_room,
		    sizeof(*s->server_line)) == -1 ||
		make_room((void **)&s->gone, s->n_gone + 1, &s->gone_room, sizeof(*s->gone)) == -1
	    ? -1
	    : 0;
}

static void
touch(struct scope *s, size_t service, int64_t now)
{
	s->service[service].dirty = true;
	s->service[service].settled = false;
	s->service[service].heard = now;
}

static void
note_service(struct scope *s, const struct balance_result *res, const struct ipvs_service_id *old,
    uint32_t line, int64_t now)
{
	const struct ipvs_service_id *id = &s->balance.service[res->index].ipvs.id;

	if (res->change == CONFIG_REMOVED) {
		s->gone[s->n_gone++] = *id;
		return;
	}
	if (res->change == CONFIG_ADDED) {
		s->service[res->index] = (struct scope_service){0};
		s->stale |= s->have != NULL && ipvs_table_find(s->have, id) != NULL;
	} else if (memcmp(old, id, sizeof(*old)) != 0) {
		s->gone[s->n_gone++] = *old;
		s->stale = true;
	}
	s->service[res->index].line = line;
	if (res->change != CONFIG_SAME)
		touch(s, res->index, now);
}

static void
note_server(struct scope *s, const struct balance_result *res, uint32_t line, int64_t now)
{
	size_t service = s->balance.server[res->index].service;

	s->server_line[res->index] = line;
	if (res->change == CONFIG_SAME)
		return;
	s->service[service].emptied =
	    res->change == CONFIG_REMOVED && s->balance.service[service].n_servers == 0;
	touch(s, service, now);
}

int
scope_configure(
    struct scope *s, const struct record *r, uint32_t line, int64_t now, struct config_error *e)
{
	const char *name = record_operand(r, 0);
	struct ipvs_service_id old = {0};
	struct balance_result res;
	size_t i;

	if (make_all_room(s) == -1)
		return setting_refuse(e, r->kind, "no memory");
	if (strcmp(r->kind, "service") == 0 && name != NULL &&
	    (i = balance_find_service(&s->balance, name)) != TABLE_NONE)
		old = s->balance.service[i].ipvs.id;
	if (balance_apply(&s->balance, r, &res, e) == -1)
		return -1;
	switch (res.kind) {
	case BALANCE_SERVICE:
		note_service(s, &res, &old, line, now);
		break;
	case BALANCE_SERVER:
		note_server(s, &res, line, now);
		break;
	case BALANCE_SYNC:
		if (res.change == CONFIG_REMOVED)
			s->stop = IP_VS_STATE_MASTER | IP_VS_STATE_BACKUP;
		s->settings = true;
		break;
	case BALANCE_TIMEOUTS:
		s->settings = true;
		break;
	case BALANCE_CHECK:
	case BALANCE_OTHER:
		break;
	}
	return 0;
}

int
scope_configure_line(struct scope *s, const char *text, size_t len, uint32_t line, int64_t now,
    struct config_error *e)
{
	static struct record r;
	struct record_error bad = {0};
	struct record_out out;
	char name[IPVS_NAME_STRLEN];
	struct ipvs_line l;
	size_t twin;

	if (ipvs_line_parse(&l, text, len, &bad) == -1)
		return setting_refuse(e, bad.word, bad.reason);
	ipvs_name_format(&l.service.id, name);
	twin = balance_find_service_id(&s->balance, &l.service.id);
	if (twin != TABLE_NONE)
		strcpy(name, s->balance.service[twin].name);
	if (l.has_server)
		ipvs_put_server(&out, name, &l.server);
	else
		ipvs_put_service(&out, name, &l.service);
	if (record_parse(&r, out.text, record_end(&out), &bad) != 1)
		return setting_refuse(e, bad.word, bad.reason);
	return scope_configure(s, &r, line, now, e);
}

/* ---- pools and elections ---- */

void
scope_pool(struct scope *s, const char *service, const char *state)
{
	size_t i = service != NULL ? balance_find_service(&s->balance, service) : TABLE_NONE;

	if (i == TABLE_NONE || state == NULL)
		return;
	s->service[i].dirty = s->service[i].settled = true;
	if (strcmp(state, "down") == 0 && s->balance.service[i].n_servers == 0)
		s->service[i].emptied = true;
}

static struct scope_router *
find_router(const struct scope *s, const char *name)
{
	for (size_t i = 0; i < s->n_routers; i++)
		if (strcmp(s->router[i].name, name) == 0)
			return &s->router[i];
	return NULL;
}

int
scope_state(struct scope *s, const char *router, const char *state)
{
	struct scope_router *x, *grown;

	if (router == NULL || state == NULL || strlen(router) >= CONFIG_NAME_MAX)
		return 0;
	if ((x = find_router(s, router)) == NULL) {
		if (s->n_routers == CONFIG_ROUTERS_MAX)
			return 0;
		grown = realloc(s->router, (s->n_routers + 1) * sizeof(*grown));
		if (grown == NULL)
			return -1;
		s->router = grown;
		x = &grown[s->n_routers++];
		strcpy(x->name, router);
	}
	/* LEAVING: its addresses are still served. */
	x->holds = strcmp(state, "MASTER") == 0 || strcmp(state, "LEAVING") == 0;
	for (size_t i = 0; i < s->balance.n_services; i++)
		if (s->balance.service[i].used && strcmp(s->balance.service[i].holder, router) == 0)
			s->service[i].dirty = true;
	for (size_t i = 0; i < s->balance.n_syncs; i++)
		s->settings |= strcmp(s->balance.sync[i].router, router) == 0;
	return 0;
}

/* ---- what follows from it ---- */

bool
scope_has(void *scope, const struct ipvs_service_id *id)
{
	const struct scope *s = scope;

	if (balance_find_service_id(&s->balance, id) != TABLE_NONE)
		return true;
	for (size_t i = 0; i < s->n_gone; i++)
		if (ipvs_id_compare(&s->gone[i], id) == 0)
			return true;
	return false;
}

int
scope_wants(const struct scope *s, size_t service)
{
	const char *holder = s->balance.service[service].holder;
	const struct scope_router *x;

	if (holder[0] == '\0' || s->by_hand)
		return 1;
	x = find_router(s, holder);
	return x == NULL ? -1 : x->holds;
}

bool
scope_is_quiet(const struct scope *s, size_t service, int64_t now)
{
	const struct scope_service *x = &s->service[service];

	return x->settled || now - x->heard >= SCOPE_QUIET;
}

bool
scope_is_dirty(const struct scope *s)
{
	for (size_t i = 0; i < s->balance.n_services; i++)
		if (s->balance.service[i].used && s->service[i].dirty)
			return true;
	return false;
}

static uint8_t
role_of(const struct scope *s, const struct balance_sync *d)
{
	const struct scope_router *x;

	if (d->router[0] == '\0')
		return d->daemon.roles;
	if (s->by_hand)
		return 0;
	x = find_router(s, d->router);
	return x != NULL && x->holds ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP;
}

uint8_t
scope_roles(const struct scope *s, uint8_t roles[BALANCE_SYNCS_MAX])
{
	uint8_t stop = s->stop;

	for (size_t i = 0; i < s->balance.n_syncs; i++) {
		const struct balance_sync *d = &s->balance.sync[i];

		roles[i] = role_of(s, d);
		if (d->used && d->router[0] != '\0' && !s->by_hand)
			stop = IP_VS_STATE_MASTER | IP_VS_STATE_BACKUP;
	}
	return stop;
}

int64_t
scope_next(const struct scope *s)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < s->balance.n_services; i++)
		if (s->balance.service[i].used && s->service[i].dirty && scope_wants(s, i) != -1 &&
		    s->service[i].heard + SCOPE_QUIET < due)
			due = s->service[i].heard + SCOPE_QUIET;
	return due;
}
