#include <stdlib.h>
#include <string.h>

#include "ipvs.h"

/* ---- order and equality ---- */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

int
ipvs_id_compare(const struct ipvs_service_id *a, const struct ipvs_service_id *b)
{
	int c = ORDER(a->fwmark, b->fwmark);

	if (c == 0)
		c = ORDER(a->family, b->family);
	if (c == 0)
		c = ORDER(a->protocol, b->protocol);
	return c != 0 ? c : endpoint_compare(&a->at, &b->at);
}

bool
ipvs_service_is_same(const struct ipvs_service *a, const struct ipvs_service *b)
{
	return strcmp(a->sched, b->sched) == 0 && strcmp(a->pe, b->pe) == 0 &&
	    a->flags == b->flags && a->persist == b->persist && a->netmask == b->netmask;
}

bool
ipvs_server_is_same(const struct ipvs_server *a, const struct ipvs_server *b)
{
	return a->mode == b->mode && a->tun == b->tun && a->tun_port == b->tun_port &&
	    a->tun_flags == b->tun_flags && a->weight == b->weight && a->upper == b->upper &&
	    a->lower == b->lower;
}

static int
compare_rows(const void *a, const void *b)
{
	return ipvs_id_compare(
	    &((const struct ipvs_row *)a)->service.id, &((const struct ipvs_row *)b)->service.id);
}

static int
compare_items(const void *a, const void *b)
{
	return endpoint_compare(
	    &((const struct ipvs_item *)a)->server.at, &((const struct ipvs_item *)b)->server.at);
}

/* ---- tables ---- */

/* Room for one more in an array that doubles. */
static int
grow(void **array, size_t n, size_t *room, size_t size)
{
	size_t more = *room == 0 ? 8 : 2 * *room;
	void *grown;

	if (n < *room)
		return 0;
	grown = realloc(*array, more * size);
	if (grown == NULL)
		return -1;
	*array = grown;
	*room = more;
	return 0;
}

struct ipvs_row *
ipvs_table_add(struct ipvs_table *t, const struct ipvs_service *s, uint32_t tag)
{
	if (grow((void **)&t->row, t->n, &t->room, sizeof(*t->row)) == -1)
		return NULL;
	t->row[t->n] = (struct ipvs_row){.service = *s, .tag = tag};
	return &t->row[t->n++];
}

struct ipvs_item *
ipvs_row_add(struct ipvs_row *row, const struct ipvs_server *s, uint32_t tag)
{
	if (grow((void **)&row->item, row->n, &row->room, sizeof(*row->item)) == -1)
		return NULL;
	row->item[row->n] = (struct ipvs_item){.server = *s, .tag = tag};
	return &row->item[row->n++];
}

void
ipvs_row_sort(struct ipvs_row *row)
{
	size_t kept = 0;

	if (row->n == 0)
		return;
	qsort(row->item, row->n, sizeof(*row->item), compare_items);
	for (size_t i = 1; i < row->n; i++)
		if (compare_items(&row->item[kept], &row->item[i]) != 0)
			row->item[++kept] = row->item[i];
	row->n = kept + 1;
}

void
ipvs_table_sort(struct ipvs_table *t)
{
	size_t kept = 0;

	if (t->n == 0)
		return;
	qsort(t->row, t->n, sizeof(*t->row), compare_rows);
	for (size_t i = 1; i < t->n; i++) {
		if (compare_rows(&t->row[kept], &t->row[i]) != 0)
			t->row[++kept] = t->row[i];
		else
			free(t->row[i].item);
	}
	t->n = kept + 1;
	for (size_t i = 0; i < t->n; i++)
		ipvs_row_sort(&t->row[i]);
}

struct ipvs_row *
ipvs_table_find(const struct ipvs_table *t, const struct ipvs_service_id *id)
{
	struct ipvs_row key = {.service.id = *id};

	return t->n == 0 ? NULL : bsearch(&key, t->row, t->n, sizeof(key), compare_rows);
}

struct ipvs_item *
ipvs_row_find(const struct ipvs_row *row, const struct endpoint *at)
{
	struct ipvs_item key = {.server.at = *at};

	return row->n == 0 ? NULL : bsearch(&key, row->item, row->n, sizeof(key), compare_items);
}

void
ipvs_row_free(struct ipvs_row *row)
{
	free(row->item);
	row->item = NULL;
	row->n = row->room = 0;
}

void
ipvs_table_free(struct ipvs_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		ipvs_row_free(&t->row[i]);
	free(t->row);
	*t = (struct ipvs_table){0};
}

/* ---- differences ---- */

/* What of want have has not, or has otherwise. */
static void
diff_wanted(struct ipvs_row *have, const struct ipvs_row *want, ipvs_emit *emit, void *ctx)
{
	struct ipvs_change c = {.service = &want->service};
	size_t i = 0;

	for (size_t j = 0; j < want->n; j++) {
		const struct ipvs_item *w = &want->item[j];
		int order = 1;

		while (
		    have != NULL && i < have->n && (order = compare_items(&have->item[i], w)) < 0)
			i++;
		c.item = have != NULL && i < have->n && order == 0 ? &have->item[i] : NULL;
		if (c.item != NULL && ipvs_server_is_same(&c.item->server, &w->server))
			continue;
		c.op = c.item != NULL ? IPVS_EDIT : IPVS_ADD;
		c.server = &w->server;
		c.tag = w->tag;
		emit(ctx, &c);
	}
}

static void
diff_unwanted(struct ipvs_row *have, const struct ipvs_row *want, ipvs_emit *emit, void *ctx)
{
	struct ipvs_change c = {.op = IPVS_REMOVE, .service = &want->service, .tag = want->tag};
	size_t j = 0;

	for (size_t i = 0; i < have->n; i++) {
		while (j < want->n && compare_items(&want->item[j], &have->item[i]) < 0)
			j++;
		if (j < want->n && compare_items(&want->item[j], &have->item[i]) == 0)
			continue;
		c.item = &have->item[i];
		c.server = &c.item->server;
		emit(ctx, &c);
	}
}

void
ipvs_diff_row(
    struct ipvs_row *have, const struct ipvs_row *want, bool remove, ipvs_emit *emit, void *ctx)
{
	struct ipvs_change c = {.op = IPVS_REMOVE};

	if (want == NULL) {
		if (have != NULL && remove) {
			c.service = &have->service;
			emit(ctx, &c);
		}
		return;
	}
	if (have == NULL || !ipvs_service_is_same(&have->service, &want->service)) {
		c.op = have == NULL ? IPVS_ADD : IPVS_EDIT;
		c.service = &want->service;
		c.tag = want->tag;
		emit(ctx, &c);
	}
	diff_wanted(have, want, emit, ctx);
	if (have != NULL && remove)
		diff_unwanted(have, want, emit, ctx);
}

void
ipvs_diff(struct ipvs_table *have, const struct ipvs_table *want, ipvs_emit *emit, void *ctx)
{
	size_t i = 0;

	for (size_t j = 0; j < want->n; j++)
		ipvs_diff_row(ipvs_table_find(have, &want->row[j].service.id), &want->row[j], true,
		    emit, ctx);
	for (size_t j = 0; i < have->n; i++) {
		while (j < want->n && compare_rows(&want->row[j], &have->row[i]) < 0)
			j++;
		if (j == want->n || compare_rows(&want->row[j], &have->row[i]) != 0)
			ipvs_diff_row(&have->row[i], NULL, true, emit, ctx);
	}
}
