/* Private keys in files: PKCS#8 sealed with a passphrase (RFC 5958, 8018, 7914). */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs12err.h>
#include <openssl/x509.h>
#include <string.h>

#include "libpki/asn1/pem.h"
#include "libpki/base/file.h"
#include "libpki/base/secret.h"
#include "libpki/x509/key.h"

#define SEALED_LABEL "ENCRYPTED PRIVATE KEY"
/* RSA-16384 sealed is 10 kB. */
#define KEY_FILE_MAX ((size_t)64 << 10)

/*
 * scrypt: 16 MB and five passes, in OWASP's list as strong as N = 2^17, p = 1, and within
 * OpenSSL's limit of 32 MB for opening a file.
 */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 5
#define SALT_LEN 16

static enum pki_status
file_path(const char *uri, const char **out, struct pki_err *err)
{
	static const char scheme[] = "file:";
	size_t before_slash = strcspn(uri, "/");
	*out = uri;
	if (strncmp(uri, scheme, strlen(scheme)) == 0)
		*out = uri + strlen(scheme);
	else if (memchr(uri, ':', before_slash) != NULL)
		return pki_fail(
			err, PKI_CONFIG, "key \"%s\": the only scheme is file:PATH", uri);
	if (**out == '\0')
		return pki_fail(err, PKI_CONFIG, "key \"%s\": no path", uri);
	return PKI_OK;
}

static enum pki_status
check_pass(struct pki_bytes pass, struct pki_err *err)
{
	if (pass.len == 0)
		return pki_fail(err, PKI_INPUT, "the passphrase is empty");
	if (pass.len > PKI_SECRET_MAX)
		return pki_fail(err, PKI_LIMIT, "a passphrase of more than %d octets",
			PKI_SECRET_MAX);
	return PKI_OK;
}

static enum pki_status
seal_der(const struct pki_key *key, struct pki_bytes pass, struct pki_buf *der,
	struct pki_err *err)
{
	uint8_t salt[SALT_LEN];
	PKI_TRY(pki_random(salt, sizeof salt, err));
	X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(
		EVP_aes_256_cbc(), salt, sizeof salt, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pki_key_get0_evp(key));
	X509_SIG *sealed = NULL;
	if (pbe != NULL && info != NULL)
		sealed =
			PKCS8_set0_pbe((const char *)pass.data, (int)pass.len, info, pbe);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (sealed == NULL) { /* set0: pbe is the X509_SIG's only on success */
		X509_ALGOR_free(pbe);
		return pki_fail_ssl(err, PKI_INTERNAL, "cannot seal this key");
	}
	unsigned char *octets = NULL;
	int len = i2d_X509_SIG(sealed, &octets);
	X509_SIG_free(sealed);
	if (len <= 0)
		return pki_fail_ssl(err, PKI_INTERNAL, "cannot encode a sealed key");
	enum pki_status st = pki_buf_append(der, octets, (size_t)len, err);
	OPENSSL_free(octets);
	return st;
}

static enum pki_status
seal_pem(const struct pki_key *key, struct pki_bytes pass, struct pki_buf *pem,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_TRY(check_pass(pass, err));
	PKI_TRY(seal_der(key, pass, &der, err));
	return pki_pem_encode(SEALED_LABEL, pki_buf_bytes(&der), pem, err);
}

enum pki_status
pki_key_seal(const struct pki_key *key, const char *uri, struct pki_bytes pass,
	struct pki_err *err)
{
	const char *path;
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	PKI_TRY(file_path(uri, &path, err));
	enum pki_status st = seal_pem(key, pass, &pem, err);
	if (st == PKI_OK)
		st = pki_file_create(path, pem.data, pem.len, 0600, err);
	if (st != PKI_OK)
		pki_err_object(err, "%s", path);
	return st;
}

/* A wrong passphrase fails at the padding or, in 1 of 256 cases, at parsing the result. */
static enum pki_status
fail_decrypt(struct pki_err *err)
{
	unsigned long e = ERR_peek_last_error();
	if (ERR_GET_LIB(e) == ERR_LIB_PKCS12 &&
		(ERR_GET_REASON(e) == PKCS12_R_PKCS12_CIPHERFINAL_ERROR ||
			ERR_GET_REASON(e) == PKCS12_R_DECODE_ERROR)) {
		ERR_clear_error();
		return pki_fail(err, PKI_SECRET,
			"the passphrase does not open this key (or the file is damaged)");
	}
	return pki_fail_ssl(err, PKI_INPUT, "the key's encryption is not understood");
}

static enum pki_status
unseal(struct pki_bytes der, struct pki_bytes pass, struct pki_key **out,
	struct pki_err *err)
{
	const unsigned char *p = der.data;
	X509_SIG *sealed = d2i_X509_SIG(NULL, &p, (long)der.len);
	if (sealed == NULL || p != der.data + der.len) {
		X509_SIG_free(sealed);
		return pki_fail_ssl(err, PKI_INPUT, "not an EncryptedPrivateKeyInfo");
	}
	PKCS8_PRIV_KEY_INFO *info =
		PKCS8_decrypt(sealed, (const char *)pass.data, (int)pass.len);
	X509_SIG_free(sealed);
	if (info == NULL)
		return fail_decrypt(err);
	EVP_PKEY *pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (pkey == NULL)
		return pki_fail_ssl(
			err, PKI_INPUT, "the file opens, but holds no usable key");
	enum pki_status st = pki_key_from_evp(pkey, out, err);
	EVP_PKEY_free(pkey);
	return st;
}

static enum pki_status
open_pem(struct pki_bytes pem, struct pki_bytes pass, struct pki_key **out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf der = { 0 };
	char label[PKI_PEM_LABEL];
	PKI_TRY(pki_pem_decode(pem, label, &der, err));
	if (strcmp(label, SEALED_LABEL) == 0)
		return unseal(pki_buf_bytes(&der), pass, out, err);
	size_t len = strlen(label);
	static const char private[] = "PRIVATE KEY";
	if (len >= strlen(private) && strcmp(label + len - strlen(private), private) == 0)
		return pki_fail(err, PKI_INPUT,
			"the private key is not sealed: anyone who reads the file has it; seal it with a passphrase: openssl pkcs8 -topk8 -scrypt");
	return pki_fail(
		err, PKI_INPUT, "this is a \"%s\", not a \"" SEALED_LABEL "\"", label);
}

enum pki_status
pki_key_open(
	const char *uri, struct pki_bytes pass, struct pki_key **out, struct pki_err *err)
{
	const char *path;
	PKI_TRY(file_path(uri, &path, err));
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf pem = { 0 };
	enum pki_status st = check_pass(pass, err);
	if (st == PKI_OK)
		st = pki_file_read(path, KEY_FILE_MAX, &pem, err);
	if (st == PKI_OK)
		st = open_pem(pki_buf_bytes(&pem), pass, out, err);
	if (st != PKI_OK)
		pki_err_object(err, "%s", path);
	return st;
}
