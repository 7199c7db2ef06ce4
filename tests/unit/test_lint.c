#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "libpki/asn1/qc.h"
#include "libpki/x509/lint_priv.h"
#include "tests/unit/common/chain.h"

static struct chain chain;
static struct pki_key *key;
static struct pki_cert *good[PKI_KIND_HOLDER_SIGN + 1];
static const struct pki_urls *lint_urls;

static int
setup(void **state)
{
	struct pki_err err = { 0 };
	(void)state;
	chain_make(&chain);
	if (pki_key_generate(PKI_ALG_P256, &key, &err) != PKI_OK)
		return 1;
	for (int kind = PKI_KIND_OFFICER; kind <= PKI_KIND_HOLDER_SIGN; kind++)
		good[kind] = chain_issue(&chain, (enum pki_kind)kind, key);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int kind = PKI_KIND_OFFICER; kind <= PKI_KIND_HOLDER_SIGN; kind++)
		pki_cert_free(good[kind]);
	pki_key_free(key);
	chain_free(&chain);
	return 0;
}

static const struct pki_cert *
good_of(enum pki_kind kind)
{
	return kind == PKI_KIND_ROOT ? chain.root
	       : kind == PKI_KIND_CA ? chain.ca
				     : good[kind];
}

/* Sign x509, take it over, and hold it against the kind's profile. */
static void
lint_x509(X509 *x509, enum pki_kind kind, const EVP_MD *md, pki_time document_end,
	enum pki_rule want_rule, const char *want_text)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	struct pki_key *signer = kind == PKI_KIND_ROOT || kind == PKI_KIND_CA
					 ? chain.root_key
					 : chain.ca_key;
	const struct pki_cert *issuer = kind == PKI_KIND_ROOT ? NULL
					: kind == PKI_KIND_CA ? chain.root
							      : chain.ca;
	assert_true(X509_sign(x509, pki_key_get0_evp(signer),
			    md != NULL ? md : pki_key_md(signer)) > 0);
	enum pki_status st = pki_cert_from_x509(x509, &cert, &err);
	X509_free(x509);
	if (st != PKI_OK)
		fail_msg("does not parse: %s", err.msg);
	st = pki_lint_cert(
		cert, issuer, &chain_profiles[kind], lint_urls, document_end, &err);
	if ((st == PKI_OK) != (want_rule == PKI_RULE_NONE) || err.rule != want_rule ||
		strstr(err.msg, want_text) == NULL)
		fail_msg("want rule %d \"%s\"; got %d: %s", (int)want_rule, want_text,
			(int)err.rule, err.msg);
}

/* The certificate names the list that its serial asks for, in one way. */
static void
r52_names_its_list(void **state)
{
	(void)state;
	static struct pki_urls urls;
	static const struct {
		const char *before, *after; /* the list's URL */
		enum pki_rule want;
	} cases[] = {
		{ "URI:", "", PKI_RULE_NONE },
		{ "URI:", "/", PKI_RULE_CRL_PARTITION },
		{ "URI:", ",URI:http://a.test/x", PKI_RULE_CRL_PARTITION },
		{ "URI:http://a.test/x,URI:", "", PKI_RULE_CRL_PARTITION },
		{ "URI:http://a.test/x?", "", PKI_RULE_CRL_PARTITION },
	};
	const X509 *sound = pki_cert_get0_x509(good_of(PKI_KIND_HOLDER_AUTH));
	const struct pki_serial *serial =
		pki_cert_get0_serial(good_of(PKI_KIND_HOLDER_AUTH));
	urls = chain_urls;
	strcpy(urls.crl_base, "http://a.test/crl/");
	lint_urls = &urls;
	lint_x509(X509_dup(sound), PKI_KIND_HOLDER_AUTH, NULL, 0, PKI_RULE_NONE, "");
	urls.partitions = 1000;
	lint_x509(X509_dup(sound), PKI_KIND_HOLDER_AUTH, NULL, 0, PKI_RULE_CRL_PARTITION,
		"is not the URL of this serial's CRL");
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char url[PKI_URL_TEXT], value[600];
		pki_crl_url(&urls, pki_serial_partition(serial, urls.partitions), url);
		snprintf(value, sizeof value, "%s%s%s", cases[i].before, url,
			cases[i].after);
		X509 *x509 = X509_dup(sound);
		X509_EXTENSION_free(X509_delete_ext(x509,
			X509_get_ext_by_NID(x509, NID_crl_distribution_points, -1)));
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(
			NULL, NULL, NID_crl_distribution_points, value);
		assert_non_null(ext);
		X509_add_ext(x509, ext, -1);
		X509_EXTENSION_free(ext);
		lint_x509(x509, PKI_KIND_HOLDER_AUTH, NULL, 0, cases[i].want, "");
	}
	lint_urls = NULL;
}

