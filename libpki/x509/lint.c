#include "libpki/x509/lint.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/x509/lint_priv.h"

#define YEARS_MAX 3 /* rule 4 */
#define SERIAL_BITS_MAX 159 /* rule 2: < 2^159 */
#define SERIAL_BITS_MIN 64 /* a random serial of this CA is shorter once in 2^94 */

bool
pki_lint_end_entity(const struct pki_lint *lint)
{
	return lint->profile->kind != PKI_KIND_ROOT && lint->profile->kind != PKI_KIND_CA;
}

static enum pki_status
check_unique_ids(const struct pki_lint *lint, struct pki_err *err)
{
	if (lint->tbs->issuer_uid != NULL || lint->tbs->subject_uid != NULL)
		return pki_refuse(err, PKI_RULE_LINT,
			"the certificate has a unique identifier (RFC 5280 4.1.2.8)");
	return PKI_OK;
}

static int
serial_bits(const struct pki_lint *lint)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(lint->tbs->serial, NULL);
	int bits = n == NULL ? 0 : BN_num_bits(n);
	BN_free(n);
	return bits;
}

static enum pki_status
check_serial(const struct pki_lint *lint, struct pki_err *err)
{
	const ASN1_INTEGER *serial = lint->tbs->serial;
	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER || serial_bits(lint) == 0)
		return pki_refuse(
			err, PKI_RULE_SERIAL, "the serialNumber is not positive");
	/* 160 bits take 21 octets: the first would be the sign */
	if (serial_bits(lint) >= PKI_SERIAL_MAX * 8)
		return pki_refuse(err, PKI_RULE_SERIAL,
			"the serialNumber has %d bits; the encoding is longer than %d octets",
			serial_bits(lint), PKI_SERIAL_MAX);
	return PKI_OK;
}

static enum pki_status
check_serial_bits(const struct pki_lint *lint, struct pki_err *err)
{
	int bits = serial_bits(lint);
	if (bits < SERIAL_BITS_MIN || bits > SERIAL_BITS_MAX)
		return pki_refuse(err, PKI_RULE_SERIAL_BITS,
			"the serialNumber has %d bits; a random serialNumber has %d to %d",
			bits, SERIAL_BITS_MIN, SERIAL_BITS_MAX);
	return PKI_OK;
}

/* Two-digit years stand for 1950 to 2049. */
static enum pki_status
check_date(const ASN1_TIME *date, pki_time t, const char *which, struct pki_err *err)
{
	char text[PKI_TIME_TEXT];
	pki_time_format(t, text);
	bool utc = ASN1_STRING_type(date) == V_ASN1_UTCTIME;
	bool before_2050 = strncmp(text, "2050", 4) < 0;
	if (utc != before_2050)
		return pki_refuse(err, PKI_RULE_DATES,
			"%s %s is a %s; to 2049 UTCTime, later GeneralizedTime", which,
			text, utc ? "UTCTime" : "GeneralizedTime");
	return PKI_OK;
}

static enum pki_status
check_dates(const struct pki_lint *lint, struct pki_err *err)
{
	pki_time from = pki_cert_not_before(lint->cert);
	pki_time to = pki_cert_not_after(lint->cert);
	PKI_TRY(check_date(lint->tbs->validity->notBefore, from, "notBefore", err));
	PKI_TRY(check_date(lint->tbs->validity->notAfter, to, "notAfter", err));
	if (to < from)
		return pki_refuse(err, PKI_RULE_DATES, "notAfter is before notBefore");
	return PKI_OK;
}

static enum pki_status
not_after_limit(const struct pki_lint *lint, pki_time limit, const char *whose,
	struct pki_err *err)
{
	pki_time to = pki_cert_not_after(lint->cert);
	if (to <= limit)
		return PKI_OK;
	char is[PKI_TIME_TEXT];
	char most[PKI_TIME_TEXT];
	pki_time_format(to, is);
	pki_time_format(limit, most);
	return pki_refuse(err, PKI_RULE_VALIDITY,
		"notAfter is %s, %.1f days after notBefore; %s allows %s at most", is,
		(double)(to - pki_cert_not_before(lint->cert) + 1) / (double)PKI_DAY,
		whose, most);
}

static enum pki_status
check_validity(const struct pki_lint *lint, struct pki_err *err)
{
	pki_time from = pki_cert_not_before(lint->cert);
	if (pki_lint_end_entity(lint))
		PKI_TRY(not_after_limit(lint, pki_time_add_years(from, YEARS_MAX),
			"the rule of three years", err));
	PKI_TRY(not_after_limit(
		lint, pki_profile_not_after(lint->profile, from), "the profile", err));
	if (lint->document_end != 0)
		PKI_TRY(not_after_limit(
			lint, lint->document_end, "the identity document", err));
	if (lint->issuer == NULL)
		return PKI_OK;
	if (from < pki_cert_not_before(lint->issuer))
		return pki_refuse(
			err, PKI_RULE_VALIDITY, "notBefore is before the issuer's own");
	return not_after_limit(
		lint, pki_cert_not_after(lint->issuer), "the issuer's end", err);
}

