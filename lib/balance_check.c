#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "parse.h"
#include "setting.h"

/* A check while its words are read: texts go behind one another, and place 0 is "". */
struct reading {
	struct balance_check x;
	bool said_fastinter;
	char text[RECORD_MAX];
};

static int
keep(struct reading *k, const char *value, balance_place *place)
{
	size_t len = strlen(value) + 1;

	if (k->x.text_len + len > sizeof(k->text))
		return -1;
	*place = k->x.text_len;
	memcpy(k->text + *place, value, len);
	k->x.text_len = (uint16_t)(k->x.text_len + len);
	return 0;
}

static int
keep_path(struct reading *k, const char *value, balance_place *place)
{
	return value[0] == '/' && strlen(value) < CONFIG_PATH_MAX ? keep(k, value, place) : -1;
}

/* What goes into a request's head: no control octets, so that no value adds a line to it. */
static bool
is_line(const char *value, const char *without)
{
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || strchr(without, *p) != NULL)
			return false;
	return *value != '\0';
}

static bool
is_token(const char *value, size_t len)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return len > 0 && strspn(value, token) >= len; /* RFC 9110 section 5.6.2 */
}

static int
keep_header(struct reading *k, const char *value, balance_place *place)
{
	size_t name = strcspn(value, ":");

	return value[name] == ':' && is_token(value, name) && is_line(value, "") &&
		strlen(value) <= 1024
	    ? keep(k, value, place)
	    : -1;
}

static int
set_expect(void *into, const char *value)
{
	struct balance_check *x = &((struct reading *)into)->x;
	struct balance_range range[BALANCE_EXPECT_MAX];
	uint32_t n = 0;

	for (;;) {
		size_t len = strcspn(value, ",");
		unsigned int first, last;
		char part[8];
		char *dash;

		if (len >= sizeof(part) || n == BALANCE_EXPECT_MAX)
			return -1;
		memcpy(part, value, len);
		part[len] = '\0';
		dash = strchr(part, '-');
		if (dash != NULL)
			*dash++ = '\0';
		if (parse_uint(part, 100, 999, &first) == -1 ||
		    parse_uint(dash != NULL ? dash : part, first, 999, &last) == -1)
			return -1;
		range[n++] = (struct balance_range){(uint16_t)first, (uint16_t)last};
		if (value[len] == '\0')
			break;
		value += len + 1;
	}
	memset(x->expect, 0, sizeof(x->expect));
	memcpy(x->expect, range, n * sizeof(range[0]));
	x->n_expect = n;
	return 0;
}

