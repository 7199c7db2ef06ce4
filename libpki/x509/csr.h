/*
 * Certification requests (PKCS#10, RFC 2986). Of a request only the public key counts: the order
 * gives the subject, the profile gives the extensions. A request is refused if the signature
 * does not prove possession of the key (rule 39).
 */
#ifndef LIBPKI_X509_CSR_H
#define LIBPKI_X509_CSR_H

#include "libpki/asn1/pem.h"
#include "libpki/x509/key.h"

/* RSA-16384 with attributes to spare; the parser refuses more. */
#define PKI_CSR_MAX ((size_t)16 << 10)

struct pki_csr;

/* A file with such a request: PEM with text before the block. */
#define PKI_CSR_FILE_MAX PKI_PEM_TEXT_MAX(PKI_CSR_MAX)

/*
 * DER, or PEM in one block, with or without text before the block (RFC 7468 2). Bytes after
 * the DER are refused, and a private key in the file (rule 38). The signature is verified
 * (rule 39); its digest has 256 bits or more (rule 94), with RSA-PSS by pki_csr_check() only,
 * since requests of earlier times have shorter ones.
 */
enum pki_status pki_csr_parse(
	struct pki_bytes in, struct pki_csr **out, struct pki_err *err) PKI_MUST_CHECK;

/*
 * For a new certificate: pki_key_check(), pki_key_check_composite(), and the digest of an
 * RSA-PSS signature (rule 94).
 */
enum pki_status pki_csr_check(
	const struct pki_csr *csr, unsigned allowed, struct pki_err *err) PKI_MUST_CHECK;

void pki_csr_free(struct pki_csr *csr);
void pki_csr_cleanup(struct pki_csr **csr);

const struct pki_key *pki_csr_get0_key(const struct pki_csr *csr);
struct pki_bytes pki_csr_get0_der(const struct pki_csr *csr);

/* For the suite's own services: a DER request for key with an empty subject. */
enum pki_status pki_csr_make(
	struct pki_key *key, struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;

#endif
