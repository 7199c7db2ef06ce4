#include "tests/bench/common/mint.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libpki/x509/certify.h"
#include "tests/bench/common/tool.h"

#define POINT 65 /* uncompressed, P-256 */
#define UTC_TIME 13
/* What is replaced in a template; each stands there once. */
static const char template_digits[] = "0123456789abcdef";

struct mint {
	struct pki_key *issuer_key;
	struct pki_buf tbs, tail; /* tail: the signature's algorithm */
	struct pki_buf spki, signature;
	size_t serial, digits, not_before, not_after, point, key_id;
	EC_GROUP *group;
	EC_POINT *public; /* the last key's; the next one's is this plus the generator */
};

static void
ssl(int ok)
{
	struct pki_err err = { 0 };
	if (ok <= 0)
		must(pki_fail_ssl(&err, PKI_INTERNAL, "OpenSSL"), &err);
}

void
mint_subject(const char *digits, struct pki_name *out)
{
	*out = (struct pki_name){ .country = "FR", .surname = "Holder" };
	strcpy(out->given_name, "Bench");
	strcpy(out->common_name, "TEST Bench Holder");
	snprintf(out->serial_number, sizeof out->serial_number, "PASFR-%.*s", MINT_DIGITS,
		digits);
}

static void
utc_time(pki_time t, uint8_t out[UTC_TIME])
{
	struct tm tm;
	char text[32];
	time_t seconds = (time_t)t;
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
	memcpy(out, text + 2, UTC_TIME);
}

/* Where the needle stands in the template, once and no more. */
static size_t
find(const struct pki_buf *in, const void *needle, size_t len)
{
	struct pki_err err = { 0 };
	const uint8_t *at = memmem(in->data, in->len, needle, len);
	size_t place = at != NULL ? (size_t)(at - in->data) : 0;
	if (at == NULL || memmem(at + 1, in->len - place - 1, needle, len) != NULL)
		must(pki_fail(&err, PKI_INTERNAL, "the template has no such place"),
			&err);
	return place;
}

static void
find_places(struct mint *mint, const struct pki_cert *cert)
{
	struct pki_err err = { 0 };
	const struct pki_serial *serial = pki_cert_get0_serial(cert);
	uint8_t from[UTC_TIME], to[UTC_TIME], key_id[PKI_KEY_ID];
	const struct pki_key *key = pki_cert_get0_key(cert);
	struct pki_bytes spki = pki_key_get0_spki(key);
	must(pki_buf_append(&mint->spki, spki.data, spki.len, &err), &err);
	must(pki_key_id(key, key_id, &err), &err);
	utc_time(pki_cert_not_before(cert), from);
	utc_time(pki_cert_not_after(cert), to);
	mint->serial = find(&mint->tbs, serial->octets, serial->len);
	mint->digits = find(&mint->tbs, template_digits, MINT_DIGITS);
	mint->not_before = find(&mint->tbs, from, UTC_TIME);
	mint->not_after = find(&mint->tbs, to, UTC_TIME);
	mint->point = find(&mint->tbs, mint->spki.data + mint->spki.len - POINT, POINT);
	mint->key_id = find(&mint->tbs, key_id, PKI_KEY_ID);
}

/* Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING };
 * the first two of lengths in two octets, the algorithm's in one. */
static void
take_apart(struct mint *mint, const struct pki_cert *cert)
{
	struct pki_err err = { 0 };
	struct pki_bytes der = pki_cert_get0_der(cert);
	const uint8_t *tbs = der.data + 4;
	size_t len = 4 + ((size_t)tbs[2] << 8 | tbs[3]);
	must(pki_buf_append(&mint->tbs, tbs, len, &err), &err);
	must(pki_buf_append(&mint->tail, tbs + len, 2 + (size_t)tbs[len + 1], &err),
		&err);
}

static void
start_keys(struct mint *mint, const struct pki_key *key)
{
	uint8_t point[POINT];
	size_t len = 0;
	mint->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	mint->public = mint->group != NULL ? EC_POINT_new(mint->group) : NULL;
	ssl(mint->public != NULL);
	ssl(EVP_PKEY_get_octet_string_param(
		pki_key_get0_evp(key), "pub", point, sizeof point, &len));
	ssl(EC_POINT_oct2point(mint->group, mint->public, point, len, NULL));
}

