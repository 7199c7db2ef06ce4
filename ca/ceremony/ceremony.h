/*
 * The key ceremony: script (ceremony.yaml, pki-ca(8)), keys and certificates, records.
 * The script names two custodians and a witness. The use of the root key ends with the
 * ceremony.
 */
#ifndef CA_CEREMONY_CEREMONY_H
#define CA_CEREMONY_CEREMONY_H

#include "libpki/base/json.h"
#include "libpki/host/conf.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"
#include "libpki/x509/crl.h"
#include "libpki/x509/csr.h"

#define CEREMONY_TEXT 128
/* The first officers. All later officers need an order. */
#define CEREMONY_OFFICERS_MAX 24

struct ceremony_officer {
	char name[PKI_WORD_TEXT]; /* of the file */
	enum pki_role role;
	char common_name[PKI_NAME_SIZE];
	const struct pki_profile *profile;
	struct pki_csr *csr;
	struct pki_cert *cert;
};

/* A certificate authority, or the seal. */
struct ceremony_part {
	const struct pki_profile *profile;
	struct pki_key *key;
	struct pki_cert *cert;
	struct pki_crl *crl;
};

struct ceremony {
	char title[CEREMONY_TEXT];
	char place[CEREMONY_TEXT];
	char custodians[2][CEREMONY_TEXT];
	char witness[CEREMONY_TEXT];
	struct ceremony_officer officers[CEREMONY_OFFICERS_MAX];
	size_t officer_count;

	const struct pki_policy *policy;
	pki_msec at;
	struct ceremony_part root, ca, seal;
	struct pki_key *log_key;
	struct pki_buf vkey;
};

/* Reads the script and the requests. Refuses one person or key in two roles (rule 32),
 * and missing roles. */
enum pki_status ceremony_read(const char *path, const struct pki_policy *policy,
	struct ceremony *out, struct pki_err *err) PKI_MUST_CHECK;
/* Makes keys, certificates and the first CRLs, in memory alone. */
enum pki_status ceremony_make(struct ceremony *c, const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_err *err) PKI_MUST_CHECK;
/* Fills the ledger in one transaction: issuers, certificates, CRLs, events, first
 * checkpoint. */
enum pki_status ceremony_record(struct ceremony *c, const struct pki_conf *conf,
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
/* Makes the report: as JSON, which is later sealed, and as text for people. */
enum pki_status ceremony_report(const struct ceremony *c, const struct pki_conf *conf,
	struct pki_buf *json, struct pki_buf *text, struct pki_err *err) PKI_MUST_CHECK;
void ceremony_free(struct ceremony *c);

#endif
