#include <openssl/cms.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "libpki/asn1/der.h"
#include "libpki/cms/cms_priv.h"
#include "tests/unit/common/fixture.h"

static struct fixture_id ca, claire, david;
static const char text[] = "{\"what\":\"is signed\"}";
static const struct pki_bytes content = { (const uint8_t *)text, sizeof text - 1 };

static int
setup(void **state)
{
	(void)state;
	ca = fixture_ca();
	claire =
		fixture_make(&(struct fixture_spec){ .common_name = "TEST Claire" }, &ca);
	david = fixture_make(&(struct fixture_spec){ .common_name = "TEST David",
				     .alg = PKI_ALG_P384 },
		&ca);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_free(&ca);
	fixture_free(&claire);
	fixture_free(&david);
	return 0;
}

static struct pki_buf
sign(const struct fixture_id *id)
{
	struct pki_err err = { 0 };
	struct pki_buf der = { 0 };
	assert_int_equal(pki_cms_sign(content, id->key, id->cert, &der, &err), PKI_OK);
	return der;
}

static struct pki_buf
cosign(struct pki_buf *first, const struct fixture_id *id)
{
	struct pki_err err = { 0 };
	struct pki_buf der = { 0 };
	if (pki_cms_cosign(pki_buf_bytes(first), id->key, id->cert, &der, &err) != PKI_OK)
		fail_msg("%s", err.msg);
	pki_buf_free(first);
	return der;
}

static enum pki_status
open_at(struct pki_bytes der, pki_time at, struct pki_err *err)
{
	struct pki_cms cms;
	*err = (struct pki_err){ 0 };
	enum pki_status status = pki_cms_open(der, ca.cert, at, NULL, &cms, err);
	pki_cms_close(&cms);
	return status;
}

static void
two_officers_sign_one_content(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_cms_cache *cache = NULL;
	assert_int_equal(pki_cms_cache_new(&cache, &err), PKI_OK);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
	der = cosign(&der, &david);
	for (int round = 0; round < 3; round++) { /* the cache is filled, then used */
		struct pki_cms cms;
		pki_time now = pki_time_now();
		assert_int_equal(pki_cms_open(pki_buf_bytes(&der), ca.cert, now, cache,
					 &cms, &err),
			PKI_OK);
		assert_int_equal(cms.signer_count, 2);
		assert_true(pki_bytes_equal(
			cms.content.data, cms.content.len, content.data, content.len));
		unsigned seen = 0;
		for (size_t i = 0; i < 2; i++) {
			struct pki_bytes got = pki_cert_get0_der(cms.signers[i].cert);
			struct pki_bytes c = pki_cert_get0_der(claire.cert);
			seen |= pki_bytes_equal(got.data, got.len, c.data, c.len) ? 1 : 2;
			assert_in_range(
				cms.signers[i].signed_at, (now - 60) * 1000, now * 1000);
		}
		assert_int_equal(seen, 3);
		pki_cms_close(&cms);
	}
	pki_cms_cache_free(cache);
}

static void
rsa_signs_too(void **state)
{
	(void)state;
	struct pki_err err;
	struct fixture_id rsa = fixture_make(
		&(struct fixture_spec){ .common_name = "TEST R", .alg = PKI_ALG_RSA3072 },
		&ca);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&rsa);
	assert_int_equal(open_at(pki_buf_bytes(&der), pki_time_now(), &err), PKI_OK);
	fixture_free(&rsa);
}

/* CMS leaves parts unsigned (digestAlgorithms): what opens is what was signed, by who
 * signed. */
