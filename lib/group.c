#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "group.h"

static int
join(unsigned int index, int family)
{
	struct ip_mreqn m4 = {.imr_ifindex = (int)index};
	struct ipv6_mreq m6 = {.ipv6mr_interface = index};
	struct addr group = addr_vrrp_group(family == AF_INET ? 4 : 6);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd == -1)
		return -1;
	memcpy(&m4.imr_multiaddr, group.octet, sizeof(m4.imr_multiaddr));
	memcpy(&m6.ipv6mr_multiaddr, group.octet, sizeof(m6.ipv6mr_multiaddr));
	if (family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m4, sizeof(m4)) == 0
			      : setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m6, sizeof(m6)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int
make_room(struct groups *g, size_t i)
{
	struct group_member *grown;

	if (i < g->n)
		return 0;
	grown = realloc(g->member, (i + 1) * sizeof(*grown));
	if (grown == NULL)
		return -1;
	g->member = grown;
	while (g->n <= i)
		g->member[g->n++] = (struct group_member){.fd = {-1, -1}};
	return 0;
}

int
group_set(struct groups *g, size_t i, unsigned int index, bool ipv4, bool ipv6)
{
	const bool wanted[2] = {ipv4 && index != 0, ipv6 && index != 0};
	int error = 0;

	if (make_room(g, i) == -1)
		return -1;
	for (int f = 0; f < 2; f++) {
		struct group_member *m = &g->member[i];

		if (m->fd[f] != -1 && (!wanted[f] || m->index[f] != index)) {
			close(m->fd[f]);
			m->fd[f] = -1;
		}
		if (m->fd[f] != -1 || !wanted[f])
			continue;
		m->index[f] = index;
		m->fd[f] = join(index, f == 0 ? AF_INET : AF_INET6);
		if (m->fd[f] == -1)
			error = errno;
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

void
group_free(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		group_set(g, i, 0, false, false);
	free(g->member);
	*g = (struct groups){0};
}
