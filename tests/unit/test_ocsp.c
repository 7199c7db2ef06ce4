#include "libpki/ocsp/ocsp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <openssl/ocsp.h>
#include <string.h>
#include <time.h>

#include "tests/unit/common/status_pki.h"

#define LIFETIME ((pki_time)86400)

static struct status_id ca, delegate;
static struct pki_ocsp_responder *responder;
static struct pki_serial serial = { { 0x12, 0x34 }, 2 };
static const uint8_t nonce_octets[PKI_OCSP_NONCE_MAX + 1] = { 1, 2, 3 };

static int
set_up(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	ca = status_ca("TEST CA");
	delegate = status_delegate(&ca);
	assert_int_equal(pki_ocsp_responder_new(
				 ca.cert, delegate.cert, delegate.key, &responder, &err),
		PKI_OK);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pki_ocsp_responder_free(responder);
	status_free(&delegate);
	status_free(&ca);
	return 0;
}

static struct pki_buf
request_for(const struct pki_cert *issuer, const char *hash, size_t nonce_len)
{
	struct pki_buf der = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(
		pki_ocsp_request_build(issuer, &serial, hash,
			(struct pki_bytes){ nonce_octets, nonce_len }, &der, &err),
		PKI_OK);
	return der;
}

static struct pki_ocsp_request *
parsed(const struct pki_buf *der)
{
	struct pki_ocsp_request *req = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_ocsp_request_parse(pki_buf_bytes(der), &req, &err), PKI_OK);
	return req;
}

static struct pki_buf
respond(const struct pki_buf *request, const struct pki_ocsp_single *answers)
{
	struct pki_buf der = { 0 };
	struct pki_err err = { 0 };
	pki_time now = pki_time_now();
	PKI_CLEANUP(pki_ocsp_request_cleanup)
	struct pki_ocsp_request *req = parsed(request);
	const struct pki_ocsp_content content = { answers, now, now + LIFETIME };
	assert_int_equal(pki_ocsp_respond(responder, req, &content, &der, &err), PKI_OK);
	return der;
}

static OCSP_BASICRESP *
basic_of(const struct pki_buf *der)
{
	const unsigned char *p = der->data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der->len);
	assert_non_null(response);
	assert_ptr_equal(p, der->data + der->len);
	assert_int_equal(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	assert_non_null(basic);
	OCSP_RESPONSE_free(response);
	return basic;
}

static const struct pki_ocsp_single good = { .status = PKI_OCSP_GOOD };
static const struct pki_ocsp_single unissued = { .status = PKI_OCSP_UNISSUED };
static const struct pki_ocsp_single unknown = { .status = PKI_OCSP_UNKNOWN };

static void
answers_verify(void **state)
{
	(void)state;
	pki_time then = pki_time_now() - 100;
	const struct {
		const char *hash;
		size_t nonce_len;
		struct pki_ocsp_single answer;
	} cases[] = {
		{ "SHA1", 0, good },
		{ "SHA256", 0, good },
		{ "SHA384", 32, good },
		{ "SHA512", 1, good },
		{ "SHA256", 128, { PKI_OCSP_REVOKED, then, PKI_REASON_KEY_COMPROMISE } },
		{ "SHA1", 0, { PKI_OCSP_REVOKED, then, PKI_REASON_UNSPECIFIED } },
		{ "SHA256", 32, unissued },
		{ "SHA256", 32, unknown },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_ocsp_result result;
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf request =
			request_for(ca.cert, cases[i].hash, cases[i].nonce_len);
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf response = respond(&request, &cases[i].answer);
		assert_int_equal(pki_ocsp_response_verify(pki_buf_bytes(&response),
					 pki_buf_bytes(&request), ca.cert, pki_time_now(),
					 &result, &err),
			PKI_OK);
		assert_int_equal(result.status, cases[i].answer.status);
		assert_int_equal(result.revoked_at, cases[i].answer.revoked_at);
		assert_int_equal(result.reason, cases[i].answer.reason);
		assert_int_equal(result.next_update - result.this_update, LIFETIME);
	}
}

