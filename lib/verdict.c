#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

/* A check and a target, each with its NUL, are the key. Longer ones are nobody's. */
#define KEY_MAX 256

static size_t
make_key(char key[KEY_MAX], const char *check, const char *target)
{
	size_t a = strlen(check) + 1, b = strlen(target) + 1;

	if (a + b > KEY_MAX)
		return 0;
	memcpy(key, check, a);
	memcpy(key + a, target, b);
	return a + b;
}

static bool
same_key(const void *owner, size_t index, const void *key, size_t len)
{
	const struct verdict *x = ((const struct verdicts *)owner)->verdict[index];

	return x->len == len && memcmp(x->key, key, len) == 0;
}

void
verdicts_init(struct verdicts *v)
{
	*v = (struct verdicts){0};
	table_init(&v->by_key, same_key, v);
}

static void
free_verdict(struct verdict *x)
{
	free(x->key);
	free(x);
}

void
verdicts_free(struct verdicts *v)
{
	for (size_t i = 0; i < v->n; i++)
		free_verdict(v->verdict[i]);
	free(v->verdict);
	table_free(&v->by_key);
	verdicts_init(v);
}

struct verdict *
verdict_find(const struct verdicts *v, const char *check, const char *target)
{
	char key[KEY_MAX];
	size_t len = make_key(key, check, target);
	size_t i = len > 0 ? table_find(&v->by_key, key, len) : TABLE_NONE;

	return i != TABLE_NONE ? v->verdict[i] : NULL;
}

static int
make_room(struct verdicts *v)
{
	size_t room = v->room == 0 ? 16 : 2 * v->room;
	struct verdict **grown;

	if (v->n < v->room)
		return 0;
	grown = reallocarray(v->verdict, room, sizeof(struct verdict *));
	if (grown == NULL)
		return -1;
	v->verdict = grown;
	v->room = room;
	return 0;
}

static struct verdict *
make_verdict(struct verdicts *v, const char *check, const char *target)
{
	char key[KEY_MAX];
	size_t len = make_key(key, check, target);
	struct verdict *x;

	if (len == 0) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (make_room(v) == -1 || (x = calloc(1, sizeof(*x))) == NULL)
		return NULL;
	*x = (struct verdict){.weight = -1, .index = v->n, .len = len, .key = malloc(len)};
	if (x->key != NULL) {
		memcpy(x->key, key, len);
		v->verdict[v->n] = x;
		if (table_put(&v->by_key, key, len, v->n) == 0) {
			v->n++;
			return x;
		}
	}
	free_verdict(x);
	return NULL;
}

int
verdict_take(
    struct verdicts *v, const char *check, const char *target, void *owner, struct verdict_use *use)
{
	struct verdict *x = verdict_find(v, check, target);

	if (x == NULL && (x = make_verdict(v, check, target)) == NULL)
		return -1;
	*use = (struct verdict_use){.verdict = x, .owner = owner, .next = x->first};
	if (x->first != NULL)
		x->first->before = use;
	x->first = use;
	return 0;
}

/* The last takes the place of the one that goes. */
static void
remove_verdict(struct verdicts *v, struct verdict *x)
{
	struct verdict *last = v->verdict[v->n - 1];

	table_remove(&v->by_key, x->key, x->len);
	if (last != x) {
		table_remove(&v->by_key, last->key, last->len);
		v->verdict[x->index] = last;
		last->index = x->index;
		table_put(&v->by_key, last->key, last->len, last->index); /* there is room */
	}
	v->n--;
	free_verdict(x);
}

void
verdict_drop(struct verdicts *v, struct verdict_use *use)
{
	struct verdict *x = use->verdict;

	if (use->before != NULL)
		use->before->next = use->next;
	else
		x->first = use->next;
	if (use->next != NULL)
		use->next->before = use->before;
	if (x->first == NULL)
		remove_verdict(v, x);
}
