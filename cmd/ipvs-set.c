/* ipvs-set - make the kernel's table of virtual services say what the input says */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "parse.h"
#include "priv.h"
#include "reconcile.h"
#include "status.h"
#include "stream.h"

#define QUIET_TIME NSEC_PER_SEC       /* after which nothing more is said of a service */
#define DRAIN_LOOK (NSEC_PER_SEC / 2) /* between looks at connections that are to end */
#define DRAIN_MAX  (86400 * NSEC_PER_SEC)

static const char usage_text[] =
    "ipvs-set [-ej] [-d TIME] [-m N] [-r TIME] [-x]\n"
    "       ipvs-set [-ejnvx] [-d TIME] [-m N] FILE\n"
    "\n"
    "  -d, --drain TIME     a server to remove gets weight 0 and this time to end its\n"
    "                       connections\n"
    "  -e, --allow-empty    a service may lose its last server\n"
    "  -j                   print JSON, an object a line\n"
    "  -m, --min-servers N  no service is brought below N servers\n"
    "  -n                   change nothing: print what would be done, exit 1 if there is any\n"
    "  -r, --repair TIME    look so often at what others have changed (5s)\n"
    "  -v                   print what is done\n"
    "  -x, --exclusive      services that the input does not name are removed\n"
    "\n"
    "  ipvs-get >table; ipvs-set table\n"
    "  ipvsadm -Sn | ipvs-set -n -\n"
    "  cat web.conf control | probe-tcp | pool-elect | ipvs-set\n";

/* What a service of the stream waits for. */
struct live {
	bool dirty;   /* not compared since it has changed */
	bool settled; /* all is said of it: what the kernel has too much may go */
	bool pooled;  /* pool records come for it */
	bool emptied; /* it has no servers, and that is meant */
	int64_t heard;
};

struct router {
	char name[CONFIG_NAME_MAX];
	bool holds;
};

struct command {
	struct stream stream;
	struct stream_timer timer, repair_timer;
	struct balance balance;
	struct reconcile reconcile;
	bool by_hand, exclusive, verbose, guarded, any_change;
	bool stale, settings, repairing;
	int status;
	int64_t repair;
	const char *file;
	unsigned long line;
	uint32_t *service_tag, *server_tag;
	struct live *live;
	size_t n_tags[2]; /* room for services, servers */
	struct ipvs_service_id *gone;
	size_t n_gone;
	struct router *router;
	size_t n_routers;
	uint8_t stop; /* roles that a removed daemon has left */
	struct record_out out;
};

static _Noreturn void
no_memory(void)
{
	cli_fail(STATUS_TEMPFAIL, "%s", strerror(ENOMEM));
}

/* ---- saying ---- */

static void
print(struct command *c)
{
	static char text[RECORD_JSON_MAX];
	static struct record r;
	struct record_error e;
	size_t len;

	if (!c->by_hand) {
		stream_emit(&c->stream, &c->out);
		return;
	}
	len = record_end(&c->out);
	if (c->stream.json && record_parse(&r, c->out.text, len, &e) == 1)
		fwrite(text, 1, record_to_json(&r, text), stdout);
	else
		fwrite(c->out.text, 1, len, stdout);
}

static const char *
reason_of(const struct reconcile_say *s, char *text, size_t size)
{
	if (s->error == ENOENT && s->service != NULL && s->server == NULL && s->op != IPVS_REMOVE) {
		snprintf(text, size, "no scheduler %s in this kernel: needs the module ip_vs_%s",
		    s->service->sched, s->service->sched);
		return text;
	}
	/* Neither goes with the other (ip_vs_ctl.c, mixed_address_family_dests). */
	if (s->error == EINVAL &&
	    (s->daemon != NULL ||
		(s->server != NULL && s->server->at.addr.family != s->service->id.family)))
		return "refused by the kernel: no daemon together with servers of another family";
	return s->error == ENODEV && s->daemon != NULL ? "no such interface"
						       : director_reason(s->error);
}

