#include "libpki/x509/signature.h"

#include <openssl/err.h>

enum pki_status
pki_signature_algorithm(
	const struct pki_key *key, struct pki_buf *der, struct pki_err *err)
{
	const EVP_MD *md = pki_key_md(key);
	int key_nid = EVP_PKEY_get_id(pki_key_get0_evp(key));
	int nid = key_nid;
	if (md != NULL && OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(md), key_nid) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "the signature algorithm");
	X509_ALGOR *algor = X509_ALGOR_new();
	/* RFC 4055: NULL with RSA; RFC 5758, RFC 8410: nothing with the others */
	int parameter = key_nid == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF;
	enum pki_status status =
		algor != NULL && X509_ALGOR_set0(
					 algor, OBJ_nid2obj(nid), parameter, NULL) == 1
			? pki_asn1_encode(algor, ASN1_ITEM_rptr(X509_ALGOR), der, err)
			: pki_fail_ssl(err, PKI_MEMORY, "the signature algorithm");
	X509_ALGOR_free(algor);
	return status;
}

bool
pki_signature_verify(const PKI_SIGNED *value, const struct pki_key *key)
{
	bool ok = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), value->algorithm,
			  value->signature, value->tbs, pki_key_get0_evp(key)) == 1;
	ERR_clear_error();
	return ok;
}
