#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "parse.h"
#include "watch.h"

void
watch_init(struct watch *w, const struct config *config, bool wall)
{
	*w = (struct watch){.config = config, .wall = wall, .due = INT64_MAX};
}

void
watch_free(struct watch *w)
{
	for (size_t i = 0; i < w->n_links; i++)
		free(w->link[i]);
	free(w->link);
	if (w->password != NULL)
		explicit_bzero(w->password, w->n_passwords * sizeof(*w->password));
	free(w->password);
	watch_init(w, NULL, false);
}

int
watch_set_link(struct watch *w, size_t i, const char *name)
{
	if (i >= w->n_links) {
		struct watch_link **grown = realloc(w->link, (i + 1) * sizeof(struct watch_link *));

		if (grown == NULL)
			return -1;
		w->link = grown;
		while (w->n_links <= i)
			w->link[w->n_links++] = NULL;
	}
	if (w->link[i] == NULL && (w->link[i] = malloc(sizeof(*w->link[i]))) == NULL)
		return -1;
	memset(w->link[i], 0, sizeof(*w->link[i]));
	strncpy(w->link[i]->name, name, sizeof(w->link[i]->name) - 1);
	return 0;
}

int
watch_set_password(struct watch *w, size_t router, const uint8_t *password)
{
	static const uint8_t none[VRRP_AUTH_LEN];

	if (router >= w->n_passwords) {
		size_t n = router + 1;
		uint8_t(*grown)[VRRP_AUTH_LEN] = realloc(w->password, n * sizeof(*grown));

		if (grown == NULL)
			return -1;
		memset(grown + w->n_passwords, 0, (n - w->n_passwords) * sizeof(*grown));
		w->password = grown;
		w->n_passwords = n;
	}
	memcpy(w->password[router], password != NULL ? password : none, VRRP_AUTH_LEN);
	return 0;
}

static struct watch_link *
find_link(const struct watch *w, const char *name)
{
	for (size_t i = 0; i < w->n_links; i++)
		if (w->link[i] != NULL && strcmp(w->link[i]->name, name) == 0)
			return w->link[i];
	return NULL;
}

void
watch_configure(struct watch *w)
{
	for (size_t i = 0; i < w->n_links; i++)
		if (w->link[i] != NULL)
			memset(w->link[i]->router, 0, sizeof(w->link[i]->router));
	for (size_t i = 0; i < w->config->n_routers; i++) {
		const struct config_router *r = &w->config->router[i];
		struct watch_link *link = r->used ? find_link(w, r->ifname) : NULL;

		if (link != NULL)
			link->router[r->family == 6][r->vrid] = (uint16_t)(i + 1);
	}
}

void
watch_set_time(const struct watch *w, struct record_out *out, int64_t time, int64_t wall)
{
	char text[64];
	time_t seconds = wall / NSEC_PER_SEC;
	struct tm tm;

	record_set_time(out, "t", time);
	if (!w->wall || gmtime_r(&seconds, &tm) == NULL)
		return;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(wall % NSEC_PER_SEC / NSEC_PER_USEC));
	record_set(out, "time", text);
}

void
watch_format_link(const struct watch *w, const struct link *l, bool up, int64_t time, int64_t wall,
    struct record_out *out)
{
	char mac[MAC_STRLEN];

	record_begin(out, "link");
	record_add(out, l->name);
	record_add(out, up ? "up" : "down");
	if (l->ip.family != 0)
		record_set_addr(out, "ip", &l->ip);
	if (l->ip6.family != 0)
		record_set_addr(out, "ip6", &l->ip6);
	if (l->has_mac) {
		mac_format(l->mac, mac);
		record_set(out, "mac", mac);
	}
	if (l->mtu != 0)
		record_set_uint(out, "mtu", l->mtu);
	watch_set_time(w, out, time, wall);
}

/* ---- adverts ---- */

static const char *
auth_name(unsigned int auth, char buf[4])
{
	switch (auth) {
	case VRRP_AUTH_NONE:
		return "none";
	case VRRP_AUTH_SIMPLE:
		return "simple";
	case VRRP_AUTH_AH:
		return "ah";
	}
	snprintf(buf, 4, "%u", auth & 0xff);
	return buf;
}

