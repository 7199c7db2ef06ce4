#include "ca/clock.h"

enum pki_status
clock_implausible(pki_msec now, pki_msec wall, struct pki_err *err)
{
	char expected[PKI_MSEC_TEXT], says[PKI_MSEC_TEXT];
	pki_msec_format(now, expected);
	pki_msec_format(wall, says);
	if (wall > now)
		return pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
			"the clock leapt ahead to %s; by the last event and the time since it is %s. Only revocations and CRLs are made. If the clock is wrong, set it back; if it is right now, start pki-ca again",
			says, expected);
	return pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
		"the clock says %s, and the last event is of a later time; by it, now is %s. Only revocations and CRLs are made. If the clock is wrong, set it; if the event's time was wrong, wait until that time",
		says, expected);
}
