#include "libpki/ocsp/ocsp_priv.h"

#include <openssl/ocsp.h>

#include "libpki/asn1/asn1.h"
#include "libpki/asn1/signed.h"

/* id-pkix-ocsp-pref-sig-algs, RFC 6960 4.4.7; without a name in OpenSSL */
static const char oid_pref_sig_algs[] = "1.3.6.1.5.5.7.48.1.8";

static bool
is_pref_sig_algs(const ASN1_OBJECT *oid)
{
	char text[PKI_OID_TEXT];
	OBJ_obj2txt(text, sizeof text, oid, 1);
	return strcmp(text, oid_pref_sig_algs) == 0;
}

/* The extensions that may be critical. This responder cannot process any further extension. */
static bool
known_extension(const ASN1_OBJECT *oid)
{
	int nid = OBJ_obj2nid(oid);
	return nid == NID_id_pkix_OCSP_Nonce ||
	       nid == NID_id_pkix_OCSP_acceptableResponses ||
	       nid == NID_id_pkix_OCSP_serviceLocator || is_pref_sig_algs(oid);
}

static enum pki_status
check_critical(X509_EXTENSION *ext, struct pki_err *err)
{
	const ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);
	if (!X509_EXTENSION_get_critical(ext) || known_extension(oid))
		return PKI_OK;
	char text[PKI_OID_TEXT];
	OBJ_obj2txt(text, sizeof text, oid, 1);
	return pki_fail(err, PKI_INPUT,
		"critical extension %s is not known (RFC 6960 4.4)", text);
}

/* RFC 9654 2.1: Nonce ::= OCTET STRING (SIZE(1..128)), itself in the extnValue's OCTET
 * STRING. */
static enum pki_status
read_nonce(struct pki_ocsp_request *req, X509_EXTENSION *ext, struct pki_err *err)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
	const uint8_t *p = ASN1_STRING_get0_data(value);
	long total = ASN1_STRING_length(value), len = 0;
	int tag = 0, class = 0;
	const uint8_t *content = p;
	if (req->nonce_len != 0)
		return pki_fail(err, PKI_INPUT, "two nonces (RFC 9654 2.1)");
	int flags = ASN1_get_object(&content, &len, &tag, &class, total);
	if (flags != 0 || tag != V_ASN1_OCTET_STRING || class != V_ASN1_UNIVERSAL ||
		content + len != p + total)
		return pki_fail_ssl(
			err, PKI_INPUT, "the nonce is no OCTET STRING (RFC 9654 2.1)");
	if (len < 1 || len > PKI_OCSP_NONCE_MAX)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_OCSP_NONCE,
			"a nonce of %ld octets; 1 to %d are allowed", len,
			PKI_OCSP_NONCE_MAX);
	memcpy(req->nonce, content, (size_t)len);
	req->nonce_len = (size_t)len;
	return PKI_OK;
}

/* The content of a SEQUENCE, which must fill *in. */
static bool
enter_sequence(struct pki_bytes *in, size_t *rest)
{
	const uint8_t *p = in->data;
	long len = 0;
	int tag = 0, class = 0;
	int flags = ASN1_get_object(&p, &len, &tag, &class, (long)in->len);
	if (flags != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE ||
		class != V_ASN1_UNIVERSAL)
		return false;
	*rest = in->len - (size_t)(p - in->data) - (size_t)len;
	*in = (struct pki_bytes){ p, (size_t)len };
	return true;
}

/* PreferredSignatureAlgorithms ::= SEQUENCE OF SEQUENCE { sigIdentifier
 * AlgorithmIdentifier, pubKeyAlgIdentifier SMIMECapability OPTIONAL }, RFC 6960 4.4.7.1 */
static enum pki_status
read_preferred(struct pki_ocsp_request *req, X509_EXTENSION *ext, struct pki_err *err)
{
	struct pki_bytes list = pki_asn1_bytes(X509_EXTENSION_get_data(ext));
	size_t rest = 0;
	bool ok = enter_sequence(&list, &rest) && rest == 0;
	while (ok && list.len > 0 && req->preferred_count < PKI_OCSP_PREFERRED_MAX) {
		struct pki_bytes one = list;
		ok = enter_sequence(&one, &rest);
		const uint8_t *p = one.data;
		X509_ALGOR *algor = ok ? d2i_X509_ALGOR(NULL, &p, (long)one.len) : NULL;
		ok = algor != NULL;
		if (ok)
			req->preferred[req->preferred_count++] =
				OBJ_obj2nid(algor->algorithm);
		X509_ALGOR_free(algor);
		list = (struct pki_bytes){ one.data + one.len, rest };
	}
	return ok ? PKI_OK
		  : pki_fail_ssl(err, PKI_INPUT,
			    "malformed preferred signature algorithms (RFC 6960 4.4.7.1)");
}

static enum pki_status
read_extensions(struct pki_ocsp_request *req, struct pki_err *err)
{
	int count = OCSP_REQUEST_get_ext_count(req->req);
	for (int i = 0; i < count; i++) {
		X509_EXTENSION *ext = OCSP_REQUEST_get_ext(req->req, i);
		PKI_TRY(check_critical(ext, err));
		if (OBJ_obj2nid(X509_EXTENSION_get_object(ext)) == NID_id_pkix_OCSP_Nonce)
			PKI_TRY(read_nonce(req, ext, err));
		else if (is_pref_sig_algs(X509_EXTENSION_get_object(ext)))
			PKI_TRY(read_preferred(req, ext, err));
	}
	return PKI_OK;
}

