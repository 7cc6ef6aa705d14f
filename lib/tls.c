#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"
#include "tls.h"

/* A certificate is looked at anew after this time at the latest: a session spares the server from
 * showing it. */
#define SESSION_AGE (60 * NSEC_PER_SEC)

struct tls_contexts {
	struct tls_contexts *next;
	SSL_CTX *ctx;
	unsigned int users;
	char *ca, *cert, *key;
	bool no_verify;
};

/* ---- contexts ---- */

static const char *
last_error(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(code);

	ERR_clear_error();
	return why != NULL ? why : "not to be read";
}

/* OpenSSL's cache would keep one session per context, and there are many servers. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_session *s = SSL_get_app_data(ssl);

	SSL_SESSION_free(s->session);
	s->session = session;
	return 1;
}

/* OpenSSL's errors of a file that it cannot open say least what one would know. */
static int
read_file(SSL_CTX *ctx, const char *file, int (*load)(SSL_CTX *, const char *), struct tls_fault *f)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	f->file = file;
	if (fd == -1) {
		f->error = errno;
		f->why = strerror(errno);
		return -1;
	}
	close(fd);
	if (load(ctx, file) == 1)
		return 0;
	f->error = 0;
	f->why = last_error();
	return -1;
}

static int
load_key(SSL_CTX *ctx, const char *file)
{
	return SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
}

static int
read_files(SSL_CTX *ctx, const struct tls_settings *s, struct tls_fault *f)
{
	if (!s->no_verify && s->ca[0] != '\0' &&
	    read_file(ctx, s->ca, SSL_CTX_load_verify_file, f) == -1)
		return -1;
	if (!s->no_verify && s->ca[0] == '\0' && SSL_CTX_set_default_verify_paths(ctx) != 1) {
		f->why = last_error();
		return -1;
	}
	if (s->cert[0] == '\0')
		return 0;
	return read_file(ctx, s->cert, SSL_CTX_use_certificate_chain_file, f) == -1 ||
		read_file(ctx, s->key, load_key, f) == -1
	    ? -1
	    : 0;
}

static void
set_up(SSL_CTX *ctx, const struct tls_settings *s)
{
	static const uint8_t http[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Many servers close without close_notify; the length of an answer shows what is cut. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_alpn_protos(ctx, http, sizeof(http));
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	SSL_CTX_set_verify(ctx, s->no_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
}

static void
free_context(struct tls_contexts *c)
{
	SSL_CTX_free(c->ctx);
	free(c->ca);
	free(c->cert);
	free(c->key);
	free(c);
}

SSL_CTX *
tls_context_get(struct tls_contexts **all, const struct tls_settings *s, struct tls_fault *f)
{
	struct tls_contexts *c;

	for (c = *all; c != NULL; c = c->next) {
		if (c->no_verify == s->no_verify && strcmp(c->ca, s->ca) == 0 &&
		    strcmp(c->cert, s->cert) == 0 && strcmp(c->key, s->key) == 0) {
			c->users++;
			return c->ctx;
		}
	}
	*f = (struct tls_fault){.why = "no memory"};
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->ctx = SSL_CTX_new(TLS_client_method());
	c->ca = strdup(s->ca);
	c->cert = strdup(s->cert);
	c->key = strdup(s->key);
	c->no_verify = s->no_verify;
	c->users = 1;
	if (c->ctx == NULL || c->ca == NULL || c->cert == NULL || c->key == NULL ||
	    read_files(c->ctx, s, f) == -1) {
		free_context(c);
		return NULL;
	}
	set_up(c->ctx, s);
	c->next = *all;
	*all = c;
	return c->ctx;
}

void
tls_context_put(struct tls_contexts **all, SSL_CTX *ctx)
{
	for (struct tls_contexts **at = all; *at != NULL; at = &(*at)->next) {
		struct tls_contexts *c = *at;

		if (c->ctx != ctx)
			continue;
		if (--c->users == 0) {
			*at = c->next;
			free_context(c);
		}
		return;
	}
}

void
tls_session_free(struct tls_session *s)
{
	SSL_SESSION_free(s->session);
	s->session = NULL;
}

/* ---- a connection ---- */

static bool
expect_peer(SSL *ssl, const char *name, const struct addr *addr)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (name == NULL)
		return X509_VERIFY_PARAM_set1_ip(param, addr->octet, addr_size(addr)) == 1;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

SSL *
tls_begin(SSL_CTX *ctx, int fd, const char *name, const struct addr *addr,
    struct tls_session *session, int64_t now)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || !expect_peer(ssl, name, addr)) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_app_data(ssl, session);
	SSL_set_connect_state(ssl);
	if (session->session != NULL && now - session->since < SESSION_AGE)
		SSL_set_session(ssl, session->session);
	return ssl;
}

