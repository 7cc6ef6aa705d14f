#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define RECORD_MAX       4096 /* octets of one record with its LF: PIPE_BUF */
#define RECORD_WORDS_MAX 64   /* words after the kind */

/* What a kind is for: configuration is closed (an unknown word is an error), the rest open. */
enum record_class {
	RECORD_UNKNOWN,
	RECORD_CONFIG,
	RECORD_CONTROL,
	RECORD_EVENT,
};

/* Every kind of records(5): its name, its class, and the names of its operands in order. */
#define RECORD_KINDS(X)                                                                            \
	X(router, CONFIG, "router")                                                                \
	X(address, CONFIG, "router", "address")                                                    \
	X(route, CONFIG, "router")                                                                 \
	X(rule, CONFIG, "router")                                                                  \
	X(peer, CONFIG, "router", "address")                                                       \
	X(group, CONFIG, "group")                                                                  \
	X(track, CONFIG, "router", "object")                                                       \
	X(notify, CONFIG, "name", "program")                                                       \
	X(check, CONFIG, "check", "method", "target")                                              \
	X(service, CONFIG, "service", "protocol", "endpoint")                                      \
	X(server, CONFIG, "service", "endpoint")                                                   \
	X(sync, CONFIG, "sync")                                                                    \
	X(timeouts, CONFIG, "timeouts")                                                            \
	X(priority, CONTROL, "router", "prio")                                                     \
	X(release, CONTROL, "router")                                                              \
	X(stop, CONTROL, "router")                                                                 \
	X(drain, CONTROL, "service", "endpoint")                                                   \
	X(undrain, CONTROL, "service", "endpoint")                                                 \
	X(remove, CONTROL, "object")                                                               \
	X(advert, EVENT, "if", "vrid", "src")                                                      \
	X(reject, EVENT, "if", "reason")                                                           \
	X(link, EVENT, "if", "state")                                                              \
	X(tick, EVENT, NULL)                                                                       \
	X(health, EVENT, "check", "target", "state")                                               \
	X(expect, EVENT, "router")                                                                 \
	X(send, EVENT, "router")                                                                   \
	X(sent, EVENT, "router")                                                                   \
	X(state, EVENT, "router", "state")                                                         \
	X(contested, EVENT, "router")                                                              \
	X(split, EVENT, "router")                                                                  \
	X(stalled, EVENT, "router")                                                                \
	X(mismatch, EVENT, "router")                                                               \
	X(conflict, EVENT, "router")                                                               \
	X(pool, EVENT, "service", "state")                                                         \
	X(vip, EVENT, "router", "address", "state")                                                \
	X(ipvs, EVENT, "service", "endpoint")                                                      \
	X(stats, EVENT, "service", "endpoint")                                                     \
	X(error, EVENT, "command")

/* One word after the kind: key and value of `key=value`; for a word without `=`, an operand
 * or a flag, key is the word and value is NULL. */
struct record_word {
	char *key;
	char *value;
};

/* A parsed record. The words point into text, decoded. */
struct record {
	char *kind;
	enum record_class class;
	unsigned int n_operands; /* leading words without `=`, at most what the kind has */
	unsigned int n_words;
	struct record_word word[RECORD_WORDS_MAX];
	char text[RECORD_MAX];
};

/* Why a line is not a record, and the octets of it that are to blame. */
struct record_error {
	const char *reason;
	char word[64];
};

/* Parses one line, with or without its LF, into r. Returns 1 for a record, 0 for a blank line
 * or a comment, -1 with *e filled for what is no record (r is then undefined). */
int record_parse(struct record *r, const char *line, size_t len, struct record_error *e);

/* The i-th operand, or NULL where the record has fewer. */
const char *record_operand(const struct record *r, unsigned int i);

/* The value of an attribute: "yes" for a key that stands alone, NULL where there is none. */
const char *record_get(const struct record *r, const char *key);

/* The class of a kind, and the name of its i-th operand (NULL past the last). */
enum record_class record_class_of(const char *kind);
const char *record_operand_name(const char *kind, unsigned int i);

/* Writing. A record is begun, filled and ended; what does not fit in RECORD_MAX makes
 * record_end return 0. Operands and values are encoded on the way. */
struct record_out {
	size_t len;
	bool overflow;
	char text[RECORD_MAX];
};

void record_begin(struct record_out *o, const char *kind);
void record_add(struct record_out *o, const char *operand);
void record_add_uint(struct record_out *o, uint64_t operand);
void record_add_addr(struct record_out *o, const struct addr *a);
void record_add_cidr(struct record_out *o, const struct cidr *c);
void record_flag(struct record_out *o, const char *key);
void record_set(struct record_out *o, const char *key, const char *value);
void record_set_uint(struct record_out *o, const char *key, uint64_t value);
void record_set_addr(struct record_out *o, const char *key, const struct addr *a);
void record_set_addrs(struct record_out *o, const char *key, const struct addr *a, size_t n);
void record_set_duration(struct record_out *o, const char *key, int64_t ns);
void record_set_time(struct record_out *o, const char *key, int64_t ns);

/* Adds the LF and returns the length of o->text, or 0 where it did not fit. */
size_t record_end(struct record_out *o);

/* A parsed record back to its canonical text. */
size_t record_format(const struct record *r, struct record_out *o);

/* One JSON object and LF with the same names. Returns its length; out must hold
 * RECORD_JSON_MAX. */
#define RECORD_JSON_MAX (8 * RECORD_MAX)
size_t record_to_json(const struct record *r, char *out);

#endif
