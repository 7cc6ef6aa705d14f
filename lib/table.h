#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An index by key: open addressing over numbers that the owner's array gives a meaning.
 * Growing is for configuration time; finding allocates nothing. */

#define TABLE_NONE SIZE_MAX

/* Whether the owner's entry `index` has this key. */
typedef bool table_same(const void *owner, size_t index, const void *key, size_t len);

struct table {
	struct table_slot {
		uint32_t hash;
		uint32_t index; /* plus one; 0 is empty */
	} * slot;
	size_t n;    /* slots in use */
	size_t room; /* a power of two */
	table_same *same;
	const void *owner;
};

void table_init(struct table *t, table_same *same, const void *owner);
void table_free(struct table *t);

/* The index that was put under this key, or TABLE_NONE. */
size_t table_find(const struct table *t, const void *key, size_t len);

/* The key must not be there. Returns 0, or -1 with errno. */
int table_put(struct table *t, const void *key, size_t len, size_t index);

/* Forgets the key of an entry that the owner still holds; not there is no matter. */
void table_remove(struct table *t, const void *key, size_t len);

/* Forgets all. */
void table_clear(struct table *t);

#endif
