#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/x509/certify.h"
#include "tests/unit/common/chain.h"

static struct chain chain;
static struct pki_key *key;
static struct pki_cert *cert;

static int
setup(void **state)
{
	struct pki_err err = { 0 };
	(void)state;
	chain_make(&chain);
	if (pki_key_generate(PKI_ALG_P256, &key, &err) != PKI_OK)
		return 1;
	cert = chain_issue(&chain, PKI_KIND_HOLDER_AUTH, key);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pki_cert_free(cert);
	pki_key_free(key);
	chain_free(&chain);
	return 0;
}

static void
getters(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_name name;
	uint8_t id[PKI_KEY_ID], want[PKI_KEY_ID];
	assert_int_equal(pki_cert_not_before(cert), CHAIN_NOW);
	assert_int_equal(pki_cert_not_after(cert), pki_time_add_years(CHAIN_NOW, 3));
	assert_int_equal(pki_cert_subject(cert, &name, &err), PKI_OK);
	assert_memory_equal(&name, &chain_subject, sizeof name);
	assert_int_equal(pki_cert_key_usage(cert), PKI_KU_DIGITAL_SIGNATURE);
	assert_int_equal(
		pki_cert_key_usage(chain.ca), PKI_KU_KEY_CERT_SIGN | PKI_KU_CRL_SIGN);
	assert_false(pki_cert_is_ca(cert));
	assert_true(pki_cert_is_ca(chain.ca));
	assert_true(pki_key_matches(pki_cert_get0_key(cert), key));
	assert_true(pki_cert_subject_key_id(cert, id));
	assert_int_equal(pki_key_id(key, want, &err), PKI_OK);
	assert_memory_equal(id, want, sizeof id);
	char oids[2][PKI_OID_TEXT];
	assert_int_equal(pki_cert_policies(cert, oids, 2), 2);
	assert_string_equal(oids[1], "0.4.0.2042.1.2");
	assert_int_equal(pki_cert_policies(cert, oids, 0), 0);
	assert_int_equal(pki_cert_policies(chain.root, oids, 2), 0);
}

/* OpenSSL reads the same as we do. */
static void
x509_agrees(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_cert *back = NULL;
	X509 *x509 = pki_cert_get0_x509(cert);
	assert_non_null(x509);
	assert_ptr_equal(x509, pki_cert_get0_x509(cert));
	assert_int_equal(X509_verify(x509, pki_key_get0_evp(chain.ca_key)), 1);
	assert_int_equal(X509_get_key_usage(x509), KU_DIGITAL_SIGNATURE);
	assert_int_equal(pki_cert_from_x509(x509, &back, &err), PKI_OK);
	struct pki_bytes a = pki_cert_get0_der(cert);
	struct pki_bytes b = pki_cert_get0_der(back);
	assert_true(pki_bytes_equal(a.data, a.len, b.data, b.len));
	assert_ptr_equal(pki_cert_get0_x509(back), x509);
	pki_cert_free(back);
}

/* X.690 11.1: TRUE is 0xff; strict readers take no other octet for it. */
static void
r07_ca_is_true_in_der(void **state)
{
	(void)state;
	static const uint8_t want[] = { 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00 };
	X509 *x509 = pki_cert_get0_x509(chain.ca);
	int at = X509_get_ext_by_NID(x509, NID_basic_constraints, -1);
	assert_true(at >= 0);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(x509, at));
	assert_int_equal(ASN1_STRING_length(value), sizeof want);
	assert_memory_equal(ASN1_STRING_get0_data(value), want, sizeof want);
}

static void
r17_issuer_is_the_ca_s_subject(void **state)
{
	(void)state;
	struct pki_bytes a = pki_cert_get0_issuer_der(cert);
	struct pki_bytes b = pki_cert_get0_subject_der(chain.ca);
	assert_true(a.len != 0 && pki_bytes_equal(a.data, a.len, b.data, b.len));
}

