#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>

#include "libpki/base/file.h"
#include "tests/fuzz/crl_peer.h"
#include "tests/unit/common/status_pki.h"

#define NOW ((pki_time)1800000000)
/* Two octets of length for the list and for what is around it */
#define COUNT 1500
#define CORPUS "tests/fuzz/corpus/crl"

static const struct status_ext ca_exts[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0 },
};

/* Serials of each length, those below 2^(8 n - 1) and those above; dates before and after
 * 2050. */
static struct pki_revoked
revoked(uint32_t i)
{
	static const enum pki_reason reasons[] = { PKI_REASON_UNSPECIFIED,
		PKI_REASON_KEY_COMPROMISE, PKI_REASON_CA_COMPROMISE,
		PKI_REASON_AFFILIATION_CHANGED, PKI_REASON_SUPERSEDED,
		PKI_REASON_CESSATION_OF_OPERATION, PKI_REASON_PRIVILEGE_WITHDRAWN };
	struct pki_revoked r = {
		.revoked_at = NOW + (i % 3 == 0 ? 30 * 366 * PKI_DAY : -(pki_time)i),
		.reason = reasons[i % PKI_COUNT(reasons)],
	};
	uint32_t mixed = i * 2654435761u; /* odd: no two are equal */
	r.serial.len = i < 128 ? 1 : 5 + i % (PKI_SERIAL_MAX - 4);
	for (size_t n = 0; n < r.serial.len; n++)
		r.serial.octets[n] = (uint8_t)(mixed >> (8 * (n % 4)));
	if (i < 128)
		r.serial.octets[0] = (uint8_t)(2 * i + 1);
	else
		r.serial.octets[0] |= 1; /* not 0 */
	return r;
}

static struct pki_crl_spec
spec(const struct status_id *ca, const struct pki_revoked *list, size_t count)
{
	return (struct pki_crl_spec){ .issuer = ca->cert,
		.number = UINT64_MAX,
		.this_update = NOW,
		.next_update = NOW + PKI_DAY,
		.revoked = list,
		.count = count };
}

static void
build_and_compare(const struct status_id *ca, const struct pki_crl_spec *s)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	assert_int_equal(pki_crl_build(s, ca->key, &crl, &err), PKI_OK);
	assert_int_equal(pki_crl_verify(crl, ca->cert, &err), PKI_OK);
	assert_true(peer_agrees(crl));
	for (size_t i = 0; i < s->count; i++) {
		struct pki_revoked found;
		assert_true(pki_crl_find(crl, &s->revoked[i].serial, &found));
		assert_int_equal(found.revoked_at, s->revoked[i].revoked_at);
		assert_int_equal(found.reason, s->revoked[i].reason);
	}
	struct pki_bytes der = pki_crl_get0_der(crl);
	const unsigned char *p = der.data;
	X509_CRL *x509 = d2i_X509_CRL(NULL, &p, (long)der.len);
	assert_int_equal(X509_CRL_verify(x509, pki_key_get0_evp(ca->key)), 1);
	X509_CRL_free(x509);
}

static void
openssl_agrees_on_every_length(void **state)
{
	(void)state;
	static struct pki_revoked list[COUNT];
	struct status_id ca = status_ca("TEST CA");
	for (uint32_t i = 0; i < COUNT; i++)
		list[i] = revoked(i);
	for (size_t count = 0; count <= COUNT; count += count < 16 ? 1 : count / 3) {
		struct pki_crl_spec s = spec(&ca, list, count);
		build_and_compare(&ca, &s);
		s.distribution_point = "http://crl.example/p1.crl";
		s.expired_since = NOW - 1;
		s.next_update = PKI_CRL_LAST;
		build_and_compare(&ca, &s);
	}
	status_free(&ca);
}

static void
openssl_agrees_with_every_key(void **state)
{
	(void)state;
	static const enum pki_key_alg algs[] = { PKI_ALG_P256, PKI_ALG_P384, PKI_ALG_P521,
		PKI_ALG_ED25519, PKI_ALG_RSA3072 };
	struct pki_revoked list[] = { revoked(200), revoked(300) };
	for (size_t i = 0; i < PKI_COUNT(algs); i++) {
		struct status_id ca = status_make("TEST CA", algs[i], ca_exts, NULL);
		struct pki_crl_spec s = spec(&ca, list, PKI_COUNT(list));
		build_and_compare(&ca, &s);
		status_free(&ca);
	}
}

static void
openssl_agrees_on_the_corpus(void **state)
{
	(void)state;
	size_t parsed = 0;
	DIR *dir = opendir(CORPUS);
	assert_non_null(dir);
	for (struct dirent *file; (file = readdir(dir)) != NULL;) {
		char path[sizeof CORPUS + 1 + sizeof file->d_name];
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
		PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
		if (file->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, CORPUS "/%s", file->d_name);
		assert_int_equal(
			pki_file_read(path, (size_t)1 << 20, &der, &err), PKI_OK);
		if (pki_crl_parse(pki_buf_bytes(&der), &crl, &err) != PKI_OK)
			continue;
		assert_true(peer_agrees(crl));
		parsed++;
	}
	closedir(dir);
	/* those that have names */
	assert_true(parsed >= 5);
}

static void
entries_that_no_crl_can_hold(void **state)
{
	(void)state;
	const struct {
		struct pki_serial serial;
		pki_time revoked_at;
		enum pki_rule want;
	} cases[] = {
		{ { .len = 0 }, NOW, PKI_RULE_SERIAL },
		{ { { 0 }, .len = 1 }, NOW, PKI_RULE_SERIAL },
		{ { { 0, 5 }, .len = 2 }, NOW, PKI_RULE_SERIAL },
		{ { { 1 }, .len = PKI_SERIAL_MAX + 1 }, NOW, PKI_RULE_SERIAL },
		{ { { 1 }, .len = 1 }, -1, PKI_RULE_DATES },
		{ { { 1 }, .len = 1 }, PKI_CRL_LAST + 1, PKI_RULE_DATES },
	};
	struct status_id ca = status_ca("TEST CA");
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_revoked list[] = { revoked(1),
			{ .serial = cases[i].serial,
				.revoked_at = cases[i].revoked_at } };
		struct pki_crl_spec s = spec(&ca, list, PKI_COUNT(list));
		struct pki_crl *crl = NULL;
		struct pki_err err = { 0 };
		assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_REFUSED);
		assert_int_equal(err.rule, cases[i].want);
	}
	struct pki_crl_spec s = spec(&ca, NULL, 0);
	struct pki_crl *crl = NULL;
	struct pki_err err = { 0 };
	s.next_update = PKI_CRL_LAST + 1;
	assert_int_equal(pki_crl_build(&s, ca.key, &crl, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_DATES);
	status_free(&ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_agrees_on_every_length),
		cmocka_unit_test(openssl_agrees_with_every_key),
		cmocka_unit_test(openssl_agrees_on_the_corpus),
		cmocka_unit_test(entries_that_no_crl_can_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