static void
say_error(struct command *c, const struct reconcile_say *s)
{
	char at[ENDPOINT_STRLEN] = "", reason[128];
	const char *why = reason_of(s, reason, sizeof(reason));

	if (s->server != NULL)
		endpoint_format(&s->server->at, at);
	if (!c->by_hand) {
		stream_error(&c->stream, s->server != NULL ? at : s->name, "refused", why);
		return;
	}
	if (c->status == 0)
		c->status = status_from_errno(s->error);
	if (s->tag != 0)
		cli_message(3, "%s:%u: %s%s%s: %s", c->file, s->tag, s->name,
		    at[0] != '\0' ? " " : "", at, why);
	else
		cli_message(3, "%s%s%s: %s", s->name, at[0] != '\0' ? " " : "", at, why);
}

static void
on_say(void *ctx, const struct reconcile_say *s)
{
	static const char *const change[] = {"added", "edited", "removed"};
	struct command *c = ctx;
	char at[ENDPOINT_STRLEN];

	if (s->error != 0) {
		say_error(c, s);
		return;
	}
	c->any_change = true;
	if (c->by_hand && !c->verbose)
		return;
	record_begin(&c->out, "ipvs");
	record_add(&c->out, s->name);
	if (s->server != NULL) {
		endpoint_format(&s->server->at, at);
		record_add(&c->out, at);
	}
	record_set(&c->out, "change", change[s->op]);
	if (s->server != NULL && s->op != IPVS_REMOVE) {
		record_set_uint(&c->out, "weight", s->server->weight);
		record_set(&c->out, "mode", ipvs_mode_name(s->server->mode));
	} else if (s->server == NULL && s->service != NULL && s->op != IPVS_REMOVE) {
		record_set(&c->out, "sched", s->service->sched);
	} else if (s->daemon != NULL) {
		record_set(
		    &c->out, "sync", s->daemon->roles == IP_VS_STATE_MASTER ? "master" : "backup");
	} else if (s->service == NULL) {
		record_flag(&c->out, "timeouts");
	}
	print(c);
}

static void
on_keep(void *ctx, const char *name, size_t want, size_t have)
{
	struct command *c = ctx;
	char detail[96];

	snprintf(detail, sizeof(detail), "%zu of %zu servers would be left: all stay", want, have);
	if (!c->by_hand)
		stream_error(&c->stream, name, "too-few-servers", detail);
}

/* ---- the configuration ---- */

/* Room for what goes with a service or server of this index. */
static void
make_room(struct command *c, size_t services, size_t servers)
{
	size_t *room = c->n_tags, more;

	if (services > room[0]) {
		more = 2 * services;
		c->service_tag = realloc(c->service_tag, more * sizeof(*c->service_tag));
		c->live = realloc(c->live, more * sizeof(*c->live));
		if (c->service_tag == NULL || c->live == NULL)
			no_memory();
		memset(c->live + room[0], 0, (more - room[0]) * sizeof(*c->live));
		room[0] = more;
	}
	if (servers > room[1]) {
		more = 2 * servers;
		c->server_tag = realloc(c->server_tag, more * sizeof(*c->server_tag));
		if (c->server_tag == NULL)
			no_memory();
		room[1] = more;
	}
	c->reconcile.service_tag = c->by_hand ? c->service_tag : NULL;
	c->reconcile.server_tag = c->by_hand ? c->server_tag : NULL;
}

static void
touch(struct command *c, size_t service)
{
	c->live[service].dirty = true;
	c->live[service].settled = false;
	c->live[service].heard = c->reconcile.now;
}

static void
put_gone(struct command *c, const struct ipvs_service_id *id)
{
	c->gone = realloc(c->gone, (c->n_gone + 1) * sizeof(*c->gone));
	if (c->gone == NULL)
		no_memory();
	c->gone[c->n_gone++] = *id;
}

