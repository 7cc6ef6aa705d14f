/* Fuzzes lib/ipvs: a line of ipvsadm that is taken and written is the same again, and attributes
 * of netlink are read within their bounds. */

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs.h"
#include "ipvs_nl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok)
{
	if (!ok)
		abort();
}

static void
fuzz_line(const char *line, size_t len)
{
	struct record_error e = {0};
	struct ipvs_line l, again;
	char text[IPVS_LINE_MAX];
	size_t n;

	ipvs_line_is_one(line, len);
	if (ipvs_line_parse(&l, line, len, &e) == -1) {
		require(e.reason != NULL && memchr(e.word, '\0', sizeof(e.word)) != NULL);
		return;
	}
	n = l.has_server ? ipvs_line_server(&l.service, &l.server, text)
			 : ipvs_line_service(&l.service, text);
	require(n < sizeof(text) && ipvs_line_parse(&again, text, n, &e) == 0);
	require(again.has_server == l.has_server);
	require(memcmp(&again.service.id, &l.service.id, sizeof(l.service.id)) == 0);
	require(l.has_server ? ipvs_server_is_same(&again.server, &l.server)
			     : ipvs_service_is_same(&again.service, &l.service));
}

/* A message of the length that it has: what is read behind it is found by the sanitizer. */
static void
fuzz_message(const uint8_t *data, size_t size)
{
	static const uint8_t command[] = {
	    IPVS_CMD_NEW_SERVICE, IPVS_CMD_NEW_DEST, IPVS_CMD_NEW_DAEMON, IPVS_CMD_SET_CONFIG};
	const struct ipvs_service_id id = {.family = 4};
	size_t len = NLMSG_LENGTH(GENL_HDRLEN) + size;
	struct nlmsghdr *m = calloc(1, len);
	struct genlmsghdr *g = NLMSG_DATA(m);
	struct ipvs_service service;
	struct ipvs_server server;
	struct ipvs_daemon daemon;
	struct ipvs_timeouts timeouts;
	struct ipvs_stats stats;
	char text[IPVS_LINE_MAX];
	struct record_out o;

	require(m != NULL);
	m->nlmsg_len = (uint32_t)len;
	memcpy((char *)g + GENL_HDRLEN, data, size);
	for (size_t i = 0; i < sizeof(command); i++) {
		g->cmd = command[i];
		if (ipvs_nl_read_service(m, &service, &stats) == 0) {
			ipvs_name_format(&service.id, text);
			ipvs_put_service(&o, text, &service);
			require(ipvs_line_service(&service, text) < sizeof(text));
		}
		if (ipvs_nl_read_server(m, &id, &server, &stats) == 0)
			ipvs_put_server(&o, "s", &server);
		if (ipvs_nl_read_daemon(m, &daemon) == 0)
			ipvs_put_sync(&o, "s", &daemon);
		if (ipvs_nl_read_timeouts(m, &timeouts) == 0)
			ipvs_put_timeouts(&o, "s", &timeouts);
	}
	free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		fuzz_line((const char *)data + 1, size - 1);
	else
		fuzz_message(data + 1, size - 1);
	return 0;
}
