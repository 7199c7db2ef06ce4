#include "libpki/ext.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/qc.h"

/* Writing goes backwards: within each function, what stands last comes first. */

static void
put_nid(struct pki_der *w, int nid)
{
	const ASN1_OBJECT *oid = OBJ_nid2obj(nid);
	pki_der_put_tagged(w, PKI_DER_OID, OBJ_get0_data(oid), OBJ_length(oid));
}

static void
put_oid(struct pki_der *w, const char *dotted)
{
	uint8_t oid[PKI_OID_TEXT];
	int len = a2d_ASN1_OBJECT(oid, sizeof oid, dotted, -1);
	if (len > 0)
		pki_der_put_tagged(w, PKI_DER_OID, oid, (size_t)len);
	else
		w->full = true;
}

static void
put_text(struct pki_der *w, int tag, const char *text)
{
	pki_der_put_tagged(w, tag, text, strlen(text));
}

/* GeneralName's uniformResourceIdentifier [6] */
static void
put_uri(struct pki_der *w, const char *uri)
{
	put_text(w, PKI_DER_CONTEXT + GEN_URI, uri);
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

/* AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] } */
static void
put_authority_key_id(struct pki_der *w, const struct pki_cert_spec *spec)
{
	uint8_t id[PKI_KEY_ID] = { 0 };
	size_t end = w->at;
	w->full |= !pki_cert_subject_key_id(spec->issuer, id);
	pki_der_put_tagged(w, PKI_DER_CONTEXT, id, sizeof id);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* rule 6 */
static void
put_subject_key_id(struct pki_der *w, const struct pki_cert_spec *spec)
{
	uint8_t id[PKI_KEY_ID] = { 0 };
	struct pki_err err = { 0 };
	w->full |= pki_key_id(spec->key, id, &err) != PKI_OK;
	pki_der_put_tagged(w, PKI_DER_OCTETS, id, sizeof id);
}

/* A BIT STRING of names: no zero bits at its end (X.690 11.2.2). */
static void
put_key_usage(struct pki_der *w, const struct pki_cert_spec *spec)
{
	uint8_t bits[3] = { 0 }; /* unused bits, then KeyUsage's nine */
	size_t len = 1;
	for (unsigned bit = 0; bit <= 8; bit++) {
		if ((spec->profile->key_usage >> bit & 1) == 0)
			continue;
		bits[1 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		bits[0] = (uint8_t)(7 - bit % 8);
		len = 2 + bit / 8;
	}
	pki_der_put_tagged(w, PKI_DER_BITS, bits, len);
}

static bool
wants_policies(const struct pki_cert_spec *spec)
{
	return spec->profile->policies[0][0] != '\0' || spec->profile->role_oid[0] != '\0';
}

/* PolicyInformation ::= SEQUENCE { policyIdentifier, SEQUENCE OF SEQUENCE { id-qt-cps, uri
 * } } */
static void
put_policy(struct pki_der *w, const char *oid, const char *cps_url)
{
	size_t end = w->at;
	if (cps_url[0] != '\0') {
		put_text(w, PKI_DER_IA5, cps_url);
		put_nid(w, NID_id_qt_cps);
		pki_der_wrap(w, PKI_DER_SEQUENCE, end);
		pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	}
	put_oid(w, oid);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_policies(struct pki_der *w, const struct pki_cert_spec *spec)
{
	const struct pki_profile *profile = spec->profile;
	size_t end = w->at, count = 0;
	while (count < PKI_POLICY_OIDS && profile->policies[count][0] != '\0')
		count++;
	if (profile->role_oid[0] != '\0')
		put_policy(w, profile->role_oid, "");
	for (size_t i = count; i-- > 0;)
		put_policy(w, profile->policies[i], i == 0 ? profile->cps_url : "");
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static bool
is_ca(const struct pki_cert_spec *spec)
{
	return spec->profile->ca;
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN, pathLenConstraint INTEGER OPTIONAL } */
static void
put_basic_constraints(struct pki_der *w, const struct pki_cert_spec *spec)
{
	size_t end = w->at;
	uint8_t path_len = (uint8_t)spec->profile->path_len; /* 10 at most */
	if (spec->profile->path_len >= 0)
		pki_der_put_tagged(w, PKI_DER_INTEGER, &path_len, 1);
	pki_der_put_tagged(w, PKI_DER_BOOLEAN, "\xff", 1);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static bool
wants_eku(const struct pki_cert_spec *spec)
{
	return spec->profile->eku != 0;
}

static void
put_eku(struct pki_der *w, const struct pki_cert_spec *spec)
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
	size_t end = w->at;
	for (size_t i = PKI_COUNT(usages); i-- > 0;)
		if ((spec->profile->eku & usages[i].eku) != 0)
			put_oid(w, usages[i].oid);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static bool
wants_crl_url(const struct pki_cert_spec *spec)
{
	return spec->profile->issuer_urls;
}

/* SEQUENCE OF SEQUENCE { distributionPoint [0] EXPLICIT CHOICE { fullName [0] GeneralNames
 * } } */
static void
put_crl_points(struct pki_der *w, const struct pki_cert_spec *spec)
{
	char url[PKI_URL_TEXT];
	size_t end = w->at;
	pki_crl_url(spec->urls, pki_serial_partition(&spec->serial, spec->urls->partitions),
		url);
	put_uri(w, url);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static bool
wants_access(const struct pki_cert_spec *spec)
{
	return spec->profile->issuer_urls || spec->profile->ocsp_url;
}

/* AccessDescription ::= SEQUENCE { accessMethod, accessLocation GeneralName } */
static void
put_access_point(struct pki_der *w, int method, const char *url)
{
	size_t end = w->at;
	put_uri(w, url);
	put_nid(w, method);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_access(struct pki_der *w, const struct pki_cert_spec *spec)
{
	size_t end = w->at;
	if (spec->profile->ocsp_url)
		put_access_point(w, NID_ad_OCSP, spec->urls->ocsp);
	if (spec->profile->issuer_urls)
		put_access_point(w, NID_ad_ca_issuers, spec->urls->ca_issuers);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static bool
wants_nocheck(const struct pki_cert_spec *spec)
{
	return spec->profile->ocsp_nocheck;
}

static void
put_nocheck(struct pki_der *w, const struct pki_cert_spec *spec)
{
	(void)spec;
	pki_der_put_tagged(w, PKI_DER_NULL, "", 0);
}

static bool
wants_qc(const struct pki_cert_spec *spec)
{
	return spec->profile->natural_person || spec->profile->pds[0].url[0] != '\0';
}

/* QcPDS's info: SEQUENCE OF SEQUENCE { url IA5String, language PrintableString } */
static void
put_pds(struct pki_der *w, const struct pki_profile *profile)
{
	size_t end = w->at, count = 0;
	while (count < PKI_PDS_MAX && profile->pds[count].url[0] != '\0')
		count++;
	while (count-- > 0) {
		size_t location = w->at;
		put_text(w, PKI_DER_PRINTABLE, profile->pds[count].language);
		put_text(w, PKI_DER_IA5, profile->pds[count].url);
		pki_der_wrap(w, PKI_DER_SEQUENCE, location);
	}
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* QCStatement ::= SEQUENCE { statementId, statementInfo }, of which the latter stands
 * there. */
static void
wrap_statement(struct pki_der *w, const char *oid, size_t end)
{
	put_oid(w, oid);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static void
put_qc(struct pki_der *w, const struct pki_cert_spec *spec)
{
	size_t end = w->at;
	if (spec->profile->pds[0].url[0] != '\0') {
		put_pds(w, spec->profile);
		wrap_statement(w, PKI_OID_QC_PDS, end);
	}
	if (spec->profile->natural_person) {
		size_t semantics = w->at;
		put_oid(w, PKI_OID_SEMANTICS_NATURAL);
		pki_der_wrap(w, PKI_DER_SEQUENCE, semantics);
		wrap_statement(w, PKI_OID_QC_SYNTAX_V2, semantics);
	}
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

static const struct {
	int nid;
	bool critical;
	bool (*wanted)(const struct pki_cert_spec *spec);
	void (*put)(struct pki_der *w, const struct pki_cert_spec *spec);
} table[] = {
	{ NID_authority_key_identifier, false, has_issuer, put_authority_key_id },
	{ NID_subject_key_identifier, false, always, put_subject_key_id },
	{ NID_key_usage, true, always, put_key_usage },
	{ NID_certificate_policies, false, wants_policies, put_policies },
	{ NID_basic_constraints, true, is_ca, put_basic_constraints },
	{ NID_ext_key_usage, false, wants_eku, put_eku },
	{ NID_crl_distribution_points, false, wants_crl_url, put_crl_points },
	{ NID_info_access, false, wants_access, put_access },
	{ NID_id_pkix_OCSP_noCheck, false, wants_nocheck, put_nocheck },
	{ NID_qcStatements, false, wants_qc, put_qc },
};

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 */
enum pki_status
pki_ext_put_all(struct pki_der *w, const struct pki_cert_spec *spec, struct pki_err *err)
{
	uint8_t id[PKI_KEY_ID];
	if (spec->issuer != NULL && !pki_cert_subject_key_id(spec->issuer, id))
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_KEY_IDS,
			"the issuer's certificate has no subjectKeyIdentifier of 20 "
			"octets");
	if ((wants_crl_url(spec) || wants_access(spec)) && spec->urls == NULL)
		return pki_fail(err, PKI_INTERNAL,
			"profile %s asks for URLs; none are given", spec->profile->name);
	size_t all = w->at;
	for (size_t i = PKI_COUNT(table); i-- > 0;) {
		size_t end = w->at;
		if (!table[i].wanted(spec))
			continue;
		table[i].put(w, spec);
		pki_der_wrap(w, PKI_DER_OCTETS, end);
		if (table[i].critical)
			pki_der_put_tagged(w, PKI_DER_BOOLEAN, "\xff", 1);
		put_nid(w, table[i].nid);
		pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	}
	pki_der_wrap(w, PKI_DER_SEQUENCE, all);
	return PKI_OK;
}