static void
r30_good_certificates_pass(void **state)
{
	(void)state;
	for (int kind = PKI_KIND_ROOT; kind <= PKI_KIND_HOLDER_SIGN; kind++)
		lint_x509(X509_dup(pki_cert_get0_x509(good_of((enum pki_kind)kind))),
			(enum pki_kind)kind, NULL, 0, PKI_RULE_NONE, "");
}

static void
drop_ext(X509 *x509, const char *oid)
{
	ASN1_OBJECT *id = OBJ_txt2obj(oid, 0);
	int at = X509_get_ext_by_OBJ(x509, id, -1);
	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(x509, at));
	ASN1_OBJECT_free(id);
}

/* One extension replaced, taken away (NULL), or added. */
static const struct {
	enum pki_kind kind;
	const char *ext, *value;
	enum pki_rule want_rule;
	const char *want_text;
} ext_cases[] = {
	{ PKI_KIND_HOLDER_AUTH, "subjectKeyIdentifier", NULL, PKI_RULE_KEY_IDS,
		"no subject" },
	{ PKI_KIND_ROOT, "subjectKeyIdentifier", NULL, PKI_RULE_KEY_IDS, "no subject" },
	{ PKI_KIND_HOLDER_AUTH, "subjectKeyIdentifier",
		"critical,000102030405060708090a0b0c0d0e0f10111213", PKI_RULE_KEY_IDS,
		"critical" },
	{ PKI_KIND_HOLDER_AUTH, "authorityKeyIdentifier", NULL, PKI_RULE_KEY_IDS,
		"authorityKeyIdentifier" },
	{ PKI_KIND_HOLDER_AUTH, "authorityKeyIdentifier",
		"DER:30168014000102030405060708090a0b0c0d0e0f10111213", PKI_RULE_KEY_IDS,
		"authorityKeyIdentifier" },
	{ PKI_KIND_CA, "subjectKeyIdentifier", "000102030405060708090a0b0c0d0e0f10111213",
		PKI_RULE_KEY_ID_METHOD, "160 bits" },
	{ PKI_KIND_HOLDER_AUTH, "subjectKeyIdentifier",
		"000102030405060708090a0b0c0d0e0f10111213", PKI_RULE_KEY_ID_METHOD,
		"160 bits" },

	{ PKI_KIND_CA, "basicConstraints", "CA:TRUE,pathlen:0", PKI_RULE_CA_CONSTRAINTS,
		"not critical" },
	{ PKI_KIND_CA, "basicConstraints", "critical,CA:TRUE,pathlen:1",
		PKI_RULE_CA_CONSTRAINTS, "pathLen is 1" },
	{ PKI_KIND_CA, "basicConstraints", "critical,CA:TRUE", PKI_RULE_CA_CONSTRAINTS,
		"pathLen is -1" },
	{ PKI_KIND_CA, "basicConstraints", NULL, PKI_RULE_CA_CONSTRAINTS, "no cA" },
	{ PKI_KIND_HOLDER_AUTH, "basicConstraints", "critical,CA:TRUE",
		PKI_RULE_CA_CONSTRAINTS, "end entity" },
	{ PKI_KIND_HOLDER_AUTH, "keyUsage", "critical,digitalSignature,keyCertSign",
		PKI_RULE_CA_CONSTRAINTS, "keyCertSign" },
	{ PKI_KIND_CA, "extendedKeyUsage", "OCSPSigning", PKI_RULE_CA_OCSP_EKU,
		"OCSPSigning" },
	{ PKI_KIND_ROOT, "extendedKeyUsage", "critical,clientAuth,OCSPSigning",
		PKI_RULE_CA_OCSP_EKU, "OCSPSigning" },

	{ PKI_KIND_HOLDER_AUTH, "keyUsage", NULL, PKI_RULE_KEY_USAGE, "no critical" },
	{ PKI_KIND_HOLDER_AUTH, "keyUsage", "digitalSignature", PKI_RULE_KEY_USAGE,
		"no critical" },
	{ PKI_KIND_HOLDER_AUTH, "keyUsage", "critical,digitalSignature,nonRepudiation",
		PKI_RULE_KEY_USAGE, "0x3" },
	{ PKI_KIND_HOLDER_AUTH, "keyUsage", "critical,nonRepudiation", PKI_RULE_KEY_USAGE,
		"0x2" },
	{ PKI_KIND_HOLDER_SIGN, "keyUsage", "critical,digitalSignature",
		PKI_RULE_KEY_USAGE, "0x1" },
	{ PKI_KIND_HOLDER_SIGN, "keyUsage", "critical,nonRepudiation,digitalSignature",
		PKI_RULE_KEY_USAGE, "0x3" },
	{ PKI_KIND_HOLDER_AUTH, "keyUsage", "critical,digitalSignature,keyEncipherment",
		PKI_RULE_KEY_USAGE, "0x5" },
	{ PKI_KIND_CA, "keyUsage", "critical,keyCertSign", PKI_RULE_KEY_USAGE, "0x20" },

	{ PKI_KIND_HOLDER_AUTH, "certificatePolicies", NULL, PKI_RULE_POLICIES,
		"no cert" },
	{ PKI_KIND_HOLDER_AUTH, "certificatePolicies", "2.999.492.1.1.1.1.6.1",
		PKI_RULE_POLICIES, "1 of the 2" },
	{ PKI_KIND_HOLDER_AUTH, "certificatePolicies",
		"2.999.492.1.1.1.1.6.1,0.4.0.2042.1.2,2.5.29.32.0", PKI_RULE_POLICIES,
		"2.5.29.32.0" },
	{ PKI_KIND_HOLDER_AUTH, "certificatePolicies",
		"critical,2.999.492.1.1.1.1.6.1,0.4.0.2042.1.2", PKI_RULE_POLICIES,
		"critical" },
	{ PKI_KIND_OFFICER, "certificatePolicies", "2.999.492.1.1.1.1.6.1",
		PKI_RULE_POLICIES, "1 of the 2" },
	{ PKI_KIND_OFFICER, "certificatePolicies", "2.999.492.1.1.1.1.6.1,2.999.492.2.2",
		PKI_RULE_POLICIES, "2.999.492.2.2" },

	{ PKI_KIND_HOLDER_AUTH, "nameConstraints", "critical,permitted;DNS:a.test",
		PKI_RULE_FORBIDDEN_EXT, "Name Constraints" },
	{ PKI_KIND_HOLDER_AUTH, "policyConstraints", "critical,requireExplicitPolicy:0",
		PKI_RULE_FORBIDDEN_EXT, "Policy Constraints" },
	{ PKI_KIND_HOLDER_AUTH, "inhibitAnyPolicy", "critical,0", PKI_RULE_FORBIDDEN_EXT,
		"Inhibit Any" },
	{ PKI_KIND_HOLDER_AUTH, "policyMappings", "2.999.1:2.999.2",
		PKI_RULE_FORBIDDEN_EXT, "Policy Mappings" },
	{ PKI_KIND_HOLDER_AUTH, "subjectAltName", "email:a@b.test",
		PKI_RULE_FORBIDDEN_EXT, "Alternative Name" },
	{ PKI_KIND_HOLDER_AUTH, "2.999.1", "DER:0500", PKI_RULE_FORBIDDEN_EXT,
		"2.999.1" },
	{ PKI_KIND_HOLDER_AUTH, "extendedKeyUsage", "critical,clientAuth",
		PKI_RULE_FORBIDDEN_EXT, "critical" },
	{ PKI_KIND_HOLDER_AUTH, "extendedKeyUsage", "clientAuth,emailProtection",
		PKI_RULE_FORBIDDEN_EXT, "0x3" },
	{ PKI_KIND_HOLDER_AUTH, "extendedKeyUsage", "clientAuth,serverAuth",
		PKI_RULE_FORBIDDEN_EXT, "-1" },
	{ PKI_KIND_HOLDER_AUTH, "extendedKeyUsage", NULL, PKI_RULE_FORBIDDEN_EXT, "0x0" },

	{ PKI_KIND_HOLDER_AUTH, "crlDistributionPoints", NULL, PKI_RULE_ACCESS_POINTS,
		"not there" },
	{ PKI_KIND_HOLDER_AUTH, "crlDistributionPoints", "URI:ldap://a.test/x",
		PKI_RULE_ACCESS_POINTS, "no http" },
	{ PKI_KIND_HOLDER_AUTH, "crlDistributionPoints", "URI:https://a.test/x",
		PKI_RULE_ACCESS_POINTS, "no http" },
	{ PKI_KIND_HOLDER_AUTH, "crlDistributionPoints", "critical,URI:http://a.test/x",
		PKI_RULE_ACCESS_POINTS, "critical" },
	{ PKI_KIND_ROOT, "crlDistributionPoints", "URI:http://a.test/x",
		PKI_RULE_ACCESS_POINTS, "there" },
	{ PKI_KIND_HOLDER_AUTH, "authorityInfoAccess", NULL, PKI_RULE_ACCESS_POINTS,
		"0 caIssuers" },
	{ PKI_KIND_HOLDER_AUTH, "authorityInfoAccess", "OCSP;URI:http://a.test",
		PKI_RULE_ACCESS_POINTS, "0 caIssuers" },
	{ PKI_KIND_HOLDER_AUTH, "authorityInfoAccess", "caIssuers;URI:http://a.test",
		PKI_RULE_ACCESS_POINTS, "0 OCSP" },
	{ PKI_KIND_HOLDER_AUTH, "authorityInfoAccess",
		"OCSP;URI:ldap://a.test,caIssuers;URI:http://a.test",
		PKI_RULE_ACCESS_POINTS, "-1 OCSP" },
	{ PKI_KIND_HOLDER_AUTH, "authorityInfoAccess",
		"OCSP;URI:http://a.test,caIssuers;URI:http://a.test,1.2.3;URI:http://a.test",
		PKI_RULE_ACCESS_POINTS, "3 entries" },
	{ PKI_KIND_HOLDER_AUTH, "authorityInfoAccess",
		"critical,OCSP;URI:http://a.test,caIssuers;URI:http://a.test",
		PKI_RULE_ACCESS_POINTS, "critical" },

	{ PKI_KIND_HOLDER_AUTH, "qcStatements", NULL, PKI_RULE_SEMANTICS,
		"the statement is missing" },
	{ PKI_KIND_OFFICER, "qcStatements",
		"DER:3017301506082b06010505070b023009060704008bec490101",
		PKI_RULE_SEMANTICS, "natural person" },
	{ PKI_KIND_HOLDER_AUTH, "qcStatements", "DER:0500", PKI_RULE_SEMANTICS,
		"malformed" },
	{ PKI_KIND_HOLDER_AUTH, "qcStatements",
		"critical,DER:3017301506082b06010505070b023009060704008bec490101",
		PKI_RULE_QC_STATEMENTS, "critical" },

	{ PKI_KIND_HOLDER_AUTH, "2.5.29.56", "DER:0500", PKI_RULE_NO_REV_AVAIL,
		"noRevAvail" },
	{ PKI_KIND_CA, "2.5.29.56", "DER:0500", PKI_RULE_NO_REV_AVAIL, "noRevAvail" },
	{ PKI_KIND_RESPONDER, "2.5.29.56", "critical,DER:0500", PKI_RULE_NO_REV_AVAIL,
		"noRevAvail" },
	{ PKI_KIND_RESPONDER, "2.5.29.56", "DER:0500", PKI_RULE_FORBIDDEN_EXT,
		"not one" },

	{ PKI_KIND_RESPONDER, "keyUsage", "critical,digitalSignature,nonRepudiation",
		PKI_RULE_OCSP_RESPONDER, "digitalSignature" },
	{ PKI_KIND_RESPONDER, "keyUsage", "digitalSignature", PKI_RULE_KEY_USAGE,
		"critical" },
	{ PKI_KIND_RESPONDER, "extendedKeyUsage", "OCSPSigning,clientAuth",
		PKI_RULE_OCSP_RESPONDER, "OCSPSigning" },
	{ PKI_KIND_RESPONDER, "extendedKeyUsage", "OCSPSigning,1.2.3",
		PKI_RULE_OCSP_RESPONDER, "OCSPSigning" },
	{ PKI_KIND_RESPONDER, "noCheck", NULL, PKI_RULE_OCSP_RESPONDER, "nocheck" },
	{ PKI_KIND_RESPONDER, "crlDistributionPoints", "URI:http://a.test/x",
		PKI_RULE_OCSP_RESPONDER, "CDP" },
	{ PKI_KIND_RESPONDER, "authorityInfoAccess", "OCSP;URI:http://a.test",
		PKI_RULE_OCSP_RESPONDER, "OCSP URL" },
	{ PKI_KIND_HOLDER_AUTH, "noCheck", "ignored", PKI_RULE_OCSP_RESPONDER, "alone" },
};

