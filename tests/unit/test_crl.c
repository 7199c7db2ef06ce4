#include "libpki/x509/crl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "tests/unit/common/status_pki.h"

#define NOW ((pki_time)1800000000)

static struct status_id ca;

static int
set_up(void **state)
{
	(void)state;
	ca = status_ca("TEST CA");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	status_free(&ca);
	return 0;
}

static struct pki_revoked
revoked(uint32_t serial, enum pki_reason reason)
{
	struct pki_revoked r = { .serial = { .len = 5 },
		.revoked_at = NOW - serial % 1000,
		.reason = reason };
	r.serial.octets[0] = 0x71;
	for (int i = 0; i < 4; i++)
		r.serial.octets[1 + i] = (uint8_t)(serial >> (24 - 8 * i));
	return r;
}

static struct pki_crl_spec
spec(const struct pki_revoked *list, size_t count)
{
	return (struct pki_crl_spec){ .issuer = ca.cert,
		.number = 7,
		.this_update = NOW,
		.next_update = NOW + 26 * 3600,
		.revoked = list,
		.count = count };
}

static struct pki_crl *
build(const struct pki_revoked *list, size_t count)
{
	struct pki_err err = { 0 };
	struct pki_crl *crl = NULL;
	struct pki_crl_spec s = spec(list, count);
	assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_OK);
	return crl;
}

static X509_CRL *
as_x509(const struct pki_crl *crl)
{
	struct pki_bytes der = pki_crl_get0_der(crl);
	const unsigned char *p = der.data;
	X509_CRL *x509 = d2i_X509_CRL(NULL, &p, (long)der.len);
	assert_non_null(x509);
	return x509;
}

/* Sign what a test made of the list, and parse that. */
static enum pki_status
resign(X509_CRL *x509, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	unsigned char *octets = NULL;
	*err = (struct pki_err){ 0 };
	assert_true(X509_CRL_sign(x509, pki_key_get0_evp(ca.key), EVP_sha256()) > 0);
	int len = i2d_X509_CRL(x509, &octets);
	enum pki_status status =
		pki_crl_parse((struct pki_bytes){ octets, (size_t)len }, &crl, err);
	OPENSSL_free(octets);
	return status;
}

static void
builds_what_it_parses(void **state)
{
	(void)state;
	static const enum pki_reason reasons[] = { PKI_REASON_UNSPECIFIED,
		PKI_REASON_KEY_COMPROMISE, PKI_REASON_CA_COMPROMISE,
		PKI_REASON_AFFILIATION_CHANGED, PKI_REASON_SUPERSEDED,
		PKI_REASON_CESSATION_OF_OPERATION, PKI_REASON_PRIVILEGE_WITHDRAWN };
	struct pki_revoked list[PKI_COUNT(reasons)], found;
	struct pki_err err = { 0 };
	for (uint32_t i = 0; i < PKI_COUNT(reasons); i++)
		list[i] = revoked(100 - i, reasons[i]);
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = build(list, PKI_COUNT(list));
	assert_int_equal(pki_crl_verify(crl, ca.cert, &err), PKI_OK);
	assert_int_equal(pki_crl_number(crl), 7);
	assert_int_equal(pki_crl_this_update(crl), NOW);
	assert_int_equal(pki_crl_next_update(crl), NOW + 26 * 3600);
	assert_int_equal(pki_crl_count(crl), PKI_COUNT(list));
	for (size_t i = 0; i < PKI_COUNT(list); i++) {
		assert_true(pki_crl_find(crl, &list[i].serial, &found));
		assert_int_equal(found.reason, list[i].reason);
		assert_int_equal(found.revoked_at, list[i].revoked_at);
		assert_int_equal(pki_crl_entry(crl, i, &found, &err), PKI_OK);
		assert_int_equal(found.reason, list[PKI_COUNT(list) - 1 - i].reason);
		/* SEQUENCE, length, INTEGER of one octet */
		struct pki_bytes entry = pki_crl_get0_entry(crl, i);
		assert_int_equal(entry.len, 2u + entry.data[1]);
		assert_int_equal(entry.data[4], found.serial.octets[0]);
	}
	assert_int_equal(pki_crl_get0_entry(crl, PKI_COUNT(list)).len, 0);
	struct pki_revoked other = revoked(1, PKI_REASON_UNSPECIFIED);
	assert_false(pki_crl_find(crl, &other.serial, &found));
	assert_int_equal(pki_crl_entry(crl, PKI_COUNT(list), &found, &err), PKI_NOTFOUND);
}