static int
set_sha256(void *into, const char *value)
{
	static const char digits[] = "0123456789abcdef";
	struct balance_check *x = &((struct reading *)into)->x;

	if (strlen(value) != 2 * BALANCE_SUM_SIZE ||
	    strspn(value, "0123456789abcdefABCDEF") != 2 * BALANCE_SUM_SIZE)
		return -1;
	for (size_t i = 0; i < BALANCE_SUM_SIZE; i++) {
		const char *high = strchr(digits, value[2 * i] | 0x20);
		const char *low = strchr(digits, value[2 * i + 1] | 0x20);

		x->sha256[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	x->has_sha256 = true;
	return 0;
}

static int
set_connect(void *into, const char *value)
{
	struct balance_check *x = &((struct reading *)into)->x;
	uint16_t port = x->connect.port;

	if (addr_parse(value, &x->connect.addr) == 0)
		return 0;
	if (endpoint_parse(value, &x->connect) == -1)
		return -1;
	if (x->connect.port == 0)
		x->connect.port = port;
	return 0;
}

/* A program's absolute path and its words; split at blanks when it is run. */
static int
set_cmd(void *into, const char *value)
{
	struct reading *k = into;

	return value[0] == '/' && is_line(value, "") ? keep(k, value, &k->x.cmd) : -1;
}

static int
set_http(void *into, const char *value)
{
	struct reading *k = into;

	k->x.http10 = strcmp(value, "1.0") == 0;
	return k->x.http10 || strcmp(value, "1.1") == 0 ? 0 : -1;
}

static int
set_count(const char *value, uint32_t *out)
{
	unsigned int v;

	if (parse_uint(value, 1, 1000, &v) == -1)
		return -1;
	*out = v;
	return 0;
}

#define TIME(field)    parse_duration(value, 10 * NSEC_PER_MSEC, 86400 * NSEC_PER_SEC, &x->x.field)
#define SET(name, ...) SETTING(name, struct reading, __VA_ARGS__)

SET(set_every, return TIME(every);)
SET(set_timeout, return TIME(timeout);)
SET(set_fastinter, x->said_fastinter = true; return TIME(fastinter);)
SET(set_rise, return set_count(value, &x->x.rise);)
SET(set_fall, return set_count(value, &x->x.fall);)
SET(set_src, return addr_parse(value, &x->x.src);)
SET(set_if, return setting_is_ifname(value) ? setting_copy(value, x->x.ifname, IF_NAMESIZE) : -1;)
SET(set_mark, unsigned int v; if (parse_uint(value, 0, UINT32_MAX, &v) == -1) return -1;
    x->x.mark = v; return 0;)
SET(set_port, unsigned int v; if (parse_uint(value, 1, 65535, &v) == -1) return -1;
    x->x.connect.port = (uint16_t)v; return 0;)
SET(set_path, return value[0] == '/' && is_line(value, " #") ? keep(x, value, &x->x.path) : -1;)
SET(set_host, return is_line(value, " /") ? keep(x, value, &x->x.host) : -1;)
SET(set_verb,
    return is_token(value, strlen(value)) && strlen(value) < 32 ? keep(x, value, &x->x.verb) : -1;)
SET(set_header, return keep_header(x, value, &x->x.header[0]);)
SET(set_header2, return keep_header(x, value, &x->x.header[1]);)
SET(set_header3, return keep_header(x, value, &x->x.header[2]);)
SET(set_header4, return keep_header(x, value, &x->x.header[3]);)
SET(set_body, return value[0] != '\0' ? keep(x, value, &x->x.body) : -1;)
SET(set_regex, return value[0] != '\0' ? keep(x, value, &x->x.regex) : -1;)
SET(set_verify, bool yes; if (setting_yes(value, &yes) == -1) return -1; x->x.no_verify = !yes;
    return 0;)
SET(set_sni, return is_line(value, " /:") ? keep(x, value, &x->x.sni) : -1;)
SET(set_ca, return keep_path(x, value, &x->x.ca);)
SET(set_cert, return keep_path(x, value, &x->x.cert);)
SET(set_key, return keep_path(x, value, &x->x.key);)
SET(set_dynamic, return setting_yes(value, &x->x.dynamic);)

#define T(method) (1U << (method))
#define NET       (T(BALANCE_TCP) | HTTP)
#define HTTP      (T(BALANCE_HTTP) | T(BALANCE_HTTPS))
#define ALL       (NET | T(BALANCE_EXEC))
#define DURATION  "not a time with its unit, 10ms to 24h"
#define NUMBER    "not 1 to 1000"
#define FILE_NAME "not the absolute path of a file"
#define HEADER    "not \"Name: value\" of one line"

/* Each attribute and the methods that have it. */
static const struct {
	struct setting_attribute attribute;
	unsigned int methods;
} words[] = {
    {{"every", set_every, DURATION}, ALL},
    {{"timeout", set_timeout, DURATION}, ALL},
    {{"fastinter", set_fastinter, DURATION}, ALL},
    {{"rise", set_rise, NUMBER}, ALL},
    {{"fall", set_fall, NUMBER}, ALL},
    {{"src", set_src, "not an address"}, NET},
    {{"if", set_if, "not the name of an interface"}, NET},
    {{"mark", set_mark, "not 0 to 4294967295"}, NET},
    {{"connect", set_connect, "not an address, or an address and a port"}, NET},
    {{"port", set_port, "not 1 to 65535"}, NET},
    {{"path", set_path, "not a path from / on, without blanks"}, HTTP},
    {{"host", set_host, "not the name of a host"}, HTTP},
    {{"verb", set_verb, "not a method of HTTP"}, HTTP},
    {{"header", set_header, HEADER}, HTTP},
    {{"header2", set_header2, HEADER}, HTTP},
    {{"header3", set_header3, HEADER}, HTTP},
    {{"header4", set_header4, HEADER}, HTTP},
    {{"expect", set_expect, "not statuses, as 200-299,301"}, HTTP},
    {{"body", set_body, "nothing to look for"}, HTTP},
    {{"regex", set_regex, "nothing to look for"}, HTTP},
    {{"sha256", set_sha256, "not 64 digits of hex"}, HTTP},
    {{"http", set_http, "not 1.1 or 1.0"}, HTTP},
    {{"verify", set_verify, "not yes or no"}, T(BALANCE_HTTPS)},
    {{"sni", set_sni, "not the name of a host"}, T(BALANCE_HTTPS)},
    {{"ca", set_ca, FILE_NAME}, T(BALANCE_HTTPS)},
    {{"cert", set_cert, FILE_NAME}, T(BALANCE_HTTPS)},
    {{"key", set_key, FILE_NAME}, T(BALANCE_HTTPS)},
    {{"cmd", set_cmd, "not the absolute path of a program and its words"}, T(BALANCE_EXEC)},
    {{"dynamic", set_dynamic, "not yes or no"}, T(BALANCE_EXEC)},
};

static int
read_words(struct reading *k, const struct record *r, struct config_error *e)
{
	struct setting_attribute known[sizeof(words) / sizeof(words[0]) + 1];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].methods & T(k->x.method))
			known[n++] = words[i].attribute;
	known[n] = (struct setting_attribute){NULL, NULL, NULL};
	return setting_attributes(r, known, k, e);
}

