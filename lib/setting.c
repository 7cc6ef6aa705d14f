#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "setting.h"

int
setting_refuse(struct config_error *e, const char *word, const char *reason)
{
	size_t n = 0;

	for (; n < sizeof(e->word) - 1 && word[n] != '\0'; n++)
		e->word[n] = word[n] > ' ' && word[n] < 0x7f ? word[n] : '?';
	e->word[n] = '\0';
	e->reason = reason;
	return -1;
}

/* Names become file names, hook arguments and words of records. */
bool
setting_is_name(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n >= CONFIG_NAME_MAX || *text == '-' || *text == '.')
		return false;
	for (; *text != '\0'; text++)
		if ((*text < 'a' || *text > 'z') && (*text < 'A' || *text > 'Z') &&
		    (*text < '0' || *text > '9') && strchr("._-", *text) == NULL)
			return false;
	return true;
}

bool
setting_is_ifname(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n >= IF_NAMESIZE || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text == '/' || *text == ':' || *text == 0x7f)
			return false;
	return true;
}

int
setting_yes(const char *text, bool *out)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return -1;
	*out = text[0] == 'y';
	return 0;
}

static int
parse_u8(const char *text, unsigned int min, unsigned int max, uint8_t *out)
{
	unsigned int v;

	if (parse_uint(text, min, max, &v) == -1)
		return -1;
	*out = (uint8_t)v;
	return 0;
}

int
setting_copy(const char *text, char *out, size_t size)
{
	if (strlen(text) >= size)
		return -1;
	strcpy(out, text);
	return 0;
}

int
setting_attributes(const struct record *r, const struct setting_attribute *known, void *into,
    struct config_error *e)
{
	for (unsigned int i = r->n_operands; i < r->n_words; i++) {
		const struct setting_attribute *a = known;
		const char *value = r->word[i].value;
		char word[128];

		while (a->key != NULL && strcmp(a->key, r->word[i].key) != 0)
			a++;
		if (a->key == NULL)
			return setting_refuse(e, r->word[i].key, "unknown attribute");
		if (a->set(into, value != NULL ? value : "yes") == 0)
			continue;
		snprintf(word, sizeof(word), "%s%s%s", a->key, value != NULL ? "=" : "",
		    value != NULL ? value : "");
		return setting_refuse(e, word, a->reason);
	}
	return 0;
}

SETTING(set_if, struct config_router,
	return setting_is_ifname(value) ? setting_copy(value, x->ifname, sizeof(x->ifname)) : -1;)
SETTING(set_vrid, struct config_router, return parse_u8(value, 1, 255, &x->vrid);)
SETTING(set_prio, struct config_router, return parse_u8(value, 1, 255, &x->prio);)
SETTING(set_version, struct config_router, return parse_u8(value, 2, 3, &x->version);)
SETTING(set_down, struct config_router, return parse_u8(value, 1, 100, &x->down);)
SETTING(set_advert, struct config_router,
	return parse_duration(value, 10 * NSEC_PER_MSEC, 255 * NSEC_PER_SEC, &x->advert);)
SETTING(set_startup, struct config_router,
	return parse_duration(value, 0, 3600 * NSEC_PER_SEC, &x->startup);)
SETTING(set_handover, struct config_router,
	return parse_duration(value, 0, 3600 * NSEC_PER_SEC, &x->handover);)
SETTING(set_src, struct config_router, return addr_parse(value, &x->src);)
SETTING(set_auth, struct config_router,
	return value[0] == '/' ? setting_copy(value, x->auth, sizeof(x->auth)) : -1;)

static int
set_af(void *into, const char *value)
{
	struct config_router *x = into;

	if (strcmp(value, "4") != 0 && strcmp(value, "6") != 0)
		return -1;
	x->family = (uint8_t)(value[0] - '0');
	return 0;
}

static int
set_preempt(void *into, const char *value)
{
	struct config_router *x = into;

	if (setting_yes(value, &x->preempt) == 0) {
		x->preempt_delay = 0;
		return 0;
	}
	x->preempt = true;
	return parse_duration(value, 0, 3600 * NSEC_PER_SEC, &x->preempt_delay);
}

static int
set_checksum(void *into, const char *value)
{
	static const char *const name[] = {
	    [CONFIG_CHECKSUM_AUTO] = "auto",
	    [CONFIG_CHECKSUM_RFC9568] = "rfc9568",
	    [CONFIG_CHECKSUM_PSEUDO] = "pseudo",
	};
	struct config_router *x = into;

	for (unsigned int i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if (strcmp(name[i], value) == 0) {
			x->checksum = i;
			return 0;
		}
	}
	return -1;
}

static int
set_unheard(void *into, const char *value)
{
	struct config_router *x = into;

	if (strcmp(value, "report") != 0 && strcmp(value, "fault") != 0)
		return -1;
	x->unheard_fault = value[0] == 'f';
	return 0;
}

static int
set_vmac(void *into, const char *value)
{
	(void)into;
	return strcmp(value, "no") == 0 ? 0 : -1;
}

