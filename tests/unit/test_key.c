#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "libpki/base/file.h"
#include "libpki/x509/key.h"

#define PASS "correct horse"
#define ALL_ALGS \
	(PKI_ALG_P256 | PKI_ALG_P384 | PKI_ALG_P521 | PKI_ALG_ED25519 | PKI_ALG_RSA3072)

static char dir[] = "/tmp/test_key.XXXXXX";

static struct pki_bytes
bytes(const char *text)
{
	return (struct pki_bytes){ (const uint8_t *)text, strlen(text) };
}

static const char *
in_dir(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, const void *data, size_t len)
{
	struct pki_err err = { 0 };
	assert_int_equal(pki_file_publish(in_dir(name), data, len, 0600, &err), PKI_OK);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	(void)state;
	char command[64];
	snprintf(command, sizeof command, "rm -r %s", dir);
	return system(command);
}

static void
alg_names(void **state)
{
	(void)state;
	static const char *const names[] = { "P-256", "P-384", "P-521", "Ed25519",
		"RSA-3072", "RSA-4096" };
	for (size_t i = 0; i < PKI_COUNT(names); i++)
		assert_string_equal(
			pki_key_alg_name(pki_key_alg_by_name(names[i])), names[i]);
	assert_int_equal(pki_key_alg_by_name("P-257"), 0);
	assert_null(pki_key_alg_name(0));
}

/* Generate, seal, open, sign, verify with the public half alone. */
static void
r94_every_algorithm_signs(void **state)
{
	(void)state;
	static const struct {
		enum pki_key_alg alg;
		int want_bits;
		const EVP_MD *(*want_md)(void);
	} cases[] = {
		{ PKI_ALG_P256, 256, EVP_sha256 },
		{ PKI_ALG_P384, 384, EVP_sha384 },
		{ PKI_ALG_P521, 521, EVP_sha512 },
		{ PKI_ALG_ED25519, 256, NULL },
		{ PKI_ALG_RSA3072, 3072, EVP_sha256 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_key_cleanup) struct pki_key *made = NULL;
		PKI_CLEANUP(pki_key_cleanup) struct pki_key *opened = NULL;
		PKI_CLEANUP(pki_key_cleanup) struct pki_key *public = NULL;
		PKI_CLEANUP(pki_buf_free) struct pki_buf sig = { 0 };
		struct pki_err err = { 0 };
		assert_int_equal(pki_key_generate(cases[i].alg, &made, &err), PKI_OK);
		const char *path = in_dir(pki_key_alg_name(cases[i].alg));
		assert_int_equal(pki_key_seal(made, path, bytes(PASS), &err), PKI_OK);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(pki_key_open(path, bytes(PASS), &opened, &err), PKI_OK);
		assert_true(pki_key_matches(made, opened));
		assert_int_equal(pki_key_get_alg(opened), cases[i].alg);
		assert_int_equal(
			EVP_PKEY_get_bits(pki_key_get0_evp(opened)), cases[i].want_bits);
		assert_ptr_equal(pki_key_md(opened),
			cases[i].want_md != NULL ? cases[i].want_md() : NULL);
		assert_int_equal(pki_key_check(opened, ALL_ALGS, &err), PKI_OK);

		assert_int_equal(pki_key_sign(opened, "data", 4, &sig, &err), PKI_OK);
		assert_int_equal(
			pki_key_from_spki(pki_key_get0_spki(opened), &public, &err),
			PKI_OK);
		assert_true(pki_key_matches(made, public));
		struct pki_bytes s = pki_buf_bytes(&sig);
		assert_int_equal(pki_key_verify(public, "data", 4, s, &err), PKI_OK);
		/* the next one is over its own data alone */
		PKI_CLEANUP(pki_buf_free) struct pki_buf next = { 0 };
		assert_int_equal(pki_key_sign(opened, "other", 5, &next, &err), PKI_OK);
		assert_int_equal(
			pki_key_verify(public, "other", 5, pki_buf_bytes(&next), &err),
			PKI_OK);
		assert_int_equal(pki_key_verify(public, "dada", 4, s, &err), PKI_INPUT);
		struct pki_err err2 = { 0 };
		s.len -= 1;
		assert_int_equal(pki_key_verify(public, "data", 4, s, &err2), PKI_INPUT);
	}
}

