#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "director.h"

#define DUMP_TRIES 5

#define BUFFER(name) _Alignas(struct nlmsghdr) char name[IPVS_NL_MAX]

int
director_open(struct director *d)
{
	if (genl_open(&d->genl, IPVS_GENL_NAME) == 0)
		return 0;
	if (errno == ENOENT)
		errno = EPROTONOSUPPORT;
	return -1;
}

void
director_close(struct director *d)
{
	genl_close(&d->genl);
}

const char *
director_reason(int error)
{
	switch (error) {
	case EPERM:
		return "not permitted: needs CAP_NET_ADMIN";
	case EPROTONOSUPPORT:
		return "no IPVS in this kernel: needs the module ip_vs";
	default:
		return strerror(error);
	}
}

/* ---- reading ---- */

struct reading {
	struct ipvs_table *table;
	struct ipvs_row *row;
	bool failed;
};

static void
take_service(void *ctx, const struct nlmsghdr *m)
{
	struct reading *r = ctx;
	struct ipvs_service s;
	struct ipvs_stats stats;
	struct ipvs_row *row;

	if (ipvs_nl_read_service(m, &s, &stats) == -1)
		return;
	if ((row = ipvs_table_add(r->table, &s, 0)) == NULL)
		r->failed = true;
	else
		row->stats = stats;
}

static void
take_server(void *ctx, const struct nlmsghdr *m)
{
	struct reading *r = ctx;
	struct ipvs_stats stats;
	struct ipvs_server s;
	struct ipvs_item *item;

	if (ipvs_nl_read_server(m, &r->row->service.id, &s, &stats) == -1)
		return;
	if ((item = ipvs_row_add(r->row, &s, 0)) == NULL)
		r->failed = true;
	else
		item->stats = stats;
}

/* A dump that was torn by a change is asked for again. A service that has gone meanwhile has no
 * servers. */
static int
ask_again(struct director *d, struct nlmsghdr *m, void (*take)(void *, const struct nlmsghdr *),
    struct reading *r, size_t *n)
{
	for (int i = 0; i < DUMP_TRIES; i++) {
		*n = 0;
		if (genl_ask(&d->genl, m, take, r) == 0)
			break;
		if (errno == ESRCH || errno == ENOENT) {
			*n = 0;
			break;
		}
		if (errno != EINTR || i == DUMP_TRIES - 1)
			return -1;
	}
	errno = ENOMEM;
	return r->failed ? -1 : 0;
}

int
director_read(struct director *d, struct ipvs_table *t, director_want *want, void *ctx)
{
	struct reading r = {.table = t};
	struct nlmsghdr *m;
	BUFFER(buf);

	ipvs_table_free(t);
	m = ipvs_nl_get(buf, d->genl.family, IPVS_CMD_GET_SERVICE, NULL);
	if (ask_again(d, m, take_service, &r, &t->n) == -1)
		goto fail;
	for (size_t i = 0; i < t->n; i++) {
		r.row = &t->row[i];
		if (want != NULL && !want(ctx, &r.row->service.id))
			continue;
		m = ipvs_nl_get(buf, d->genl.family, IPVS_CMD_GET_DEST, &r.row->service.id);
		if (ask_again(d, m, take_server, &r, &r.row->n) == -1)
			goto fail;
	}
	ipvs_table_sort(t);
	return 0;
fail:
	ipvs_table_free(t);
	return -1;
}

static void
take_daemon(void *ctx, const struct nlmsghdr *m)
{
	struct ipvs_daemon *daemon = ctx, d;

	if (ipvs_nl_read_daemon(m, &d) == 0)
		daemon[d.roles == IP_VS_STATE_MASTER ? 0 : 1] = d;
}

int
director_daemons(struct director *d, struct ipvs_daemon daemon[2])
{
	BUFFER(buf);

	memset(daemon, 0, 2 * sizeof(*daemon));
	return genl_ask(&d->genl, ipvs_nl_get(buf, d->genl.family, IPVS_CMD_GET_DAEMON, NULL),
	    take_daemon, daemon);
}

static void
take_timeouts(void *ctx, const struct nlmsghdr *m)
{
	ipvs_nl_read_timeouts(m, ctx);
}

int
director_timeouts(struct director *d, struct ipvs_timeouts *t)
{
	BUFFER(buf);

	memset(t, 0, sizeof(*t));
	return genl_ask(&d->genl, ipvs_nl_get(buf, d->genl.family, IPVS_CMD_GET_CONFIG, NULL),
	    take_timeouts, t);
}

/* ---- changes ---- */

void
director_queue(struct director *d, const struct ipvs_change *c, int *error)
{
	BUFFER(buf);

	genl_queue(&d->genl,
	    c->server != NULL
		? ipvs_nl_server(buf, d->genl.family, c->op, &c->service->id, c->server)
		: ipvs_nl_service(buf, d->genl.family, c->op, c->service),
	    error);
}

void
director_queue_daemon(
    struct director *d, enum ipvs_op op, const struct ipvs_daemon *daemon, uint8_t role, int *error)
{
	BUFFER(buf);

	genl_queue(&d->genl, ipvs_nl_daemon(buf, d->genl.family, op, daemon, role), error);
}

void
director_queue_timeouts(struct director *d, const struct ipvs_timeouts *t, int *error)
{
	BUFFER(buf);

	genl_queue(&d->genl, ipvs_nl_timeouts(buf, d->genl.family, t), error);
}

int
director_commit(struct director *d)
{
	return genl_commit(&d->genl);
}