static enum pki_status
check_distinct_keys(const struct pki_lint *lint, struct pki_err *err)
{
	if (lint->issuer != NULL && pki_key_matches(pki_cert_get0_key(lint->cert),
					    pki_cert_get0_key(lint->issuer)))
		return pki_refuse(
			err, PKI_RULE_DISTINCT_KEYS, "the key is the issuer's own");
	return PKI_OK;
}

static enum pki_status
check_issuer_name(const struct pki_lint *lint, struct pki_err *err)
{
	struct pki_bytes is = pki_cert_get0_issuer_der(lint->cert);
	const struct pki_cert *by = lint->issuer != NULL ? lint->issuer : lint->cert;
	struct pki_bytes want = pki_cert_get0_subject_der(by);
	if (!pki_bytes_equal(is.data, is.len, want.data, want.len))
		return pki_refuse(err, PKI_RULE_ISSUER_NAME,
			"the issuer is not, octet for octet, the CA's subject");
	return PKI_OK;
}

/* The public key is checked against the profile again: the decision saw the order, the lint
 * sees the certificate. */
static enum pki_status
check_key(const struct pki_lint *lint, struct pki_err *err)
{
	return pki_key_check_strength(
		pki_cert_get0_key(lint->cert), lint->profile->key_algs, err);
}

/* Both AlgorithmIdentifiers must fit the issuer's key, parameters included. */
static enum pki_status
check_algorithm(const struct pki_lint *lint, struct pki_err *err)
{
	static const struct {
		enum pki_key_alg alg;
		int nid;
		int parameters;
	} signatures[] = {
		{ PKI_ALG_P256, NID_ecdsa_with_SHA256, V_ASN1_UNDEF },
		{ PKI_ALG_P384, NID_ecdsa_with_SHA384, V_ASN1_UNDEF },
		{ PKI_ALG_P521, NID_ecdsa_with_SHA512, V_ASN1_UNDEF },
		{ PKI_ALG_ED25519, NID_ED25519, V_ASN1_UNDEF },
		{ PKI_ALG_RSA3072, NID_sha256WithRSAEncryption, V_ASN1_NULL },
	};
	const struct pki_cert *by = lint->issuer != NULL ? lint->issuer : lint->cert;
	enum pki_key_alg alg = pki_key_get_alg(pki_cert_get0_key(by));
	const X509_ALGOR *outer = pki_cert_get0_signed(lint->cert)->algorithm;
	const X509_ALGOR *inner = lint->tbs->algorithm;
	const ASN1_OBJECT *id;
	int parameters;
	X509_ALGOR_get0(&id, &parameters, NULL, inner);
	if (X509_ALGOR_cmp(inner, outer) != 0)
		return pki_refuse(err, PKI_RULE_ALGORITHM,
			"the two signature algorithms differ (RFC 5280 4.1.1.2)");
	for (size_t i = 0; i < PKI_COUNT(signatures); i++)
		if (signatures[i].alg == alg && signatures[i].nid == OBJ_obj2nid(id) &&
			signatures[i].parameters == parameters)
			return PKI_OK;
	return pki_refuse(err, PKI_RULE_ALGORITHM,
		"the signature algorithm %s does not belong to the issuer's key",
		OBJ_nid2ln(OBJ_obj2nid(id)));
}

static pki_lint_rule *const rules[] = {
	check_unique_ids,
	check_serial,
	check_serial_bits,
	check_dates,
	check_validity,
	check_key,
	check_algorithm,
	check_distinct_keys,
	check_issuer_name,
	pki_lint_directory_string,
	pki_lint_subject_serial,
	pki_lint_subject,
	pki_lint_semantics,
	pki_lint_local_scheme,
	pki_lint_key_ids,
	pki_lint_key_id_method,
	pki_lint_ca_constraints,
	pki_lint_ca_eku,
	pki_lint_no_rev_avail,
	pki_lint_responder,
	pki_lint_key_usage,
	pki_lint_forbidden_ext,
	pki_lint_eku,
	pki_lint_policies,
	pki_lint_access_points,
	pki_lint_qc_statements,
	pki_lint_qc_sscd,
};

enum pki_status
pki_lint_cert(const struct pki_cert *cert, const struct pki_cert *issuer,
	const struct pki_profile *profile, const struct pki_urls *urls,
	pki_time document_end, struct pki_err *err)
{
	const PKI_TBS *tbs = pki_cert_get0_tbs(cert);
	struct pki_lint lint = {
		.cert = cert,
		.issuer = issuer,
		.profile = profile,
		.urls = urls,
		.document_end = document_end,
		.tbs = tbs,
		.extensions = tbs->extensions,
	};
	PKI_TRY(pki_name_split(
		pki_cert_get0_subject_der(cert), lint.subject, &lint.subject_count, err));
	pki_lint_read_qc(&lint);
	enum pki_status status = PKI_OK;
	for (size_t i = 0; i < PKI_COUNT(rules) && status == PKI_OK; i++)
		status = rules[i](&lint, err);
	pki_lint_free_qc(&lint);
	return status;
}
