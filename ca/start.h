/* What must hold before `serve` starts its signer, and before it answers. */
#ifndef CA_START_H
#define CA_START_H

#include "libpki/conf.h"
#include "libpki/ledger.h"

/* Brings the ledger to this version: its readers, the signer among them, cannot. CONFIG if
 * pki.yaml has other partitions than the ledger's certificates name (rule 52). */
enum pki_status start_ledger(const struct pki_conf *conf, struct pki_err *err) PKI_MUST_CHECK;

/* Promise 9: what is published must be in the ledger; else TAMPERED: a backup was restored. */
enum pki_status start_check_crls(const struct pki_conf *conf, struct pki_ledger *ledger,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