static enum pki_status
read_cert_id(struct pki_ocsp_request *req, int i, struct pki_err *err)
{
	OCSP_ONEREQ *one = OCSP_request_onereq_get0(req->req, i);
	for (int e = 0; e < OCSP_ONEREQ_get_ext_count(one); e++)
		PKI_TRY(check_critical(OCSP_ONEREQ_get_ext(one, e), err));
	ASN1_INTEGER *serial = NULL;
	req->ids[i] = OCSP_onereq_get0_id(one);
	OCSP_id_get0_info(NULL, NULL, NULL, &serial, req->ids[i]);
	req->issuable[i] = pki_asn1_serial_get(serial, &req->serials[i], NULL) == PKI_OK;
	return PKI_OK;
}

static enum pki_status
read_request(struct pki_ocsp_request *req, struct pki_err *err)
{
	int count = OCSP_request_onereq_count(req->req);
	if (count < 1)
		return pki_fail(err, PKI_INPUT, "the request names no certificate");
	if (count > PKI_OCSP_CERTIDS_MAX)
		return pki_fail(err, PKI_LIMIT, "%d CertIDs; %d are answered at once",
			count, PKI_OCSP_CERTIDS_MAX);
	for (int i = 0; i < count; i++)
		PKI_TRY(read_cert_id(req, i, err));
	req->count = (size_t)count;
	return read_extensions(req, err);
}

/* d2i also accepts BER; i2d writes DER alone */
static enum pki_status
check_der(const OCSP_REQUEST *req, struct pki_bytes in, struct pki_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_OCSP_REQUEST(req, &der);
	bool same = len > 0 && pki_bytes_equal(der, (size_t)len, in.data, in.len);
	OPENSSL_free(der);
	if (!same)
		return pki_fail_ssl(err, PKI_INPUT, "BER, not DER (RFC 6960 4.1)");
	return PKI_OK;
}

/*
 * OCSPRequest ::= SEQUENCE { tbsRequest SEQUENCE { version [0] EXPLICIT DEFAULT v1(0), ...
 * } } OpenSSL reads the version and has no function to get the version.
 */
static enum pki_status
check_version(struct pki_bytes der, struct pki_err *err)
{
	static const uint8_t v1[] = { 0xa0, 3, V_ASN1_INTEGER, 1, 0 };
	const uint8_t *p = der.data, *end = der.data + der.len;
	long len = 0;
	int tag = 0, class = 0;
	for (int depth = 0; depth < 2; depth++)
		ASN1_get_object(&p, &len, &tag, &class, end - p);
	if (end - p < (long)sizeof v1 || *p != v1[0] || memcmp(p, v1, sizeof v1) == 0)
		return PKI_OK;
	return pki_fail(err, PKI_INPUT, "not version 1 (RFC 6960 4.1.1)");
}

enum pki_status
pki_ocsp_request_parse(
	struct pki_bytes der, struct pki_ocsp_request **out, struct pki_err *err)
{
	if (der.len > PKI_OCSP_REQUEST_MAX)
		return pki_fail(err, PKI_LIMIT, "a request of %zu octets; %zu are read",
			der.len, PKI_OCSP_REQUEST_MAX);
	PKI_CLEANUP(pki_ocsp_request_cleanup)
	struct pki_ocsp_request *req = calloc(1, sizeof *req);
	if (req == NULL)
		return pki_fail(err, PKI_MEMORY, "an OCSP request");
	const uint8_t *p = der.data;
	req->req = d2i_OCSP_REQUEST(NULL, &p, (long)der.len);
	if (req->req == NULL)
		return pki_fail_ssl(
			err, PKI_INPUT, "not a DER OCSPRequest (RFC 6960 4.1.1)");
	if (p != der.data + der.len)
		return pki_fail(err, PKI_INPUT, "%zu octets after the OCSPRequest",
			(size_t)(der.data + der.len - p));
	PKI_TRY(read_request(req, err));
	req->usual = pki_ocsp_is_usual(req, der);
	if (!req->usual) {
		PKI_TRY(check_der(req->req, der, err));
		PKI_TRY(check_version(der, err));
	}
	*out = req;
	req = NULL;
	return PKI_OK;
}

void
pki_ocsp_request_free(struct pki_ocsp_request *req)
{
	if (req == NULL)
		return;
	OCSP_REQUEST_free(req->req);
	free(req);
}

void
pki_ocsp_request_cleanup(struct pki_ocsp_request **req)
{
	pki_ocsp_request_free(*req);
}

size_t
pki_ocsp_request_count(const struct pki_ocsp_request *req)
{
	return req->count;
}

struct pki_bytes
pki_ocsp_request_nonce(const struct pki_ocsp_request *req)
{
	return (struct pki_bytes){ req->nonce, req->nonce_len };
}

const struct pki_serial *
pki_ocsp_request_serial(const struct pki_ocsp_request *req, size_t i)
{
	return req->issuable[i] ? &req->serials[i] : NULL;
}
