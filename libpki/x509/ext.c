#include "libpki/x509/ext.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/asn1/qc.h"

/* Builders return NULL when OpenSSL has no memory left; nothing else can go wrong in them.
 */

static ASN1_OCTET_STRING *
octet_string(const uint8_t *data, size_t len)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	if (octets != NULL && ASN1_OCTET_STRING_set(octets, data, (int)len) == 1)
		return octets;
	ASN1_OCTET_STRING_free(octets);
	return NULL;
}

static GENERAL_NAME *
uri_name(const char *uri)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	if (name == NULL || text == NULL || ASN1_STRING_set(text, uri, -1) != 1) {
		GENERAL_NAME_free(name);
		ASN1_IA5STRING_free(text);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, GEN_URI, text);
	return name;
}

static bool
always(const struct pki_cert_spec *spec)
{
	(void)spec;
	return true;
}

/* RFC 5280 4.2.1.1: a self-signed certificate does without */
static bool
has_issuer(const struct pki_cert_spec *spec)
{
	return spec->issuer != NULL;
}

static void *
build_authority_key_id(const struct pki_cert_spec *spec)
{
	uint8_t id[PKI_KEY_ID];
	AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
	if (aki != NULL && pki_cert_subject_key_id(spec->issuer, id))
		aki->keyid = octet_string(id, sizeof id);
	if (aki != NULL && aki->keyid != NULL)
		return aki;
	AUTHORITY_KEYID_free(aki);
	return NULL;
}

/* rule 6 */
static void *
build_subject_key_id(const struct pki_cert_spec *spec)
{
	uint8_t id[PKI_KEY_ID];
	if (pki_key_id(spec->key, id, NULL) != PKI_OK)
		return NULL;
	return octet_string(id, sizeof id);
}

static void *
build_key_usage(const struct pki_cert_spec *spec)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	/* decipherOnly(8) is the last bit of KeyUsage */
	for (int bit = 0; usage != NULL && bit <= 8; bit++)
		if ((spec->profile->key_usage >> bit & 1) != 0 &&
			ASN1_BIT_STRING_set_bit(usage, bit, 1) != 1) {
			ASN1_BIT_STRING_free(usage);
			return NULL;
		}
	return usage;
}

static bool
wants_policies(const struct pki_cert_spec *spec)
{
	return spec->profile->policies[0][0] != '\0' ||
	       spec->profile->role_oid[0] != '\0';
}

static bool
add_cps(POLICYINFO *policy, const char *url)
{
	POLICYQUALINFO *qualifier = POLICYQUALINFO_new();
	if (qualifier == NULL)
		return false;
	qualifier->pqualid = OBJ_nid2obj(NID_id_qt_cps);
	qualifier->d.cpsuri = ASN1_IA5STRING_new();
	policy->qualifiers = sk_POLICYQUALINFO_new_null();
	if (qualifier->d.cpsuri != NULL &&
		ASN1_STRING_set(qualifier->d.cpsuri, url, -1) == 1 &&
		policy->qualifiers != NULL &&
		sk_POLICYQUALINFO_push(policy->qualifiers, qualifier) > 0)
		return true;
	POLICYQUALINFO_free(qualifier);
	return false;
}

static bool
add_policy(CERTIFICATEPOLICIES *policies, const char *oid, const char *cps_url)
{
	POLICYINFO *policy = POLICYINFO_new();
	if (policy == NULL)
		return false;
	policy->policyid = OBJ_txt2obj(oid, 1);
	if (policy->policyid != NULL &&
		(cps_url[0] == '\0' || add_cps(policy, cps_url)) &&
		sk_POLICYINFO_push(policies, policy) > 0)
		return true;
	POLICYINFO_free(policy);
	return false;
}

