/* The officers of a sample installation ($D, tools/make/sample.sh), and orders that they sign. */
#ifndef TESTS_BENCH_OFFICE_H
#define TESTS_BENCH_OFFICE_H

#include "libpki/state/policy.h"
#include "tests/bench/common/tool.h"

struct officer {
	struct pki_cert *cert;
	struct pki_key *key;
};

struct office {
	struct pki_conf *conf; /* $PKI_CONFIG */
	struct pki_policy *policy;
	struct officer irene, claire, david, emma;
};

void office_open(struct office *office);
void officer_load(const char *name, struct officer *out);
/* The order signed by one officer or (b not NULL) by two: CMS, owned by the caller. */
struct pki_buf order_sign(
	const struct pki_order *order, const struct officer *a, const struct officer *b);

/* What issues a person two certificates over fresh keys, invitation and all; the holder's
 * identifier into holder. */
struct pki_buf order_issue(const struct office *office, char holder[PKI_ID_TEXT]);
/* What revokes all of a holder's certificates: the phone is lost. */
struct pki_buf order_revoke(const struct office *office, const char *holder);

#endif