static void
pem_and_der_parse(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *a = NULL;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *b = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_cert_pem(cert, &pem, &err), PKI_OK);
	assert_int_equal(pki_cert_parse(pki_buf_bytes(&pem), &a, &err), PKI_OK);
	assert_int_equal(pki_cert_parse(pki_cert_get0_der(cert), &b, &err), PKI_OK);
	assert_int_equal(
		pki_serial_compare(pki_cert_get0_serial(a), pki_cert_get0_serial(cert)),
		0);
	assert_int_equal(
		pki_serial_compare(pki_cert_get0_serial(b), pki_cert_get0_serial(cert)),
		0);
}

static void
our_own_parse_the_same(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *own = NULL;
	struct pki_err err = { 0 };
	struct pki_bytes der = pki_cert_get0_der(cert);
	assert_int_equal(pki_cert_parse_own(der, &own, &err), PKI_OK);
	struct pki_bytes same = pki_cert_get0_der(own);
	assert_true(pki_bytes_equal(der.data, der.len, same.data, same.len));
	assert_true(pki_key_matches(pki_cert_get0_key(cert), pki_cert_get0_key(own)));
	assert_int_equal(
		pki_cert_verify(own, chain.ca, pki_cert_not_before(cert), &err), PKI_OK);
}

static void
malformed(void **state)
{
	(void)state;
	static uint8_t zeros[PKI_CERT_MAX + 1];
	static const char key_pem[] =
		"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
	struct pki_bytes der = pki_cert_get0_der(cert);
	PKI_CLEANUP(pki_buf_free) struct pki_buf longer = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_buf_append(&longer, der.data, der.len, &err), PKI_OK);
	assert_int_equal(pki_buf_append(&longer, "", 1, &err), PKI_OK);
	const struct {
		struct pki_bytes in;
		enum pki_status want_status;
	} cases[] = {
		{ { zeros, 0 }, PKI_INPUT },
		{ { zeros, 100 }, PKI_INPUT },
		{ { der.data, der.len - 1 }, PKI_INPUT },
		{ pki_buf_bytes(&longer), PKI_INPUT },
		{ { zeros, sizeof zeros }, PKI_LIMIT },
		{ { (const uint8_t *)key_pem, strlen(key_pem) }, PKI_INPUT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_cert *none = NULL;
		struct pki_err e = { 0 };
		assert_int_equal(
			pki_cert_parse(cases[i].in, &none, &e), cases[i].want_status);
		e = (struct pki_err){ 0 };
		assert_int_equal(
			pki_cert_parse_own(cases[i].in, &none, &e), cases[i].want_status);
		assert_null(none);
	}
	/* whatever one octet is changed to, the parser lives */
	for (size_t i = 0; i < der.len; i++) {
		struct pki_cert *some = NULL;
		struct pki_err e = { 0 };
		longer.data[i] ^= 0x81;
		(void)!pki_cert_parse(
			(struct pki_bytes){ longer.data, der.len }, &some, &e);
		longer.data[i] ^= 0x81;
		pki_cert_free(some);
	}
}

static void
read_names_the_file(void **state)
{
	(void)state;
	struct pki_cert *none = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_cert_read("/nonexistent/x.pem", &none, &err), PKI_IO);
	assert_non_null(strstr(err.object, "x.pem"));
	struct pki_err err2 = { 0 };
	assert_int_equal(pki_cert_read("/dev/null", &none, &err2), PKI_INPUT);
	assert_string_equal(err2.object, "/dev/null");
}

static void
r29_verify_passes(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	assert_int_equal(pki_cert_verify(cert, chain.ca, CHAIN_NOW, &err), PKI_OK);
	assert_int_equal(
		pki_cert_verify(cert, chain.ca, pki_cert_not_after(cert), &err), PKI_OK);
	assert_int_equal(pki_cert_verify(chain.ca, chain.root, CHAIN_NOW, &err), PKI_OK);
	assert_int_equal(
		pki_cert_verify(chain.root, chain.root, CHAIN_NOW, &err), PKI_OK);
}

