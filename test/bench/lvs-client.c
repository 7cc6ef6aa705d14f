/* lvs-client - a client of real servers, and their UDP service, for test/lvs.bash
 *
 *	lvs-client get [-n TIMES] [-k] [-p PORT] [FROM,]TO...	TCP, one connection for each word
 *	lvs-client ask [-n TIMES] [-p PORT] [FROM,]TO		UDP, all from one socket
 *	lvs-client tell NAME ADDRESS...				answers `ask` with NAME
 *
 * Prints the name that each answer holds, or why there is none. -k: keep the connections. */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 8, SILENT_MAX = 3 };

union endpoint {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t
endpoint_parse(union endpoint *e, const char *address, const char *port)
{
	memset(e, 0, sizeof(*e));
	if (inet_pton(AF_INET, address, &e->in.sin_addr) == 1) {
		e->in.sin_family = AF_INET;
		e->in.sin_port = htons((in_port_t)atoi(port));
		return sizeof(e->in);
	}
	if (inet_pton(AF_INET6, address, &e->in6.sin6_addr) != 1)
		errx(64, "%s: not an address", address);
	e->in6.sin6_family = AF_INET6;
	e->in6.sin6_port = htons((in_port_t)atoi(port));
	return sizeof(e->in6);
}

/* A socket of 3 s of patience to [FROM,]TO; -1 where connect(2) fails. */
static int
connected(int type, const char *word, const char *port)
{
	static const struct timeval patience = {.tv_sec = 3};
	const char *comma = strchr(word, ',');
	union endpoint to, from;
	socklen_t size = endpoint_parse(&to, comma == NULL ? word : comma + 1, port);
	int s = socket(to.sa.sa_family, type | SOCK_CLOEXEC, 0);
	char source[INET6_ADDRSTRLEN];

	if (s == -1 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == -1 ||
	    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == -1)
		err(71, "socket");
	if (comma != NULL) {
		snprintf(source, sizeof(source), "%.*s", (int)(comma - word), word);
		if (bind(s, &from.sa, endpoint_parse(&from, source, "0")) == -1)
			err(71, "%s", source);
	}
	if (connect(s, &to.sa, size) == -1) {
		int why = errno;

		close(s);
		errno = why;
		return -1;
	}
	return s;
}

/* Says what went wrong; true for a time-out. */
static bool
wrong(void)
{
	bool late = errno == EAGAIN || errno == EINPROGRESS || errno == ETIMEDOUT;

	puts(late ? "timeout" : strerrorname_np(errno));
	return late;
}

/* One request; the body ends with a line feed, as the name does. */
static bool
get(const char *word, const char *port, bool keep)
{
	static const char kept[] = "GET / HTTP/1.1\r\nHost: lvs\r\n\r\n";
	static const char closed[] = "GET / HTTP/1.1\r\nHost: lvs\r\nConnection: close\r\n\r\n";
	const char *request = keep ? kept : closed;
	char text[4096], *body = NULL;
	size_t n = 0;
	ssize_t part = 0;
	int s = connected(SOCK_STREAM, word, port);

	if (s == -1)
		return wrong();
	if (send(s, request, strlen(request), MSG_NOSIGNAL) == -1)
		part = -1;
	while (part != -1 && (body == NULL || text[n - 1] != '\n') && n < sizeof(text) - 1) {
		part = recv(s, text + n, sizeof(text) - 1 - n, 0);
		if (part <= 0)
			break;
		n += (size_t)part;
		text[n] = '\0';
		body = strstr(text, "\r\n\r\n");
	}
	if (part == -1) {
		bool late = wrong();

		close(s);
		return late;
	}
	fputs(body == NULL ? "cut\n" : body + 4, stdout);
	if (!keep)
		close(s);
	return false;
}

static void
ask(const char *word, const char *port, int times)
{
	int s = connected(SOCK_DGRAM, word, port);
	char name[64];

	if (s == -1)
		err(71, "%s", word);
	while (times-- > 0) {
		ssize_t n = -1;

		if (send(s, "?", 1, 0) != -1)
			n = recv(s, name, sizeof(name), 0);
		if (n == -1)
			wrong();
		else
			printf("%.*s\n", (int)n, name);
	}
}

static void
tell(const char *name, char **addresses, int count)
{
	static const char *const ports[] = {"53", "7007"};
	struct pollfd waits[2 * ADDRESSES_MAX];

	count *= 2;
	for (int i = 0; i < count; i++) {
		union endpoint here;
		socklen_t size = endpoint_parse(&here, addresses[i / 2], ports[i % 2]);

		waits[i].fd = socket(here.sa.sa_family, SOCK_DGRAM, 0);
		waits[i].events = POLLIN;
		if (waits[i].fd == -1 || bind(waits[i].fd, &here.sa, size) == -1)
			err(71, "%s", addresses[i / 2]);
	}
	puts("ready");
	fflush(stdout);
	while (poll(waits, (nfds_t)count, -1) != -1) {
		for (int i = 0; i < count; i++) {
			union endpoint who;
			socklen_t size = sizeof(who);
			char text[64];

			if ((waits[i].revents & POLLIN) != 0 &&
			    recvfrom(waits[i].fd, text, sizeof(text), 0, &who.sa, &size) != -1)
				sendto(waits[i].fd, name, strlen(name), 0, &who.sa, size);
		}
	}
}

int
main(int argc, char *argv[])
{
	const char *verb = argc < 3 ? "" : argv[1], *port = NULL;
	int ch, times = 1, silent = 0;
	bool keep = false;

	if (argc < 3)
		errx(64, "see its source");
	argv++;
	argc--;
	while ((ch = getopt(argc, argv, "n:kp:")) != -1) {
		if (ch == 'n')
			times = atoi(optarg);
		else if (ch == 'k')
			keep = true;
		else if (ch == 'p')
			port = optarg;
		else
			exit(64);
	}
	argc -= optind;
	argv += optind;
	if (strcmp(verb, "tell") == 0 && argc > 1 && argc - 1 <= ADDRESSES_MAX)
		tell(argv[0], argv + 1, argc - 1);
	if (strcmp(verb, "ask") == 0)
		ask(argv[0], port == NULL ? "7007" : port, times);
	if (strcmp(verb, "get") != 0)
		return 0;
	while (times-- > 0) {
		for (int i = 0; i < argc; i++) {
			silent = get(argv[i], port == NULL ? "80" : port, keep) ? silent + 1 : 0;
			fflush(stdout);
			if (silent == SILENT_MAX)
				errx(1, "nobody answers");
		}
	}
	while (keep)
		pause();
	return 0;
}
