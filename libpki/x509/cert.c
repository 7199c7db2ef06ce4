#include "libpki/x509/cert.h"

#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <string.h>

#include "libpki/asn1/asn1.h"
#include "libpki/asn1/pem.h"
#include "libpki/base/file.h"
#include "libpki/x509/cert_priv.h"
#include "libpki/x509/signature.h"

/*
 * The decoded parts. A certificate just built shares the key with its spec: no second decoding.
 * The X509 is made on the first call of pki_cert_get0_x509().
 */
struct pki_cert {
	atomic_uint more_owners;
	struct pki_buf der;
	PKI_SIGNED *whole;
	PKI_TBS *tbs;
	struct pki_key *key;
	struct pki_serial serial;
	pki_time not_before;
	pki_time not_after;
	bool ca;
	long path_len; /* -1: none */
	unsigned key_usage;
	struct key_id {
		bool there;
		uint8_t id[PKI_KEY_ID];
	} subject_id, authority_id;
	_Atomic(X509 *) x509;
};

/* NULL if absent; INPUT if malformed or present twice. */
static enum pki_status
read_ext(const struct pki_cert *cert, int nid, void **out, struct pki_err *err)
{
	int found = -1;
	*out = X509V3_get_d2i(cert->tbs->extensions, nid, &found, NULL);
	if (*out != NULL || found == -1)
		return PKI_OK;
	return pki_fail_ssl(err, PKI_INPUT,
		"RFC 5280 4.2: the extension %s is malformed or there twice",
		OBJ_nid2sn(nid));
}

static void
take_key_id(const ASN1_OCTET_STRING *octets, struct key_id *out)
{
	out->there = octets != NULL && ASN1_STRING_length(octets) == PKI_KEY_ID;
	if (out->there)
		memcpy(out->id, ASN1_STRING_get0_data(octets), PKI_KEY_ID);
}

static unsigned
usage_bits(const ASN1_BIT_STRING *bits)
{
	static const int known[] = { 0, 1, 5, 6 }; /* of enum pki_key_usage */
	unsigned usage = 0;
	for (size_t i = 0; bits != NULL && i < PKI_COUNT(known); i++)
		if (ASN1_BIT_STRING_get_bit(bits, known[i]) == 1)
			usage |= 1u << known[i];
	return usage;
}

static enum pki_status
read_extensions(struct pki_cert *cert, struct pki_err *err)
{
	BASIC_CONSTRAINTS *bc;
	PKI_TRY(read_ext(cert, NID_basic_constraints, (void **)&bc, err));
	cert->ca = bc != NULL && bc->ca != 0;
	cert->path_len = bc != NULL && bc->pathlen != NULL ? ASN1_INTEGER_get(bc->pathlen)
							   : -1;
	BASIC_CONSTRAINTS_free(bc);
	ASN1_BIT_STRING *usage;
	PKI_TRY(read_ext(cert, NID_key_usage, (void **)&usage, err));
	cert->key_usage = usage_bits(usage);
	ASN1_BIT_STRING_free(usage);
	ASN1_OCTET_STRING *ski;
	PKI_TRY(read_ext(cert, NID_subject_key_identifier, (void **)&ski, err));
	take_key_id(ski, &cert->subject_id);
	ASN1_OCTET_STRING_free(ski);
	AUTHORITY_KEYID *aki;
	PKI_TRY(read_ext(cert, NID_authority_key_identifier, (void **)&aki, err));
	take_key_id(aki != NULL ? aki->keyid : NULL, &cert->authority_id);
	AUTHORITY_KEYID_free(aki);
	return PKI_OK;
}

static enum pki_status
read_key(struct pki_cert *cert, const struct pki_key *known, struct pki_err *err)
{
	struct pki_bytes spki = pki_asn1_bytes(cert->tbs->key);
	struct pki_bytes same = { 0 };
	if (known != NULL)
		same = pki_key_get0_spki(known);
	if (!pki_bytes_equal(spki.data, spki.len, same.data, same.len))
		return pki_key_from_spki(spki, &cert->key, err);
	cert->key = pki_key_share(known);
	return PKI_OK;
}