static void
r05_r06_r07_r08_r09_r13_r20_r22_r23_r24_r28_r70_extensions(void **state)
{
	(void)state;
	CONF *conf = NCONF_new(NULL); /* certificatePolicies insist on one */
	for (size_t i = 0; i < PKI_COUNT(ext_cases); i++) {
		X509 *x509 = X509_dup(pki_cert_get0_x509(good_of(ext_cases[i].kind)));
		drop_ext(x509, ext_cases[i].ext);
		if (ext_cases[i].value != NULL) {
			X509V3_CTX ctx;
			X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
			X509V3_set_nconf(&ctx, conf);
			X509_EXTENSION *ext = X509V3_EXT_nconf(
				NULL, &ctx, ext_cases[i].ext, ext_cases[i].value);
			if (ext == NULL)
				fail_msg("%s %s", ext_cases[i].ext, ext_cases[i].value);
			assert_int_equal(X509_add_ext(x509, ext, -1), 1);
			X509_EXTENSION_free(ext);
		}
		lint_x509(x509, ext_cases[i].kind, NULL, 0, ext_cases[i].want_rule,
			ext_cases[i].want_text);
	}
	NCONF_free(conf);
}

/* The subject replaced: entries as "type tag text". */
struct rdn {
	int nid, type;
	const char *text;
};
#define PS V_ASN1_PRINTABLESTRING
#define U8 V_ASN1_UTF8STRING
#define C \
	{ \
		NID_countryName, PS, "FR" \
	}
