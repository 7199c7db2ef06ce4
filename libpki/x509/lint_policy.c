#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "libpki/asn1/qc.h"
#include "libpki/x509/lint_priv.h"

static bool
in_profile(const struct pki_profile *profile, const ASN1_OBJECT *id)
{
	for (size_t i = 0; i < PKI_POLICY_OIDS && profile->policies[i][0] != '\0'; i++)
		if (pki_lint_oid_is(id, profile->policies[i]))
			return true;
	return profile->role_oid[0] != '\0' && pki_lint_oid_is(id, profile->role_oid);
}

static int
profile_policies(const struct pki_profile *profile)
{
	int count = profile->role_oid[0] != '\0';
	for (size_t i = 0; i < PKI_POLICY_OIDS && profile->policies[i][0] != '\0'; i++)
		count++;
	return count;
}

static enum pki_status
refuse_policy(const struct pki_lint *lint, const ASN1_OBJECT *id, bool twice,
	struct pki_err *err)
{
	char oid[PKI_OID_TEXT];
	OBJ_obj2txt(oid, sizeof oid, id, 1);
	if (twice)
		return pki_refuse(
			err, PKI_RULE_POLICIES, "the policy %s is there twice", oid);
	return pki_refuse(err, PKI_RULE_POLICIES, "the policy %s is not in profile %s",
		oid, lint->profile->name);
}

static enum pki_status
check_policies(const struct pki_lint *lint, const CERTIFICATEPOLICIES *policies,
	struct pki_err *err)
{
	int count = policies != NULL ? sk_POLICYINFO_num(policies) : 0;
	if (count == 0 && pki_lint_end_entity(lint))
		return pki_refuse(
			err, PKI_RULE_POLICIES, "there are no certificatePolicies");
	for (int i = 0; i < count; i++) {
		const ASN1_OBJECT *id = sk_POLICYINFO_value(policies, i)->policyid;
		bool twice = false;
		for (int j = 0; j < i; j++)
			twice |= OBJ_cmp(id,
					 sk_POLICYINFO_value(policies, j)->policyid) == 0;
		if (twice || !in_profile(lint->profile, id))
			return refuse_policy(lint, id, twice, err);
	}
	if (count != profile_policies(lint->profile))
		return pki_refuse(err, PKI_RULE_POLICIES,
			"there are %d of the %d policies of profile %s", count,
			profile_policies(lint->profile), lint->profile->name);
	return PKI_OK;
}

enum pki_status
pki_lint_policies(const struct pki_lint *lint, struct pki_err *err)
{
	CERTIFICATEPOLICIES *policies = NULL;
	PKI_TRY(pki_lint_ext(lint, NID_certificate_policies, PKI_RULE_POLICIES,
		(void **)&policies, err));
	enum pki_status st = check_policies(lint, policies, err);
	CERTIFICATEPOLICIES_free(policies);
	return st;
}

static bool
starts_with(const ASN1_STRING *text, const char *prefix)
{
	size_t len = strlen(prefix);
	return (size_t)ASN1_STRING_length(text) > len &&
	       strncasecmp((const char *)ASN1_STRING_get0_data(text), prefix, len) == 0;
}

static bool
is_http(const GENERAL_NAME *name, bool tls_too)
{
	if (name->type != GEN_URI)
		return false;
	const ASN1_STRING *uri = name->d.uniformResourceIdentifier;
	return starts_with(uri, "http://") || (tls_too && starts_with(uri, "https://"));
}

static bool
has_http_point(const CRL_DIST_POINTS *points)
{
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *where = sk_DIST_POINT_value(points, i)->distpoint;
		if (where == NULL || where->type != 0)
			continue;
		for (int j = 0; j < sk_GENERAL_NAME_num(where->name.fullname); j++)
			if (is_http(sk_GENERAL_NAME_value(where->name.fullname, j),
				    false))
				return true;
	}
	return false;
}

