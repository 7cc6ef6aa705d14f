#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole records on their way to standard output: written by atomic writes that never block and
 * never cut a record, and a watch on a reader that takes nothing. */

#define QUEUE_SIZE  1048576
#define QUEUE_STALL INT64_C(2000000000) /* ns; a reader that takes nothing this long is gone */

struct queue {
	bool gone;    /* the reader; what is put is dropped from then on */
	bool is_pipe; /* only a pipe tells what is unread */
	bool watched; /* unread octets may be there */
	size_t head, tail;
	size_t written; /* since the last look */
	size_t unread;  /* at the last look */
	int64_t progress;
	char text[QUEUE_SIZE];
};

/* q is zeroed before. */
void queue_open(struct queue *q);

/* Adds octets; a queue that is full makes its reader count as gone. */
void queue_put(struct queue *q, const char *text, size_t len);

bool queue_is_empty(const struct queue *q);

/* More than half full: a good time to read nothing new. */
bool queue_is_high(const struct queue *q);

/* Writes what can be written without waiting. Returns 0, or the errno of a failed write that
 * was more than a reader gone. */
int queue_flush(struct queue *q, int64_t now);

/* Looks whether the reader has taken anything; every half second or so while q->watched. */
void queue_look(struct queue *q, int64_t now);

#endif
