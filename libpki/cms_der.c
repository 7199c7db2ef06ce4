#include "libpki/cms_der.h"

#include <openssl/objects.h>
#include <string.h>

#include "libpki/der.h"

/* Attributes hold lists of lists of names; what goes deeper is no tool's. */
#define DEPTH_MAX 16

/* X.690 8.1.2: the class, 0 of ASN.1's own types, and the bit of what holds other values */
#define CLASS 0xc0
#define NESTED 0x20

#define MALFORMED(err, ...) \
	pki_fail_rule((err), PKI_INPUT, PKI_RULE_ORDER_FORM, __VA_ARGS__)

bool
pki_cms_is_oid(struct pki_bytes oid, int nid)
{
	const ASN1_OBJECT *want = OBJ_nid2obj(nid);
	return oid.len == OBJ_length(want) &&
	       memcmp(oid.data, OBJ_get0_data(want), oid.len) == 0;
}

/* X.690 8.2.1, 8.3.2, 8.8.2, 11.1, 11.2.1 */
static bool
is_primitive(int tag, struct pki_bytes value)
{
	const uint8_t *v = value.data;
	switch (tag) {
	case PKI_DER_BOOLEAN:
		return value.len == 1 && (v[0] == 0 || v[0] == 0xff);
	case PKI_DER_INTEGER:
	case PKI_DER_ENUMERATED:
		return value.len == 1 || (value.len > 1 && (v[0] != 0 || v[1] >= 0x80) &&
						 (v[0] != 0xff || v[1] < 0x80));
	case PKI_DER_BITS:
		return value.len > 1
			       ? v[0] < 8 && (v[value.len - 1] & ((1 << v[0]) - 1)) == 0
			       : value.len == 1 && v[0] == 0;
	case PKI_DER_NULL:
		return value.len == 0;
	case PKI_DER_SEQUENCE & ~NESTED:
	case PKI_DER_SET & ~NESTED:
		return false;
	default:
		return true;
	}
}

/* 10.2: strings in pieces are BER */
static bool
may_nest(int tag)
{
	return tag == PKI_DER_SEQUENCE || tag == PKI_DER_SET || (tag & CLASS) != 0;
}

/* DER has one encoding of a value: what differs is not what an officer's tool wrote. */
static bool
is_der(struct pki_bytes values, int depth)
{
	while (values.len != 0) {
		int tag;
		struct pki_bytes value;
		if (!pki_der_get_any(&values, &tag, &value))
			return false;
		if ((tag & NESTED) == 0
				? !is_primitive(tag, value)
				: depth == 0 || !may_nest(tag) || !is_der(value, depth - 1))
			return false;
	}
	return true;
}

/* Two values cannot begin with one another. */
static int
compare(struct pki_bytes a, struct pki_bytes b)
{
	return memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
}

/* X.690 11.6: the elements of a SET OF ascend. */
static bool
ascends(struct pki_bytes set)
{
	struct pki_bytes before = { 0 }, element, value;
	for (; set.len != 0; before = element) {
		int tag;
		element = set;
		if (!pki_der_get_any(&set, &tag, &value))
			return false;
		element.len -= set.len;
		if (before.len != 0 && compare(before, element) > 0)
			return false;
	}
	return true;
}

/* AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }
 */
static bool
read_algorithm(struct pki_bytes *rest, struct pki_bytes *whole, struct pki_bytes *oid)
{
	int tag;
	struct pki_bytes in, fields, parameters;
	if (!pki_der_get_whole(rest, PKI_DER_SEQUENCE, whole))
		return false;
	in = *whole;
	return pki_der_get(&in, PKI_DER_SEQUENCE, &fields) &&
	       pki_der_get(&fields, PKI_DER_OID, oid) &&
	       (fields.len == 0 ||
		       (pki_der_get_any(&fields, &tag, &parameters) && fields.len == 0));
}

/* RFC 5652 5.1: all digests' algorithms, and with them the signer's. */
static bool
has_digest(struct pki_bytes algorithms, struct pki_bytes digest_oid)
{
	bool found = false;
	while (algorithms.len != 0) {
		struct pki_bytes whole, oid;
		if (!read_algorithm(&algorithms, &whole, &oid))
			return false;
		found |= oid.len == digest_oid.len &&
			 memcmp(oid.data, digest_oid.data, oid.len) == 0;
	}
	return found;
}

/* SignerIdentifier ::= CHOICE { SEQUENCE { issuer Name, serialNumber INTEGER },
 * subjectKeyIdentifier [0] OCTET STRING }; the version says which (RFC 5652 5.3). */
