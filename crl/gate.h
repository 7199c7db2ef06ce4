/*
 * What a CRL must fulfil before it replaces the published one: rules 48-51 (the parser checks
 * them), its issuer's signature, the scope that its place demands (52, 56), a number above
 * the published one's; nothing that was published is lost or changed but what rule 57
 * permits; every revocation of the ledger is on it with date and reason, and nothing else (76).
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
	/* The published CRL passed the gate: its revocations of the ledger need no second look. */
	bool resumes;
	size_t kept, found; /* entries that were published; that the ledger has */
	struct sample *fresh; /* takes entries that were not published; NULL: none does */
};

/* TAMPERED or REFUSED, with what is wrong. */
enum pki_status gate_open(struct gate *gate, struct pki_err *err) PKI_MUST_CHECK;
/* A pki_revoked_fn: once for each revocation of the ledger, or each since the published CRL. */
enum pki_status gate_must(void *gate, const struct pki_revoked *revoked,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status gate_close(struct gate *gate, struct pki_err *err) PKI_MUST_CHECK;

#endif
