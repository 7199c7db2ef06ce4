/* Shared by the ocsp_*.c files alone. */
#ifndef LIBPKI_OCSP_OCSP_PRIV_H
#define LIBPKI_OCSP_OCSP_PRIV_H

#include <openssl/ocsp.h>
#include <string.h>

#include "libpki/ocsp/ocsp.h"

/* Clients list a few algorithms; algorithms after the 16th are ignored. */
#define PKI_OCSP_PREFERRED_MAX 16

struct pki_ocsp_request {
	OCSP_REQUEST *req;
	OCSP_CERTID *ids[PKI_OCSP_CERTIDS_MAX]; /* within req */
	struct pki_serial serials[PKI_OCSP_CERTIDS_MAX];
	bool issuable[PKI_OCSP_CERTIDS_MAX]; /* false: no certificate has the serial */
	size_t count;
	bool usual; /* pki_ocsp_is_usual() */
	uint8_t nonce[PKI_OCSP_NONCE_MAX];
	size_t nonce_len; /* 0: none */
	int preferred[PKI_OCSP_PREFERRED_MAX]; /* signature algorithms' NIDs */
	size_t preferred_count;
};

/* rules 70, 71: REFUSED unless cert is a delegate of issuer as they ask for, at `at`. */
enum pki_status pki_ocsp_check_delegate(const struct pki_cert *cert,
	const struct pki_cert *issuer, pki_time at, struct pki_err *err) PKI_MUST_CHECK;

/*
 * ocsp_encode.c: responses written as DER directly. The constant parts are kept ready; cert and
 * key are borrowed. One thread at a time.
 */
struct pki_ocsp_encoder {
	struct pki_bytes cert;
	struct pki_key *key;
	uint8_t key_hash[20]; /* responderID byKey (rule 66): always SHA-1 */
	struct pki_buf algorithm; /* AlgorithmIdentifier of the signature */
	struct pki_buf archive_cutoff; /* singleExtensions */
	uint8_t *scratch;
};
enum pki_status pki_ocsp_encoder_init(struct pki_ocsp_encoder *encoder,
	const struct pki_cert *issuer, const struct pki_cert *cert, struct pki_key *key,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_ocsp_encoder_clear(struct pki_ocsp_encoder *encoder);
enum pki_status pki_ocsp_encode(struct pki_ocsp_encoder *encoder,
	const struct pki_ocsp_request *req, const struct pki_ocsp_content *content,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;

/*
 * Is the request of the usual form: a CertID and at most a nonce? der is the request's encoding.
 * The request is encoded anew and compared, so a usual request is DER. To encode with i2d takes
 * twenty times as long.
 */
bool pki_ocsp_is_usual(const struct pki_ocsp_request *req, struct pki_bytes der);

#endif
