#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

int
program_split(struct program *p, const char *cmd)
{
	char *save = NULL;

	memset(p, 0, sizeof(*p));
	p->text = strdup(cmd);
	if (p->text == NULL)
		return -1;
	for (char *w = strtok_r(p->text, " \t", &save); w != NULL;
	     w = strtok_r(NULL, " \t", &save)) {
		if (p->n_words == PROGRAM_WORDS_MAX) {
			program_free(p);
			errno = E2BIG;
			return -1;
		}
		p->word[p->n_words++] = w;
	}
	return 0;
}

void
program_free(struct program *p)
{
	free(p->text);
	p->text = NULL;
}

static int
is_of_root(const char *path, struct stat *st)
{
	if (stat(path, st) == -1)
		return -1;
	if (st->st_uid == 0 && (st->st_mode & 022) == 0)
		return 0;
	errno = EPERM;
	return -1;
}

/* A path and each folder on its way. */
static int
is_path_of_root(const char *path)
{
	char text[PATH_MAX];
	struct stat st;
	size_t len = strlen(path);

	if (path[0] != '/' || len >= sizeof(text)) {
		errno = path[0] != '/' ? EINVAL : ENAMETOOLONG;
		return -1;
	}
	memcpy(text, path, len + 1);
	for (char *slash = strrchr(text, '/');; slash = strrchr(text, '/')) {
		if (is_of_root(text, &st) == -1)
			return -1;
		if (slash == text)
			break;
		*slash = '\0';
	}
	return is_of_root("/", &st);
}

int
program_is_safe(const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (is_path_of_root(path) == -1 || realpath(path, real) == NULL ||
	    is_path_of_root(real) == -1 || stat(real, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return -1;
	}
	return access(real, X_OK);
}

/* The child of vfork runs in our memory, on our stack, while we wait: only system calls here. */
static _Noreturn void
become(char *const word[], char *const env[], int null, bool quiet, volatile int *error)
{
	static const struct rlimit no_core = {0, 0};
	struct rlimit files = {1024, 1024};
	sigset_t none;

	/* SIGPIPE is ignored here, others where whoever started us wanted it, and all are blocked.
	 * Handlers there are none. */
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	/* select(2) in a program cannot take the numbers that we may use */
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_cur > 1024 ? 1024 : files.rlim_cur;
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L);
	if (setsid() != -1 && chdir("/") == 0 && dup2(null, 0) != -1 && dup2(null, 1) != -1 &&
	    (!quiet || dup2(null, 2) != -1) && close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
	    sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		execve(word[0], word, env);
	*error = errno;
	_exit(127);
}

pid_t
program_start(char *const word[], char *const env[], int null, bool quiet)
{
	volatile int error = 0;
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = vfork();
	if (pid == 0)
		become(word, env, null, quiet, &error);
	if (pid == -1)
		error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		return pid;
	if (pid > 0)
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			;
	errno = error;
	return -1;
}
