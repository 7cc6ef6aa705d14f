/* page-probe - a client that never stops asking for a page, and says when it was not served
 *
 * usage: page-probe [-k] [-i MS] ADDRESS [PORT]
 *
 * A request every MS milliseconds (20), each over a connection of its own; with -k all over one,
 * which is never made anew. A line for each, `T NAME`: when it was sent, in seconds on
 * CLOCK_MONOTONIC, and what the answer holds, or the error, which begins with `!`. One that is not
 * answered within 2 s is `!timeout`. Ends by a signal. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 2

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
open_connection(const struct sockaddr *to, socklen_t len)
{
	struct timeval patience = {.tv_sec = PATIENCE};
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, to, len) == 0)
		return fd;
	if (errno == EINPROGRESS) /* what SO_SNDTIMEO makes of it */
		errno = EAGAIN;
	close(fd);
	return -1;
}

/* The body, up to its newline, in answer. Returns 0, or -1 with errno. */
static int
ask(int fd, bool last, char *answer, size_t size)
{
	static const char keep[] = "GET / HTTP/1.1\r\nHost: probe\r\n\r\n";
	static const char end[] = "GET / HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
	const char *request = last ? end : keep;
	size_t have = 0;
	char *body;

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) == -1)
		return -1;
	for (;;) {
		ssize_t n = recv(fd, answer + have, size - 1 - have, 0);

		if (n == -1)
			return -1;
		if (n == 0 || have + (size_t)n == size - 1) {
			errno = EPIPE;
			return -1;
		}
		have += (size_t)n;
		answer[have] = '\0';
		body = strstr(answer, "\r\n\r\n");
		if (body != NULL && answer[have - 1] == '\n' && body + 4 < answer + have)
			break;
	}
	answer[have - 1] = '\0';
	memmove(answer, body + 4, strlen(body + 4) + 1);
	return 0;
}

static int
fetch(const struct sockaddr *to, socklen_t len, int kept, char *answer, size_t size)
{
	int fd = kept != -1 ? kept : open_connection(to, len);
	int result, error;

	if (fd == -1)
		return -1;
	result = ask(fd, kept == -1, answer, size);
	error = errno;
	if (kept == -1)
		close(fd);
	errno = error;
	return result;
}

static void
probe(const struct sockaddr *to, socklen_t len, double pause, bool keep)
{
	int kept = keep ? open_connection(to, len) : -1;
	double due = now();
	char answer[4096];

	if (keep && kept == -1) {
		perror("page-probe");
		exit(1);
	}
	for (;;) {
		double began = now(), left;

		if (fetch(to, len, kept, answer, sizeof(answer)) == 0)
			printf("%.6f %s\n", began, answer);
		else
			printf("%.6f !%s\n", began,
			    errno == EAGAIN ? "timeout" : strerrorname_np(errno));
		due += pause;
		left = due - now();
		if (left > 0)
			usleep((useconds_t)(left * 1e6));
		else
			due = now();
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	double pause = 0.02;
	bool keep = false;
	int option, port;

	while ((option = getopt(argc, argv, "i:k")) != -1) {
		if (option == 'i')
			pause = atof(optarg) / 1000;
		else if (option == 'k')
			keep = true;
		else
			argc = 0;
	}
	if (argc - optind < 1 || argc - optind > 2) {
		fputs("usage: page-probe [-k] [-i MS] ADDRESS [PORT]\n", stderr);
		return 64;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	port = optind + 1 < argc ? atoi(argv[optind + 1]) : 80;
	in.sin_port = in6.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, argv[optind], &in.sin_addr) == 1)
		probe((struct sockaddr *)&in, sizeof(in), pause, keep);
	else if (inet_pton(AF_INET6, argv[optind], &in6.sin6_addr) == 1)
		probe((struct sockaddr *)&in6, sizeof(in6), pause, keep);
	fprintf(stderr, "page-probe: %s: no address\n", argv[optind]);
	return 64;
}
