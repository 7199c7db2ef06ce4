#include "libpki/csr.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "libpki/pem.h"

/* A digest below 256 bits proves nothing any more (rule 94). */
#define MD_BYTES_MIN 32

struct pki_csr {
	struct pki_buf der;
	struct pki_key *key;
};

/* RSA-PSS names its digest in parameters, Ed25519 has none: those two pass. */
static enum pki_status
check_digest(const X509_REQ *req, struct pki_err *err)
{
	int nid = X509_REQ_get_signature_nid(req);
	int md_nid = NID_undef;
	if (OBJ_find_sigid_algs(nid, &md_nid, NULL) != 1 || md_nid == NID_undef)
		return PKI_OK;
	const EVP_MD *md = EVP_get_digestbynid(md_nid);
	if (md == NULL || EVP_MD_get_size(md) < MD_BYTES_MIN)
		return pki_refuse(err, PKI_RULE_ALGORITHM,
			"the request is signed with %s; use SHA-256 or better",
			OBJ_nid2ln(nid));
	return PKI_OK;
}

static enum pki_status
open_request(X509_REQ *req, struct pki_csr *csr, struct pki_err *err)
{
	if (X509_REQ_get_version(req) != X509_REQ_VERSION_1)
		return pki_fail(
			err, PKI_INPUT, "RFC 2986 4.1: the request's version is not 1");
	EVP_PKEY *pkey = X509_REQ_get0_pubkey(req);
	if (pkey == NULL)
		return pki_fail_ssl(
			err, PKI_INPUT, "the request's public key is not understood");
	PKI_TRY(check_digest(req, err));
	if (X509_REQ_verify(req, pkey) != 1) {
		ERR_clear_error();
		return pki_refuse(err, PKI_RULE_POSSESSION,
			"the request's signature is not by the key that it holds; make it "
			"again with that key: openssl req -new -key");
	}
	return pki_key_from_evp(pkey, &csr->key, err);
}

enum pki_status
pki_csr_parse(struct pki_bytes in, struct pki_csr **out, struct pki_err *err)
{
	static const char *const labels[] = { "CERTIFICATE REQUEST",
		"NEW CERTIFICATE REQUEST", NULL };
	PKI_CLEANUP(pki_csr_cleanup) struct pki_csr *csr = calloc(1, sizeof *csr);
	if (csr == NULL)
		return pki_fail(err, PKI_MEMORY, "a certification request");
	PKI_TRY(pki_pem_or_der(in, PKI_CSR_MAX, labels, &csr->der, err));
	const unsigned char *p = csr->der.data;
	X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)csr->der.len);
	if (req == NULL)
		return pki_fail_ssl(err, PKI_INPUT,
			"not a certification request (PKCS#10, RFC 2986) in DER or PEM");
	enum pki_status st;
	if (p != csr->der.data + csr->der.len)
		st = pki_fail(err, PKI_INPUT, "octets after the certification request");
	else
		st = open_request(req, csr, err);
	X509_REQ_free(req);
	PKI_TRY(st);
	*out = csr;
	csr = NULL;
	return PKI_OK;
}

void
pki_csr_free(struct pki_csr *csr)
{
	if (csr == NULL)
		return;
	pki_buf_free(&csr->der);
	pki_key_free(csr->key);
	free(csr);
}

void
pki_csr_cleanup(struct pki_csr **csr)
{
	pki_csr_free(*csr);
}

const struct pki_key *
pki_csr_get0_key(const struct pki_csr *csr)
{
	return csr->key;
}

struct pki_bytes
pki_csr_get0_der(const struct pki_csr *csr)
{
	return pki_buf_bytes(&csr->der);
}

enum pki_status
pki_csr_make(struct pki_key *key, struct pki_buf *der, struct pki_err *err)
{
	EVP_PKEY *pkey = pki_key_get0_evp(key);
	X509_REQ *req = X509_REQ_new();
	unsigned char *octets = NULL;
	int len = 0;
	if (req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
		X509_REQ_set_pubkey(req, pkey) == 1 &&
		X509_REQ_sign(req, pkey, pki_key_md(key)) > 0)
		len = i2d_X509_REQ(req, &octets);
	X509_REQ_free(req);
	if (len <= 0)
		return pki_fail_ssl(
			err, PKI_INTERNAL, "cannot make a certification request");
	enum pki_status st = pki_buf_append(der, octets, (size_t)len, err);
	OPENSSL_free(octets);
	return st;
}
