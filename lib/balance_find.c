#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "setting.h"

/* ---- keys ---- */

static bool
same_text(const char *name, const void *key, size_t len)
{
	return strlen(name) == len && memcmp(name, key, len) == 0;
}

static bool
same_check(const void *owner, size_t index, const void *key, size_t len)
{
	return same_text(((const struct balance *)owner)->check[index].name, key, len);
}

static bool
same_service(const void *owner, size_t index, const void *key, size_t len)
{
	return same_text(((const struct balance *)owner)->service[index].name, key, len);
}

static bool
same_id(const void *owner, size_t index, const void *key, size_t len)
{
	return memcmp(&((const struct balance *)owner)->service[index].ipvs.id, key, len) == 0;
}

void
balance_key(struct balance_key *k, size_t service, const struct endpoint *at)
{
	memset(k, 0, sizeof(*k));
	k->service = service;
	k->at = *at;
	k->at.pad = 0;
}

static bool
same_server(const void *owner, size_t index, const void *key, size_t len)
{
	const struct balance_server *x = &((const struct balance *)owner)->server[index];
	struct balance_key k;

	balance_key(&k, x->service, &x->ipvs.at);
	return memcmp(&k, key, len) == 0;
}

/* ---- the store ---- */

void
balance_init(struct balance *b)
{
	*b = (struct balance){0};
	table_init(&b->check_by_name, same_check, b);
	table_init(&b->service_by_name, same_service, b);
	table_init(&b->service_by_id, same_id, b);
	table_init(&b->server_by_key, same_server, b);
}

void
balance_free(struct balance *b)
{
	for (size_t i = 0; i < b->n_checks; i++)
		free(b->check[i].text);
	for (size_t i = 0; i < b->n_services; i++)
		free(b->service[i].checks);
	for (size_t i = 0; i < b->n_servers; i++)
		free(b->server[i].checks);
	free(b->check);
	free(b->service);
	free(b->server);
	free(b->sync);
	free(b->timeouts);
	table_free(&b->check_by_name);
	table_free(&b->service_by_name);
	table_free(&b->service_by_id);
	table_free(&b->server_by_key);
	balance_init(b);
}

/* ---- what others ask ---- */

size_t
balance_find_check(const struct balance *b, const char *name)
{
	return table_find(&b->check_by_name, name, strlen(name));
}

size_t
balance_find_service(const struct balance *b, const char *name)
{
	return table_find(&b->service_by_name, name, strlen(name));
}

size_t
balance_find_service_id(const struct balance *b, const struct ipvs_service_id *id)
{
	return table_find(&b->service_by_id, id, sizeof(*id));
}

size_t
balance_find_server(const struct balance *b, size_t service, const struct endpoint *at)
{
	struct balance_key k;

	balance_key(&k, service, at);
	return table_find(&b->server_by_key, &k, sizeof(k));
}

size_t
balance_find_operands(
    const struct balance *b, const char *service, const char *endpoint, struct config_error *e)
{
	struct endpoint at;
	size_t i;

	if (service == NULL || (i = balance_find_service(b, service)) == TABLE_NONE) {
		setting_refuse(e, service != NULL ? service : "service", "no such service");
		return TABLE_NONE;
	}
	if (endpoint == NULL || endpoint_parse(endpoint, &at) == -1) {
		setting_refuse(e, endpoint != NULL ? endpoint : service,
		    "not an address and a port, as 192.0.2.11:80");
		return TABLE_NONE;
	}
	i = balance_find_server(b, i, &at);
	if (i == TABLE_NONE)
		setting_refuse(e, endpoint, "no such server");
	return i;
}

bool
balance_next_check(const struct balance *b, size_t server, size_t *at, size_t *check)
{
	const struct balance_server *x = &b->server[server];
	const char *list = x->checks != NULL ? x->checks : b->service[x->service].checks;
	size_t n;

	if (list == NULL || list[*at] == '\0')
		return false;
	n = strcspn(list + *at, ",");
	*check = table_find(&b->check_by_name, list + *at, n);
	*at += n + (list[*at + n] == ',');
	return true;
}

/* Every name in a list of checks must be one without a target of its own. */
static int
check_list(const struct balance *b, const char *list, struct config_error *e)
{
	while (list != NULL && *list != '\0') {
		size_t n = strcspn(list, ",");
		size_t i = table_find(&b->check_by_name, list, n);
		char name[CONFIG_NAME_MAX];

		memcpy(name, list, n);
		name[n] = '\0';
		if (i == TABLE_NONE)
			return setting_refuse(e, name, "no such check");
		if (b->check[i].has_target)
			return setting_refuse(
			    e, name, "this check has a target of its own: it is for track");
		list += n + (list[n] == ',');
	}
	return 0;
}

int
balance_check_all(const struct balance *b, struct config_error *e)
{
	for (size_t i = 0; i < b->n_services; i++)
		if (b->service[i].used && check_list(b, b->service[i].checks, e) == -1)
			return -1;
	for (size_t i = 0; i < b->n_servers; i++)
		if (b->server[i].used && check_list(b, b->server[i].checks, e) == -1)
			return -1;
	return 0;
}

void
balance_put_service(struct record_out *o, const struct balance_service *s)
{
	ipvs_put_service(o, s->name, &s->ipvs);
	if (s->holder[0] != '\0')
		record_set(o, "holder", s->holder);
}

void
balance_put_server(struct record_out *o, const struct balance *b, size_t server, uint32_t weight)
{
	struct ipvs_server x = b->server[server].ipvs;

	x.weight = weight;
	ipvs_put_server(o, b->service[b->server[server].service].name, &x);
}
