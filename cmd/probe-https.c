/* probe-https - say which servers answer HTTPS as they should */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "prober.h"
#include "setting.h"
#include "tls.h"
#include "webcheck.h"

#define PORT 443

static const char usage_text[] =
    "probe-https [-jLMv]\n"
    "       probe-https [-0jkLNv] [-a FILE] [-b TEXT] [-C ENDPOINT] [-c COUNT] [-E FILE]\n"
    "                   [-e STATUSES] [-H HEADER] [-i IF] [-K FILE] [-m MARK] [-n HOST]\n"
    "                   [-p EVERY] [-r REGEX] [-S SHA256] [-s ADDRESS] [-T NAME]\n"
    "                   [-t TIMEOUT] [-w TIME] [-X VERB] URL...\n"
    "\n"
    "  -0           ask in HTTP/1.0\n"
    "  -a FILE      trust the authorities in it, and no others\n"
    "  -b TEXT      this is in the body\n"
    "  -C ENDPOINT  connect there, in place of the target\n"
    "  -c COUNT     ask so often; the last answer counts (1)\n"
    "  -E FILE      show this certificate\n"
    "  -e STATUSES  expect these, as 200-299,301 (200-299)\n"
    "  -H HEADER    send this too, up to four times, as 'Name: value'\n"
    "  -i IF        through this interface\n"
    "  -j           print JSON, an object a line\n"
    "  -K FILE      the key of -E\n"
    "  -k           do not verify the certificate\n"
    "  -L           lock all memory\n"
    "  -M           keep CAP_NET_ADMIN, which checks with mark= need\n"
    "  -m MARK      with this firewall mark\n"
    "  -N           print one line and exit as monitoring plugins do\n"
    "  -n HOST      ask for this host (the address)\n"
    "  -p EVERY     from one question to the next (2s)\n"
    "  -r REGEX     the body matches this\n"
    "  -S SHA256    the body has this digest\n"
    "  -s ADDRESS   from this source address\n"
    "  -T NAME      the name in the certificate (-n, or else the address)\n"
    "  -t TIMEOUT   for the whole of a check (1s)\n"
    "  -v           say at the end how many checks there were, and how late\n"
    "  -w TIME      with -N, an answer that takes longer is a warning\n"
    "  -X VERB      ask with this in place of GET\n"
    "\n"
    "  probe-https -n www.example.org https://192.0.2.11/health && echo up\n"
    "  cat web.conf control | probe-tcp | probe-https | pool-elect | ipvs-set\n";

struct command {
	struct tls_contexts *contexts;
	uid_t uid; /* at the start */
};

/* What the targets of a check share. */
struct check {
	struct webcheck web;
	SSL_CTX *ctx;
	char *name; /* in the certificate; NULL: the address */
	bool no_verify;
};

struct conversation {
	struct exchange exchange;
	SSL *ssl;
	int64_t expires;
	bool shaken;
};

/* ---- a check that runs ---- */

static enum outcome
shake(struct conversation *c, struct probe_target *t, struct probe_result *res)
{
	const struct check *k = t->check->own;
	enum outcome o;

	if (t->kept == NULL)
		t->kept = calloc(1, sizeof(struct tls_session));
	if (t->kept == NULL)
		return OUTCOME_MEMORY;
	if (c->ssl == NULL)
		c->ssl = tls_begin(k->ctx, t->fd, k->name, &t->addr, t->kept, t->started);
	if (c->ssl == NULL)
		return OUTCOME_MEMORY;
	o = tls_handshake(c->ssl, t->kept, t->started, res);
	c->shaken = o == OUTCOME_OK;
	c->expires = res->expires;
	return o;
}

static enum outcome
on_ready(void *ctx, struct probe_target *t, uint32_t events, struct probe_result *res)
{
	static const struct exchange_io io = {tls_read, tls_write};
	const struct check *k = t->check->own;
	struct conversation *c = t->state;
	enum outcome o = OUTCOME_OK;

	(void)ctx;
	(void)events;
	if (!c->shaken)
		o = shake(c, t, res);
	if (o != OUTCOME_OK)
		return o;
	o = exchange_run(&c->exchange, &k->web, t, &io, c->ssl, true, res);
	res->expires = c->expires;
	if (k->no_verify && res->detail[0] == '\0')
		strcpy(res->detail, "not-verified");
	return o;
}

