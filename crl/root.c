#include "crl/root.h"

#include "crl/publish.h"
#include "crl/service.h"

/* rule 54: the root's custodians need time to come together. */
#define WARNING (30 * PKI_DAY)

/* Once a day. */
static void
warn_of_end(struct service *s, const struct pki_crl_row *row)
{
	if (row->next_update > pki_time_now() + WARNING) {
		pki_report_end(&s->root_end);
		return;
	}
	char text[PKI_TIME_TEXT];
	struct pki_err err = { 0 };
	pki_time_format(row->next_update, text);
	(void)pki_fail_rule(&err, PKI_STATE, PKI_RULE_CARL_YEARLY,
		"the root's CRL ends on %s; make the next one with pki-ca root-crl",
		text);
	pki_report_trouble(&s->root_end, &err);
}

enum pki_status
root_publish(struct service *s, struct pki_err *err)
{
	s->root.issuer = PKI_ISSUER_ROOT;
	PKI_TRY(publish_last(s, &s->root, err));
	PKI_TRY(publish_report(s, &s->root, err));
	if (s->root.last.number != 0)
		warn_of_end(s, &s->root.last);
	return PKI_OK;
}
