#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue.h"

void
queue_open(struct queue *q)
{
	struct stat out;

	q->is_pipe = fstat(STDOUT_FILENO, &out) == 0 && S_ISFIFO(out.st_mode);
}

void
queue_put(struct queue *q, const char *text, size_t len)
{
	if (q->gone)
		return;
	if (len > QUEUE_SIZE - q->tail && q->head > 0) {
		memmove(q->text, q->text + q->head, q->tail - q->head);
		q->tail -= q->head;
		q->head = 0;
	}
	if (len > QUEUE_SIZE - q->tail) {
		q->gone = true; /* it took nothing while a whole queue was filled */
		return;
	}
	memcpy(q->text + q->tail, text, len);
	q->tail += len;
}

bool
queue_is_empty(const struct queue *q)
{
	return q->head == q->tail;
}

bool
queue_is_high(const struct queue *q)
{
	return q->tail - q->head > QUEUE_SIZE / 2;
}

/* The longest run of whole records that one atomic write can take. */
static size_t
chunk(const struct queue *q)
{
	const char *start = q->text + q->head;
	size_t len = q->tail - q->head;
	const char *end;

	if (len <= PIPE_BUF)
		return len;
	end = memrchr(start, '\n', PIPE_BUF);
	return end != NULL ? (size_t)(end - start) + 1 : PIPE_BUF;
}

int
queue_flush(struct queue *q, int64_t now)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (!q->gone && q->head < q->tail) {
		ssize_t n;

		/* a pipe that polls writable has room for PIPE_BUF octets (pipe(7)); the
		 * descriptor may be shared, so O_NONBLOCK is not ours to set */
		if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0) {
			q->gone |= (p.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
			return 0;
		}
		n = write(STDOUT_FILENO, q->text + q->head, chunk(q));
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			return 0;
		if (n == -1) {
			q->gone = true;
			return errno != EPIPE ? errno : 0;
		}
		q->head += (size_t)n;
		q->written += (size_t)n;
		if (q->is_pipe && !q->watched) {
			q->watched = true;
			q->progress = now;
		}
	}
	if (q->head == q->tail)
		q->head = q->tail = 0;
	return 0;
}

void
queue_look(struct queue *q, int64_t now)
{
	size_t before = q->unread + q->written;
	int unread = 0;

	if (ioctl(STDOUT_FILENO, FIONREAD, &unread) == -1)
		unread = 0;
	q->written = 0;
	q->unread = (size_t)unread;
	if (q->unread < before)
		q->progress = now;
	q->watched = unread > 0;
	if (q->watched && now - q->progress >= QUEUE_STALL)
		q->gone = true;
}
