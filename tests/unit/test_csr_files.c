/* Requests as people's tools and mail programs leave them in files (tests/unit/csr). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/file.h"
#include "libpki/x509/csr.h"

#define ALGS (PKI_ALG_P256 | PKI_ALG_RSA3072)

struct file {
	const char *name;
	enum pki_status want_status;
	enum pki_rule want_rule;
	const char *want_text;
};

static enum pki_status
take(const char *name, struct pki_buf *der, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf in = { 0 };
	PKI_CLEANUP(pki_csr_cleanup) struct pki_csr *csr = NULL;
	char path[128];
	snprintf(path, sizeof path, "tests/unit/csr/%s", name);
	PKI_TRY(pki_file_read(path, PKI_CSR_FILE_MAX, &in, err));
	PKI_TRY(pki_csr_parse(pki_buf_bytes(&in), &csr, err));
	PKI_TRY(pki_csr_check(csr, ALGS, err));
	struct pki_bytes bytes = pki_csr_get0_der(csr);
	return pki_buf_append(der, bytes.data, bytes.len, err);
}

static void
check(const struct file *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
		struct pki_err err = { 0 };
		const struct file *f = &files[i];
		enum pki_status status = take(f->name, &der, &err);
		if (status != f->want_status || err.rule != f->want_rule ||
			(f->want_text != NULL && strstr(err.msg, f->want_text) == NULL))
			fail_msg("%s: status %d, rule %d: %s", f->name, status,
				(int)err.rule, err.msg);
		if (status != PKI_OK && strstr(err.msg, "encrypted") != NULL)
			fail_msg("%s: speaks of an encrypted key: %s", f->name, err.msg);
	}
}

static void
text_around_the_block(void **state)
{
	(void)state;
	static const struct file files[] = {
		{ "text-certtool.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "text-openssl.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "text-crlf.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "text-cr.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "text-utf8-bom.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "text-after.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "bom-utf8.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "bom-utf16le.csr", PKI_INPUT, PKI_RULE_NONE, "UTF-16" },
		{ "bom-utf16be.csr", PKI_INPUT, PKI_RULE_NONE, "UTF-16" },
		{ "headers.csr", PKI_INPUT, PKI_RULE_NONE, "header lines (\"Comment\")" },
		{ "headers-encrypted.csr", PKI_INPUT, PKI_RULE_NONE,
			"header lines (\"Proc-Type\")" },
	};
	check(files, PKI_COUNT(files));
}

static void
pem_is_as_large_as_its_der(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 }, der = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(take("large.csr", &pem, &err), PKI_OK);
	assert_int_equal(take("large.der", &der, &err), PKI_OK);
	assert_true(pem.len > PKI_CSR_MAX - 1024 && der.len > PKI_CSR_MAX - 1024);
}

static void
one_request_in_a_file(void **state)
{
	(void)state;
	static const struct file files[] = {
		{ "two-blocks.csr", PKI_INPUT, PKI_RULE_NONE, "2 PEM blocks" },
		{ "two-labels.csr", PKI_INPUT, PKI_RULE_NONE, "2 PEM blocks" },
	};
	check(files, PKI_COUNT(files));
}

static void
r38_no_private_key_in_the_file(void **state)
{
	(void)state;
	static const char *const names[] = { "then-private-key.csr",
		"private-key-first.csr", "private-key-alone.csr", "private-key-cr.csr",
		"private-key-cut.csr", "private-key-ec.csr", "private-key-sealed.csr" };
	for (size_t i = 0; i < PKI_COUNT(names); i++) {
		struct file f = { names[i], PKI_REFUSED, PKI_RULE_NO_ESCROW,
			"PRIVATE KEY" };
		check(&f, 1);
	}
}

static void
r94_the_digest_of_pss(void **state)
{
	(void)state;
	static const struct file files[] = {
		{ "pss-sha256.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "pss-sha512.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "pss-sha1.csr", PKI_REFUSED, PKI_RULE_ALGORITHM, "sha1" },
		{ "pss-default.csr", PKI_REFUSED, PKI_RULE_ALGORITHM, "sha1" },
		{ "pss-sha224.csr", PKI_REFUSED, PKI_RULE_ALGORITHM, "sha224" },
		{ "pss-sha512-224.csr", PKI_REFUSED, PKI_RULE_ALGORITHM, "sha512-224" },
	};
	check(files, PKI_COUNT(files));
}

static void
r31_rsa_numbers(void **state)
{
	(void)state;
	static const struct file files[] = {
		{ "rsa-good.csr", PKI_OK, PKI_RULE_NONE, NULL },
		{ "rsa-prime.csr", PKI_REFUSED, PKI_RULE_WEAK_KEY, "a prime" },
		{ "rsa-prime-squared.csr", PKI_REFUSED, PKI_RULE_WEAK_KEY, "Fermat" },
		{ "rsa-prime-cubed.csr", PKI_REFUSED, PKI_RULE_WEAK_KEY, "power" },
		{ "rsa-prime-fifth.csr", PKI_REFUSED, PKI_RULE_WEAK_KEY, "power" },
		{ "rsa-factor-5.csr", PKI_REFUSED, PKI_RULE_WEAK_KEY, "factor 5" },
		{ "rsa-factor-739.csr", PKI_REFUSED, PKI_RULE_WEAK_KEY, "factor 739" },
		{ "rsa-negative.csr", PKI_REFUSED, PKI_RULE_WEAK_KEY, "positive" },
		{ "rsa-x500-negative.csr", PKI_INPUT, PKI_RULE_NONE, "rsaEncryption" },
		{ "rsa-x500-oid.csr", PKI_INPUT, PKI_RULE_NONE, "rsaEncryption" },
		{ "rsa-unused-bits.csr", PKI_INPUT, PKI_RULE_NONE, "unused bits" },
	};
	check(files, PKI_COUNT(files));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_around_the_block),
		cmocka_unit_test(pem_is_as_large_as_its_der),
		cmocka_unit_test(one_request_in_a_file),
		cmocka_unit_test(r38_no_private_key_in_the_file),
		cmocka_unit_test(r94_the_digest_of_pss),
		cmocka_unit_test(r31_rsa_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
