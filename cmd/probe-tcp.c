/* probe-tcp - say which servers take TCP connections */

#include "prober.h"

static const char usage_text[] =
    "probe-tcp [-jLMv]\n"
    "       probe-tcp [-jLNv] [-C ENDPOINT] [-c COUNT] [-i IF] [-m MARK] [-p EVERY]\n"
    "                 [-s ADDRESS] [-t TIMEOUT] [-w TIME] TARGET...\n"
    "\n"
    "  -C ENDPOINT  connect there, in place of the target\n"
    "  -c COUNT     ask so often; the last answer counts (1)\n"
    "  -i IF        through this interface\n"
    "  -j           print JSON, an object a line\n"
    "  -L           lock all memory\n"
    "  -M           keep CAP_NET_ADMIN, which checks with mark= need\n"
    "  -m MARK      with this firewall mark\n"
    "  -N           print one line and exit as monitoring plugins do\n"
    "  -p EVERY     from one question to the next (2s)\n"
    "  -s ADDRESS   from this source address\n"
    "  -t TIMEOUT   for the whole of a check (1s)\n"
    "  -v           say at the end how many checks there were, and how late\n"
    "  -w TIME      with -N, an answer that takes longer is a warning\n"
    "\n"
    "  probe-tcp 192.0.2.1:80 [2001:db8::1]:443 && echo up\n"
    "  cat web.conf control | probe-tcp | pool-elect | ipvs-set\n";

/* The connection stands, or rather: the server's kernel has agreed to it. RST is our answer. */
static enum outcome
on_ready(void *ctx, struct probe_target *t, uint32_t events, struct probe_result *res)
{
	(void)ctx;
	(void)t;
	(void)events;
	(void)res;
	return OUTCOME_OK;
}

int
main(int argc, char *argv[])
{
	static const struct probe_protocol protocol = {
	    .method = "tcp", .reset = true, .ready = on_ready};
	static const struct prober_command command = {
	    .name = "probe-tcp", .usage = usage_text, .protocol = &protocol};

	return prober_main(&command, argc, argv);
}
