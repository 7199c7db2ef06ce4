/*
 * The rules of this suite in one table: number (of the project's requirement list, see
 * tests/rules.md), name for users, clause. Rules numbered 200 and up are the project's own. The
 * name of a test contains the number of the rule under test: see tests/README.md.
 */
#ifndef LIBPKI_BASE_RULE_H
#define LIBPKI_BASE_RULE_H

/* clang-format off */
#define PKI_RULES(X) \
	X(NONE, 0, "none", "") \
	X(SERIAL, 1, "serial-number", "RFC 5280 4.1.2.2") \
	X(SERIAL_BITS, 2, "serial-entropy", "S/MIME BR 7.1") \
	X(DATES, 3, "date-encoding", "RFC 5280 4.1.2.5") \
	X(VALIDITY, 4, "three-years", "RFC 5280 4.1.2.5, terms of issue") \
	X(KEY_IDS, 5, "key-identifiers", "RFC 5280 4.2.1.1") \
	X(KEY_ID_METHOD, 6, "key-identifier-method", "RFC 7093 2") \
	X(CA_CONSTRAINTS, 7, "ca-constraints", "RFC 5280 4.2.1.9") \
	X(CA_OCSP_EKU, 8, "ca-without-ocsp-signing", "TLS BR 7.1.2.10.6") \
	X(KEY_USAGE, 9, "key-usage", "ETSI EN 319 412-2 4.3.2") \
	X(DISTINCT_KEYS, 10, "distinct-keys", "suite rule: two certificates, two keys") \
	X(SUBJECT, 11, "subject-name", "ETSI EN 319 412-2 4.2.4") \
	X(SUBJECT_SERIAL, 12, "subject-serial-number", "RFC 5280 App. A") \
	X(SEMANTICS, 13, "natural-semantics", "ETSI EN 319 412-1 5.1.3") \
	X(LOCAL_SCHEME, 14, "name-registration-authority", "ETSI EN 319 412-1 5.1.3") \
	X(DN_REASSIGNED, 15, "dn-never-reassigned", "ETSI EN 319 411-1 6.3.3") \
	X(STRING_TYPE, 16, "directory-string", "RFC 5280 4.1.2.6") \
	X(ISSUER_NAME, 17, "issuer-name", "RFC 5280 4.1.2.4") \
	X(POLICIES, 20, "certificate-policies", "ETSI EN 319 411-1 5.3") \
	X(FORBIDDEN_EXT, 22, "end-entity-extensions", "ETSI EN 319 412-2 4.3") \
	X(ACCESS_POINTS, 23, "access-points", "ETSI EN 319 412-2 4.4.1") \
	X(QC_STATEMENTS, 24, "qc-statements", "ETSI EN 319 412-5 4.3.4") \
	X(QC_SSCD, 25, "qc-sscd", "ETSI EN 319 412-5 4.2.2") \
	X(NO_REV_AVAIL, 28, "no-rev-avail", "RFC 9608 2") \
	X(VALIDATION, 29, "path-validation", "RFC 5280 6.1") \
	X(LINT, 30, "lint-before-signing", "TLS BR 4.3.1.2") \
	X(WEAK_KEY, 31, "weak-key", "TLS BR 6.1.1.3") \
	X(DUAL_CONTROL, 32, "dual-control", "ETSI EN 319 411-1 GEN-6.4.3-02") \
	X(CEREMONY, 34, "ceremony-report", "ETSI EN 319 411-1 6.5.1") \
	X(RECORD, 35, "issuance-record", "ETSI EN 319 411-1 6.3.3") \
	X(REKEY, 36, "renewal-new-key", "ETSI EN 319 411-1 GEN-6.3.6-10") \
	X(CA_REVOKED, 37, "ca-revoked", "ETSI EN 319 411-1 OVR-6.4.8-11") \
	X(NO_ESCROW, 38, "no-escrow", "ETSI EN 319 411-1 6.3.12") \
	X(POSSESSION, 39, "proof-of-possession", "RFC 2986 4.2") \
	X(IDENTITY, 43, "identity-evidence", "ETSI EN 319 411-1 6.2.2") \
	X(OWN_SUBJECT, 44, "officer-not-subject", "ETSI EN 319 411-1 REG-6.2.2-26") \
	X(REGISTRATION, 45, "registration-record", "ETSI EN 319 411-1 REG-6.4.5-04") \
	X(RENEWAL, 46, "renewal", "ETSI EN 319 411-1 REG-6.3.7") \
	X(REVOCATION, 47, "revocation-request", "ETSI EN 319 411-1 REV-6.2.4") \
	X(CRL_SERIAL, 48, "crl-serial-once", "RFC 5280 5.1.2.6") \
	X(CRL_FIELDS, 49, "crl-fields", "RFC 5280 5.2.3") \
	X(CRL_EMPTY, 50, "crl-empty", "RFC 5280 5.1.2.6") \
	X(CRL_REASON, 51, "crl-reason", "RFC 5280 5.3.1") \
	X(CRL_PARTITION, 52, "crl-partition", "RFC 5280 5.2.5") \
	X(CRL_DAILY, 53, "crl-daily", "ETSI EN 319 411-1 CSS-6.3.9-05") \
	X(CARL_YEARLY, 54, "carl-yearly", "ETSI EN 319 411-1 CSS-6.3.9-12") \
	X(CRL_LAST, 55, "last-crl", "ETSI EN 319 411-2 CSS-6.3.10-09") \
	X(CRL_KEEPS_EXPIRED, 56, "expired-certs-on-crl", "ETSI EN 319 411-2 CSS-6.3.10-05") \
	X(CRL_EXPIRED, 57, "crl-past-expiry", "RFC 5280 3.3") \
	X(REVOKED_FINAL, 58, "revoked-final", "ETSI EN 319 411-1 REV-6.3.9-04") \
	X(CRL_MEDIA, 59, "crl-media-type", "RFC 5280 4.2.1.13") \
	X(OCSP_UNISSUED, 60, "unissued-never-good", "ETSI EN 319 411-1 OVR-6.6.3-02") \
	X(OCSP_EXTENDED, 61, "extended-revoke", "RFC 6960 2.2") \
	X(OCSP_UNAUTHORIZED, 62, "unauthorized", "RFC 9919 3.2.3") \
	X(OCSP_MALFORMED, 63, "malformed-request", "RFC 6960 2.3") \
	X(OCSP_NONCE, 64, "nonce-length", "RFC 9654 2.1") \
	X(OCSP_CERTID, 65, "cert-id-hash", "RFC 9919 3.1.1") \
	X(OCSP_RESPONDER_ID, 66, "responder-id", "RFC 9919 3.2.2") \
	X(OCSP_SINGLE, 67, "single-responses", "RFC 6960 4.2.2.3") \
	X(OCSP_HTTP, 68, "http-caching", "RFC 9919 7.2") \
	X(OCSP_NONCE_CACHE, 69, "nonce-uncacheable", "suite rule") \
	X(OCSP_RESPONDER, 70, "responder-certificate", "TLS BR 7.1.2.8") \
	X(OCSP_ISSUED_BY_CA, 71, "responder-issuer", "RFC 6960 4.2.2.2") \
	X(OCSP_NEXT_UPDATE, 72, "ocsp-next-update", "Mozilla policy 6") \
	X(OCSP_REASON, 73, "ocsp-reason", "TLS BR 7.3.2") \
	X(OCSP_PREFERRED, 74, "preferred-algorithms", "RFC 6960 4.4.7.2.1") \
	X(OCSP_ARCHIVE, 75, "archive-cutoff", "ETSI EN 319 411-2 CSS-6.3.10-10") \
	X(STATUS_AGREE, 76, "status-agreement", "ETSI EN 319 411-1 REV-6.2.4-03C") \
	X(LOG_EVENT, 77, "log-events", "ETSI EN 319 411-1 6.4.5") \
	X(RETENTION, 79, "retention", "ETSI EN 319 411-1 OVR-6.4.6-01") \
	X(LOG_HASH, 80, "log-hashing", "RFC 9162 2.1") \
	X(LOG_CHECKPOINT, 81, "log-checkpoint", "C2SP tlog-checkpoint") \
	X(LOG_NOTE, 82, "signed-note", "C2SP signed-note") \
	X(LOG_TILES, 83, "log-tiles", "C2SP tlog-tiles") \
	X(COSIGNATURE, 84, "cosignature", "C2SP tlog-cosignature") \
	X(WITNESS, 85, "witness", "C2SP tlog-witness") \
	X(TIMESTAMP, 86, "time-stamp", "RFC 3161 2.3") \
	X(RSA_SIZE, 93, "rsa-strength", "ETSI TS 119 312") \
	X(ALGORITHM, 94, "algorithm", "ETSI TS 119 312") \
	X(NAMES, 108, "name-comparison", "RFC 5280 7.1, RFC 4518") \
	X(IDENTIFIER, 109, "one-document-one-holder", "ETSI EN 319 411-1 6.3.3(e)") \
	X(COUNTRY, 110, "country-code", "X.520 6.3.1") \
	X(STAFF, 120, "staffed-roles", "ETSI EN 319 411-1 REQ-7.4") \
	X(PERSONS, 121, "two-persons", "suite rule: four eyes are two persons") \
	X(EVENT_FORM, 122, "event-author-and-form", "suite rule: log(5)") \
	X(ROLE, 201, "officer-role", "suite rule: rules.yaml orders") \
	X(SIGNATURES, 202, "two-officers", "suite rule: rules.yaml orders") \
	X(ORDER_USED, 203, "order-used", "suite rule: an order counts once") \
	X(ORDER_AGE, 204, "order-age", "suite rule: rules.yaml orders") \
	X(OFFICER_STATUS, 205, "officer-status", "suite rule: officers in good standing") \
	X(INVITATION, 206, "invitation", "terms of issue: invited applicants only") \
	X(DOCUMENT, 207, "identity-document", "suite rule: rules.yaml documents") \
	X(REQUEST_AGE, 208, "request-age", "RGS v2.0: file under three months") \
	X(CLOCK, 209, "clock", "ETSI EN 319 401 REQ-7.10-06") \
	X(ORDER_FORM, 210, "order-form", "RFC 5652, order(5)") \
	X(TERMS, 211, "terms-accepted", "ETSI EN 319 411-1 OVR-6.3.5") \
	X(ACCEPTANCE, 212, "holder-acceptance", "ETSI EN 319 411-1 6.3.4") \
	X(APPEND_ONLY, 213, "append-only-ledger", "suite rule: history is final") \
	X(QUORUM, 214, "witness-quorum", "suite rule: rules.yaml witnesses")
/* clang-format on */

enum pki_rule {
#define X(id, number, name, clause) PKI_RULE_##id = number,
	PKI_RULES(X)
#undef X
};

struct pki_rule_info {
	enum pki_rule rule;
	const char *name;
	const char *clause;
};

/* Never NULL; the entry of NONE for an unknown number. */
const struct pki_rule_info *pki_rule_info(enum pki_rule rule);
/* NONE for an unknown name. */
enum pki_rule pki_rule_by_name(const char *name);

#endif