static int
ext_count_by_oid(OCSP_BASICRESP *basic, const char *oid)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	int at = -1, count = 0;
	while ((at = OCSP_BASICRESP_get_ext_by_OBJ(basic, obj, at)) >= 0)
		count++;
	ASN1_OBJECT_free(obj);
	return count;
}

static pki_time
archive_cutoff(OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *cutoff = OCSP_SINGLERESP_get1_ext_d2i(
		single, NID_id_pkix_OCSP_archiveCutoff, NULL, NULL);
	struct tm tm;
	assert_int_equal(ASN1_TIME_to_tm(cutoff, &tm), 1);
	ASN1_GENERALIZEDTIME_free(cutoff);
	return timegm(&tm);
}

static void
r61_r75_extended_revoke_and_archive_cutoff(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf request = request_for(ca.cert, "SHA256", 0);
	for (int i = 0; i < 2; i++) {
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf der = respond(&request, i == 0 ? &unissued : &good);
		OCSP_BASICRESP *basic = basic_of(&der);
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, 0);
		assert_int_equal(
			ext_count_by_oid(basic, "1.3.6.1.5.5.7.48.1.9"), i == 0 ? 1 : 0);
		/* archiveCutoff and nothing else */
		assert_int_equal(OCSP_SINGLERESP_get_ext_count(single), 1);
		assert_int_equal(archive_cutoff(single), pki_cert_not_before(ca.cert));
		if (i == 0) {
			int reason = -1;
			ASN1_GENERALIZEDTIME *at = NULL;
			assert_int_equal(
				OCSP_single_get0_status(single, &reason, &at, NULL, NULL),
				V_OCSP_CERTSTATUS_REVOKED);
			assert_int_equal(reason, OCSP_REVOKED_STATUS_CERTIFICATEHOLD);
			assert_string_equal((const char *)ASN1_STRING_get0_data(at),
				"19700101000000Z");
		}
		OCSP_BASICRESP_free(basic);
	}
}

static void
r66_by_key_with_delegate(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf request = request_for(ca.cert, "SHA1", 0);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = respond(&request, &good);
	OCSP_BASICRESP *basic = basic_of(&der);
	const ASN1_OCTET_STRING *id = NULL;
	const X509_NAME *name = NULL;
	assert_int_equal(OCSP_resp_get0_id(basic, &id, &name), 1);
	assert_null(name);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	X509_pubkey_digest(pki_cert_get0_x509(delegate.cert), EVP_sha1(), hash, &len);
	assert_int_equal(ASN1_STRING_length(id), 20);
	assert_memory_equal(ASN1_STRING_get0_data(id), hash, 20);
	const STACK_OF(X509) *certs = OCSP_resp_get0_certs(basic);
	assert_int_equal(sk_X509_num(certs), 1);
	assert_int_equal(
		X509_cmp(sk_X509_value(certs, 0), pki_cert_get0_x509(delegate.cert)), 0);
	OCSP_BASICRESP_free(basic);
}

/* A request for count serials, 1, 2, ... */
static struct pki_buf
many(int count)
{
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	const X509 *issuer = pki_cert_get0_x509(ca.cert);
	for (int i = 1; i <= count; i++) {
		ASN1_INTEGER *number = ASN1_INTEGER_new();
		ASN1_INTEGER_set(number, i);
		OCSP_request_add0_id(
			req, OCSP_cert_id_new(EVP_sha256(), X509_get_subject_name(issuer),
				     X509_get0_pubkey_bitstr(issuer), number));
		ASN1_INTEGER_free(number);
	}
	unsigned char *octets = NULL;
	int len = i2d_OCSP_REQUEST(req, &octets);
	struct pki_buf der = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_buf_append(&der, octets, (size_t)len, &err), PKI_OK);
	OPENSSL_free(octets);
	OCSP_REQUEST_free(req);
	return der;
}

