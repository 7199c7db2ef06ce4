/* What the CA published and somebody lost is published again at the start of pki-ca. CRLs
 * are the task of pki-crl. Standard error lists what was made again. */
#ifndef CA_FRONT_RESTORE_H
#define CA_FRONT_RESTORE_H

#include "libpki/host/conf.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"

/* The certificates of root, CA and seal; before the signer starts, which reads the
 * seal's. Removes the litter of interrupted publications too. */
enum pki_status restore_certificates(const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_ledger *ledger,
	struct pki_err *err) PKI_MUST_CHECK;
/* The log's verifier key. */
enum pki_status restore_vkey(
	const char *dir, const char *vkey, struct pki_err *err) PKI_MUST_CHECK;
/* The log's files below the published checkpoint. */
enum pki_status restore_log(struct pki_ledger *ledger, const char *dir,
	uint64_t published, struct pki_err *err) PKI_MUST_CHECK;

#endif