static void
format_advert(const struct watch *w, const struct watch_packet *p, const struct vrrp_advert *a,
    bool with_addresses, struct record_out *out)
{
	char buf[4];

	record_begin(out, "advert");
	record_add(out, w->link[p->link]->name);
	record_add_uint(out, a->vrid);
	record_add_addr(out, &a->src);
	record_set_uint(out, "prio", a->prio);
	record_set_uint(out, "version", a->version);
	record_set_uint(out, "af", a->src.family);
	record_set_duration(out, "advert", a->interval);
	record_set_uint(out, "ttl", a->ttl);
	record_set(out, "auth", auth_name(a->auth, buf));
	if (a->version == 3 && a->src.family == 4)
		record_set(
		    out, "checksum", a->checksum == VRRP_CHECKSUM_PSEUDO ? "pseudo" : "rfc9568");
	if (with_addresses)
		record_set_addrs(out, "addresses", a->addrs, a->n_addrs);
	if (p->self)
		record_flag(out, "self");
	watch_set_time(w, out, p->time, p->wall);
}

/* ---- refusals ---- */

static void
format_tally(const struct watch *w, const struct watch_link *link, struct watch_tally *tally,
    int64_t time, int64_t wall, struct record_out *out)
{
	record_begin(out, "reject");
	record_add(out, link->name);
	record_add(out, vrrp_result_name((enum vrrp_result)(tally - link->tally)));
	if (tally->src.family != 0)
		record_set_addr(out, "src", &tally->src);
	if (tally->vrid != 0)
		record_set_uint(out, "vrid", tally->vrid);
	record_set_uint(out, "count", tally->count);
	watch_set_time(w, out, time, wall);
	tally->count = 0;
	tally->quiet_until = time + WATCH_QUIET;
}

static bool
refuse(struct watch *w, const struct watch_packet *p, const struct vrrp_advert *a,
    enum vrrp_result reason, struct record_out *out)
{
	struct watch_link *link = w->link[p->link];
	struct watch_tally *tally = &link->tally[reason];

	tally->count++;
	tally->src = a->src;
	tally->vrid = a->vrid;
	if (p->time < tally->quiet_until) {
		if (tally->quiet_until < w->due)
			w->due = tally->quiet_until;
		return false;
	}
	format_tally(w, link, tally, p->time, p->wall, out);
	return true;
}

bool
watch_flush(struct watch *w, int64_t until, int64_t time, int64_t wall, struct record_out *out)
{
	if (until < w->due)
		return false;
	w->due = INT64_MAX;
	for (size_t i = 0; i < w->n_links; i++) {
		for (size_t r = 0; w->link[i] != NULL && r < VRRP_RESULTS_N; r++) {
			struct watch_tally *tally = &w->link[i]->tally[r];

			if (tally->count == 0)
				continue;
			if (tally->quiet_until <= until) {
				format_tally(w, w->link[i], tally, time, wall, out);
				w->due = until;
				return true;
			}
			if (tally->quiet_until < w->due)
				w->due = tally->quiet_until;
		}
	}
	return false;
}

/* Checks 5 and 7 of RFC 9568 section 7.1 and RFC 3768 section 7.1, which need to know whom we
 * are configured to hear. */
static enum vrrp_result
check_router(const struct watch *w, const struct watch_packet *p, const struct vrrp_advert *a)
{
	size_t i = w->link[p->link]->router[a->src.family == 6][a->vrid];
	const struct config_router *r;

	if (i == 0)
		return VRRP_VRID;
	r = &w->config->router[i - 1];
	if (r->version != 2)
		return VRRP_OK;
	if (r->auth[0] == '\0')
		return vrrp_check_auth(a, NULL);
	return i - 1 < w->n_passwords ? vrrp_check_auth(a, w->password[i - 1]) : VRRP_PASSWORD;
}

enum watch_said
watch_hear(struct watch *w, const struct watch_packet *p, struct record_out *out)
{
	static struct vrrp_advert a;
	enum vrrp_result r = vrrp_decode_ip(p->ip, p->len, &a);

	if (r == VRRP_OK && w->config != NULL)
		r = check_router(w, p, &a);
	if (r != VRRP_OK)
		return refuse(w, p, &a, r, out) ? WATCH_REJECT : WATCH_NOTHING;
	format_advert(w, p, &a, true, out);
	if (out->overflow)
		format_advert(w, p, &a, false, out);
	return WATCH_ADVERT;
}