static void
r67_one_answer_each(void **state)
{
	(void)state;
	struct pki_ocsp_single answers[PKI_OCSP_CERTIDS_MAX] = { 0 };
	answers[3] =
		(struct pki_ocsp_single){ PKI_OCSP_REVOKED, 1000, PKI_REASON_SUPERSEDED };
	PKI_CLEANUP(pki_buf_free) struct pki_buf request = many(PKI_OCSP_CERTIDS_MAX);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = respond(&request, answers);
	OCSP_BASICRESP *basic = basic_of(&der);
	assert_int_equal(OCSP_resp_count(basic), PKI_OCSP_CERTIDS_MAX);
	for (int i = 0; i < PKI_OCSP_CERTIDS_MAX; i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		ASN1_INTEGER *number = NULL;
		OCSP_id_get0_info(NULL, NULL, NULL, &number,
			(OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single));
		assert_int_equal(ASN1_INTEGER_get(number), i + 1);
		assert_int_equal(OCSP_single_get0_status(single, NULL, NULL, NULL, NULL),
			i == 3 ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD);
	}
	OCSP_BASICRESP_free(basic);

	PKI_CLEANUP(pki_buf_free) struct pki_buf more = many(PKI_OCSP_CERTIDS_MAX + 1);
	struct pki_ocsp_request *req = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(
		pki_ocsp_request_parse(pki_buf_bytes(&more), &req, &err), PKI_LIMIT);
	PKI_CLEANUP(pki_buf_free) struct pki_buf none = many(0);
	err = (struct pki_err){ 0 };
	assert_int_equal(
		pki_ocsp_request_parse(pki_buf_bytes(&none), &req, &err), PKI_INPUT);
}

/* Each form of a request with a SHA-1 CertID: as nearly all write it, with a serial whose
 * top bit is set, without the algorithm's NULL. */
static void
r67_cert_id_as_it_was_sent(void **state)
{
	(void)state;
	enum { CERT_ID = 8, PARAMETERS = 19 };
	static const uint8_t first_octets[] = { 0x12, 0x92 };
	for (size_t i = 0; i < 8; i++) {
		serial.octets[0] = first_octets[i / 4];
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf der = request_for(ca.cert, "SHA1", i % 2 * 16);
		if (i / 2 % 2 != 0) {
			for (size_t length = 1; length < CERT_ID + 4; length += 2)
				der.data[length] -= 2;
			der.len -= 2;
			memmove(der.data + PARAMETERS, der.data + PARAMETERS + 2,
				der.len - PARAMETERS);
		}
		PKI_CLEANUP(pki_buf_free) struct pki_buf response = respond(&der, &good);
		assert_non_null(memmem(response.data, response.len, der.data + CERT_ID,
			der.data[CERT_ID + 1] + 2U));
	}
	serial.octets[0] = first_octets[0];
}

static void
files_are_named_as_a_get_asks(void **state)
{
	static const struct {
		uint8_t request[4];
		size_t len;
		const char *want;
	} cases[] = {
		{ { 0, 0, 0x3e }, 3, "/e/AAA+" },
		{ { 0, 0x0f, 0xc0 }, 3, "/e/AA/A" },
		{ { 0, 0, 0x3f }, 3, "/e/AAA/index.html" },
		{ { 0, 0, 0x3f, 0 }, 4, "/e/AAA/AA==" },
	};
	char path[PATH_MAX], dir[PATH_MAX];
	struct pki_err err = { 0 };
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_bytes request = { cases[i].request, cases[i].len };
		assert_int_equal(pki_ocsp_file("/e", request, path, &err), PKI_OK);
		assert_string_equal(path, cases[i].want);
	}
	memset(dir, 'd', sizeof dir - 1);
	dir[sizeof dir - 1] = '\0';
	assert_int_equal(
		pki_ocsp_file(dir, (struct pki_bytes){ cases[0].request, 3 }, path, &err),
		PKI_LIMIT);
}