static void
r210_no_changed_octet_changes_what_was_signed(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
	size_t opened = 0;
	for (size_t i = 0; i < der.len; i++) {
		struct pki_err err = { 0 };
		struct pki_cms cms;
		der.data[i] ^= 0x01;
		enum pki_status status = pki_cms_open(
			pki_buf_bytes(&der), ca.cert, pki_time_now(), NULL, &cms, &err);
		if (status == PKI_OK) {
			struct pki_bytes got = pki_cert_get0_der(cms.signers[0].cert);
			struct pki_bytes want = pki_cert_get0_der(claire.cert);
			assert_true(
				pki_bytes_equal(got.data, got.len, want.data, want.len));
			assert_true(pki_bytes_equal(cms.content.data, cms.content.len,
				content.data, content.len));
			opened++;
		} else if (status != PKI_INPUT && status != PKI_OFFICER) {
			fail_msg("octet %zu: status %d: %s", i, status, err.msg);
		}
		pki_cms_close(&cms);
		der.data[i] ^= 0x01;
	}
	assert_true(opened < 16);
}

static void
r210_truncated_or_longer_is_refused(void **state)
{
	(void)state;
	struct pki_err err;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
	for (size_t len = 0; len < der.len; len += 7) {
		struct pki_bytes part = { der.data, len };
		assert_int_equal(open_at(part, pki_time_now(), &err), PKI_INPUT);
		assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	}
	assert_int_equal(pki_buf_append(&der, "", 1, &err), PKI_OK);
	assert_int_equal(open_at(pki_buf_bytes(&der), pki_time_now(), &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	PKI_CLEANUP(pki_free_ptr) uint8_t *big = calloc(1, PKI_CMS_MAX + 1);
	struct pki_bytes too_big = { big, PKI_CMS_MAX + 1 };
	assert_int_equal(open_at(too_big, pki_time_now(), &err), PKI_LIMIT);
}

/* The same message in BER: a length with an octet too many. */
static void
r210_only_der_is_read(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
	PKI_CLEANUP(pki_buf_free) struct pki_buf ber = { 0 };
	static const uint8_t longer[] = { 0x30, 0x83, 0x00 };
	assert_int_equal(der.data[1], 0x82);
	assert_int_equal(pki_buf_append(&ber, longer, sizeof longer, &err), PKI_OK);
	assert_int_equal(pki_buf_append(&ber, der.data + 2, der.len - 2, &err), PKI_OK);
	assert_int_equal(open_at(pki_buf_bytes(&ber), pki_time_now(), &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	ber.data[1] = 0x80;
	assert_int_equal(open_at(pki_buf_bytes(&ber), pki_time_now(), &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
}

/* A message by OpenSSL's own CMS_sign(), as another tool would make it. */
static struct pki_buf
foreign(int signers, unsigned flags, const EVP_MD *md, int certs)
{
	struct pki_err err = { 0 };
	struct pki_buf out = { 0 };
	BIO *bio = BIO_new_mem_buf(content.data, (int)content.len);
	CMS_ContentInfo *cms =
		CMS_sign(NULL, NULL, NULL, bio, CMS_PARTIAL | CMS_BINARY | flags);
	assert_non_null(cms);
	for (int i = 0; i < signers; i++)
		assert_non_null(CMS_add1_signer(cms, pki_cert_get0_x509(claire.cert),
			pki_key_get0_evp(claire.key), md, flags | CMS_NOCERTS));
	for (int i = 0; i < certs; i++)
		assert_int_equal(
			CMS_add1_cert(
				cms, pki_cert_get0_x509(i == 0 ? claire.cert : ca.cert)),
			1);
	assert_int_equal(CMS_final(cms, bio, NULL, CMS_BINARY | flags), 1);
	uint8_t *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(len > 0);
	assert_int_equal(pki_buf_append(&out, der, (size_t)len, &err), PKI_OK);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(bio);
	return out;
}

static void
r94_r210_what_other_tools_sign(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		unsigned flags;
		const EVP_MD *(*md)(void);
		int certs;
		enum pki_status want_status;
		enum pki_rule want_rule;
	} cases[] = {
		{ "plain", 0, EVP_sha256, 1, PKI_OK, PKI_RULE_NONE },
		{ "with the CA's certificate", CMS_CADES, EVP_sha384, 2, PKI_OK,
			PKI_RULE_NONE },
		{ "SHA-1", 0, EVP_sha1, 1, PKI_INPUT, PKI_RULE_ALGORITHM },
		{ "SHA-224", 0, EVP_sha224, 1, PKI_INPUT, PKI_RULE_ALGORITHM },
		{ "no signed attributes", CMS_NOATTR, EVP_sha256, 1, PKI_INPUT,
			PKI_RULE_ORDER_FORM },
		{ "no certificate", 0, EVP_sha256, 0, PKI_INPUT, PKI_RULE_ORDER_FORM },
		{ "detached", CMS_DETACHED, EVP_sha256, 1, PKI_INPUT,
			PKI_RULE_ORDER_FORM },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err;
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf der =
			foreign(1, cases[i].flags, cases[i].md(), cases[i].certs);
		enum pki_status got = open_at(pki_buf_bytes(&der), pki_time_now(), &err);
		if (got != cases[i].want_status || err.rule != cases[i].want_rule)
			fail_msg("%s: status %d rule %d: %s", cases[i].name, got,
				err.rule, err.msg);
	}
}

static void
r210_only_signed_data_with_a_signer(void **state)
{
	(void)state;
	struct pki_err err;
	BIO *bio = BIO_new_mem_buf(content.data, (int)content.len);
	CMS_ContentInfo *made[] = {
		CMS_data_create(bio, CMS_BINARY),
		CMS_digest_create(bio, EVP_sha256(), CMS_BINARY),
		CMS_sign(pki_cert_get0_x509(claire.cert), pki_key_get0_evp(claire.key),
			NULL, bio, CMS_BINARY),
	};
	for (size_t i = 0; i < PKI_COUNT(made); i++) {
		uint8_t *der = NULL;

		assert_non_null(made[i]);
		CMS_SignerInfo *taken = NULL;
		if (i == 2)
			taken = sk_CMS_SignerInfo_pop(CMS_get0_SignerInfos(made[i]));
		int len = i2d_CMS_ContentInfo(made[i], &der);
		struct pki_bytes bytes = { der, len > 0 ? (size_t)len : 0 };
		assert_int_equal(open_at(bytes, pki_time_now(), &err), PKI_INPUT);
		assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
		OPENSSL_free(der);
		if (taken != NULL)
			sk_CMS_SignerInfo_push(CMS_get0_SignerInfos(made[i]), taken);
		CMS_ContentInfo_free(made[i]);
	}
	BIO_free(bio);
}

/* What no signature covers could be changed by anybody on the way. */
static void
r210_nothing_unsigned_rides_along(void **state)
{
	(void)state;
	for (int crl = 0; crl < 2; crl++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
		const uint8_t *p = der.data;
		CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);
		assert_non_null(cms);
		if (crl) {
			X509_CRL *list = X509_CRL_new();
			assert_int_equal(X509_CRL_sign(list, pki_key_get0_evp(ca.key),
						 EVP_sha256()) > 0,
				1);
			assert_int_equal(CMS_add1_crl(cms, list), 1);
			X509_CRL_free(list);
		} else {
			CMS_SignerInfo *si =
				sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
			assert_int_equal(CMS_unsigned_add1_attr_by_NID(si,
						 NID_pkcs9_unstructuredName,
						 V_ASN1_UTF8STRING, "approved", 8),
				1);
		}
		uint8_t *changed = NULL;
		int len = i2d_CMS_ContentInfo(cms, &changed);
		assert_true(len > (int)der.len);
		struct pki_bytes bytes = { changed, (size_t)len };
		assert_int_equal(open_at(bytes, pki_time_now(), &err), PKI_INPUT);
		assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
		OPENSSL_free(changed);
		CMS_ContentInfo_free(cms);
	}
}

/* The message, with other octets for its version and its set of certificates. */
static struct pki_buf
rebuild(struct pki_bytes cms, uint8_t version, struct pki_bytes certs)
{
	struct pki_err err = { 0 };
	struct pki_buf out = { 0 };
	struct pki_bytes info, type = { 0 }, explicit, data = { 0 }, old_version,
			       digests = { 0 };
	struct pki_bytes inner = { 0 }, old;
	assert_true(pki_der_get(&cms, PKI_DER_SEQUENCE, &info) &&
		    pki_der_get_whole(&info, PKI_DER_OID, &type) &&
		    pki_der_get(&info, PKI_DER_CONSTRUCTED, &explicit) &&
		    pki_der_get(&explicit, PKI_DER_SEQUENCE, &data) &&
		    pki_der_get(&data, PKI_DER_INTEGER, &old_version) &&
		    pki_der_get_whole(&data, PKI_DER_SET, &digests) &&
		    pki_der_get_whole(&data, PKI_DER_SEQUENCE, &inner) &&
		    pki_der_get(&data, PKI_DER_CONSTRUCTED, &old));
	static uint8_t room[1 << 15];
	struct pki_der w = { room, sizeof room, false };
	pki_der_put(&w, data.data, data.len); /* signerInfos */
	pki_der_put_tagged(&w, PKI_DER_CONSTRUCTED, certs.data, certs.len);
	pki_der_put(&w, inner.data, inner.len);
	pki_der_put(&w, digests.data, digests.len);
	pki_der_put_tagged(&w, PKI_DER_INTEGER, &version, 1);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
	pki_der_wrap(&w, PKI_DER_CONSTRUCTED, sizeof room);
	pki_der_put(&w, type.data, type.len);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
	assert_false(w.full);
	assert_int_equal(
		pki_buf_append(&out, room + w.at, sizeof room - w.at, &err), PKI_OK);
	return out;
}

static void
r210_certificates_alone_are_attached(void **state)
{
	(void)state;
	/* CertificateChoices (RFC 5652 10.2.2): [2] v2AttrCert, [3] other */
	static const uint8_t attribute[] = { 0xa2, 0x02, 0x30, 0x00 };
	static const uint8_t other[] = { 0xa3, 0x05, 0x06, 0x01, 0x2a, 0x05, 0x00 };
	struct pki_bytes one = pki_cert_get0_der(claire.cert);
	struct pki_bytes two = pki_cert_get0_der(david.cert);
	const struct {
		const char *name;
		uint8_t version;
		struct pki_bytes parts[3];
		bool good;
	} cases[] = {
		{ "as it was", 1, { one }, true },
		{ "version 3", 3, { one }, true },
		{ "version 5", 5, { one }, false },
		{ "twice", 1, { one, one }, false },
		{ "in one order", 1, { one, two },
			memcmp(one.data, two.data, one.len) < 0 },
		{ "in the other", 1, { two, one },
			memcmp(one.data, two.data, one.len) > 0 },
		{ "an attribute certificate", 1, { one, { attribute, sizeof attribute } },
			false },
		{ "another format", 1, { one, { other, sizeof other } }, false },
		{ "none", 1, { { 0 } }, false },
	};
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf certs = { 0 };
		for (size_t j = 0; j < 3 && cases[i].parts[j].data != NULL; j++)
			assert_int_equal(pki_buf_append(&certs, cases[i].parts[j].data,
						 cases[i].parts[j].len, &err),
				PKI_OK);
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf changed = rebuild(
			pki_buf_bytes(&der), cases[i].version, pki_buf_bytes(&certs));
		enum pki_status status =
			open_at(pki_buf_bytes(&changed), pki_time_now(), &err);
		if (status != (cases[i].good ? PKI_OK : PKI_INPUT) ||
			(!cases[i].good && err.rule != PKI_RULE_ORDER_FORM))
			fail_msg("%s: %d %s", cases[i].name, (int)status, err.msg);
	}
}

static void
r210_one_certificate_signs_once(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_buf out = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf once = sign(&claire);
	assert_int_equal(
		pki_cms_cosign(pki_buf_bytes(&once), claire.key, claire.cert, &out, &err),
		PKI_STATE);
	assert_null(out.data);
	PKI_CLEANUP(pki_buf_free) struct pki_buf twice = foreign(2, 0, EVP_sha256(), 1);
	assert_int_equal(open_at(pki_buf_bytes(&twice), pki_time_now(), &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	assert_non_null(strstr(err.msg, "twice"));
}

static void
r210_at_most_four_sign(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_buf out = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf four = foreign(4, 0, EVP_sha256(), 1);
	assert_int_equal(
		pki_cms_cosign(pki_buf_bytes(&four), david.key, david.cert, &out, &err),
		PKI_STATE);
	PKI_CLEANUP(pki_buf_free) struct pki_buf five = foreign(5, 0, EVP_sha256(), 1);
	assert_int_equal(open_at(pki_buf_bytes(&five), pki_time_now(), &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	assert_non_null(strstr(err.msg, "5 signatures"));
}

static void
r205_only_valid_certificates_of_the_issuer_sign(void **state)
{
	(void)state;
	struct fixture_id other = fixture_ca();
	pki_time now = pki_time_now();
	const struct {
		const char *name;
		struct fixture_spec spec;
		const struct fixture_id *issuer;
	} cases[] = {
		{ "another CA of the same name", { .common_name = "TEST X" }, &other },
		{ "self-signed", { .common_name = "TEST X" }, NULL },
		{ "expired", { .common_name = "TEST X", .not_after = now - 60 }, &ca },
		{ "not yet valid", { .common_name = "TEST X", .not_before = now + 60 },
			&ca },
		{ "no keyUsage for signatures",
			{ .common_name = "TEST X", .key_usage = "critical,keyAgreement" },
			&ca },
		{ "valid now, not when it signed",
			{ .common_name = "TEST X", .not_before = now + 60 }, &ca },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err;
		struct fixture_id id = fixture_make(&cases[i].spec, cases[i].issuer);
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&id);
		pki_time at = i == PKI_COUNT(cases) - 1 ? now + 120 : now;
		enum pki_status got = open_at(pki_buf_bytes(&der), at, &err);
		if (got != PKI_OFFICER || err.rule != PKI_RULE_OFFICER_STATUS)
			fail_msg("%s: status %d rule %d: %s", cases[i].name, got,
				err.rule, err.msg);
		fixture_free(&id);
	}
	fixture_free(&other);
}

/* What was verified for one issuer must not count for another, nor past its dates. */
static void
r205_the_cache_forgets_nothing_that_matters(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_cms_cache *cache = NULL;
	struct fixture_id other = fixture_ca();
	struct pki_cms cms;
	pki_time now = pki_time_now();
	assert_int_equal(pki_cms_cache_new(&cache, &err), PKI_OK);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
	struct pki_bytes bytes = pki_buf_bytes(&der);
	assert_int_equal(pki_cms_open(bytes, ca.cert, now, cache, &cms, &err), PKI_OK);
	pki_cms_close(&cms);
	assert_int_equal(
		pki_cms_open(bytes, other.cert, now, cache, &cms, &err), PKI_OFFICER);
	err = (struct pki_err){ 0 };
	assert_int_equal(
		pki_cms_open(bytes, ca.cert, now + 2 * 366 * PKI_DAY, cache, &cms, &err),
		PKI_OFFICER);
	assert_int_equal(err.rule, PKI_RULE_OFFICER_STATUS);
	pki_cms_cache_free(cache);
	fixture_free(&other);
}

/* However many sign, the last ones are all known, each by its own octets and issuer. */
static void
the_cache_holds_a_day_s_officers(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_cms_cache *cache = NULL;
	struct fixture_id ids[PKI_CMS_CACHE_SLOTS + 1];
	assert_int_equal(pki_cms_cache_new(&cache, &err), PKI_OK);
	for (size_t i = 0; i < PKI_COUNT(ids); i++) {
		ids[i] = fixture_make(
			&(struct fixture_spec){
				.common_name = "TEST Officer", .key = claire.key },
			&ca);
		pki_cms_cache_add(cache, ids[i].cert, ca.cert);
	}
	for (size_t i = 0; i < PKI_COUNT(ids); i++) {
		struct pki_bytes der = pki_cert_get0_der(ids[i].cert);
		assert_ptr_equal(pki_cms_cache_find(cache, der, ca.cert),
			i == 0 ? NULL : ids[i].cert);
		assert_null(pki_cms_cache_find(cache, der, david.cert));
		fixture_free(&ids[i]);
	}
	pki_cms_cache_free(cache);
}

static void
r209_signed_in_the_future(void **state)
{
	(void)state;
	struct pki_err err;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = sign(&claire);
	pki_time now = pki_time_now();
	assert_int_equal(open_at(pki_buf_bytes(&der), now - 290, &err), PKI_OK);
	assert_int_equal(open_at(pki_buf_bytes(&der), now - 310, &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_CLOCK);
}

static void
a_key_signs_only_with_its_certificate(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_buf out = { 0 };
	assert_int_equal(
		pki_cms_sign(content, david.key, claire.cert, &out, &err), PKI_STATE);
	assert_null(out.data);
	err = (struct pki_err){ 0 };
	struct pki_bytes empty = { content.data, 0 };
	assert_int_equal(
		pki_cms_sign(empty, claire.key, claire.cert, &out, &err), PKI_LIMIT);
	err = (struct pki_err){ 0 };
	assert_int_equal(
		pki_cms_cosign(content, claire.key, claire.cert, &out, &err), PKI_INPUT);
}

static enum pki_status
peek(const struct pki_buf *der, struct pki_cms_claim *out, struct pki_err *err)
{
	*err = (struct pki_err){ 0 };
	return pki_cms_peek(pki_buf_bytes(der), ca.cert, out, err);
}

/* Whether a signature verifies is no question of peek. */
static void
peek_reads_content_and_signers(void **state)
{
	(void)state;
	struct pki_err err;
	struct pki_cms_claim claim;
	PKI_CLEANUP(pki_buf_free) struct pki_buf one = sign(&claire);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = cosign(&one, &david);
	for (int altered = 0; altered < 2; altered++) {
		der.data[der.len - 1] ^= (uint8_t)altered;
		assert_int_equal(peek(&der, &claim, &err), PKI_OK);
		assert_int_equal(claim.signer_count, 2);
		int first = pki_serial_compare(
			&claim.signers[0], pki_cert_get0_serial(claire.cert));
		assert_int_equal(pki_serial_compare(&claim.signers[first == 0 ? 0 : 1],
					 pki_cert_get0_serial(claire.cert)),
			0);
		assert_int_equal(pki_serial_compare(&claim.signers[first == 0 ? 1 : 0],
					 pki_cert_get0_serial(david.cert)),
			0);
		assert_int_equal(claim.content.len, content.len);
		assert_memory_equal(claim.content.data, content.data, content.len);
		pki_cms_claim_free(&claim);
	}
	assert_int_equal(open_at(pki_buf_bytes(&der), pki_time_now(), &err), PKI_INPUT);
}

static void
peek_knows_signers_by_key_identifier(void **state)
{
	(void)state;
	struct pki_err err;
	struct pki_cms_claim claim;
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf der = foreign(1, CMS_USE_KEYID, EVP_sha256(), 1);
	assert_int_equal(peek(&der, &claim, &err), PKI_OK);
	assert_int_equal(claim.signer_count, 1);
	assert_int_equal(
		pki_serial_compare(&claim.signers[0], pki_cert_get0_serial(claire.cert)),
		0);
	pki_cms_claim_free(&claim);
}

static void
peek_refuses_what_open_refuses(void **state)
{
	(void)state;
	struct pki_err err;
	struct pki_cms_claim claim;
	struct fixture_id other = fixture_make(
		&(struct fixture_spec){ .common_name = "TEST X", .ca = true }, NULL);
	struct fixture_id hers =
		fixture_make(&(struct fixture_spec){ .common_name = "TEST Y" }, &other);
	const struct {
		struct pki_buf der;
		enum pki_status want_status;
		enum pki_rule want_rule;
	} cases[] = {
		{ foreign(2, 0, EVP_sha256(), 1), PKI_INPUT, PKI_RULE_ORDER_FORM },
		{ foreign(5, 0, EVP_sha256(), 1), PKI_INPUT, PKI_RULE_ORDER_FORM },
		{ foreign(1, 0, EVP_sha256(), 0), PKI_INPUT, PKI_RULE_ORDER_FORM },
		{ sign(&hers), PKI_OFFICER, PKI_RULE_OFFICER_STATUS },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_buf der = cases[i].der;
		assert_int_equal(peek(&der, &claim, &err), cases[i].want_status);
		assert_int_equal(err.rule, cases[i].want_rule);
		assert_int_equal(open_at(pki_buf_bytes(&der), pki_time_now(), &err),
			cases[i].want_status);
		pki_buf_free(&der);
	}
	fixture_free(&hers);
	fixture_free(&other);
}

static enum pki_status
check(const struct pki_buf *der, struct pki_err *err)
{
	*err = (struct pki_err){ 0 };
	return pki_cms_check(pki_buf_bytes(der), ca.cert, NULL, err);
}

static void
check_is_open_without_dates(void **state)
{
	(void)state;
	struct pki_err err;
	pki_time now = pki_time_now();
	struct fixture_id other = fixture_ca();
	struct fixture_id ended = fixture_make(
		&(struct fixture_spec){ .common_name = "TEST X", .not_after = now - 60 },
		&ca);
	struct fixture_id foreign_id =
		fixture_make(&(struct fixture_spec){ .common_name = "TEST X" }, &other);
	PKI_CLEANUP(pki_buf_free) struct pki_buf expired = sign(&ended);
	PKI_CLEANUP(pki_buf_free) struct pki_buf false_ca = sign(&foreign_id);
	assert_int_equal(open_at(pki_buf_bytes(&expired), now, &err), PKI_OFFICER);
	assert_int_equal(check(&expired, &err), PKI_OK);
	assert_int_equal(check(&false_ca, &err), PKI_OFFICER);
	expired.data[expired.len - 1] ^= 1;
	assert_int_equal(check(&expired, &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	fixture_free(&foreign_id);
	fixture_free(&ended);
	fixture_free(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_officers_sign_one_content),
		cmocka_unit_test(rsa_signs_too),
		cmocka_unit_test(r210_no_changed_octet_changes_what_was_signed),
		cmocka_unit_test(r210_truncated_or_longer_is_refused),
		cmocka_unit_test(r94_r210_what_other_tools_sign),
		cmocka_unit_test(r210_only_signed_data_with_a_signer),
		cmocka_unit_test(r210_nothing_unsigned_rides_along),
		cmocka_unit_test(r210_certificates_alone_are_attached),
		cmocka_unit_test(r210_one_certificate_signs_once),
		cmocka_unit_test(r210_at_most_four_sign),
		cmocka_unit_test(r210_only_der_is_read),
		cmocka_unit_test(r205_only_valid_certificates_of_the_issuer_sign),
		cmocka_unit_test(r205_the_cache_forgets_nothing_that_matters),
		cmocka_unit_test(the_cache_holds_a_day_s_officers),
		cmocka_unit_test(r209_signed_in_the_future),
		cmocka_unit_test(check_is_open_without_dates),
		cmocka_unit_test(peek_reads_content_and_signers),
		cmocka_unit_test(peek_knows_signers_by_key_identifier),
		cmocka_unit_test(peek_refuses_what_open_refuses),
		cmocka_unit_test(a_key_signs_only_with_its_certificate),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
