#include "libpki/cms/cms_priv.h"

#include <string.h>

#include "libpki/asn1/der.h"

#define MALFORMED(err, ...) \
	pki_fail_rule((err), PKI_INPUT, PKI_RULE_ORDER_FORM, __VA_ARGS__)

/* Views of the message's octets. */
struct layers {
	struct pki_bytes type; /* contentType, with tag and length */
	struct pki_bytes before; /* version, digestAlgorithms, encapContentInfo */
	struct pki_bytes certs; /* the content of certificates */
	struct pki_bytes after; /* crls and signerInfos */
};

static enum pki_status
read_content_info(struct pki_bytes der, struct layers *l, struct pki_bytes *signed_data,
	struct pki_err *err)
{
	struct pki_bytes info, explicit;
	if (!pki_der_get(&der, PKI_DER_SEQUENCE, &info))
		return MALFORMED(err, "no CMS message in DER (RFC 5652 3)");
	if (der.len != 0)
		return MALFORMED(err, "%zu octets after the CMS message", der.len);
	if (!pki_der_get_whole(&info, PKI_DER_OID, &l->type) ||
		!pki_der_get(&info, PKI_DER_CONSTRUCTED, &explicit) || info.len != 0 ||
		!pki_der_get(&explicit, PKI_DER_SEQUENCE, signed_data) ||
		explicit.len != 0)
		return MALFORMED(
			err, "the CMS message is not SignedData in DER (RFC 5652 5.1)");
	return PKI_OK;
}

/*
 * ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT SignedData }
 * SignedData ::= SEQUENCE { version INTEGER, digestAlgorithms SET, encapContentInfo SEQUENCE,
 *   certificates [0] IMPLICIT SET OPTIONAL, crls [1] IMPLICIT SET OPTIONAL, signerInfos SET }
 */
static enum pki_status
read_layers(struct pki_bytes der, struct layers *l, struct pki_err *err)
{
	struct pki_bytes data, version, digests, content;
	PKI_TRY(read_content_info(der, l, &data, err));
	const uint8_t *start = data.data;
	if (!pki_der_get(&data, PKI_DER_INTEGER, &version) ||
		!pki_der_get(&data, PKI_DER_SET, &digests) ||
		!pki_der_get(&data, PKI_DER_SEQUENCE, &content))
		return MALFORMED(
			err, "the CMS message is not SignedData in DER (RFC 5652 5.1)");
	l->before = (struct pki_bytes){ start, (size_t)(data.data - start) };
	if (version.len != 1 || (version.data[0] != 1 && version.data[0] != 3))
		return MALFORMED(
			err, "SignedData is not of version 1 or 3 (RFC 5652 5.1)");
	if (!pki_der_get(&data, PKI_DER_CONSTRUCTED, &l->certs))
		return MALFORMED(err, "no certificate attached (RFC 5652 5.1)");
	l->after = data;
	return PKI_OK;
}

/* X.690 11.6: the elements of a SET OF ascend. */
static bool
ascends(struct pki_bytes a, struct pki_bytes b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
	return order < 0 || (order == 0 && a.len < b.len);
}

static enum pki_status
read_certs(struct pki_bytes set, struct pki_cms_parts *parts, struct pki_err *err)
{
	struct pki_bytes cert;
	while (set.len != 0) {
		if (parts->cert_count == PKI_CMS_CERTS_MAX)
			return MALFORMED(err, "more than %d certificates attached",
				PKI_CMS_CERTS_MAX);
		if (!pki_der_get_whole(&set, PKI_DER_SEQUENCE, &cert))
			return MALFORMED(err,
				"an attached certificate is not X.509 (RFC 5652 10.2.2)");
		if (parts->cert_count != 0 &&
			!ascends(parts->certs[parts->cert_count - 1], cert))
			return MALFORMED(err,
				"the attached certificates are not in DER's order, or a certificate is attached twice (X.690 11.6)");
		parts->certs[parts->cert_count++] = cert;
	}
	if (parts->cert_count == 0)
		return MALFORMED(err, "no certificate attached (RFC 5652 5.1)");
	return PKI_OK;
}

/* The message without certificates is shorter than the message. */
static enum pki_status
write_rest(const struct layers *l, size_t size, struct pki_cms_parts *parts,
	struct pki_err *err)
{
	PKI_TRY(pki_buf_reserve(&parts->room, size, err));
	struct pki_der w = { parts->room.data, size, false };
	pki_der_put(&w, l->after.data, l->after.len);
	pki_der_put(&w, l->before.data, l->before.len);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, size);
	pki_der_wrap(&w, PKI_DER_CONSTRUCTED, size);
	pki_der_put(&w, l->type.data, l->type.len);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, size);
	if (w.full)
		return pki_fail(err, PKI_INTERNAL, "a CMS message's parts");
	parts->rest = (struct pki_bytes){ w.data + w.at, size - w.at };
	return PKI_OK;
}

enum pki_status
pki_cms_split(struct pki_bytes der, struct pki_cms_parts *parts, struct pki_err *err)
{
	struct layers l;
	PKI_TRY(read_layers(der, &l, err));
	PKI_TRY(read_certs(l.certs, parts, err));
	return write_rest(&l, der.len, parts, err);
}
