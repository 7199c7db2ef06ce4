#include "ca/signer/signer_clock_priv.h"

enum pki_status
signer_now(struct signer_state *s, pki_msec *out, struct pki_err *err)
{
	char text[PKI_MSEC_TEXT];
	*out = pki_msec_now();
	pki_msec_format(s->clock, text);
	if (*out < s->clock)
		return pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
			"the clock went back behind %s; set it right", text);
	s->clock = *out;
	return PKI_OK;
}
