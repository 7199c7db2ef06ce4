/* The first records of the ledger. */
#ifndef CA_CEREMONY_CEREMONY_RECORD_H
#define CA_CEREMONY_CEREMONY_RECORD_H

#include "ca/ceremony/ceremony.h"
#include "libpki/state/ledger.h"

/* Fills the ledger in one transaction: issuers, certificates, CRLs, events, first
 * checkpoint. */
enum pki_status ceremony_record(struct ceremony *c, const struct pki_conf *conf,
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;

#endif
