#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/x509/lint_priv.h"

#define OID_NO_REV_AVAIL "2.5.29.56"

/* value = value * by + add, in base 128, least first; returns the new length */
static size_t
multiply(uint8_t *value, size_t len, unsigned by, unsigned add)
{
	for (size_t i = 0; i < len; i++) {
		add += value[i] * by;
		value[i] = add & 0x7f;
		add >>= 7;
	}
	if (add != 0)
		value[len++] = (uint8_t)add;
	return len;
}

/*
 * X.690 8.19, from dots and digits alone, independent of OpenSSL, which built the certificate.
 * An octet holds two digits or more, except for an arc of one digit and a dot.
 */
static size_t
encode_oid(const char *oid, uint8_t out[static PKI_OID_TEXT])
{
	unsigned root = (unsigned)(oid[0] - '0');
	size_t used = 0;
	for (const char *p = oid + (oid[0] != '\0'); *p == '.';) {
		uint8_t arc[PKI_OID_TEXT];
		size_t len = 0;
		for (p++; *p >= '0' && *p <= '9'; p++)
			len = multiply(arc, len, 10, (unsigned)(*p - '0'));
		if (used == 0)
			len = multiply(arc, len, 1, 40 * root);
		if (len == 0)
			arc[len++] = 0;
		while (len-- > 0)
			out[used++] = (uint8_t)(arc[len] | (len != 0 ? 0x80 : 0));
	}
	return used;
}

bool
pki_lint_oid_is(const ASN1_OBJECT *id, const char *oid)
{
	uint8_t want[PKI_OID_TEXT];
	size_t len = encode_oid(oid, want);
	return OBJ_length(id) == len && memcmp(OBJ_get0_data(id), want, len) == 0;
}

/* Critical, absent (-1), or not. */
static enum pki_status
get(const struct pki_lint *lint, int nid, enum pki_rule rule, void **out, int *critical,
	struct pki_err *err)
{
	*out = X509V3_get_d2i(lint->extensions, nid, critical, NULL);
	if (*out != NULL || *critical == -1)
		return PKI_OK;
	ERR_clear_error();
	return pki_refuse(err, rule, "the extension %s is malformed or there twice",
		OBJ_nid2sn(nid));
}

enum pki_status
pki_lint_ext(const struct pki_lint *lint, int nid, enum pki_rule rule, void **out,
	struct pki_err *err)
{
	int critical;
	PKI_TRY(get(lint, nid, rule, out, &critical, err));
	if (critical != 1)
		return PKI_OK;
	ASN1_item_free(*out, ASN1_ITEM_ptr(X509V3_EXT_get_nid(nid)->it));
	*out = NULL;
	return pki_refuse(err, rule, "the extension %s is critical", OBJ_nid2sn(nid));
}

static bool
has(const struct pki_lint *lint, int nid)
{
	return X509v3_get_ext_by_NID(lint->extensions, nid, -1) >= 0;
}

static enum pki_status
check_authority_key_id(const struct pki_lint *lint, struct pki_err *err)
{
	uint8_t want[PKI_KEY_ID];
	if (!pki_cert_subject_key_id(
		    lint->issuer != NULL ? lint->issuer : lint->cert, want))
		return pki_refuse(err, PKI_RULE_KEY_IDS,
			"the issuer has no subjectKeyIdentifier of %d octets",
			PKI_KEY_ID);
	AUTHORITY_KEYID *aki = NULL;
	PKI_TRY(pki_lint_ext(lint, NID_authority_key_identifier, PKI_RULE_KEY_IDS,
		(void **)&aki, err));
	if (aki == NULL && lint->issuer == NULL)
		return PKI_OK;
	bool same = aki != NULL && aki->keyid != NULL &&
		    ASN1_STRING_length(aki->keyid) == PKI_KEY_ID &&
		    memcmp(ASN1_STRING_get0_data(aki->keyid), want, PKI_KEY_ID) == 0;
	bool more = aki != NULL && (aki->issuer != NULL || aki->serial != NULL);
	AUTHORITY_KEYID_free(aki);
	if (!same || more)
		return pki_refuse(err, PKI_RULE_KEY_IDS,
			"the authorityKeyIdentifier must be the issuer's subjectKeyIdentifier alone");
	return PKI_OK;
}