#define SERIAL \
	{ \
		NID_serialNumber, PS, "PASFR-1" \
	}
#define SN \
	{ \
		NID_surname, U8, "Martin" \
	}
#define GN \
	{ \
		NID_givenName, U8, "Alice" \
	}
#define CN \
	{ \
		NID_commonName, U8, "TEST Alice" \
	}
#define X16 "xxxxxxxxxxxxxxxx"

static const struct {
	struct rdn rdns[8];
	enum pki_rule want_rule;
	const char *want_text;
} subject_cases[] = {
	{ { C, SERIAL, SN, GN, CN }, PKI_RULE_NONE, "" },
	{ { C, SERIAL, { NID_pseudonym, U8, "Zorro" }, CN }, PKI_RULE_NONE, "" },
	{ { SERIAL, SN, GN, CN }, PKI_RULE_SUBJECT, "one C" },
	{ { C, SERIAL, SN, GN }, PKI_RULE_SUBJECT, "one CN" },
	{ { C, SERIAL, SN, GN, CN, CN }, PKI_RULE_SUBJECT, "two CN" },
	{ { C, C, SERIAL, SN, GN, CN }, PKI_RULE_SUBJECT, "two C" },
	{ { CN, GN, SN, SERIAL, C }, PKI_RULE_SUBJECT, "order" },
	{ { C, SERIAL, GN, CN }, PKI_RULE_SUBJECT, "GN and SN" },
	{ { C, SERIAL, SN, CN }, PKI_RULE_SUBJECT, "GN and SN" },
	{ { C, SERIAL, SN, GN, { NID_pseudonym, U8, "Zorro" }, CN }, PKI_RULE_SUBJECT,
		"never both" },
	{ { { NID_countryName, PS, "fr" }, SERIAL, SN, GN, CN }, PKI_RULE_SUBJECT,
		"upper-case" },
	{ { C, SERIAL, SN, GN, CN, { NID_title, U8, "Dr" } }, PKI_RULE_SUBJECT, "title" },
	{ { C, { NID_serialNumber, U8, "PASFR-1" }, SN, GN, CN }, PKI_RULE_SUBJECT_SERIAL,
		"UTF8STRING" },
	{ { C, { NID_serialNumber, PS, "PASFR-1_2" }, SN, GN, CN },
		PKI_RULE_SUBJECT_SERIAL, "PrintableString" },
	{ { C, { NID_serialNumber, PS, "PASFR-" X16 X16 X16 X16 }, SN, GN, CN },
		PKI_RULE_SUBJECT_SERIAL, "70 characters" },
	{ { C, SN, GN, CN }, PKI_RULE_SEMANTICS, "form" },
	{ { C, { NID_serialNumber, PS, "12AB34567" }, SN, GN, CN }, PKI_RULE_SEMANTICS,
		"form" },
	{ { C, { NID_serialNumber, PS, "PASFR-" }, SN, GN, CN }, PKI_RULE_SEMANTICS,
		"form" },
	{ { C, { NID_serialNumber, PS, "XYZFR-1" }, SN, GN, CN }, PKI_RULE_SEMANTICS,
		"form" },
	{ { C, { NID_serialNumber, PS, "EI:SE-1" }, SN, GN, CN }, PKI_RULE_LOCAL_SCHEME,
		"nameRegistrationAuthorities" },
	{ { C, SERIAL, { NID_surname, V_ASN1_T61STRING, "Martin" }, GN, CN },
		PKI_RULE_STRING_TYPE, "T61STRING" },
	{ { C, SERIAL, SN, GN, { NID_commonName, V_ASN1_IA5STRING, "x" } },
		PKI_RULE_STRING_TYPE, "IA5STRING" },
};

