#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "libpki/asn1/der.h"
#include "libpki/x509/name.h"

static const struct pki_name alice = {
	.country = "FR",
	.serial_number = "PASFR-12AB34567",
	.surname = "Martin",
	.given_name = "Alice",
	.common_name = "TEST Alice Martin",
};

static void
set(struct pki_name *name, const char *field, const char *text)
{
	const struct {
		const char *label;
		char *at;
		size_t size;
	} fields[] = {
		{ "C", name->country, sizeof name->country },
		{ "O", name->organization, sizeof name->organization },
		{ "OU", name->organizational_unit, sizeof name->organizational_unit },
		{ "serialNumber", name->serial_number, sizeof name->serial_number },
		{ "SN", name->surname, sizeof name->surname },
		{ "GN", name->given_name, sizeof name->given_name },
		{ "pseudonym", name->pseudonym, sizeof name->pseudonym },
		{ "CN", name->common_name, sizeof name->common_name },
	};
	for (size_t i = 0; i < PKI_COUNT(fields); i++)
		if (strcmp(fields[i].label, field) == 0) {
			assert_true(strlen(text) < fields[i].size);
			strcpy(fields[i].at, text);
			return;
		}
	fail_msg("no field %s", field);
}

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16
#define E16 "éééééééééééééééé"

/* Alice with one attribute changed. */
static const struct {
	const char *field, *text;
	bool natural;
	enum pki_rule want_rule; /* NONE: passes */
} check_cases[] = {
	{ "CN", "TEST Alice Martin", true, PKI_RULE_NONE },
	{ "CN", "Élise Ñandú-Łukasz O'Neill 王", true, PKI_RULE_NONE },
	{ "CN", A64, true, PKI_RULE_NONE },
	{ "CN", A64 "a", true, PKI_RULE_SUBJECT },
	{ "CN", E16 E16 E16 E16, true, PKI_RULE_NONE },
	{ "CN", E16 E16 E16 E16 "é", true, PKI_RULE_SUBJECT },
	{ "CN", "", true, PKI_RULE_SUBJECT },
	{ "CN", "", false, PKI_RULE_NONE },
	{ "CN", " Alice", false, PKI_RULE_SUBJECT },
	{ "CN", "Alice ", false, PKI_RULE_SUBJECT },
	{ "CN", "Ali\nce", false, PKI_RULE_STRING_TYPE },
	{ "CN", "Ali\x7f", false, PKI_RULE_STRING_TYPE },
	{ "CN", "Ali\xc2\x85", false, PKI_RULE_STRING_TYPE }, /* NEL */
	{ "CN", "Ali\xe2\x80\xaelice", false,
		PKI_RULE_STRING_TYPE }, /* right-to-left override */
	{ "CN", "Ali\xff", false, PKI_RULE_STRING_TYPE },
	{ "CN", "Ali\xc0\xaf", false, PKI_RULE_STRING_TYPE }, /* overlong */
	{ "CN", "Ali\xed\xa0\x80", false, PKI_RULE_STRING_TYPE }, /* surrogate */
	{ "CN", "Ali\xc3", false, PKI_RULE_STRING_TYPE }, /* cut off */
	{ "C", "fr", false, PKI_RULE_SUBJECT },
	{ "C", "F", false, PKI_RULE_SUBJECT },
	{ "C", "F1", false, PKI_RULE_SUBJECT },
	{ "C", "", true, PKI_RULE_SUBJECT },
	{ "GN", "", true, PKI_RULE_SUBJECT },
	{ "SN", "", true, PKI_RULE_SUBJECT },
	{ "pseudonym", "Zorro", true, PKI_RULE_SUBJECT },
	{ "serialNumber", "PAS_FR", false, PKI_RULE_SUBJECT_SERIAL },
	{ "serialNumber", "PASFR-é", true, PKI_RULE_SUBJECT_SERIAL },
	{ "serialNumber", "", true, PKI_RULE_SEMANTICS },
	{ "serialNumber", "PASFR12", true, PKI_RULE_SEMANTICS },
	{ "serialNumber", "PASfr-12", true, PKI_RULE_SEMANTICS },
	{ "serialNumber", "PASFR-", true, PKI_RULE_SEMANTICS },
	{ "serialNumber", "XYZFR-12", true, PKI_RULE_SEMANTICS },
	{ "serialNumber", "P", true, PKI_RULE_SEMANTICS },
	{ "serialNumber", "IDCMC-1", true, PKI_RULE_NONE },
	{ "serialNumber", "PNODE-1", true, PKI_RULE_NONE },
	{ "serialNumber", "TINIT-1", true, PKI_RULE_NONE },
	{ "serialNumber", "EI:SE-200007292386", true, PKI_RULE_NONE },
};