static void
note_service(struct command *c, const struct balance_result *res, const struct ipvs_service_id *old)
{
	const struct balance_service *s = &c->balance.service[res->index];

	if (res->change == CONFIG_REMOVED) {
		put_gone(c, &s->ipvs.id);
		return;
	}
	if (res->change == CONFIG_ADDED) {
		c->live[res->index] = (struct live){0};
		c->stale |= ipvs_table_find(&c->reconcile.have, &s->ipvs.id) != NULL;
	} else if (memcmp(old, &s->ipvs.id, sizeof(*old)) != 0) {
		put_gone(c, old);
		c->stale = true;
	}
	c->service_tag[res->index] = (uint32_t)c->line;
	if (res->change != CONFIG_SAME)
		touch(c, res->index);
}

static void
note_server(struct command *c, const struct balance_result *res)
{
	size_t service = c->balance.server[res->index].service;

	c->server_tag[res->index] = (uint32_t)c->line;
	if (res->change == CONFIG_SAME)
		return;
	c->live[service].emptied =
	    res->change == CONFIG_REMOVED && c->balance.service[service].n_servers == 0;
	touch(c, service);
}

/* Applies one record of configuration. Returns 0, or -1 with *e filled. */
static int
configure(struct command *c, const struct record *r, struct config_error *e)
{
	const char *name = record_operand(r, 0);
	struct ipvs_service_id old = {0};
	struct balance_result res;
	size_t i;

	if (strcmp(r->kind, "service") == 0 && name != NULL &&
	    (i = balance_find_service(&c->balance, name)) != TABLE_NONE)
		old = c->balance.service[i].ipvs.id;
	i = c->balance.n_syncs;
	if (balance_apply(&c->balance, r, &res, e) == -1)
		return -1;
	make_room(c, c->balance.n_services, c->balance.n_servers);
	switch (res.kind) {
	case BALANCE_SERVICE:
		note_service(c, &res, &old);
		break;
	case BALANCE_SERVER:
		note_server(c, &res);
		break;
	case BALANCE_SYNC:
		if (res.change == CONFIG_REMOVED)
			c->stop = IP_VS_STATE_MASTER | IP_VS_STATE_BACKUP;
		c->settings = true;
		break;
	case BALANCE_TIMEOUTS:
		c->settings = true;
		break;
	case BALANCE_CHECK:
	case BALANCE_OTHER:
		break;
	}
	return 0;
}

/* One of ipvsadm's lines, as the record that it stands for. */
static int
configure_line(struct command *c, const char *line, size_t len, struct config_error *e)
{
	static struct record r;
	struct record_error bad = {0};
	char name[IPVS_NAME_STRLEN];
	struct ipvs_line l;
	size_t twin;

	if (ipvs_line_parse(&l, line, len, &bad) == -1)
		goto refused;
	ipvs_name_format(&l.service.id, name);
	twin = balance_find_service_id(&c->balance, &l.service.id);
	if (twin != TABLE_NONE)
		strcpy(name, c->balance.service[twin].name);
	if (l.has_server)
		ipvs_put_server(&c->out, name, &l.server);
	else
		ipvs_put_service(&c->out, name, &l.service);
	if (record_parse(&r, c->out.text, record_end(&c->out), &bad) != 1)
		goto refused;
	return configure(c, &r, e);
refused:
	strcpy(e->word, bad.word);
	e->reason = bad.reason;
	return -1;
}

/* ---- elections ---- */

static struct router *
find_router(const struct command *c, const char *name)
{
	for (size_t i = 0; i < c->n_routers; i++)
		if (strcmp(c->router[i].name, name) == 0)
			return &c->router[i];
	return NULL;
}

/* Whether a service is to be in the table: 1, 0, or -1 where its router has not said. */
static int
is_present(const struct command *c, const struct balance_service *s)
{
	const struct router *x;

	if (s->holder[0] == '\0' || c->by_hand)
		return 1;
	x = find_router(c, s->holder);
	return x == NULL ? -1 : x->holds;
}

/* What each daemon is to be now; one that follows a router listens until it is master. */
static uint8_t
role_of(const struct command *c, const struct balance_sync *s)
{
	const struct router *x;

	if (s->router[0] == '\0')
		return s->daemon.roles;
	if (c->by_hand)
		return 0;
	x = find_router(c, s->router);
	return x != NULL && x->holds ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP;
}

