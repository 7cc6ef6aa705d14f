#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "priv.h"

#define PRIV_NOBODY 65534

/* The user changes first, while CAP_SETUID is there; PR_SET_KEEPCAPS carries the permitted set
 * over, and the effective one is set anew below. */
static int
become_nobody(void)
{
	if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) == -1)
		return -1;
	if (setgroups(0, NULL) == -1 || setresgid(PRIV_NOBODY, PRIV_NOBODY, PRIV_NOBODY) == -1 ||
	    setresuid(PRIV_NOBODY, PRIV_NOBODY, PRIV_NOBODY) == -1)
		return -1;
	return prctl(PR_SET_KEEPCAPS, 0L, 0L, 0L, 0L);
}

int
priv_drop(bool keep_net_admin, bool nobody)
{
	bool had;

	capng_get_caps_process();
	had = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN) == 1;
	/* only who holds CAP_SETPCAP can cut the bounding set; no_new_privs below makes what
	 * is left of it worthless */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0L, 0L, 0L) == 0; cap++)
		;
	if (nobody && geteuid() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) == 1 &&
	    become_nobody() == -1)
		return -1;
	capng_clear(CAPNG_SELECT_CAPS);
	if (keep_net_admin && had)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
		errno = EPERM;
		return -1;
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == -1)
		return -1;
	return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

int
priv_lock_memory(void)
{
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};

	/* What is allocated once the capability is gone counts against the limit. */
	if (setrlimit(RLIMIT_MEMLOCK, &r) == -1 && getrlimit(RLIMIT_MEMLOCK, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &r);
	}
	return mlockall(MCL_CURRENT | MCL_FUTURE);
}
