/* wall - print how many microseconds a command takes, from its start to its end; its output is lost
 *
 * usage: wall COMMAND [ARGUMENT...]
 *
 * Exits as the command does, 70 where it was killed. */

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

int
main(int argc, char *argv[])
{
	posix_spawn_file_actions_t actions;
	int64_t begin;
	int status;
	pid_t pid;

	if (argc < 2)
		return 64;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	begin = clock_ns();
	if (posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ) != 0 ||
	    waitpid(pid, &status, 0) == -1)
		return 71;
	printf("%lld\n", (long long)((clock_ns() - begin) / 1000));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