static int
read_operands(struct reading *k, const struct record *r, struct config_error *e)
{
	static const char *const methods[] = {"tcp", "http", "https", "exec"};
	const char *name = record_operand(r, 0), *method = record_operand(r, 1);
	const char *target = record_operand(r, 2);
	size_t i = 0;

	if (name == NULL || !setting_is_name(name))
		return setting_refuse(e, name != NULL ? name : r->kind, SETTING_NAME_REASON);
	strcpy(k->x.name, name);
	while (i < 4 && (method == NULL || strcmp(methods[i], method) != 0))
		i++;
	if (i == 4)
		return setting_refuse(
		    e, method != NULL ? method : name, "not tcp, http, https or exec");
	k->x.method = (uint8_t)i;
	if (target == NULL)
		return 0;
	k->x.has_target = true;
	if (endpoint_parse(target, &k->x.target) == -1)
		return setting_refuse(e, target, "not an address and a port, as 192.0.2.1:80");
	return 0;
}

static int
check_whole(const struct balance_check *x, struct config_error *e)
{
	if (x->method == BALANCE_EXEC && x->cmd == 0)
		return setting_refuse(e, x->name, "no cmd= attribute");
	if (x->timeout > x->every)
		return setting_refuse(e, "timeout=", "longer than every=");
	if ((x->cert == 0) != (x->key == 0))
		return setting_refuse(e, "cert=", "cert= and key= go together");
	if (x->src.family != 0 && x->connect.addr.family != 0 &&
	    x->src.family != x->connect.addr.family)
		return setting_refuse(e, "src=", "not of the family of connect=");
	return 0;
}

int
balance_read_check(const struct record *r, struct balance_check *x, struct config_error *e)
{
	struct reading k;

	memset(&k, 0, sizeof(k)); /* padding too: entries are compared whole */
	k.x.used = true;
	k.x.every = 2 * NSEC_PER_SEC;
	k.x.timeout = NSEC_PER_SEC;
	k.x.rise = 2;
	k.x.fall = 3;
	k.x.expect[0] = (struct balance_range){200, 299};
	k.x.n_expect = 1;
	k.x.text_len = 1;
	if (read_operands(&k, r, e) == -1)
		return -1;
	if (k.x.method == BALANCE_HTTP || k.x.method == BALANCE_HTTPS) {
		keep(&k, "/", &k.x.path);
		keep(&k, "GET", &k.x.verb);
	}
	if (read_words(&k, r, e) == -1)
		return -1;
	if (!k.said_fastinter)
		k.x.fastinter = k.x.every;
	if (check_whole(&k.x, e) == -1)
		return -1;
	k.x.text = malloc(k.x.text_len);
	if (k.x.text == NULL)
		return setting_refuse(e, k.x.name, "no memory");
	memcpy(k.x.text, k.text, k.x.text_len);
	memcpy(x, &k.x, sizeof(*x));
	return 0;
}

const char *
balance_text(const struct balance_check *c, balance_place place)
{
	return c->text + place;
}
