#ifndef CLI_H
#define CLI_H

#include <stdbool.h>

/* The words of a command line that all commands share. */

/* Every main begins with this: umask 077, descriptors 0 to 2 open, SIGPIPE ignored; answers
 * -h/--help on standard output with exit 0 and -V/--version ("NAME (viptools) X.Y"); usage is
 * the text of SYNOPSIS, one or more lines, then options, then examples. */
void cli_start(int argc, char *argv[], const char *usage);

/* The first line of usage and "try 'NAME --help'" on standard error, exit 64; format and the
 * rest say what is wrong, or format is NULL. */
_Noreturn void cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Messages: `NAME: object: reason` on standard error, with the <N> journal prefix only when
 * standard error is the journal ($JOURNAL_STREAM names it). level is syslog's: 3 error,
 * 4 warning, 6 information. */
void cli_message(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A filter without operands must have a stream to read: a terminal is a usage error. */
void cli_want_stream(void);

#endif
