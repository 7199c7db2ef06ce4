/* SignedData written octet by octet: what is wrong with it is one thing, and it is signed.
 */
#include <openssl/cms.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/cms.h"
#include "libpki/der.h"
#include "tests/unit/common/chain.h"

enum twist {
	NOTHING,
	OTHER_TOOLS_ATTRIBUTE,
	NO_SIGNING_CERTIFICATE,
	CERTIFICATE_BY_SHA384,
	CERTIFICATE_WITHOUT_ISSUER,
	BY_KEY_ID,
	OTHER_KEY_ID,
	KEY_ID_OF_VERSION_1,
	OTHER_ISSUER,
	OTHER_SERIAL,
	OTHER_DIGEST_LISTED,
	DIGEST_NOT_AN_ALGORITHM,
	PARAMETERS_TWICE,
	SIGNED_WITH_OTHER_DIGEST,
	SIGNED_WITH_RSA,
	ATTRIBUTES_UNSORTED,
	ATTRIBUTE_OF_THREE,
	ATTRIBUTES_TOO_MANY,
	OTHER_CONTENT_TYPE,
	DIGEST_TWICE,
	DIGEST_OF_TWO_VALUES,
	DIGEST_AS_TEXT,
	NO_TIME,
	TIME_WITHOUT_SECONDS,
	TIME_IN_LONG_FORM,
	CERTIFICATE_BY_SHA1,
	CERTIFICATE_OF_OTHER_HASH,
	CERTIFICATE_OF_OTHER_ISSUER,
	CERTIFICATE_OF_OTHER_SERIAL,
	CERTIFICATE_BEFORE_ANOTHER,
	CERTIFICATE_TWICE,
	NESTED_TOO_DEEP,
	SEQUENCE_IN_A_PRIMITIVE,
	STRING_IN_PIECES,
	INTEGER_WITH_A_ZERO,
	BOOLEAN_OF_ONE,
	NULL_WITH_CONTENT,
	BITS_LEFT_OVER,
	SIGNED_BY_NOBODY,
	BYTES_BEHIND_SIGNERS,
	TWISTS,
};

/* What the refusal says; NULL: none, it is right. Rule 94 of algorithms that do not fit. */
static const char *const want[TWISTS] = {
	[OTHER_KEY_ID] = "not attached",
	[OTHER_ISSUER] = "not attached",
	[OTHER_SERIAL] = "not attached",
	[KEY_ID_OF_VERSION_1] = "SignerInfo",
	[PARAMETERS_TWICE] = "SignerInfo",
	[ATTRIBUTES_UNSORTED] = "SignerInfo",
	[ATTRIBUTE_OF_THREE] = "SignerInfo",
	[ATTRIBUTES_TOO_MANY] = "SignerInfo",
	[NESTED_TOO_DEEP] = "SignerInfo",
	[SEQUENCE_IN_A_PRIMITIVE] = "SignerInfo",
	[STRING_IN_PIECES] = "SignerInfo",
	[INTEGER_WITH_A_ZERO] = "SignerInfo",
	[BOOLEAN_OF_ONE] = "SignerInfo",
	[NULL_WITH_CONTENT] = "SignerInfo",
	[BITS_LEFT_OVER] = "SignerInfo",
	[OTHER_DIGEST_LISTED] = "digestAlgorithms",
	[DIGEST_NOT_AN_ALGORITHM] = "digestAlgorithms",
	[SIGNED_WITH_OTHER_DIGEST] = "does not fit the digest",
	[SIGNED_WITH_RSA] = "does not fit the digest",
	[OTHER_CONTENT_TYPE] = "no content-type",
	[DIGEST_TWICE] = "no message-digest",
	[DIGEST_OF_TWO_VALUES] = "no message-digest",
	[DIGEST_AS_TEXT] = "no message-digest",
	[NO_TIME] = "no signing-time",
	[TIME_WITHOUT_SECONDS] = "no signing-time",
	[TIME_IN_LONG_FORM] = "no signing-time",
	[CERTIFICATE_BY_SHA1] = "signing-certificate-v2",
	[CERTIFICATE_OF_OTHER_HASH] = "signing-certificate-v2",
	[CERTIFICATE_OF_OTHER_ISSUER] = "signing-certificate-v2",
	[CERTIFICATE_OF_OTHER_SERIAL] = "signing-certificate-v2",
	[CERTIFICATE_BEFORE_ANOTHER] = "signing-certificate-v2",
	[CERTIFICATE_TWICE] = "signing-certificate-v2",
	[SIGNED_BY_NOBODY] = "0 signatures",
	[BYTES_BEHIND_SIGNERS] = "not SignedData",
};