static void
r63_only_der_of_version_1(void **state)
{
	(void)state;
	static const struct {
		uint8_t outer[4]; /* in place of the first two octets: tag and length */
		size_t outer_len;
		uint8_t version[5];
		size_t version_len;
		enum pki_status want;
	} cases[] = {
		{ { 0x30, 0 }, 2, { 0 }, 0, PKI_OK },
		{ { 0x30, 0x81, 0 }, 3, { 0 }, 0, PKI_INPUT },
		{ { 0x30, 0 }, 2, { 0xa0, 3, 2, 1, 0 }, 5, PKI_OK },
		{ { 0x30, 0 }, 2, { 0xa0, 3, 2, 1, 1 }, 5, PKI_INPUT },
		{ { 0x30, 0 }, 2, { 0xa0, 3, 2, 1, 0xff }, 5, PKI_INPUT },
	};
	PKI_CLEANUP(pki_buf_free) struct pki_buf whole = request_for(ca.cert, "SHA1", 0);
	assert_true(whole.data[1] < 0x70 && whole.data[3] == whole.data[1] - 2);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
		PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
		struct pki_err err = { 0 };
		uint8_t more = (uint8_t)cases[i].version_len;
		uint8_t tbs[2] = { 0x30, (uint8_t)(whole.data[3] + more) };
		assert_int_equal(
			pki_buf_append(&der, cases[i].outer, cases[i].outer_len, &err),
			PKI_OK);
		der.data[der.len - 1] = (uint8_t)(whole.data[1] + more);
		assert_int_equal(pki_buf_append(&der, tbs, 2, &err), PKI_OK);
		assert_int_equal(
			pki_buf_append(&der, cases[i].version, more, &err), PKI_OK);
		assert_int_equal(
			pki_buf_append(&der, whole.data + 4, whole.len - 4, &err),
			PKI_OK);
		assert_int_equal(pki_ocsp_request_parse(pki_buf_bytes(&der), &req, &err),
			cases[i].want);
	}
}

static void
r73_reason_in_revoked_info(void **state)
{
	(void)state;
	static const struct {
		enum pki_reason reason;
		int want;
	} cases[] = { { PKI_REASON_UNSPECIFIED, -1 }, { PKI_REASON_KEY_COMPROMISE, 1 },
		{ PKI_REASON_PRIVILEGE_WITHDRAWN, 9 } };
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf request = request_for(ca.cert, "SHA256", 0);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_ocsp_single answer = { PKI_OCSP_REVOKED, 1000,
			cases[i].reason };
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = respond(&request, &answer);
		OCSP_BASICRESP *basic = basic_of(&der);
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, 0);
		int reason = 99;
		OCSP_single_get0_status(single, &reason, NULL, NULL, NULL);
		assert_int_equal(reason, cases[i].want);
		assert_true(
			OCSP_SINGLERESP_get_ext_by_NID(single, NID_crl_reason, -1) < 0);
		OCSP_BASICRESP_free(basic);
	}
}

static void
r62_r65_ours_by_any_hash(void **state)
{
	(void)state;
	static const char *const hashes[] = { "SHA1", "SHA256", "SHA384", "SHA512" };
	struct status_id other = status_ca("TEST Other"),
			 same_name = status_ca("TEST CA");
	for (size_t i = 0; i < PKI_COUNT(hashes); i++) {
		const struct {
			const struct pki_cert *issuer;
			bool want_ours;
		} cases[] = { { ca.cert, true }, { other.cert, false },
			{ same_name.cert, false } };
		for (size_t c = 0; c < PKI_COUNT(cases); c++) {
			PKI_CLEANUP(pki_buf_free)
			struct pki_buf der = request_for(cases[c].issuer, hashes[i], 0);
			PKI_CLEANUP(pki_ocsp_request_cleanup)
			struct pki_ocsp_request *req = parsed(&der);
			assert_int_equal(
				pki_ocsp_is_ours(responder, req, 0), cases[c].want_ours);
			assert_int_equal(
				pki_serial_compare(
					pki_ocsp_request_serial(req, 0), &serial),
				0);
		}
	}
	PKI_CLEANUP(pki_buf_free) struct pki_buf md5 = request_for(ca.cert, "MD5", 0);
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = parsed(&md5);
	assert_false(pki_ocsp_is_ours(responder, req, 0));
	status_free(&other);
	status_free(&same_name);
}