static void
queue_settings(struct command *c)
{
	uint8_t roles[BALANCE_SYNCS_MAX], stop = c->stop;

	for (size_t i = 0; i < c->balance.n_syncs; i++) {
		roles[i] = role_of(c, &c->balance.sync[i]);
		if (c->balance.sync[i].used && c->balance.sync[i].router[0] != '\0' && !c->by_hand)
			stop = IP_VS_STATE_MASTER | IP_VS_STATE_BACKUP;
	}
	if (reconcile_settings(&c->reconcile, roles, stop) == -1)
		stream_error(&c->stream, "daemons", "not-read", director_reason(errno));
	c->stop = 0;
	c->settings = false;
}

/* ---- the filter ---- */

static bool
is_ours(void *ctx, const struct ipvs_service_id *id)
{
	struct command *c = ctx;

	if (balance_find_service_id(&c->balance, id) != TABLE_NONE)
		return true;
	for (size_t i = 0; i < c->n_gone; i++)
		if (ipvs_id_compare(&c->gone[i], id) == 0)
			return true;
	return false;
}

static bool
is_quiet(const struct command *c, size_t service)
{
	const struct live *l = &c->live[service];

	return l->settled || c->reconcile.now - l->heard >= QUIET_TIME;
}

static void
queue_services(struct command *c, bool all)
{
	for (size_t i = 0; i < c->balance.n_services; i++) {
		const struct balance_service *s = &c->balance.service[i];
		struct live *l = &c->live[i];
		int present = is_present(c, s);

		if (!s->used || present == -1 || (!l->dirty && !all))
			continue;
		if (present == 1)
			reconcile_service(
			    &c->reconcile, i, is_quiet(c, i), l->emptied && !c->guarded);
		else
			reconcile_absent(&c->reconcile, &s->ipvs.id);
		l->dirty = !is_quiet(c, i);
	}
}

/* A service that is gone stays on the list until the kernel has it no more. */
static void
queue_gone(struct command *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_gone; i++) {
		const struct ipvs_service_id *id = &c->gone[i];

		if (balance_find_service_id(&c->balance, id) != TABLE_NONE ||
		    ipvs_table_find(&c->reconcile.have, id) == NULL)
			continue;
		reconcile_absent(&c->reconcile, id);
		c->gone[kept++] = c->gone[i];
	}
	c->n_gone = kept;
}

static void
queue_foreign(struct command *c)
{
	for (size_t i = 0; c->exclusive && i < c->balance.n_services; i++)
		if (c->balance.service[i].used && c->live[i].dirty)
			return; /* more may be named yet */
	for (size_t i = 0; c->exclusive && i < c->reconcile.have.n; i++)
		if (balance_find_service_id(&c->balance, &c->reconcile.have.row[i].service.id) ==
		    TABLE_NONE)
			reconcile_absent(&c->reconcile, &c->reconcile.have.row[i].service.id);
}

/* One pass: what is due is queued and sent. Returns false where the table was not what it was
 * thought to be: another pass, after it has been read. */
static bool
pass(struct command *c, bool all)
{
	int failed;

	if (c->stale && reconcile_read(&c->reconcile, c->exclusive ? NULL : is_ours, c) == -1) {
		stream_error(&c->stream, "table", "not-read", director_reason(errno));
		return true;
	}
	all |= c->reconcile.draining;
	c->stale = false;
	queue_services(c, all);
	queue_gone(c);
	if (c->repairing)
		queue_foreign(c);
	if (c->settings)
		queue_settings(c);
	if (reconcile_commit(&c->reconcile, &failed) == -1) {
		stream_error(&c->stream, "table", "no-answer", director_reason(errno));
		c->stale = true;
		return true;
	}
	c->stale = failed != 0;
	return failed != EEXIST && failed != ENOENT && failed != ESRCH;
}