struct mint *
mint_new(const struct pki_profile *profile, const struct pki_urls *urls,
	const struct pki_serial *serial, const struct pki_cert *issuer,
	const struct pki_key *issuer_key)
{
	struct pki_err err = { 0 };
	struct pki_name subject;
	struct pki_key *key = NULL;
	struct pki_cert *cert = NULL;
	struct mint *mint = calloc(1, sizeof *mint);
	if (mint == NULL)
		abort();
	mint_subject(template_digits, &subject);
	must(pki_key_from_evp(pki_key_get0_evp(issuer_key), &mint->issuer_key, &err),
		&err);
	must(pki_key_generate(PKI_ALG_P256, &key, &err), &err);
	pki_time now = pki_time_now();
	struct pki_cert_spec spec = {
		.profile = profile, .urls = urls, .serial = *serial, .subject = &subject
	};
	spec.key = key;
	spec.issuer = issuer;
	spec.not_before = now;
	spec.not_after = pki_profile_not_after(profile, now);
	must(pki_certify(&spec, mint->issuer_key, &cert, &err), &err);
	take_apart(mint, cert);
	find_places(mint, cert);
	start_keys(mint, key);
	pki_cert_free(cert);
	pki_key_free(key);
	return mint;
}

void
mint_free(struct mint *mint)
{
	pki_key_free(mint->issuer_key);
	pki_buf_free(&mint->tbs);
	pki_buf_free(&mint->tail);
	pki_buf_free(&mint->spki);
	pki_buf_free(&mint->signature);
	EC_POINT_free(mint->public);
	EC_GROUP_free(mint->group);
	free(mint);
}

static void
next_key(struct mint *mint, uint8_t key_hash[PKI_SHA256])
{
	struct pki_err err = { 0 };
	uint8_t *point = mint->spki.data + mint->spki.len - POINT, hash[PKI_SHA256];
	ssl(EC_POINT_add(mint->group, mint->public, mint->public,
		EC_GROUP_get0_generator(mint->group), NULL));
	ssl(EC_POINT_point2oct(mint->group, mint->public, POINT_CONVERSION_UNCOMPRESSED,
		    point, POINT, NULL) == POINT);
	must(pki_sha256(mint->spki.data, mint->spki.len, key_hash, &err), &err);
	must(pki_sha256(point, POINT, hash, &err), &err);
	memcpy(mint->tbs.data + mint->point, point, POINT);
	memcpy(mint->tbs.data + mint->key_id, hash, PKI_KEY_ID);
}

static void
put_together(struct mint *mint, struct pki_buf *out)
{
	struct pki_err err = { 0 };
	size_t bits = mint->signature.len + 1;
	uint8_t string[5] = { 0x03, (uint8_t)bits }, whole[4] = { 0x30, 0x82 };
	size_t string_len = 2;
	if (bits >= 0x80) {
		string[1] = 0x82;
		string[2] = (uint8_t)(bits >> 8);
		string[3] = (uint8_t)bits;
		string_len = 4;
	}
	size_t len = mint->tbs.len + mint->tail.len + string_len + bits;
	whole[2] = (uint8_t)(len >> 8);
	whole[3] = (uint8_t)len;
	pki_buf_reset(out);
	must(pki_buf_reserve(out, sizeof whole + len, &err), &err);
	must(pki_buf_append(out, whole, sizeof whole, &err), &err);
	must(pki_buf_append(out, mint->tbs.data, mint->tbs.len, &err), &err);
	must(pki_buf_append(out, mint->tail.data, mint->tail.len, &err), &err);
	/* with the octet that says that no bit is unused */
	must(pki_buf_append(out, string, string_len + 1, &err), &err);
	must(pki_buf_append(out, mint->signature.data, mint->signature.len, &err), &err);
}

void
mint_certificate(struct mint *mint, const char *digits, pki_time not_before,
	pki_time not_after, struct minted *out)
{
	struct pki_err err = { 0 };
	uint8_t *tbs = mint->tbs.data;
	memcpy(tbs + mint->serial, out->serial.octets, out->serial.len);
	memcpy(tbs + mint->digits, digits, MINT_DIGITS);
	utc_time(not_before, tbs + mint->not_before);
	utc_time(not_after, tbs + mint->not_after);
	next_key(mint, out->key_hash);
	pki_buf_reset(&mint->signature);
	must(pki_key_sign(mint->issuer_key, tbs, mint->tbs.len, &mint->signature, &err),
		&err);
	put_together(mint, &out->der);
}
