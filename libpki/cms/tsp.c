#include "libpki/cms/tsp.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <stdio.h>
#include <string.h>

static void
req_cleanup(TS_REQ **req)
{
	TS_REQ_free(*req);
}

static void
resp_cleanup(TS_RESP **resp)
{
	TS_RESP_free(*resp);
}

static void
store_cleanup(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static bool
has_nonce(const struct pki_tsp_query *query)
{
	static const uint8_t none[PKI_TSP_NONCE];
	return memcmp(query->nonce, none, sizeof none) != 0;
}

static bool
set_imprint(TS_REQ *req, const struct pki_tsp_query *query)
{
	/* OpenSSL's interface lacks a const */
	uint8_t digest[PKI_SHA256];
	memcpy(digest, query->digest, sizeof digest);
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *sha256 = X509_ALGOR_new();
	bool done = imprint != NULL && sha256 != NULL &&
		    X509_ALGOR_set0(sha256, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) ==
			    1 &&
		    TS_MSG_IMPRINT_set_algo(imprint, sha256) == 1 &&
		    TS_MSG_IMPRINT_set_msg(imprint, digest, sizeof digest) == 1 &&
		    TS_REQ_set_msg_imprint(req, imprint) == 1;
	X509_ALGOR_free(sha256);
	TS_MSG_IMPRINT_free(imprint);
	return done;
}

static bool
set_nonce(TS_REQ *req, const struct pki_tsp_query *query)
{
	BIGNUM *number = BN_bin2bn(query->nonce, PKI_TSP_NONCE, NULL);
	ASN1_INTEGER *nonce = number != NULL ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
	bool done = nonce != NULL && TS_REQ_set_nonce(req, nonce) == 1;
	ASN1_INTEGER_free(nonce);
	BN_free(number);
	return done;
}

static enum pki_status
make_request(const struct pki_tsp_query *query, TS_REQ **out, struct pki_err *err)
{
	PKI_CLEANUP(req_cleanup) TS_REQ *req = TS_REQ_new();
	if (req == NULL || TS_REQ_set_version(req, 1) != 1 || !set_imprint(req, query) ||
		TS_REQ_set_cert_req(req, 1) != 1 ||
		(has_nonce(query) && !set_nonce(req, query)))
		return pki_fail_ssl(err, PKI_MEMORY, "a time-stamp request");
	*out = req;
	req = NULL;
	return PKI_OK;
}

enum pki_status
pki_tsp_query_of(struct pki_bytes data, struct pki_tsp_query *out, struct pki_err *err)
{
	*out = (struct pki_tsp_query){ 0 };
	return pki_sha256(data.data, data.len, out->digest, err);
}

enum pki_status
pki_tsp_request(struct pki_bytes data, struct pki_tsp_query *query, struct pki_buf *der,
	struct pki_err *err)
{
	PKI_CLEANUP(req_cleanup) TS_REQ *req = NULL;
	PKI_TRY(pki_tsp_query_of(data, query, err));
	if (RAND_bytes(query->nonce, sizeof query->nonce) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "random octets");
	query->nonce[0] |= 1; /* never none */
	PKI_TRY(make_request(query, &req, err));
	uint8_t *octets = NULL;
	int len = i2d_TS_REQ(req, &octets);
	if (len <= 0)
		return pki_fail_ssl(err, PKI_MEMORY, "a time-stamp request");
	enum pki_status status = pki_buf_append(der, octets, (size_t)len, err);
	OPENSSL_free(octets);
	return status;
}

/* Each certificate of the file may be the chain's end: an authority's own is pinned so. */
static enum pki_status
make_store(struct pki_bytes trust, pki_time at, X509_STORE **out, struct pki_err *err)
{
	PKI_CLEANUP(store_cleanup) X509_STORE *store = X509_STORE_new();
	BIO *bio = trust.len <= INT_MAX ? BIO_new_mem_buf(trust.data, (int)trust.len)
					: NULL;
	X509 *cert = NULL;
	int count = 0;
	bool right = store != NULL && (bio != NULL || trust.len == 0);
	while (right && bio != NULL &&
		(cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		right = X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
		count++;
	}
	BIO_free(bio);
	if (!right)
		return pki_fail_ssl(err, PKI_MEMORY, "certificates to trust");
	ERR_clear_error(); /* the end of the file */
	if (count == 0)
		return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_TIMESTAMP,
			"the file to trust holds no certificate in PEM");
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
	X509_VERIFY_PARAM_set_time(param, (time_t)at);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	*out = store;
	store = NULL;
	return PKI_OK;
}

static enum pki_status
parse(struct pki_bytes der, TS_RESP **out, struct pki_err *err)
{
	const uint8_t *p = der.data;
	PKI_CLEANUP(resp_cleanup)
	TS_RESP *resp = der.len <= PKI_TSP_MAX ? d2i_TS_RESP(NULL, &p, (long)der.len)
					       : NULL;
	if (resp == NULL || p != der.data + der.len)
		return pki_fail_ssl(err, PKI_INPUT, "is no time-stamp response");
	*out = resp;
	resp = NULL;
	return PKI_OK;
}

/* The time in the token, before the token is verified. */
static enum pki_status
claimed_time(TS_RESP *resp, pki_time *out, struct pki_err *err)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(resp);
	struct tm tm = { 0 };
	if (info == NULL)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_TIMESTAMP,
			"the authority refused: no token is in its response");
	if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) != 1)
		return pki_fail_ssl(err, PKI_INPUT, "a time-stamp's time");
	*out = timegm(&tm);
	return PKI_OK;
}

/* OpenSSL gives the reason why a chain fails in the error's data. */
static enum pki_status
wrong(struct pki_err *err)
{
	const char *data = "";
	int flags = 0;
	ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
	char why[160] = "";
	if ((flags & ERR_TXT_STRING) != 0 && data[0] != '\0')
		snprintf(why, sizeof why, ", %s", data);
	struct pki_err own = { 0 };
	pki_fail_ssl(&own, PKI_TAMPERED,
		"the time-stamp is not of this checkpoint, or not of a trusted authority%s",
		why);
	own.rule = PKI_RULE_TIMESTAMP;
	return pki_err_move(err, &own);
}

static enum pki_status
verify(TS_RESP *resp, TS_REQ *req, X509_STORE **store, struct pki_err *err)
{
	TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(req, NULL);
	if (ctx == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "a time-stamp");
	TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE);
	TS_VERIFY_CTX_set_store(ctx, *store);
	*store = NULL;
	int right = TS_RESP_verify_response(ctx, resp);
	TS_VERIFY_CTX_free(ctx);
	return right == 1 ? PKI_OK : wrong(err);
}

enum pki_status
pki_tsp_verify(struct pki_bytes response, const struct pki_tsp_query *query,
	struct pki_bytes trust, pki_time *at, struct pki_err *err)
{
	PKI_CLEANUP(req_cleanup) TS_REQ *req = NULL;
	PKI_CLEANUP(resp_cleanup) TS_RESP *resp = NULL;
	PKI_CLEANUP(store_cleanup) X509_STORE *store = NULL;
	PKI_TRY(parse(response, &resp, err));
	PKI_TRY(claimed_time(resp, at, err));
	PKI_TRY(make_request(query, &req, err));
	PKI_TRY(make_store(trust, *at, &store, err));
	return verify(resp, req, &store, err);
}
