#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "status.h"

static struct {
	const char *usage;
	bool journal;
} cli;

/* systemd names the journal's stream in JOURNAL_STREAM as DEVICE:INODE (systemd.exec(5)). */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream != NULL && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void
cli_start(int argc, char *argv[], const char *usage)
{
	umask(077);
	/* A descriptor 0, 1 or 2 that is closed would become a socket or a capture. */
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) == -1)
			exit(STATUS_OS);
	signal(SIGPIPE, SIG_IGN);
	cli.usage = usage;
	cli.journal = is_journal(STDERR_FILENO);
	if (argc != 2)
		return;
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		printf("usage: %s", usage);
		exit(fflush(stdout) == 0 ? STATUS_YES : STATUS_IO);
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("%s (viptools) %s\n", program_invocation_short_name, VERSION);
		exit(fflush(stdout) == 0 ? STATUS_YES : STATUS_IO);
	}
}

static void say(int level, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static void
say(int level, const char *format, va_list args)
{
	char text[1024];
	int n = 0;

	if (cli.journal)
		n = snprintf(text, sizeof(text), "<%d>", level);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "%s: ", program_invocation_short_name);
	vsnprintf(text + n, sizeof(text) - (size_t)n - 1, format, args);
	strcat(text, "\n");
	fputs(text, stderr);
}

void
cli_message(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(level, format, args);
	va_end(args);
}

void
cli_fail(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(3, format, args);
	va_end(args);
	exit(status);
}

void
cli_usage(const char *format, ...)
{
	va_list args;

	if (format != NULL) {
		va_start(args, format);
		say(3, format, args);
		va_end(args);
	}
	fprintf(stderr, "usage: %.*s\ntry '%s --help'\n", (int)strcspn(cli.usage, "\n"), cli.usage,
	    program_invocation_short_name);
	exit(STATUS_USAGE);
}

void
cli_want_stream(void)
{
	if (isatty(STDIN_FILENO))
		cli_usage("standard input is a terminal, not a stream of records");
}