static const struct setting_attribute router_attributes[] = {
    {"if", set_if, "not the name of an interface"},
    {"vrid", set_vrid, "not 1 to 255"},
    {"prio", set_prio, "not 1 to 255"},
    {"version", set_version, "not 2 or 3"},
    {"af", set_af, "not 4 or 6"},
    {"advert", set_advert, "not a time from 10ms to 255s with its unit"},
    {"down", set_down, "not 1 to 100 adverts"},
    {"preempt", set_preempt, "not yes, no or a delay with its unit"},
    {"startup", set_startup, "not a time from 0s to 1h with its unit"},
    {"handover", set_handover, "not a time from 0s to 1h with its unit"},
    {"src", set_src, "not a numeric address"},
    {"auth", set_auth, "not the absolute path of a file"},
    {"checksum", set_checksum, "not auto, rfc9568 or pseudo"},
    {"unheard", set_unheard, "not report or fault"},
    {"vmac", set_vmac, "not no: virtual MAC addresses are not supported by this version"},
    {NULL, NULL, NULL},
};

static int
check_router(const struct config_router *x, struct config_error *e)
{
	int64_t unit = x->version == 2 ? NSEC_PER_SEC : 10 * NSEC_PER_MSEC;
	int64_t most = x->version == 2 ? 255 * NSEC_PER_SEC : 40950 * NSEC_PER_MSEC;

	if (x->ifname[0] == '\0')
		return setting_refuse(e, x->name, "no if= attribute");
	if (x->vrid == 0)
		return setting_refuse(e, x->name, "no vrid= attribute");
	if (x->advert % unit != 0 || x->advert > most)
		return setting_refuse(e, "advert=",
		    x->version == 2 ? "version 2 has whole seconds, 1s to 255s"
				    : "version 3 has steps of 10ms, 10ms to 40950ms");
	if (x->version == 2 && x->family == 6)
		return setting_refuse(e, "version=2", "IPv6 needs version 3");
	if (x->version == 3 && x->auth[0] != '\0')
		return setting_refuse(e, "auth=", "version 3 has no authentication");
	if (x->src.family != 0 && x->src.family != x->family)
		return setting_refuse(e, "src=", "not of the router's family");
	return 0;
}

int
setting_router(const struct record *r, struct config_router *x, struct config_error *e)
{
	const char *name = record_operand(r, 0);

	memset(x, 0, sizeof(*x)); /* padding too: entries are compared whole */
	x->used = x->preempt = true;
	x->prio = 100;
	x->version = 3;
	x->family = 4;
	x->down = 3;
	x->advert = NSEC_PER_SEC;
	x->startup = 5 * NSEC_PER_SEC;
	x->handover = -1;
	if (name == NULL || !setting_is_name(name))
		return setting_refuse(e, name != NULL ? name : "router", SETTING_NAME_REASON);
	strcpy(x->name, name);
	if (setting_attributes(r, router_attributes, x, e) == -1 || check_router(x, e) == -1)
		return -1;
	if (x->handover == -1)
		x->handover = x->advert + 500 * NSEC_PER_MSEC;
	return 0;
}

static int
set_lease(void *into, const char *value)
{
	struct config_address *x = into;

	if (strcmp(value, "auto") == 0)
		x->lease = CONFIG_LEASE_AUTO;
	else if (strcmp(value, "none") == 0)
		x->lease = 0;
	else if (parse_duration(value, NSEC_PER_SEC, 86400 * NSEC_PER_SEC, &x->lease) == -1 ||
	    x->lease % NSEC_PER_SEC != 0)
		return -1;
	return 0;
}

static int
set_scope(void *into, const char *value)
{
	static const struct {
		const char *name;
		uint8_t scope;
	} scopes[] = {{"global", RT_SCOPE_UNIVERSE}, {"site", RT_SCOPE_SITE},
	    {"link", RT_SCOPE_LINK}, {"host", RT_SCOPE_HOST}};
	struct config_address *x = into;

	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (strcmp(scopes[i].name, value) == 0) {
			x->scope = scopes[i].scope;
			return 0;
		}
	}
	return -1;
}

SETTING(set_dev, struct config_address, x->own_dev = true;
	return setting_is_ifname(value) ? setting_copy(value, x->dev, sizeof(x->dev)) : -1;)
SETTING(set_label, struct config_address,
	return value[0] != '\0' ? setting_copy(value, x->label, sizeof(x->label)) : -1;)
SETTING(set_advertise, struct config_address, return setting_yes(value, &x->advertise);)

static const struct setting_attribute address_attributes[] = {
    {"dev", set_dev, "not the name of an interface"},
    {"label", set_label, "not a label of 1 to 15 octets"},
    {"scope", set_scope, "not global, site, link or host"},
    {"lease", set_lease, "not auto, none or whole seconds with their unit"},
    {"advertise", set_advertise, "not yes or no"},
    {NULL, NULL, NULL},
};

static int
set_weight(void *into, const char *value)
{
	struct config_track *x = into;
	bool minus = value[0] == '-';
	unsigned int v;

	if (parse_uint(value + minus, 1, 253, &v) == -1)
		return -1;
	x->weight = (int16_t)(minus ? -(int)v : (int)v);
	return 0;
}

static const struct setting_attribute track_attributes[] = {
    {"weight", set_weight, "not 1 to 253 or -1 to -253"},
    {NULL, NULL, NULL},
};

int
setting_address(const struct record *r, struct config_address *x, struct config_error *e)
{
	return setting_attributes(r, address_attributes, x, e);
}

int
setting_track(const struct record *r, struct config_track *x, struct config_error *e)
{
	return setting_attributes(r, track_attributes, x, e);
}

int
setting_none(const struct record *r, struct config_error *e)
{
	static const struct setting_attribute none[] = {{NULL, NULL, NULL}};

	return setting_attributes(r, none, NULL, e);
}
