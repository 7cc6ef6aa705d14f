#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advert.h"

int
advert_open(struct advert *a)
{
	config_init(&a->config);
	a->router = NULL;
	a->n_routers = 0;
	return frame_open(&a->builder);
}

void
advert_forget(struct advert_router *x)
{
	if (x->frame != NULL)
		explicit_bzero(x->frame, x->len);
	free(x->frame);
	x->frame = NULL;
}

void
advert_close(struct advert *a)
{
	for (size_t i = 0; i < a->n_routers; i++) {
		advert_forget(&a->router[i]);
		explicit_bzero(&a->router[i], sizeof(a->router[i]));
	}
	free(a->router);
	config_free(&a->config);
	frame_close(&a->builder);
	explicit_bzero(a, sizeof(*a));
}

/* ---- configuration ---- */

static int
make_room(struct advert *a)
{
	size_t n = a->config.n_routers;
	struct advert_router *grown;

	if (n <= a->n_routers)
		return 0;
	grown = reallocarray(a->router, n, sizeof(*grown));
	if (grown == NULL)
		return -1;
	memset(grown + a->n_routers, 0, (n - a->n_routers) * sizeof(*grown));
	a->router = grown;
	a->n_routers = n;
	return 0;
}

/* A router that is new, or on another interface now, knows what link records have said of it to
 * others. */
static void
adopt_link(struct advert *a, size_t i)
{
	struct advert_router *x = &a->router[i];
	const char *name = a->config.router[i].ifname;

	if (strcmp(x->link.name, name) == 0)
		return;
	x->link = (struct wire_link){0};
	strcpy(x->link.name, name);
	x->ip = x->ip6 = (struct addr){0};
	x->is_linked = false;
	for (size_t j = 0; j < a->n_routers && !x->is_linked; j++) {
		const struct advert_router *y = &a->router[j];

		if (!y->is_linked || strcmp(y->link.name, name) != 0)
			continue;
		x->link = y->link;
		x->ip = y->ip;
		x->ip6 = y->ip6;
		x->is_linked = true;
	}
}

int
advert_configure(
    struct advert *a, const struct record *r, const uint8_t *password, struct config_error *e)
{
	struct config_result res;
	struct advert_router *x;

	if (config_apply(&a->config, r, &res, e) == -1)
		return -1;
	if (make_room(a) == -1) {
		strcpy(e->word, r->kind);
		e->reason = "no memory";
		return -1;
	}
	if (res.kind == CONFIG_ADDRESS) {
		advert_forget(&a->router[a->config.address[res.index].router]);
		return 0;
	}
	x = &a->router[res.index];
	advert_forget(x);
	if (res.change == CONFIG_REMOVED) {
		explicit_bzero(x, sizeof(*x));
		return 0;
	}
	adopt_link(a, res.index);
	x->has_password = password != NULL;
	if (password != NULL)
		memcpy(x->password, password, VRRP_AUTH_LEN);
	return 0;
}

void
advert_link(
    struct advert *a, const struct wire_link *l, const struct addr *ip, const struct addr *ip6)
{
	for (size_t i = 0; i < a->n_routers; i++) {
		struct advert_router *x = &a->router[i];

		if (strcmp(x->link.name, l->name) != 0)
			continue;
		x->link = *l;
		x->is_linked = true;
		if (ip->family != 0)
			x->ip = *ip;
		if (ip6->family != 0)
			x->ip6 = *ip6;
		advert_forget(x);
	}
}

/* ---- frames ---- */

/* The advertised addresses of a router, as many as there is room for: in IPv6 the link-local ones
 * first (RFC 9568 section 5.2.9). */
static void
collect(struct advert *a, size_t i, bool link_local, unsigned int room)
{
	struct vrrp_advert *m = &a->message;

	for (size_t j = 0; j < a->config.n_addresses && m->n_addrs < room; j++) {
		const struct config_address *x = &a->config.address[j];

		if (x->used && x->router == i && x->advertise &&
		    x->cidr.addr.family == m->src.family &&
		    addr_is_link_local(&x->cidr.addr) == link_local)
			m->addrs[m->n_addrs++] = x->cidr.addr;
	}
}

const char *
advert_build(struct advert *a, size_t i, uint8_t prio, uint8_t checksum)
{
	const struct config_router *c = &a->config.router[i];
	struct advert_router *x = &a->router[i];
	struct vrrp_advert *m = &a->message;
	unsigned int room = frame_advert_room(c->version, c->family, x->link.mtu);

	advert_forget(x);
	*m = (struct vrrp_advert){.version = c->version,
	    .vrid = c->vrid,
	    .prio = prio,
	    .interval = c->advert,
	    .checksum = checksum,
	    .src = c->src.family != 0 ? c->src
		: c->family == 6      ? x->ip6
				      : x->ip,
	    .dst = addr_vrrp_group(c->family)};
	if (m->src.family == 0)
		return "no-source";
	if (x->has_password) {
		m->auth = VRRP_AUTH_SIMPLE;
		memcpy(m->auth_data, x->password, VRRP_AUTH_LEN);
	}
	collect(a, i, true, room);
	collect(a, i, false, room);
	if (m->n_addrs == 0)
		return "no-address";
	x->len = frame_advert(&a->builder, x->link.mac, m, a->out);
	x->frame = x->len != 0 ? malloc(x->len) : NULL;
	if (x->frame == NULL)
		return "no-memory";
	memcpy(x->frame, a->out, x->len);
	x->prio = prio;
	x->checksum = checksum;
	return NULL;
}