/* CertIDs of our issuer with INTEGERs that are no certificate's serial (RFC 6960 4.1.1). */
static void
r60_serials_that_no_certificate_has(void **state)
{
	(void)state;
	static const struct {
		uint8_t octets[24];
		int len;
		bool negative, want_serial;
	} cases[] = {
		{ { 0 }, 1, false, true },
		{ { 1 }, 1, true, false },
		{ { 0x80 }, 1, true, false },
		{ { 0x7f, 1, 2 }, 20, false, true },
		{ { 0xff, 1, 2 }, 20, false, true },
		{ { 0x01, 1, 2 }, 20, true, false },
		{ { 0x01, 1, 2 }, 21, false, false },
		{ { 0x81, 1, 2 }, 24, false, false },
		{ { 0x81, 1, 2 }, 24, true, false },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 }, response = { 0 };
		PKI_CLEANUP(pki_ocsp_request_cleanup)
		struct pki_ocsp_request *req = NULL;
		struct pki_err err = { 0 };
		OCSP_REQUEST *out = OCSP_REQUEST_new();
		ASN1_INTEGER *number = ASN1_INTEGER_new();
		unsigned char *octets = NULL;
		ASN1_STRING_set(number, cases[i].octets, cases[i].len);
		if (cases[i].negative)
			number->type = V_ASN1_NEG_INTEGER;
		const X509 *issuer = pki_cert_get0_x509(ca.cert);
		OCSP_request_add0_id(
			out, OCSP_cert_id_new(EVP_sha256(), X509_get_subject_name(issuer),
				     X509_get0_pubkey_bitstr(issuer), number));
		int len = i2d_OCSP_REQUEST(out, &octets);
		assert_int_equal(pki_buf_append(&der, octets, (size_t)len, &err), PKI_OK);
		OPENSSL_free(octets);
		ASN1_INTEGER_free(number);
		OCSP_REQUEST_free(out);
		if (pki_ocsp_request_parse(pki_buf_bytes(&der), &req, &err) != PKI_OK)
			fail_msg("case %zu: %s", i, err.msg);
		assert_int_equal(
			pki_ocsp_request_serial(req, 0) != NULL, cases[i].want_serial);
		assert_true(pki_ocsp_is_ours(responder, req, 0));
		const struct pki_ocsp_content content = { &unissued, 1000, 2000 };
		assert_int_equal(
			pki_ocsp_respond(responder, req, &content, &response, &err),
			PKI_OK);
		/* the CertID stands in the response as it was sent */
		const uint8_t *id = memmem(
			der.data, der.len, cases[i].octets + 1, (size_t)cases[i].len - 1);
		assert_true(cases[i].len < 3 || cases[i].negative ||
			    (id != NULL && memmem(response.data, response.len, id,
						   (size_t)cases[i].len - 1) != NULL));
	}
}

static void
r64_nonce_length(void **state)
{
	(void)state;
	static const struct {
		size_t len;
		enum pki_status want;
	} cases[] = { { 1, PKI_OK }, { 32, PKI_OK }, { 128, PKI_OK },
		{ 129, PKI_INPUT } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf der = request_for(ca.cert, "SHA256", cases[i].len);
		assert_int_equal(pki_ocsp_request_parse(pki_buf_bytes(&der), &req, &err),
			cases[i].want);
		if (req == NULL) {
			assert_int_equal(err.rule, PKI_RULE_OCSP_NONCE);
			continue;
		}
		struct pki_bytes nonce = pki_ocsp_request_nonce(req);
		assert_int_equal(nonce.len, cases[i].len);
		assert_memory_equal(nonce.data, nonce_octets, nonce.len);
		PKI_CLEANUP(pki_buf_free) struct pki_buf response = respond(&der, &good);
		OCSP_BASICRESP *basic = basic_of(&response);
		const unsigned char *p = der.data;
		OCSP_REQUEST *raw = d2i_OCSP_REQUEST(NULL, &p, (long)der.len);
		assert_int_equal(OCSP_check_nonce(raw, basic), 1);
		OCSP_REQUEST_free(raw);
		OCSP_BASICRESP_free(basic);
	}
}

