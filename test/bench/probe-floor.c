/* probe-floor - what checks cost a bare epoll loop: no timeouts, no verdicts, no records
 *
 * usage: probe-floor tcp|http N PORT SECONDS [GROUP_US]
 *
 * N targets 127.1.x.y:PORT, each once a second, in N phases; what is due within GROUP_US (0) is
 * begun together. tcp is the half-open
 * check: TCP_QUICKACK off, and RST in place of an ACK. Prints checks, failures, processor time
 * in microseconds for each check, the latest start in microseconds, and the peak memory in kB. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char request[] = "GET / HTTP/1.1\r\nHost: check\r\nConnection: close\r\n\r\n";

struct target {
	struct sockaddr_in addr;
	int fd;
	bool asked;
};

static uint64_t n_done, n_failed;

static int64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
end(struct target *t, bool good)
{
	close(t->fd);
	t->fd = -1;
	n_done++;
	n_failed += !good;
}

static void
begin(struct target *t, int ep, bool http)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = t};

	t->asked = false;
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(t->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){0}, sizeof(int));
	if (!http)
		setsockopt(
		    t->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	if ((connect(t->fd, (struct sockaddr *)&t->addr, sizeof(t->addr)) == -1 &&
		errno != EINPROGRESS) ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, t->fd, &e) == -1)
		end(t, false);
}

static void
serve(struct target *t, uint32_t events, bool http)
{
	static char answer[65536];
	ssize_t n;

	if ((events & (EPOLLERR | EPOLLHUP)) != 0 || !http) {
		end(t, (events & (EPOLLERR | EPOLLHUP)) == 0);
		return;
	}
	if (!t->asked) {
		t->asked = true;
		if (send(t->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == -1) {
			end(t, false);
			return;
		}
	}
	if ((events & EPOLLIN) == 0)
		return;
	n = recv(t->fd, answer, sizeof(answer), 0);
	if (n > 12 && strncmp(answer + 9, "200", 3) == 0)
		end(t, true);
	else if (n != -1 || errno != EAGAIN)
		end(t, false);
}

static void
run(struct target *target, size_t n, bool http, int64_t group, int64_t length)
{
	struct epoll_event event[256];
	int ep = epoll_create1(EPOLL_CLOEXEC), n_events;
	int64_t first = clock_ns(), late = 0, now;
	uint64_t next = 0;
	struct rusage use;
	bool grouped = false;

	do {
		int64_t due = first + (int64_t)(next * UINT64_C(1000000000) / n);

		now = clock_ns();
		grouped = due <= now && (grouped || due + group <= now);
		if (grouped) {
			late = now - due > late ? now - due : late;
			begin(&target[next++ % n], ep, http);
			continue;
		}
		due += group;
		n_events = epoll_pwait2(ep, event, 256,
		    &(struct timespec){(due - now) / 1000000000, (due - now) % 1000000000}, NULL);
		for (int i = 0; i < n_events; i++)
			serve(event[i].data.ptr, event[i].events, http);
	} while (now < first + length);
	getrusage(RUSAGE_SELF, &use);
	printf("checks=%llu failed=%llu us=%.2f late_us=%lld kB=%ld\n", (unsigned long long)n_done,
	    (unsigned long long)n_failed,
	    (double)((use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 + use.ru_utime.tv_usec +
		use.ru_stime.tv_usec) /
		(double)n_done,
	    (long long)late / 1000, use.ru_maxrss);
}

int
main(int argc, char *argv[])
{
	struct target *target;
	size_t n;

	if (argc < 5)
		return 64;
	n = strtoul(argv[2], NULL, 10);
	target = calloc(n, sizeof(*target));
	if (target == NULL || n == 0)
		return 71;
	for (size_t i = 0; i < n; i++) {
		target[i].fd = -1;
		target[i].addr.sin_family = AF_INET;
		target[i].addr.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
		target[i].addr.sin_addr.s_addr =
		    htonl(0x7f010000 + (uint32_t)(i / 250 << 8) + (uint32_t)(i % 250 + 1));
	}
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){65536, 65536});
	prctl(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
	run(target, n, strcmp(argv[1], "http") == 0,
	    (argc > 5 ? strtol(argv[5], NULL, 10) : 0) * INT64_C(1000),
	    strtol(argv[4], NULL, 10) * INT64_C(1000000000));
	return 0;
}