static enum pki_status
read_fields(struct pki_cert *cert, const struct pki_key *known, struct pki_err *err)
{
	struct pki_bytes der = pki_buf_bytes(&cert->der);
	cert->whole = pki_asn1_decode(der, ASN1_ITEM_rptr(PKI_SIGNED));
	if (cert->whole != NULL)
		cert->tbs = pki_asn1_decode(
			pki_asn1_bytes(cert->whole->tbs), ASN1_ITEM_rptr(PKI_TBS));
	if (cert->tbs == NULL)
		return pki_fail_ssl(err, PKI_INPUT,
			"not a certificate (X.509, RFC 5280) in DER or PEM, or octets after it");
	const PKI_TBS *tbs = cert->tbs;
	if (tbs->version == NULL || ASN1_INTEGER_get(tbs->version) != X509_VERSION_3)
		return pki_fail(err, PKI_INPUT,
			"RFC 5280 4.1.2.1: the certificate is not of version 3");
	PKI_TRY(pki_asn1_serial_get(tbs->serial, &cert->serial, err));
	PKI_TRY(pki_asn1_time_get(tbs->validity->notBefore, &cert->not_before, err));
	PKI_TRY(pki_asn1_time_get(tbs->validity->notAfter, &cert->not_after, err));
	PKI_TRY(read_key(cert, known, err));
	return read_extensions(cert, err);
}

enum pki_status
pki_cert_from_der(struct pki_buf *der, const struct pki_key *known, struct pki_cert **out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = calloc(1, sizeof *cert);
	if (cert == NULL)
		return pki_fail(err, PKI_MEMORY, "a certificate");
	cert->der = *der;
	*der = (struct pki_buf){ 0 };
	PKI_TRY(read_fields(cert, known, err));
	*out = cert;
	cert = NULL;
	return PKI_OK;
}

enum pki_status
pki_cert_sign(struct pki_cert *cert, struct pki_key *key, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf signature = { 0 };
	struct pki_bytes tbs = pki_asn1_bytes(cert->whole->tbs);
	ASN1_BIT_STRING *bits = cert->whole->signature;
	PKI_TRY(pki_key_sign(key, tbs.data, tbs.len, &signature, err));
	if (ASN1_STRING_set(bits, signature.data, (int)signature.len) != 1)
		return pki_fail_ssl(err, PKI_MEMORY, "a certificate's signature");
	bits->flags = ASN1_STRING_FLAG_BITS_LEFT; /* all bits of the last octet */
	pki_buf_reset(&cert->der);
	return pki_asn1_encode(cert->whole, ASN1_ITEM_rptr(PKI_SIGNED), &cert->der, err);
}

/* A certificate from outside must be valid for OpenSSL's X509 too, which is then kept. */
enum pki_status
pki_cert_parse(struct pki_bytes in, struct pki_cert **out, struct pki_err *err)
{
	static const char *const labels[] = { "CERTIFICATE", "X509 CERTIFICATE", NULL };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_TRY(pki_pem_or_der(in, PKI_CERT_MAX, labels, &der, err));
	PKI_TRY(pki_cert_from_der(&der, NULL, &cert, err));
	X509 *x509 = pki_cert_get0_x509(cert);
	if (x509 == NULL || X509_check_purpose(x509, -1, 0) != 1)
		return pki_fail_ssl(err, PKI_INPUT,
			"RFC 5280 4.1: a name or an extension is malformed or there twice");
	*out = cert;
	cert = NULL;
	return PKI_OK;
}

enum pki_status
pki_cert_parse_own(struct pki_bytes in, struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	if (in.len > PKI_CERT_MAX)
		return pki_fail(err, PKI_LIMIT, "a certificate of over 32 kB");
	PKI_TRY(pki_buf_append(&der, in.data, in.len, err));
	return pki_cert_from_der(&der, NULL, out, err);
}

enum pki_status
pki_cert_read(const char *path, struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	enum pki_status st = pki_file_read(path, PKI_FILE_MAX, &file, err);
	if (st == PKI_OK)
		st = pki_cert_parse(pki_buf_bytes(&file), out, err);
	if (st != PKI_OK)
		pki_err_object(err, "%s", path);
	return st;
}

enum pki_status
pki_cert_from_x509(X509 *x509, struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	unsigned char *octets = NULL;
	int len = i2d_X509(x509, &octets);
	if (len <= 0)
		return pki_fail_ssl(
			err, PKI_INPUT, "a certificate that cannot be encoded");
	struct pki_bytes der = { octets, (size_t)len };
	enum pki_status st = pki_cert_parse_own(der, &cert, err);
	OPENSSL_free(octets);
	PKI_TRY(st);
	if (X509_check_purpose(x509, -1, 0) != 1 || X509_up_ref(x509) != 1)
		return pki_fail_ssl(err, PKI_INPUT,
			"RFC 5280 4.2: an extension is malformed or there twice");
	cert->x509 = x509;
	*out = cert;
	cert = NULL;
	return PKI_OK;
}

void
pki_cert_free(struct pki_cert *cert)
{
	if (cert == NULL || atomic_fetch_sub(&cert->more_owners, 1) != 0)
		return;
	X509_free(cert->x509);
	pki_signed_cleanup(&cert->whole);
	pki_tbs_cleanup(&cert->tbs);
	pki_key_free(cert->key);
	pki_buf_free(&cert->der);
	free(cert);
}