static void
set_timer(struct command *c)
{
	int64_t due = INT64_MAX;

	if (c->reconcile.draining)
		due = c->reconcile.now + DRAIN_LOOK;
	for (size_t i = 0; i < c->balance.n_services; i++)
		if (c->balance.service[i].used && c->live[i].dirty &&
		    is_present(c, &c->balance.service[i]) != -1 &&
		    c->live[i].heard + QUIET_TIME < due)
			due = c->live[i].heard + QUIET_TIME;
	if (due != INT64_MAX)
		stream_timer_set(&c->stream, &c->timer, due);
	else
		stream_timer_cancel(&c->stream, &c->timer);
}

static void
on_round(void *ctx)
{
	struct command *c = ctx;
	bool any = c->settings || c->repairing || c->n_gone > 0;

	c->reconcile.now = stream_now(&c->stream);
	for (size_t i = 0; !any && i < c->balance.n_services; i++)
		any = c->balance.service[i].used && c->live[i].dirty;
	if (any && !pass(c, c->repairing))
		pass(c, true);
	c->repairing = false;
	set_timer(c);
}

static void
on_timer(void *ctx, int64_t now)
{
	struct command *c = ctx;

	c->reconcile.now = now;
	c->stale |= c->reconcile.draining;
	c->repairing |= c->reconcile.draining;
}

static void
on_repair(void *ctx, int64_t now)
{
	struct command *c = ctx;

	c->reconcile.now = now;
	c->stale = c->settings = c->repairing = true;
	stream_timer_set(&c->stream, &c->repair_timer, now + c->repair);
}

static enum stream_fate
on_config(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	struct config_error e;

	c->reconcile.now = stream_now(&c->stream);
	if (configure(c, r, &e) == 0)
		return STREAM_PASS;
	stream_bad_config(&c->stream, e.word, e.reason);
	return STREAM_TAKE;
}

static bool
on_line(void *ctx, const char *line, size_t len)
{
	struct command *c = ctx;
	struct config_error e;

	if (!ipvs_line_is_one(line, len))
		return false;
	c->reconcile.now = stream_now(&c->stream);
	if (configure_line(c, line, len, &e) == -1)
		stream_bad_config(&c->stream, e.word, e.reason);
	return true;
}

static enum stream_fate
on_pool(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	const char *name = record_operand(r, 0), *state = record_operand(r, 1);
	size_t i = name != NULL ? balance_find_service(&c->balance, name) : TABLE_NONE;

	if (i == TABLE_NONE || state == NULL)
		return STREAM_PASS;
	c->live[i].dirty = c->live[i].settled = c->live[i].pooled = true;
	if (strcmp(state, "down") == 0 && c->balance.service[i].n_servers == 0)
		c->live[i].emptied = true;
	return STREAM_PASS;
}

static enum stream_fate
on_state(void *ctx, const struct record *r)
{
	struct command *c = ctx;
	const char *name = record_operand(r, 0), *state = record_operand(r, 1);
	struct router *x;

	if (name == NULL || state == NULL || strlen(name) >= CONFIG_NAME_MAX)
		return STREAM_PASS;
	if ((x = find_router(c, name)) == NULL && c->n_routers < CONFIG_ROUTERS_MAX) {
		c->router = realloc(c->router, (c->n_routers + 1) * sizeof(*c->router));
		if (c->router == NULL)
			no_memory();
		x = &c->router[c->n_routers++];
		strcpy(x->name, name);
	}
	if (x == NULL)
		return STREAM_PASS;
	/* LEAVING: its addresses are still served. */
	x->holds = strcmp(state, "MASTER") == 0 || strcmp(state, "LEAVING") == 0;
	for (size_t i = 0; i < c->balance.n_services; i++)
		if (c->balance.service[i].used && strcmp(c->balance.service[i].holder, name) == 0)
			c->live[i].dirty = true;
	for (size_t i = 0; i < c->balance.n_syncs; i++)
		c->settings |= strcmp(c->balance.sync[i].router, name) == 0;
	return STREAM_PASS;
}

/* A file that has ended has said all. A stream of events that ends has not, where pools decide:
 * the stage before may have died in the middle of a service. */
