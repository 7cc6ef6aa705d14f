/* ipvs - tables, differences, lines and messages of lib/ipvs over seeded random tables; prints
 * what is wrong. -g FOLDER N writes random tables as ipvsadm's lines to the files 1 to N. */

#include <err.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs.h"
#include "ipvs_nl.h"

static uint64_t state;

/* splitmix64 */
static unsigned int
draw(unsigned int n)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned int)((z ^ z >> 31) % n);
}

static void
draw_addr(struct addr *a, uint8_t family, unsigned int n)
{
	char text[ADDR_STRLEN];

	snprintf(text, sizeof(text), family == 6 ? "2001:db8::%x" : "10.0.0.%u", draw(n) + 1);
	addr_parse(text, a);
}

static void
draw_service(struct ipvs_service *s)
{
	static const char *const scheds[] = {
	    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"};
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, 0};

	memset(s, 0, sizeof(*s));
	s->id.family = draw(3) == 0 ? 6 : 4;
	s->id.protocol = protocols[draw(4)];
	strcpy(s->sched, scheds[draw(13)]);
	if (s->id.protocol == 0) {
		s->id.fwmark = draw(6) + 1;
	} else {
		draw_addr(&s->id.at.addr, s->id.family, 3);
		s->id.at.port = (uint16_t)(80 + draw(4));
	}
	s->netmask = ipvs_netmask_default(s->id.family);
	if (draw(3) == 0) {
		s->persist = draw(3000) + 1;
		if (draw(2))
			s->netmask = s->id.family == 6 ? 64 : 0xffffff00;
		if (s->id.protocol != 0 && draw(3) == 0)
			s->id.at.port = 0;
	}
	if (strcmp(s->sched, "sh") == 0 || strcmp(s->sched, "mh") == 0)
		s->flags = (draw(2) ? IP_VS_SVC_F_SCHED1 : 0) | (draw(2) ? IP_VS_SVC_F_SCHED2 : 0);
	if (s->id.protocol == IPPROTO_UDP && s->persist == 0 && draw(3) == 0)
		s->flags |= IPVS_FLAG_OPS;
}

static void
draw_server(const struct ipvs_service *s, struct ipvs_server *d, bool thresholds)
{
	static const uint8_t modes[] = {IPVS_NAT, IPVS_DR, IPVS_TUN};

	memset(d, 0, sizeof(*d));
	d->mode = modes[draw(3)];
	draw_addr(&d->at.addr, s->id.family, 30);
	d->at.port = d->mode == IPVS_NAT && draw(2) ? (uint16_t)(8000 + draw(3)) : s->id.at.port;
	d->weight = draw(100);
	if (d->mode == IPVS_TUN) {
		d->tun = (uint8_t)draw(3);
		d->tun_port = d->tun == IPVS_GUE ? (uint16_t)(6080 + draw(2)) : 0;
		d->tun_flags = (uint16_t)(d->tun == IPVS_GUE ? draw(3)
			: d->tun == IPVS_GRE                 ? draw(2)
							     : 0);
	}
	if (thresholds && draw(4) == 0) {
		d->upper = draw(100) + 1;
		d->lower = draw(d->upper + 1);
	}
}

static void
draw_table(struct ipvs_table *t, bool thresholds)
{
	unsigned int n = draw(12), m;
	struct ipvs_service s;
	struct ipvs_server d;
	struct ipvs_row *row;

	memset(t, 0, sizeof(*t));
	while (n-- > 0) {
		draw_service(&s);
		row = ipvs_table_add(t, &s, 0);
		for (m = draw(8); m > 0; m--) {
			draw_server(&s, &d, thresholds);
			ipvs_row_add(row, &d, 0);
		}
	}
	ipvs_table_sort(t);
}

static int
fail(const char *what, unsigned int seed)
{
	printf("seed %u: %s\n", seed, what);
	return 1;
}

/* ---- differences ---- */

/* A table as the kernel would keep it. */
struct model {
	struct ipvs_table t;
	size_t n_changes;
	const char *wrong;
};

