/* Certificate revocation lists, RFC 5280 5, version 2: full CRLs and partitions. */
#ifndef LIBPKI_X509_CRL_H
#define LIBPKI_X509_CRL_H

#include "libpki/x509/cert.h"

/* CRLReason (RFC 5280 5.3.1). unspecified is encoded by leaving the extension out. */
enum pki_reason {
	PKI_REASON_UNSPECIFIED = 0,
	PKI_REASON_KEY_COMPROMISE = 1,
	PKI_REASON_CA_COMPROMISE = 2,
	PKI_REASON_AFFILIATION_CHANGED = 3,
	PKI_REASON_SUPERSEDED = 4,
	PKI_REASON_CESSATION_OF_OPERATION = 5,
	PKI_REASON_PRIVILEGE_WITHDRAWN = 9,
};

/* "keyCompromise"; false / NULL for reasons outside the enum (hold and removeFromCRL). */
bool pki_reason_by_name(const char *name, enum pki_reason *out);
const char *pki_reason_name(enum pki_reason reason);

struct pki_revoked {
	struct pki_serial serial;
	pki_time revoked_at;
	enum pki_reason reason;
	uint16_t partition; /* of the CRL, 0: none; not part of the encoded entry */
};

/* 99991231235959Z, "no further CRL" */
#define PKI_CRL_LAST ((pki_time)253402300799)

struct pki_crl_spec {
	const struct pki_cert *issuer;
	uint64_t number; /* CRLNumber */
	pki_time this_update;
	pki_time next_update; /* PKI_CRL_LAST for the last CRL (rule 53) */
	/* NULL: a full CRL. Else a partition, for the certificates with exactly this URL in
	 * their cRLDistributionPoints (rule 52). */
	const char *distribution_point;
	/* 0, or expiredCertsOnCRL: certificates expired since this time are kept (rule 56). */
	pki_time expired_since;
	const struct pki_revoked *revoked; /* each serial once (rule 48); any order */
	size_t count;
};

struct pki_crl;

/* rules 48-52, 56. */
enum pki_status pki_crl_build(const struct pki_crl_spec *spec, struct pki_key *issuer_key,
	struct pki_crl **out, struct pki_err *err) PKI_MUST_CHECK;
/* DER, trailing bytes refused; rules 48-52 and 56 checked. LIMIT above 2 GiB; a lower limit is
 * the caller's task. Keeps a copy of der, and eight octets for each entry. */
enum pki_status pki_crl_parse(
	struct pki_bytes der, struct pki_crl **out, struct pki_err *err) PKI_MUST_CHECK;
/* As parse, but takes der over and leaves der empty: a large CRL is in memory once. */
enum pki_status pki_crl_adopt(
	struct pki_buf *der, struct pki_crl **out, struct pki_err *err) PKI_MUST_CHECK;
void pki_crl_free(struct pki_crl *crl);
void pki_crl_cleanup(struct pki_crl **crl);

/* INPUT unless issuer's: name, key identifier, algorithm of the key (rule 94), signature. */
enum pki_status pki_crl_verify(const struct pki_crl *crl, const struct pki_cert *issuer,
	struct pki_err *err) PKI_MUST_CHECK;

struct pki_bytes pki_crl_get0_der(const struct pki_crl *crl);
uint64_t pki_crl_number(const struct pki_crl *crl);
pki_time pki_crl_this_update(const struct pki_crl *crl);
pki_time pki_crl_next_update(const struct pki_crl *crl);
/* NULL: a full CRL. Borrowed. */
const char *pki_crl_distribution_point(const struct pki_crl *crl);
/* 0: no expiredCertsOnCRL. */
pki_time pki_crl_expired_since(const struct pki_crl *crl);
size_t pki_crl_count(const struct pki_crl *crl);
/* By serial; NOTFOUND from count on. */
enum pki_status pki_crl_entry(const struct pki_crl *crl, size_t i,
	struct pki_revoked *out, struct pki_err *err) PKI_MUST_CHECK;
/* As entry, but the encoded octets; borrowed, empty from count on. */
struct pki_bytes pki_crl_get0_entry(const struct pki_crl *crl, size_t i);
/* false if the serial is not on the list. */
bool pki_crl_find(const struct pki_crl *crl, const struct pki_serial *serial,
	struct pki_revoked *out);

#endif