static void
r11_r12_r13_r16_name_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(check_cases); i++) {
		struct pki_name name = alice;
		struct pki_err err = { 0 };
		set(&name, check_cases[i].field, check_cases[i].text);
		enum pki_status st = pki_name_check(&name, check_cases[i].natural, &err);
		if ((st == PKI_OK) != (check_cases[i].want_rule == PKI_RULE_NONE) ||
			err.rule != check_cases[i].want_rule)
			fail_msg("%s \"%s\": rule %d, %s", check_cases[i].field,
				check_cases[i].text, (int)err.rule, err.msg);
	}
}

static void
r11_pseudonym_stands_for_the_name(void **state)
{
	(void)state;
	struct pki_name name = alice;
	struct pki_err err = { 0 };
	name.given_name[0] = name.surname[0] = '\0';
	strcpy(name.pseudonym, "Zorro");
	assert_int_equal(pki_name_check(&name, true, &err), PKI_OK);
}

static void
r12_r16_string_types_and_order(void **state)
{
	(void)state;
	static const struct {
		int want_nid, want_type;
	} want[] = {
		{ NID_countryName, V_ASN1_PRINTABLESTRING },
		{ NID_organizationName, V_ASN1_UTF8STRING },
		{ NID_organizationalUnitName, V_ASN1_UTF8STRING },
		{ NID_serialNumber, V_ASN1_PRINTABLESTRING },
		{ NID_surname, V_ASN1_UTF8STRING },
		{ NID_givenName, V_ASN1_UTF8STRING },
		{ NID_commonName, V_ASN1_UTF8STRING },
	};
	struct pki_name name = alice;
	struct pki_name back;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	set(&name, "O", "TEST Org");
	set(&name, "OU", "Unité");
	assert_int_equal(pki_name_encode(&name, &der, &err), PKI_OK);
	const unsigned char *p = der.data;
	X509_NAME *x509 = d2i_X509_NAME(NULL, &p, (long)der.len);
	assert_ptr_equal(p, der.data + der.len);
	assert_int_equal(X509_NAME_entry_count(x509), PKI_COUNT(want));
	for (int i = 0; i < (int)PKI_COUNT(want); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(x509, i);
		assert_int_equal(
			OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)), want[i].want_nid);
		assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry)),
			want[i].want_type);
	}
	X509_NAME_free(x509);
	assert_int_equal(pki_name_decode(pki_buf_bytes(&der), &back, &err), PKI_OK);
	assert_memory_equal(&name, &back, sizeof name);

	set(&name, "C", "fr");
	pki_buf_reset(&der);
	assert_int_equal(pki_name_encode(&name, &der, &err), PKI_REFUSED);
	assert_int_equal(der.len, 0);
}

