/* Fuzzes lib/ipvs: a line of ipvsadm that is taken and written is the same again, and attributes
 * of netlink are read within their bounds. */

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
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

/* What was read is what the kernel would read of it. */
static void
send_again(const struct ipvs_service_id *id, const struct ipvs_server *s)
{
	_Alignas(struct nlmsghdr) char buf[IPVS_NL_MAX];
	const struct nlmsghdr *m = ipvs_nl_server(buf, 20, IPVS_ADD, id, s);
	struct ipvs_server back;

	require(m->nlmsg_len <= sizeof(buf) && ipvs_nl_read_server(m, id, &back, NULL) == 0);
	require(ipvs_server_is_same(&back, s) && endpoint_compare(&back.at, &s->at) == 0);
}

/* A message of the length that it has: what is read behind it is found by the sanitizer. libmnl
 * looks at whole words, and a socket's buffer is made of them. */
static void
fuzz_message(const uint8_t *data, size_t size)
{
	static const uint8_t command[] = {
	    IPVS_CMD_NEW_SERVICE, IPVS_CMD_NEW_DEST, IPVS_CMD_NEW_DAEMON, IPVS_CMD_SET_CONFIG};
	const struct ipvs_service_id id = {.family = 4};
	size_t len = NLMSG_LENGTH(GENL_HDRLEN) + size;
	struct nlmsghdr *m = calloc(1, NLMSG_ALIGN(len));
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
		if (ipvs_nl_read_server(m, &id, &server, &stats) == 0) {
			ipvs_put_server(&o, "s", &server);
			send_again(&id, &server);
		}
		if (ipvs_nl_read_daemon(m, &daemon) == 0)
			ipvs_put_sync(&o, "s", &daemon);
		if (ipvs_nl_read_timeouts(m, &timeouts) == 0)
			ipvs_put_timeouts(&o, "s", &timeouts);
	}
	free(m);
}

/* ---- what a fuzzer does not come upon ---- */

/* A line of words that the input picks, one an octet; values are others of its words. */
static void
fuzz_words(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"ipvsadm", "-A", "-a", "-E", "-e", "--add-server", "-t",
	    "-u", "-f", "-6", "--sctp-service", "192.0.2.1:80", "[2001:db8::1]:80", "192.0.2.2",
	    "-s", "sh", "mh", "wlc", "-b", "mh-port,mh-fallback", "sh-port", "flag-1", "-p", "300",
	    "-M", "255.255.255.0", "64", "-o", "--pe", "sip", "-r", "192.0.2.9:8080", "-m", "-g",
	    "-i", "-w", "0", "7", "4294967295", "2147483648", "-x", "-y", "-x9", "--l-threshold=3",
	    "--tun-type", "gue", "gre", "--tun-port", "6080", "--tun-csum", "--tun-remcsum",
	    "--tun-nocsum", "-1", "x"};
	char line[1024];
	size_t len = 0;

	for (size_t i = 0; i < size && i < 40; i++) {
		const char *word = words[data[i] % (sizeof(words) / sizeof(words[0]))];

		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s ", word);
	}
	fuzz_line(line, len);
}

/* Attributes of TYPE and LENGTH octets of the input in one nest, as the kernel would make them;
 * the last is said to be longer than it is where the input ends in it. */
static void
fuzz_attributes(const uint8_t *data, size_t size)
{
	static const uint8_t nests[] = {
	    IPVS_CMD_ATTR_SERVICE, IPVS_CMD_ATTR_DEST, IPVS_CMD_ATTR_DAEMON, 0};
	static uint8_t out[65536];
	uint16_t nest = nests[size > 0 ? data[0] % sizeof(nests) : 0];
	size_t at = nest != 0 ? NLA_HDRLEN : 0;
	struct nlattr attr;

	for (size_t i = 1; i + 2 <= size && at < sizeof(out) - 512;) {
		size_t len = data[i + 1] % 40, have = size - i - 2;

		attr.nla_type = data[i];
		attr.nla_len = (uint16_t)(NLA_HDRLEN + len);
		memcpy(out + at, &attr, sizeof(attr));
		if (have > len)
			have = len;
		memset(out + at + NLA_HDRLEN, 0, NLA_ALIGN(len));
		memcpy(out + at + NLA_HDRLEN, data + i + 2, have);
		at += NLA_HDRLEN + (have < len ? have : NLA_ALIGN(len));
		i += 2 + have;
	}
	if (nest != 0) {
		attr.nla_type = nest;
		attr.nla_len = (uint16_t)at;
		memcpy(out, &attr, sizeof(attr));
	}
	fuzz_message(out, at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		fuzz_message(data + 1, size - 1);
		break;
	case 1:
		fuzz_line((const char *)data + 1, size - 1);
		break;
	case 2:
		fuzz_attributes(data + 1, size - 1);
		break;
	default:
		fuzz_words(data + 1, size - 1);
	}
	return 0;
}
