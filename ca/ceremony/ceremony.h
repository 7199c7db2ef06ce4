/*
 * The key ceremony: script (ceremony.yaml, pki-ca(8)), keys and certificates, records.
 * The script names two custodians and a witness. The use of the root key ends with the
 * ceremony.
 */
#ifndef CA_CEREMONY_CEREMONY_H
#define CA_CEREMONY_CEREMONY_H

#include "libpki/host/conf.h"
#include "libpki/state/policy.h"
#include "libpki/x509/crl.h"
#include "libpki/x509/csr.h"
#include "libpki/x509/person.h"

#define CEREMONY_TEXT 128
/* The first officers. All later officers need an order. */
#define CEREMONY_OFFICERS_MAX 24

struct ceremony_officer {
	char name[PKI_WORD_TEXT]; /* of the file */
	enum pki_role role;
	char common_name[PKI_NAME_SIZE];
	char person[PKI_PERSON_TEXT]; /* identifier (rule 121); "": a service */
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

void ceremony_free(struct ceremony *c);

#endif
