#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/asn1/asn1.h"
#include "libpki/asn1/signed.h"
#include "libpki/x509/crl_priv.h"

/* RFC 5280 5.2 has seven. Up to 32 extensions, a search for duplicates costs nothing. */
#define EXTENSIONS_MAX 32

static bool
always(const struct pki_crl_spec *spec)
{
	(void)spec;
	return true;
}

static bool
is_partition(const struct pki_crl_spec *spec)
{
	return spec->distribution_point != NULL;
}

static bool
keeps_expired(const struct pki_crl_spec *spec)
{
	return spec->expired_since != 0;
}

/* Builders return NULL when OpenSSL has no memory left; nothing else can go wrong in them.
 */

static void *
build_authority_key_id(const struct pki_crl_spec *spec)
{
	uint8_t id[PKI_KEY_ID];
	AUTHORITY_KEYID *akid = AUTHORITY_KEYID_new();
	if (akid != NULL && pki_cert_subject_key_id(spec->issuer, id) &&
		(akid->keyid = ASN1_OCTET_STRING_new()) != NULL &&
		ASN1_OCTET_STRING_set(akid->keyid, id, sizeof id) == 1)
		return akid;
	AUTHORITY_KEYID_free(akid);
	return NULL;
}

static void *
build_number(const struct pki_crl_spec *spec)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	if (number != NULL && ASN1_INTEGER_set_uint64(number, spec->number) == 1)
		return number;
	ASN1_INTEGER_free(number);
	return NULL;
}

static void *
build_point(const struct pki_crl_spec *spec)
{
	ISSUING_DIST_POINT *idp = ISSUING_DIST_POINT_new();
	DIST_POINT_NAME *where = DIST_POINT_NAME_new();
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *uri = ASN1_IA5STRING_new();
	if (idp != NULL && where != NULL && names != NULL && name != NULL &&
		uri != NULL && ASN1_STRING_set(uri, spec->distribution_point, -1) == 1 &&
		sk_GENERAL_NAME_push(names, name) > 0) {
		GENERAL_NAME_set0_value(name, GEN_URI, uri);
		where->type = 0; /* fullName */
		where->name.fullname = names;
		idp->distpoint = where;
		return idp;
	}
	ISSUING_DIST_POINT_free(idp);
	DIST_POINT_NAME_free(where);
	sk_GENERAL_NAME_free(names);
	GENERAL_NAME_free(name);
	ASN1_IA5STRING_free(uri);
	return NULL;
}

static void *
build_expired(const struct pki_crl_spec *spec)
{
	return ASN1_GENERALIZEDTIME_set(NULL, spec->expired_since);
}

static enum pki_status
read_authority_key_id(struct pki_crl *crl, const void *value, struct pki_err *err)
{
	const AUTHORITY_KEYID *akid = value;
	if (akid->keyid == NULL)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"authorityKeyIdentifier has no keyIdentifier");
	struct pki_bytes id = pki_asn1_bytes(akid->keyid);
	return pki_buf_append(&crl->authority_key_id, id.data, id.len, err);
}

static enum pki_status
read_number(struct pki_crl *crl, const void *value, struct pki_err *err)
{
	/* 20 octets are allowed; counting CRLs never exceeds 64 bits */
	if (ASN1_INTEGER_get_uint64(&crl->number, value) == 1)
		return PKI_OK;
	ERR_clear_error();
	return pki_refuse(err, PKI_RULE_CRL_FIELDS, "CRLNumber is not a 64-bit number");
}

/* As certificates' cRLDistributionPoints hold them: printable ASCII without spaces. */
static bool
is_url(struct pki_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	return text.len != 0 && text.len < PKI_URL_TEXT;
}

/* rule 52: a fullName of a single URI */
static enum pki_status
read_point(struct pki_crl *crl, const void *value, struct pki_err *err)
{
	const ISSUING_DIST_POINT *idp = value;
	if (idp->onlyuser != 0 || idp->onlyCA != 0 || idp->onlyattr != 0 ||
		idp->indirectCRL != 0 || idp->onlysomereasons != NULL)
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"issuingDistributionPoint holds more than a distributionPoint");
	const DIST_POINT_NAME *where = idp->distpoint;
	if (where == NULL)
		return pki_refuse(
			err, PKI_RULE_CRL_PARTITION, "issuingDistributionPoint is empty");
	if (where->type != 0 || sk_GENERAL_NAME_num(where->name.fullname) != 1)
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"issuingDistributionPoint is not a fullName of one name");
	const GENERAL_NAME *name = sk_GENERAL_NAME_value(where->name.fullname, 0);
	if (name->type != GEN_URI ||
		!is_url(pki_asn1_bytes(name->d.uniformResourceIdentifier)))
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"issuingDistributionPoint names no URL of at most %d octets",
			PKI_URL_TEXT - 1);
	struct pki_bytes url = pki_asn1_bytes(name->d.uniformResourceIdentifier);
	return pki_buf_append(&crl->distribution_point, url.data, url.len, err);
}