/* rule 52: one point of one name, octet for octet the URL of the serial's CRL. */
static bool
names_its_list(const struct pki_lint *lint, const CRL_DIST_POINTS *points)
{
	char url[PKI_URL_TEXT];
	unsigned partitions = lint->urls->partitions;
	pki_crl_url(lint->urls,
		pki_serial_partition(pki_cert_get0_serial(lint->cert), partitions), url);
	if (sk_DIST_POINT_num(points) != 1)
		return false;
	const DIST_POINT *point = sk_DIST_POINT_value(points, 0);
	if (point->distpoint == NULL || point->distpoint->type != 0 ||
		point->reasons != NULL || point->CRLissuer != NULL ||
		sk_GENERAL_NAME_num(point->distpoint->name.fullname) != 1)
		return false;
	const GENERAL_NAME *name =
		sk_GENERAL_NAME_value(point->distpoint->name.fullname, 0);
	if (name->type != GEN_URI)
		return false;
	struct pki_bytes uri = pki_asn1_bytes(name->d.uniformResourceIdentifier);
	return pki_bytes_equal(uri.data, uri.len, (const uint8_t *)url, strlen(url));
}

static enum pki_status
check_crl_points(const struct pki_lint *lint, struct pki_err *err)
{
	CRL_DIST_POINTS *points = NULL;
	PKI_TRY(pki_lint_ext(lint, NID_crl_distribution_points, PKI_RULE_ACCESS_POINTS,
		(void **)&points, err));
	bool there = points != NULL;
	bool http = has_http_point(points);
	bool own = lint->urls == NULL || names_its_list(lint, points);
	CRL_DIST_POINTS_free(points);
	if (there != lint->profile->issuer_urls)
		return pki_refuse(err, PKI_RULE_ACCESS_POINTS,
			"cRLDistributionPoints is %s; profile %s says otherwise",
			there ? "there" : "not there", lint->profile->name);
	if (there && !http)
		return pki_refuse(err, PKI_RULE_ACCESS_POINTS,
			"cRLDistributionPoints has no http URI");
	if (there && !own)
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"cRLDistributionPoints is not the URL of this serial's CRL");
	return PKI_OK;
}

/* The number of http(s) URIs of this method; -1 if a location is no such URI. */
static int
count_access(const AUTHORITY_INFO_ACCESS *access, int method)
{
	int count = 0;
	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *at = sk_ACCESS_DESCRIPTION_value(access, i);
		if (OBJ_obj2nid(at->method) != method)
			continue;
		if (!is_http(at->location, true))
			return -1;
		count++;
	}
	return count;
}

enum pki_status
pki_lint_access_points(const struct pki_lint *lint, struct pki_err *err)
{
	PKI_TRY(check_crl_points(lint, err));
	AUTHORITY_INFO_ACCESS *access = NULL;
	PKI_TRY(pki_lint_ext(
		lint, NID_info_access, PKI_RULE_ACCESS_POINTS, (void **)&access, err));
	int issuers = count_access(access, NID_ad_ca_issuers);
	int ocsp = count_access(access, NID_ad_OCSP);
	int all = access != NULL ? sk_ACCESS_DESCRIPTION_num(access) : 0;
	AUTHORITY_INFO_ACCESS_free(access);
	if (issuers != lint->profile->issuer_urls || ocsp != lint->profile->ocsp_url ||
		all != issuers + ocsp)
		return pki_refuse(err, PKI_RULE_ACCESS_POINTS,
			"authorityInfoAccess has %d caIssuers and %d OCSP http(s) URIs (-1: another URI) of %d entries; profile %s asks for %d and %d",
			issuers, ocsp, all, lint->profile->name,
			lint->profile->issuer_urls, lint->profile->ocsp_url);
	return PKI_OK;
}

void
pki_lint_read_qc(struct pki_lint *lint)
{
	int at = X509v3_get_ext_by_NID(lint->extensions, NID_qcStatements, -1);
	if (at < 0)
		return;
	const ASN1_OCTET_STRING *octets =
		X509_EXTENSION_get_data(X509v3_get_ext(lint->extensions, at));
	lint->qc = pki_asn1_decode(
		pki_asn1_bytes(octets), ASN1_ITEM_rptr(PKI_QC_STATEMENTS));
	lint->qc_malformed = lint->qc == NULL;
	ERR_clear_error();
}

