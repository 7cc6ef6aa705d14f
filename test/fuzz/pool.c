/* Fuzzes lib/pool: octets become configuration, verdicts and time for three services that share
 * their targets; the rules are those of the random stories of test/unit/pool.c. */

#include <stdlib.h>

#include "../unit/pool_story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct octets {
	const uint8_t *data;
	size_t left;
};

void
world_broken(const char *rule)
{
	fprintf(stderr, "%s\n", rule);
	abort();
}

static unsigned int
take(void *ctx)
{
	struct octets *o = ctx;

	if (o->left == 0)
		return 0;
	o->left--;
	return *o->data++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct octets o = {data, size};
	static struct world w;

	world_begin(&w, take, &o);
	while (o.left > 0)
		world_step(&w);
	world_end(&w);
	return 0;
}
