/* Checks at the start of pki-ca: of the ledger, and of published files against the
 * ledger. */
#ifndef CA_FRONT_START_H
#define CA_FRONT_START_H

#include "ca/channel.h"
#include "libpki/host/conf.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"

/* Migrates the ledger to this version, because readers cannot migrate. TAMPERED if the
 * quick check finds damage; CONFIG if the partitions of pki.yaml differ from the
 * partitions recorded in the ledger (rule 52). Publishes lost certificates again. */
enum pki_status start_ledger(const struct pki_conf *conf, const struct pki_policy *policy,
	struct pki_err *err) PKI_MUST_CHECK;

/* Promise 9: checks that the ledger has all published CRLs. TAMPERED if the ledger lacks
 * a CRL, because an old backup was restored. */
enum pki_status start_check_crls(const struct pki_conf *conf, struct pki_ledger *ledger,
	struct pki_err *err) PKI_MUST_CHECK;
/* Checks the same for the published log in dir, by the signer's checkpoint and log key.
 * *published: number of entries in dir. */
enum pki_status start_check_log(const char *dir, const struct signer_ready *signer,
	struct pki_ledger *ledger, uint64_t *published,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
