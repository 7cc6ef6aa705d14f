/* vip-down - take addresses down: those that are named, or all that viptools put up */

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "cli.h"
#include "quiet.h"
#include "rtnl.h"
#include "status.h"

static const char usage_text[] =
    "vip-down [-q] DEV ADDRESS[/LEN]...\n"
    "       vip-down -a [DEV ADDRESS[/LEN]...]\n"
    "\n"
    "  -a, --all  every address that carries the tag of viptools, on every interface; of those\n"
    "             that are named, the ones that carry it\n"
    "  -q, --quiet  undo vip-up --quiet: with the last address of viptools on DEV, arp_ignore and\n"
    "             arp_announce go back to 0\n"
    "\n"
    "  vip-down eth0 192.0.2.10\n"
    "  vip-down --all\n";

/* One address of the host, and what became of it. */
struct found {
	struct rtnl_addr addr;
	bool goes;
	int error;
};

struct command {
	struct rtnl rtnl;
	unsigned int ifindex; /* 0: any, and no words */
	bool ours;            /* only what carries our tag */
	char **words;
	struct found *found;
	size_t n;
};

/* A word without a length means the address whatever its length is. */
static bool
is_named(const struct command *c, const struct cidr *have)
{
	for (char **word = c->words; *word != NULL; word++) {
		struct cidr want;

		if (cidr_parse(*word, &want) == 0 && addr_compare(&want.addr, &have->addr) == 0 &&
		    (strchr(*word, '/') == NULL || want.len == have->len))
			return true;
	}
	return false;
}

static void
on_addr(void *ctx, const struct rtnl_addr *a, bool gone)
{
	struct command *c = ctx;
	struct found *f;

	(void)gone;
	if (c->ifindex != 0 && a->ifindex != c->ifindex)
		return;
	if ((c->n & (c->n - 1)) == 0) {
		f = realloc(c->found, (c->n == 0 ? 1 : 2 * c->n) * sizeof(*f));
		if (f == NULL)
			cli_fail(STATUS_OS, "%s", strerror(errno));
		c->found = f;
	}
	f = &c->found[c->n++];
	*f = (struct found){.addr = *a};
	f->goes = (c->ifindex == 0 || is_named(c, &a->cidr)) &&
	    (!c->ours || a->proto == RTNL_PROTO_VIPTOOLS);
}

/* Whether the end of this address would take others with it that are to stay. */
static bool
has_siblings(const struct command *c, const struct rtnl_addr *a)
{
	if (a->cidr.addr.family != 4 || a->secondary)
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (!c->found[i].goes && c->found[i].addr.secondary &&
		    c->found[i].addr.ifindex == a->ifindex)
			return true;
	return false;
}

/* Backwards: the first address of a subnet goes last. */
static int
take_down(struct command *c)
{
	int status = STATUS_YES, ignored;
	char text[ADDR_STRLEN];

	for (size_t i = c->n; i-- > 0;) {
		struct found *f = &c->found[i];

		if (!f->goes)
			continue;
		if (has_siblings(c, &f->addr))
			rtnl_queue_promote(&c->rtnl, f->addr.ifindex, &ignored);
		rtnl_queue(&c->rtnl, RTNL_DELETE, &f->addr, &f->error);
	}
	rtnl_commit(&c->rtnl); /* every change has an answer of its own */
	for (size_t i = 0; i < c->n; i++) {
		int error = c->found[i].error;

		if (error == 0 || error == EADDRNOTAVAIL || error == ENODEV)
			continue;
		cidr_format(&c->found[i].addr.cidr, text);
		cli_message(3, "%s: %s", text,
		    error == EPERM ? "not permitted: needs CAP_NET_ADMIN" : strerror(error));
		status = (int)status_from_errno(error);
	}
	return status;
}

/* Another address of viptools on the interface may need it still. */
static int
end_quiet(const struct command *c)
{
	const char *name;

	for (size_t i = 0; i < c->n; i++)
		if (!c->found[i].goes && c->found[i].addr.proto == RTNL_PROTO_VIPTOOLS)
			return STATUS_YES;
	name = quiet_set(false);
	if (name == NULL)
		return STATUS_YES;
	cli_message(3, "%s: %s", name, strerror(errno));
	return (int)status_from_errno(errno);
}

static int
find_dev(struct command *c, const char *name)
{
	struct rtnl_link l;
	struct cidr cidr;

	for (char **word = c->words; *word != NULL; word++)
		if (cidr_parse(*word, &cidr) == -1)
			cli_usage("%s: not a numeric address", *word);
	if (rtnl_get_link(&c->rtnl, name, &l) == -1)
		return -1;
	c->ifindex = l.ifindex;
	return 0;
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
	    {"all", no_argument, NULL, 'a'}, {"quiet", no_argument, NULL, 'q'}, {0}};
	static struct command c;
	struct rtnl_handler h = {.addr = on_addr, .ctx = &c};
	bool quiet = false;
	int ch, status;

	cli_start(argc, argv, usage_text);
	while ((ch = getopt_long(argc, argv, "aq", options, NULL)) != -1) {
		switch (ch) {
		case 'a':
			c.ours = true;
			break;
		case 'q':
			quiet = true;
			break;
		default:
			cli_usage(NULL);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 || (argc == 0 && (!c.ours || quiet)) || (c.ours && quiet))
		cli_usage("an interface and addresses, or --all");
	if (rtnl_open(&c.rtnl) == -1)
		cli_fail((int)status_from_errno(errno), "rtnetlink: %s", strerror(errno));
	c.words = argv + 1;
	if (argc > 0 && find_dev(&c, argv[0]) == -1) {
		cli_message(4, "%s: %s", argv[0], strerror(errno));
		return errno == ENODEV ? STATUS_YES : (int)status_from_errno(errno);
	}
	if (rtnl_dump_addrs(&c.rtnl, c.ifindex, &h) == -1)
		cli_fail((int)status_from_errno(errno), "rtnetlink: %s", strerror(errno));
	status = take_down(&c);
	if (quiet && status == STATUS_YES)
		status = end_quiet(&c);
	if (c.ours && !rtnl_has_proto(&c.rtnl))
		cli_fail(STATUS_UNAVAILABLE,
		    "this kernel keeps no tag (Linux 5.18 does): name the addresses");
	return status;
}