static void
r11_r12_r13_r14_r16_subject(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(subject_cases); i++) {
		X509 *x509 = X509_dup(pki_cert_get0_x509(good[PKI_KIND_HOLDER_AUTH]));
		X509_NAME *name = X509_NAME_new();
		for (size_t j = 0; subject_cases[i].rdns[j].text != NULL; j++) {
			const struct rdn *rdn = &subject_cases[i].rdns[j];
			assert_int_equal(
				X509_NAME_add_entry_by_NID(name, rdn->nid, rdn->type,
					(const unsigned char *)rdn->text, -1, -1, 0),
				1);
		}
		assert_int_equal(X509_set_subject_name(x509, name), 1);
		X509_NAME_free(name);
		lint_x509(x509, PKI_KIND_HOLDER_AUTH, NULL, 0, subject_cases[i].want_rule,
			subject_cases[i].want_text);
	}
}

static const char long_serial[] = "ff00000000000000000000000000000000000001";

static void
r01_r02_serial(void **state)
{
	(void)state;
	static const struct {
		const char *hex;
		enum pki_rule want_rule;
		const char *want_text;
	} cases[] = {
		{ "0", PKI_RULE_SERIAL, "not positive" },
		{ long_serial, PKI_RULE_SERIAL, "160 bits" },
		{ "01", PKI_RULE_SERIAL_BITS, "1 bits" },
		{ "7fffffffffffffff", PKI_RULE_SERIAL_BITS, "63 bits" },
		{ "8000000000000000", PKI_RULE_NONE, "" },
		{ "7f00000000000000000000000000000000000001", PKI_RULE_NONE, "" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		X509 *x509 = X509_dup(pki_cert_get0_x509(good[PKI_KIND_HOLDER_AUTH]));
		BIGNUM *n = NULL;
		assert_true(BN_hex2bn(&n, cases[i].hex) > 0);
		ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(n, NULL);
		assert_int_equal(X509_set_serialNumber(x509, serial), 1);
		ASN1_INTEGER_free(serial);
		BN_free(n);
		lint_x509(x509, PKI_KIND_HOLDER_AUTH, NULL, 0, cases[i].want_rule,
			cases[i].want_text);
	}
}

static void
r03_r04_dates(void **state)
{
	(void)state;
	const pki_time three = pki_time_add_years(CHAIN_NOW, 3);
	const struct {
		enum pki_kind kind;
		pki_time from, to, document_end;
		bool generalized;
		enum pki_rule want_rule;
		const char *want_text;
	} cases[] = {
		{ PKI_KIND_HOLDER_AUTH, CHAIN_NOW, three, 0, false, PKI_RULE_NONE, "" },
		{ PKI_KIND_HOLDER_AUTH, CHAIN_NOW, three + 1, 0, false, PKI_RULE_VALIDITY,
			"three years" },
		{ PKI_KIND_OFFICER, CHAIN_NOW, three, 0, false, PKI_RULE_VALIDITY,
			"profile" },
		{ PKI_KIND_CA, CHAIN_NOW, CHAIN_NOW + 3653 * PKI_DAY, 0, false,
			PKI_RULE_VALIDITY, "profile" },
		{ PKI_KIND_HOLDER_AUTH, CHAIN_NOW, three, three, false, PKI_RULE_NONE,
			"" },
		{ PKI_KIND_HOLDER_AUTH, CHAIN_NOW, three, three - 1, false,
			PKI_RULE_VALIDITY, "document" },
		{ PKI_KIND_HOLDER_AUTH, CHAIN_NOW - 2 * PKI_DAY, CHAIN_NOW, 0, false,
			PKI_RULE_VALIDITY, "issuer" },
		{ PKI_KIND_HOLDER_AUTH, pki_cert_not_after(chain.ca) - PKI_DAY,
			pki_cert_not_after(chain.ca) + 1, 0, false, PKI_RULE_VALIDITY,
			"issuer's end" },
		{ PKI_KIND_HOLDER_AUTH, CHAIN_NOW, CHAIN_NOW - 1, 0, false,
			PKI_RULE_DATES, "before notBefore" },
		{ PKI_KIND_HOLDER_AUTH, CHAIN_NOW, three, 0, true, PKI_RULE_DATES,
			"GeneralizedTime" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		X509 *x509 = X509_dup(pki_cert_get0_x509(good_of(cases[i].kind)));
		ASN1_TIME *from = ASN1_TIME_set(NULL, cases[i].from);
		ASN1_TIME *to = cases[i].generalized
					? ASN1_GENERALIZEDTIME_set(NULL, cases[i].to)
					: ASN1_TIME_set(NULL, cases[i].to);
		assert_int_equal(X509_set1_notBefore(x509, from), 1);
		assert_int_equal(X509_set1_notAfter(x509, to), 1);
		ASN1_TIME_free(from);
		ASN1_TIME_free(to);
		lint_x509(x509, cases[i].kind, NULL, cases[i].document_end,
			cases[i].want_rule, cases[i].want_text);
	}
}

static void
r17_issuer_encoded_otherwise(void **state)
{
	(void)state;
	X509 *x509 = X509_dup(pki_cert_get0_x509(good[PKI_KIND_HOLDER_AUTH]));
	X509_NAME *name = X509_NAME_new();
	const struct rdn rdns[] = { { NID_countryName, PS, "MC" },
		{ NID_commonName, PS, "TEST Issuing CA" } };
	for (size_t i = 0; i < PKI_COUNT(rdns); i++)
		X509_NAME_add_entry_by_NID(name, rdns[i].nid, rdns[i].type,
			(const unsigned char *)rdns[i].text, -1, -1, 0);
	assert_int_equal(
		X509_NAME_cmp(name, X509_get_subject_name(pki_cert_get0_x509(chain.ca))),
		0);
	assert_int_equal(X509_set_issuer_name(x509, name), 1);
	X509_NAME_free(name);
	lint_x509(x509, PKI_KIND_HOLDER_AUTH, NULL, 0, PKI_RULE_ISSUER_NAME, "octet");
}

static void
r10_r93_r94_keys(void **state)
{
	(void)state;
	const struct {
		EVP_PKEY *pkey;
		enum pki_rule want_rule;
		const char *want_text;
	} cases[] = {
		{ EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), PKI_RULE_RSA_SIZE,
			"2048 bits" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"), PKI_RULE_ALGORITHM,
			"P-521" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), PKI_RULE_ALGORITHM,
			"curve" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), PKI_RULE_ALGORITHM,
			"Ed25519" },
		{ EVP_PKEY_dup(pki_key_get0_evp(chain.ca_key)), PKI_RULE_DISTINCT_KEYS,
			"issuer's own" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		X509 *x509 = X509_dup(pki_cert_get0_x509(good[PKI_KIND_HOLDER_AUTH]));
		assert_int_equal(X509_set_pubkey(x509, cases[i].pkey), 1);
		EVP_PKEY_free(cases[i].pkey);
		lint_x509(x509, PKI_KIND_HOLDER_AUTH, NULL, 0, cases[i].want_rule,
			cases[i].want_text);
	}
	X509 *x509 = X509_dup(pki_cert_get0_x509(good[PKI_KIND_HOLDER_AUTH]));
	lint_x509(x509, PKI_KIND_HOLDER_AUTH, EVP_sha384(), 0, PKI_RULE_ALGORITHM,
		"SHA384");
}