static void
apply(void *ctx, const struct ipvs_change *c)
{
	struct model *m = ctx;
	struct ipvs_row *row = ipvs_table_find(&m->t, &c->service->id);
	struct ipvs_item *item;

	m->n_changes++;
	if (c->server == NULL && (row == NULL) != (c->op == IPVS_ADD)) {
		m->wrong = "a service is added that is there, or changed that is not";
	} else if (c->server == NULL && c->op == IPVS_ADD) {
		ipvs_table_add(&m->t, c->service, 0);
		ipvs_table_sort(&m->t);
	} else if (c->server == NULL && c->op == IPVS_EDIT) {
		row->service = *c->service;
	} else if (c->server == NULL) {
		ipvs_row_free(row);
		memmove(row, row + 1, (size_t)(m->t.row + m->t.n - row - 1) * sizeof(*row));
		m->t.n--;
	} else if (row == NULL) {
		m->wrong = "a server of no service";
	} else if (item = ipvs_row_find(row, &c->server->at),
	    (item == NULL) != (c->op == IPVS_ADD)) {
		m->wrong = "a server is added that is there, or changed that is not";
	} else if (c->op == IPVS_ADD) {
		ipvs_row_add(row, c->server, 0);
		ipvs_row_sort(row);
	} else if (c->op == IPVS_EDIT) {
		item->server = *c->server;
	} else {
		memmove(item, item + 1, (size_t)(row->item + row->n - item - 1) * sizeof(*item));
		if (--row->n == 0)
			m->wrong =
			    ipvs_table_find(&m->t, &c->service->id) == NULL ? "gone" : m->wrong;
	}
}

static bool
same_tables(const struct ipvs_table *a, const struct ipvs_table *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct ipvs_row *x = &a->row[i], *y = &b->row[i];

		if (ipvs_id_compare(&x->service.id, &y->service.id) != 0 ||
		    !ipvs_service_is_same(&x->service, &y->service) || x->n != y->n)
			return false;
		for (size_t j = 0; j < x->n; j++)
			if (endpoint_compare(&x->item[j].server.at, &y->item[j].server.at) != 0 ||
			    !ipvs_server_is_same(&x->item[j].server, &y->item[j].server))
				return false;
	}
	return true;
}

/* Entries of a that b has not or has otherwise; of a service that b has not, only the service
 * where alone is set. */
static size_t
count_other(const struct ipvs_table *a, const struct ipvs_table *b, bool alone, bool edits)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct ipvs_row *x = &a->row[i], *y = ipvs_table_find(b, &x->service.id);

		n += y == NULL || (edits && !ipvs_service_is_same(&x->service, &y->service));
		for (size_t j = 0; j < x->n && !(y == NULL && alone); j++) {
			const struct ipvs_item *z =
			    y != NULL ? ipvs_row_find(y, &x->item[j].server.at) : NULL;

			n += z == NULL ||
			    (edits && !ipvs_server_is_same(&x->item[j].server, &z->server));
		}
	}
	return n;
}

static void
copy_table(struct ipvs_table *to, const struct ipvs_table *from)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->n; i++) {
		struct ipvs_row *row = ipvs_table_add(to, &from->row[i].service, 0);

		for (size_t j = 0; j < from->row[i].n; j++)
			ipvs_row_add(row, &from->row[i].item[j].server, 0);
	}
}

static int
check_diff(unsigned int seed)
{
	struct ipvs_table have, want;
	struct model m = {0};
	size_t most;
	int failed = 0;

	draw_table(&have, true);
	draw_table(&want, true);
	copy_table(&m.t, &have);
	most = count_other(&want, &have, false, true) + count_other(&have, &want, true, false);
	ipvs_diff(&have, &want, apply, &m);
	if (m.wrong != NULL)
		failed = fail(m.wrong, seed);
	else if (!same_tables(&m.t, &want))
		failed = fail("the changes do not lead to what is wanted", seed);
	else if (m.n_changes != most)
		failed = fail("not as many changes as entries that differ", seed);
	m.n_changes = 0;
	ipvs_diff(&m.t, &want, apply, &m);
	if (failed == 0 && m.n_changes != 0)
		failed = fail("changes between what is the same", seed);
	ipvs_table_free(&have);
	ipvs_table_free(&want);
	ipvs_table_free(&m.t);
	return failed;
}

