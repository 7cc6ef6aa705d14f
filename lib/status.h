#ifndef STATUS_H
#define STATUS_H

/* Exit statuses: 0 and 1 answer a question, the rest are those of sysexits.h. */
enum status {
	STATUS_YES = 0,
	STATUS_NO = 1,
	STATUS_USAGE = 64,
	STATUS_DATA = 65,
	STATUS_UNAVAILABLE = 69,
	STATUS_OS = 71,
	STATUS_IO = 74,
	STATUS_TEMPFAIL = 75,
	STATUS_NOPERM = 77,
	STATUS_CONFIG = 78,
};

/* The status that tells a caller what errno means to it: permission, a condition that may
 * pass (the link is down, no memory), or a failure of the host. */
int status_from_errno(int error);

#endif