void
pki_lint_free_qc(struct pki_lint *lint)
{
	ASN1_item_free((ASN1_VALUE *)lint->qc, ASN1_ITEM_rptr(PKI_QC_STATEMENTS));
}

enum pki_status
pki_lint_check_qc(const struct pki_lint *lint, enum pki_rule rule, struct pki_err *err)
{
	if (lint->qc_malformed)
		return pki_refuse(err, rule, "the extension qcStatements is malformed");
	return PKI_OK;
}

static enum pki_status
check_pds_list(
	const struct pki_lint *lint, const PKI_PDS_LOCATIONS *list, struct pki_err *err)
{
	int count = list != NULL ? sk_PKI_PDS_LOCATION_num(list) : 0;
	int want = 0;
	while (want < PKI_PDS_MAX && lint->profile->pds[want].url[0] != '\0')
		want++;
	if (count != want)
		return pki_refuse(err, PKI_RULE_QC_STATEMENTS,
			"QcPDS has %d locations; profile %s has %d", count,
			lint->profile->name, want);
	for (int i = 0; i < count; i++) {
		const PKI_PDS_LOCATION *at = sk_PKI_PDS_LOCATION_value(list, i);
		if (!starts_with(at->url, "https://") ||
			ASN1_STRING_length(at->language) != 2)
			return pki_refuse(err, PKI_RULE_QC_STATEMENTS,
				"location %d of QcPDS is not an https URL with a language of two letters",
				i + 1);
		for (int j = 0; j < i; j++)
			if (ASN1_STRING_cmp(at->language,
				    sk_PKI_PDS_LOCATION_value(list, j)->language) == 0)
				return pki_refuse(err, PKI_RULE_QC_STATEMENTS,
					"QcPDS has two locations for the language %.2s",
					(const char *)ASN1_STRING_get0_data(
						at->language));
	}
	return PKI_OK;
}

static const PKI_QC_STATEMENT *
find_statement(const PKI_QC_STATEMENTS *list, const char *oid)
{
	for (int i = 0; i < sk_PKI_QC_STATEMENT_num(list); i++)
		if (pki_lint_oid_is(sk_PKI_QC_STATEMENT_value(list, i)->id, oid))
			return sk_PKI_QC_STATEMENT_value(list, i);
	return NULL;
}

enum pki_status
pki_lint_qc_statements(const struct pki_lint *lint, struct pki_err *err)
{
	int at = X509v3_get_ext_by_NID(lint->extensions, NID_qcStatements, -1);
	if (at >= 0 && X509_EXTENSION_get_critical(X509v3_get_ext(lint->extensions, at)))
		return pki_refuse(
			err, PKI_RULE_QC_STATEMENTS, "qcStatements is critical");
	PKI_TRY(pki_lint_check_qc(lint, PKI_RULE_QC_STATEMENTS, err));
	const PKI_QC_STATEMENT *pds = find_statement(lint->qc, PKI_OID_QC_PDS);
	PKI_PDS_LOCATIONS *locations = NULL;
	if (pds != NULL && pds->info != NULL)
		locations = ASN1_TYPE_unpack_sequence(
			ASN1_ITEM_rptr(PKI_PDS_LOCATIONS), pds->info);
	enum pki_status st = check_pds_list(lint, locations, err);
	ASN1_item_free((ASN1_VALUE *)locations, ASN1_ITEM_rptr(PKI_PDS_LOCATIONS));
	return st;
}

/* No profile asks for keys in a QSCD, and no legal decision makes a certificate qualified. */
enum pki_status
pki_lint_qc_sscd(const struct pki_lint *lint, struct pki_err *err)
{
	PKI_TRY(pki_lint_check_qc(lint, PKI_RULE_QC_SSCD, err));
	if (find_statement(lint->qc, PKI_OID_QC_SSCD) != NULL)
		return pki_refuse(err, PKI_RULE_QC_SSCD,
			"QcSSCD, but no profile's keys are in a qualified device");
	if (find_statement(lint->qc, PKI_OID_QC_COMPLIANCE) != NULL)
		return pki_refuse(
			err, PKI_RULE_QC_SSCD, "QcCompliance without a legal decision");
	return PKI_OK;
}
