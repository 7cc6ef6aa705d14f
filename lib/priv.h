#ifndef PRIV_H
#define PRIV_H

#include <stdbool.h>

/* Gives up all capabilities but those named (CAP_NET_ADMIN or none), in every set, and sets
 * no_new_privs and not dumpable. Root becomes nobody where `nobody` is set (a command that
 * opens files of root later keeps its uid, without capabilities). Returns 0, or -1 with
 * errno. */
int priv_drop(bool keep_net_admin, bool nobody);

/* mlockall, for -L. Returns 0, or -1 with errno. */
int priv_lock_memory(void);

#endif
