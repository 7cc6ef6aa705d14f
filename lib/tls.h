#ifndef TLS_H
#define TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"
#include "outcome.h"
#include "probe.h"

/* TLS 1.2 and later as a client (OpenSSL), over a non-blocking socket. */

/* One context for all checks that say the same. Texts are "" where nothing is said. */
struct tls_settings {
	const char *ca, *cert, *key;
	bool no_verify;
};

struct tls_contexts;

/* What a context was not made of: the file (NULL: no file's fault), its errno or 0, and the reason,
 * a literal or text that lives until the next call. */
struct tls_fault {
	const char *file, *why;
	int error;
};

/* The context of these settings; made, and its files read, when it is the first. NULL with *f
 * filled. Certificate authorities are read only to verify. */
SSL_CTX *tls_context_get(
    struct tls_contexts **all, const struct tls_settings *s, struct tls_fault *f);
void tls_context_put(struct tls_contexts **all, SSL_CTX *ctx);

/* A session of an earlier handshake, for the next with the same server. */
struct tls_session {
	SSL_SESSION *session;
	int64_t since; /* its certificate was seen then, ns */
};

void tls_session_free(struct tls_session *s);

/* Begins on a connected socket. name is asked for and must be in the certificate; NULL: addr must.
 * session is offered, and the one that comes is put there. Returns NULL where memory lacks. */
SSL *tls_begin(SSL_CTX *ctx, int fd, const char *name, const struct addr *addr,
    struct tls_session *session, int64_t now);

/* Returns OUTCOME_OK when the handshake is done, OUTCOME_GOING, or why it failed, then with its
 * reason in res. */
enum outcome tls_handshake(
    SSL *ssl, struct tls_session *session, int64_t now, struct probe_result *res);

/* As struct exchange_io wants it. */
ssize_t tls_read(void *ssl, void *data, size_t room);
ssize_t tls_write(void *ssl, const void *data, size_t len);

void tls_end(SSL *ssl);

#endif
