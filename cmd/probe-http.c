/* probe-http - say which servers answer HTTP as they should */

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "prober.h"
#include "setting.h"
#include "webcheck.h"

#define PORT 80

static const char usage_text[] =
    "probe-http [-jLMv]\n"
    "       probe-http [-0jLNv] [-b TEXT] [-C ENDPOINT] [-c COUNT] [-e STATUSES] [-H HEADER]\n"
    "                  [-i IF] [-m MARK] [-n HOST] [-p EVERY] [-r REGEX] [-S SHA256]\n"
    "                  [-s ADDRESS] [-t TIMEOUT] [-w TIME] [-X VERB] URL...\n"
    "\n"
    "  -0           ask in HTTP/1.0\n"
    "  -b TEXT      this is in the body\n"
    "  -C ENDPOINT  connect there, in place of the target\n"
    "  -c COUNT     ask so often; the last answer counts (1)\n"
    "  -e STATUSES  expect these, as 200-299,301 (200-299)\n"
    "  -H HEADER    send this too, up to four times, as 'Name: value'\n"
    "  -i IF        through this interface\n"
    "  -j           print JSON, an object a line\n"
    "  -L           lock all memory\n"
    "  -M           keep CAP_NET_ADMIN, which checks with mark= need\n"
    "  -m MARK      with this firewall mark\n"
    "  -N           print one line and exit as monitoring plugins do\n"
    "  -n HOST      ask for this host (the address)\n"
    "  -p EVERY     from one question to the next (2s)\n"
    "  -r REGEX     the body matches this\n"
    "  -S SHA256    the body has this digest\n"
    "  -s ADDRESS   from this source address\n"
    "  -t TIMEOUT   for the whole of a check (1s)\n"
    "  -v           say at the end how many checks there were, and how late\n"
    "  -w TIME      with -N, an answer that takes longer is a warning\n"
    "  -X VERB      ask with this in place of GET\n"
    "\n"
    "  probe-http http://192.0.2.11/health http://[2001:db8::1]:8080 && echo up\n"
    "  cat web.conf control | probe-tcp | probe-http | pool-elect | ipvs-set\n";

static ssize_t
take(void *connection, void *data, size_t room)
{
	return recv(*(const int *)connection, data, room, 0);
}

static ssize_t
give(void *connection, const void *data, size_t len)
{
	return send(*(const int *)connection, data, len, MSG_NOSIGNAL);
}

static enum outcome
on_ready(void *ctx, struct probe_target *t, uint32_t events, struct probe_result *res)
{
	static const struct exchange_io io = {take, give};
	bool to_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

	(void)ctx;
	return exchange_run(t->state, t->check->own, t, &io, &t->fd, to_end, res);
}

static void
on_end(void *ctx, struct probe_target *t)
{
	(void)ctx;
	exchange_end(t->state);
}

static const char *
take_operand(struct record_out *o, char *const **words)
{
	return webcheck_operand(o, "http://", PORT, *(*words)++);
}

static int
prepare(void *ctx, const struct balance_check *x, void **own, struct config_error *e)
{
	struct webcheck *w = malloc(sizeof(*w));

	(void)ctx;
	if (w == NULL)
		return setting_refuse(e, x->name, "no memory");
	if (webcheck_open(w, x, PORT, e) == -1) {
		free(w);
		return -1;
	}
	*own = w;
	return 0;
}

static void
forget(void *ctx, void *own)
{
	(void)ctx;
	if (own != NULL)
		webcheck_close(own);
	free(own);
}

int
main(int argc, char *argv[])
{
	static const struct probe_protocol protocol = {
	    .method = "http", .size = sizeof(struct exchange), .ready = on_ready, .end = on_end};
	static const struct prober_option options[] = {{'0', true, "http=1.0"},
	    {'b', false, "body"}, {'e', false, "expect"}, {'H', false, "header"},
	    {'H', false, "header2"}, {'H', false, "header3"}, {'H', false, "header4"},
	    {'n', false, "host"}, {'r', false, "regex"}, {'S', false, "sha256"},
	    {'X', false, "verb"}, {0, false, NULL}};
	static const struct prober_command command = {.name = "probe-http",
	    .usage = usage_text,
	    .protocol = &protocol,
	    .options = options,
	    .operand = take_operand,
	    .prepare = prepare,
	    .forget = forget};

	return prober_main(&command, argc, argv);
}