static void *
build_policies(const struct pki_cert_spec *spec)
{
	const struct pki_profile *profile = spec->profile;
	CERTIFICATEPOLICIES *policies = CERTIFICATEPOLICIES_new();
	bool ok = policies != NULL;
	for (size_t i = 0; ok && i < PKI_POLICY_OIDS && profile->policies[i][0] != '\0';
		i++)
		ok = add_policy(
			policies, profile->policies[i], i == 0 ? profile->cps_url : "");
	if (ok && profile->role_oid[0] != '\0')
		ok = add_policy(policies, profile->role_oid, "");
	if (ok)
		return policies;
	CERTIFICATEPOLICIES_free(policies);
	return NULL;
}

static bool
is_ca(const struct pki_cert_spec *spec)
{
	return spec->profile->ca;
}

static void *
build_basic_constraints(const struct pki_cert_spec *spec)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	if (bc == NULL)
		return NULL;
	bc->ca = 0xff; /* X.690 11.1: OpenSSL writes the octet unchanged */
	if (spec->profile->path_len < 0)
		return bc;
	bc->pathlen = ASN1_INTEGER_new();
	if (bc->pathlen != NULL &&
		ASN1_INTEGER_set(bc->pathlen, spec->profile->path_len) == 1)
		return bc;
	BASIC_CONSTRAINTS_free(bc);
	return NULL;
}

static bool
wants_eku(const struct pki_cert_spec *spec)
{
	return spec->profile->eku != 0;
}

static void *
build_eku(const struct pki_cert_spec *spec)
{
	static const struct {
		enum pki_eku eku;
		const char *oid;
	} usages[] = {
		{ PKI_EKU_CLIENT_AUTH, "1.3.6.1.5.5.7.3.2" },
		{ PKI_EKU_EMAIL_PROTECTION, "1.3.6.1.5.5.7.3.4" },
		{ PKI_EKU_OCSP_SIGNING, "1.3.6.1.5.5.7.3.9" },
		{ PKI_EKU_DOCUMENT_SIGNING, "1.3.6.1.5.5.7.3.36" },
	};
	EXTENDED_KEY_USAGE *eku = EXTENDED_KEY_USAGE_new();
	for (size_t i = 0; eku != NULL && i < PKI_COUNT(usages); i++) {
		if ((spec->profile->eku & usages[i].eku) == 0)
			continue;
		ASN1_OBJECT *oid = OBJ_txt2obj(usages[i].oid, 1);
		if (oid == NULL || sk_ASN1_OBJECT_push(eku, oid) <= 0) {
			ASN1_OBJECT_free(oid);
			EXTENDED_KEY_USAGE_free(eku);
			return NULL;
		}
	}
	return eku;
}

static bool
wants_crl_url(const struct pki_cert_spec *spec)
{
	return spec->profile->issuer_urls;
}

static void *
build_crl_points(const struct pki_cert_spec *spec)
{
	CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
	DIST_POINT *point = DIST_POINT_new();
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	char url[PKI_URL_TEXT];
	pki_crl_url(spec->urls,
		pki_serial_partition(&spec->serial, spec->urls->partitions), url);
	GENERAL_NAME *uri = uri_name(url);
	DIST_POINT_NAME *where = DIST_POINT_NAME_new();
	if (points != NULL && point != NULL && names != NULL && uri != NULL &&
		where != NULL && sk_GENERAL_NAME_push(names, uri) > 0 &&
		sk_DIST_POINT_push(points, point) > 0) {
		where->type = 0; /* fullName */
		where->name.fullname = names;
		point->distpoint = where;
		return points;
	}
	/* out of memory: free the values pushed so far */
	sk_DIST_POINT_free(points);
	DIST_POINT_free(point);
	sk_GENERAL_NAME_free(names);
	GENERAL_NAME_free(uri);
	DIST_POINT_NAME_free(where);
	return NULL;
}

static bool
wants_access(const struct pki_cert_spec *spec)
{
	return spec->profile->issuer_urls || spec->profile->ocsp_url;
}

static bool
add_access(AUTHORITY_INFO_ACCESS *access, int method, const char *url)
{
	ACCESS_DESCRIPTION *description = ACCESS_DESCRIPTION_new();
	GENERAL_NAME *uri = uri_name(url);
	if (description != NULL && uri != NULL &&
		sk_ACCESS_DESCRIPTION_push(access, description) > 0) {
		description->method = OBJ_nid2obj(method);
		GENERAL_NAME_free(description->location);
		description->location = uri;
		return true;
	}
	ACCESS_DESCRIPTION_free(description);
	GENERAL_NAME_free(uri);
	return false;
}

