#include "libpki/x509/csr.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "libpki/x509/signature.h"

/* A digest below 256 bits proves nothing any more (rule 94). */
#define MD_BYTES_MIN 32

struct pki_csr {
	struct pki_buf der;
	struct pki_key *key;
	int pss_md; /* signed with RSA-PSS: the NID of the digest; else NID_undef */
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

static bool
is_weak(int md_nid)
{
	const EVP_MD *md = EVP_get_digestbynid(md_nid);
	return md == NULL || EVP_MD_get_size(md) < MD_BYTES_MIN;
}

/* Accepted without a digest in the OID: RSA-PSS (digest in the parameters) and Ed25519. */
static enum pki_status
check_digest(const PKI_SIGNED *req, struct pki_err *err)
{
	int nid = OBJ_obj2nid(req->algorithm->algorithm);
	int md_nid = NID_undef;
	if (OBJ_find_sigid_algs(nid, &md_nid, NULL) != 1 || md_nid == NID_undef)
		return PKI_OK;
	if (is_weak(md_nid))
		return pki_refuse(err, PKI_RULE_ALGORITHM,
			"the request is signed with %s; use SHA-256 or better",
			OBJ_nid2ln(nid));
	return PKI_OK;
}

/* RSASSA-PSS-params, RFC 4055 3.1: an absent hashAlgorithm is SHA-1. */
static int
pss_digest(const X509_ALGOR *algorithm)
{
	if (OBJ_obj2nid(algorithm->algorithm) != NID_rsassaPss)
		return NID_undef;
	RSA_PSS_PARAMS *params = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
	int nid = NID_sha1;
	if (params != NULL && params->hashAlgorithm != NULL)
		nid = OBJ_obj2nid(params->hashAlgorithm->algorithm);
	RSA_PSS_PARAMS_free(params);
	return nid;
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
	csr->pss_md = pss_digest(req->algorithm);
	PKI_TRY(pki_key_from_spki(pki_asn1_bytes(cri->key), &csr->key, err));
	if (!pki_signature_verify(req, csr->key))
		return pki_refuse(err, PKI_RULE_POSSESSION,
			"the request's signature is not by the key in the request; make the request again with that key: openssl req -new -key");
	return PKI_OK;
}

/* One request in a file, and nothing that the holder alone may have. */
static enum pki_status
check_blocks(struct pki_bytes in, struct pki_err *err)
{
	char label[PKI_PEM_LABEL];
	size_t count = 0;
	for (struct pki_bytes rest = in; pki_pem_next_label(&rest, label); count++)
		if (strstr(label, "PRIVATE KEY") != NULL)
			return pki_refuse(err, PKI_RULE_NO_ESCROW,
				"the file holds a private key (\"%s\"), which its holder alone may have: delete every copy; the holder makes a new key and sends the request alone",
				label);
	if (count > 1)
		return pki_fail(err, PKI_INPUT,
			"the file holds %zu PEM blocks; give a file with one certification request alone",
			count);
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
	if (pki_pem_looks_like(in))
		PKI_TRY(check_blocks(in, err));
	PKI_TRY(pki_pem_or_der(in, PKI_CSR_MAX, labels, &csr->der, err));
	PKI_TRY(open_request(csr, err));
	*out = csr;
	csr = NULL;
	return PKI_OK;
}

enum pki_status
pki_csr_check(const struct pki_csr *csr, unsigned allowed, struct pki_err *err)
{
	if (csr->pss_md != NID_undef && is_weak(csr->pss_md))
		return pki_refuse(err, PKI_RULE_ALGORITHM,
			"the request is signed with RSA-PSS and %s; use SHA-256 or better: openssl req -new -sha256",
			OBJ_nid2ln(csr->pss_md));
	PKI_TRY(pki_key_check(csr->key, allowed, err));
	return pki_key_check_composite(csr->key, err);
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