static bool
read_identifier(struct pki_bytes *rest, struct pki_cms_info *out)
{
	struct pki_bytes version, fields;
	if (!pki_der_get(rest, PKI_DER_INTEGER, &version) || version.len != 1)
		return false;
	if (version.data[0] == 3)
		return pki_der_get(rest, PKI_DER_CONTEXT, &out->key_id) &&
		       out->key_id.len != 0;
	return version.data[0] == 1 && pki_der_get(rest, PKI_DER_SEQUENCE, &fields) &&
	       pki_der_get_whole(&fields, PKI_DER_SEQUENCE, &out->issuer) &&
	       pki_der_get(&fields, PKI_DER_INTEGER, &out->serial) && fields.len == 0;
}

/* Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET OF ANY } */
static bool
read_attributes(struct pki_bytes list, struct pki_cms_info *out)
{
	if (!ascends(list))
		return false;
	while (list.len != 0) {
		if (out->attribute_count == PKI_CMS_ATTRIBUTES_MAX)
			return false;
		struct pki_bytes fields;
		struct pki_cms_attribute *to = &out->attributes[out->attribute_count++];
		if (!pki_der_get(&list, PKI_DER_SEQUENCE, &fields) ||
			!pki_der_get(&fields, PKI_DER_OID, &to->oid) ||
			!pki_der_get(&fields, PKI_DER_SET, &to->values) ||
			fields.len != 0 || !ascends(to->values))
			return false;
	}
	return true;
}

/* SignerInfo ::= SEQUENCE { version, sid, digestAlgorithm, signedAttrs [0] IMPLICIT SET OF
 * OPTIONAL, signatureAlgorithm, signature OCTET STRING, unsignedAttrs [1] ... OPTIONAL } */
static bool
read_info(struct pki_bytes *in, struct pki_bytes *fields, struct pki_cms_info *out)
{
	struct pki_bytes whole, list;
	if (!pki_der_get(in, PKI_DER_SEQUENCE, fields) || !read_identifier(fields, out) ||
		!read_algorithm(fields, &whole, &out->digest_oid))
		return false;
	whole = *fields;
	if (pki_der_get(fields, PKI_DER_CONSTRUCTED, &list)) {
		whole.len -= fields->len;
		out->signed_attributes = whole;
		if (!read_attributes(list, out))
			return false;
	}
	return read_algorithm(fields, &out->algorithm, &out->algorithm_oid) &&
	       pki_der_get(fields, PKI_DER_OCTETS, &out->signature);
}

static enum pki_status
read_signer(struct pki_bytes in, struct pki_cms_info *out, struct pki_err *err)
{
	struct pki_bytes fields;
	if (!is_der(in, DEPTH_MAX) || !read_info(&in, &fields, out))
		return MALFORMED(err, "a SignerInfo is not one in DER (RFC 5652 5.3)");
	if (fields.len != 0)
		return MALFORMED(err, "unsigned attributes, for which nobody answers; sign "
				      "without them");
	return PKI_OK;
}

static enum pki_status
read_signers(struct pki_bytes set, struct pki_bytes digests, struct pki_cms_parts *out,
	struct pki_err *err)
{
	struct pki_bytes whole;
	size_t count = 0;
	if (!ascends(set))
		return MALFORMED(err, "the CMS message is not DER (X.690 11.6)");
	for (; pki_der_get_whole(&set, PKI_DER_SEQUENCE, &whole); count++)
		if (count < PKI_CMS_SIGNERS_MAX)
			PKI_TRY(read_signer(whole, &out->signers[count], err));
	if (set.len != 0)
		return MALFORMED(err, "a SignerInfo is not one in DER (RFC 5652 5.3)");
	if (count < 1 || count > PKI_CMS_SIGNERS_MAX)
		return MALFORMED(err,
			"%zu signatures; at least 1, at most %d (RFC 5652 5.1)", count,
			PKI_CMS_SIGNERS_MAX);
	for (size_t i = 0; i < count; i++)
		if (!has_digest(digests, out->signers[i].digest_oid))
			return MALFORMED(err,
				"digestAlgorithms lacks that of a signer (RFC "
				"5652 5.1)");
	out->signer_count = count;
	return PKI_OK;
}

static enum pki_status
read_certs(struct pki_bytes set, struct pki_cms_parts *out, struct pki_err *err)
{
	struct pki_bytes cert;
	for (; set.len != 0; out->certs[out->cert_count++] = cert) {
		if (out->cert_count == PKI_CMS_CERTS_MAX)
			return MALFORMED(err, "more than %d certificates attached",
				PKI_CMS_CERTS_MAX);
		if (!pki_der_get_whole(&set, PKI_DER_SEQUENCE, &cert))
			return MALFORMED(err, "an attached certificate is not X.509 "
					      "(RFC 5652 10.2.2)");
		if (out->cert_count != 0 &&
			compare(out->certs[out->cert_count - 1], cert) >= 0)
			return MALFORMED(err,
				"the attached certificates are not in DER's order, "
				"or one is there twice (X.690 11.6)");
	}
	if (out->cert_count == 0)
		return MALFORMED(err, "no certificate attached (RFC 5652 5.1)");
	return PKI_OK;
}

/* EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING }
 */
static enum pki_status
read_content(struct pki_bytes fields, struct pki_bytes *out, struct pki_err *err)
{
	struct pki_bytes type, explicit;
	if (!pki_der_get(&fields, PKI_DER_OID, &type) ||
		!pki_cms_is_oid(type, NID_pkcs7_data))
		return MALFORMED(err, "the signed content is not id-data (RFC 5652 4)");
	if (!pki_der_get(&fields, PKI_DER_CONSTRUCTED, &explicit) ||
		!pki_der_get(&explicit, PKI_DER_OCTETS, out) || out->len == 0 ||
		explicit.len != 0 || fields.len != 0)
		return MALFORMED(err, "no content attached (RFC 5652 5.2); sign with the "
				      "content inside");
	return PKI_OK;
}

/*
 * SignedData ::= SEQUENCE { version INTEGER, digestAlgorithms SET, encapContentInfo
 * SEQUENCE, certificates [0] IMPLICIT SET OPTIONAL, crls [1] IMPLICIT SET OPTIONAL,
 * signerInfos SET }
 */
static enum pki_status
read_signed_data(struct pki_bytes fields, struct pki_cms_parts *out, struct pki_err *err)
{
	struct pki_bytes version, digests, content, certs, signers;
	if (!pki_der_get(&fields, PKI_DER_INTEGER, &version) ||
		!pki_der_get(&fields, PKI_DER_SET, &digests) ||
		!is_der(digests, DEPTH_MAX) || !ascends(digests) ||
		!pki_der_get(&fields, PKI_DER_SEQUENCE, &content))
		return MALFORMED(err, "the CMS message is not SignedData in DER "
				      "(RFC 5652 5.1)");
	if (version.len != 1 || (version.data[0] != 1 && version.data[0] != 3))
		return MALFORMED(err, "SignedData is not of version 1 or 3 (RFC 5652 5.1)");
	PKI_TRY(read_content(content, &out->content, err));
	if (!pki_der_get(&fields, PKI_DER_CONSTRUCTED, &certs))
		return MALFORMED(err, "no certificate attached (RFC 5652 5.1)");
	PKI_TRY(read_certs(certs, out, err));
	if (pki_der_get(&fields, PKI_DER_CONSTRUCTED + 1, &signers))
		return MALFORMED(err, "CRLs are attached; an order has none");
	if (!pki_der_get(&fields, PKI_DER_SET, &signers) || fields.len != 0)
		return MALFORMED(err, "the CMS message is not SignedData in DER "
				      "(RFC 5652 5.1)");
	return read_signers(signers, digests, out, err);
}

/* ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT SignedData
 * }
 */
enum pki_status
pki_cms_split(struct pki_bytes der, struct pki_cms_parts *out, struct pki_err *err)
{
	struct pki_bytes info, type, explicit, fields;
	if (!pki_der_get(&der, PKI_DER_SEQUENCE, &info) ||
		!pki_der_get(&info, PKI_DER_OID, &type))
		return MALFORMED(err, "no CMS message in DER (RFC 5652 3); sign it with a "
				      "tool that writes DER");
	if (der.len != 0)
		return MALFORMED(err, "%zu octets after the CMS message", der.len);
	if (!pki_cms_is_oid(type, NID_pkcs7_signed))
		return MALFORMED(err, "the CMS message is not SignedData (RFC 5652 5.1)");
	if (!pki_der_get(&info, PKI_DER_CONSTRUCTED, &explicit) || info.len != 0 ||
		!pki_der_get(&explicit, PKI_DER_SEQUENCE, &fields) || explicit.len != 0)
		return MALFORMED(err, "the CMS message is not SignedData in DER "
				      "(RFC 5652 5.1)");
	return read_signed_data(fields, out, err);
}

size_t
pki_cms_count(const struct pki_cms_info *info, int nid)
{
	size_t count = 0;
	for (size_t i = 0; i < info->attribute_count; i++)
		count += pki_cms_is_oid(info->attributes[i].oid, nid);
	return count;
}

bool
pki_cms_attribute(const struct pki_cms_info *info, int nid, struct pki_bytes *value)
{
	int tag;
	struct pki_bytes rest, content;
	for (size_t i = 0; i < info->attribute_count; i++)
		if (pki_cms_is_oid(info->attributes[i].oid, nid))
			*value = info->attributes[i].values;
	if (pki_cms_count(info, nid) != 1)
		return false;
	rest = *value;
	return pki_der_get_any(&rest, &tag, &content) && rest.len == 0;
}
