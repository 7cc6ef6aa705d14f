#include <string.h>

#include "parse.h"

int
parse_uint(const char *text, unsigned int min, unsigned int max, unsigned int *out)
{
	uint64_t v = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		v = v * 10 + (uint64_t)(*text - '0');
		if (v > max)
			return -1;
	}
	if (v < min)
		return -1;
	*out = (unsigned int)v;
	return 0;
}

/* Digits, and after a point up to nine more, as a count of 1e-9; *text moves behind them. */
static int
parse_decimal(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t whole = 0, part = 0, scale = NSEC_PER_SEC;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		whole = whole * 10 + (uint64_t)(*p - '0');
		if (whole > INT64_MAX / NSEC_PER_SEC / 2)
			return -1;
	}
	if (*p == '.') {
		if (p[1] < '0' || p[1] > '9')
			return -1;
		for (p++; *p >= '0' && *p <= '9'; p++) {
			scale /= 10;
			if (scale == 0)
				return -1;
			part += (uint64_t)(*p - '0') * scale;
		}
	}
	*out = whole * NSEC_PER_SEC + part;
	*text = p;
	return 0;
}

int
parse_duration(const char *text, int64_t min, int64_t max, int64_t *out)
{
	static const struct {
		const char *name;
		int64_t ns;
	} unit[] = {{"us", NSEC_PER_USEC}, {"ms", NSEC_PER_MSEC}, {"s", NSEC_PER_SEC},
	    {"m", 60 * NSEC_PER_SEC}, {"h", 3600 * NSEC_PER_SEC}};
	uint64_t v;

	if (parse_decimal(&text, &v) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		__int128 ns;

		if (strcmp(text, unit[i].name) != 0)
			continue;
		ns = (__int128)v * unit[i].ns / NSEC_PER_SEC;
		if (ns < min || ns > max)
			return -1;
		*out = (int64_t)ns;
		return 0;
	}
	return -1;
}

int
parse_time(const char *text, int64_t *out)
{
	uint64_t v;

	if (parse_decimal(&text, &v) == -1 || *text != '\0')
		return -1;
	*out = (int64_t)v;
	return 0;
}

static size_t
format_uint(uint64_t v, char *out)
{
	char digit[20];
	size_t n = 0, len;

	do
		digit[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	len = n;
	while (n > 0)
		*out++ = digit[--n];
	return len;
}

size_t
duration_format(int64_t ns, char *out)
{
	const char *unit = "us";
	int64_t v = ns / NSEC_PER_USEC;
	size_t n;

	if (v % 1000000 == 0) {
		v /= 1000000;
		unit = "s";
	} else if (v % 1000 == 0) {
		v /= 1000;
		unit = "ms";
	}
	n = format_uint((uint64_t)(v < 0 ? 0 : v), out);
	strcpy(out + n, unit);
	return n + strlen(unit);
}

size_t
time_format(int64_t ns, char *out)
{
	uint64_t us = (uint64_t)(ns < 0 ? 0 : ns) / 1000;
	uint64_t part = us % 1000000;
	size_t n = format_uint(us / 1000000, out);

	out[n++] = '.';
	for (uint64_t scale = 100000; scale > 0; scale /= 10)
		out[n++] = (char)('0' + part / scale % 10);
	out[n] = '\0';
	return n;
}
