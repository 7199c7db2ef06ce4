#include "libpki/ocsp/ocsp_priv.h"

#include <openssl/x509.h>

#include "libpki/asn1/der.h"
#include "libpki/x509/signature.h"

/*
 * A P-256 signature takes 23 us. OpenSSL's OCSP_basic_sign() takes 17 us more; DER written
 * directly takes 1 us more.
 */

/* Responses hold their request's CertIDs and nonce again, and 120 octets for each. */
#define TBS_MAX (PKI_OCSP_REQUEST_MAX + (size_t)256 * PKI_OCSP_CERTIDS_MAX)
/* and the certificate, a signature (RSA-4096: 512) and headers */
#define SCRATCH_SIZE (TBS_MAX + PKI_CERT_MAX + 2048)
/* A request with a SHA-512 CertID and the longest nonce: 350. */
#define USUAL_MAX 512

/* The parts of a response. */
struct response {
	const struct pki_ocsp_encoder *encoder;
	const struct pki_ocsp_request *req;
	const struct pki_ocsp_content *content;
};

static void
put_string(struct pki_der *w, int tag, const ASN1_STRING *string)
{
	pki_der_put_tagged(w, tag, ASN1_STRING_get0_data(string),
		(size_t)ASN1_STRING_length(string));
}

/* RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] EXPLICIT OPTIONAL } */
static void
put_revoked(struct pki_der *w, pki_time at, int reason)
{
	size_t end = w->at;
	if (reason != PKI_REASON_UNSPECIFIED) {
		uint8_t octet = (uint8_t)reason;
		pki_der_put_tagged(w, PKI_DER_ENUMERATED, &octet, 1);
		pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	}
	pki_der_put_time(w, at);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED + 1, end);
}

static void
put_status(struct pki_der *w, const struct pki_ocsp_single *answer)
{
	/* certificateHold, RFC 5280 5.3.1 */
	enum { HOLD = 6 };
	switch (answer->status) {
	case PKI_OCSP_GOOD:
		pki_der_put_tagged(w, PKI_DER_CONTEXT, "", 0);
		return;
	case PKI_OCSP_REVOKED:
		put_revoked(w, answer->revoked_at, (int)answer->reason);
		return;
	case PKI_OCSP_UNKNOWN:
		pki_der_put_tagged(w, PKI_DER_CONTEXT + 2, "", 0);
		return;
	case PKI_OCSP_UNISSUED:
		break;
	}
	put_revoked(w, 0, HOLD); /* rule 61: since 1970 */
}

/* CertID ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier, issuerNameHash, issuerKeyHash,
 * serialNumber } in the usual form: the algorithm with NULL, the serial's top bit clear. */
static void
put_usual_id(struct pki_der *w, OCSP_CERTID *id)
{
	ASN1_OCTET_STRING *name = NULL, *key = NULL;
	ASN1_INTEGER *serial = NULL;
	ASN1_OBJECT *md = NULL;
	OCSP_id_get0_info(&name, &md, &key, &serial, id);
	size_t end = w->at;
	put_string(w, PKI_DER_INTEGER, serial);
	put_string(w, PKI_DER_OCTETS, key);
	put_string(w, PKI_DER_OCTETS, name);
	size_t algorithm = w->at;
	pki_der_put(w, "\x05", 2); /* NULL and its length of 0 */
	pki_der_put_tagged(w, PKI_DER_OID, OBJ_get0_data(md), OBJ_length(md));
	pki_der_wrap(w, PKI_DER_SEQUENCE, algorithm);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_cert_id(struct pki_der *w, const struct pki_ocsp_request *req, size_t i)
{
	if (req->usual) {
		put_usual_id(w, req->ids[i]);
		return;
	}
	int len = i2d_OCSP_CERTID(req->ids[i], NULL);
	if (len <= 0 || (size_t)len > w->at) {
		w->full = true;
		return;
	}
	w->at -= (size_t)len;
	uint8_t *p = w->data + w->at;
	i2d_OCSP_CERTID(req->ids[i], &p);
}

/*
 * SingleResponse ::= SEQUENCE { certID, certStatus, thisUpdate, nextUpdate [0] EXPLICIT,
 *   singleExtensions [1] EXPLICIT }: rules 73 and 75, archiveCutoff and no other.
 */
static void
put_single(struct pki_der *w, const struct response *r, size_t i)
{
	size_t end = w->at;
	const struct pki_buf *cutoff = &r->encoder->archive_cutoff;
	pki_der_put(w, cutoff->data, cutoff->len);
	size_t next = w->at;
	pki_der_put_time(w, r->content->next_update);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, next);
	pki_der_put_time(w, r->content->this_update);
	put_status(w, &r->content->singles[i]);
	put_cert_id(w, r->req, i);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* Extension ::= SEQUENCE { extnID, extnValue }; oid with tag and length */
static void
put_extension(struct pki_der *w, const void *oid, size_t oid_len, size_t value_end)
{
	pki_der_wrap(w, PKI_DER_OCTETS, value_end);
	pki_der_put(w, oid, oid_len);
	pki_der_wrap(w, PKI_DER_SEQUENCE, value_end);
}

/* id-pkix-ocsp 1.3.6.1.5.5.7.48.1, and one more arc */
#define OID_OCSP(arc) "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01" arc
#define OID_OCSP_LEN 11

static void
put_nonce(struct pki_der *w, const struct pki_ocsp_request *req)
{
	size_t value = w->at;
	pki_der_put_tagged(w, PKI_DER_OCTETS, req->nonce, req->nonce_len);
	put_extension(w, OID_OCSP("\x02"), OID_OCSP_LEN, value);
}

/* responseExtensions [1] EXPLICIT: nonce (rule 64), extended-revoke (rule 61) */
static void
put_extensions(struct pki_der *w, const struct pki_ocsp_request *req, bool unissued)
{
	size_t end = w->at;
	if (unissued) {
		size_t value = w->at;
		pki_der_put(w, "\x05", 2); /* NULL and its length of 0 */
		put_extension(w, OID_OCSP("\x09"), OID_OCSP_LEN, value);
	}
	if (req->nonce_len != 0)
		put_nonce(w, req);
	if (w->at == end)
		return;
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED + 1, end);
}