static void
open_tells_its_errors_apart(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_key_generate(PKI_ALG_P256, &key, &err), PKI_OK);
	assert_int_equal(pki_key_seal(key, in_dir("sealed"), bytes(PASS), &err), PKI_OK);
	BIO *plain = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PrivateKey(
				 plain, pki_key_get0_evp(key), NULL, NULL, 0, NULL, NULL),
		1);
	char *text;
	long len = BIO_get_mem_data(plain, &text);
	put("plain", text, (size_t)len);
	BIO_free(plain);
	BIO *old = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(old, pki_key_get0_evp(key),
				 EVP_aes_256_cbc(), (const unsigned char *)PASS,
				 (int)strlen(PASS), NULL, NULL),
		1);
	len = BIO_get_mem_data(old, &text);
	put("traditional", text, (size_t)len);
	BIO_free(old);
	put("garbage", "\0\1\2", 3);
	put("empty", "", 0);
	static const char broken[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n"
				     "-----END ENCRYPTED PRIVATE KEY-----\n";
	put("broken", broken, strlen(broken));
	static const char other[] =
		"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
	put("other", other, strlen(other));

	static const struct {
		const char *name;
		const char *pass;
		enum pki_status want_status;
		const char *want_text;
	} cases[] = {
		{ "sealed", "wrong", PKI_SECRET, "passphrase" },
		{ "sealed", "", PKI_INPUT, "empty" },
		{ "missing", PASS, PKI_IO, "" },
		{ "garbage", PASS, PKI_INPUT, "PEM" },
		{ "empty", PASS, PKI_INPUT, "PEM" },
		{ "broken", PASS, PKI_INPUT, "EncryptedPrivateKeyInfo" },
		{ "plain", PASS, PKI_INPUT, "not sealed" },
		{ "traditional", PASS, PKI_INPUT, "traditional" },
		{ "other", PASS, PKI_INPUT, "PUBLIC KEY" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_key *none = NULL;
		struct pki_err e = { 0 };
		assert_int_equal(pki_key_open(in_dir(cases[i].name), bytes(cases[i].pass),
					 &none, &e),
			cases[i].want_status);
		assert_null(none);
		assert_non_null(strstr(e.msg, cases[i].want_text));
		assert_non_null(strstr(e.object, cases[i].name));
	}
	/* wrong passphrases whose padding happens to fit must not be taken for a bad file
	 */
	for (int i = 0; i < 20; i++) {
		char pass[16];
		struct pki_key *none = NULL;
		struct pki_err e = { 0 };
		snprintf(pass, sizeof pass, "wrong %d", i);
		assert_int_equal(pki_key_open(in_dir("sealed"), bytes(pass), &none, &e),
			PKI_SECRET);
	}
}

static void
seal_never_overwrites(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_key_generate(PKI_ALG_P256, &key, &err), PKI_OK);
	char uri[140];
	snprintf(uri, sizeof uri, "file:%s", in_dir("once"));
	assert_int_equal(pki_key_seal(key, uri, bytes(PASS), &err), PKI_OK);
	assert_int_equal(pki_key_seal(key, uri, bytes(PASS), &err), PKI_STATE);
	struct pki_err err2 = { 0 };
	assert_int_equal(pki_key_seal(key, in_dir("pass"), bytes(""), &err2), PKI_INPUT);
	assert_false(pki_file_exists(in_dir("pass")));
	struct pki_err err3 = { 0 };
	assert_int_equal(
		pki_key_seal(key, "pkcs11:token=x", bytes(PASS), &err3), PKI_CONFIG);
	struct pki_err err4 = { 0 };
	assert_int_equal(pki_key_open("file:", bytes(PASS), &key, &err4), PKI_CONFIG);
}

