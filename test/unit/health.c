/* health - rise and fall against a reference, for all strings of 16 answers; prints what differs */

#include <stdio.h>

#include "health.h"

#define ANSWERS 16

/* The verdict after n answers, from the whole history each time: the last place at which
 * `need` equal answers in a row spoke against what was said before decides. */
static enum health_state
reference(unsigned int answers, unsigned int n, unsigned int rise, unsigned int fall)
{
	bool up = answers & 1;
	unsigned int row = 0;

	for (unsigned int i = 1; i < n; i++) {
		row = (answers >> i & 1) != up ? row + 1 : 0;
		if (row == (up ? fall : rise)) {
			up = !up;
			row = 0;
		}
	}
	return n == 0 ? HEALTH_UNKNOWN : up ? HEALTH_UP : HEALTH_DOWN;
}

static int
compare(unsigned int answers, unsigned int rise, unsigned int fall)
{
	struct health h = {0};

	for (unsigned int n = 1; n <= ANSWERS; n++) {
		enum health_state was = h.state, now = reference(answers, n, rise, fall);
		bool changed = health_step(&h, rise, fall, answers >> (n - 1) & 1);
		bool against = (answers >> (n - 1) & 1) != (h.state == HEALTH_UP);

		if (h.state != now || changed != (was != now) ||
		    health_is_changing(&h) != against) {
			printf("%04x rise %u fall %u, answer %u: %s, not %s\n", answers, rise, fall,
			    n, health_name(h.state), health_name(now));
			return 1;
		}
	}
	return 0;
}

int
main(void)
{
	static const unsigned int counts[] = {1, 2, 3, 4, 7, 16, 255};
	const unsigned int n = sizeof(counts) / sizeof(counts[0]);

	for (unsigned int answers = 0; answers < 1U << ANSWERS; answers++)
		for (unsigned int i = 0; i < n * n; i++)
			if (compare(answers, counts[i / n], counts[i % n]) != 0)
				return 1;
	return 0;
}
