/*
 * The gate: checks on a new CRL before the published CRL is replaced. Rules 48-51 (by the
 * parser); the issuer's signature; the scope (52, 56); a higher number than before; no
 * published entry lost or changed, except as rule 57 permits; all revocations of the ledger
 * with date and reason, and no further entries (76).
 */
#ifndef CRL_GATE_H
#define CRL_GATE_H

#include "libpki/state/ledger.h"
#include "libpki/x509/crl.h"

struct sample;

struct gate {
	struct pki_ledger *ledger;
	int issuer;
	const struct pki_cert *ca; /* the issuer's certificate */
	const char *url; /* the partition's; NULL: a full CRL */
	bool keeps; /* entries of expired certificates stay */
	const struct pki_crl *crl;
	const struct pki_crl *published; /* NULL: none */
	/* The published CRL passed the gate: only later revocations of the ledger are
	 * checked. */
	bool resumes;
	size_t kept, found; /* entries found in the published CRL; found in the ledger */
	struct sample
		*fresh; /* takes all entries which the published CRL lacks; may be NULL */
};

/* TAMPERED or REFUSED, with the reason. */
enum pki_status gate_open(struct gate *gate, struct pki_err *err) PKI_MUST_CHECK;
/* A pki_revoked_fn: once for each revocation of the ledger, or each since the published CRL. */
enum pki_status gate_must(void *gate, const struct pki_revoked *revoked,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status gate_close(struct gate *gate, struct pki_err *err) PKI_MUST_CHECK;

#endif