/* What officers make with the command line, in both of its key derivations. */
static void
opens_what_openssl_sealed(void **state)
{
	(void)state;
	static const char *const commands[] = {
		"openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:'" PASS
		"' -out %s 2>/dev/null || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:'" PASS
		"' -out %s 2>/dev/null",
		"openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -scrypt -passout pass:'" PASS
		"' -out %s; true %s",
	};
	for (size_t i = 0; i < PKI_COUNT(commands); i++) {
		char command[512];
		char path[128];
		snprintf(path, sizeof path, "%s/openssl-%zu", dir, i);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(command, sizeof command, commands[i], path, path);
#pragma GCC diagnostic pop
		assert_int_equal(system(command), 0);
		PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
		struct pki_err err = { 0 };
		assert_int_equal(pki_key_open(path, bytes(PASS), &key, &err), PKI_OK);
		assert_int_equal(pki_key_get_alg(key), PKI_ALG_P256);
		struct pki_key *none = NULL;
		assert_int_equal(
			pki_key_open(path, bytes("other"), &none, &err), PKI_SECRET);
	}
}

static EVP_PKEY *
rsa_with_exponent(size_t bits, unsigned long e)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *exponent = BN_new();
	BN_set_word(exponent, e);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
	BN_free(exponent);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *
explicit_curve(void)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	assert_int_equal(EVP_PKEY_set_utf8_string_param(
				 pkey, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
		1);
	return pkey;
}

static void
r93_r94_refused_keys(void **state)
{
	(void)state;
	struct {
		EVP_PKEY *pkey;
		unsigned allowed;
		enum pki_rule want_rule;
		const char *want_text;
	} cases[] = {
		{ rsa_with_exponent(2048, 65537), ALL_ALGS, PKI_RULE_RSA_SIZE,
			"2048 bits" },
		{ rsa_with_exponent(3070, 65537), ALL_ALGS, PKI_RULE_RSA_SIZE,
			"3070 bits" },
		{ rsa_with_exponent(3072, 3), ALL_ALGS, PKI_RULE_RSA_SIZE, "exponent" },
		{ rsa_with_exponent(3072, 65537), PKI_ALG_P256, PKI_RULE_ALGORITHM,
			"RSA" },
		{ rsa_with_exponent(3072, 65537), PKI_ALG_RSA4096, PKI_RULE_NONE, NULL },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), ALL_ALGS,
			PKI_RULE_ALGORITHM, "curve" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-224"), ALL_ALGS,
			PKI_RULE_ALGORITHM, "curve" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), PKI_ALG_P256,
			PKI_RULE_ALGORITHM, "P-384" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), ALL_ALGS, PKI_RULE_ALGORITHM,
			"ED448" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), PKI_ALG_P256,
			PKI_RULE_ALGORITHM, "Ed25519" },
		{ explicit_curve(), ALL_ALGS, PKI_RULE_ALGORITHM, "curve" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		/* through their encoding, as a request brings them */
		unsigned char *der = NULL;
		int len = i2d_PUBKEY(cases[i].pkey, &der);
		assert_true(len > 0);
		PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
		struct pki_err err = { 0 };
		struct pki_bytes spki = { der, (size_t)len };
		assert_int_equal(pki_key_from_spki(spki, &key, &err), PKI_OK);
		assert_int_equal(pki_key_check(key, cases[i].allowed, &err),
			cases[i].want_rule == PKI_RULE_NONE ? PKI_OK : PKI_REFUSED);
		assert_int_equal(err.rule, cases[i].want_rule);
		if (cases[i].want_text != NULL)
			if (strstr(err.msg, cases[i].want_text) == NULL)
				fail_msg("%s", err.msg);
		OPENSSL_free(der);
		EVP_PKEY_free(cases[i].pkey);
	}
}

static void
copy_spki(const struct pki_key *key, struct pki_buf *out)
{
	struct pki_err err = { 0 };
	struct pki_bytes spki = pki_key_get0_spki(key);
	assert_int_equal(pki_buf_append(out, spki.data, spki.len, &err), PKI_OK);
}

