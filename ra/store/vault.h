/*
 * The vault: personal data of the applications store, sealed with AES-256-GCM under one random
 * key per holder. That key is kept wrapped under a key derived from store.key; who destroys
 * the wrapped key has erased the person. A blind index finds words without showing them:
 * HMAC-SHA-256 under another key derived from store.key (equal words give equal tokens,
 * nothing else is told).
 */
#ifndef RA_STORE_VAULT_H
#define RA_STORE_VAULT_H

#include "libpki/base/hex.h"

struct ra_vault;

#define RA_TOKEN 32
/* A wrapped key: nonce, 32 octets, tag. */
#define RA_WRAPPED (12 + 32 + 16)

/*
 * Opens the key file at path; makes it, mode 0600, if `create`. IO if it is missing, CONFIG
 * if others can read it, TAMPERED if it is not a key.
 */
enum pki_status ra_vault_open(const char *path, bool create, struct ra_vault **out,
	struct pki_err *err) PKI_MUST_CHECK;
void ra_vault_free(struct ra_vault *vault);

/* A new random key for the holder, wrapped. */
enum pki_status ra_vault_key(const struct ra_vault *vault, const char *holder,
	uint8_t wrapped[RA_WRAPPED], struct pki_err *err) PKI_MUST_CHECK;

/*
 * Seal and unseal under the holder's key. `what` names the place that the bytes belong to
 * (application, part) and is authenticated with the holder's id: sealed bytes do not open
 * anywhere else (TAMPERED). Appends to out.
 */
enum pki_status ra_vault_seal(const struct ra_vault *vault, const char *holder,
	struct pki_bytes wrapped, const char *what, struct pki_bytes plain,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_vault_unseal(const struct ra_vault *vault, const char *holder,
	struct pki_bytes wrapped, const char *what, struct pki_bytes sealed,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

/* The blind index's token of a word (see words.h for what counts as one). */
enum pki_status ra_vault_token(const struct ra_vault *vault, const char *word,
	uint8_t out[RA_TOKEN], struct pki_err *err) PKI_MUST_CHECK;

#endif
