#include <stdlib.h>
#include <string.h>

#include "table.h"

/* FNV-1a: keys are short and come from our own configuration. */
static uint32_t
hash_of(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619U;
	return h;
}

void
table_init(struct table *t, table_same *same, const void *owner)
{
	*t = (struct table){.same = same, .owner = owner};
}

void
table_free(struct table *t)
{
	free(t->slot);
	t->slot = NULL;
	t->n = t->room = 0;
}

void
table_clear(struct table *t)
{
	if (t->slot != NULL)
		memset(t->slot, 0, t->room * sizeof(*t->slot));
	t->n = 0;
}

/* The slot of a key, or TABLE_NONE. */
static size_t
slot_of(const struct table *t, const void *key, size_t len)
{
	uint32_t h;

	if (t->n == 0)
		return TABLE_NONE;
	h = hash_of(key, len);
	for (size_t i = h & (t->room - 1);; i = (i + 1) & (t->room - 1)) {
		const struct table_slot *s = &t->slot[i];

		if (s->index == 0)
			return TABLE_NONE;
		if (s->hash == h && t->same(t->owner, s->index - 1, key, len))
			return i;
	}
}

size_t
table_find(const struct table *t, const void *key, size_t len)
{
	size_t i = slot_of(t, key, len);

	return i != TABLE_NONE ? t->slot[i].index - 1 : TABLE_NONE;
}

/* What stands behind the hole moves into it, unless its own place lies behind the hole: so no
 * search ends too early and nothing of a removal stays. */
void
table_remove(struct table *t, const void *key, size_t len)
{
	size_t hole = slot_of(t, key, len), mask = t->room - 1;

	if (hole == TABLE_NONE)
		return;
	for (size_t i = (hole + 1) & mask; t->slot[i].index != 0; i = (i + 1) & mask) {
		size_t home = t->slot[i].hash & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		t->slot[hole] = t->slot[i];
		hole = i;
	}
	t->slot[hole] = (struct table_slot){0};
	t->n--;
}

static void
insert(struct table_slot *slot, size_t room, uint32_t hash, uint32_t index)
{
	size_t i = hash & (room - 1);

	while (slot[i].index != 0)
		i = (i + 1) & (room - 1);
	slot[i] = (struct table_slot){hash, index};
}

int
table_put(struct table *t, const void *key, size_t len, size_t index)
{
	if (2 * (t->n + 1) > t->room) {
		size_t room = t->room == 0 ? 16 : 2 * t->room;
		struct table_slot *slot = calloc(room, sizeof(*slot));

		if (slot == NULL)
			return -1;
		for (size_t i = 0; i < t->room; i++)
			if (t->slot[i].index != 0)
				insert(slot, room, t->slot[i].hash, t->slot[i].index);
		free(t->slot);
		t->slot = slot;
		t->room = room;
	}
	insert(t->slot, t->room, hash_of(key, len), (uint32_t)index + 1);
	t->n++;
	return 0;
}
