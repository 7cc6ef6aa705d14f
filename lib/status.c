#include <errno.h>

#include "status.h"

int
status_from_errno(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return STATUS_NOPERM;
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
	case ENETDOWN:
	case EBUSY:
		return STATUS_TEMPFAIL;
	case EPIPE:
	case ENOSPC:
		return STATUS_IO;
	case EPROTONOSUPPORT:
	case ENOPROTOOPT:
		return STATUS_UNAVAILABLE;
	default:
		return STATUS_OS;
	}
}
