/*
 * The vault seals personal data with AES-256-GCM under one random key per holder. The
 * holder's key is wrapped under a key derived from store.key; destroying the wrapped key
 * erases the person. The blind index's tokens are HMAC-SHA-256 under another key derived
 * from store.key: equal words give equal tokens, and a token says nothing else about its
 * word.
 */
#ifndef RA_STORE_VAULT_H
#define RA_STORE_VAULT_H

#include "libpki/base/hex.h"

struct ra_vault;

#define RA_TOKEN 32
/* A wrapped key: nonce, 32 octets, tag. */
#define RA_WRAPPED (12 + 32 + 16)

/*
 * Open the key file at path; with `create`, make a missing file, mode 0600. IO if the
 * file is missing, CONFIG if others can read the file, TAMPERED if the file is not a key.
 */
enum pki_status ra_vault_open(const char *path, bool create, struct ra_vault **out,
	struct pki_err *err) PKI_MUST_CHECK;
void ra_vault_free(struct ra_vault *vault);

/* A new random key for the holder, wrapped. */
enum pki_status ra_vault_key(const struct ra_vault *vault, const char *holder,
	uint8_t wrapped[RA_WRAPPED], struct pki_err *err) PKI_MUST_CHECK;

/*
 * Seal and unseal under the holder's key; appends to out. Holder and label (application,
 * part) are authenticated: sealed bytes do not open under another holder or label
 * (TAMPERED). STATE if the key was destroyed.
 */
struct ra_vault_box {
	const char *holder;
	const char *label;
	struct pki_bytes wrapped; /* the holder's key; no octets: destroyed */
};
enum pki_status ra_vault_seal(const struct ra_vault *vault,
	const struct ra_vault_box *box, struct pki_bytes plain, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_vault_unseal(const struct ra_vault *vault,
	const struct ra_vault_box *box, struct pki_bytes sealed, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* The blind index's token of a word (words.h). */
enum pki_status ra_vault_token(const struct ra_vault *vault, const char *word,
	uint8_t out[RA_TOKEN], struct pki_err *err) PKI_MUST_CHECK;

#endif