static void
on_end(void *ctx)
{
	struct command *c = ctx;
	bool whole = stream_has_ended(&c->stream) && !stream_is_live(&c->stream);

	c->reconcile.now = stream_now(&c->stream);
	for (size_t i = 0; whole && i < c->balance.n_services; i++)
		c->live[i].settled = true;
	if (!whole)
		return;
	c->repairing = c->exclusive;
	if (!pass(c, true))
		pass(c, true);
	if (c->exclusive && !pass(c, true))
		pass(c, true);
}

static const struct stream_handler handlers[] = {
    {"check", on_config},
    {"service", on_config},
    {"server", on_config},
    {"sync", on_config},
    {"timeouts", on_config},
    {"remove", on_config},
    {"pool", on_pool},
    {"state", on_state},
    {NULL, NULL},
};

static int
filter(struct command *c)
{
	cli_want_stream();
	if (director_open(&c->reconcile.director) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
	c->stale = true;
	c->stream.name = "ipvs-set";
	c->stream.ctx = c;
	c->stream.handlers = handlers;
	c->stream.line = on_line;
	c->stream.batch = on_round;
	c->stream.end = on_end;
	c->timer.fire = on_timer;
	c->timer.ctx = c->repair_timer.ctx = c;
	c->repair_timer.fire = on_repair;
	if (stream_open(&c->stream) == -1 || stream_timer_add(&c->stream, &c->timer) == -1 ||
	    stream_timer_add(&c->stream, &c->repair_timer) == -1 || priv_drop(true, true) == -1)
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
	stream_timer_set(&c->stream, &c->repair_timer, stream_clock() + c->repair);
	return stream_run(&c->stream);
}

/* ---- once ---- */

static _Noreturn void
bad_line(const struct command *c, const char *word, const char *reason)
{
	cli_fail(STATUS_CONFIG, "%s:%lu: %s: %s", c->file, c->line, word, reason);
}

static void
read_line(struct command *c, const char *line, size_t len)
{
	static const char *const kinds[] = {
	    "check", "service", "server", "sync", "timeouts", "remove"};
	static struct record r;
	struct record_error bad;
	struct config_error e;
	int parsed;

	if (ipvs_line_is_one(line, len)) {
		if (configure_line(c, line, len, &e) == -1)
			bad_line(c, e.word, e.reason);
		return;
	}
	parsed = record_parse(&r, line, len, &bad);
	if (parsed == 0)
		return;
	if (parsed == -1)
		bad_line(c, bad.word, bad.reason);
	if (r.class == RECORD_UNKNOWN)
		bad_line(c, r.kind, "not a kind of record");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], r.kind) == 0 && configure(c, &r, &e) == -1)
			bad_line(c, e.word, e.reason);
}

static void
read_all(struct command *c, FILE *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, in)) != -1) {
		c->line++;
		read_line(c, line, (size_t)n);
	}
	if (ferror(in))
		cli_fail(STATUS_IO, "%s: %s", c->file, strerror(errno));
	free(line);
}

/* What a service would lose by accident is found before anything is touched. */
static void
guard(struct command *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->balance.n_services; i++) {
		if (!c->balance.service[i].used)
			continue;
		n++;
		if (reconcile_would_empty(&c->reconcile, i))
			cli_fail(STATUS_CONFIG, "%s: %s would be left with %zu servers: see -%c",
			    c->file, c->balance.service[i].name, c->balance.service[i].n_servers,
			    c->balance.service[i].n_servers == 0 ? 'e' : 'm');
	}
	if (c->exclusive && n == 0 && c->reconcile.have.n > 0 && c->reconcile.min_servers > 0)
		cli_fail(STATUS_CONFIG, "%s: no service in it: see -e", c->file);
}

