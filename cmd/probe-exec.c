/* probe-exec - ask programs whether servers are up */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "balance.h"
#include "prober.h"
#include "program.h"

#define CHILDREN_MAX 256 /* at a time, those that do not die included */
#define PATH_WORD    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char usage_text[] =
    "probe-exec [-jLv]\n"
    "       probe-exec [-djLNv] [-c COUNT] [-p EVERY] [-t TIMEOUT] [-w TIME]\n"
    "                  PROGRAM [WORD...]\n"
    "\n"
    "  -c COUNT    ask so often; the last answer counts (1)\n"
    "  -d          exit status 2 to 255 is up too, with a weight of 0 to 253\n"
    "  -j          print JSON, an object a line\n"
    "  -L          lock all memory\n"
    "  -N          print one line and exit as monitoring plugins do\n"
    "  -p EVERY    from one question to the next (2s)\n"
    "  -t TIMEOUT  then the program is killed (1s)\n"
    "  -v          say at the end how many checks there were, and how late\n"
    "  -w TIME     with -N, an answer that takes longer is a warning\n"
    "\n"
    "  probe-exec -t 5s /usr/lib/nagios/plugins/check_load -w 10 -c 20 && echo up\n"
    "  cat web.conf control | probe-tcp | probe-exec | pool-elect | ipvs-set\n";

struct exec {
	int null;
	bool quiet;
	unsigned int n_children, n_left;
	pid_t left[CHILDREN_MAX]; /* killed, and not gone yet */
};

struct exec_check {
	struct program program;
	bool dynamic;
	char name[CONFIG_NAME_MAX];
};

struct exec_run {
	pid_t pid;
};

static const char *
take_words(struct record_out *o, char *const **words)
{
	char cmd[RECORD_MAX];
	size_t n = 0;

	for (; **words != NULL; ++*words) {
		size_t len = strlen(**words);

		if (len == 0 || strpbrk(**words, " \t") != NULL)
			return "a program or word that is empty or has a blank";
		if (n + len + 2 > sizeof(cmd))
			return "too long";
		n += (size_t)snprintf(cmd + n, sizeof(cmd) - n, "%s%s", n > 0 ? " " : "", **words);
	}
	record_set(o, "cmd", cmd);
	return NULL;
}

static int
prepare(void *ctx, const struct balance_check *x, void **own, struct config_error *e)
{
	struct exec_check *c = calloc(1, sizeof(*c));

	(void)ctx;
	snprintf(e->word, sizeof(e->word), "cmd=");
	if (c == NULL || program_split(&c->program, balance_text(x, x->cmd)) == -1) {
		free(c);
		e->reason = errno == E2BIG ? "more than 64 words" : "no memory";
		return -1;
	}
	if (c->program.n_words > 0 && program_is_safe(c->program.word[0]) == 0) {
		c->dynamic = x->dynamic;
		strcpy(c->name, x->name);
		*own = c;
		return 0;
	}
	snprintf(
	    e->word, sizeof(e->word), "%s", c->program.n_words > 0 ? c->program.word[0] : "cmd=");
	e->reason = "not a program of root that nobody else can change";
	program_free(&c->program);
	free(c);
	return -1;
}

static void
forget(void *ctx, void *own)
{
	struct exec_check *c = own;

	(void)ctx;
	program_free(&c->program);
	free(c);
}

/* ---- one run ---- */

/* Those that were killed die in their own time; one in a system call without end, never. */
static void
reap(struct exec *x)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < x->n_left; i++)
		if (waitpid(x->left[i], NULL, WNOHANG) == 0)
			x->left[n++] = x->left[i];
	x->n_children -= x->n_left - n;
	x->n_left = n;
}

