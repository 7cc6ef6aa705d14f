#include "sim.h"

/* splitmix64 (Vigna): every seed is a good seed, and the state is one word. */
uint64_t
random_next(struct world *w)
{
	uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
random_below(struct world *w, uint64_t n)
{
	return n < 2 ? 0 : (uint64_t)((unsigned __int128)random_next(w) * n >> 64);
}

int64_t
random_time(struct world *w, int64_t from, int64_t to)
{
	return to <= from ? from : from + (int64_t)random_below(w, (uint64_t)(to - from + 1));
}

bool
random_chance(struct world *w, unsigned int of_1024)
{
	return of_1024 > 0 && random_next(w) >> 54 < of_1024;
}