static enum pki_status
check_expired(pki_time since, pki_time this_update, struct pki_err *err)
{
	/* not before 1970: 0 is none */
	if (since > 0 && since <= this_update)
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_CRL_KEEPS_EXPIRED,
		"expiredCertsOnCRL is before 1970 or after thisUpdate");
}

static enum pki_status
read_expired(struct pki_crl *crl, const void *value, struct pki_err *err)
{
	PKI_TRY(pki_asn1_time_get(value, &crl->expired_since, err));
	return check_expired(crl->expired_since, crl->this_update, err);
}

static const struct kind {
	const char *oid;
	const char *name;
	bool critical;
	bool required;
	enum pki_rule rule;
	const ASN1_ITEM *(*item)(void);
	bool (*wanted)(const struct pki_crl_spec *spec);
	void *(*build)(const struct pki_crl_spec *spec);
	enum pki_status (*read)(
		struct pki_crl *crl, const void *value, struct pki_err *err);
} kinds[] = {
	{ "2.5.29.35", "authorityKeyIdentifier", false, true, PKI_RULE_CRL_FIELDS,
		ASN1_ITEM_ref(AUTHORITY_KEYID), always, build_authority_key_id,
		read_authority_key_id },
	{ "2.5.29.20", "CRLNumber", false, true, PKI_RULE_CRL_FIELDS,
		ASN1_ITEM_ref(ASN1_INTEGER), always, build_number, read_number },
	{ "2.5.29.28", "issuingDistributionPoint", true, false, PKI_RULE_CRL_PARTITION,
		ASN1_ITEM_ref(ISSUING_DIST_POINT), is_partition, build_point,
		read_point },
	/* expiredCertsOnCRL, X.509 9.5.2.8; OpenSSL 3.0 lacks the name */
	{ "2.5.29.60", "expiredCertsOnCRL", false, false, PKI_RULE_CRL_KEEPS_EXPIRED,
		ASN1_ITEM_ref(ASN1_GENERALIZEDTIME), keeps_expired, build_expired,
		read_expired },
};

enum pki_status
pki_crl_check_extensions(const struct pki_crl_spec *spec, struct pki_err *err)
{
	const char *url = spec->distribution_point;
	uint8_t id[PKI_KEY_ID];
	if (!pki_cert_subject_key_id(spec->issuer, id))
		return pki_refuse(err, PKI_RULE_KEY_IDS,
			"the issuer's certificate has no subjectKeyIdentifier");
	if (url != NULL &&
		!is_url((struct pki_bytes){ (const uint8_t *)url, strlen(url) }))
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"\"%.40s\" is not a URL of at most %d octets", url,
			PKI_URL_TEXT - 1);
	return spec->expired_since == 0
		       ? PKI_OK
		       : check_expired(spec->expired_since, spec->this_update, err);
}

static X509_EXTENSION *
wrap(const struct kind *kind, const void *value)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d(value, &der, kind->item());
	ASN1_OBJECT *oid = OBJ_txt2obj(kind->oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	if (len > 0 && oid != NULL && octets != NULL) {
		ASN1_STRING_set0(octets, der, len);
		der = NULL;
		extension =
			X509_EXTENSION_create_by_OBJ(NULL, oid, kind->critical, octets);
	}
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(octets);
	OPENSSL_free(der);
	return extension;
}

static void
free_extensions(X509_EXTENSIONS **extensions)
{
	sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static enum pki_status
add_extension(X509_EXTENSIONS *extensions, const struct kind *kind,
	const struct pki_crl_spec *spec, struct pki_err *err)
{
	void *value = kind->build(spec);
	X509_EXTENSION *extension = value == NULL ? NULL : wrap(kind, value);
	ASN1_item_free(value, kind->item());
	if (extension != NULL && sk_X509_EXTENSION_push(extensions, extension) > 0)
		return PKI_OK;
	X509_EXTENSION_free(extension);
	return pki_fail_ssl(err, PKI_MEMORY, "cannot build %s", kind->name);
}

enum pki_status
pki_crl_encode_extensions(
	const struct pki_crl_spec *spec, struct pki_buf *der, struct pki_err *err)
{
	PKI_CLEANUP(free_extensions)
	X509_EXTENSIONS *extensions = sk_X509_EXTENSION_new_null();
	if (extensions == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "the CRL's extensions");
	for (size_t i = 0; i < PKI_COUNT(kinds); i++)
		if (kinds[i].wanted(spec))
			PKI_TRY(add_extension(extensions, &kinds[i], spec, err));
	return pki_asn1_encode(extensions, ASN1_ITEM_rptr(X509_EXTENSIONS), der, err);
}

/* DER has one form for a value: encoding the value again must give the same octets. */
static bool
is_encoding(struct pki_bytes in, const void *value, const ASN1_ITEM *item)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf again = { 0 };
	return pki_asn1_encode(value, item, &again, NULL) == PKI_OK &&
	       pki_bytes_equal(again.data, again.len, in.data, in.len);
}