static void
set_once(struct command *c)
{
	int failed;

	c->reconcile.now = stream_clock();
	if (reconcile_read(&c->reconcile, c->exclusive ? NULL : is_ours, c) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
	guard(c);
	for (size_t i = 0; i < c->balance.n_services; i++)
		if (c->balance.service[i].used)
			reconcile_service(&c->reconcile, i, true, false);
	for (size_t i = 0; c->exclusive && i < c->reconcile.have.n; i++)
		if (balance_find_service_id(&c->balance, &c->reconcile.have.row[i].service.id) ==
		    TABLE_NONE)
			reconcile_absent(&c->reconcile, &c->reconcile.have.row[i].service.id);
	if (c->settings)
		queue_settings(c);
	if (reconcile_commit(&c->reconcile, &failed) == -1)
		cli_fail(status_from_errno(errno), "%s", director_reason(errno));
}

static int
once(struct command *c, const char *file)
{
	const struct timespec pause = {.tv_nsec = DRAIN_LOOK};
	static char buffer[65536];
	FILE *in = stdin;
	int error = 0;

	c->by_hand = true;
	c->file = file;
	if (strcmp(file, "-") != 0 && (in = fopen(file, "r")) == NULL)
		cli_fail(STATUS_IO, "%s: %s", file, strerror(errno));
	setvbuf(in, buffer, _IOFBF, sizeof(buffer));
	if (director_open(&c->reconcile.director) == -1)
		error = errno;
	if (priv_drop(true, true) == -1)
		cli_fail(status_from_errno(errno), "start: %s", strerror(errno));
	read_all(c, in);
	if (error != 0)
		cli_fail(status_from_errno(error), "%s", director_reason(error));
	set_once(c);
	while (c->reconcile.draining && !c->reconcile.dry_run) {
		nanosleep(&pause, NULL);
		set_once(c);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		cli_fail(STATUS_IO, "standard output: %s", strerror(errno));
	return c->reconcile.dry_run && c->any_change ? STATUS_NO : c->status;
}

/* ---- the command line ---- */

static const struct option long_options[] = {
    {"allow-empty", no_argument, NULL, 'e'},
    {"drain", required_argument, NULL, 'd'},
    {"exclusive", no_argument, NULL, 'x'},
    {"min-servers", required_argument, NULL, 'm'},
    {"repair", required_argument, NULL, 'r'},
    {NULL, 0, NULL, 0},
};

int
main(int argc, char *argv[])
{
	static struct command c;
	struct reconcile *r = &c.reconcile;
	bool allow_empty = false, repair = false;
	unsigned int least = 0;
	int ch;

	cli_start(argc, argv, usage_text);
	c.repair = 5 * NSEC_PER_SEC;
	while ((ch = getopt_long(argc, argv, "d:ejm:nr:vx", long_options, NULL)) != -1) {
		switch (ch) {
		case 'd':
			if (parse_duration(optarg, NSEC_PER_SEC, DRAIN_MAX, &r->drain) == -1)
				cli_usage("-d %s: not a time, 1s to 24h", optarg);
			break;
		case 'e':
			allow_empty = true;
			break;
		case 'j':
			c.stream.json = true;
			break;
		case 'm':
			if (parse_uint(optarg, 1, INT32_MAX, &least) == -1)
				cli_usage("-m %s: not 1 to 2147483647", optarg);
			break;
		case 'n':
			r->dry_run = c.verbose = true;
			break;
		case 'r':
			repair = true;
			if (parse_duration(optarg, NSEC_PER_SEC / 10, DRAIN_MAX, &c.repair) == -1)
				cli_usage("-r %s: not a time, 100ms to 24h", optarg);
			break;
		case 'v':
			c.verbose = true;
			break;
		case 'x':
			c.exclusive = true;
			break;
		default:
			cli_usage(NULL);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc > 1 || (argc == 1 && repair) || (argc == 0 && c.verbose))
		cli_usage("a file, or a stream");
	r->balance = &c.balance;
	c.guarded = least != 0;
	r->min_servers = least != 0 ? least : allow_empty ? 0 : 1;
	r->say = on_say;
	r->keep = on_keep;
	r->ctx = &c;
	balance_init(&c.balance);
	return argc == 1 ? once(&c, argv[0]) : filter(&c);
}
