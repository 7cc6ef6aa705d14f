/* udp-probe - a datagram each millisecond to an address, and which of them were answered */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT      7007
#define NSEC      INT64_C(1000000000)
#define MSEC      INT64_C(1000000)
#define PATIENCE  (1000 * MSEC) /* what is answered no sooner is lost */
#define NAME_MAX_ 16

struct question {
	uint64_t seq;
};

struct answer {
	uint64_t seq;
	char name[NAME_MAX_];
};

struct shot {
	int64_t sent;
	int64_t answered; /* 0: not yet */
	char name[NAME_MAX_];
};

struct probe {
	struct shot *shot;
	size_t n, room, judged;
	const struct shot *good; /* the last that was answered; NULL before the first */
	size_t run, lost, late;
	int64_t outage, silence, heard;
};

static volatile sig_atomic_t stopping;

static void
on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

static int64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

static double
ms(int64_t ns)
{
	return (double)ns / (double)MSEC;
}

/* Answers from the address that was asked, so that the question must have reached it. */
static _Noreturn void
serve(const char *name)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)}, peer;
	struct question q;
	struct answer a;
	struct iovec in = {&q, sizeof(q)}, out = {&a, sizeof(a)};
	char control[128];
	int fd, on = 1;

	memset(&a, 0, sizeof(a));
	snprintf(a.name, sizeof(a.name), "%s", name);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1)
		err(71, "port %d", PORT);
	printf("ready\n");
	for (;;) {
		struct msghdr m = {.msg_name = &peer,
		    .msg_namelen = sizeof(peer),
		    .msg_iov = &in,
		    .msg_iovlen = 1,
		    .msg_control = control,
		    .msg_controllen = sizeof(control)};

		if (recvmsg(fd, &m, 0) != (ssize_t)sizeof(q))
			continue;
		a.seq = q.seq;
		m.msg_iov = &out;
		sendmsg(fd, &m, 0);
	}
}

static void
print_gap(const struct probe *p, const struct shot *next)
{
	int64_t from = p->good ? p->good->sent : p->shot[0].sent;

	printf("gap t=%.6f lost=%zu ms=%.1f from=%s to=%s\n", (double)from / (double)NSEC, p->run,
	    ms(next->sent - from), p->good ? p->good->name : "-", next->name);
}

/* Shots are judged in the order in which they were sent, each when it was answered or has
 * waited too long. */
static void
judge(struct probe *p, int64_t now)
{
	for (; p->judged < p->n; p->judged++) {
		const struct shot *s = &p->shot[p->judged];

		if (s->answered == 0 && now - s->sent < PATIENCE)
			return;
		if (s->answered == 0) {
			p->run++;
			p->lost++;
			continue;
		}
		if (s->answered - s->sent > 20 * MSEC)
			p->late++;
		if (p->run > 0) {
			print_gap(p, s);
			if (p->good && s->sent - p->good->sent > p->outage)
				p->outage = s->sent - p->good->sent;
		} else if (p->good && strcmp(p->good->name, s->name) != 0) {
			printf("move t=%.6f from=%s to=%s\n", (double)s->sent / (double)NSEC,
			    p->good->name, s->name);
		}
		p->run = 0;
		p->good = s;
	}
}

static void
hear(struct probe *p, int fd)
{
	struct answer a;
	int64_t now;

	while (recv(fd, &a, sizeof(a), MSG_DONTWAIT) == (ssize_t)sizeof(a)) {
		now = clock_ns();
		if (a.seq >= p->n || p->shot[a.seq].answered != 0 ||
		    now - p->shot[a.seq].sent >= PATIENCE)
			continue;
		p->shot[a.seq].answered = now;
		memcpy(p->shot[a.seq].name, a.name, sizeof(a.name) - 1);
		if (p->heard != 0 && now - p->heard > p->silence)
			p->silence = now - p->heard;
		p->heard = now;
	}
}

static void
ask(struct probe *p, int fd)
{
	struct question q = {.seq = p->n};

	if (p->n == p->room) {
		size_t good = p->good ? (size_t)(p->good - p->shot) : 0;

		p->room += 1 << 20;
		p->shot = realloc(p->shot, p->room * sizeof(*p->shot));
		if (p->shot == NULL)
			err(71, NULL);
		if (p->good)
			p->good = &p->shot[good];
	}
	p->shot[p->n] = (struct shot){.sent = clock_ns()};
	p->n++;
	(void)!send(fd, &q, sizeof(q), MSG_DONTWAIT); /* one that cannot leave is lost */
}

static int
open_client(const char *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	bool is6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
	int fd;

	if (!is6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
		errx(64, "%s: not an address", address);
	fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    connect(fd, is6 ? (void *)&v6 : (void *)&v4, is6 ? sizeof(v6) : sizeof(v4)) == -1)
		err(71, "%s", address);
	return fd;
}

static void
measure(const char *address, int64_t interval, int64_t limit)
{
	struct probe p = {0};
	int fd = open_client(address);
	int64_t start = clock_ns(), due = start, now;
	size_t skipped = 0;

	for (now = start; !stopping && (limit == 0 || now - start < limit); now = clock_ns()) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		struct timespec wait = {0};

		if (now >= due) {
			ask(&p, fd);
			for (due += interval; due <= now; due += interval)
				skipped++;
		} else {
			wait.tv_nsec = due - now;
			ppoll(&pfd, 1, &wait, NULL);
		}
		hear(&p, fd);
		judge(&p, now);
	}
	for (now = clock_ns(), start = now; now - start < PATIENCE / 4; now = clock_ns()) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};

		poll(&pfd, 1, 10);
		hear(&p, fd);
	}
	judge(&p, INT64_MAX / 2);
	if (p.run > 0 && p.n > 0) {
		const struct shot *from = p.good ? p.good : p.shot;

		if (p.shot[p.n - 1].sent - from->sent > p.outage)
			p.outage = p.shot[p.n - 1].sent - from->sent;
		printf("gap t=%.6f lost=%zu ms=%.1f from=%s to=-\n",
		    (double)from->sent / (double)NSEC, p.run, ms(p.shot[p.n - 1].sent - from->sent),
		    p.good ? p.good->name : "-");
	}
	printf("total sent=%zu answered=%zu lost=%zu late=%zu skipped=%zu outage_ms=%.1f "
	       "silence_ms=%.1f last=%s\n",
	    p.n, p.n - p.lost, p.lost, p.late, skipped, ms(p.outage), ms(p.silence),
	    p.good ? p.good->name : "-");
}

int
main(int argc, char *argv[])
{
	const struct sched_param first = {.sched_priority = 50};
	struct sigaction sa = {.sa_handler = on_signal};
	int64_t interval = MSEC, limit = 0;
	int ch;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_TIMERSLACK, 1UL);
	(void)!sched_setscheduler(0, SCHED_FIFO, &first);
	while ((ch = getopt(argc, argv, "i:d:s:")) != -1) {
		switch (ch) {
		case 'i':
			interval = (int64_t)(strtod(optarg, NULL) * (double)MSEC);
			break;
		case 'd':
			limit = (int64_t)(strtod(optarg, NULL) * (double)NSEC);
			break;
		case 's':
			serve(optarg);
		default:
			errx(64, "usage: udp-probe -s NAME | [-i MS] [-d SECONDS] ADDRESS");
		}
	}
	if (optind + 1 != argc || interval <= 0)
		errx(64, "usage: udp-probe -s NAME | [-i MS] [-d SECONDS] ADDRESS");
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	measure(argv[optind], interval, limit);
	return 0;
}