enum pki_status
pki_lint_key_ids(const struct pki_lint *lint, struct pki_err *err)
{
	ASN1_OCTET_STRING *ski = NULL;
	PKI_TRY(pki_lint_ext(
		lint, NID_subject_key_identifier, PKI_RULE_KEY_IDS, (void **)&ski, err));
	if (ski == NULL)
		return pki_refuse(
			err, PKI_RULE_KEY_IDS, "there is no subjectKeyIdentifier");
	ASN1_OCTET_STRING_free(ski);
	return check_authority_key_id(lint, err);
}

/* From the certificate's BIT STRING, not from the decoded key. */
enum pki_status
pki_lint_key_id_method(const struct pki_lint *lint, struct pki_err *err)
{
	PKI_CLEANUP(pki_spki_cleanup)
	PKI_SPKI *spki =
		pki_asn1_decode(pki_asn1_bytes(lint->tbs->key), ASN1_ITEM_rptr(PKI_SPKI));
	if (spki == NULL)
		return pki_fail_ssl(
			err, PKI_INPUT, "the subjectPublicKeyInfo is malformed");
	struct pki_bytes bits = pki_asn1_bytes(spki->key);
	uint8_t hash[PKI_SHA256];
	uint8_t ski[PKI_KEY_ID];
	PKI_TRY(pki_sha256(bits.data, bits.len, hash, err));
	if (!pki_cert_subject_key_id(lint->cert, ski) ||
		memcmp(ski, hash, sizeof ski) != 0)
		return pki_refuse(err, PKI_RULE_KEY_ID_METHOD,
			"the subjectKeyIdentifier is not the leftmost 160 bits of the key's SHA-256");
	return PKI_OK;
}

static enum pki_status
check_basic_constraints(const struct pki_lint *lint, const BASIC_CONSTRAINTS *bc,
	int critical, struct pki_err *err)
{
	const struct pki_profile *profile = lint->profile;
	bool ca = bc != NULL && bc->ca != 0;
	if (ca != profile->ca)
		return pki_refuse(err, PKI_RULE_CA_CONSTRAINTS,
			"basicConstraints says %s; profile %s is of %s",
			ca ? "cA" : "no cA", profile->name,
			profile->ca ? "a CA" : "an end entity");
	if (ca && critical != 1)
		return pki_refuse(err, PKI_RULE_CA_CONSTRAINTS,
			"basicConstraints of a CA is not critical");
	long path_len = bc != NULL && bc->pathlen != NULL ? ASN1_INTEGER_get(bc->pathlen)
							  : -1;
	if (path_len != (profile->ca ? profile->path_len : -1))
		return pki_refuse(err, PKI_RULE_CA_CONSTRAINTS,
			"pathLen is %ld; the profile says %d (-1: none)", path_len,
			profile->ca ? profile->path_len : -1);
	return PKI_OK;
}

enum pki_status
pki_lint_ca_constraints(const struct pki_lint *lint, struct pki_err *err)
{
	BASIC_CONSTRAINTS *bc = NULL;
	int critical;
	PKI_TRY(get(lint, NID_basic_constraints, PKI_RULE_CA_CONSTRAINTS, (void **)&bc,
		&critical, err));
	enum pki_status st = check_basic_constraints(lint, bc, critical, err);
	BASIC_CONSTRAINTS_free(bc);
	PKI_TRY(st);
	if (!pki_cert_is_ca(lint->cert) &&
		(pki_cert_key_usage(lint->cert) & PKI_KU_KEY_CERT_SIGN) != 0)
		return pki_refuse(err, PKI_RULE_CA_CONSTRAINTS,
			"keyCertSign without cA in basicConstraints");
	return PKI_OK;
}

