#include "libpki/host/probe.h"

#define NONCE_LEN 32
/* A response with the delegate's certificate has about 1 kB. */
#define RESPONSE_MAX ((size_t)64 << 10)
#define STALL_SECONDS 5

enum pki_status
pki_probe_ocsp(const char *url, const struct pki_cert *issuer,
	const struct pki_serial *serial, struct pki_probe *probe,
	struct pki_ocsp_result *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf request = { 0 };
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	uint8_t nonce[NONCE_LEN];
	PKI_TRY(pki_random(nonce, sizeof nonce, err));
	PKI_TRY(pki_ocsp_request_build(issuer, serial, "SHA256",
		(struct pki_bytes){ nonce, sizeof nonce }, &request, err));
	const struct pki_http_outgoing call = {
		.url_base = url,
		.method = "POST",
		.path = "",
		.content_type = "application/ocsp-request",
		.body = pki_buf_bytes(&request),
		.max = RESPONSE_MAX,
		.stall_seconds = STALL_SECONDS,
	};
	pki_msec before = pki_msec_now();
	PKI_TRY(pki_http_send(&call, &response, err));
	pki_msec after = pki_msec_now();
	if (probe != NULL)
		pki_probe_clock(probe, &response, before, after);
	if (response.code != 200)
		return pki_fail(
			err, PKI_UNAVAILABLE, "%s answers HTTP %ld", url, response.code);
	PKI_TRY(pki_ocsp_response_verify(pki_buf_bytes(&response.body),
		pki_buf_bytes(&request), issuer, pki_time_now(), out, err));
	if (probe == NULL)
		return PKI_OK;
	pki_probe_ahead(probe, out->produced_at, after);
	pki_probe_ahead(probe, out->this_update, after);
	return PKI_OK;
}
