#ifndef PROBER_H
#define PROBER_H

#include "config.h"
#include "probe.h"
#include "record.h"

/* The command that all probes are: a filter that asks the targets of the checks of its method,
 * and by hand one that asks its operands. A probe adds its protocol and its words. */

struct balance_check;

/* An option by hand, and the attribute of a `check` record that it is. All probes have -c, -C, -i,
 * -j, -L, -m, -M, -N, -p, -s, -t, -v and -w. A letter that stands here several times may be given
 * so often, each time for the next of its attributes. */
struct prober_option {
	char letter;
	bool flag; /* it has no argument: the attribute stands alone, or key is "key=value" */
	const char *key;
};

struct prober_command {
	const char *name;  /* "probe-tcp" */
	const char *usage; /* of cli_start */
	const struct probe_protocol *protocol;
	void *protocol_ctx;
	const struct prober_option *options; /* ended by a letter 0; may be NULL */
	const char *without; /* letters of the common options that it does not have; may be NULL */
	bool whole_line;     /* by hand, options end at the first operand */
	bool reads_files;    /* prepare opens files: privileges go when the configuration of the
				start has been read, before anything is asked */

	/* By hand, takes one or more of the words (moves *words behind them), and adds what they
	 * mean to a `check NAME METHOD` record that has no operand or attribute yet: TARGET first
	 * (record_add), attributes then (record_set). Returns NULL, or why the word is wrong. NULL:
	 * each word is a TARGET. */
	const char *(*operand)(struct record_out *o, char *const **words);

	/* Makes what the protocol needs of the words of a check (compiles an expression, reads a
	 * file, ...) into *own, which becomes t->check->own of its targets. Is called before the
	 * check is used and again when it has been edited; a failure refuses the record. Returns 0,
	 * or -1 with *e filled. forget frees it. Both may be NULL. */
	int (*prepare)(
	    void *protocol_ctx, const struct balance_check *x, void **own, struct config_error *e);
	void (*forget)(void *protocol_ctx, void *own);

	/* After all is prepared and before privileges are dropped: opens what needs them. Returns
	 * 0, or -1 with errno. May be NULL. */
	int (*open)(void *protocol_ctx);
};

/* main of the command: parses argv, works, returns the exit status. */
int prober_main(const struct prober_command *cmd, int argc, char *argv[]);

#endif
