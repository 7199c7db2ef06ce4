#include "ca/front/rate.h"

#include "libpki/base/err.h"

bool
rate_take(struct rate *rate, const struct pki_serial *who, int64_t now)
{
	size_t at = 0;
	for (size_t i = 0; i < PKI_COUNT(rate->signers); i++) {
		if (pki_serial_compare(&rate->signers[i].who, who) == 0) {
			at = i;
			break;
		}
		if (rate->signers[i].due < rate->signers[at].due)
			at = i;
	}
	int64_t due = now;
	if (pki_serial_compare(&rate->signers[at].who, who) == 0 &&
		rate->signers[at].due > now)
		due = rate->signers[at].due;
	if (due - now > (rate->burst - 1) * rate->interval)
		return false;
	rate->signers[at].who = *who;
	rate->signers[at].due = due + rate->interval;
	return true;
}
