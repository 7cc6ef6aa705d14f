#include "health.h"

bool
health_step(struct health *h, unsigned int rise, unsigned int fall, bool up)
{
	enum health_state said = up ? HEALTH_UP : HEALTH_DOWN;

	if (h->state == said) {
		h->against = 0;
		return false;
	}
	if (h->state != HEALTH_UNKNOWN && ++h->against < (up ? rise : fall))
		return false;
	h->state = (uint8_t)said;
	h->against = 0;
	return true;
}

bool
health_is_changing(const struct health *h)
{
	return h->against > 0;
}

const char *
health_name(enum health_state state)
{
	static const char *const name[] = {
	    [HEALTH_UNKNOWN] = "unknown",
	    [HEALTH_UP] = "up",
	    [HEALTH_DOWN] = "down",
	};

	return name[state];
}