static void
refused(const struct pki_cert *c, const struct pki_cert *issuer, pki_time at,
	const char *text)
{
	struct pki_err err = { 0 };
	assert_int_equal(pki_cert_verify(c, issuer, at, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_VALIDATION);
	if (strstr(err.msg, text) == NULL)
		fail_msg("%s", err.msg);
}

static void
r29_verify_refuses(void **state)
{
	(void)state;
	struct chain other;
	chain_make(&other);
	refused(cert, chain.root, CHAIN_NOW, "issuer is not");
	refused(cert, chain.ca, CHAIN_NOW - 1, "not valid before");
	refused(cert, chain.ca, pki_cert_not_after(cert) + 1, "expired");
	refused(cert, other.ca, CHAIN_NOW, "another key"); /* same name */
	chain_free(&other);
}

/* A copy of the certificate with some change, signed by the CA again. */
static struct pki_cert *
changed(void (*change)(X509 *x509), struct pki_key *signer)
{
	struct pki_err err = { 0 };
	struct pki_cert *out = NULL;
	X509 *x509 = X509_dup(pki_cert_get0_x509(cert));
	change(x509);
	assert_true(X509_sign(x509, pki_key_get0_evp(signer), pki_key_md(signer)) > 0);
	assert_int_equal(pki_cert_from_x509(x509, &out, &err), PKI_OK);
	X509_free(x509);
	return out;
}

static void
drop_aki(X509 *x509)
{
	int at = X509_get_ext_by_NID(x509, NID_authority_key_identifier, -1);
	X509_EXTENSION_free(X509_delete_ext(x509, at));
}

static void
critical_policies(X509 *x509)
{
	int at = X509_get_ext_by_NID(x509, NID_certificate_policies, -1);
	X509_EXTENSION_set_critical(X509_get_ext(x509, at), 1);
}

static void
become_ca(X509 *x509)
{
	BASIC_CONSTRAINTS bc = { .ca = 1 };
	assert_int_equal(X509_add1_ext_i2d(x509, NID_basic_constraints, &bc, 1, 0), 1);
}

static void
r29_changed_certificates(void **state)
{
	(void)state;
	static const struct {
		void (*change)(X509 *x509);
		bool by_ca;
		const char *want_text;
	} cases[] = {
		{ drop_aki, false, "signature" },
		{ critical_policies, true, "critical extension" },
		{ become_ca, true, "pathLen 0" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_cert *c =
			changed(cases[i].change, cases[i].by_ca ? chain.ca_key : key);
		refused(c, chain.ca, CHAIN_NOW, cases[i].want_text);
		pki_cert_free(c);
	}
}

static void
name_as_issuer(X509 *x509)
{
	assert_int_equal(X509_set_issuer_name(
				 x509, X509_get_subject_name(pki_cert_get0_x509(cert))),
		1);
	drop_aki(x509);
}

static void
r29_end_entity_is_no_issuer(void **state)
{
	(void)state;
	struct pki_cert *c = changed(name_as_issuer, key);
	refused(c, cert, CHAIN_NOW, "not a CA");
	pki_cert_free(c);
}

static void
r01_r02_serials_are_random(void **state)
{
	(void)state;
	enum { DRAWN = 1000 };
	static struct pki_serial serials[DRAWN];
	uint8_t ones[PKI_SERIAL_MAX] = { 0 };
	uint8_t zeros[PKI_SERIAL_MAX] = { 0 };
	struct pki_err err = { 0 };
	for (size_t i = 0; i < DRAWN; i++) {
		assert_int_equal(pki_serial_random(&serials[i], &err), PKI_OK);
		assert_int_equal(serials[i].len, PKI_SERIAL_MAX);
		assert_int_equal(serials[i].octets[0] & 0x80, 0);
		for (size_t j = 0; j < PKI_SERIAL_MAX; j++) {
			ones[j] |= serials[i].octets[j];
			zeros[j] |= (uint8_t)~serials[i].octets[j];
		}
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(
				pki_serial_compare(&serials[i], &serials[j]), 0);
	}
	int free_bits = 0;
	for (size_t j = 0; j < PKI_SERIAL_MAX; j++)
		free_bits += __builtin_popcount(ones[j] & zeros[j]);
	assert_true(free_bits >= 127);
}

static void
r52_partitions_follow_from_the_serial(void **state)
{
	(void)state;
	static const struct {
		const char *serial;
		unsigned partitions, want;
	} cases[] = {
		{ "4000000000000000000000000000000000000001", 0, 0 },
		{ "4000000000000000000000000000000000000001", 1, 1 },
		{ "7fffffffffffffffffffffffffffffffffffffff", 1, 1 },
		{ "4000000000000000000000000000000000000001", 4, 1 },
		{ "4fffffffffffffffffffffffffffffffffffffff", 4, 1 },
		{ "5000000000000000000000000000000000000000", 4, 2 },
		{ "7fffffffffffffffffffffffffffffffffffffff", 4, 4 },
		{ "4003ffffffffffffffffffffffffffffffffffff", 4096, 1 },
		{ "4004000000000000000000000000000000000000", 4096, 2 },
		{ "7fffffffffffffffffffffffffffffffffffffff", 4096, 4096 },
		/* not of this suite's making */
		{ "01", 4, 1 },
		{ "ffffffffffffffffffffffffffffffffffffff", 4, 1 },
		{ "3fffffffffffffffffffffffffffffffffffffff", 4, 1 },
		{ "8000000000000000000000000000000000000000", 4, 4 },
	};
	struct pki_urls urls = { .crl = "http://a.test/ca.crl",
		.crl_base = "http://a.test/crl/" };
	char url[PKI_URL_TEXT], file[PKI_CRL_FILE];
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_serial serial;
		struct pki_err err = { 0 };
		assert_int_equal(
			pki_serial_parse(cases[i].serial, &serial, &err), PKI_OK);
		assert_int_equal(pki_serial_partition(&serial, cases[i].partitions),
			cases[i].want);
	}
	pki_crl_url(&urls, 0, url);
	assert_string_equal(url, urls.crl);
	pki_crl_url(&urls, 4096, url);
	assert_string_equal(url, "http://a.test/crl/4096.crl");
	pki_crl_file(0, file);
	assert_string_equal(file, "ca.crl");
	pki_crl_file(17, file);
	assert_string_equal(file, "crl/17.crl");
}

/* About as many in each, and never one that a greater serial's comes before. */
static void
r52_partitions_are_even(void **state)
{
	(void)state;
	enum { LISTS = 100, DRAWS = 20000 };
	unsigned counts[LISTS + 1] = { 0 };
	struct pki_serial last = { .len = 0 };
	for (int i = 0; i < DRAWS; i++) {
		struct pki_serial serial;
		struct pki_err err = { 0 };
		assert_int_equal(pki_serial_random(&serial, &err), PKI_OK);
		unsigned k = pki_serial_partition(&serial, LISTS);
		assert_in_range(k, 1, LISTS);
		counts[k]++;
		if (last.len != 0 && pki_serial_compare(&last, &serial) < 0)
			assert_true(pki_serial_partition(&last, LISTS) <= k);
		last = serial;
	}
	/* 200 each; seven standard deviations */
	for (int k = 1; k <= LISTS; k++)
		assert_in_range(counts[k], 100, 300);
}

static void
serial_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum pki_status want_status;
		const char *want;
	} cases[] = {
		{ "0a", PKI_OK, "0a" },
		{ "000A", PKI_OK, "0a" },
		{ "ffffffffffffffffffffffffffffffffffffffff", PKI_OK,
			"ffffffffffffffffffffffffffffffffffffffff" },
		{ "ffffffffffffffffffffffffffffffffffffffff00", PKI_LIMIT, NULL },
		{ "", PKI_INPUT, NULL },
		{ "00", PKI_INPUT, NULL },
		{ "abc", PKI_INPUT, NULL },
		{ "0x12", PKI_INPUT, NULL },
		{ "-1", PKI_INPUT, NULL },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_serial serial = { 0 };
		struct pki_err err = { 0 };
		char text[PKI_SERIAL_TEXT];
		assert_int_equal(pki_serial_parse(cases[i].text, &serial, &err),
			cases[i].want_status);
		if (cases[i].want == NULL)
			continue;
		pki_serial_text(&serial, text);
		assert_string_equal(text, cases[i].want);
	}
	struct pki_serial a = { { 2 }, 1 }, b = { { 1, 0 }, 2 };
	assert_true(pki_serial_compare(&a, &b) < 0);
	assert_true(pki_serial_compare(&b, &a) > 0);
}

