#include "libpki/ocsp/ocsp_priv.h"

#include <openssl/ocsp.h>

#include "libpki/asn1/asn1.h"

/* A responder's clock may run ahead of ours by this much. */
#define CLOCK_SKEW ((pki_time)300)

static void
free_request(OCSP_REQUEST **req)
{
	OCSP_REQUEST_free(*req);
}

static void
free_response(OCSP_RESPONSE **response)
{
	OCSP_RESPONSE_free(*response);
}

static void
free_basic(OCSP_BASICRESP **basic)
{
	OCSP_BASICRESP_free(*basic);
}

static enum pki_status
cert_id(const struct pki_cert *issuer, const struct pki_serial *serial, const char *hash,
	OCSP_CERTID **out, struct pki_err *err)
{
	const EVP_MD *md = EVP_get_digestbyname(hash);
	const X509 *x509 = pki_cert_get0_x509(issuer);
	ASN1_INTEGER *number = NULL;
	if (md == NULL)
		return pki_fail(err, PKI_USAGE, "hash \"%s\" is not known", hash);
	PKI_TRY(pki_asn1_serial_new(serial, &number, err));
	*out = OCSP_cert_id_new(
		md, X509_get_subject_name(x509), X509_get0_pubkey_bitstr(x509), number);
	ASN1_INTEGER_free(number);
	return *out != NULL ? PKI_OK : pki_fail_ssl(err, PKI_MEMORY, "a CertID");
}

static enum pki_status
add_nonce(OCSP_REQUEST *req, struct pki_bytes nonce, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf copy = { 0 };
	if (nonce.len == 0)
		return PKI_OK;
	PKI_TRY(pki_buf_append(&copy, nonce.data, nonce.len, err));
	if (OCSP_request_add1_nonce(req, copy.data, (int)copy.len) != 1)
		return pki_fail_ssl(err, PKI_MEMORY, "nonce");
	return PKI_OK;
}

enum pki_status
pki_ocsp_file(const char *dir, struct pki_bytes request, char out[PATH_MAX],
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf base64 = { 0 };
	PKI_TRY(pki_base64_encode(request.data, request.len, &base64, err));
	const char *index = base64.data[base64.len - 1] == '/' ? "index.html" : "";
	int len =
		snprintf(out, PATH_MAX, "%s/%s%s", dir, (const char *)base64.data, index);
	return len < PATH_MAX ? PKI_OK : pki_fail(err, PKI_LIMIT, "the path is too long");
}

enum pki_status
pki_ocsp_request_build(const struct pki_cert *issuer, const struct pki_serial *serial,
	const char *hash, struct pki_bytes nonce, struct pki_buf *der,
	struct pki_err *err)
{
	OCSP_CERTID *id = NULL;
	PKI_CLEANUP(free_request) OCSP_REQUEST *req = OCSP_REQUEST_new();
	if (req == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "an OCSP request");
	PKI_TRY(cert_id(issuer, serial, hash, &id, err));
	if (OCSP_request_add0_id(req, id) == NULL) {
		OCSP_CERTID_free(id);
		return pki_fail_ssl(err, PKI_MEMORY, "an OCSP request");
	}
	PKI_TRY(add_nonce(req, nonce, err));
	int len = i2d_OCSP_REQUEST(req, NULL);
	if (len <= 0)
		return pki_fail_ssl(err, PKI_INTERNAL, "encoding an OCSP request");
	PKI_TRY(pki_buf_reserve(der, (size_t)len, err));
	uint8_t *p = der->data + der->len;
	der->len += (size_t)i2d_OCSP_REQUEST(req, &p);
	return PKI_OK;
}

static enum pki_status
open_basic(struct pki_bytes der, OCSP_BASICRESP **out, struct pki_err *err)
{
	const uint8_t *p = der.data;
	PKI_CLEANUP(free_response)
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
	if (response == NULL || p != der.data + der.len)
		return pki_fail_ssl(
			err, PKI_INPUT, "not a DER OCSPResponse (RFC 6960 4.2.1)");
	int status = OCSP_response_status(response);
	if (status == OCSP_RESPONSE_STATUS_TRYLATER)
		return pki_fail(err, PKI_BUSY, "the responder says tryLater");
	if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return pki_fail(err, PKI_UNAVAILABLE, "the responder says %s",
			OCSP_response_status_str(status));
	*out = OCSP_response_get1_basic(response);
	return *out != NULL ? PKI_OK
			    : pki_fail_ssl(err, PKI_INPUT, "not a BasicOCSPResponse");
}

