#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "setting.h"

/* The place for a new entry: a hole where there is one, or at the end of the array, which grows
 * by doubling up to its limit. */
static size_t
free_entry(void **array, size_t *n, size_t size, size_t most, size_t *holes)
{
	char *grown;

	for (size_t i = 0; *holes > 0 && i < *n; i++) {
		if (!*(const bool *)((const char *)*array + i * size)) {
			(*holes)--;
			return i;
		}
	}
	if (*n == most)
		return TABLE_NONE;
	if ((*n & (*n - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
		grown = realloc(*array, (*n == 0 ? 1 : 2 * *n) * size);
		if (grown == NULL)
			return TABLE_NONE;
		*array = grown;
	}
	memset((char *)*array + *n * size, 0, size);
	return (*n)++;
}

#define FREE_ENTRY(b, what, count, kind, most)                                                     \
	free_entry((void **)&(b)->what, &(b)->count, sizeof(*(b)->what), most, &(b)->n_holes[kind])

_Static_assert(offsetof(struct balance_check, used) == 0 &&
	offsetof(struct balance_service, used) == 0 && offsetof(struct balance_server, used) == 0 &&
	offsetof(struct balance_sync, used) == 0 && offsetof(struct balance_timeouts, used) == 0,
    "free_entry looks there");

static bool
same_checks(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* ---- check ---- */

static int
apply_check(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e)
{
	struct balance_check x;
	size_t i;

	if (balance_read_check(r, &x, e) == -1)
		return -1;
	i = balance_find_check(b, x.name);
	if (i != TABLE_NONE) {
		struct balance_check *old = &b->check[i];

		res->change = memcmp(old, &x, offsetof(struct balance_check, text)) == 0 &&
			memcmp(old->text, x.text, x.text_len) == 0
		    ? CONFIG_SAME
		    : CONFIG_EDITED;
		free(old->text);
	} else {
		i = FREE_ENTRY(b, check, n_checks, BALANCE_CHECK, BALANCE_CHECKS_MAX);
		if (i == TABLE_NONE) {
			free(x.text);
			return setting_refuse(e, x.name, "too many checks");
		}
		free(b->check[i].text); /* of the hole */
		memcpy(&b->check[i], &x, sizeof(x));
		if (table_put(&b->check_by_name, x.name, strlen(x.name), i) == -1) {
			b->check[i].used = false;
			b->n_holes[BALANCE_CHECK]++;
			return setting_refuse(e, x.name, "no memory");
		}
		res->change = CONFIG_ADDED;
	}
	memcpy(&b->check[i], &x, sizeof(x));
	res->index = i;
	return 0;
}

/* ---- service ---- */

/* Whether all servers can live with what the service is to be; then (apply) they take it over. */
static int
inherit_all(struct balance *b, const struct balance_service *x, bool apply, struct config_error *e)
{
	for (size_t i = x->first; i != TABLE_NONE; i = b->server[i].next) {
		struct balance_server copy = b->server[i];

		if (balance_inherit(x, &copy, e) == -1)
			return -1;
		if (apply)
			b->server[i].ipvs = copy.ipvs;
	}
	return 0;
}

static int
edit_service(struct balance *b, size_t i, struct balance_service *x, struct balance_result *res,
    struct config_error *e)
{
	struct balance_service *old = &b->service[i];
	struct ipvs_service_id id = old->ipvs.id;

	x->first = old->first;
	x->last = old->last;
	x->n_servers = old->n_servers;
	res->change = memcmp(old, x, offsetof(struct balance_service, checks)) == 0 &&
		same_checks(old->checks, x->checks)
	    ? CONFIG_SAME
	    : CONFIG_EDITED;
	if (inherit_all(b, x, false, e) == -1)
		return -1;
	if (memcmp(&id, &x->ipvs.id, sizeof(id)) != 0) {
		/* removed first: putting it back then needs no room */
		table_remove(&b->service_by_id, &id, sizeof(id));
		old->ipvs.id = x->ipvs.id;
		if (table_put(&b->service_by_id, &x->ipvs.id, sizeof(id), i) == -1)
			return setting_refuse(e, x->name, "no memory");
	}
	free(old->checks);
	memcpy(old, x, sizeof(*x));
	return inherit_all(b, x, true, e);
}

static int
add_service(struct balance *b, struct balance_service *x, struct balance_result *res,
    struct config_error *e)
{
	size_t i = FREE_ENTRY(b, service, n_services, BALANCE_SERVICE, BALANCE_SERVICES_MAX);

	if (i == TABLE_NONE)
		return setting_refuse(e, x->name, "too many services");
	free(b->service[i].checks);
	memcpy(&b->service[i], x, sizeof(*x));
	if (table_put(&b->service_by_name, x->name, strlen(x->name), i) == -1 ||
	    table_put(&b->service_by_id, &x->ipvs.id, sizeof(x->ipvs.id), i) == -1) {
		table_remove(&b->service_by_name, x->name, strlen(x->name));
		b->service[i].used = false;
		b->service[i].checks = NULL;
		b->n_holes[BALANCE_SERVICE]++;
		return setting_refuse(e, x->name, "no memory");
	}
	res->change = CONFIG_ADDED;
	res->index = i;
	return 0;
}

static int
apply_service(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e)
{
	struct balance_service x;
	size_t i, twin;
	int result;

	if (balance_read_service(r, &x, e) == -1)
		return -1;
	i = balance_find_service(b, x.name);
	twin = balance_find_service_id(b, &x.ipvs.id);
	if (twin != TABLE_NONE && twin != i)
		result = setting_refuse(
		    e, record_operand(r, 2), "another service has this address, port and protocol");
	else if (i != TABLE_NONE)
		result = edit_service(b, i, &x, res, e);
	else
		result = add_service(b, &x, res, e);
	if (result == -1)
		free(x.checks);
	else if (i != TABLE_NONE)
		res->index = i;
	return result;
}

/* ---- server ---- */

static void
link_server(struct balance *b, size_t i)
{
	struct balance_server *x = &b->server[i];
	struct balance_service *s = &b->service[x->service];

	x->next = TABLE_NONE;
	x->before = s->last;
	if (s->last != TABLE_NONE)
		b->server[s->last].next = i;
	else
		s->first = i;
	s->last = i;
	s->n_servers++;
}

static void
unlink_server(struct balance *b, size_t i)
{
	struct balance_server *x = &b->server[i];
	struct balance_service *s = &b->service[x->service];

	if (x->before != TABLE_NONE)
		b->server[x->before].next = x->next;
	else
		s->first = x->next;
	if (x->next != TABLE_NONE)
		b->server[x->next].before = x->before;
	else
		s->last = x->before;
	s->n_servers--;
}

/* The service that a record's first operand names. */
static int
service_of(const struct balance *b, const struct record *r, size_t *out, struct config_error *e)
{
	const char *name = record_operand(r, 0);

	if (name == NULL)
		return setting_refuse(e, r->kind, "no name of a service");
	*out = balance_find_service(b, name);
	return *out == TABLE_NONE ? setting_refuse(e, name, "no such service") : 0;
}

static int
add_server(
    struct balance *b, struct balance_server *x, struct balance_result *res, struct config_error *e)
{
	size_t i = FREE_ENTRY(b, server, n_servers, BALANCE_SERVER, BALANCE_SERVERS_MAX);
	struct balance_key k;

	if (i == TABLE_NONE)
		return setting_refuse(e, b->service[x->service].name, "too many servers");
	free(b->server[i].checks);
	memcpy(&b->server[i], x, sizeof(*x));
	balance_key(&k, x->service, &x->ipvs.at);
	if (table_put(&b->server_by_key, &k, sizeof(k), i) == -1) {
		b->server[i].used = false;
		b->server[i].checks = NULL;
		b->n_holes[BALANCE_SERVER]++;
		return setting_refuse(e, b->service[x->service].name, "no memory");
	}
	link_server(b, i);
	res->change = CONFIG_ADDED;
	res->index = i;
	return 0;
}

static int
apply_server(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e)
{
	struct balance_server x, *old;
	size_t service, i;

	if (service_of(b, r, &service, e) == -1 ||
	    balance_read_server(r, &b->service[service], &x, e) == -1)
		return -1;
	x.service = service;
	i = balance_find_server(b, service, &x.ipvs.at);
	if (i == TABLE_NONE) {
		if (add_server(b, &x, res, e) == -1) {
			free(x.checks);
			return -1;
		}
		return 0;
	}
	old = &b->server[i];
	res->change = memcmp(old, &x, offsetof(struct balance_server, checks)) == 0 &&
		same_checks(old->checks, x.checks)
	    ? CONFIG_SAME
	    : CONFIG_EDITED;
	x.next = old->next;
	x.before = old->before;
	free(old->checks);
	memcpy(old, &x, sizeof(x));
	res->index = i;
	return 0;
}

/* ---- sync, timeouts ---- */

static size_t
find_sync(const struct balance *b, const char *name)
{
	for (size_t i = 0; i < b->n_syncs; i++)
		if (b->sync[i].used && strcmp(b->sync[i].name, name) == 0)
			return i;
	return TABLE_NONE;
}

static int
apply_sync(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e)
{
	struct balance_sync x;
	size_t i;

	if (balance_read_sync(r, &x, e) == -1)
		return -1;
	for (i = 0; i < b->n_syncs; i++)
		if (b->sync[i].used && strcmp(b->sync[i].name, x.name) != 0 &&
		    (x.router[0] != '\0' || b->sync[i].router[0] != '\0' ||
			(b->sync[i].daemon.roles & x.daemon.roles) != 0))
			return setting_refuse(
			    e, x.name, "the kernel has one master and one backup daemon");
	i = find_sync(b, x.name);
	if (i != TABLE_NONE) {
		res->change = memcmp(&b->sync[i], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		i = FREE_ENTRY(b, sync, n_syncs, BALANCE_SYNC, BALANCE_SYNCS_MAX);
		if (i == TABLE_NONE)
			return setting_refuse(e, x.name, "too many daemons");
		res->change = CONFIG_ADDED;
	}
	memcpy(&b->sync[i], &x, sizeof(x));
	res->index = i;
	return 0;
}

static int
apply_timeouts(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e)
{
	struct balance_timeouts x;

	if (balance_read_timeouts(r, &x, e) == -1)
		return -1;
	res->index = 0;
	if (b->n_timeouts == 1 && b->timeouts[0].used) {
		if (strcmp(b->timeouts[0].name, x.name) != 0)
			return setting_refuse(e, x.name, "the timeouts have another name already");
		res->change =
		    memcmp(&b->timeouts[0], &x, sizeof(x)) == 0 ? CONFIG_SAME : CONFIG_EDITED;
	} else {
		if (FREE_ENTRY(b, timeouts, n_timeouts, BALANCE_TIMEOUTS, 1) == TABLE_NONE)
			return setting_refuse(e, x.name, "no memory");
		res->change = CONFIG_ADDED;
	}
	memcpy(&b->timeouts[0], &x, sizeof(x));
	return 0;
}

/* ---- remove ---- */

static void
remove_server(struct balance *b, size_t i)
{
	struct balance_key k;

	balance_key(&k, b->server[i].service, &b->server[i].ipvs.at);
	table_remove(&b->server_by_key, &k, sizeof(k));
	b->server[i].used = false;
	b->n_holes[BALANCE_SERVER]++;
}

static int
remove_kind(struct balance *b, const struct record *inner, struct balance_result *res,
    struct config_error *e)
{
	const char *name = record_operand(inner, 0);
	struct endpoint at;
	size_t i = TABLE_NONE;

	switch (res->kind) {
	case BALANCE_CHECK:
		if ((i = balance_find_check(b, name)) == TABLE_NONE)
			break;
		table_remove(&b->check_by_name, name, strlen(name));
		b->check[i].used = false;
		break;
	case BALANCE_SERVICE:
		if ((i = balance_find_service(b, name)) == TABLE_NONE)
			break;
		for (size_t j = b->service[i].first; j != TABLE_NONE; j = b->server[j].next)
			remove_server(b, j);
		table_remove(&b->service_by_name, name, strlen(name));
		table_remove(
		    &b->service_by_id, &b->service[i].ipvs.id, sizeof(b->service[i].ipvs.id));
		b->service[i].used = false;
		break;
	case BALANCE_SERVER:
		if (service_of(b, inner, &i, e) == -1 || balance_read_endpoint(inner, &at, e) == -1)
			return -1;
		if ((i = balance_find_server(b, i, &at)) == TABLE_NONE)
			break;
		unlink_server(b, i);
		remove_server(b, i);
		break;
	case BALANCE_SYNC:
		if ((i = find_sync(b, name)) != TABLE_NONE)
			b->sync[i].used = false;
		break;
	case BALANCE_TIMEOUTS:
		if (b->n_timeouts == 1 && b->timeouts[0].used &&
		    strcmp(b->timeouts[0].name, name) == 0)
			b->timeouts[i = 0].used = false;
		break;
	case BALANCE_OTHER:
		return 0;
	}
	if (i == TABLE_NONE)
		return setting_refuse(e, inner->word[inner->n_words - 1].key, "nothing to remove");
	if (res->kind != BALANCE_SERVER) /* remove_server has counted its own */
		b->n_holes[res->kind]++;
	res->index = i;
	return 0;
}

static const struct {
	const char *name;
	unsigned int n_operands; /* that identify it */
	int (*apply)(struct balance *, const struct record *, struct balance_result *,
	    struct config_error *);
} kinds[] = {
    [BALANCE_CHECK] = {"check", 1, apply_check},
    [BALANCE_SERVICE] = {"service", 1, apply_service},
    [BALANCE_SERVER] = {"server", 2, apply_server},
    [BALANCE_SYNC] = {"sync", 1, apply_sync},
    [BALANCE_TIMEOUTS] = {"timeouts", 1, apply_timeouts},
};

static enum balance_kind
kind_of(const char *name)
{
	for (size_t i = 0; i < BALANCE_OTHER; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (enum balance_kind)i;
	return BALANCE_OTHER;
}

/* `remove KIND OPERANDS`: read as the record of that kind without its attributes. */
static int
apply_remove(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e)
{
	const char *kind = record_operand(r, 0);
	struct record inner = {.kind = r->word[0].key};

	if (kind == NULL)
		return setting_refuse(e, r->kind, "no kind of record");
	res->kind = kind_of(kind);
	res->change = res->kind == BALANCE_OTHER ? CONFIG_SAME : CONFIG_REMOVED;
	res->index = TABLE_NONE;
	if (res->kind == BALANCE_OTHER)
		return 0;
	if (r->n_words > r->n_operands)
		return setting_refuse(e, r->word[r->n_operands].key, "unknown attribute");
	inner.n_operands = inner.n_words = r->n_operands - 1;
	memcpy(inner.word, r->word + 1, inner.n_words * sizeof(inner.word[0]));
	if (inner.n_words != kinds[res->kind].n_operands)
		return setting_refuse(e, kind, "not the operands that identify it");
	return remove_kind(b, &inner, res, e);
}

int
balance_apply(
    struct balance *b, const struct record *r, struct balance_result *res, struct config_error *e)
{
	if (strcmp(r->kind, "remove") == 0)
		return apply_remove(b, r, res, e);
	res->kind = kind_of(r->kind);
	if (res->kind == BALANCE_OTHER)
		return setting_refuse(e, r->kind, "not supported by this version");
	return kinds[res->kind].apply(b, r, res, e);
}