static void
r48_serial_once(void **state)
{
	(void)state;
	struct pki_revoked list[] = { revoked(3, PKI_REASON_SUPERSEDED),
		revoked(1, PKI_REASON_SUPERSEDED),
		revoked(3, PKI_REASON_KEY_COMPROMISE) };
	struct pki_crl_spec s = spec(list, PKI_COUNT(list));
	struct pki_crl *crl = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_CRL_SERIAL);

	/* and in a list from elsewhere */
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *good = build(list, 2);
	X509_CRL *x509 = as_x509(good);
	X509_REVOKED *first = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(x509), 0);
	assert_int_equal(X509_CRL_add0_revoked(x509, X509_REVOKED_dup(first)), 1);
	assert_int_equal(resign(x509, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_CRL_SERIAL);
	X509_CRL_free(x509);
}

static void
r48_extension_once(void **state)
{
	(void)state;
	struct pki_revoked list[] = { revoked(3, PKI_REASON_SUPERSEDED) };
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *good = build(list, 1);
	X509_CRL *x509 = as_x509(good);
	assert_int_equal(X509_CRL_add_ext(x509, X509_CRL_get_ext(x509, 0), -1), 1);
	/* OpenSSL's own parser may be the one to refuse it */
	assert_int_not_equal(resign(x509, &err), PKI_OK);
	X509_CRL_free(x509);
}

static void
r49_fields(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *good = build(NULL, 0);
	X509_CRL *x509 = as_x509(good);
	assert_int_equal(X509_CRL_get_version(x509), 1);
	for (int i = 0; i < X509_CRL_get_ext_count(x509); i++)
		assert_false(X509_EXTENSION_get_critical(X509_CRL_get_ext(x509, i)));
	assert_int_equal(X509_CRL_get_ext_count(x509), 2);
	assert_true(X509_CRL_get_ext_by_NID(x509, NID_crl_number, -1) >= 0);
	X509_CRL_free(x509);

	static const int nids[] = { NID_crl_number, NID_authority_key_identifier };
	for (size_t i = 0; i < PKI_COUNT(nids); i++) {
		x509 = as_x509(good);
		int at = X509_CRL_get_ext_by_NID(x509, nids[i], -1);
		X509_EXTENSION_free(X509_CRL_delete_ext(x509, at));
		assert_int_equal(resign(x509, &err), PKI_REFUSED);
		assert_int_equal(err.rule, PKI_RULE_CRL_FIELDS);
		X509_CRL_free(x509);
	}

	struct pki_crl *crl = NULL;
	struct pki_crl_spec bad[] = { spec(NULL, 0), spec(NULL, 0) };
	bad[0].number = 0;
	bad[1].next_update = bad[1].this_update;
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		err = (struct pki_err){ 0 };
		assert_int_equal(pki_crl_build(&bad[i], ca.key, &crl, &err), PKI_REFUSED);
		assert_int_equal(err.rule, PKI_RULE_CRL_FIELDS);
	}
}

static void
r50_empty_list_left_out(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = build(NULL, 0);
	assert_int_equal(pki_crl_count(crl), 0);
	X509_CRL *x509 = as_x509(crl);
	assert_null(X509_CRL_get_REVOKED(x509));
	/* take the only entry of a list away: an empty SEQUENCE remains */
	struct pki_revoked one = revoked(1, PKI_REASON_SUPERSEDED);
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *full = build(&one, 1);
	X509_CRL_free(x509);
	x509 = as_x509(full);
	X509_REVOKED_free(sk_X509_REVOKED_pop(X509_CRL_get_REVOKED(x509)));
	assert_int_equal(resign(x509, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_CRL_EMPTY);
	X509_CRL_free(x509);
}

static void
r51_reason(void **state)
{
	(void)state;
	struct pki_revoked list[] = { revoked(1, PKI_REASON_UNSPECIFIED) };
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *good = build(list, 1);
	X509_CRL *x509 = as_x509(good);
	X509_REVOKED *entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(x509), 0);
	assert_int_equal(X509_REVOKED_get_ext_count(entry), 0);
	X509_CRL_free(x509);

	static const struct {
		long code;
		int critical;
	} cases[] = { { 0, 0 }, { 6, 0 }, { 7, 0 }, { 8, 0 }, { 10, 0 }, { 11, 0 },
		{ 1, 1 } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		x509 = as_x509(good);
		entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(x509), 0);
		ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
		ASN1_ENUMERATED_set(code, cases[i].code);
		assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code,
					 cases[i].critical, 0),
			1);
		ASN1_ENUMERATED_free(code);
		assert_int_equal(resign(x509, &err), PKI_REFUSED);
		assert_int_equal(err.rule, PKI_RULE_CRL_REASON);
		X509_CRL_free(x509);
	}

	struct pki_revoked hold = revoked(1, (enum pki_reason)6);
	struct pki_crl_spec s = spec(&hold, 1);
	struct pki_crl *crl = NULL;
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_CRL_REASON);
}