/* The signature certificate's qcStatements with one thing changed. */
static void
http_pds(PKI_PDS_LOCATIONS *pds, PKI_QC_STATEMENTS *list)
{
	(void)list;
	ASN1_STRING_set(sk_PKI_PDS_LOCATION_value(pds, 0)->url, "http://a.test/", -1);
}

static void
same_language(PKI_PDS_LOCATIONS *pds, PKI_QC_STATEMENTS *list)
{
	(void)list;
	ASN1_STRING_set(sk_PKI_PDS_LOCATION_value(pds, 1)->language, "en", -1);
}

static void
fewer_pds(PKI_PDS_LOCATIONS *pds, PKI_QC_STATEMENTS *list)
{
	(void)list;
	PKI_PDS_LOCATION *last = sk_PKI_PDS_LOCATION_pop(pds);
	ASN1_item_free((ASN1_VALUE *)last, ASN1_ITEM_rptr(PKI_PDS_LOCATION));
}

static void
add_statement(PKI_QC_STATEMENTS *list, const char *oid)
{
	PKI_QC_STATEMENT *more =
		(PKI_QC_STATEMENT *)ASN1_item_new(ASN1_ITEM_rptr(PKI_QC_STATEMENT));
	more->id = OBJ_txt2obj(oid, 1);
	assert_true(sk_PKI_QC_STATEMENT_push(list, more) > 0);
}

