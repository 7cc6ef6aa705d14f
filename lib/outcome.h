#ifndef OUTCOME_H
#define OUTCOME_H

/* What one check has found out, and what it says of the target: up, down, or nothing, because
 * the question could not be asked. A lack of this host is never a fault of the server. */

enum outcome_class {
	OUTCOME_CLASS_GOING, /* no outcome yet */
	OUTCOME_CLASS_UP,
	OUTCOME_CLASS_DOWN,
	OUTCOME_CLASS_UNKNOWN,
};

#define OUTCOMES(X)                                                                                \
	X(GOING, GOING, "going")                                                                   \
	X(OK, UP, "ok")                                                                            \
	X(REFUSED, DOWN, "refused")                                                                \
	X(RESET, DOWN, "reset")                                                                    \
	X(TIMEOUT, DOWN, "timeout")                                                                \
	X(UNREACHABLE, DOWN, "unreachable")                                                        \
	X(PROHIBITED, DOWN, "prohibited")     /* a router or firewall says so */                   \
	X(CLOSED, DOWN, "closed")             /* an end before the answer was whole */             \
	X(BAD_ANSWER, DOWN, "bad-answer")     /* not the protocol */                               \
	X(TOO_LONG, DOWN, "too-long")         /* more than our limits before a verdict */          \
	X(STATUS, DOWN, "status")             /* not the expected one */                           \
	X(BODY, DOWN, "body")                 /* the text is not in it */                          \
	X(REGEX, DOWN, "regex")               /* it does not match */                              \
	X(DIGEST, DOWN, "sha256")             /* it is another */                                  \
	X(TLS, DOWN, "tls")                   /* the handshake failed */                           \
	X(CERTIFICATE, DOWN, "certificate")   /* not to be trusted */                              \
	X(HOSTNAME, DOWN, "certificate-name") /* of another host */                                \
	X(EXPIRED, DOWN, "certificate-expired")                                                    \
	X(EXIT, DOWN, "exit")            /* the program says no */                                 \
	X(FILES, UNKNOWN, "descriptors") /* EMFILE, ENFILE */                                      \
	X(MEMORY, UNKNOWN, "memory")     /* ENOMEM, ENOBUFS */                                     \
	X(ADDRESS, UNKNOWN, "address")   /* EADDRNOTAVAIL: no such source, or no port left */      \
	X(INTERFACE, UNKNOWN, "no-interface")                                                      \
	X(PERMISSION, UNKNOWN, "not-permitted")                                                    \
	X(STALLED, UNKNOWN, "stalled")        /* this process stood still meanwhile */             \
	X(CHILDREN, UNKNOWN, "children")      /* too many programs run already */                  \
	X(PROGRAM, UNKNOWN, "program")        /* it cannot be run, or was killed */                \
	X(EXIT_OTHER, UNKNOWN, "exit-status") /* neither yes nor no */                             \
	X(HOST, UNKNOWN, "host")              /* any other failure of this host */

enum outcome {
#define OUTCOME_ENUM(id, class, name) OUTCOME_##id,
	OUTCOMES(OUTCOME_ENUM)
#undef OUTCOME_ENUM
	    OUTCOME_MAX
};

const char *outcome_name(enum outcome o);
enum outcome_class outcome_class_of(enum outcome o);

/* What an errno of socket(2), bind(2), connect(2), SO_ERROR, send(2) or recv(2) says. */
enum outcome outcome_from_errno(int error);

/* The exit status of a command whose question had this outcome: 0, 1, or one from 64 on. */
int outcome_status(enum outcome o);

#endif
