/* table - the index by key against a plain search; prints what differs */

#include <stdio.h>
#include <string.h>

#include "table.h"

#define NAMES 2000

struct names {
	char name[NAMES][8];
	size_t asked; /* comparisons of whole keys */
};

static bool
same(const void *owner, size_t index, const void *key, size_t len)
{
	struct names *n = (struct names *)(uintptr_t)owner;

	n->asked++;
	return strlen(n->name[index]) == len && memcmp(n->name[index], key, len) == 0;
}

static int
fail(const char *what, const char *name)
{
	printf("%s: %s\n", name, what);
	return 1;
}

/* After each entry all before it are found, and what is not there is not. */
static int
fill(struct table *t, struct names *n)
{
	for (size_t i = 0; i < NAMES; i++) {
		size_t look = i * 7 % (i + 1);

		snprintf(n->name[i], sizeof(n->name[i]), "r%zu", i);
		if (table_find(t, n->name[i], strlen(n->name[i])) != TABLE_NONE)
			return fail("found before it was put", n->name[i]);
		if (table_put(t, n->name[i], strlen(n->name[i]), i) == -1)
			return fail("no memory", n->name[i]);
		if (table_find(t, n->name[look], strlen(n->name[look])) != look)
			return fail("not found under its key", n->name[look]);
	}
	return 0;
}

static int
find_all(struct table *t, struct names *n)
{
	n->asked = 0;
	for (size_t i = 0; i < NAMES; i++)
		if (table_find(t, n->name[i], strlen(n->name[i])) != i)
			return fail("not found when all were put", n->name[i]);
	if (n->asked > NAMES + NAMES / 10)
		return fail("a search of many comparisons", "all");
	if (table_find(t, "r", 1) != TABLE_NONE || table_find(t, "r12345", 6) != TABLE_NONE ||
	    table_find(t, "", 0) != TABLE_NONE)
		return fail("found what was never put", "r");
	return 0;
}

/* Removal is to forget all and put again what is left. */
static int
forget(struct table *t, struct names *n)
{
	table_clear(t);
	for (size_t i = 0; i < NAMES; i += 2)
		if (table_put(t, n->name[i], strlen(n->name[i]), i) == -1)
			return fail("no memory", n->name[i]);
	for (size_t i = 0; i < NAMES; i++)
		if (table_find(t, n->name[i], strlen(n->name[i])) != (i % 2 == 0 ? i : TABLE_NONE))
			return fail("not as it was put after all was forgotten", n->name[i]);
	return 0;
}

/* After each removal exactly what is left is found. */
static int
remove_some(struct table *t, struct names *n)
{
	for (size_t i = 0; i < NAMES; i += 2) {
		size_t gone = (i * 7 + 4) % NAMES & ~(size_t)1;
		size_t look = (i * 3 + 2) % NAMES & ~(size_t)1;

		if (look == gone || table_find(t, n->name[gone], strlen(n->name[gone])) != gone)
			continue;
		bool there = table_find(t, n->name[look], strlen(n->name[look])) == look;

		table_remove(t, n->name[gone], strlen(n->name[gone]));
		table_remove(t, n->name[gone], strlen(n->name[gone]));
		if (table_find(t, n->name[gone], strlen(n->name[gone])) != TABLE_NONE)
			return fail("found after it was removed", n->name[gone]);
		if (there != (table_find(t, n->name[look], strlen(n->name[look])) == look))
			return fail("not as it was after another was removed", n->name[look]);
		if (i % 3 == 0 && table_put(t, n->name[gone], strlen(n->name[gone]), gone) == -1)
			return fail("no memory", n->name[gone]);
	}
	for (size_t i = 0; i < NAMES; i++)
		table_remove(t, n->name[i], strlen(n->name[i]));
	return t->n != 0 ? fail("entries are left when all were removed", "all") : 0;
}

int
main(void)
{
	static struct names n;
	struct table t;
	int failed;

	table_init(&t, same, &n);
	failed = table_find(&t, "r0", 2) != TABLE_NONE || fill(&t, &n) || find_all(&t, &n) ||
	    forget(&t, &n) || remove_some(&t, &n);
	table_free(&t);
	return failed || table_find(&t, "r0", 2) != TABLE_NONE;
}
