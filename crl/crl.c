#include "crl/crl.h"

#include <string.h>

#include "crl/monitor.h"
#include "crl/service.h"
#include "libpki/host/conf_crl.h"

/* After the gate refused a CRL, a new CRL is requested this much later. */
#define RETRY_MSEC 60000

void
crl_name(const struct crl *crl, char out[PKI_CRL_FILE])
{
	if (crl->issuer == PKI_ISSUER_ROOT)
		memcpy(out, "root.crl", sizeof "root.crl");
	else
		pki_crl_file(crl->partition, out);
}

void
crl_note(struct service *s, struct crl *crl, const struct pki_crl_row *last)
{
	if (last->number != crl->last.number)
		crl->refused = false;
	crl->last = *last;
	crl->last.der = (struct pki_buf){ 0 };
	if (crl != &s->root && last->number > s->newest)
		s->newest = last->number;
	if (crl == s->crls)
		s->full_since = last->revocations >= s->seen ? 0 : last->this_update;
}

void
crl_note_published(struct service *s, struct crl *crl, const struct pki_crl_row *row,
	const struct pki_crl *parsed, bool checked)
{
	crl->out.number = row->number;
	crl->out.revocations = row->revocations;
	crl->out.entries = pki_crl_count(parsed);
	crl->out.bytes = pki_crl_get0_der(parsed).len;
	crl->out.this_update = row->this_update;
	crl->out.next_update = row->next_update;
	crl->out.published = row->published != 0 ? row->published / 1000 : pki_time_now();
	crl->out.checked = checked;
	if (row->revocations >= crl->need) {
		crl->pending = 0;
		crl->since = 0;
	}
	monitor_crls(s);
}

bool
crl_is_urgent(const struct service *s, const struct crl *crl)
{
	const struct pki_crl_row *last = &crl->last;
	(void)s;
	bool reported = crl->out.number == last->number && last->published != 0;
	if (last->number != 0 && !reported && !crl->refused)
		return true;
	if (last->next_update == PKI_CRL_LAST)
		return false;
	return last->number == 0 || crl->need > last->revocations ||
	       (crl->refused && (crl->disputed || pki_monotonic_msec() >=
							  crl->refused_at + RETRY_MSEC));
}

bool
crl_is_due(const struct service *s, const struct crl *crl)
{
	const struct pki_crl_row *last = &crl->last;
	pki_time now = pki_time_now();
	if (crl_is_urgent(s, crl))
		return true;
	if (last->next_update == PKI_CRL_LAST)
		return false;
	return now >= last->this_update + s->conf->crl->interval ||
	       (crl->partition == 0 && s->full_since != 0 &&
		       now >= s->full_since + s->conf->crl->full_within);
}
