#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "parse.h"
#include "probe.h"

#define EVENTS      256
#define SLACK_MAX   (5 * NSEC_PER_MSEC)
#define BURST_GAP   (100 * NSEC_PER_USEC) /* between starts that are to be at once */
#define STALL_LEAST (20 * NSEC_PER_MSEC)

int
probe_open(struct probe *p)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	p->slack = p->exact ? 0 : SLACK_MAX;
	p->fd = epoll_create1(EPOLL_CLOEXEC);
	return p->fd == -1 ? -1 : 0;
}

void
probe_close(struct probe *p)
{
	while (p->n_idle > 0)
		free(p->idle[--p->n_idle]);
	free(p->idle);
	timer_free(&p->timers);
	close(p->fd);
}

void
probe_endpoint(const struct probe_target *t, struct addr *addr, uint16_t *port)
{
	*addr = t->check->connect.family != 0 ? t->check->connect : t->addr;
	*port = t->check->port != 0 ? t->check->port : t->port;
}

/* ---- the connection ---- */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t
fill_address(union socket_address *sa, const struct addr *a, uint16_t port, const char *ifname)
{
	memset(sa, 0, sizeof(*sa));
	if (a->family == 4) {
		sa->in.sin_family = AF_INET;
		sa->in.sin_port = htons(port);
		memcpy(&sa->in.sin_addr, a->octet, 4);
		return sizeof(sa->in);
	}
	sa->in6.sin6_family = AF_INET6;
	sa->in6.sin6_port = htons(port);
	memcpy(&sa->in6.sin6_addr, a->octet, 16);
	if (addr_is_link_local(a) && ifname[0] != '\0')
		sa->in6.sin6_scope_id = if_nametoindex(ifname);
	return sizeof(sa->in6);
}

/* A port only when the peer is known (IP_BIND_ADDRESS_NO_PORT): otherwise all ports of a source
 * address are used up by 28 000 checks, whomever they ask. */
static int
bind_source(int fd, const struct probe_check *c)
{
	union socket_address sa;
	socklen_t len;

	if (c->mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &c->mark, sizeof(c->mark)) == -1)
		return -1;
	if (c->ifname[0] != '\0' &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, c->ifname, (socklen_t)strlen(c->ifname)) ==
		-1)
		return -1;
	if (c->src.family == 0)
		return 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
	len = fill_address(&sa, &c->src, 0, c->ifname);
	return bind(fd, &sa.any, len);
}

/* With TCP_QUICKACK off the ACK of the handshake waits for the data that it can ride on. Where
 * nothing follows but the RST of SO_LINGER 0, the server's kernel has answered and its program
 * has seen nothing: no accept, no thread, no line in its log. */
static enum outcome
open_connection(const struct probe *p, struct probe_target *t)
{
	union socket_address sa;
	struct addr addr;
	socklen_t len;
	uint16_t port;

	probe_endpoint(t, &addr, &port);
	if (port == 0) { /* the server of a firewall mark, and no port= */
		errno = EDESTADDRREQ;
		return OUTCOME_HOST;
	}
	t->fd = socket(
	    addr.family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd == -1 || bind_source(t->fd, t->check) == -1)
		return outcome_from_errno(errno);
	setsockopt(t->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){0}, sizeof(int));
	if (p->protocol->reset)
		setsockopt(
		    t->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	len = fill_address(&sa, &addr, port, t->check->ifname);
	if (connect(t->fd, &sa.any, len) == -1 && errno != EINPROGRESS)
		return outcome_from_errno(errno);
	return OUTCOME_GOING;
}

/* ---- a check from its start to its end ---- */

static int
take_state(struct probe *p, struct probe_target *t)
{
	size_t size = p->protocol->size;

	if (size == 0)
		return 0;
	if (p->n_idle == 0) {
		t->state = calloc(1, size);
		return t->state == NULL ? -1 : 0;
	}
	t->state = p->idle[--p->n_idle];
	memset(t->state, 0, size);
	return 0;
}

static void
end_run(struct probe *p, struct probe_target *t)
{
	if (p->protocol->end != NULL && t->state != NULL)
		p->protocol->end(p->protocol_ctx, t);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	if (t->state != NULL)
		p->idle[p->n_idle++] = t->state;
	t->state = NULL;
	t->running = t->connected = false;
}