static struct chain chain;
static struct pki_key *key;
static struct pki_cert *officer;
static const char text[] = "{\"what\":\"is signed\"}";

static int
setup(void **state)
{
	struct pki_err err = { 0 };
	(void)state;
	chain_make(&chain);
	if (pki_key_generate(PKI_ALG_P256, &key, &err) != PKI_OK)
		return 1;
	officer = chain_issue(&chain, PKI_KIND_OFFICER, key);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pki_cert_free(officer);
	pki_key_free(key);
	chain_free(&chain);
	return 0;
}

static void
put_oid(struct pki_der *w, int nid)
{
	const ASN1_OBJECT *oid = OBJ_nid2obj(nid);
	pki_der_put_tagged(w, PKI_DER_OID, OBJ_get0_data(oid), OBJ_length(oid));
}

/* The value stands between w->at and end already. */
static void
wrap_attribute(struct pki_der *w, int nid, size_t end)
{
	pki_der_wrap(w, PKI_DER_SET, end);
	put_oid(w, nid);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_digest(struct pki_der *w, int tag, int copies)
{
	struct pki_err err = { 0 };
	uint8_t digest[PKI_SHA256];
	size_t end = w->at;
	assert_int_equal(pki_sha256(text, sizeof text - 1, digest, &err), PKI_OK);
	for (int i = 0; i < copies; i++)
		pki_der_put_tagged(w, tag, digest, sizeof digest);
	wrap_attribute(w, NID_pkcs9_messageDigest, end);
}

/* As the certificate has it, or with its last bit changed. */
static void
put_name(struct pki_der *w, struct pki_bytes name, bool other)
{
	pki_der_put(w, name.data, name.len);
	if (other)
		w->data[w->at + name.len - 1] ^= 1;
}

static void
put_serial(struct pki_der *w, bool other)
{
	const struct pki_serial *serial = pki_cert_get0_serial(officer);
	size_t end = w->at;
	pki_der_put_tagged(w, PKI_DER_INTEGER, serial->octets, serial->len);
	if (other)
		w->data[end - 1] ^= 1;
}

static void
put_cert_id(struct pki_der *w, enum twist twist)
{
	struct pki_bytes der = pki_cert_get0_der(officer);
	const EVP_MD *md = twist == CERTIFICATE_BY_SHA384 ? EVP_sha384()
			   : twist == CERTIFICATE_BY_SHA1 ? EVP_sha1()
							  : EVP_sha256();
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	size_t end = w->at;
	if (twist != CERTIFICATE_WITHOUT_ISSUER) {
		put_serial(w, twist == CERTIFICATE_OF_OTHER_SERIAL);
		size_t names = w->at;
		put_name(w, pki_cert_get0_issuer_der(officer),
			twist == CERTIFICATE_OF_OTHER_ISSUER);
		pki_der_wrap(w, PKI_DER_CONSTRUCTED + GEN_DIRNAME, names);
		pki_der_wrap(w, PKI_DER_SEQUENCE, names);
		pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	}
	assert_int_equal(EVP_Digest(der.data, der.len, hash, &len, md, NULL), 1);
	hash[0] ^= twist == CERTIFICATE_OF_OTHER_HASH;
	pki_der_put_tagged(w, PKI_DER_OCTETS, hash, len);
	if (EVP_MD_get_type(md) != NID_sha256) {
		size_t algorithm = w->at;
		put_oid(w, EVP_MD_get_type(md));
		pki_der_wrap(w, PKI_DER_SEQUENCE, algorithm);
	}
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_signing_certificate(struct pki_der *w, enum twist twist)
{
	size_t end = w->at;
	put_cert_id(w, twist);
	if (twist == CERTIFICATE_BEFORE_ANOTHER)
		put_cert_id(w, NOTHING);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	wrap_attribute(w, NID_id_smime_aa_signingCertificateV2, end);
}

/* What another tool adds: well-formed, or not DER in one way. */
static void
put_others(struct pki_der *w, enum twist twist)
{
	static const struct {
		enum twist twist;
		int tag;
		const char *value;
		size_t len;
	} values[] = {
		{ OTHER_TOOLS_ATTRIBUTE, PKI_DER_SEQUENCE,
			"\x02\x01\x00\x01\x01\xff\x05\x00\x03\x02\x04\xf0\x30\x00\x80\x00",
			16 },
		{ SEQUENCE_IN_A_PRIMITIVE, 0x10, "", 0 },
		{ STRING_IN_PIECES, 0x24, "\x04\x00", 2 },
		{ INTEGER_WITH_A_ZERO, PKI_DER_SEQUENCE, "\x02\x02\x00\x01", 4 },
		{ BOOLEAN_OF_ONE, PKI_DER_SEQUENCE, "\x01\x01\x01", 3 },
		{ NULL_WITH_CONTENT, PKI_DER_SEQUENCE, "\x05\x01\x00", 3 },
		{ BITS_LEFT_OVER, PKI_DER_SEQUENCE, "\x03\x02\x04\xf8", 4 },
		{ NESTED_TOO_DEEP, PKI_DER_SEQUENCE, "", 0 },
	};
	for (size_t i = 0; i < PKI_COUNT(values); i++) {
		size_t end = w->at;
		if (values[i].twist != twist)
			continue;
		pki_der_put_tagged(w, values[i].tag, values[i].value, values[i].len);
		for (int depth = 0; twist == NESTED_TOO_DEEP && depth < 16; depth++)
			pki_der_wrap(w, PKI_DER_SEQUENCE, end);
		wrap_attribute(w, NID_pkcs9_challengePassword, end);
	}
	for (int i = 0; twist == ATTRIBUTES_TOO_MANY && i < 14; i++) {
		size_t end = w->at;
		pki_der_put_tagged(w, PKI_DER_OCTETS, "", 0);
		wrap_attribute(w, NID_pkcs9_challengePassword, end);
	}
}

static void
put_time(struct pki_der *w, enum twist twist)
{
	size_t end = w->at;
	if (twist == NO_TIME)
		return;
	if (twist == TIME_WITHOUT_SECONDS)
		pki_der_put_tagged(w, PKI_DER_UTC_TIME, "2611251200Z", 11);
	else if (twist == TIME_IN_LONG_FORM)
		pki_der_put_time(w, CHAIN_NOW);
	else
		pki_der_put_x509_time(w, CHAIN_NOW);
	wrap_attribute(w, NID_pkcs9_signingTime, end);
}

static void
put_content_type(struct pki_der *w, enum twist twist)
{
	size_t end = w->at;
	put_oid(w, twist == OTHER_CONTENT_TYPE ? NID_pkcs7_signed : NID_pkcs7_data);
	if (twist != ATTRIBUTE_OF_THREE) {
		wrap_attribute(w, NID_pkcs9_contentType, end);
		return;
	}
	pki_der_wrap(w, PKI_DER_SET, end);
	put_oid(w, NID_pkcs9_contentType);
	pki_der_put_tagged(w, PKI_DER_NULL, "", 0);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* In DER's order, which here is that of their lengths. */
static void
put_attributes(struct pki_der *w, enum twist twist)
{
	bool first = twist == ATTRIBUTES_UNSORTED;
	if (first)
		put_content_type(w, twist);
	if (twist != NO_SIGNING_CERTIFICATE)
		put_signing_certificate(w, twist);
	if (twist == CERTIFICATE_TWICE)
		put_signing_certificate(w, twist);
	put_digest(w, twist == DIGEST_AS_TEXT ? PKI_DER_UTF8 : PKI_DER_OCTETS,
		twist == DIGEST_OF_TWO_VALUES ? 2 : 1);
	if (twist == DIGEST_TWICE)
		put_digest(w, PKI_DER_OCTETS, 1);
	put_others(w, twist);
	put_time(w, twist);
	if (!first)
		put_content_type(w, twist);
}

static void
put_algorithm(struct pki_der *w, int nid, int parameters)
{
	size_t end = w->at;
	for (int i = 0; i < parameters; i++)
		pki_der_put_tagged(w, PKI_DER_NULL, "", 0);
	put_oid(w, nid);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_identifier(struct pki_der *w, enum twist twist)
{
	uint8_t id[PKI_KEY_ID];
	size_t end = w->at;
	uint8_t version = twist == BY_KEY_ID || twist == OTHER_KEY_ID ? 3 : 1;
	if (version == 3 || twist == KEY_ID_OF_VERSION_1) {
		assert_true(pki_cert_subject_key_id(officer, id));
		id[0] ^= twist == OTHER_KEY_ID;
		pki_der_put_tagged(w, PKI_DER_CONTEXT, id, sizeof id);
	} else {
		put_serial(w, twist == OTHER_SERIAL);
		put_name(w, pki_cert_get0_issuer_der(officer), twist == OTHER_ISSUER);
		pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	}
	pki_der_put_tagged(w, PKI_DER_INTEGER, &version, 1);
}

static void
put_signer(struct pki_der *w, enum twist twist)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf signature = { 0 };
	uint8_t room[4096];
	struct pki_der set = { room, sizeof room, false };
	size_t end = w->at;
	put_attributes(&set, twist);
	pki_der_wrap(&set, PKI_DER_SET, sizeof room);
	assert_int_equal(
		pki_key_sign(key, room + set.at, sizeof room - set.at, &signature, &err),
		PKI_OK);
	room[set.at] = PKI_DER_CONSTRUCTED;
	pki_der_put_tagged(w, PKI_DER_OCTETS, signature.data, signature.len);
	put_algorithm(w,
		twist == SIGNED_WITH_OTHER_DIGEST ? NID_ecdsa_with_SHA384
		: twist == SIGNED_WITH_RSA        ? NID_rsaEncryption
						  : NID_ecdsa_with_SHA256,
		0);
	pki_der_put(w, room + set.at, sizeof room - set.at);
	put_algorithm(w, NID_sha256, twist == PARAMETERS_TWICE ? 2 : 0);
	put_identifier(w, twist);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_content(struct pki_der *w)
{
	size_t end = w->at;
	pki_der_put_tagged(w, PKI_DER_OCTETS, text, sizeof text - 1);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	put_oid(w, NID_pkcs7_data);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_digest_algorithms(struct pki_der *w, enum twist twist)
{
	size_t end = w->at;
	put_algorithm(w, twist == OTHER_DIGEST_LISTED ? NID_sha384 : NID_sha256, 0);
	if (twist == DIGEST_NOT_AN_ALGORITHM)
		pki_der_put_tagged(w, PKI_DER_OCTETS, "", 0);
	pki_der_wrap(w, PKI_DER_SET, end);
}

static struct pki_bytes
message(enum twist twist, uint8_t *room, size_t size)
{
	struct pki_der w = { room, size, false };
	struct pki_bytes cert = pki_cert_get0_der(officer);
	uint8_t version = 1;
	size_t end = w.at;
	if (twist == BYTES_BEHIND_SIGNERS)
		pki_der_put_tagged(&w, PKI_DER_NULL, "", 0);
	size_t signers = w.at;
	if (twist != SIGNED_BY_NOBODY)
		put_signer(&w, twist);
	pki_der_wrap(&w, PKI_DER_SET, signers);
	size_t certs = w.at;
	pki_der_put(&w, cert.data, cert.len);
	pki_der_wrap(&w, PKI_DER_CONSTRUCTED, certs);
	put_content(&w);
	put_digest_algorithms(&w, twist);
	pki_der_put_tagged(&w, PKI_DER_INTEGER, &version, 1);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(&w, PKI_DER_CONSTRUCTED, end);
	put_oid(&w, NID_pkcs7_signed);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, end);
	assert_false(w.full);
	return (struct pki_bytes){ room + w.at, size - w.at };
}

static void
r94_r210_one_thing_is_wrong(void **state)
{
	(void)state;
	for (int twist = 0; twist < TWISTS; twist++) {
		uint8_t room[8192];
		struct pki_cms cms;
		struct pki_err err = { 0 };
		struct pki_bytes der = message((enum twist)twist, room, sizeof room);
		enum pki_rule rule = want[twist] == NULL ? PKI_RULE_NONE
				     : twist == SIGNED_WITH_OTHER_DIGEST ||
						     twist == SIGNED_WITH_RSA
					     ? PKI_RULE_ALGORITHM
					     : PKI_RULE_ORDER_FORM;
		enum pki_status got =
			pki_cms_open(der, chain.ca, CHAIN_NOW, NULL, &cms, &err);
		if (got != (want[twist] == NULL ? PKI_OK : PKI_INPUT) || err.rule != rule ||
			(want[twist] != NULL && strstr(err.msg, want[twist]) == NULL))
			fail_msg("twist %d: status %d rule %d: %s", twist, (int)got,
				(int)err.rule, err.msg);
		pki_cms_close(&cms);
	}
}

/* What OpenSSL reads, it reads as we wrote it. */
static void
openssl_reads_what_is_right(void **state)
{
	(void)state;
	for (int twist = 0; twist <= (int)BY_KEY_ID; twist++) {
		uint8_t room[8192];
		struct pki_bytes der = message((enum twist)twist, room, sizeof room);
		const uint8_t *p = der.data;
		CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);
		assert_non_null(cms);
		assert_int_equal(CMS_verify(cms, NULL, NULL, NULL, NULL,
					 CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY),
			1);
		CMS_ContentInfo_free(cms);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r94_r210_one_thing_is_wrong),
		cmocka_unit_test(openssl_reads_what_is_right),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
