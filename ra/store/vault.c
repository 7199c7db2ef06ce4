#include "ra/store/vault.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libpki/base/file.h"

#define KEY 32
#define NONCE 12
#define TAG 16
/* "H-...|A-...|record": two ids and a short name */
#define AAD_TEXT 160

struct ra_vault {
	uint8_t wrap[KEY]; /* wraps holders' keys */
	uint8_t index[KEY]; /* makes tokens */
};

static enum pki_status
hmac(const uint8_t key[KEY], const char *text, uint8_t out[KEY], struct pki_err *err)
{
	size_t len = 0;
	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, KEY,
		    (const unsigned char *)text, strlen(text), out, KEY, &len) == NULL ||
		len != KEY)
		return pki_fail_ssl(err, PKI_INTERNAL, "HMAC-SHA-256");
	return PKI_OK;
}

/* nonce, ciphertext, tag */
static enum pki_status
gcm_seal(const uint8_t key[KEY], const char *aad, struct pki_bytes plain,
	struct pki_buf *out, struct pki_err *err)
{
	uint8_t nonce[NONCE], tag[TAG];
	PKI_TRY(pki_random(nonce, sizeof nonce, err));
	PKI_TRY(pki_buf_append(out, nonce, sizeof nonce, err));
	PKI_TRY(pki_buf_reserve(out, plain.len + TAG, err));
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx != NULL &&
		  EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL) == 1 &&
		  EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)aad,
			  (int)strlen(aad)) == 1 &&
		  EVP_EncryptUpdate(ctx, out->data + out->len, &n, plain.data,
			  (int)plain.len) == 1 &&
		  EVP_EncryptFinal_ex(ctx, out->data + out->len + n, &n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return pki_fail_ssl(err, PKI_INTERNAL, "AES-256-GCM");
	out->len += plain.len;
	return pki_buf_append(out, tag, TAG, err);
}

static enum pki_status
gcm_unseal(const uint8_t key[KEY], const char *aad, struct pki_bytes sealed,
	struct pki_buf *out, struct pki_err *err)
{
	if (sealed.len < NONCE + TAG)
		return pki_fail(err, PKI_TAMPERED,
			"a sealed record is cut short; restore the store from its backup");
	size_t len = sealed.len - NONCE - TAG;
	uint8_t tag[TAG];
	memcpy(tag, sealed.data + NONCE + len, TAG);
	PKI_TRY(pki_buf_reserve(out, len, err));
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx != NULL &&
		  EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), key, sealed.data, NULL) ==
			  1 &&
		  EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)aad,
			  (int)strlen(aad)) == 1 &&
		  EVP_DecryptUpdate(ctx, out->data + out->len, &n, sealed.data + NONCE,
			  (int)len) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
		  EVP_DecryptFinal_ex(ctx, out->data + out->len + n, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok) {
		OPENSSL_cleanse(out->data + out->len, len);
		out->data[out->len] = '\0';
		return pki_fail_ssl(err, PKI_TAMPERED,
			"a sealed record does not open with its holder's key: the record was changed or moved; restore the store from its backup");
	}
	out->len += len;
	out->data[out->len] = '\0';
	return PKI_OK;
}

static enum pki_status
create_key(const char *path, struct pki_err *err)
{
	struct pki_err own = { 0 };
	uint8_t fresh[KEY];
	PKI_TRY(pki_random(fresh, sizeof fresh, err));
	enum pki_status status = pki_file_create(path, fresh, sizeof fresh, 0600, &own);
	OPENSSL_cleanse(fresh, sizeof fresh);
	/* STATE: another process has made the file since */
	return status == PKI_STATE ? PKI_OK : pki_err_move(err, &own);
}

static enum pki_status
read_key(const char *path, bool create, struct pki_buf *key, struct pki_err *err)
{
	struct stat sb;
	if (create && !pki_file_exists(path))
		PKI_TRY(create_key(path, err));
	if (stat(path, &sb) == 0 && (sb.st_mode & 077) != 0)
		return pki_fail(err, PKI_CONFIG,
			"others can read the key of the applications store; make the file private with chmod 600");
	PKI_TRY(pki_file_read(path, KEY, key, err));
	if (key->len != KEY)
		return pki_fail(err, PKI_TAMPERED,
			"the key has %zu octets, not %d; restore the key from the backup",
			key->len, KEY);
	return PKI_OK;
}

enum pki_status
ra_vault_open(const char *path, bool create, struct ra_vault **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf key = { 0 };
	enum pki_status status = read_key(path, create, &key, err);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", path);
		return status;
	}
	struct ra_vault *vault = calloc(1, sizeof *vault);
	if (vault == NULL)
		return pki_fail(err, PKI_MEMORY, "the vault");
	status = hmac(key.data, "pki-ra wrap 1", vault->wrap, err);
	if (status == PKI_OK)
		status = hmac(key.data, "pki-ra index 1", vault->index, err);
	if (status != PKI_OK) {
		ra_vault_free(vault);
		return status;
	}
	*out = vault;
	return PKI_OK;
}

void
ra_vault_free(struct ra_vault *vault)
{
	if (vault == NULL)
		return;
	OPENSSL_cleanse(vault, sizeof *vault);
	free(vault);
}

enum pki_status
ra_vault_key(const struct ra_vault *vault, const char *holder,
	uint8_t wrapped[RA_WRAPPED], struct pki_err *err)
{
	uint8_t key[KEY];
	PKI_CLEANUP(pki_buf_free) struct pki_buf sealed = { 0 };
	PKI_TRY(pki_random(key, sizeof key, err));
	enum pki_status status = gcm_seal(
		vault->wrap, holder, (struct pki_bytes){ key, KEY }, &sealed, err);
	OPENSSL_cleanse(key, sizeof key);
	PKI_TRY(status);
	memcpy(wrapped, sealed.data, RA_WRAPPED);
	return PKI_OK;
}

static enum pki_status
unwrap(const struct ra_vault *vault, const char *holder, struct pki_bytes wrapped,
	struct pki_buf *key, struct pki_err *err)
{
	if (wrapped.len == 0)
		return pki_fail(err, PKI_STATE,
			"the personal data of holder %s was erased", holder);
	PKI_TRY(gcm_unseal(vault->wrap, holder, wrapped, key, err));
	if (key->len != KEY)
		return pki_fail(err, PKI_TAMPERED, "the key of holder %s", holder);
	return PKI_OK;
}

enum pki_status
ra_vault_seal(const struct ra_vault *vault, const struct ra_vault_box *box,
	struct pki_bytes plain, struct pki_buf *out, struct pki_err *err)
{
	char aad[AAD_TEXT];
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf key = { 0 };
	snprintf(aad, sizeof aad, "%s|%s", box->holder, box->label);
	PKI_TRY(unwrap(vault, box->holder, box->wrapped, &key, err));
	return gcm_seal(key.data, aad, plain, out, err);
}

enum pki_status
ra_vault_unseal(const struct ra_vault *vault, const struct ra_vault_box *box,
	struct pki_bytes sealed, struct pki_buf *out, struct pki_err *err)
{
	char aad[AAD_TEXT];
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf key = { 0 };
	snprintf(aad, sizeof aad, "%s|%s", box->holder, box->label);
	PKI_TRY(unwrap(vault, box->holder, box->wrapped, &key, err));
	return gcm_unseal(key.data, aad, sealed, out, err);
}

enum pki_status
ra_vault_token(const struct ra_vault *vault, const char *word, uint8_t out[RA_TOKEN],
	struct pki_err *err)
{
	return hmac(vault->index, word, out, err);
}