void
pki_cert_cleanup(struct pki_cert **cert)
{
	pki_cert_free(*cert);
}

static struct pki_cert *
unconst(const struct pki_cert *cert)
{
	union {
		const struct pki_cert *in;
		struct pki_cert *out;
	} same = { cert };
	return same.out;
}

struct pki_cert *
pki_cert_share(const struct pki_cert *cert)
{
	struct pki_cert *shared = unconst(cert);
	atomic_fetch_add(&shared->more_owners, 1);
	return shared;
}

/* Two threads may make an X509 at once: the first is kept. */
X509 *
pki_cert_get0_x509(const struct pki_cert *cert)
{
	X509 *x509 = cert->x509;
	if (x509 != NULL)
		return x509;
	const unsigned char *p = cert->der.data;
	X509 *made = d2i_X509(NULL, &p, (long)cert->der.len);
	if (atomic_compare_exchange_strong(&unconst(cert)->x509, &x509, made))
		return made;
	X509_free(made);
	return x509;
}

const PKI_SIGNED *
pki_cert_get0_signed(const struct pki_cert *cert)
{
	return cert->whole;
}

const PKI_TBS *
pki_cert_get0_tbs(const struct pki_cert *cert)
{
	return cert->tbs;
}

struct pki_bytes
pki_cert_get0_der(const struct pki_cert *cert)
{
	return pki_buf_bytes(&cert->der);
}

const struct pki_key *
pki_cert_get0_key(const struct pki_cert *cert)
{
	return cert->key;
}

const struct pki_serial *
pki_cert_get0_serial(const struct pki_cert *cert)
{
	return &cert->serial;
}

pki_time
pki_cert_not_before(const struct pki_cert *cert)
{
	return cert->not_before;
}

pki_time
pki_cert_not_after(const struct pki_cert *cert)
{
	return cert->not_after;
}

struct pki_bytes
pki_cert_get0_subject_der(const struct pki_cert *cert)
{
	return pki_asn1_bytes(cert->tbs->subject);
}

struct pki_bytes
pki_cert_get0_issuer_der(const struct pki_cert *cert)
{
	return pki_asn1_bytes(cert->tbs->issuer);
}

enum pki_status
pki_cert_subject(const struct pki_cert *cert, struct pki_name *out, struct pki_err *err)
{
	return pki_name_decode(pki_cert_get0_subject_der(cert), out, err);
}

bool
pki_cert_subject_key_id(const struct pki_cert *cert, uint8_t out[PKI_KEY_ID])
{
	if (cert->subject_id.there)
		memcpy(out, cert->subject_id.id, PKI_KEY_ID);
	return cert->subject_id.there;
}

unsigned
pki_cert_key_usage(const struct pki_cert *cert)
{
	return cert->key_usage;
}

bool
pki_cert_is_ca(const struct pki_cert *cert)
{
	return cert->ca;
}

size_t
pki_cert_policies(const struct pki_cert *cert, char out[][PKI_OID_TEXT], size_t max)
{
	CERTIFICATEPOLICIES *policies = X509V3_get_d2i(
		cert->tbs->extensions, NID_certificate_policies, NULL, NULL);
	size_t count = 0;
	for (int i = 0; i < sk_POLICYINFO_num(policies) && count < max; i++) {
		const ASN1_OBJECT *id = sk_POLICYINFO_value(policies, i)->policyid;
		int len = OBJ_obj2txt(out[count], PKI_OID_TEXT, id, 1);
		if (len > 0 && len < PKI_OID_TEXT)
			count++;
	}
	CERTIFICATEPOLICIES_free(policies);
	return count;
}

static bool
first_uri(const DIST_POINT_NAME *where, char out[PKI_URL_TEXT])
{
	if (where == NULL || where->type != 0)
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(where->name.fullname); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(where->name.fullname, i);
		if (name->type != GEN_URI)
			continue;
		struct pki_bytes uri = pki_asn1_bytes(name->d.uniformResourceIdentifier);
		if (uri.len >= PKI_URL_TEXT || memchr(uri.data, '\0', uri.len) != NULL)
			return false;
		memcpy(out, uri.data, uri.len);
		out[uri.len] = '\0';
		return true;
	}
	return false;
}

bool
pki_cert_crl_url(const struct pki_cert *cert, char out[PKI_URL_TEXT])
{
	CRL_DIST_POINTS *points = X509V3_get_d2i(
		cert->tbs->extensions, NID_crl_distribution_points, NULL, NULL);
	bool found = false;
	for (int i = 0; i < sk_DIST_POINT_num(points) && !found; i++)
		found = first_uri(sk_DIST_POINT_value(points, i)->distpoint, out);
	CRL_DIST_POINTS_free(points);
	return found;
}