static void
put_attribute(struct pki_der *w, int nid, int type, const char *text, size_t len)
{
	const ASN1_OBJECT *oid = OBJ_nid2obj(nid);
	size_t end = w->at;
	pki_der_put_tagged(w, type, text, len);
	pki_der_put_tagged(w, PKI_DER_OID, OBJ_get0_data(oid), OBJ_length(oid));
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* One more attribute than CN, of this kind; in the same RDN or after it. */
static void
decode_refuses(void **state)
{
	(void)state;
	static const struct {
		int nid, type;
		const char *text;
		int len, same;
		const char *want_text;
	} cases[] = {
		{ NID_pkcs9_emailAddress, V_ASN1_IA5STRING, "a@b", -1, 0,
			"emailAddress" },
		{ NID_commonName, V_ASN1_UTF8STRING, "again", -1, 0, "twice" },
		{ NID_surname, V_ASN1_T61STRING, "Martin", -1, 0, "UTF8String" },
		{ NID_surname, V_ASN1_BMPSTRING, "\0M", 2, 0, "UTF8String" },
		{ NID_surname, V_ASN1_UTF8STRING, "Mar\0tin", 7, 0, "NUL" },
		{ NID_surname, V_ASN1_UTF8STRING, "", 0, 0, "empty" },
		{ NID_surname, V_ASN1_UTF8STRING, "\xff", 1, 0, "UTF-8" },
		{ NID_surname, V_ASN1_UTF8STRING, "Martin", -1, 1, "multi-valued" },
		{ NID_countryName, V_ASN1_PRINTABLESTRING, "FRA", -1, 0, "longer" },
		{ NID_countryName, V_ASN1_PRINTABLESTRING, "fr", -1, 0, "upper-case" },
		{ NID_surname, V_ASN1_UTF8STRING, A64 A64 A64 A64 A64, -1, 0, "longer" },
		{ NID_surname, V_ASN1_UTF8STRING, A64 "a", -1, 0, "65 characters" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint8_t room[512];
		struct pki_der w = { room, sizeof room, false };
		struct pki_name name;
		struct pki_err err = { 0 };
		size_t len = cases[i].len < 0 ? strlen(cases[i].text)
					      : (size_t)cases[i].len;
		put_attribute(&w, cases[i].nid, cases[i].type, cases[i].text, len);
		if (!cases[i].same)
			pki_der_wrap(&w, PKI_DER_SET, sizeof room);
		size_t end = cases[i].same ? sizeof room : w.at;
		put_attribute(&w, NID_commonName, V_ASN1_UTF8STRING, "x", 1);
		pki_der_wrap(&w, PKI_DER_SET, end);
		pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
		struct pki_bytes der = { room + w.at, sizeof room - w.at };
		assert_int_equal(pki_name_decode(der, &name, &err), PKI_INPUT);
		if (strstr(err.msg, cases[i].want_text) == NULL)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* No octet too few or too many anywhere, no RDN without an attribute, no length that is
 * long. */
static void
only_der_is_a_name(void **state)
{
	(void)state;
	struct pki_name back;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	assert_int_equal(pki_name_encode(&alice, &der, &err), PKI_OK);
	for (size_t len = 0; len < der.len; len++) {
		struct pki_bytes part = { der.data, len };
		assert_int_equal(pki_name_decode(part, &back, &err), PKI_INPUT);
	}
	assert_int_equal(pki_buf_append(&der, "", 1, &err), PKI_OK);
	assert_int_equal(pki_name_decode(pki_buf_bytes(&der), &back, &err), PKI_INPUT);
	static const struct {
		const char *octets;
		size_t len;
		enum pki_status want;
	} cases[] = {
		{ "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x", 14, PKI_OK },
		{ "\x30\x02\x31\x00", 4, PKI_INPUT },
		{ "\x30\x81\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x", 15,
			PKI_INPUT },
		{ "\x30\x0d\x31\x81\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x", 15,
			PKI_INPUT },
		{ "\x30\x80\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x\0\0", 16,
			PKI_INPUT },
		{ "\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x01x", 14,
			PKI_INPUT },
		{ "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x1f\x01x", 14,
			PKI_INPUT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_bytes in = { (const uint8_t *)cases[i].octets, cases[i].len };
		assert_int_equal(pki_name_decode(in, &back, &err), cases[i].want);
	}
}

static void
text_is_rfc4514(void **state)
{
	(void)state;
	static const struct {
		struct pki_name name;
		size_t size;
		const char *want;
	} cases[] = {
		{ { .country = "FR",
			  .serial_number = "PASFR-1",
			  .common_name = "TEST A" },
			100, "CN=TEST A,serialNumber=PASFR-1,C=FR" },
		{ { .country = "MC", .common_name = "#a,b+c\"d\\e<f>;" }, 100,
			"CN=\\#a\\,b\\+c\\\"d\\\\e\\<f\\>\\;,C=MC" },
		{ { .common_name = "abcdefgh" }, 8, "CN=abc" },
		{ { .common_name = "abc" }, 1, "" },
		{ { .country = "" }, 10, "" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char text[100];
		pki_name_text(&cases[i].name, text, cases[i].size);
		assert_string_equal(text, cases[i].want);
	}
}

static void
r15_same_name_same_hash(void **state)
{
	(void)state;
	static const struct {
		const char *cn;
		bool want_same;
	} cases[] = {
		{ "TEST Élise Łucja Ωmega Жук", true },
		{ "test élise łucja ωmega жук", true },
		{ "TEST  ÉLISE   ŁUCJA ΩMEGA ЖУК", true },
		{ "TEST Elise Łucja Ωmega Жук", false },
		{ "TESTÉlise Łucja Ωmega Жук", false },
	};
	uint8_t first[PKI_SHA256] = { 0 };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_name name = alice;
		struct pki_err err = { 0 };
		uint8_t hash[PKI_SHA256];
		strcpy(name.common_name, cases[i].cn);
		assert_int_equal(pki_name_hash(&name, hash, &err), PKI_OK);
		if (i == 0)
			memcpy(first, hash, sizeof first);
		assert_int_equal(
			memcmp(first, hash, sizeof first) == 0, cases[i].want_same);
	}
	struct pki_name bad = { .common_name = "\xff" };
	struct pki_err err = { 0 };
	assert_int_equal(pki_name_hash(&bad, first, &err), PKI_REFUSED);
}

static void
r109_same_identifier_however_written(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "PASFR-12AB34567", "PASFR12AB34567" },
		{ "PASFR-12ab 345-67", "PASFR12AB34567" },
		{ "pasfr-12AB.345/67", "PASFR12AB34567" },
		{ "MC:FR-AB 12:3", "MC:FRAB123" },
		{ "", "" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_name name = alice;
		char key[PKI_IDENTIFIER_TEXT];
		strcpy(name.serial_number, cases[i][0]);
		pki_name_identifier(&name, key);
		assert_string_equal(key, cases[i][1]);
	}
}

static void
hash_both(const struct pki_name *name, uint8_t key[PKI_SHA256], uint8_t hash[PKI_SHA256])
{
	struct pki_err err = { 0 };
	assert_int_equal(pki_name_key(name, key, &err), PKI_OK);
	assert_int_equal(pki_name_hash(name, hash, &err), PKI_OK);
}

/* Names equal by RFC 5280 7.1 that version 0.1.0 took for two. */
static void
r15_r108_same_name_same_key(void **state)
{
	(void)state;
	static const struct {
		const char *field, *text, *other;
		bool want_same;
	} cases[] = {
		{ "GN", "Ren\u00e9", "Rene\u0301", true },
		{ "GN", "Claire", "Claire\u00a0", true },
		{ "GN", "Claire", "Cl\u00adaire", true },
		{ "GN", "Claire", "Claire\u061c", true },
		{ "GN", "Claire", "Claire\u2060", true },
		{ "SN", "Gro\u00df", "GROSS", true },
		{ "SN", "Nguy\u1ec5n", "NGUY\u1ec4N", true },
		{ "SN", "\u0386\u03bd", "\u03ac\u03bd", true },
		{ "CN", "Ren\u00e9", "Rene", false },
		{ "serialNumber", "PASFR-1", "PASFR-2", false },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint8_t key[2][PKI_SHA256], hash[2][PKI_SHA256];
		struct pki_name name = alice;
		set(&name, cases[i].field, cases[i].text);
		hash_both(&name, key[0], hash[0]);
		set(&name, cases[i].field, cases[i].other);
		hash_both(&name, key[1], hash[1]);
		if ((memcmp(key[0], key[1], PKI_SHA256) == 0) != cases[i].want_same)
			fail_msg("%s and %s", cases[i].text, cases[i].other);
		assert_memory_not_equal(hash[0], hash[1], PKI_SHA256);
	}
}

/* The same text in another attribute is another name. */
static void
r108_the_key_tells_attributes_apart(void **state)
{
	(void)state;
	struct pki_name a = { .common_name = "A", .surname = "B" };
	struct pki_name b = { .common_name = "B", .surname = "A" };
	struct pki_name c = { .given_name = "A", .surname = "B" };
	uint8_t key[3][PKI_SHA256], hash[PKI_SHA256];
	hash_both(&a, key[0], hash);
	hash_both(&b, key[1], hash);
	hash_both(&c, key[2], hash);
	assert_memory_not_equal(key[0], key[1], PKI_SHA256);
	assert_memory_not_equal(key[0], key[2], PKI_SHA256);
}

/* A name that is read from a certificate may break these rules, a new name may not. */
static void
r108_r110_new_names(void **state)
{
	(void)state;
	static const struct {
		const char *field, *text;
		enum pki_rule want_rule;
		const char *want_text;
	} cases[] = {
		{ "GN", "Ren\u00e9 O'Brien", PKI_RULE_NONE, NULL },
		{ "GN", "Rene\u0301", PKI_RULE_NAMES, "NFC" },
		{ "GN", "Claire\u00a0", PKI_RULE_NAMES, "U+00A0" },
		{ "SN", "Cl\u00adaire", PKI_RULE_NAMES, "U+00AD" },
		{ "CN", "Claire\u061c", PKI_RULE_NAMES, "U+061C" },
		{ "O", "Claire\ufffd", PKI_RULE_NAMES, "U+FFFD" },
		{ "CN", "A\U000f0000", PKI_RULE_NAMES, "U+F0000" },
		{ "C", "GB", PKI_RULE_NONE, NULL },
		{ "C", "UK", PKI_RULE_COUNTRY, "UK" },
		{ "serialNumber", "PASXK-1", PKI_RULE_COUNTRY, "XK" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_name name = alice;
		struct pki_err err = { 0 };
		set(&name, cases[i].field, cases[i].text);
		assert_int_equal(pki_name_check(&name, true, &err), PKI_OK);
		enum pki_status status = pki_name_check_new(&name, true, &err);
		assert_int_equal(status == PKI_OK, cases[i].want_rule == PKI_RULE_NONE);
		assert_int_equal(err.rule, cases[i].want_rule);
		if (cases[i].want_text != NULL)
			assert_non_null(strstr(err.msg, cases[i].want_text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r11_r12_r13_r16_name_check),
		cmocka_unit_test(r11_pseudonym_stands_for_the_name),
		cmocka_unit_test(r12_r16_string_types_and_order),
		cmocka_unit_test(decode_refuses),
		cmocka_unit_test(only_der_is_a_name),
		cmocka_unit_test(text_is_rfc4514),
		cmocka_unit_test(r15_same_name_same_hash),
		cmocka_unit_test(r109_same_identifier_however_written),
		cmocka_unit_test(r15_r108_same_name_same_key),
		cmocka_unit_test(r108_r110_new_names),
		cmocka_unit_test(r108_the_key_tells_attributes_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
