/*
 * Orders, which officers sign. JSON (order(5)), read strictly: an unknown, missing, repeated or
 * ill-typed member is refused (rule 210). The signed bytes are kept unchanged. An order holds
 * everything that the certificates will contain.
 */
#ifndef LIBPKI_CMS_ORDER_H
#define LIBPKI_CMS_ORDER_H

#include "libpki/cms/cms.h"
#include "libpki/x509/crl.h"

enum pki_action {
	PKI_ACTION_ISSUE,
	PKI_ACTION_RENEW,
	PKI_ACTION_REVOKE,
	PKI_ACTION_INVITE,
	PKI_ACTION_ERASE, /* the RA's own: a holder's personal data; pki-ca takes none */
};
bool pki_action_by_name(const char *name, enum pki_action *out);
const char *pki_action_name(enum pki_action action); /* NULL if unknown */

#define PKI_ID_TEXT 40 /* "O-" "A-" "H-" "I-" and 32 hex digits; NUL */
#define PKI_WORD_TEXT 48 /* a lower-case word: document type, cause, method */
#define PKI_ORDER_CERTS_MAX 2
#define PKI_ORDER_SERIALS_MAX 8
#define PKI_ORDER_EVIDENCE_MAX 16

/* prefix and 128 random bits */
enum pki_status pki_id_make(
	char prefix, char out[PKI_ID_TEXT], struct pki_err *err) PKI_MUST_CHECK;
/* The right prefix and form? */
bool pki_id_valid(const char *id, char prefix);

struct pki_order_cert {
	char profile[PKI_PROFILE_NAME];
	struct pki_buf csr; /* DER */
	pki_time not_after; /* 0: as long as the rules allow */
};

struct pki_order {
	char id[PKI_ID_TEXT]; /* "O-..." (invite: "I-..."): counts once */
	enum pki_action action;
	pki_msec created;
	char authority[128]; /* the RA's name (rule 45) */

	/* issue, renew */
	char application[PKI_ID_TEXT]; /* "A-..." or "" */
	char holder
		[PKI_ID_TEXT]; /* "H-..." (also revoke, erase), "" for officers and services */
	struct pki_name subject;
	pki_time requested; /* date of the applicant's signed request; 0: none */
	char identity_method[PKI_WORD_TEXT]; /* how the person was identified */
	char document_type[PKI_WORD_TEXT]; /* "" : no document in play */
	char document_country[3];
	pki_time document_end; /* last second of the document's validity */
	char document_digest[PKI_SHA256_HEX]; /* salted, of number and record */
	char evidence[PKI_ORDER_EVIDENCE_MAX][PKI_SHA256_HEX];
	size_t evidence_count;
	char terms_version[32];
	char terms_digest[PKI_SHA256_HEX];
	struct pki_order_cert certs[PKI_ORDER_CERTS_MAX];
	size_t cert_count;
	struct pki_buf invitation; /* CMS of the invite order; empty: none */
	struct pki_serial serials
		[PKI_ORDER_SERIALS_MAX]; /* renew: the predecessors; revoke: the certificates to revoke */
	size_t serial_count; /* revoke: 0 with holder: all of the holder's */

	/* revoke */
	char cause[PKI_WORD_TEXT]; /* the holder's words, a key of rules.yaml reasons */
	char requester[PKI_WORD_TEXT]; /* holder, officer, department */
	char authentication[PKI_WORD_TEXT]; /* how the requester was authenticated */
	pki_msec reported; /* when the request reached us (rule 47) */

	/* invite */
	char department[128];
	char applicant_digest
		[PKI_SHA256_HEX]; /* of the secret code handed to the applicant */
	pki_time expires;
};

/* Canonical JSON (sorted members, no white space). */
enum pki_status pki_order_encode(const struct pki_order *order, struct pki_buf *json,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_order_decode(
	struct pki_bytes json, struct pki_order *out, struct pki_err *err) PKI_MUST_CHECK;
void pki_order_free(struct pki_order *order); /* what it holds; zeroes it */

/* pki_cms_open() and pki_order_decode() in one. */
struct pki_signed_order {
	struct pki_order order;
	struct pki_cms cms;
	uint8_t digest[PKI_SHA256]; /* of the CMS's DER; set also if opening failed */
};
enum pki_status pki_order_open(struct pki_bytes der, const struct pki_cert *issuer,
	pki_time at, struct pki_cms_cache *cache, struct pki_signed_order *out,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_order_close(struct pki_signed_order *order);

#endif
