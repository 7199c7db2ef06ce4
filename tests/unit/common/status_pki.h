/* A CA and an OCSP delegate in memory, made with OpenSSL alone so that bad ones can be made
 * too. Whatever fails, fails the test. */
#ifndef TESTS_UNIT_STATUS_PKI_H
#define TESTS_UNIT_STATUS_PKI_H

#include "libpki/x509/cert.h"

struct status_id {
	struct pki_key *key;
	struct pki_cert *cert;
};

/* extension, value as in x509v3_config(5); ends with {NULL}. issuer NULL: self-signed. */
struct status_ext {
	int nid;
	const char *value;
};
struct status_id status_make(const char *cn, enum pki_key_alg alg,
	const struct status_ext *exts, const struct status_id *issuer);
void status_free(struct status_id *id);

struct status_id status_ca(const char *cn);
/* As rule 70 asks for. */
struct status_id status_delegate(const struct status_id *ca);

#endif
