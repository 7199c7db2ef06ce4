/*
 * A certification authority in memory for unit tests: keys, officers, requests. Certificates
 * are made with OpenSSL alone, so that bad ones can be made too. Whatever fails, fails the test.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include "libpki/x509/cert.h"
#include "libpki/x509/csr.h"

struct fixture_id {
	struct pki_key *key;
	struct pki_cert *cert;
};

struct fixture_spec {
	const char *common_name; /* with C=MC */
	const char *serial_number; /* of the name, NULL: none */
	const char
		*policy; /* certificatePolicies: OIDs with commas between, NULL: none */
	const char *key_usage; /* as in x509v3_config(5), NULL: digitalSignature */
	bool ca;
	enum pki_key_alg alg; /* 0: P-256 */
	const struct pki_key *key; /* NULL: a new one */
	pki_time not_before; /* 0: an hour ago */
	pki_time not_after; /* 0: in a year */
};

/* issuer NULL: self-signed. Free with fixture_free(). */
struct fixture_id fixture_make(
	const struct fixture_spec *spec, const struct fixture_id *issuer);
/* "TEST CA", twenty years. */
struct fixture_id fixture_ca(void);
void fixture_free(struct fixture_id *id);

/* A DER request with a new P-256 key, or with key if it is not NULL. */
struct pki_buf fixture_csr(struct pki_key *key);

#endif