/* The good list again with an extension of this value. */
static enum pki_status
parse_with(const char *oid, bool critical, const char *value, size_t len,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *good = build(NULL, 0);
	X509_CRL *x509 = as_x509(good);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	assert_int_equal(
		ASN1_OCTET_STRING_set(octets, (const uint8_t *)value, (int)len), 1);
	X509_EXTENSION *ext =
		X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
	assert_int_equal(X509_CRL_add_ext(x509, ext, -1), 1);
	enum pki_status status = resign(x509, err);
	X509_EXTENSION_free(ext);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(octets);
	X509_CRL_free(x509);
	return status;
}

#define URL "http://t/p1.crl"
#define URI "\x86\x0f" URL
#define POINT "\xa0\x13\xa0\x11" URI
#define IDP(text) text, sizeof(text) - 1

static void
r52_partition(void **state)
{
	(void)state;
	struct pki_crl_spec s = spec(NULL, 0);
	struct pki_crl *crl = NULL;
	struct pki_err err = { 0 };
	s.distribution_point = URL;
	assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_OK);
	assert_string_equal(pki_crl_distribution_point(crl), URL);
	assert_int_equal(pki_crl_verify(crl, ca.cert, &err), PKI_OK);
	X509_CRL *x509 = as_x509(crl);
	int at = X509_CRL_get_ext_by_NID(x509, NID_issuing_distribution_point, -1);
	X509_EXTENSION *ext = X509_CRL_get_ext(x509, at);
	assert_int_equal(X509_EXTENSION_get_critical(ext), 1);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
	assert_int_equal(ASN1_STRING_length(value), sizeof("\x30\x15" POINT) - 1);
	assert_memory_equal(ASN1_STRING_get0_data(value), "\x30\x15" POINT,
		(size_t)ASN1_STRING_length(value));
	X509_CRL_free(x509);
	pki_crl_free(crl);
	crl = build(NULL, 0);
	assert_null(pki_crl_distribution_point(crl));
	pki_crl_free(crl);

	char longest[PKI_URL_TEXT + 1] = "http://t/";
	memset(longest + 9, 'p', PKI_URL_TEXT - 9);
	const char *const bad[] = { "", "http://t/a b", "http://t/\xc3\xa9", longest };
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		s.distribution_point = bad[i];
		err = (struct pki_err){ 0 };
		assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_REFUSED);
		assert_int_equal(err.rule, PKI_RULE_CRL_PARTITION);
	}
}

