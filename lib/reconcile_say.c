#include <errno.h>
#include <stdio.h>

#include "reconcile.h"

void
reconcile_put(struct record_out *o, const struct reconcile_say *s)
{
	static const char *const change[] = {
	    [IPVS_ADD] = "added", [IPVS_EDIT] = "edited", [IPVS_REMOVE] = "removed"};
	char at[ENDPOINT_STRLEN];

	record_begin(o, "ipvs");
	record_add(o, s->name);
	if (s->server != NULL) {
		endpoint_format(&s->server->at, at);
		record_add(o, at);
	}
	record_set(o, "change", change[s->op]);
	if (s->server != NULL && s->op != IPVS_REMOVE) {
		record_set_uint(o, "weight", s->server->weight);
		record_set(o, "mode", ipvs_mode_name(s->server->mode));
	} else if (s->server == NULL && s->service != NULL && s->op != IPVS_REMOVE) {
		record_set(o, "sched", s->service->sched);
	} else if (s->daemon != NULL) {
		record_set(o, "sync", s->daemon->roles == IP_VS_STATE_MASTER ? "master" : "backup");
	} else if (s->service == NULL) {
		record_flag(o, "timeouts");
	}
}

const char *
reconcile_reason(const struct reconcile_say *s, char *text)
{
	if (s->error == ENOENT && s->service != NULL && s->server == NULL && s->op != IPVS_REMOVE) {
		snprintf(text, RECONCILE_REASON_STRLEN,
		    "no scheduler %s in this kernel: needs the module ip_vs_%s", s->service->sched,
		    s->service->sched);
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
