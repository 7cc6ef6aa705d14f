/* Fuzzes the configuration: lines that are applied one after the other. A line that is refused
 * has changed nothing and says a word and why; one that was taken can be said again. */

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok)
{
	if (!ok)
		abort();
}

/* What a configuration is made of, as octets. */
struct part {
	const void *array;
	size_t size, n;
};

enum { PARTS = 4 };

static void
parts_of(const struct config *c, struct part part[PARTS])
{
	part[CONFIG_ROUTER] = (struct part){c->router, sizeof(*c->router), c->n_routers};
	part[CONFIG_ADDRESS] = (struct part){c->address, sizeof(*c->address), c->n_addresses};
	part[CONFIG_TRACK] = (struct part){c->track, sizeof(*c->track), c->n_tracks};
	part[CONFIG_NOTIFY] = (struct part){c->notify, sizeof(*c->notify), c->n_notifies};
}

static size_t
copy(const struct config *c, struct part part[PARTS], unsigned char **octets)
{
	size_t total = 0, at = 0;

	parts_of(c, part);
	for (size_t i = 0; i < PARTS; i++)
		total += part[i].size * part[i].n;
	*octets = malloc(total + 1);
	require(*octets != NULL);
	for (size_t i = 0; i < PARTS; i++) {
		if (part[i].n > 0)
			memcpy(*octets + at, part[i].array, part[i].size * part[i].n);
		at += part[i].size * part[i].n;
	}
	return total;
}

static void
check_same(const struct config *c, const struct part before[PARTS], const unsigned char *octets)
{
	struct part part[PARTS];

	parts_of(c, part);
	for (size_t i = 0; i < PARTS; i++) {
		require(part[i].n == before[i].n);
		if (part[i].n > 0)
			require(memcmp(part[i].array, octets, part[i].size * part[i].n) == 0);
		octets += part[i].size * part[i].n;
	}
}

static void
check_error(const struct config_error *e)
{
	require(e->reason != NULL && e->reason[0] != '\0' && e->word[0] != '\0');
	require(memchr(e->word, '\0', sizeof(e->word)) != NULL);
	for (const char *p = e->word; *p != '\0'; p++)
		require(*p > 0x20 && *p < 0x7f);
}

/* Whatever was taken keeps to the limits that other stages rely on. */
static void
check_whole(const struct config *c)
{
	for (size_t i = 0; i < c->n_routers; i++) {
		const struct config_router *r = &c->router[i];

		if (!r->used)
			continue;
		require(config_find_router(c, r->name) == i);
		require(r->vrid > 0 && r->prio > 0 && r->down > 0 && r->ifname[0] != '\0');
		require(r->version == 2 || r->version == 3);
		require(r->family == 4 || (r->family == 6 && r->version == 3));
		require(r->advert >= 10 * NSEC_PER_MSEC && r->handover >= 0 && r->startup >= 0);
		require(r->preempt || r->preempt_delay == 0);
	}
	for (size_t i = 0; i < c->n_addresses; i++) {
		const struct config_address *a = &c->address[i];
		int64_t lease;

		if (!a->used)
			continue;
		require(a->router < c->n_routers && c->router[a->router].used);
		require(a->dev[0] != '\0' && a->cidr.len <= 8 * addr_size(&a->cidr.addr));
		lease = config_lease(c, a);
		require(lease == 0 || (lease >= NSEC_PER_SEC && lease % NSEC_PER_SEC == 0));
	}
	for (size_t i = 0; i < c->n_tracks; i++)
		if (c->track[i].used)
			require(c->track[i].router < c->n_routers &&
			    c->router[c->track[i].router].used && c->track[i].weight >= -253 &&
			    c->track[i].weight <= 253);
}

static void
check_result(struct config *c, const struct record *r, const struct config_result *res)
{
	struct config_error e = {0};
	struct config_result again;
	struct part part[PARTS];

	require(res->kind < CONFIG_OTHER);
	parts_of(c, part);
	require(res->index < part[res->kind].n);
	if (res->change == CONFIG_REMOVED) {
		require(config_apply(c, r, &again, &e) == -1);
		check_error(&e);
	} else {
		require(config_apply(c, r, &again, &e) == 0 && again.change == CONFIG_SAME);
		require(again.kind == res->kind && again.index == res->index);
	}
}

static void
apply(struct config *c, const char *line, size_t len)
{
	static struct record r;
	struct config_error e = {0};
	struct config_result res;
	struct record_error bad;
	struct part before[PARTS];
	unsigned char *octets;

	if (record_parse(&r, line, len, &bad) != 1)
		return;
	copy(c, before, &octets);
	if (config_apply(c, &r, &res, &e) == -1) {
		check_error(&e);
		check_same(c, before, octets);
	} else {
		if (res.change == CONFIG_SAME)
			check_same(c, before, octets);
		check_result(c, &r, &res);
		check_whole(c);
	}
	free(octets);
}

/* Octets from 0x80 on stand for words that random octets would hardly ever spell. */
static const char *const words[] = {"\nrouter ", "\naddress ", "\ntrack ", "\nnotify ", "\nremove ",
    "router ", "address ", "track ", "notify ", "r1", "r2", "r3", "r4", " if=", "eth0", "eth1",
    " vrid=", "51", "255", "256", "0", " prio=", "100", " version=", "2", "3", " af=", "4", "6",
    " advert=", "1s", "10ms", "40950ms", "500ms", "255s", " down=", " preempt=", "yes", "no", "7s",
    " startup=", " handover=", " src=", "192.0.2.1", "fe80::1", " auth=", "/etc/a",
    " checksum=", "auto", "pseudo", " unheard=", "fault", " vmac=", " 192.0.2.10/24", " 192.0.2.11",
    " fd00::a/64", " dev=", " label=", "eth0:1", " scope=", "link", "host", " lease=", "none", "5s",
    "1500ms", " advertise=", " check:a", " check:b", " link:eth0", " weight=", "-20", "253", "254",
    " /bin/true", "\"", "%", "=", " ", "\n", " if=eth0 vrid=51", " if=eth1 vrid=52 version=2",
    " if=eth0 vrid=51 af=6"};

static char *
spell(const uint8_t *data, size_t size, size_t *len)
{
	char *text = malloc(size * 32 + 1);

	require(text != NULL);
	*len = 0;
	for (size_t i = 0; i < size; i++) {
		size_t word = data[i] & 0x7f;

		if (data[i] < 0x80 || word >= sizeof(words) / sizeof(words[0])) {
			text[(*len)++] = (char)data[i];
		} else {
			memcpy(text + *len, words[word], strlen(words[word]));
			*len += strlen(words[word]);
		}
	}
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_error e = {0};
	struct config c;
	char *text = spell(data, size, &size);

	config_init(&c);
	for (size_t start = 0, end; start < size; start = end + 1) {
		const char *lf = memchr(text + start, '\n', size - start);

		end = lf != NULL ? (size_t)(lf - text) : size;
		apply(&c, text + start, end - start);
	}
	if (config_check(&c, &e) == -1)
		check_error(&e);
	config_free(&c);
	free(text);
	return 0;
}