static void
add_sscd(PKI_PDS_LOCATIONS *pds, PKI_QC_STATEMENTS *list)
{
	(void)pds;
	add_statement(list, PKI_OID_QC_SSCD);
}

static void
add_compliance(PKI_PDS_LOCATIONS *pds, PKI_QC_STATEMENTS *list)
{
	(void)pds;
	add_statement(list, PKI_OID_QC_COMPLIANCE);
}

static void
r24_r25_qc_statements(void **state)
{
	(void)state;
	static const struct {
		void (*change)(PKI_PDS_LOCATIONS *pds, PKI_QC_STATEMENTS *list);
		enum pki_rule want_rule;
		const char *want_text;
	} cases[] = {
		{ http_pds, PKI_RULE_QC_STATEMENTS, "https" },
		{ same_language, PKI_RULE_QC_STATEMENTS, "language en" },
		{ fewer_pds, PKI_RULE_QC_STATEMENTS, "1 locations" },
		{ add_sscd, PKI_RULE_QC_SSCD, "QcSSCD" },
		{ add_compliance, PKI_RULE_QC_SSCD, "QcCompliance" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		X509 *x509 = X509_dup(pki_cert_get0_x509(good[PKI_KIND_HOLDER_SIGN]));
		int at = X509_get_ext_by_NID(x509, NID_qcStatements, -1);
		X509_EXTENSION *ext = X509_get_ext(x509, at);
		PKI_QC_STATEMENTS *list = (PKI_QC_STATEMENTS *)ASN1_item_unpack(
			X509_EXTENSION_get_data(ext), ASN1_ITEM_rptr(PKI_QC_STATEMENTS));
		PKI_QC_STATEMENT *last = sk_PKI_QC_STATEMENT_value(list, 1);
		PKI_PDS_LOCATIONS *pds = ASN1_TYPE_unpack_sequence(
			ASN1_ITEM_rptr(PKI_PDS_LOCATIONS), last->info);
		assert_non_null(pds);
		cases[i].change(pds, list);
		assert_non_null(ASN1_TYPE_pack_sequence(
			ASN1_ITEM_rptr(PKI_PDS_LOCATIONS), pds, &last->info));
		ASN1_OCTET_STRING *octets =
			ASN1_item_pack(list, ASN1_ITEM_rptr(PKI_QC_STATEMENTS), NULL);
		assert_int_equal(X509_EXTENSION_set_data(ext, octets), 1);
		ASN1_OCTET_STRING_free(octets);
		ASN1_item_free((ASN1_VALUE *)pds, ASN1_ITEM_rptr(PKI_PDS_LOCATIONS));
		ASN1_item_free((ASN1_VALUE *)list, ASN1_ITEM_rptr(PKI_QC_STATEMENTS));
		lint_x509(x509, PKI_KIND_HOLDER_SIGN, NULL, 0, cases[i].want_rule,
			cases[i].want_text);
	}
}

/* The lint's own encoding of an OID is OpenSSL's, whatever the arcs. */
static void
oids_are_told_apart(void **state)
{
	(void)state;
	static const char *const oids[] = { "0.0", "0.39", "1.0", "1.39.1", "2.0", "2.47",
		"2.48", "2.79", "2.999.492.1.1.1.1.6.1", "2.999.492.1.1.1.1.6.10",
		"1.3.6.1.5.5.7.3.36", "0.4.0.194121.1.1",
		"1.2.127.128.16383.16384.2097151.2097152.4294967296",
		"2.25.340282366920938463463374607431768211455" };
	for (size_t i = 0; i < PKI_COUNT(oids); i++) {
		ASN1_OBJECT *id = OBJ_txt2obj(oids[i], 1);
		assert_non_null(id);
		for (size_t j = 0; j < PKI_COUNT(oids); j++)
			if (pki_lint_oid_is(id, oids[j]) != (i == j))
				fail_msg("%s and %s", oids[i], oids[j]);
		assert_false(pki_lint_oid_is(id, ""));
		ASN1_OBJECT_free(id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oids_are_told_apart),
		cmocka_unit_test(r30_good_certificates_pass),
		cmocka_unit_test(r52_names_its_list),
		cmocka_unit_test(
			r05_r06_r07_r08_r09_r13_r20_r22_r23_r24_r28_r70_extensions),
		cmocka_unit_test(r11_r12_r13_r14_r16_subject),
		cmocka_unit_test(r01_r02_serial),
		cmocka_unit_test(r03_r04_dates),
		cmocka_unit_test(r17_issuer_encoded_otherwise),
		cmocka_unit_test(r10_r93_r94_keys),
		cmocka_unit_test(r24_r25_qc_statements),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
