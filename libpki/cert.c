#include "libpki/cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/asn1.h"
#include "libpki/file.h"
#include "libpki/pem.h"

/* What is asked for often is read once; x509 keeps its own DER of names and tbsCertificate.
 */
struct pki_cert {
	X509 *x509;
	struct pki_buf der;
	struct pki_key *key;
	struct pki_serial serial;
	pki_time not_before;
	pki_time not_after;
};

/* Takes der over by leaving it empty; x509 gets a reference. */
static enum pki_status
adopt(X509 *x509, struct pki_buf *der, struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = calloc(1, sizeof *cert);
	if (cert == NULL || X509_up_ref(x509) != 1) {
		free(cert);
		cert = NULL;
		return pki_fail(err, PKI_MEMORY, "a certificate");
	}
	cert->x509 = x509;
	if (X509_get_version(x509) != X509_VERSION_3)
		return pki_fail(err, PKI_INPUT,
			"RFC 5280 4.1.2.1: the certificate is not of version 3");
	PKI_TRY(pki_asn1_serial_get(X509_get0_serialNumber(x509), &cert->serial, err));
	PKI_TRY(pki_asn1_time_get(X509_get0_notBefore(x509), &cert->not_before, err));
	PKI_TRY(pki_asn1_time_get(X509_get0_notAfter(x509), &cert->not_after, err));
	/* reads the extensions that OpenSSL knows, so that the getters have no error left
	 */
	if (X509_check_purpose(x509, -1, 0) != 1)
		return pki_fail_ssl(err, PKI_INPUT,
			"RFC 5280 4.2: an extension is malformed or stands there twice");
	EVP_PKEY *pkey = X509_get0_pubkey(x509);
	if (pkey == NULL)
		return pki_fail_ssl(
			err, PKI_INPUT, "the certificate's key is not understood");
	PKI_TRY(pki_key_from_evp(pkey, &cert->key, err));
	cert->der = *der;
	*der = (struct pki_buf){ 0 };
	*out = cert;
	cert = NULL;
	return PKI_OK;
}

enum pki_status
pki_cert_parse(struct pki_bytes in, struct pki_cert **out, struct pki_err *err)
{
	static const char *const labels[] = { "CERTIFICATE", "X509 CERTIFICATE", NULL };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_TRY(pki_pem_or_der(in, PKI_CERT_MAX, labels, &der, err));
	const unsigned char *p = der.data;
	X509 *x509 = d2i_X509(NULL, &p, (long)der.len);
	if (x509 == NULL)
		return pki_fail_ssl(err, PKI_INPUT,
			"not a certificate (X.509, RFC 5280) in DER or PEM");
	enum pki_status st;
	if (p != der.data + der.len)
		st = pki_fail(err, PKI_INPUT, "octets after the certificate");
	else
		st = adopt(x509, &der, out, err);
	X509_free(x509);
	return st;
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
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	unsigned char *octets = NULL;
	int len = i2d_X509(x509, &octets);
	if (len <= 0)
		return pki_fail_ssl(err, PKI_INPUT, "a certificate that cannot be encoded");
	enum pki_status st = pki_buf_append(&der, octets, (size_t)len, err);
	OPENSSL_free(octets);
	PKI_TRY(st);
	return adopt(x509, &der, out, err);
}

void
pki_cert_free(struct pki_cert *cert)
{
	if (cert == NULL)
		return;
	X509_free(cert->x509);
	pki_key_free(cert->key);
	pki_buf_free(&cert->der);
	free(cert);
}

void
pki_cert_cleanup(struct pki_cert **cert)
{
	pki_cert_free(*cert);
}

