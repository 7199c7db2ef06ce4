/*
 * Rule 214: rules.yaml says how many witnesses must cosign the log before more
 * certificates are issued. Signer and front count alike; the signer's count decides.
 */
#ifndef CA_QUORUM_H
#define CA_QUORUM_H

#include "libpki/host/conf_log.h"
#include "libpki/state/policy.h"

struct quorum {
	/* for each configured witness: size of the largest checkpoint cosigned */
	uint64_t cosigned[PKI_WITNESSES_MAX];
	/* entries up to the last that issued certificates; must be cosigned */
	uint64_t issued;
	bool issuing; /* no checkpoint covers the last signed certificates yet */
};

/* The number of entries cosigned by enough witnesses. */
uint64_t quorum_covered(const struct quorum *quorum, const struct pki_conf *conf,
	const struct pki_policy *policy);
/* BUSY, with the missing witnesses' names, unless all issued certificates are covered. */
enum pki_status quorum_check(const struct quorum *quorum, const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_err *err) PKI_MUST_CHECK;
/* True if certificates of the profile need the quorum. OCSP responders do not, so that
 * OCSP goes on without witnesses. */
bool quorum_concerns(const struct pki_profile *profile);
/* CONFIG if rules.yaml asks for more witnesses than pki.yaml has. */
enum pki_status quorum_configured(const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_err *err) PKI_MUST_CHECK;

#endif
