#include "libpki/cms/order_priv.h"

#include <stddef.h>

#include "libpki/x509/csr.h"

enum { /* sets of enum pki_action */
	ISSUE = 1 << PKI_ACTION_ISSUE,
	RENEW = 1 << PKI_ACTION_RENEW,
	REVOKE = 1 << PKI_ACTION_REVOKE,
	INVITE = 1 << PKI_ACTION_INVITE,
	ERASE = 1 << PKI_ACTION_ERASE,
	CERTS = ISSUE | RENEW,
	ORDERS = CERTS | REVOKE | ERASE,
	ALL = ORDERS | INVITE,
};

#define AT(type, field) offsetof(type, field), sizeof(((type *)NULL)->field)
#define ORDER(field) AT(struct pki_order, field)

static const struct pki_member subject_members[] = {
	{ "country", FORM_TEXT, ORDER(subject.country), CERTS, CERTS, 0, NULL },
	{ "organization", FORM_TEXT, ORDER(subject.organization), CERTS, 0, 0, NULL },
	{ "organizational_unit", FORM_TEXT, ORDER(subject.organizational_unit), CERTS, 0,
		0, NULL },
	{ "serial_number", FORM_TEXT, ORDER(subject.serial_number), CERTS, 0, 0, NULL },
	{ "surname", FORM_TEXT, ORDER(subject.surname), CERTS, 0, 0, NULL },
	{ "given_name", FORM_TEXT, ORDER(subject.given_name), CERTS, 0, 0, NULL },
	{ "pseudonym", FORM_TEXT, ORDER(subject.pseudonym), CERTS, 0, 0, NULL },
	{ "common_name", FORM_TEXT, ORDER(subject.common_name), CERTS, CERTS, 0, NULL },
	{ 0 },
};

static const struct pki_member document_members[] = {
	{ "type", FORM_WORD, ORDER(document_type), CERTS, CERTS, 0, NULL },
	{ "country", FORM_TEXT, ORDER(document_country), CERTS, CERTS, 0, NULL },
	{ "expires", FORM_TIME, ORDER(document_end), CERTS, CERTS, 0, NULL },
	{ "digest", FORM_DIGEST, ORDER(document_digest), CERTS, CERTS, 0, NULL },
	{ 0 },
};

static const struct pki_member terms_members[] = {
	{ "version", FORM_TEXT, ORDER(terms_version), CERTS, CERTS, 0, NULL },
	{ "digest", FORM_DIGEST, ORDER(terms_digest), CERTS, CERTS, 0, NULL },
	{ 0 },
};

const struct pki_member pki_order_cert_members[] = {
	{ "profile", FORM_WORD, AT(struct pki_order_cert, profile), CERTS, CERTS, 0,
		NULL },
	{ "csr", FORM_BASE64, AT(struct pki_order_cert, csr), CERTS, CERTS, PKI_CSR_MAX,
		NULL },
	{ "not_after", FORM_TIME, AT(struct pki_order_cert, not_after), CERTS, 0, 0,
		NULL },
	{ 0 },
};

const struct pki_member pki_order_members[] = {
	{ "id", FORM_ID, ORDER(id), ORDERS, ORDERS, 'O', NULL },
	{ "id", FORM_ID, ORDER(id), INVITE, INVITE, 'I', NULL },
	{ "created", FORM_MSEC, ORDER(created), ALL, ALL, 0, NULL },
	{ "authority", FORM_TEXT, ORDER(authority), ALL, ALL, 0, NULL },
	{ "application", FORM_ID, ORDER(application), CERTS, 0, 'A', NULL },
	{ "holder", FORM_ID, ORDER(holder), ORDERS, ERASE, 'H', NULL },
	{ "subject", FORM_OBJECT, 0, 0, CERTS, CERTS, 0, subject_members },
	{ "requested", FORM_TIME, ORDER(requested), CERTS, 0, 0, NULL },
	{ "identity_method", FORM_WORD, ORDER(identity_method), CERTS, 0, 0, NULL },
	{ "document", FORM_OBJECT, 0, 0, CERTS, 0, 0, document_members },
	{ "evidence", FORM_EVIDENCE, ORDER(evidence), CERTS, 0, 0, NULL },
	{ "terms", FORM_OBJECT, 0, 0, CERTS, 0, 0, terms_members },
	{ "certificates", FORM_CERTS, ORDER(certs), CERTS, CERTS, 0, NULL },
	{ "invitation", FORM_BASE64, ORDER(invitation), ISSUE, 0, PKI_CMS_MAX, NULL },
	{ "serials", FORM_SERIALS, ORDER(serials), RENEW | REVOKE, RENEW, 0, NULL },
	{ "cause", FORM_WORD, ORDER(cause), REVOKE, REVOKE, 0, NULL },
	{ "requester", FORM_WORD, ORDER(requester), REVOKE, REVOKE, 0, NULL },
	{ "authentication", FORM_WORD, ORDER(authentication), REVOKE, REVOKE, 0, NULL },
	{ "reported", FORM_MSEC, ORDER(reported), REVOKE, REVOKE, 0, NULL },
	{ "department", FORM_TEXT, ORDER(department), INVITE, INVITE, 0, NULL },
	{ "applicant_digest", FORM_DIGEST, ORDER(applicant_digest), INVITE, INVITE, 0,
		NULL },
	{ "expires", FORM_TIME, ORDER(expires), INVITE, INVITE, 0, NULL },
	{ 0 },
};