/* The next start keeps its phase; phases that have passed are left out. */
static void
set_next(struct probe *p, struct probe_target *t, int64_t now)
{
	int64_t every = health_is_changing(&t->health) ? t->check->fastinter : t->check->every;

	t->due += every;
	if (t->due <= now)
		t->due += (now - t->due + every - 1) / every * every;
	timer_set(&p->timers, &t->timer, t->due);
}

/* Silence is no answer where we ourselves were away for a good part of the time. */
static enum outcome
judge_stall(const struct probe *p, const struct probe_target *t, enum outcome o)
{
	if (o != OUTCOME_TIMEOUT && o != OUTCOME_CLOSED && o != OUTCOME_RESET)
		return o;
	return (p->stalled - t->stalled) * 4 > t->check->timeout ? OUTCOME_STALLED : o;
}

static void
finish(
    struct probe *p, struct probe_target *t, enum outcome o, struct probe_result *res, int64_t now)
{
	enum health_state was = t->health.state;
	bool changed = false;

	res->time = now - t->started;
	o = judge_stall(p, t, o);
	/* Abandoned, the connection goes at once on both sides. */
	if (o == OUTCOME_TIMEOUT && t->connected && !p->protocol->reset)
		setsockopt(
		    t->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	end_run(p, t);
	p->n_checks++;
	if (outcome_class_of(o) != OUTCOME_CLASS_UNKNOWN) {
		bool up = outcome_class_of(o) == OUTCOME_CLASS_UP;

		if (t->fresh)
			t->health = (struct health){0};
		changed = health_step(&t->health, t->check->rise, t->check->fall, up) || t->fresh;
		t->fresh = false;
		changed |= t->again && up == (t->health.state == HEALTH_UP);
		if (changed)
			t->again = false;
		if (up && res->weight != t->weight) {
			changed |= t->health.state == HEALTH_UP;
			t->weight = res->weight;
		}
	}
	p->done(p->ctx, t, o, res, changed, was);
	if (!t->stopped)
		set_next(p, t, now);
}

static void
clear(struct probe_result *res)
{
	res->code = res->weight = -1;
	res->expires = -1;
	res->detail[0] = '\0';
}

static enum outcome
open_run(struct probe *p, struct probe_target *t, struct probe_result *res)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = t};
	enum outcome o;

	if (take_state(p, t) == -1)
		return OUTCOME_MEMORY;
	if (p->protocol->open != NULL) {
		o = p->protocol->open(p->protocol_ctx, t, res);
		t->connected = true;
	} else {
		o = open_connection(p, t);
	}
	if (o == OUTCOME_GOING && epoll_ctl(p->fd, EPOLL_CTL_ADD, t->fd, &e) == -1)
		o = outcome_from_errno(errno);
	return o;
}

static void
start(struct probe *p, struct probe_target *t, int64_t now)
{
	struct probe_result res;
	enum outcome o;

	if (now - t->due > p->late_max)
		p->late_max = now - t->due;
	t->running = true;
	t->started = now;
	t->stalled = p->stalled;
	clear(&res);
	o = open_run(p, t, &res);
	if (o == OUTCOME_HOST && res.detail[0] == '\0')
		snprintf(res.detail, sizeof(res.detail), "%s", strerror(errno));
	if (o != OUTCOME_GOING)
		finish(p, t, o, &res, now);
	else
		timer_set(&p->timers, &t->timer, now + t->check->timeout);
}

/* ---- the owner's calls ---- */

/* Room for one target more, so that nothing is allocated later but the states. */
static int
make_room(struct probe *p)
{
	size_t room = p->room == 0 ? 16 : 2 * p->room;
	void **idle;

	if (p->n_targets < p->room)
		return 0;
	idle = reallocarray(p->idle, room, sizeof(*idle));
	if (idle == NULL)
		return -1;
	p->idle = idle;
	if (timer_room(&p->timers, room) == -1)
		return -1;
	p->room = room;
	return 0;
}