/* ---- text and messages ---- */

static int
check_service(const struct ipvs_service *s, unsigned int seed)
{
	_Alignas(struct nlmsghdr) char buf[IPVS_NL_MAX];
	struct ipvs_service back;
	struct record_error e;
	struct ipvs_line l;
	char line[IPVS_LINE_MAX];
	size_t len = ipvs_line_service(s, line);

	if (ipvs_line_parse(&l, line, len, &e) == -1 || l.has_server ||
	    memcmp(&l.service, s, sizeof(*s)) != 0)
		return fail(line, seed);
	if (ipvs_nl_service(buf, 20, IPVS_ADD, s)->nlmsg_len > sizeof(buf) ||
	    ipvs_nl_read_service((void *)buf, &back, NULL) == -1 ||
	    memcmp(&back, s, sizeof(*s)) != 0)
		return fail("a service is not what it was after its message", seed);
	return 0;
}

static int
check_server(const struct ipvs_service *s, const struct ipvs_server *d, unsigned int seed)
{
	_Alignas(struct nlmsghdr) char buf[IPVS_NL_MAX];
	struct ipvs_server back, said = *d;
	struct record_error e;
	struct ipvs_line l;
	char line[IPVS_LINE_MAX];
	size_t len = ipvs_line_server(s, d, line);

	said.keep = (uint16_t)((d->upper == 0 ? IPVS_KEEP_UPPER : 0) |
	    (d->lower == 0 ? IPVS_KEEP_LOWER : 0));
	if (ipvs_line_parse(&l, line, len, &e) == -1 || !l.has_server ||
	    memcmp(&l.service.id, &s->id, sizeof(s->id)) != 0 ||
	    memcmp(&l.server, &said, sizeof(said)) != 0)
		return fail(line, seed);
	if (ipvs_nl_server(buf, 20, IPVS_ADD, &s->id, d)->nlmsg_len > sizeof(buf) ||
	    ipvs_nl_read_server((void *)buf, &s->id, &back, NULL) == -1 ||
	    memcmp(&back, d, sizeof(*d)) != 0)
		return fail("a server is not what it was after its message", seed);
	return 0;
}

static int
check_round_trips(unsigned int seed)
{
	struct ipvs_table t;
	int failed = 0;

	draw_table(&t, true);
	for (size_t i = 0; i < t.n; i++) {
		failed |= check_service(&t.row[i].service, seed);
		for (size_t j = 0; j < t.row[i].n; j++)
			failed |= check_server(&t.row[i].service, &t.row[i].item[j].server, seed);
	}
	ipvs_table_free(&t);
	return failed;
}

static void
write_table(const char *folder, unsigned int seed)
{
	char line[IPVS_LINE_MAX], name[4096];
	struct ipvs_table t;
	FILE *f;

	snprintf(name, sizeof(name), "%s/%u", folder, seed);
	f = fopen(name, "w");
	if (f == NULL)
		err(1, "%s", name);
	state = seed;
	draw_table(&t, false);
	fprintf(f, "# table %u\n", seed);
	for (size_t i = 0; i < t.n; i++) {
		fwrite(line, 1, ipvs_line_service(&t.row[i].service, line), f);
		for (size_t j = 0; j < t.row[i].n; j++)
			fwrite(line, 1,
			    ipvs_line_server(&t.row[i].service, &t.row[i].item[j].server, line), f);
	}
	ipvs_table_free(&t);
	if (fclose(f) != 0)
		err(1, "%s", name);
}

int
main(int argc, char *argv[])
{
	int failed = 0;

	if (argc == 4 && strcmp(argv[1], "-g") == 0) {
		for (unsigned int seed = 1; seed <= (unsigned int)atoi(argv[3]); seed++)
			write_table(argv[2], seed);
		return 0;
	}
	for (unsigned int seed = 1; seed <= 20000 && failed < 10; seed++) {
		state = seed;
		failed += check_diff(seed) + check_round_trips(seed);
	}
	return failed != 0;
}