static void
r52_other_scopes_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		size_t len;
		bool uncritical;
		const char *want_text;
	} cases[] = {
		{ IDP("\x30\x15" POINT), .uncritical = true, "not critical" },
		{ IDP("\x30\x00"), .want_text = "empty" },
		{ IDP("\x30\x18" POINT "\x81\x01\xff"), .want_text = "more than" },
		{ IDP("\x30\x18" POINT "\x82\x01\xff"), .want_text = "more than" },
		{ IDP("\x30\x19" POINT "\x83\x02\x06\x40"), .want_text = "more than" },
		{ IDP("\x30\x18" POINT "\x84\x01\xff"), .want_text = "more than" },
		{ IDP("\x30\x18" POINT "\x85\x01\xff"), .want_text = "more than" },
		{ IDP("\x30\x03\x84\x01\xff"), .want_text = "more than" },
		/* DER leaves a default out */
		{ IDP("\x30\x18" POINT "\x81\x01\x00"), .want_text = "not DER" },
		{ IDP("\x30\x26\xa0\x24\xa0\x22" URI URI), .want_text = "one name" },
		{ IDP("\x30\x04\xa0\x02\xa0\x00"), .want_text = "one name" },
		/* nameRelativeToCRLIssuer: CN=a */
		{ IDP("\x30\x0e\xa0\x0c\xa1\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
		      "a"),
			.want_text = "one name" },
		/* a dNSName, and URLs that are none */
		{ IDP("\x30\x07\xa0\x05\xa0\x03\x82\x01"
		      "a"),
			.want_text = "no URL" },
		{ IDP("\x30\x06\xa0\x04\xa0\x02\x86\x00"), .want_text = "no URL" },
		{ IDP("\x30\x07\xa0\x05\xa0\x03\x86\x01\x00"), .want_text = "no URL" },
		{ IDP("\x30\x15" POINT "\x00"), .want_text = "malformed" },
		{ IDP("\x04\x00"), .want_text = "malformed" },
	};
	struct pki_err err = { 0 };
	assert_int_equal(
		parse_with("2.5.29.28", true, IDP("\x30\x15" POINT), &err), PKI_OK);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		assert_int_equal(parse_with("2.5.29.28", !cases[i].uncritical,
					 cases[i].value, cases[i].len, &err),
			PKI_REFUSED);
		assert_int_equal(err.rule, PKI_RULE_CRL_PARTITION);
		assert_non_null(strstr(err.msg, cases[i].want_text));
	}
}

static void
r53_last_crl(void **state)
{
	(void)state;
	struct pki_crl_spec s = spec(NULL, 0);
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	s.next_update = PKI_CRL_LAST;
	assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_OK);
	assert_int_equal(pki_crl_next_update(crl), PKI_CRL_LAST);
	X509_CRL *x509 = as_x509(crl);
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(x509);
	assert_int_equal(ASN1_STRING_type(end), V_ASN1_GENERALIZEDTIME);
	assert_string_equal((const char *)ASN1_STRING_get0_data(end), "99991231235959Z");
	X509_CRL_free(x509);
}

static void
r56_keeps_expired(void **state)
{
	(void)state;
	struct pki_crl_spec s = spec(NULL, 0);
	struct pki_crl *crl = NULL;
	struct pki_err err = { 0 };
	s.expired_since = NOW - 1000 * PKI_DAY;
	assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_OK);
	assert_int_equal(pki_crl_expired_since(crl), NOW - 1000 * PKI_DAY);
	pki_crl_free(crl);
	crl = build(NULL, 0);
	assert_int_equal(pki_crl_expired_since(crl), 0);
	pki_crl_free(crl);
	const pki_time bad[] = { -1, NOW + 1 };
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		s.expired_since = bad[i];
		err = (struct pki_err){ 0 };
		assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_REFUSED);
		assert_int_equal(err.rule, PKI_RULE_CRL_KEEPS_EXPIRED);
	}

	/* and in a list from elsewhere */
	static const struct {
		const char *value;
		bool critical;
		enum pki_status want;
	} cases[] = {
		{ "\x18\x0f"
		  "20240101000000Z",
			false, PKI_OK },
		{ "\x18\x0f"
		  "20240101000000Z",
			true, PKI_REFUSED },
		{ "\x18\x0f"
		  "20991231000000Z",
			false, PKI_REFUSED },
		{ "\x18\x0f"
		  "19700101000000Z",
			false, PKI_REFUSED },
		{ "\x17\x0d"
		  "240101000000Z",
			false, PKI_REFUSED },
		{ "\x18\x0f"
		  "20240101000000Z!",
			false, PKI_REFUSED },
		{ "\x18\x11"
		  "20240101000000.5Z",
			false, PKI_INPUT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		assert_int_equal(parse_with("2.5.29.60", cases[i].critical,
					 cases[i].value, strlen(cases[i].value), &err),
			cases[i].want);
		if (cases[i].want == PKI_REFUSED)
			assert_int_equal(err.rule, PKI_RULE_CRL_KEEPS_EXPIRED);
	}
}

static void
other_issuers_are_told_apart(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct status_id same_name = status_ca("TEST CA"),
			 other = status_ca("TEST Other");
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = build(NULL, 0);
	assert_int_equal(pki_crl_verify(crl, same_name.cert, &err), PKI_INPUT);
	assert_non_null(strstr(err.msg, "key"));
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_crl_verify(crl, other.cert, &err), PKI_INPUT);
	assert_non_null(strstr(err.msg, "issuer"));
	struct pki_crl_spec s = spec(NULL, 0);
	struct pki_crl *none = NULL;
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_crl_build(&s, other.key, &none, &err), PKI_STATE);
	status_free(&same_name);
	status_free(&other);
}