bool
pki_ocsp_is_usual(const struct pki_ocsp_request *req, struct pki_bytes der)
{
	uint8_t room[USUAL_MAX];
	struct pki_der w = { room, sizeof room, false };
	if (req->count != 1)
		return false;
	if (req->nonce_len != 0) {
		put_nonce(&w, req);
		pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
		pki_der_wrap(&w, PKI_DER_CONSTRUCTED + 2, sizeof room);
	}
	size_t list = w.at;
	put_usual_id(&w, req->ids[0]);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, list);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, list);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
	return !w.full && der.len == sizeof room - w.at &&
	       memcmp(room + w.at, der.data, der.len) == 0;
}

/* ResponseData ::= SEQUENCE { responderID, producedAt, responses, responseExtensions } */
static void
put_tbs(struct pki_der *w, const struct response *r)
{
	const struct pki_ocsp_encoder *e = r->encoder;
	size_t end = w->at;
	bool unissued = false;
	for (size_t i = 0; i < r->req->count; i++)
		unissued = unissued || r->content->singles[i].status == PKI_OCSP_UNISSUED;
	put_extensions(w, r->req, unissued);
	size_t responses = w->at;
	for (size_t i = r->req->count; i-- > 0;)
		put_single(w, r, i);
	pki_der_wrap(w, PKI_DER_SEQUENCE, responses);
	pki_der_put_time(w, r->content->this_update);
	size_t id = w->at;
	pki_der_put_tagged(w, PKI_DER_OCTETS, e->key_hash, sizeof e->key_hash);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED + 2, id);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* OCSPResponse { successful, { id-pkix-ocsp-basic, BasicOCSPResponse } } around tbs */
static void
put_response(struct pki_der *w, const struct pki_ocsp_encoder *e, struct pki_bytes tbs,
	struct pki_bytes signature)
{
	size_t end = w->at;
	pki_der_put(w, e->cert.data, e->cert.len);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	size_t bits = w->at;
	pki_der_put(w, signature.data, signature.len);
	pki_der_put(w, "", 1); /* no unused bits */
	pki_der_wrap(w, PKI_DER_BITS, bits);
	pki_der_put(w, e->algorithm.data, e->algorithm.len);
	pki_der_put(w, tbs.data, tbs.len);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_OCTETS, end);
	pki_der_put(w, OID_OCSP("\x01"), OID_OCSP_LEN);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	pki_der_put_tagged(w, PKI_DER_ENUMERATED, "", 1);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

enum pki_status
pki_ocsp_encode(struct pki_ocsp_encoder *encoder, const struct pki_ocsp_request *req,
	const struct pki_ocsp_content *content, struct pki_buf *der, struct pki_err *err)
{
	const struct response response = { encoder, req, content };
	struct pki_der w = { encoder->scratch, SCRATCH_SIZE, false };
	PKI_CLEANUP(pki_buf_free) struct pki_buf signature = { 0 };
	put_tbs(&w, &response);
	struct pki_bytes tbs = { w.data + w.at, SCRATCH_SIZE - w.at };
	if (!w.full)
		PKI_TRY(pki_key_sign(encoder->key, tbs.data, tbs.len, &signature, err));
	size_t end = w.at;
	put_response(&w, encoder, tbs, pki_buf_bytes(&signature));
	if (w.full)
		return pki_fail(err, PKI_LIMIT, "an OCSP response above %zu octets",
			(size_t)SCRATCH_SIZE);
	return pki_buf_append(der, w.data + w.at, end - w.at, err);
}

/* singleExtensions [1] EXPLICIT SEQUENCE { archiveCutoff } */
static enum pki_status
set_archive_cutoff(struct pki_ocsp_encoder *e, pki_time cutoff, struct pki_err *err)
{
	uint8_t room[64];
	struct pki_der w = { room, sizeof room, false };
	pki_der_put_time(&w, cutoff);
	put_extension(&w, OID_OCSP("\x06"), OID_OCSP_LEN, sizeof room);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
	pki_der_wrap(&w, PKI_DER_CONSTRUCTED + 1, sizeof room);
	return pki_buf_append(&e->archive_cutoff, room + w.at, sizeof room - w.at, err);
}

enum pki_status
pki_ocsp_encoder_init(struct pki_ocsp_encoder *encoder, const struct pki_cert *issuer,
	const struct pki_cert *cert, struct pki_key *key, struct pki_err *err)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	encoder->cert = pki_cert_get0_der(cert);
	encoder->key = key;
	encoder->scratch = malloc(SCRATCH_SIZE);
	if (encoder->scratch == NULL)
		return pki_fail(err, PKI_MEMORY, "an OCSP responder");
	if (X509_pubkey_digest(pki_cert_get0_x509(cert), EVP_sha1(), hash, NULL) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "the responder's key hash");
	memcpy(encoder->key_hash, hash, sizeof encoder->key_hash);
	PKI_TRY(pki_signature_algorithm(key, &encoder->algorithm, err));
	return set_archive_cutoff(encoder, pki_cert_not_before(issuer), err);
}

void
pki_ocsp_encoder_clear(struct pki_ocsp_encoder *encoder)
{
	free(encoder->scratch);
	pki_buf_free(&encoder->algorithm);
	pki_buf_free(&encoder->archive_cutoff);
}
