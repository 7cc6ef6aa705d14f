#ifndef SETTING_H
#define SETTING_H

/* Private to lib/config: the words of a configuration record, each with its bounds, into the
 * struct that they set. All return 0, or -1 with *e filled. */

#include "config.h"

/* A whole `router` record, with the defaults of what it does not say. */
int setting_router(const struct record *r, struct config_router *x, struct config_error *e);

/* The attributes alone. */
int setting_address(const struct record *r, struct config_address *x, struct config_error *e);
int setting_track(const struct record *r, struct config_track *x, struct config_error *e);
int setting_none(const struct record *r, struct config_error *e);

/* Fills *e, with what cannot be printed in the word replaced, and returns -1. */
int setting_refuse(struct config_error *e, const char *word, const char *reason);

/* Names become file names, hook arguments and words of records. */
bool setting_is_name(const char *text);

/* 0, or -1 where it does not fit. */
int setting_copy(const char *text, char *out, size_t size);

#endif
