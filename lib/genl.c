#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "genl.h"

#define IN_SIZE 65536

/* Room for the refusals of one whole batch, each with a copy of the header; the kernel doubles
 * it. */
#define RECEIVE_BUFFER (1024 * 1024)

static int
keep_family(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
	    mnl_attr_get_payload_len(attr) >= sizeof(uint16_t))
		*(uint16_t *)ctx = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static void
take_family(void *ctx, const struct nlmsghdr *m)
{
	mnl_attr_parse(m, sizeof(struct genlmsghdr), keep_family, ctx);
}

static int
resolve(struct genl *g, const char *family)
{
	_Alignas(struct nlmsghdr) char buf[128] = {0};
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *ctrl = mnl_nlmsg_put_extra_header(m, sizeof(*ctrl));

	m->nlmsg_type = GENL_ID_CTRL;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ctrl->cmd = CTRL_CMD_GETFAMILY;
	ctrl->version = 1;
	mnl_attr_put_strz(m, CTRL_ATTR_FAMILY_NAME, family);
	if (genl_ask(g, m, take_family, &g->family) == -1)
		return -1;
	errno = ENOENT;
	return g->family != 0 ? 0 : -1;
}

int
genl_open(struct genl *g, const char *family)
{
	int size = RECEIVE_BUFFER, on = 1;

	memset(g, 0, sizeof(*g));
	g->batch = malloc(GENL_BATCH_SIZE);
	g->error = malloc(GENL_BATCH_MESSAGES * sizeof(*g->error));
	g->in = malloc(IN_SIZE);
	g->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (g->batch == NULL || g->error == NULL || g->in == NULL || g->socket == NULL ||
	    mnl_socket_bind(g->socket, 0, MNL_SOCKET_AUTOPID) == -1)
		goto fail;
	g->fd = mnl_socket_get_fd(g->socket);
	/* The first needs CAP_NET_ADMIN; the second gives what the host allows. */
	if (setsockopt(g->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == -1)
		setsockopt(g->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	mnl_socket_setsockopt(g->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	if (resolve(g, family) == 0)
		return 0;
fail:
	genl_close(g);
	return -1;
}

void
genl_close(struct genl *g)
{
	int error = errno;

	if (g->socket != NULL)
		mnl_socket_close(g->socket);
	free(g->batch);
	free(g->error);
	free(g->in);
	memset(g, 0, sizeof(*g));
	errno = error;
}

/* One datagram from the kernel: any process may send to a netlink socket. */
static ssize_t
receive(struct genl *g)
{
	struct sockaddr_nl from;
	struct iovec iov = {.iov_base = g->in, .iov_len = IN_SIZE};

	for (;;) {
		struct msghdr m = {.msg_name = &from,
		    .msg_namelen = sizeof(from),
		    .msg_iov = &iov,
		    .msg_iovlen = 1};
		ssize_t n = recvmsg(g->fd, &m, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
			continue;
		if (m.msg_flags & MSG_TRUNC) { /* as good as lost */
			errno = ENOBUFS;
			return -1;
		}
		return n;
	}
}

void
genl_queue(struct genl *g, const struct nlmsghdr *m, int *error)
{
	struct nlmsghdr *copy;

	if (g->len + m->nlmsg_len > GENL_BATCH_SIZE || g->n == GENL_BATCH_MESSAGES)
		if (genl_commit(g) == -1)
			g->broken = errno;
	copy = (void *)(g->batch + g->len);
	memcpy(copy, m, m->nlmsg_len);
	copy->nlmsg_seq = ++g->seq;
	*error = ENOBUFS;
	g->error[g->n++] = error;
	g->last = g->len;
	g->len += (m->nlmsg_len + 3U) & ~3U; /* NLMSG_ALIGN, unsigned */
}

/* The answers of one datagram. first is the sequence number of the batch's first message.
 * Returns 1 once the last message has its answer. */
static int
take_answers(struct genl *g, ssize_t len, uint32_t first)
{
	int left = (int)len, done = 0;

	for (const struct nlmsghdr *m = (const void *)g->in; mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
		uint32_t i = m->nlmsg_seq - first;

		if (m->nlmsg_type != NLMSG_ERROR || i >= g->n ||
		    mnl_nlmsg_get_payload_len(m) < sizeof(e->error))
			continue;
		*g->error[i] = -e->error;
		done |= i == g->n - 1;
	}
	/* The kernel works in order: what has not been refused by now is done. */
	for (size_t i = 0; done && i + 1 < g->n; i++)
		if (*g->error[i] == ENOBUFS)
			*g->error[i] = 0;
	return done;
}

int
genl_commit(struct genl *g)
{
	uint32_t first = g->seq - (uint32_t)g->n + 1;
	int error = g->broken;
	ssize_t n;

	g->broken = 0;
	if (g->n > 0) {
		struct nlmsghdr *last = (void *)(g->batch + g->last);

		last->nlmsg_flags |= NLM_F_ACK;
		n = mnl_socket_sendto(g->socket, g->batch, g->len);
		while (n != -1 && (n = receive(g)) != -1 && !take_answers(g, n, first))
			;
		if (n == -1)
			error = errno;
	}
	g->len = g->n = 0;
	errno = error;
	return error == 0 ? 0 : -1;
}

int
genl_ask(struct genl *g, struct nlmsghdr *request,
    void (*take)(void *ctx, const struct nlmsghdr *m), void *ctx)
{
	int torn = 0;

	request->nlmsg_seq = ++g->seq;
	if (mnl_socket_sendto(g->socket, request, request->nlmsg_len) == -1)
		return -1;
	for (;;) {
		ssize_t n = receive(g);
		int left = (int)n;

		if (n == -1)
			return -1;
		for (const struct nlmsghdr *m = (const void *)g->in; mnl_nlmsg_ok(m, left);
		     m = mnl_nlmsg_next(m, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

			if (m->nlmsg_seq != request->nlmsg_seq)
				continue;
			torn |= m->nlmsg_flags & NLM_F_DUMP_INTR;
			if (m->nlmsg_type == NLMSG_ERROR)
				errno = -e->error;
			else if (m->nlmsg_type == NLMSG_DONE)
				/* a dump that ends at once says why here */
				errno = mnl_nlmsg_get_payload_len(m) >= sizeof(int) && e->error < 0
				    ? -e->error
				    : torn ? EINTR
					   : 0;
			if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
				return errno == 0 ? 0 : -1;
			take(ctx, m);
		}
	}
}
