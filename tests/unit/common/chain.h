/* A root, an issuing CA and profiles of every kind, made at run time for tests. */
#ifndef TESTS_CHAIN_H
#define TESTS_CHAIN_H

#include "libpki/x509/cert.h"

#define CHAIN_NOW ((pki_time)1795608000) /* 2026-11-25T12:00:00Z */

struct chain {
	struct pki_key *root_key;
	struct pki_cert *root;
	struct pki_key *ca_key;
	struct pki_cert *ca;
};

/* Indexed by enum pki_kind. */
extern const struct pki_profile chain_profiles[];
extern const struct pki_urls chain_urls;
extern const struct pki_name chain_subject;

/* Fails the test when something goes wrong. */
void chain_make(struct chain *chain);
void chain_free(struct chain *chain);
/* What to certify for key under the CA from CHAIN_NOW on, as long as the profile allows. */
struct pki_cert_spec chain_spec(
	const struct chain *chain, enum pki_kind kind, const struct pki_key *key);
struct pki_cert *chain_issue(
	const struct chain *chain, enum pki_kind kind, const struct pki_key *key);

#endif