/* The signer is the issuer or the issuer's delegate (RFC 6960 4.2.2.2). */
static enum pki_status
check_signer(OCSP_BASICRESP *basic, const struct pki_cert *issuer, pki_time at,
	struct pki_err *err)
{
	X509 *signer = NULL;
	X509 *ca = pki_cert_get0_x509(issuer);
	STACK_OF(X509) *extra = sk_X509_new_null();
	bool found = extra != NULL && sk_X509_push(extra, ca) > 0 &&
		     OCSP_resp_get0_signer(basic, &signer, extra) == 1;
	enum pki_status status = PKI_OK;
	if (!found)
		status = pki_fail_ssl(
			err, PKI_INPUT, "the responder's certificate is missing");
	else if (OCSP_basic_verify(basic, extra, NULL, OCSP_NOVERIFY) != 1)
		status =
			pki_fail_ssl(err, PKI_INPUT, "the response's signature is wrong");
	sk_X509_free(extra);
	if (status != PKI_OK || X509_cmp(signer, ca) == 0)
		return status;
	struct pki_cert *delegate = NULL;
	PKI_TRY(pki_cert_from_x509(signer, &delegate, err));
	status = pki_ocsp_check_delegate(delegate, issuer, at, err);
	pki_cert_free(delegate);
	return status;
}

static enum pki_status
check_nonce(
	OCSP_BASICRESP *basic, const struct pki_ocsp_request *req, struct pki_err *err)
{
	if (req->nonce_len == 0)
		return PKI_OK;
	/* -1: no nonce in the response. RFC 9654 lets a responder omit the nonce; this
	 * suite's responder never does. */
	if (OCSP_check_nonce(req->req, basic) != 1)
		return pki_fail(err, PKI_INPUT, "the response does not echo the nonce");
	return PKI_OK;
}

static enum pki_ocsp_status
meaning(int status, int reason)
{
	if (status == V_OCSP_CERTSTATUS_GOOD)
		return PKI_OCSP_GOOD;
	if (status != V_OCSP_CERTSTATUS_REVOKED)
		return PKI_OCSP_UNKNOWN;
	return reason == OCSP_REVOKED_STATUS_CERTIFICATEHOLD ? PKI_OCSP_UNISSUED
							     : PKI_OCSP_REVOKED;
}

static enum pki_status
read_single(OCSP_BASICRESP *basic, OCSP_CERTID *id, pki_time at,
	struct pki_ocsp_result *out, struct pki_err *err)
{
	int status = 0, reason = -1;
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *to = NULL;
	if (OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &from, &to) != 1)
		return pki_fail_ssl(
			err, PKI_INPUT, "the response is about another certificate");
	PKI_TRY(pki_asn1_time_get(from, &out->this_update, err));
	if (to == NULL)
		return pki_fail(err, PKI_INPUT, "no nextUpdate (RFC 9919 3.2.4)");
	PKI_TRY(pki_asn1_time_get(to, &out->next_update, err));
	if (out->this_update > at + CLOCK_SKEW || out->next_update < at)
		return pki_fail(err, PKI_INPUT,
			"the response is not of now; is a clock wrong, or an old answer replayed?");
	out->status = meaning(status, reason);
	if (out->status != PKI_OCSP_REVOKED)
		return PKI_OK;
	out->reason = reason < 0 ? PKI_REASON_UNSPECIFIED : (enum pki_reason)reason;
	if (pki_reason_name(out->reason) == NULL)
		return pki_fail(err, PKI_INPUT,
			"revocationReason %d is none of a certificate's (RFC 5280 5.3.1)",
			reason);
	return pki_asn1_time_get(revoked, &out->revoked_at, err);
}

enum pki_status
pki_ocsp_response_verify(struct pki_bytes response, struct pki_bytes request,
	const struct pki_cert *issuer, pki_time at, struct pki_ocsp_result *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	PKI_CLEANUP(free_basic) OCSP_BASICRESP *basic = NULL;
	*out = (struct pki_ocsp_result){ 0 };
	PKI_TRY(pki_ocsp_request_parse(request, &req, err));
	PKI_TRY(open_basic(response, &basic, err));
	PKI_TRY(pki_asn1_time_get(
		OCSP_resp_get0_produced_at(basic), &out->produced_at, err));
	if (at == 0)
		at = out->produced_at;
	PKI_TRY(check_signer(basic, issuer, at, err));
	PKI_TRY(check_nonce(basic, req, err));
	return read_single(basic, req->ids[0], at, out, err);
}