static void *
build_access(const struct pki_cert_spec *spec)
{
	AUTHORITY_INFO_ACCESS *access = AUTHORITY_INFO_ACCESS_new();
	bool ok = access != NULL;
	if (ok && spec->profile->issuer_urls)
		ok = add_access(access, NID_ad_ca_issuers, spec->urls->ca_issuers);
	if (ok && spec->profile->ocsp_url)
		ok = add_access(access, NID_ad_OCSP, spec->urls->ocsp);
	if (ok)
		return access;
	AUTHORITY_INFO_ACCESS_free(access);
	return NULL;
}

static bool
wants_nocheck(const struct pki_cert_spec *spec)
{
	return spec->profile->ocsp_nocheck;
}

static void *
build_nocheck(const struct pki_cert_spec *spec)
{
	(void)spec;
	return ASN1_NULL_new();
}

static bool
wants_qc(const struct pki_cert_spec *spec)
{
	return spec->profile->natural_person || spec->profile->pds[0].url[0] != '\0';
}

/* info is encoded by item; the statement goes to the list. */
static bool
add_statement(PKI_QC_STATEMENTS *list, const char *oid, const ASN1_ITEM *item, void *info)
{
	PKI_QC_STATEMENT *statement =
		(PKI_QC_STATEMENT *)ASN1_item_new(ASN1_ITEM_rptr(PKI_QC_STATEMENT));
	if (statement == NULL)
		return false;
	statement->id = OBJ_txt2obj(oid, 1);
	if (statement->id != NULL &&
		ASN1_TYPE_pack_sequence(item, info, &statement->info) != NULL &&
		sk_PKI_QC_STATEMENT_push(list, statement) > 0)
		return true;
	ASN1_item_free((ASN1_VALUE *)statement, ASN1_ITEM_rptr(PKI_QC_STATEMENT));
	return false;
}

static bool
add_semantics(PKI_QC_STATEMENTS *list)
{
	PKI_SEMANTICS semantics = { OBJ_txt2obj(PKI_OID_SEMANTICS_NATURAL, 1), NULL };
	bool ok = semantics.id != NULL &&
		  add_statement(list, PKI_OID_QC_SYNTAX_V2, ASN1_ITEM_rptr(PKI_SEMANTICS),
			  &semantics);
	ASN1_OBJECT_free(semantics.id);
	return ok;
}

static bool
add_pds_location(PKI_PDS_LOCATIONS *locations, const struct pki_pds *pds)
{
	PKI_PDS_LOCATION *location =
		(PKI_PDS_LOCATION *)ASN1_item_new(ASN1_ITEM_rptr(PKI_PDS_LOCATION));
	if (location != NULL && ASN1_STRING_set(location->url, pds->url, -1) == 1 &&
		ASN1_STRING_set(location->language, pds->language, -1) == 1 &&
		sk_PKI_PDS_LOCATION_push(locations, location) > 0)
		return true;
	ASN1_item_free((ASN1_VALUE *)location, ASN1_ITEM_rptr(PKI_PDS_LOCATION));
	return false;
}

static bool
add_pds(PKI_QC_STATEMENTS *list, const struct pki_profile *profile)
{
	PKI_PDS_LOCATIONS *locations = sk_PKI_PDS_LOCATION_new_null();
	bool ok = locations != NULL;
	for (size_t i = 0; ok && i < PKI_PDS_MAX && profile->pds[i].url[0] != '\0'; i++)
		ok = add_pds_location(locations, &profile->pds[i]);
	ok = ok && add_statement(list, PKI_OID_QC_PDS, ASN1_ITEM_rptr(PKI_PDS_LOCATIONS),
			   locations);
	ASN1_item_free((ASN1_VALUE *)locations, ASN1_ITEM_rptr(PKI_PDS_LOCATIONS));
	return ok;
}

