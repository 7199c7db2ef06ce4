#include "libpki/x509/csr.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "libpki/asn1/pem.h"
#include "libpki/x509/signature.h"

/* A digest below 256 bits proves nothing any more (rule 94). */
#define MD_BYTES_MIN 32

struct pki_csr {
	struct pki_buf der;
	struct pki_key *key;
};

/* CertificationRequestInfo, RFC 2986 4.1 */
typedef struct cri {
	ASN1_INTEGER *version;
	ASN1_STRING *subject;
	ASN1_STRING *key;
	STACK_OF(X509_ATTRIBUTE) * attributes;
} CRI;

/* clang-format off */
ASN1_SEQUENCE(CRI) = {
	ASN1_SIMPLE(CRI, version, ASN1_INTEGER),
	ASN1_SIMPLE(CRI, subject, ASN1_SEQUENCE),
	ASN1_SIMPLE(CRI, key, ASN1_SEQUENCE),
	ASN1_IMP_SET_OF_OPT(CRI, attributes, X509_ATTRIBUTE, 0),
} static_ASN1_SEQUENCE_END(CRI)
/* clang-format on */

static void
free_cri(CRI **cri)
{
	ASN1_item_free((ASN1_VALUE *)*cri, ASN1_ITEM_rptr(CRI));
}

/* Accepted without a digest in the OID: RSA-PSS (digest in the parameters) and Ed25519. */
static enum pki_status
check_digest(const PKI_SIGNED *req, struct pki_err *err)
{
	int nid = OBJ_obj2nid(req->algorithm->algorithm);
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
open_request(struct pki_csr *csr, struct pki_err *err)
{
	PKI_CLEANUP(pki_signed_cleanup)
	PKI_SIGNED *req =
		pki_asn1_decode(pki_buf_bytes(&csr->der), ASN1_ITEM_rptr(PKI_SIGNED));
	PKI_CLEANUP(free_cri) CRI *cri = NULL;
	if (req != NULL)
		cri = pki_asn1_decode(pki_asn1_bytes(req->tbs), ASN1_ITEM_rptr(CRI));
	if (cri == NULL)
		return pki_fail_ssl(err, PKI_INPUT,
			"not a certification request (PKCS#10, RFC 2986) in DER or PEM, or octets after it");
	if (ASN1_INTEGER_get(cri->version) != X509_REQ_VERSION_1)
		return pki_fail(
			err, PKI_INPUT, "RFC 2986 4.1: the request's version is not 1");
	PKI_TRY(check_digest(req, err));
	PKI_TRY(pki_key_from_spki(pki_asn1_bytes(cri->key), &csr->key, err));
	if (!pki_signature_verify(req, csr->key))
		return pki_refuse(err, PKI_RULE_POSSESSION,
			"the request's signature is not by the key in the request; make the request again with that key: openssl req -new -key");
	return PKI_OK;
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
	PKI_TRY(open_request(csr, err));
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