/* Every kind of certificate is built, and verified by the openssl command line. */
static void
r30_every_profile_builds(void **state)
{
	(void)state;
	static const enum pki_key_alg algs[] = { PKI_ALG_P256, PKI_ALG_P384,
		PKI_ALG_RSA3072 };
	char dir[] = "/tmp/test_cert.XXXXXX";
	char command[256];
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	const struct pki_cert *above[] = { chain.root, chain.ca };
	static const char *const names[] = { "root.pem", "ca.pem" };
	for (size_t i = 0; i < PKI_COUNT(above); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
		struct pki_err err = { 0 };
		assert_int_equal(pki_cert_pem(above[i], &pem, &err), PKI_OK);
		assert_int_equal(
			pki_file_publish(names[i], pem.data, pem.len, 0644, &err),
			PKI_OK);
	}
	for (int kind = PKI_KIND_OFFICER; kind <= PKI_KIND_HOLDER_SIGN; kind++)
		for (size_t i = 0; i < PKI_COUNT(algs); i++) {
			PKI_CLEANUP(pki_key_cleanup) struct pki_key *k = NULL;
			PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
			struct pki_err err = { 0 };
			assert_int_equal(pki_key_generate(algs[i], &k, &err), PKI_OK);
			struct pki_cert *c = chain_issue(&chain, (enum pki_kind)kind, k);
			assert_int_equal(pki_cert_pem(c, &pem, &err), PKI_OK);
			pki_cert_free(c);
			assert_int_equal(
				pki_file_publish("c.pem", pem.data, pem.len, 0644, &err),
				PKI_OK);
			assert_int_equal(
				system("openssl verify -x509_strict -attime 1795694400 -CAfile root.pem -untrusted ca.pem c.pem >log 2>&1 || { cat log; false; }"),
				0);
		}
	snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(chdir("/") | system(command), 0);
}