enum pki_status
pki_cert_pem(const struct pki_cert *cert, struct pki_buf *out, struct pki_err *err)
{
	return pki_pem_encode("CERTIFICATE", pki_buf_bytes(&cert->der), out, err);
}

static enum pki_status
check_chain(
	const struct pki_cert *cert, const struct pki_cert *issuer, struct pki_err *err)
{
	struct pki_bytes want = pki_cert_get0_subject_der(issuer);
	struct pki_bytes is = pki_cert_get0_issuer_der(cert);
	if (!pki_bytes_equal(is.data, is.len, want.data, want.len))
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the certificate's issuer is not the CA's subject (RFC 5280 6.1.3 (a)(4))");
	if (cert->authority_id.there && issuer->subject_id.there &&
		memcmp(cert->authority_id.id, issuer->subject_id.id, PKI_KEY_ID) != 0)
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the authorityKeyIdentifier names another key than the issuer's (RFC 5280 4.2.1.1)");
	return PKI_OK;
}

static enum pki_status
check_issuer(
	const struct pki_cert *cert, const struct pki_cert *issuer, struct pki_err *err)
{
	if (!pki_cert_is_ca(issuer))
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the issuer is not a CA (RFC 5280 6.1.4 (k))");
	if ((pki_cert_key_usage(issuer) & PKI_KU_KEY_CERT_SIGN) == 0)
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the issuer's key is not for signing certificates (RFC 5280 6.1.4 (n))");
	struct pki_bytes from = pki_cert_get0_issuer_der(cert);
	struct pki_bytes to = pki_cert_get0_subject_der(cert);
	bool self_issued = pki_bytes_equal(from.data, from.len, to.data, to.len);
	if (pki_cert_is_ca(cert) && !self_issued && issuer->path_len == 0)
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the issuer may not issue to CAs: pathLen 0 (RFC 5280 6.1.4 (l))");
	return PKI_OK;
}

static enum pki_status
check_dates(
	const struct pki_cert *cert, const char *whose, pki_time at, struct pki_err *err)
{
	char text[PKI_TIME_TEXT];
	if (at < cert->not_before) {
		pki_time_format(cert->not_before, text);
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"%s certificate is not valid before %s (RFC 5280 6.1.3 (a)(2))",
			whose, text);
	}
	if (at > cert->not_after) {
		pki_time_format(cert->not_after, text);
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"%s certificate expired at %s (RFC 5280 6.1.3 (a)(2))", whose,
			text);
	}
	return PKI_OK;
}

/* Critical extensions must be evaluated here; further critical extensions are refused. */
static enum pki_status
check_critical(const struct pki_cert *cert, struct pki_err *err)
{
	const STACK_OF(X509_EXTENSION) *extensions = cert->tbs->extensions;
	for (int i = 0; i < X509v3_get_ext_count(extensions); i++) {
		X509_EXTENSION *ext = X509v3_get_ext(extensions, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));
		if (!X509_EXTENSION_get_critical(ext) || nid == NID_key_usage ||
			nid == NID_basic_constraints)
			continue;
		char oid[PKI_OID_TEXT];
		OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(ext), 0);
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"this suite does not evaluate the critical extension %s (RFC 5280 6.1.4 (o), 6.1.5 (f))",
			oid);
	}
	return PKI_OK;
}

/*
 * RFC 5280 6.1.3 (a)(1), (2), (4), 6.1.4 (k)-(o), 6.1.5 (e)-(f), for a path of one step
 * with issuer as trust anchor. Policies and name constraints (6.1.3 (b)-(f)) are not evaluated:
 * no CA of this suite has any, and critical extensions of this kind are refused. OpenSSL's
 * X509_STORE would take longer.
 */
enum pki_status
pki_cert_verify(const struct pki_cert *cert, const struct pki_cert *issuer, pki_time at,
	struct pki_err *err)
{
	PKI_TRY(check_chain(cert, issuer, err));
	PKI_TRY(check_issuer(cert, issuer, err));
	PKI_TRY(check_dates(cert, "the", at, err));
	PKI_TRY(check_dates(issuer, "the issuer's", at, err));
	PKI_TRY(check_critical(cert, err));
	PKI_TRY(check_critical(issuer, err));
	if (X509_ALGOR_cmp(cert->tbs->algorithm, cert->whole->algorithm) != 0 ||
		!pki_signature_verify(cert->whole, issuer->key))
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the signature is not the issuer's (RFC 5280 6.1.3 (a)(1))");
	return PKI_OK;
}
