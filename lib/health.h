#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>
#include <stdint.h>

/* The verdict on one target of one check: `rise` good answers in a row make it up, `fall` bad
 * ones down. The first answer is the first verdict, so that a start waits for one answer only. */

enum health_state {
	HEALTH_UNKNOWN,
	HEALTH_UP,
	HEALTH_DOWN,
};

/* Zeroed: unknown. */
struct health {
	uint8_t state;   /* enum health_state */
	uint8_t against; /* answers in a row that say the opposite */
};

/* Takes one answer; rise and fall are 1 to 255. Returns true where the verdict has changed. */
bool health_step(struct health *h, unsigned int rise, unsigned int fall, bool up);

/* True while the last answer and the verdict differ: time to ask faster. */
bool health_is_changing(const struct health *h);

/* "up", "down", "unknown" */
const char *health_name(enum health_state state);

#endif