static pki_time
at(const char *text)
{
	struct pki_err err = { 0 };
	pki_time t = 0;
	assert_int_equal(pki_time_parse(text, &t, &err), PKI_OK);
	return t;
}

/* The last thing before the signature: whoever decided wrongly gets no certificate. */
static void
r04_r30_the_lint_blocks_the_signing(void **state)
{
	(void)state;
	const pki_time end = pki_cert_not_after(chain.ca),
		       leap = at("2028-02-29T12:00:00Z");
	const struct {
		pki_time from, to, document_end;
		enum pki_status want;
		const char *want_text;
	} cases[] = {
		{ CHAIN_NOW, pki_time_add_years(CHAIN_NOW, 3), 0, PKI_OK, NULL },
		{ CHAIN_NOW, pki_time_add_years(CHAIN_NOW, 3) + 1, 0, PKI_REFUSED,
			"three years" },
		{ leap, at("2031-02-28T11:59:59Z"), 0, PKI_OK, NULL },
		{ leap, at("2031-02-28T12:00:00Z"), 0, PKI_REFUSED, "three years" },
		{ leap, at("2031-03-01T11:59:59Z"), 0, PKI_REFUSED, "three years" },
		{ CHAIN_NOW, CHAIN_NOW + PKI_DAY, CHAIN_NOW + PKI_DAY, PKI_OK, NULL },
		{ CHAIN_NOW, CHAIN_NOW + PKI_DAY, CHAIN_NOW + PKI_DAY - 1, PKI_REFUSED,
			"identity document" },
		{ end - PKI_DAY, end, 0, PKI_OK, NULL },
		{ end - PKI_DAY, end + 1, 0, PKI_REFUSED, "issuer's end" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_cert_spec spec = chain_spec(&chain, PKI_KIND_HOLDER_AUTH, key);
		struct pki_cert *made = NULL;
		struct pki_err err = { 0 };
		spec.not_before = cases[i].from;
		spec.not_after = cases[i].to;
		spec.document_end = cases[i].document_end;
		enum pki_status got = pki_certify(&spec, chain.ca_key, &made, &err);
		assert_int_equal(got, cases[i].want);
		pki_cert_free(made);
		if (cases[i].want_text == NULL)
			continue;
		assert_null(made);
		assert_int_equal(err.rule, PKI_RULE_VALIDITY);
		assert_non_null(strstr(err.msg, cases[i].want_text));
	}
}

/* RFC 5280 4.1.2.5: two-digit years end with 2049. */
static void
r03_the_year_2050_is_generalized(void **state)
{
	(void)state;
	static const struct {
		const char *end, *want_der;
	} cases[] = {
		{ "2049-12-31T23:59:59Z", "\x17\x0d"
					  "491231235959Z" },
		{ "2050-01-01T00:00:00Z", "\x18\x0f"
					  "20500101000000Z" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_cert_spec spec =
			chain_spec(&chain, PKI_KIND_ROOT, chain.root_key);
		struct pki_name name = { .country = "MC", .common_name = "TEST Root CA" };
		struct pki_cert *made = NULL;
		struct pki_err err = { 0 };
		spec.subject = &name;
		spec.issuer = NULL;
		spec.not_before = at("2049-01-01T00:00:00Z");
		spec.not_after = at(cases[i].end);
		assert_int_equal(pki_certify(&spec, chain.root_key, &made, &err), PKI_OK);
		assert_int_equal(pki_cert_not_after(made), spec.not_after);
		struct pki_bytes der = pki_cert_get0_der(made);
		assert_non_null(memmem(
			der.data, der.len, cases[i].want_der, strlen(cases[i].want_der)));
		pki_cert_free(made);
	}
}

static void
build_needs_the_issuer_s_key(void **state)
{
	(void)state;
	struct pki_cert_spec spec = chain_spec(&chain, PKI_KIND_HOLDER_AUTH, key);
	struct pki_cert *none = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_certify(&spec, chain.root_key, &none, &err), PKI_STATE);
	assert_null(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(getters),
		cmocka_unit_test(x509_agrees),
		cmocka_unit_test(r07_ca_is_true_in_der),
		cmocka_unit_test(r17_issuer_is_the_ca_s_subject),
		cmocka_unit_test(pem_and_der_parse),
		cmocka_unit_test(our_own_parse_the_same),
		cmocka_unit_test(malformed),
		cmocka_unit_test(read_names_the_file),
		cmocka_unit_test(r29_verify_passes),
		cmocka_unit_test(r29_verify_refuses),
		cmocka_unit_test(r29_changed_certificates),
		cmocka_unit_test(r29_end_entity_is_no_issuer),
		cmocka_unit_test(r01_r02_serials_are_random),
		cmocka_unit_test(r52_partitions_follow_from_the_serial),
		cmocka_unit_test(r52_partitions_are_even),
		cmocka_unit_test(serial_text),
		cmocka_unit_test(r30_every_profile_builds),
		cmocka_unit_test(r04_r30_the_lint_blocks_the_signing),
		cmocka_unit_test(r03_the_year_2050_is_generalized),
		cmocka_unit_test(build_needs_the_issuer_s_key),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