/* The request with an extension of these bytes as its value. */
static struct pki_buf
with_extension(const char *oid, int critical, const char *value, size_t len, int times)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf plain = many(1);
	const unsigned char *p = plain.data;
	OCSP_REQUEST *req = d2i_OCSP_REQUEST(NULL, &p, (long)plain.len);
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(octets, (const unsigned char *)value, (int)len);
	X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, obj, critical, octets);
	for (int i = 0; i < times; i++)
		assert_int_equal(OCSP_REQUEST_add_ext(req, ext, -1), 1);
	unsigned char *out = NULL;
	int out_len = i2d_OCSP_REQUEST(req, &out);
	struct pki_buf der = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_buf_append(&der, out, (size_t)out_len, &err), PKI_OK);
	OPENSSL_free(out);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(obj);
	OCSP_REQUEST_free(req);
	return der;
}

static void
r63_r64_malformed_extensions(void **state)
{
	(void)state;
	static const char nonce[] = "1.3.6.1.5.5.7.48.1.2", other[] = "2.999.1";
	static const struct {
		const char *oid;
		int critical;
		const char *value;
		size_t len;
		int times;
		enum pki_status want;
	} cases[] = {
		{ nonce, 0, "\x04\x02hi", 4, 1, PKI_OK },
		{ nonce, 1, "\x04\x02hi", 4, 1, PKI_OK },
		{ nonce, 0, "\x04\x00", 2, 1, PKI_INPUT },
		{ nonce, 0, "hi", 2, 1, PKI_INPUT },
		{ nonce, 0, "", 0, 1, PKI_INPUT },
		{ nonce, 0, "\x04\x02hi!", 5, 1, PKI_INPUT },
		{ nonce, 0, "\x04\x05hi", 4, 1, PKI_INPUT },
		{ nonce, 0, "\x24\x80\x04\x01h\x00\x00", 7, 1, PKI_INPUT },
		{ nonce, 0, "\x04\x02hi", 4, 2, PKI_INPUT },
		{ other, 0, "\x05\x00", 2, 1, PKI_OK },
		{ other, 1, "\x05\x00", 2, 1, PKI_INPUT },
		{ "1.3.6.1.5.5.7.48.1.8", 1, "\x30\x00", 2, 1, PKI_OK },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf der = with_extension(cases[i].oid, cases[i].critical,
			cases[i].value, cases[i].len, cases[i].times);
		if (pki_ocsp_request_parse(pki_buf_bytes(&der), &req, &err) !=
			cases[i].want)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

static void
r63_malformed(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = many(1);
	PKI_CLEANUP(pki_buf_free) struct pki_buf large = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_buf_append(&der, "", 1, &err), PKI_OK);
	assert_int_equal(pki_buf_reserve(&large, PKI_OCSP_REQUEST_MAX + 1, &err), PKI_OK);
	memset(large.data, '0', PKI_OCSP_REQUEST_MAX + 1);
	const struct {
		struct pki_bytes in;
		enum pki_status want;
	} cases[] = {
		{ { NULL, 0 }, PKI_INPUT },
		{ { (const uint8_t *)"\x30\x00", 2 }, PKI_INPUT },
		{ pki_buf_bytes(&der), PKI_INPUT },
		{ { der.data, der.len - 2 }, PKI_INPUT },
		{ { der.data, der.len / 2 }, PKI_INPUT },
		{ { large.data, PKI_OCSP_REQUEST_MAX + 1 }, PKI_LIMIT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_ocsp_request *req = NULL;
		err = (struct pki_err){ 0 };
		assert_int_equal(
			pki_ocsp_request_parse(cases[i].in, &req, &err), cases[i].want);
		assert_null(req);
	}
	struct pki_bytes error = pki_ocsp_error_response(PKI_OCSP_UNAUTHORIZED);
	assert_int_equal(error.len, 5);
	assert_memory_equal(error.data, "\x30\x03\x0a\x01\x06", 5);
	error = pki_ocsp_error_response(PKI_OCSP_MALFORMED);
	assert_memory_equal(error.data, "\x30\x03\x0a\x01\x01", 5);
}

static void
signed_requests_are_answered(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf plain = many(1);
	const unsigned char *p = plain.data;
	OCSP_REQUEST *raw = d2i_OCSP_REQUEST(NULL, &p, (long)plain.len);
	assert_int_equal(OCSP_request_sign(raw, pki_cert_get0_x509(delegate.cert),
				 pki_key_get0_evp(delegate.key), EVP_sha256(), NULL, 0),
		1);
	unsigned char *out = NULL;
	int len = i2d_OCSP_REQUEST(raw, &out);
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	assert_int_equal(pki_ocsp_request_parse(
				 (struct pki_bytes){ out, (size_t)len }, &req, &err),
		PKI_OK);
	assert_int_equal(pki_ocsp_request_count(req), 1);
	OPENSSL_free(out);
	OCSP_REQUEST_free(raw);
}

static void
r70_r71_delegates(void **state)
{
	(void)state;
	struct status_id other_ca = status_ca("TEST CA");
	const struct {
		struct status_ext exts[8];
		const struct status_id *issuer;
		enum pki_rule want;
	} cases[] = {
		{ { { NID_key_usage, "critical,digitalSignature" },
			  { NID_ext_key_usage, "OCSPSigning" },
			  { NID_id_pkix_OCSP_noCheck, "" },
			  { NID_authority_key_identifier, "keyid:always" } },
			&other_ca, PKI_RULE_OCSP_ISSUED_BY_CA },
		{ { { NID_key_usage, "critical,digitalSignature,nonRepudiation" },
			  { NID_ext_key_usage, "OCSPSigning" },
			  { NID_id_pkix_OCSP_noCheck, "" } },
			&ca, PKI_RULE_OCSP_RESPONDER },
		{ { { NID_key_usage, "digitalSignature" },
			  { NID_ext_key_usage, "OCSPSigning" },
			  { NID_id_pkix_OCSP_noCheck, "" } },
			&ca, PKI_RULE_OCSP_RESPONDER },
		{ { { NID_key_usage, "critical,digitalSignature" },
			  { NID_ext_key_usage, "OCSPSigning,clientAuth" },
			  { NID_id_pkix_OCSP_noCheck, "" } },
			&ca, PKI_RULE_OCSP_RESPONDER },
		{ { { NID_key_usage, "critical,digitalSignature" },
			  { NID_id_pkix_OCSP_noCheck, "" } },
			&ca, PKI_RULE_OCSP_RESPONDER },
		{ { { NID_key_usage, "critical,digitalSignature" },
			  { NID_ext_key_usage, "OCSPSigning" } },
			&ca, PKI_RULE_OCSP_RESPONDER },
		{ { { NID_key_usage, "critical,digitalSignature" },
			  { NID_ext_key_usage, "OCSPSigning" },
			  { NID_id_pkix_OCSP_noCheck, "" },
			  { NID_crl_distribution_points,
				  "URI:http://127.0.0.1/ca.crl" } },
			&ca, PKI_RULE_OCSP_RESPONDER },
		{ { { NID_key_usage, "critical,digitalSignature" },
			  { NID_ext_key_usage, "OCSPSigning" },
			  { NID_id_pkix_OCSP_noCheck, "" },
			  { NID_info_access, "OCSP;URI:http://127.0.0.1/" } },
			&ca, PKI_RULE_OCSP_RESPONDER },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_ocsp_responder *r = NULL;
		struct status_id bad = status_make(
			"TEST OCSP", PKI_ALG_P256, cases[i].exts, cases[i].issuer);
		assert_int_equal(
			pki_ocsp_responder_new(ca.cert, bad.cert, bad.key, &r, &err),
			PKI_REFUSED);
		if (err.rule != cases[i].want)
			fail_msg("case %zu: rule %d, %s", i, (int)err.rule, err.msg);
		status_free(&bad);
	}
	struct pki_err err = { 0 };
	struct pki_ocsp_responder *r = NULL;
	assert_int_equal(pki_ocsp_responder_new(ca.cert, delegate.cert, ca.key, &r, &err),
		PKI_STATE);
	status_free(&other_ca);
}

static enum pki_status
verify(const struct pki_buf *response, const struct pki_buf *request,
	const struct pki_cert *issuer, pki_time at)
{
	struct pki_err err = { 0 };
	struct pki_ocsp_result result;
	return pki_ocsp_response_verify(pki_buf_bytes(response), pki_buf_bytes(request),
		issuer, at, &result, &err);
}

static void
false_answers_are_seen(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	struct status_id other = status_ca("TEST CA");
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf request = request_for(ca.cert, "SHA256", 32);
	PKI_CLEANUP(pki_buf_free) struct pki_buf response = respond(&request, &good);
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf foreign = request_for(other.cert, "SHA256", 32);
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf plain = request_for(ca.cert, "SHA256", 0);
	PKI_CLEANUP(pki_buf_free) struct pki_buf unbound = respond(&plain, &good);
	assert_int_equal(verify(&response, &request, ca.cert, now), PKI_OK);
	assert_int_equal(verify(&unbound, &request, ca.cert, now), PKI_INPUT);
	assert_int_equal(verify(&response, &foreign, ca.cert, now), PKI_INPUT);
	assert_int_not_equal(verify(&response, &request, other.cert, now), PKI_OK);
	assert_int_equal(
		verify(&response, &request, ca.cert, now + 2 * LIFETIME), PKI_INPUT);
	assert_int_not_equal(verify(&response, &request, ca.cert, now - 600), PKI_OK);
	/* within the signature */
	size_t at = 0;
	for (size_t i = 0; i + 32 < response.len; i++)
		if (memcmp(response.data + i, nonce_octets, 32) == 0)
			at = i;
	assert_true(at > 0);
	response.data[at] ^= 1;
	assert_int_equal(verify(&response, &request, ca.cert, now), PKI_INPUT);
	struct pki_bytes later = pki_ocsp_error_response(PKI_OCSP_TRY_LATER);
	struct pki_ocsp_result result;
	struct pki_err err = { 0 };
	assert_int_equal(pki_ocsp_response_verify(later, pki_buf_bytes(&request), ca.cert,
				 now, &result, &err),
		PKI_BUSY);
	status_free(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_verify),
		cmocka_unit_test(r61_r75_extended_revoke_and_archive_cutoff),
		cmocka_unit_test(r62_r65_ours_by_any_hash),
		cmocka_unit_test(r60_serials_that_no_certificate_has),
		cmocka_unit_test(r63_malformed),
		cmocka_unit_test(r63_r64_malformed_extensions),
		cmocka_unit_test(r64_nonce_length),
		cmocka_unit_test(r66_by_key_with_delegate),
		cmocka_unit_test(r67_one_answer_each),
		cmocka_unit_test(r70_r71_delegates),
		cmocka_unit_test(r67_cert_id_as_it_was_sent),
		cmocka_unit_test(files_are_named_as_a_get_asks),
		cmocka_unit_test(r63_only_der_of_version_1),
		cmocka_unit_test(r73_reason_in_revoked_info),
		cmocka_unit_test(signed_requests_are_answered),
		cmocka_unit_test(false_answers_are_seen),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