X509 *
pki_cert_get0_x509(const struct pki_cert *cert)
{
	return cert->x509;
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

/* A parsed name holds the bytes that it came from. */
static struct pki_bytes
name_der(const X509_NAME *name)
{
	struct pki_bytes der = { 0 };
	if (X509_NAME_get0_der(name, &der.data, &der.len) != 1)
		return (struct pki_bytes){ 0 };
	return der;
}

struct pki_bytes
pki_cert_get0_subject_der(const struct pki_cert *cert)
{
	return name_der(X509_get_subject_name(cert->x509));
}

struct pki_bytes
pki_cert_get0_issuer_der(const struct pki_cert *cert)
{
	return name_der(X509_get_issuer_name(cert->x509));
}

enum pki_status
pki_cert_subject(const struct pki_cert *cert, struct pki_name *out, struct pki_err *err)
{
	return pki_name_from_x509(X509_get_subject_name(cert->x509), out, err);
}

static bool
take_key_id(const ASN1_OCTET_STRING *id, uint8_t out[PKI_KEY_ID])
{
	if (id == NULL || ASN1_STRING_length(id) != PKI_KEY_ID)
		return false;
	memcpy(out, ASN1_STRING_get0_data(id), PKI_KEY_ID);
	return true;
}

bool
pki_cert_subject_key_id(const struct pki_cert *cert, uint8_t out[PKI_KEY_ID])
{
	return take_key_id(X509_get0_subject_key_id(cert->x509), out);
}

unsigned
pki_cert_key_usage(const struct pki_cert *cert)
{
	static const struct {
		uint32_t openssl;
		unsigned usage;
	} bits[] = {
		{ KU_DIGITAL_SIGNATURE, PKI_KU_DIGITAL_SIGNATURE },
		{ KU_NON_REPUDIATION, PKI_KU_NON_REPUDIATION },
		{ KU_KEY_CERT_SIGN, PKI_KU_KEY_CERT_SIGN },
		{ KU_CRL_SIGN, PKI_KU_CRL_SIGN },
	};
	unsigned usage = 0;
	if ((X509_get_extension_flags(cert->x509) & EXFLAG_KUSAGE) == 0)
		return 0;
	uint32_t there = X509_get_key_usage(cert->x509);
	for (size_t i = 0; i < PKI_COUNT(bits); i++)
		if ((there & bits[i].openssl) != 0)
			usage |= bits[i].usage;
	return usage;
}

bool
pki_cert_is_ca(const struct pki_cert *cert)
{
	return (X509_get_extension_flags(cert->x509) & EXFLAG_CA) != 0;
}

bool
pki_cert_has_policy(const struct pki_cert *cert, const char *oid)
{
	CERTIFICATEPOLICIES *policies =
		X509_get_ext_d2i(cert->x509, NID_certificate_policies, NULL, NULL);
	bool found = false;
	for (int i = 0; i < sk_POLICYINFO_num(policies) && !found; i++) {
		char text[PKI_OID_TEXT];
		const ASN1_OBJECT *id = sk_POLICYINFO_value(policies, i)->policyid;
		int len = OBJ_obj2txt(text, sizeof text, id, 1);
		found = len > 0 && len < (int)sizeof text && strcmp(text, oid) == 0;
	}
	CERTIFICATEPOLICIES_free(policies);
	return found;
}

enum pki_status
pki_cert_pem(const struct pki_cert *cert, struct pki_buf *out, struct pki_err *err)
{
	return pki_pem_encode("CERTIFICATE", pki_buf_bytes(&cert->der), out, err);
}

static enum pki_status
check_chain(const struct pki_cert *cert, const struct pki_cert *issuer, struct pki_err *err)
{
	struct pki_bytes want = pki_cert_get0_subject_der(issuer);
	struct pki_bytes is = pki_cert_get0_issuer_der(cert);
	if (!pki_bytes_equal(is.data, is.len, want.data, want.len))
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the certificate's issuer is not the CA's subject (RFC 5280 6.1.3 "
			"(a)(4))");
	uint8_t ski[PKI_KEY_ID];
	uint8_t aki[PKI_KEY_ID];
	if (take_key_id(X509_get0_authority_key_id(cert->x509), aki) &&
		pki_cert_subject_key_id(issuer, ski) && memcmp(aki, ski, sizeof ski) != 0)
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the certificate names another key of its CA (RFC 5280 4.2.1.1)");
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
			"the issuer's key is not for signing certificates (RFC 5280 6.1.4 "
			"(n))");
	struct pki_bytes from = pki_cert_get0_issuer_der(cert);
	struct pki_bytes to = pki_cert_get0_subject_der(cert);
	bool self_issued = pki_bytes_equal(from.data, from.len, to.data, to.len);
	if (pki_cert_is_ca(cert) && !self_issued && X509_get_pathlen(issuer->x509) == 0)
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the issuer may not have CAs below it: pathLen 0 (RFC 5280 6.1.4 "
			"(l))");
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

/* Critical is fine for what is evaluated here, and for nothing else. */
static enum pki_status
check_critical(const struct pki_cert *cert, struct pki_err *err)
{
	int count = X509_get_ext_count(cert->x509);
	for (int i = 0; i < count; i++) {
		X509_EXTENSION *ext = X509_get_ext(cert->x509, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));
		if (!X509_EXTENSION_get_critical(ext) || nid == NID_key_usage ||
			nid == NID_basic_constraints)
			continue;
		char oid[PKI_OID_TEXT];
		OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(ext), 0);
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the critical extension %s is not one that this suite evaluates "
			"(RFC 5280 6.1.4 (o), 6.1.5 (f))",
			oid);
	}
	return PKI_OK;
}

/*
 * RFC 5280 6.1.3 (a)(1), (2), (4), 6.1.4 (k)-(o), 6.1.5 (e)-(f), for a path of one step
 * whose trust anchor is issuer. Policies and name constraints (6.1.3 (b)-(f)) are not in
 * play: no CA of this suite carries them, and critical ones are refused. A store and its
 * path building would cost more than the signature.
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
	if (X509_verify(cert->x509, pki_key_get0_evp(issuer->key)) != 1) {
		ERR_clear_error();
		return pki_refuse(err, PKI_RULE_VALIDATION,
			"the certificate's signature is not by its issuer (RFC 5280 6.1.3 "
			"(a)(1))");
	}
	return PKI_OK;
}
