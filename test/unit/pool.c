/* pool - random stories of services, servers and verdicts, and what must hold in each; prints
 * what does not */

#include <stdlib.h>

#include "pool_story.h"

#define STEPS 300

static uint64_t seed, state;

void
world_broken(const char *rule)
{
	printf("seed %llu: %s\n", (unsigned long long)seed, rule);
	exit(1);
}

static unsigned int
next(void *ctx)
{
	(void)ctx;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32 & 255;
}

static uint64_t
story(void)
{
	static struct world w;

	state = seed * 0x9e3779b97f4a7c15U | 1;
	world_begin(&w, next, NULL);
	for (unsigned int i = 0; i < STEPS; i++)
		world_step(&w);
	world_end(&w);
	return w.hash;
}

int
main(int argc, char *argv[])
{
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000;

	for (seed = 1; seed <= seeds; seed++) {
		uint64_t hash = story();

		if (seed % 16 == 0 && story() != hash)
			world_broken("the same story was told in another way");
	}
	return 0;
}