static void
malformed(void **state)
{
	(void)state;
	struct pki_revoked one = revoked(1, PKI_REASON_SUPERSEDED);
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *good = build(&one, 1);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	struct pki_bytes whole = pki_crl_get0_der(good);
	struct pki_err err = { 0 };
	assert_int_equal(pki_buf_append(&der, whole.data, whole.len, &err), PKI_OK);
	assert_int_equal(pki_buf_append(&der, "", 1, &err), PKI_OK);
	const struct {
		struct pki_bytes in;
		const char *want_text;
	} cases[] = {
		{ { NULL, 0 }, "DER" },
		{ { (const uint8_t *)"garbage", 7 }, "DER" },
		{ { whole.data, whole.len - 1 }, "DER" },
		{ pki_buf_bytes(&der), "after" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_crl *crl = NULL;
		err = (struct pki_err){ 0 };
		assert_int_equal(pki_crl_parse(cases[i].in, &crl, &err), PKI_INPUT);
		assert_non_null(strstr(err.msg, cases[i].want_text));
		assert_null(crl);
	}
	/* one bit of the signature */
	der.data[whole.len - 1] ^= 1;
	struct pki_crl *crl = NULL;
	err = (struct pki_err){ 0 };
	assert_int_equal(
		pki_crl_parse((struct pki_bytes){ der.data, whole.len }, &crl, &err),
		PKI_OK);
	assert_int_equal(pki_crl_verify(crl, ca.cert, &err), PKI_INPUT);
	pki_crl_free(crl);
}

static void
critical_extensions_are_refused(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *good = build(NULL, 0);
	X509_CRL *x509 = as_x509(good);
	ASN1_INTEGER *base = ASN1_INTEGER_new();
	ASN1_INTEGER_set(base, 1);
	assert_int_equal(X509_CRL_add1_ext_i2d(x509, NID_delta_crl, base, 1, 0), 1);
	ASN1_INTEGER_free(base);
	assert_int_equal(resign(x509, &err), PKI_INPUT);
	assert_non_null(strstr(err.msg, "2.5.29.27"));
	X509_CRL_free(x509);
}

static void
reason_names(void **state)
{
	(void)state;
	enum pki_reason reason;
	assert_true(pki_reason_by_name("keyCompromise", &reason));
	assert_int_equal(reason, PKI_REASON_KEY_COMPROMISE);
	assert_string_equal(
		pki_reason_name(PKI_REASON_PRIVILEGE_WITHDRAWN), "privilegeWithdrawn");
	assert_false(pki_reason_by_name("certificateHold", &reason));
	assert_null(pki_reason_name((enum pki_reason)6));
}

/* A cost that grew with the square of the list would take minutes here. */
static void
large_list(void **state)
{
	(void)state;
	enum { COUNT = 100000 };
	struct pki_revoked *list = calloc(COUNT, sizeof *list), found;
	for (uint32_t i = 0; i < COUNT; i++)
		list[i] = revoked((i * 2654435761u) ^ 5, PKI_REASON_KEY_COMPROMISE);
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	struct pki_crl *crl = build(list, COUNT);
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_message("# %d entries built and parsed in %.2f s\n", COUNT,
		(double)(to.tv_sec - from.tv_sec) +
			(double)(to.tv_nsec - from.tv_nsec) / 1e9);
	assert_int_equal(pki_crl_count(crl), COUNT);
	assert_true(pki_crl_find(crl, &list[COUNT / 2].serial, &found));
	pki_crl_free(crl);
	free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_what_it_parses),
		cmocka_unit_test(r48_serial_once),
		cmocka_unit_test(r48_extension_once),
		cmocka_unit_test(r49_fields),
		cmocka_unit_test(r50_empty_list_left_out),
		cmocka_unit_test(r51_reason),
		cmocka_unit_test(r52_partition),
		cmocka_unit_test(r52_other_scopes_are_refused),
		cmocka_unit_test(r53_last_crl),
		cmocka_unit_test(r56_keeps_expired),
		cmocka_unit_test(other_issuers_are_told_apart),
		cmocka_unit_test(malformed),
		cmocka_unit_test(critical_extensions_are_refused),
		cmocka_unit_test(reason_names),
		cmocka_unit_test(large_list),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