/* A point off its curve does not even decode. */
static void
r31_point_off_curve(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf spki = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_key_generate(PKI_ALG_P256, &key, &err), PKI_OK);
	copy_spki(key, &spki);
	spki.data[spki.len - 1] ^= 1;
	struct pki_key *none = NULL;
	assert_int_equal(pki_key_from_spki(pki_buf_bytes(&spki), &none, &err), PKI_INPUT);
	assert_null(none);
}

static void
spki_refuses_trailing_octets(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf spki = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_key_generate(PKI_ALG_P256, &key, &err), PKI_OK);
	copy_spki(key, &spki);
	assert_int_equal(pki_buf_append(&spki, "", 1, &err), PKI_OK);
	struct pki_key *none = NULL;
	assert_int_equal(pki_key_from_spki(pki_buf_bytes(&spki), &none, &err), PKI_INPUT);
}

/* A compressed point is the same key: it must not pass for a new one. */
static void
r36_compressed_point_refused(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_key *same = NULL;
	assert_int_equal(pki_key_generate(PKI_ALG_P256, &key, &err), PKI_OK);
	struct pki_bytes spki = pki_key_get0_spki(key);
	/* SEQUENCE { AlgorithmIdentifier (21 octets), BIT STRING { 0, 4, X, Y } } */
	assert_int_equal(spki.len, 91);
	uint8_t compressed[59];
	memcpy(compressed, spki.data, 2 + 21);
	compressed[1] = 57;
	memcpy(compressed + 23, (const uint8_t[]){ 3, 34, 0 }, 3);
	compressed[26] = 2 | (spki.data[90] & 1);
	memcpy(compressed + 27, spki.data + 27, 32);
	assert_int_equal(
		pki_key_from_spki(
			(struct pki_bytes){ compressed, sizeof compressed }, &same, &err),
		PKI_INPUT);
	assert_null(same);
	assert_non_null(strstr(err.msg, "uncompressed"));
}

static void
r06_key_identifier(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	assert_int_equal(pki_key_generate(PKI_ALG_P256, &key, &err), PKI_OK);
	struct pki_bytes spki = pki_key_get0_spki(key);
	uint8_t id[PKI_KEY_ID], want[PKI_SHA256];
	assert_int_equal(pki_key_id(key, id, &err), PKI_OK);
	/* the BIT STRING's value: 04 X Y */
	assert_int_equal(pki_sha256(spki.data + spki.len - 65, 65, want, &err), PKI_OK);
	assert_memory_equal(id, want, PKI_KEY_ID);
}

static void
ed25519_raw(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *same = NULL;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *other = NULL;
	uint8_t raw[32];
	assert_int_equal(pki_key_generate(PKI_ALG_ED25519, &key, &err), PKI_OK);
	assert_int_equal(pki_key_raw_public(key, raw, &err), PKI_OK);
	assert_int_equal(pki_key_from_raw_ed25519(raw, &same, &err), PKI_OK);
	assert_true(pki_key_matches(key, same));
	assert_int_equal(pki_key_generate(PKI_ALG_P256, &other, &err), PKI_OK);
	assert_false(pki_key_matches(key, other));
	assert_int_equal(pki_key_raw_public(other, raw, &err), PKI_STATE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alg_names),
		cmocka_unit_test(r94_every_algorithm_signs),
		cmocka_unit_test(open_tells_its_errors_apart),
		cmocka_unit_test(seal_never_overwrites),
		cmocka_unit_test(opens_what_openssl_sealed),
		cmocka_unit_test(r93_r94_refused_keys),
		cmocka_unit_test(r31_point_off_curve),
		cmocka_unit_test(spki_refuses_trailing_octets),
		cmocka_unit_test(r36_compressed_point_refused),
		cmocka_unit_test(r06_key_identifier),
		cmocka_unit_test(ed25519_raw),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