bool
pki_crl_is_der(struct pki_bytes in, const ASN1_ITEM *item)
{
	void *value = pki_asn1_decode(in, item);
	bool good = value != NULL && is_encoding(in, value, item);
	ASN1_item_free(value, item);
	ERR_clear_error();
	return good;
}

static enum pki_status
read_value(const struct kind *kind, struct pki_crl *crl, struct pki_bytes in,
	struct pki_err *err)
{
	void *value = pki_asn1_decode(in, kind->item());
	if (value == NULL) {
		ERR_clear_error();
		return pki_refuse(err, kind->rule, "malformed %s", kind->name);
	}
	enum pki_status status =
		is_encoding(in, value, kind->item())
			? kind->read(crl, value, err)
			: pki_refuse(err, kind->rule, "%s is not DER", kind->name);
	ASN1_item_free(value, kind->item());
	return status;
}

static const struct kind *
find_kind(const char *oid)
{
	for (size_t i = 0; i < PKI_COUNT(kinds); i++)
		if (strcmp(kinds[i].oid, oid) == 0)
			return &kinds[i];
	return NULL;
}

static enum pki_status
read_extension(
	struct pki_crl *crl, X509_EXTENSION *ext, const char *oid, struct pki_err *err)
{
	const struct kind *kind = find_kind(oid);
	bool critical = X509_EXTENSION_get_critical(ext) == 1;
	if (kind != NULL && kind->critical != critical)
		return pki_refuse(err, kind->rule, "%s is %scritical", kind->name,
			critical ? "" : "not ");
	if (kind != NULL)
		return read_value(
			kind, crl, pki_asn1_bytes(X509_EXTENSION_get_data(ext)), err);
	if (critical)
		return pki_fail(err, PKI_INPUT,
			"the CRL has critical extension %s, which a CRL of this suite does not (RFC 5280 5.2)",
			oid);
	return PKI_OK;
}

/* Has the list an extension of this kind? */
static bool
has(const STACK_OF(X509_EXTENSION) * extensions, const struct kind *kind)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(kind->oid, 1);
	bool found = oid != NULL && X509v3_get_ext_by_OBJ(extensions, oid, -1) >= 0;
	ASN1_OBJECT_free(oid);
	return found;
}

static enum pki_status
read_all(struct pki_crl *crl, const X509_EXTENSIONS *extensions, struct pki_err *err)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		X509_EXTENSION *ext = sk_X509_EXTENSION_value(extensions, i);
		const ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);
		char text[PKI_OID_TEXT];
		OBJ_obj2txt(text, sizeof text, oid, 1);
		if (X509v3_get_ext_by_OBJ(extensions, oid, i) >= 0)
			return pki_refuse(err, PKI_RULE_CRL_SERIAL,
				"the CRL has extension %s twice", text);
		PKI_TRY(read_extension(crl, ext, text, err));
	}
	for (size_t i = 0; i < PKI_COUNT(kinds); i++)
		if (kinds[i].required && !has(extensions, &kinds[i]))
			return pki_refuse(err, kinds[i].rule, "no %s", kinds[i].name);
	return PKI_OK;
}

enum pki_status
pki_crl_read_extensions(struct pki_crl *crl, struct pki_bytes der, struct pki_err *err)
{
	const ASN1_ITEM *item = ASN1_ITEM_rptr(X509_EXTENSIONS);
	PKI_CLEANUP(free_extensions)
	X509_EXTENSIONS *extensions = pki_asn1_decode(der, item);
	if (extensions == NULL || !is_encoding(der, extensions, item)) {
		ERR_clear_error();
		return pki_fail(err, PKI_INPUT,
			"not a DER CRL: the extensions (RFC 5280 5.1.2.7)");
	}
	if (sk_X509_EXTENSION_num(extensions) > EXTENSIONS_MAX)
		return pki_fail(err, PKI_LIMIT, "the CRL has more than %d extensions",
			EXTENSIONS_MAX);
	return read_all(crl, extensions, err);
}