static void *
build_qc(const struct pki_cert_spec *spec)
{
	PKI_QC_STATEMENTS *list = sk_PKI_QC_STATEMENT_new_null();
	bool ok = list != NULL;
	if (ok && spec->profile->natural_person)
		ok = add_semantics(list);
	if (ok && spec->profile->pds[0].url[0] != '\0')
		ok = add_pds(list, spec->profile);
	if (ok)
		return list;
	ASN1_item_free((ASN1_VALUE *)list, ASN1_ITEM_rptr(PKI_QC_STATEMENTS));
	return NULL;
}

static const struct {
	int nid;
	bool critical;
	const ASN1_ITEM *(*item)(void);
	bool (*wanted)(const struct pki_cert_spec *spec);
	void *(*build)(const struct pki_cert_spec *spec);
} table[] = {
	{ NID_authority_key_identifier, false, ASN1_ITEM_ref(AUTHORITY_KEYID), has_issuer,
		build_authority_key_id },
	{ NID_subject_key_identifier, false, ASN1_ITEM_ref(ASN1_OCTET_STRING), always,
		build_subject_key_id },
	{ NID_key_usage, true, ASN1_ITEM_ref(ASN1_BIT_STRING), always, build_key_usage },
	{ NID_certificate_policies, false, ASN1_ITEM_ref(CERTIFICATEPOLICIES),
		wants_policies, build_policies },
	{ NID_basic_constraints, true, ASN1_ITEM_ref(BASIC_CONSTRAINTS), is_ca,
		build_basic_constraints },
	{ NID_ext_key_usage, false, ASN1_ITEM_ref(EXTENDED_KEY_USAGE), wants_eku,
		build_eku },
	{ NID_crl_distribution_points, false, ASN1_ITEM_ref(CRL_DIST_POINTS),
		wants_crl_url, build_crl_points },
	{ NID_info_access, false, ASN1_ITEM_ref(AUTHORITY_INFO_ACCESS), wants_access,
		build_access },
	{ NID_id_pkix_OCSP_noCheck, false, ASN1_ITEM_ref(ASN1_NULL), wants_nocheck,
		build_nocheck },
	{ NID_qcStatements, false, ASN1_ITEM_ref(PKI_QC_STATEMENTS), wants_qc, build_qc },
};

static X509_EXTENSION *
wrap(int nid, bool critical, const ASN1_ITEM *item, void *value)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d(value, &der, item);
	ASN1_item_free(value, item);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	if (len > 0 && octets != NULL) {
		ASN1_STRING_set0(octets, der, len);
		der = NULL;
		extension = X509_EXTENSION_create_by_NID(NULL, nid, critical, octets);
	}
	ASN1_OCTET_STRING_free(octets);
	OPENSSL_free(der);
	return extension;
}

enum pki_status
pki_ext_add_all(STACK_OF(X509_EXTENSION) * extensions, const struct pki_cert_spec *spec,
	struct pki_err *err)
{
	uint8_t id[PKI_KEY_ID];
	if (spec->issuer != NULL && !pki_cert_subject_key_id(spec->issuer, id))
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_KEY_IDS,
			"the issuer's certificate has no subjectKeyIdentifier of 20 octets");
	if ((wants_crl_url(spec) || wants_access(spec)) && spec->urls == NULL)
		return pki_fail(err, PKI_INTERNAL,
			"profile %s asks for URLs; none are given", spec->profile->name);
	for (size_t i = 0; i < PKI_COUNT(table); i++) {
		if (!table[i].wanted(spec))
			continue;
		void *value = table[i].build(spec);
		X509_EXTENSION *extension = NULL;
		if (value != NULL)
			extension = wrap(
				table[i].nid, table[i].critical, table[i].item(), value);
		if (extension == NULL ||
			sk_X509_EXTENSION_push(extensions, extension) <= 0) {
			X509_EXTENSION_free(extension);
			return pki_fail_ssl(err, PKI_MEMORY,
				"cannot build the extension %s",
				OBJ_nid2sn(table[i].nid));
		}
	}
	return PKI_OK;
}