static pid_t
run(const struct exec *x, const struct probe_target *t)
{
	struct exec_check *c = t->check->own;
	char address[ADDR_STRLEN + 8], port[16], check[CONFIG_NAME_MAX + 8];
	char target[ENDPOINT_STRLEN + 8] = "TARGET=-";
	char *env[] = {(char[]){PATH_WORD}, check, target, NULL};
	struct endpoint at = {.addr = t->addr, .port = t->port};
	unsigned int n = c->program.n_words;
	struct addr addr;
	uint16_t to;

	snprintf(check, sizeof(check), "CHECK=%s", c->name);
	if (t->addr.family != 0) {
		endpoint_format(&at, target + strlen("TARGET="));
		probe_endpoint(t, &addr, &to);
		addr_format(&addr, address);
		snprintf(port, sizeof(port), "%u", to);
		c->program.word[n++] = address;
		c->program.word[n++] = port;
	}
	c->program.word[n] = NULL;
	return program_start(c->program.word, env, x->null, x->quiet);
}

static enum outcome
failed(struct probe_result *res, int error)
{
	enum outcome o = outcome_from_errno(error);

	snprintf(res->detail, sizeof(res->detail), "%s", strerror(error));
	return o == OUTCOME_FILES || o == OUTCOME_MEMORY ? o : OUTCOME_PROGRAM;
}

static enum outcome
on_open(void *ctx, struct probe_target *t, struct probe_result *res)
{
	struct exec_run *r = t->state;
	struct exec *x = ctx;

	reap(x);
	if (x->n_children == CHILDREN_MAX)
		return OUTCOME_CHILDREN;
	r->pid = run(x, t);
	if (r->pid == -1) {
		r->pid = 0;
		return failed(res, errno);
	}
	x->n_children++;
	t->fd = pidfd_open(r->pid, 0);
	return t->fd == -1 ? outcome_from_errno(errno) : OUTCOME_GOING;
}

static enum outcome
judge(const struct exec_check *c, const siginfo_t *info, struct probe_result *res)
{
	if (info->si_code != CLD_EXITED) {
		snprintf(res->detail, sizeof(res->detail), "signal %d", info->si_status);
		return OUTCOME_PROGRAM;
	}
	res->code = info->si_status;
	if (info->si_status == 0)
		return OUTCOME_OK;
	if (info->si_status == 1)
		return OUTCOME_EXIT;
	if (c->dynamic) {
		res->weight = info->si_status - 2;
		return OUTCOME_OK;
	}
	snprintf(res->detail, sizeof(res->detail), "%d", info->si_status);
	return OUTCOME_EXIT_OTHER;
}

/* The process is left as a zombie until its group has been killed: so long its number is no
 * other's. */
static enum outcome
on_ready(void *ctx, struct probe_target *t, uint32_t events, struct probe_result *res)
{
	struct exec_run *r = t->state;
	struct exec *x = ctx;
	siginfo_t info = {0};

	(void)events;
	if (waitid(P_PIDFD, (id_t)t->fd, &info, WEXITED | WNOHANG | WNOWAIT) == -1)
		return outcome_from_errno(errno);
	if (info.si_pid == 0)
		return OUTCOME_GOING;
	kill(-r->pid, SIGKILL);
	waitid(P_PIDFD, (id_t)t->fd, &info, WEXITED | WNOHANG);
	r->pid = 0;
	x->n_children--;
	return judge(t->check->own, &info, res);
}

static void
on_end(void *ctx, struct probe_target *t)
{
	struct exec_run *r = t->state;
	struct exec *x = ctx;

	if (r->pid == 0)
		return;
	kill(-r->pid, SIGKILL);
	x->left[x->n_left++] = r->pid;
	reap(x);
}

static int
open_null(void *ctx)
{
	struct exec *x = ctx;

	x->quiet = !isatty(STDERR_FILENO);
	x->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return x->null == -1 ? -1 : 0;
}

int
main(int argc, char *argv[])
{
	static const struct probe_protocol protocol = {.method = "exec",
	    .size = sizeof(struct exec_run),
	    .ready = on_ready,
	    .end = on_end,
	    .open = on_open};
	static const struct prober_option options[] = {{'d', true, "dynamic"}, {0, false, NULL}};
	static struct exec exec;
	static const struct prober_command command = {.name = "probe-exec",
	    .usage = usage_text,
	    .protocol = &protocol,
	    .protocol_ctx = &exec,
	    .without = "CimMs",
	    .options = options,
	    .whole_line = true,
	    .operand = take_words,
	    .prepare = prepare,
	    .forget = forget,
	    .open = open_null};

	return prober_main(&command, argc, argv);
}
