#include <errno.h>

#include "outcome.h"
#include "status.h"

static const struct {
	const char *name;
	enum outcome_class class;
} outcomes[] = {
#define OUTCOME_ENTRY(id, cls, text) [OUTCOME_##id] = {text, OUTCOME_CLASS_##cls},
    OUTCOMES(OUTCOME_ENTRY)
#undef OUTCOME_ENTRY
};

const char *
outcome_name(enum outcome o)
{
	return outcomes[o].name;
}

enum outcome_class
outcome_class_of(enum outcome o)
{
	return outcomes[o].class;
}

/* EPERM comes from this host's own packet filter or from SO_MARK, EACCES from the prohibited
 * route or from an ICMPv6 message (RFC 4443 section 3.1, code 1). */
enum outcome
outcome_from_errno(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return OUTCOME_REFUSED;
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
	case EPROTO:
		return OUTCOME_RESET;
	case ETIMEDOUT:
		return OUTCOME_TIMEOUT;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ENONET:
	case EOPNOTSUPP: /* net/ipv4/icmp.c: ICMP_SR_FAILED */
	case ENOPROTOOPT:
		return OUTCOME_UNREACHABLE;
	case EACCES:
		return OUTCOME_PROHIBITED;
	case EMFILE:
	case ENFILE:
		return OUTCOME_FILES;
	case ENOMEM:
	case ENOBUFS:
	case ENOSPC: /* of epoll_ctl: too many watches */
		return OUTCOME_MEMORY;
	case EADDRNOTAVAIL:
	case EADDRINUSE:
	case EAGAIN:
		return OUTCOME_ADDRESS;
	case ENODEV:
	case ENXIO:
		return OUTCOME_INTERFACE;
	case EPERM:
		return OUTCOME_PERMISSION;
	default:
		return OUTCOME_HOST;
	}
}

int
outcome_status(enum outcome o)
{
	switch (outcome_class_of(o)) {
	case OUTCOME_CLASS_UP:
		return STATUS_YES;
	case OUTCOME_CLASS_DOWN:
		return STATUS_NO;
	default:
		break;
	}
	switch (o) {
	case OUTCOME_PERMISSION:
		return STATUS_NOPERM;
	case OUTCOME_ADDRESS:
	case OUTCOME_INTERFACE:
	case OUTCOME_HOST:
	case OUTCOME_PROGRAM:
	case OUTCOME_EXIT_OTHER:
		return STATUS_OS;
	default:
		return STATUS_TEMPFAIL;
	}
}
