/*
 * Certificates of holders by the million, for large ledgers: one is built and linted as pki-ca
 * would, all others are that one with serial, name, key and dates put in its place, signed
 * anew. Every key is a key of its own, though of a known series.
 */
#ifndef TESTS_BENCH_MINT_H
#define TESTS_BENCH_MINT_H

#include "libpki/x509/cert.h"

/* A name's variable part: digits of the holder's identifier. */
#define MINT_DIGITS 16

struct mint; /* one thread, one profile, one partition of the CRL */

/* All borrowed for good; the key is the issuer's (P-256 or RSA). Its certificates name the list
 * of the serial's partition. */
struct mint *mint_new(const struct pki_profile *profile, const struct pki_urls *urls,
	const struct pki_serial *serial, const struct pki_cert *issuer,
	const struct pki_key *issuer_key);
void mint_free(struct mint *mint);

struct minted {
	struct pki_serial serial;
	uint8_t key_hash[PKI_SHA256];
	struct pki_buf der; /* overwritten by the next one in its place */
};
/* out->serial is set, to one of the mint's partition. Dates before 2050; digits: MINT_DIGITS
 * characters. */
void mint_certificate(struct mint *mint, const char *digits, pki_time not_before,
	pki_time not_after, struct minted *out);
/* The subject of such a certificate. */
void mint_subject(const char *digits, struct pki_name *out);

#endif
