/* What OpenSSL's own types make of a CRL that parses: the peer that ours has to agree with. */
#ifndef TESTS_FUZZ_CRL_PEER_H
#define TESTS_FUZZ_CRL_PEER_H

#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "libpki/x509/crl.h"

static inline bool
peer_time_is(const ASN1_TIME *t, pki_time want)
{
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) == 1 && timegm(&tm) == want;
}

/* reasonCode; 0 without one */
static inline long
peer_reason(const X509_REVOKED *entry)
{
	ASN1_ENUMERATED *code =
		X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	long value = code != NULL ? ASN1_ENUMERATED_get(code) : 0;
	ASN1_ENUMERATED_free(code);
	return value;
}

static inline bool
peer_entries_agree(X509_CRL *x509, const struct pki_crl *crl)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(x509);
	int count = list != NULL ? sk_X509_REVOKED_num(list) : 0;
	bool agree = (size_t)count == pki_crl_count(crl);
	for (int i = 0; agree && i < count; i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(list, i);
		const ASN1_INTEGER *n = X509_REVOKED_get0_serialNumber(entry);
		struct pki_serial serial = { .len = (size_t)ASN1_STRING_length(n) };
		struct pki_revoked found;
		agree = ASN1_STRING_type(n) == V_ASN1_INTEGER &&
			serial.len <= PKI_SERIAL_MAX;
		if (agree)
			memcpy(serial.octets, ASN1_STRING_get0_data(n), serial.len);
		agree = agree && pki_crl_find(crl, &serial, &found) &&
			pki_serial_compare(&found.serial, &serial) == 0 &&
			peer_time_is(X509_REVOKED_get0_revocationDate(entry),
				found.revoked_at) &&
			peer_reason(entry) == (long)found.reason;
	}
	return agree;
}

static inline bool
peer_point_agrees(X509_CRL *x509, const struct pki_crl *crl)
{
	const char *url = pki_crl_distribution_point(crl);
	ISSUING_DIST_POINT *idp =
		X509_CRL_get_ext_d2i(x509, NID_issuing_distribution_point, NULL, NULL);
	bool agree = (idp != NULL) == (url != NULL);
	if (agree && idp != NULL) {
		const GENERAL_NAME *name =
			sk_GENERAL_NAME_value(idp->distpoint->name.fullname, 0);
		const ASN1_STRING *uri = name->d.uniformResourceIdentifier;
		agree = (size_t)ASN1_STRING_length(uri) == strlen(url) &&
			memcmp(ASN1_STRING_get0_data(uri), url, strlen(url)) == 0;
	}
	ISSUING_DIST_POINT_free(idp);
	return agree;
}

/* Its octets too, when OpenSSL encodes it anew. */
static inline bool
peer_agrees(const struct pki_crl *crl)
{
	struct pki_bytes der = pki_crl_get0_der(crl);
	const unsigned char *p = der.data;
	unsigned char *again = NULL;
	uint64_t number = 0;
	X509_CRL *x509 = d2i_X509_CRL(NULL, &p, (long)der.len);
	if (x509 == NULL)
		return false;
	ASN1_INTEGER *n = X509_CRL_get_ext_d2i(x509, NID_crl_number, NULL, NULL);
	bool agree =
		n != NULL && ASN1_INTEGER_get_uint64(&number, n) == 1 &&
		number == pki_crl_number(crl) &&
		peer_time_is(X509_CRL_get0_lastUpdate(x509), pki_crl_this_update(crl)) &&
		peer_time_is(X509_CRL_get0_nextUpdate(x509), pki_crl_next_update(crl)) &&
		peer_entries_agree(x509, crl) && peer_point_agrees(x509, crl);
	i2d_re_X509_CRL_tbs(x509, NULL); /* forgets the octets that were read */
	int len = i2d_X509_CRL(x509, &again);
	agree = agree && len > 0 && (size_t)len == der.len &&
		memcmp(again, der.data, der.len) == 0;
	ASN1_INTEGER_free(n);
	OPENSSL_free(again);
	X509_CRL_free(x509);
	return agree;
}

#endif
