#include "libpki/asn1/spki.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <pthread.h>

#include "libpki/asn1/signed.h"

#define EC_UNCOMPRESSED 0x04 /* SEC 1 2.3.3 */

/* RSAPublicKey, RFC 8017 A.1.1 */
typedef struct rsa_public {
	ASN1_INTEGER *n;
	ASN1_INTEGER *e;
} RSA_PUBLIC;

/* clang-format off */
ASN1_SEQUENCE(RSA_PUBLIC) = {
	ASN1_SIMPLE(RSA_PUBLIC, n, ASN1_INTEGER),
	ASN1_SIMPLE(RSA_PUBLIC, e, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(RSA_PUBLIC)
/* clang-format on */

/* Keys without a point, made once: a copy is a quarter of the price of a group by name. */
static struct curve {
	int nid;
	EVP_PKEY *empty;
} curves[] = { { NID_X9_62_prime256v1, NULL }, { NID_secp384r1, NULL },
	{ NID_secp521r1, NULL } };
static pthread_once_t curves_once = PTHREAD_ONCE_INIT;

static void
make_curves(void)
{
	for (size_t i = 0; i < PKI_COUNT(curves); i++) {
		char name[32];
		OPENSSL_strlcpy(name, OBJ_nid2sn(curves[i].nid), sizeof name);
		OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(
						OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
			OSSL_PARAM_construct_end() };
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
		if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
			EVP_PKEY_fromdata(ctx, &curves[i].empty, EVP_PKEY_KEY_PARAMETERS,
				params) != 1)
			curves[i].empty = NULL;
		EVP_PKEY_CTX_free(ctx);
	}
}

static EVP_PKEY *
ec_key(const PKI_SPKI *spki)
{
	const void *parameters;
	int type;
	X509_ALGOR_get0(NULL, &type, &parameters, spki->algorithm);
	struct pki_bytes point = pki_asn1_bytes(spki->key);
	if (type != V_ASN1_OBJECT || point.len == 0 || point.data[0] != EC_UNCOMPRESSED)
		return NULL;
	pthread_once(&curves_once, make_curves);
	EVP_PKEY *pkey = NULL;
	for (size_t i = 0; i < PKI_COUNT(curves); i++)
		if (curves[i].nid == OBJ_obj2nid(parameters) && curves[i].empty != NULL)
			pkey = EVP_PKEY_dup(curves[i].empty);
	if (pkey != NULL &&
		EVP_PKEY_set1_encoded_public_key(pkey, point.data, point.len) != 1) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static EVP_PKEY *
rsa_from_numbers(const BIGNUM *n, const BIGNUM *e)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (builder != NULL && ctx != NULL && n != NULL && e != NULL &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(builder);
	if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static bool
is_positive(const ASN1_INTEGER *n)
{
	return ASN1_STRING_type(n) == V_ASN1_INTEGER && ASN1_STRING_length(n) > 0 &&
	       ASN1_STRING_get0_data(n)[0] != 0;
}

/* The numbers go back encoded as DER has them, the parameters as the NULL of RFC 4055 1.2.
 */
static EVP_PKEY *
rsa_key(PKI_SPKI *spki)
{
	RSA_PUBLIC *numbers =
		pki_asn1_decode(pki_asn1_bytes(spki->key), ASN1_ITEM_rptr(RSA_PUBLIC));
	if (numbers == NULL)
		return NULL;
	EVP_PKEY *pkey = NULL;
	unsigned char *der = NULL;
	int len = ASN1_item_i2d((ASN1_VALUE *)numbers, &der, ASN1_ITEM_rptr(RSA_PUBLIC));
	if (len > 0 && is_positive(numbers->n) && is_positive(numbers->e) &&
		ASN1_STRING_set(spki->key, der, len) == 1 &&
		X509_ALGOR_set0(spki->algorithm, OBJ_nid2obj(NID_rsaEncryption),
			V_ASN1_NULL, NULL) == 1) {
		BIGNUM *n = ASN1_INTEGER_to_BN(numbers->n, NULL);
		BIGNUM *e = ASN1_INTEGER_to_BN(numbers->e, NULL);
		pkey = rsa_from_numbers(n, e);
		BN_free(n);
		BN_free(e);
	}
	OPENSSL_free(der);
	ASN1_item_free((ASN1_VALUE *)numbers, ASN1_ITEM_rptr(RSA_PUBLIC));
	return pkey;
}

enum pki_status
pki_spki_decode(struct pki_bytes in, EVP_PKEY **pkey, struct pki_buf *canonical,
	size_t *point_len, struct pki_err *err)
{
	PKI_CLEANUP(pki_spki_cleanup)
	PKI_SPKI *spki = pki_asn1_decode(in, ASN1_ITEM_rptr(PKI_SPKI));
	ERR_clear_error();
	if (spki == NULL)
		return PKI_OK;
	if ((spki->key->flags & 7) != 0)
		return pki_fail(err, PKI_INPUT,
			"RFC 5280 4.1.2.7: subjectPublicKey has unused bits");
	int nid = OBJ_obj2nid(spki->algorithm->algorithm);
	if (nid == NID_X9_62_id_ecPublicKey)
		*pkey = ec_key(spki);
	else if (nid == NID_rsaEncryption)
		*pkey = rsa_key(spki);
	ERR_clear_error();
	if (*pkey == NULL && nid == NID_rsaEncryption)
		return pki_refuse(err, PKI_RULE_WEAK_KEY,
			"RFC 8017 3.1, A.1.1: RSA modulus and exponent are positive INTEGERs in DER; make a new key");
	if (*pkey == NULL)
		return PKI_OK;
	*point_len = (size_t)ASN1_STRING_length(spki->key);
	enum pki_status st =
		pki_asn1_encode(spki, ASN1_ITEM_rptr(PKI_SPKI), canonical, err);
	if (st != PKI_OK) {
		EVP_PKEY_free(*pkey);
		*pkey = NULL;
	}
	return st;
}