static void
set_slack(struct probe *p, const struct probe_check *c)
{
	int64_t least = c->timeout < c->fastinter ? c->timeout : c->fastinter;

	if (c->every < least)
		least = c->every;
	if (p->slack > least / 100)
		p->slack = least / 100;
}

/* Multiples of the golden ratio, modulo 1, lie evenly however many they are (Knuth 6.4). */
static int64_t
phase(size_t n, int64_t every)
{
	uint64_t turn = (uint64_t)n * UINT64_C(11400714819323198485);

	return (int64_t)((unsigned __int128)turn * (uint64_t)every >> 64);
}

int
probe_add(struct probe *p, struct probe_target *t, int64_t clock, bool at_once)
{
	if (make_room(p) == -1)
		return -1;
	set_slack(p, t->check);
	t->fd = t->weight = -1;
	t->fresh = true;
	t->due = clock +
	    (at_once ? (int64_t)p->n_added * BURST_GAP : phase(p->n_added, t->check->every));
	p->n_added++;
	p->n_targets++;
	timer_set(&p->timers, &t->timer, t->due);
	return 0;
}

void
probe_pause(struct probe *p, struct probe_target *t)
{
	if (t->running)
		end_run(p, t);
	timer_cancel(&p->timers, &t->timer);
	if (t->kept != NULL && p->protocol->drop != NULL)
		p->protocol->drop(p->protocol_ctx, t);
	t->kept = NULL;
}

void
probe_remove(struct probe *p, struct probe_target *t)
{
	probe_pause(p, t);
	p->n_targets--;
}

void
probe_renew(struct probe *p, struct probe_target *t, int64_t clock)
{
	set_slack(p, t->check);
	t->fresh = true;
	t->due = clock + phase(p->n_added++, t->check->every);
	timer_set(&p->timers, &t->timer, t->due);
}

void
probe_stop(struct probe *p, struct probe_target *t)
{
	timer_cancel(&p->timers, &t->timer);
	t->stopped = true;
}

int64_t
probe_due(const struct probe *p)
{
	const struct timer *first = timer_first(&p->timers);

	return first == NULL ? INT64_MAX : first->due + p->slack;
}

/* What passed between the time when something was due and now, and not in our own work. */
static void
note_time(struct probe *p, int64_t clock)
{
	int64_t since = probe_due(p);

	if (since < p->now)
		since = p->now;
	if (since < clock && clock - since > STALL_LEAST)
		p->stalled += clock - since;
	p->now = clock;
}

static void
serve(struct probe *p, struct probe_target *t, uint32_t events, int64_t now)
{
	struct probe_result res;
	enum outcome o;
	int error = 0;

	if (!t->connected) {
		if ((events & (EPOLLERR | EPOLLHUP)) != 0 &&
		    getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof(error)}) ==
			-1)
			error = errno;
		if (error == 0 && (events & (EPOLLOUT | EPOLLHUP)) == 0)
			return;
		t->connected = error == 0;
	}
	clear(&res);
	o = error != 0 ? outcome_from_errno(error)
		       : p->protocol->ready(p->protocol_ctx, t, events, &res);
	if (o != OUTCOME_GOING)
		finish(p, t, o, &res, now);
}

void
probe_ready(struct probe *p, int64_t clock)
{
	static struct epoll_event event[EVENTS];
	int n;

	note_time(p, clock);
	do {
		n = epoll_wait(p->fd, event, EVENTS, 0);
		for (int i = 0; i < n; i++)
			serve(p, event[i].data.ptr, event[i].events, clock);
	} while (n == EVENTS);
}

void
probe_expire(struct probe *p, int64_t clock)
{
	struct probe_target *t;
	struct probe_result res;

	note_time(p, clock);
	while (
	    (t = (struct probe_target *)timer_first(&p->timers)) != NULL && t->timer.due <= clock) {
		/* each way out sets the timer anew, on top of the heap as it is, or cancels it */
		clear(&res);
		if (t->running)
			finish(p, t, OUTCOME_TIMEOUT, &res, clock);
		else if (clock - t->due > t->check->every / 2)
			set_next(p, t, clock); /* we stood still: not all of them at once */
		else
			start(p, t, clock);
	}
}
_Static_assert(offsetof(struct probe_target, timer) == 0, "a timer is its target");
