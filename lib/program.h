#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

/* Programs of others, run as checks: no shell, a clean environment, a session of their own. */

#define PROGRAM_WORDS_MAX 64

struct program {
	char *text;                        /* the words, each ended by a NUL */
	char *word[PROGRAM_WORDS_MAX + 3]; /* room for ADDRESS, PORT and NULL */
	unsigned int n_words;
};

/* Splits a command line at blanks. Returns 0, or -1 with errno: E2BIG, ENOMEM. */
int program_split(struct program *p, const char *cmd);
void program_free(struct program *p);

/* Whether it is an executable file that only root can change, along its whole path and along
 * the path that symbolic links lead to. Returns 0, or -1 with errno: EPERM where it is not. */
int program_is_safe(const char *path);

/* Starts it with the words and environment given, both ended by NULL: in a session and process
 * group of its own, null as standard input and output (and error where quiet), nothing else
 * open, signals as usual, at `/`; it dies with us. Returns its pid, or -1 with the errno of
 * what failed, execve(2) included. */
pid_t program_start(char *const word[], char *const env[], int null, bool quiet);

#endif