/* The set of pki_eku, or -1 with an unknown or a repeated purpose. */
static int
eku_set(const EXTENDED_KEY_USAGE *eku)
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
	int set = 0;
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		int bit = 0;
		for (size_t j = 0; j < PKI_COUNT(usages); j++)
			if (pki_lint_oid_is(sk_ASN1_OBJECT_value(eku, i), usages[j].oid))
				bit = (int)usages[j].eku;
		if (bit == 0 || (set & bit) != 0)
			return -1;
		set |= bit;
	}
	return set;
}

static enum pki_status
read_eku(const struct pki_lint *lint, enum pki_rule rule, int *set, struct pki_err *err)
{
	EXTENDED_KEY_USAGE *eku = NULL;
	PKI_TRY(pki_lint_ext(lint, NID_ext_key_usage, rule, (void **)&eku, err));
	*set = eku_set(eku);
	EXTENDED_KEY_USAGE_free(eku);
	return PKI_OK;
}

enum pki_status
pki_lint_ca_eku(const struct pki_lint *lint, struct pki_err *err)
{
	if (!pki_cert_is_ca(lint->cert))
		return PKI_OK;
	EXTENDED_KEY_USAGE *eku = NULL;
	int critical;
	PKI_TRY(get(lint, NID_ext_key_usage, PKI_RULE_CA_OCSP_EKU, (void **)&eku,
		&critical, err));
	bool found = false;
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++)
		found = found ||
			OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i)) == NID_OCSP_sign;
	EXTENDED_KEY_USAGE_free(eku);
	if (found)
		return pki_refuse(err, PKI_RULE_CA_OCSP_EKU,
			"a CA's certificate with id-kp-OCSPSigning makes the CA a responder for its issuer");
	return PKI_OK;
}

static unsigned
usage_bits(const ASN1_BIT_STRING *usage)
{
	unsigned bits = 0;
	for (int bit = 0; usage != NULL && bit < ASN1_STRING_length(usage) * 8; bit++)
		if (ASN1_BIT_STRING_get_bit(usage, bit) == 1)
			bits |= 1u << bit % 32;
	return bits;
}

/* All bits, including bits outside pki_key_usage. */
enum pki_status
pki_lint_key_usage(const struct pki_lint *lint, struct pki_err *err)
{
	ASN1_BIT_STRING *usage = NULL;
	int critical;
	PKI_TRY(get(lint, NID_key_usage, PKI_RULE_KEY_USAGE, (void **)&usage, &critical,
		err));
	unsigned bits = usage_bits(usage);
	ASN1_BIT_STRING_free(usage);
	if (critical != 1)
		return pki_refuse(
			err, PKI_RULE_KEY_USAGE, "there is no critical keyUsage");
	unsigned want = lint->profile->key_usage;
	if (lint->profile->kind == PKI_KIND_HOLDER_AUTH)
		want = PKI_KU_DIGITAL_SIGNATURE;
	if (lint->profile->kind == PKI_KIND_HOLDER_SIGN)
		want = PKI_KU_NON_REPUDIATION;
	if (bits != want)
		return pki_refuse(err, PKI_RULE_KEY_USAGE,
			"keyUsage has the bits 0x%x (bit 0 is digitalSignature, 1 nonRepudiation); profile %s asks for 0x%x and nothing else",
			bits, lint->profile->name, want);
	return PKI_OK;
}

static bool
has_ocsp_access(const struct pki_lint *lint)
{
	AUTHORITY_INFO_ACCESS *access =
		X509V3_get_d2i(lint->extensions, NID_info_access, NULL, NULL);
	bool found = false;
	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++)
		found = found ||
			OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) ==
				NID_ad_OCSP;
	AUTHORITY_INFO_ACCESS_free(access);
	return found;
}

static const X509_EXTENSION *
find_oid(const struct pki_lint *lint, const char *oid)
{
	int count = X509v3_get_ext_count(lint->extensions);
	for (int i = 0; i < count; i++) {
		X509_EXTENSION *extension = X509v3_get_ext(lint->extensions, i);
		if (pki_lint_oid_is(X509_EXTENSION_get_object(extension), oid))
			return extension;
	}
	return NULL;
}

