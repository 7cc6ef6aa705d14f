/* ipvs-floor - the least that filling and reading IPVS's table costs: the messages alone
 *
 * usage: ipvs-floor SERVICES SERVERS   add so many services of so many servers each
 *        ipvs-floor                    read all, print how many servers there are
 *
 * Batches of 200 messages with an ACK for the last one. The table is that of test/bench/ipvs-guest,
 * the messages are encoded as by ipvs-set; nothing is parsed, compared or kept. */

#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genl.h"
#include "ipvs_nl.h"

#define BATCH 200

struct floor {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t seq;
	size_t n, len;
	struct nlmsghdr *last;
	_Alignas(struct nlmsghdr) char out[BATCH * IPVS_NL_MAX];
	_Alignas(struct nlmsghdr) char in[65536];
};

/* The answers up to the ACK of the last message. */
static void
wait_for_ack(struct floor *f)
{
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(f->socket, f->in, sizeof(f->in));
		int left = (int)n;

		if (n == -1)
			err(71, "recv");
		for (const struct nlmsghdr *m = (void *)f->in; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

			if (m->nlmsg_type != NLMSG_ERROR)
				continue;
			errno = -e->error;
			if (errno != 0)
				err(71, "refused");
			if (m->nlmsg_seq == f->seq)
				return;
		}
	}
}

static void
flush(struct floor *f)
{
	if (f->n == 0)
		return;
	f->last->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(f->socket, f->out, f->len) == -1)
		err(71, "send");
	wait_for_ack(f);
	f->n = f->len = 0;
}

static void
queue(struct floor *f, const struct nlmsghdr *m)
{
	f->last = (void *)(f->out + f->len);
	memcpy(f->last, m, m->nlmsg_len);
	f->last->nlmsg_seq = ++f->seq;
	f->len += NLMSG_ALIGN((size_t)m->nlmsg_len);
	if (++f->n == BATCH)
		flush(f);
}

static void
set(struct floor *f, unsigned int services, unsigned int servers)
{
	struct ipvs_service s = {.id = {.protocol = IPPROTO_TCP, .family = 4}, .sched = "wlc"};
	struct ipvs_server d = {.mode = IPVS_NAT, .weight = 1};
	_Alignas(struct nlmsghdr) char buf[IPVS_NL_MAX];
	uint32_t at = 0x0a020000;

	s.netmask = ipvs_netmask_default(4);
	addr_parse("10.1.0.1", &s.id.at.addr);
	d.at.addr.family = 4;
	d.at.port = 80;
	for (unsigned int i = 1; i <= services; i++) {
		s.id.at.port = (uint16_t)i;
		queue(f, ipvs_nl_service(buf, f->family, IPVS_ADD, &s));
		for (unsigned int j = 0; j < servers; j++) {
			uint32_t octets = htonl(at++);

			memcpy(d.at.addr.octet, &octets, sizeof(octets));
			queue(f, ipvs_nl_server(buf, f->family, IPVS_ADD, &s.id, &d));
		}
	}
	flush(f);
}

/* Gives every message of a dump to take, and returns how many. */
static unsigned int
dump(struct floor *f, uint8_t command, const struct ipvs_service_id *id,
    void (*take)(void *ctx, const struct nlmsghdr *m), void *ctx)
{
	_Alignas(struct nlmsghdr) char buf[IPVS_NL_MAX];
	struct nlmsghdr *request = ipvs_nl_get(buf, f->family, command, id);
	unsigned int count = 0;

	if (mnl_socket_sendto(f->socket, request, request->nlmsg_len) == -1)
		err(71, "send");
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(f->socket, f->in, sizeof(f->in));
		int left = (int)n;

		if (n == -1)
			err(71, "recv");
		for (const struct nlmsghdr *m = (void *)f->in; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
				return count;
			count++;
			if (take != NULL)
				take(ctx, m);
		}
	}
}

struct ids {
	struct ipvs_service_id id[65536];
	size_t n;
};

static void
take_service(void *ctx, const struct nlmsghdr *m)
{
	struct ids *ids = ctx;
	struct ipvs_service s;

	if (ipvs_nl_read_service(m, &s, NULL) == 0 && ids->n < 65536)
		ids->id[ids->n++] = s.id;
}

static void
get(struct floor *f)
{
	static struct ids ids;
	unsigned int n = 0;

	dump(f, IPVS_CMD_GET_SERVICE, NULL, take_service, &ids);
	for (size_t i = 0; i < ids.n; i++)
		n += dump(f, IPVS_CMD_GET_DEST, &ids.id[i], NULL, NULL);
	printf("%u\n", n);
}

int
main(int argc, char *argv[])
{
	static struct floor f;
	struct genl g;

	if (argc != 1 && argc != 3)
		return 64;
	if (genl_open(&g, IPVS_GENL_NAME) == -1)
		err(71, "open");
	f.family = g.family;
	f.socket = g.socket;
	if (argc == 1)
		get(&f);
	else
		set(&f, (unsigned int)atoi(argv[1]), (unsigned int)atoi(argv[2]));
	return 0;
}
