#ifndef SETTING_H
#define SETTING_H

/* Private to lib/config and lib/balance: the words of a configuration record, each with its
 * bounds, into the struct that they set. All return 0, or -1 with *e filled. */

#include "config.h"

/* A whole `router` record, with the defaults of what it does not say. */
int setting_router(const struct record *r, struct config_router *x, struct config_error *e);

/* The attributes alone. */
int setting_address(const struct record *r, struct config_address *x, struct config_error *e);
int setting_track(const struct record *r, struct config_track *x, struct config_error *e);
int setting_none(const struct record *r, struct config_error *e);

/* Fills *e, with what cannot be printed in the word replaced, and returns -1. */
int setting_refuse(struct config_error *e, const char *word, const char *reason);

/* An attribute: how its value ("yes" for a key alone) is read into the struct, and what is said
 * of a bad one. A table of them ends with a NULL key. */
struct setting_attribute {
	const char *key;
	int (*set)(void *into, const char *value);
	const char *reason;
};

/* Sets every attribute of the record; one that the table has not is refused. */
int setting_attributes(const struct record *r, const struct setting_attribute *known, void *into,
    struct config_error *e);

#define SETTING(name, type, ...)                                                                   \
	static int name(void *into, const char *value)                                             \
	{                                                                                          \
		type *x = into;                                                                    \
                                                                                                   \
		__VA_ARGS__                                                                        \
	}

/* Names become file names, hook arguments and words of records. */
bool setting_is_name(const char *text);

#define SETTING_NAME_REASON "not a name: 1 to 63 letters, digits, '.', '_', '-', not a '-' first"

/* As the kernel's dev_valid_name (net/core/dev.c). */
bool setting_is_ifname(const char *text);

/* "yes" or "no"; 0, or -1. */
int setting_yes(const char *text, bool *out);

/* 0, or -1 where it does not fit. */
int setting_copy(const char *text, char *out, size_t size);

#endif