enum pki_status
pki_lint_no_rev_avail(const struct pki_lint *lint, struct pki_err *err)
{
	const X509_EXTENSION *extension = find_oid(lint, OID_NO_REV_AVAIL);
	if (extension == NULL)
		return PKI_OK;
	if (X509_EXTENSION_get_critical(extension) || pki_cert_is_ca(lint->cert) ||
		has(lint, NID_crl_distribution_points) || has(lint, NID_freshest_crl) ||
		has_ocsp_access(lint))
		return pki_refuse(err, PKI_RULE_NO_REV_AVAIL,
			"noRevAvail must not be critical, nor in a CA's certificate, nor beside CDP, freshestCRL or an OCSP URL");
	return PKI_OK;
}

enum pki_status
pki_lint_responder(const struct pki_lint *lint, struct pki_err *err)
{
	bool nocheck = has(lint, NID_id_pkix_OCSP_noCheck);
	if (lint->profile->kind != PKI_KIND_RESPONDER) {
		if (nocheck)
			return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
				"ocsp-nocheck belongs in responder certificates alone");
		return PKI_OK;
	}
	int set;
	PKI_TRY(read_eku(lint, PKI_RULE_OCSP_RESPONDER, &set, err));
	if (set != PKI_EKU_OCSP_SIGNING)
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
			"a responder's extKeyUsage is OCSPSigning and nothing else");
	if (pki_cert_key_usage(lint->cert) != PKI_KU_DIGITAL_SIGNATURE)
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
			"a responder's keyUsage is digitalSignature and nothing else");
	if (!nocheck)
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
			"a responder's certificate has no ocsp-nocheck");
	if (has(lint, NID_crl_distribution_points) || has_ocsp_access(lint))
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
			"a responder's certificate has neither CDP nor OCSP URL");
	return PKI_OK;
}

static enum pki_status
refuse_ext(const ASN1_OBJECT *id, bool twice, struct pki_err *err)
{
	char oid[PKI_OID_TEXT];
	OBJ_obj2txt(oid, sizeof oid, id, 0);
	return pki_refuse(err, PKI_RULE_FORBIDDEN_EXT, "the extension %s %s", oid,
		twice ? "is there twice (RFC 5280 4.2)" : "is not one of a profile");
}

/* Extensions that no profile can ask for, among these RFC 5280's extensions for CAs alone. */
enum pki_status
pki_lint_forbidden_ext(const struct pki_lint *lint, struct pki_err *err)
{
	static const int known[] = { NID_authority_key_identifier,
		NID_subject_key_identifier, NID_key_usage, NID_certificate_policies,
		NID_basic_constraints, NID_ext_key_usage, NID_crl_distribution_points,
		NID_info_access, NID_id_pkix_OCSP_noCheck, NID_qcStatements };
	bool seen[PKI_COUNT(known)] = { false };
	int count = X509v3_get_ext_count(lint->extensions);
	for (int i = 0; i < count; i++) {
		const ASN1_OBJECT *id =
			X509_EXTENSION_get_object(X509v3_get_ext(lint->extensions, i));
		int nid = OBJ_obj2nid(id);
		size_t at = 0;
		while (at < PKI_COUNT(known) && known[at] != nid)
			at++;
		if (at == PKI_COUNT(known) || seen[at])
			return refuse_ext(id, at != PKI_COUNT(known), err);
		seen[at] = true;
	}
	return PKI_OK;
}

enum pki_status
pki_lint_eku(const struct pki_lint *lint, struct pki_err *err)
{
	int set;
	PKI_TRY(read_eku(lint, PKI_RULE_FORBIDDEN_EXT, &set, err));
	if (set != (int)lint->profile->eku)
		return pki_refuse(err, PKI_RULE_FORBIDDEN_EXT,
			"extKeyUsage is the set 0x%x (-1: a usage without a name here); profile %s asks for 0x%x",
			(unsigned)set, lint->profile->name, lint->profile->eku);
	return PKI_OK;
}