static void
on_end(void *ctx, struct probe_target *t)
{
	struct conversation *c = t->state;

	(void)ctx;
	exchange_end(&c->exchange);
	tls_end(c->ssl);
	c->ssl = NULL;
}

static void
on_drop(void *ctx, struct probe_target *t)
{
	(void)ctx;
	tls_session_free(t->kept);
	free(t->kept);
}

/* ---- checks ---- */

static const char *
take_operand(struct record_out *o, char *const **words)
{
	return webcheck_operand(o, "https://", PORT, *(*words)++);
}

static void
forget(void *ctx, void *own)
{
	struct command *c = ctx;
	struct check *k = own;

	if (k == NULL)
		return;
	webcheck_close(&k->web);
	tls_context_put(&c->contexts, k->ctx);
	free(k->name);
	free(k);
}

/* The name that the server is to prove: sni=, or host= without its port. An address in its place
 * is none. */
static int
take_name(struct check *k, const struct balance_check *x)
{
	const char *sni = balance_text(x, x->sni), *host = balance_text(x, x->host);
	const char *name = sni[0] != '\0' ? sni : host;
	struct addr addr;

	if (name[0] == '\0' || name[0] == '[')
		return 0;
	k->name = strndup(name, strcspn(name, ":"));
	if (k->name == NULL)
		return -1;
	if (addr_parse(k->name, &addr) == 0) {
		free(k->name);
		k->name = NULL;
	}
	return 0;
}

static int
prepare(void *ctx, const struct balance_check *x, void **own, struct config_error *e)
{
	struct tls_settings s = {balance_text(x, x->ca), balance_text(x, x->cert),
	    balance_text(x, x->key), x->no_verify};
	struct tls_fault f = {.why = "no memory"};
	struct check *k = calloc(1, sizeof(*k));
	struct command *c = ctx;

	if (k == NULL || take_name(k, x) == -1)
		goto fail;
	k->no_verify = x->no_verify;
	k->ctx = tls_context_get(&c->contexts, &s, &f);
	if (k->ctx == NULL)
		goto fail;
	if (webcheck_open(&k->web, x, PORT, e) == -1) {
		forget(ctx, k);
		return -1;
	}
	if (x->no_verify)
		cli_message(4, "check %s: certificates are not verified", x->name);
	*own = k;
	return 0;
fail:
	forget(ctx, k);
	if (f.error == EACCES && geteuid() != c->uid)
		f.why = "cannot be read: privileges are gone since the start, only a new one can";
	return setting_refuse(e, f.file != NULL ? f.file : x->name, f.why);
}

int
main(int argc, char *argv[])
{
	static const struct probe_protocol protocol = {.method = "https",
	    .size = sizeof(struct conversation),
	    .ready = on_ready,
	    .end = on_end,
	    .drop = on_drop};
	static const struct prober_option options[] = {{'0', true, "http=1.0"}, {'a', false, "ca"},
	    {'b', false, "body"}, {'E', false, "cert"}, {'e', false, "expect"},
	    {'H', false, "header"}, {'H', false, "header2"}, {'H', false, "header3"},
	    {'H', false, "header4"}, {'K', false, "key"}, {'k', true, "verify=no"},
	    {'n', false, "host"}, {'r', false, "regex"}, {'S', false, "sha256"},
	    {'T', false, "sni"}, {'X', false, "verb"}, {0, false, NULL}};
	static struct command own;
	static const struct prober_command command = {.name = "probe-https",
	    .usage = usage_text,
	    .protocol = &protocol,
	    .protocol_ctx = &own,
	    .reads_files = true,
	    .options = options,
	    .operand = take_operand,
	    .prepare = prepare,
	    .forget = forget};

	own.uid = geteuid();
	return prober_main(&command, argc, argv);
}
