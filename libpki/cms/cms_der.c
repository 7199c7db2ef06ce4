#include "libpki/cms/cms_der.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <string.h>

#define MALFORMED(err, ...) \
	pki_fail_rule((err), PKI_INPUT, PKI_RULE_ORDER_FORM, __VA_ARGS__)

/* ASN1_get_object()'s bits: an error, or an indefinite length. */
#define BAD_HEADER 0x81

struct tlv {
	const uint8_t *start, *content, *end;
	int tag, class;
};

static bool
read_tlv(const uint8_t *from, const uint8_t *end, struct tlv *out)
{
	const uint8_t *p = from;
	long len = 0;
	*out = (struct tlv){ .start = from };
	if (from >= end)
		return false;
	int bits = ASN1_get_object(&p, &len, &out->tag, &out->class, end - from);
	if ((bits & BAD_HEADER) != 0) {
		ERR_clear_error();
		return false;
	}
	out->content = p;
	out->end = p + len;
	return true;
}

static bool
is_universal(const struct tlv *tlv, int tag)
{
	return tlv->tag == tag && tlv->class == V_ASN1_UNIVERSAL;
}

static bool
is_context(const struct tlv *tlv, int tag)
{
	return tlv->tag == tag && tlv->class == V_ASN1_CONTEXT_SPECIFIC;
}

/* The layers of the message that are rebuilt. */
struct layers {
	struct tlv content_info, type, explicit, signed_data, certs;
};

/*
 * ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT SignedData
 * } SignedData ::= SEQUENCE { version INTEGER, digestAlgorithms SET, encapContentInfo
 * SEQUENCE, certificates [0] IMPLICIT SET OPTIONAL, crls [1] IMPLICIT SET OPTIONAL,
 * signerInfos SET }
 */
static enum pki_status
read_layers(struct pki_bytes der, struct layers *l, struct pki_err *err)
{
	struct tlv version, digests, content;
	if (!read_tlv(der.data, der.data + der.len, &l->content_info) ||
		!is_universal(&l->content_info, V_ASN1_SEQUENCE))
		return MALFORMED(err, "no CMS message in DER (RFC 5652 3)");
	if (l->content_info.end != der.data + der.len)
		return MALFORMED(err, "%zu octets after the CMS message",
			(size_t)(der.data + der.len - l->content_info.end));
	if (!read_tlv(l->content_info.content, l->content_info.end, &l->type) ||
		!is_universal(&l->type, V_ASN1_OBJECT) ||
		!read_tlv(l->type.end, l->content_info.end, &l->explicit) ||
		!is_context(&l->explicit, 0) || l->explicit.end != l->content_info.end ||
		!read_tlv(l->explicit.content, l->explicit.end, &l->signed_data) ||
		!is_universal(&l->signed_data, V_ASN1_SEQUENCE) ||
		l->signed_data.end != l->explicit.end ||
		!read_tlv(l->signed_data.content, l->signed_data.end, &version) ||
		!is_universal(&version, V_ASN1_INTEGER) ||
		!read_tlv(version.end, l->signed_data.end, &digests) ||
		!read_tlv(digests.end, l->signed_data.end, &content))
		return MALFORMED(
			err, "the CMS message is not SignedData in DER (RFC 5652 5.1)");
	if (version.end - version.content != 1 ||
		(version.content[0] != 1 && version.content[0] != 3))
		return MALFORMED(
			err, "SignedData is not of version 1 or 3 (RFC 5652 5.1)");
	if (!read_tlv(content.end, l->signed_data.end, &l->certs) ||
		!is_context(&l->certs, 0))
		return MALFORMED(err, "no certificate attached (RFC 5652 5.1)");
	return PKI_OK;
}

/* X.690 11.6: the elements of a SET OF ascend. */
static bool
ascends(struct pki_bytes a, const struct tlv *b)
{
	size_t blen = (size_t)(b->end - b->start);
	int order = memcmp(a.data, b->start, a.len < blen ? a.len : blen);
	return order < 0 || (order == 0 && a.len < blen);
}

static enum pki_status
read_certs(const struct tlv *set, struct pki_cms_parts *parts, struct pki_err *err)
{
	struct tlv cert;
	for (const uint8_t *p = set->content; p != set->end; p = cert.end) {
		if (parts->cert_count == PKI_CMS_CERTS_MAX)
			return MALFORMED(err, "more than %d certificates attached",
				PKI_CMS_CERTS_MAX);
		if (!read_tlv(p, set->end, &cert) ||
			!is_universal(&cert, V_ASN1_SEQUENCE))
			return MALFORMED(err,
				"an attached certificate is not X.509 (RFC 5652 10.2.2)");
		if (parts->cert_count != 0 &&
			!ascends(parts->certs[parts->cert_count - 1], &cert))
			return MALFORMED(err,
				"the attached certificates are not in DER's order, or one is there twice (X.690 11.6)");
		parts->certs[parts->cert_count++] =
			(struct pki_bytes){ cert.start, (size_t)(cert.end - cert.start) };
	}
	if (parts->cert_count == 0)
		return MALFORMED(err, "no certificate attached (RFC 5652 5.1)");
	return PKI_OK;
}

/* Octets of the message whose SignedData has a content of len. */
static int
message_size(const struct layers *l, int len, int *signed_data, int *content_info)
{
	*signed_data = ASN1_object_size(1, len, V_ASN1_SEQUENCE);
	*content_info =
		(int)(l->type.end - l->type.start) + ASN1_object_size(1, *signed_data, 0);
	return ASN1_object_size(1, *content_info, V_ASN1_SEQUENCE);
}

enum pki_status
pki_cms_split(struct pki_bytes der, struct pki_cms_parts *parts, struct pki_err *err)
{
	struct layers l;
	PKI_TRY(read_layers(der, &l, err));
	PKI_TRY(read_certs(&l.certs, parts, err));
	const uint8_t *from = l.signed_data.content;
	size_t before = (size_t)(l.certs.start - from);
	size_t after = (size_t)(l.signed_data.end - l.certs.end);
	size_t certs = (size_t)(l.certs.end - l.certs.content);
	int set = ASN1_object_size(1, (int)certs, 0);
	int sd = 0, ci = 0;
	/* the shortest form of each length is DER's */
	if (message_size(&l, (int)(before + after) + set, &sd, &ci) != (int)der.len)
		return MALFORMED(err, "the CMS message is not DER (X.690 10.1)");
	int total = message_size(&l, (int)(before + after), &sd, &ci);
	PKI_TRY(pki_buf_reserve(&parts->rest, (size_t)total, err));
	uint8_t *p = parts->rest.data;
	ASN1_put_object(&p, 1, ci, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(p, l.type.start, (size_t)(l.type.end - l.type.start));
	p += l.type.end - l.type.start;
	ASN1_put_object(&p, 1, sd, 0, V_ASN1_CONTEXT_SPECIFIC);
	ASN1_put_object(&p, 1, (int)(before + after), V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(p, from, before);
	memcpy(p + before, l.certs.end, after);
	parts->rest.len = (size_t)total;
	return PKI_OK;
}