static enum outcome
outcome_of_verify(long verify)
{
	switch (verify) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return OUTCOME_EXPIRED;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return OUTCOME_HOSTNAME;
	default:
		return OUTCOME_CERTIFICATE;
	}
}

static enum outcome
failed(SSL *ssl, int error, int system, struct probe_result *res)
{
	long verify = SSL_get_verify_result(ssl);
	enum outcome o = OUTCOME_TLS;

	if (error == SSL_ERROR_SYSCALL && system != 0) {
		o = outcome_from_errno(system);
	} else if (error != SSL_ERROR_SSL) {
		o = OUTCOME_CLOSED;
	} else if (verify != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
		o = outcome_of_verify(verify);
		snprintf(
		    res->detail, sizeof(res->detail), "%s", X509_verify_cert_error_string(verify));
	} else {
		snprintf(res->detail, sizeof(res->detail), "%s", last_error());
	}
	ERR_clear_error();
	return o;
}

static void
say_expiry(SSL *ssl, struct probe_result *res)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);
	int days, seconds;

	if (peer != NULL && ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(peer)) == 1 &&
	    days < INT32_MAX / 4 && (days >= 0 && seconds >= 0))
		res->expires = (days * INT64_C(86400) + seconds) * NSEC_PER_SEC;
}

/* A session stands for a certificate that was good when it was shown; its end is looked at here. */
static enum outcome
shaken(SSL *ssl, struct tls_session *session, int64_t now, struct probe_result *res)
{
	if (!SSL_session_reused(ssl))
		session->since = now;
	say_expiry(ssl, res);
	if (res->expires < 0 && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
		return OUTCOME_EXPIRED;
	return OUTCOME_OK;
}

enum outcome
tls_handshake(SSL *ssl, struct tls_session *session, int64_t now, struct probe_result *res)
{
	int done, error;

	if (SSL_is_init_finished(ssl))
		return shaken(ssl, session, now, res);
	ERR_clear_error();
	errno = 0;
	done = SSL_do_handshake(ssl);
	if (done == 1)
		return shaken(ssl, session, now, res);
	error = SSL_get_error(ssl, done);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return OUTCOME_GOING;
	return failed(ssl, error, errno, res);
}

/* What SSL_read and SSL_write say, as read and write would. */
static ssize_t
result(SSL *ssl, int n)
{
	int system = errno;

	if (n > 0)
		return n;
	switch (SSL_get_error(ssl, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		errno = system != 0 ? system : ECONNRESET;
		return -1;
	default:
		errno = EPROTO;
		return -1;
	}
}

ssize_t
tls_read(void *ssl, void *data, size_t room)
{
	ERR_clear_error();
	errno = 0;
	return result(ssl, SSL_read(ssl, data, (int)room));
}

ssize_t
tls_write(void *ssl, const void *data, size_t len)
{
	ERR_clear_error();
	errno = 0;
	return result(ssl, SSL_write(ssl, data, (int)len));
}

/* Without close_notify to either side: the answer is whole, or it is not. Said to OpenSSL all the
 * same, or it takes the session for a bad one. */
void
tls_end(SSL *ssl)
{
	if (ssl == NULL)
		return;
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
}
