#include <limits.h>
#include <openssl/err.h>
#include <string.h>

#include "libpki/asn1/der.h"
#include "libpki/x509/crl_priv.h"

/* CRLs of a million entries are read: of an entry only the position is kept, no object. */

#define MALFORMED(err, what) pki_fail((err), PKI_INPUT, "not a DER CRL: " what)

/* SEQUENCE { INTEGER of a single octet, UTCTime } */
#define ENTRY_MIN 20
/* RFC 5280 5.3 has three. Up to 8 extensions, a search for duplicates costs nothing. */
#define ENTRY_EXTENSIONS_MAX 8

static const uint8_t oid_reason[] = { 0x55, 0x1d, 0x15 }; /* 2.5.29.21 */

static enum pki_status
read_serial(struct pki_bytes *in, struct pki_serial *out, struct pki_err *err)
{
	struct pki_bytes n;
	if (!pki_der_get(in, PKI_DER_INTEGER, &n) || n.len == 0 ||
		(n.len > 1 && n.data[0] == 0 && n.data[1] < 0x80))
		return MALFORMED(err, "a serialNumber (RFC 5280 5.1.2.6)");
	bool negative = n.data[0] >= 0x80;
	if (n.data[0] == 0)
		n = (struct pki_bytes){ n.data + 1, n.len - 1 };
	if (negative || n.len == 0 || n.len > PKI_SERIAL_MAX)
		return pki_fail(err, PKI_INPUT,
			"serialNumber is not positive or above %d octets (RFC 5280 4.1.2.2)",
			PKI_SERIAL_MAX);
	memcpy(out->octets, n.data, n.len);
	out->len = (uint8_t)n.len;
	return PKI_OK;
}

/* The serial of an entry parsed before. */
static struct pki_bytes
serial_at(const void *der, uint32_t place)
{
	const uint8_t *p = (const uint8_t *)der + place + 1;
	p += *p < 0x80 ? 1 : 1 + (*p & 0x7f); /* the entry's length */
	size_t len = p[1], zero = p[2] == 0;
	return (struct pki_bytes){ p + 2 + zero, len - zero };
}

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
struct extension {
	struct pki_bytes oid; /* with tag and length */
	bool critical;
	struct pki_bytes value;
};

static bool
read_extension(struct pki_bytes *in, struct extension *out)
{
	struct pki_bytes ext, critical;
	if (!pki_der_get(in, PKI_DER_SEQUENCE, &ext) ||
		!pki_der_get_whole(&ext, PKI_DER_OID, &out->oid))
		return false;
	out->critical = pki_der_get(&ext, PKI_DER_BOOLEAN, &critical);
	/* FALSE is left out */
	if (out->critical && (critical.len != 1 || critical.data[0] != 0xff))
		return false;
	return pki_der_get(&ext, PKI_DER_OCTETS, &out->value) && ext.len == 0;
}

/* rule 51 */
static enum pki_status
read_reason(const struct extension *ext, enum pki_reason *out, struct pki_err *err)
{
	struct pki_bytes in = ext->value, code;
	if (ext->critical)
		return pki_refuse(err, PKI_RULE_CRL_REASON, "reasonCode is critical");
	if (!pki_der_get(&in, PKI_DER_ENUMERATED, &code) || in.len != 0 || code.len != 1)
		return pki_fail(err, PKI_INPUT, "malformed reasonCode (RFC 5280 5.3.1)");
	*out = (enum pki_reason)code.data[0];
	if (*out == PKI_REASON_UNSPECIFIED)
		return pki_refuse(err, PKI_RULE_CRL_REASON,
			"reasonCode unspecified: the extension is left out instead");
	if (pki_reason_name(*out) == NULL)
		return pki_refuse(err, PKI_RULE_CRL_REASON,
			"reasonCode %d: no reason of a final revocation", code.data[0]);
	return PKI_OK;
}

/* An extension unknown to this suite must not be critical. */
static enum pki_status
check_other(const struct extension *ext, struct pki_err *err)
{
	const uint8_t *p = ext->oid.data;
	ASN1_OBJECT *oid = d2i_ASN1_OBJECT(NULL, &p, (long)ext->oid.len);
	char text[PKI_OID_TEXT];
	if (oid == NULL)
		return pki_fail_ssl(err, PKI_INPUT, "not a DER CRL: an extension's OID");
	OBJ_obj2txt(text, sizeof text, oid, 1);
	ASN1_OBJECT_free(oid);
	if (ext->critical)
		return pki_fail(err, PKI_INPUT,
			"an entry has critical extension %s, which this suite does not evaluate (RFC 5280 5.3)",
			text);
	return PKI_OK;
}

/* rule 48: each once */
static enum pki_status
read_extensions(struct pki_bytes in, enum pki_reason *reason, struct pki_err *err)
{
	struct extension list[ENTRY_EXTENSIONS_MAX];
	size_t count = 0;
	do {
		struct extension *ext = &list[count];
		if (count == ENTRY_EXTENSIONS_MAX)
			return pki_fail(err, PKI_LIMIT,
				"an entry has more than %d extensions",
				ENTRY_EXTENSIONS_MAX);
		if (!read_extension(&in, ext))
			return MALFORMED(err, "an entry's extensions (RFC 5280 5.1.2.6)");
		for (size_t i = 0; i < count; i++)
			if (pki_bytes_equal(list[i].oid.data, list[i].oid.len,
				    ext->oid.data, ext->oid.len))
				return pki_refuse(err, PKI_RULE_CRL_SERIAL,
					"an entry has an extension twice");
		count++;
		if (pki_bytes_equal(ext->oid.data + 2, ext->oid.len - 2, oid_reason,
			    sizeof oid_reason))
			PKI_TRY(read_reason(ext, reason, err));
		else
			PKI_TRY(check_other(ext, err));
	} while (in.len != 0);
	return PKI_OK;
}

enum pki_status
pki_crl_read_entry(struct pki_bytes *list, struct pki_revoked *out, struct pki_err *err)
{
	struct pki_bytes entry, extensions;
	if (!pki_der_get(list, PKI_DER_SEQUENCE, &entry))
		return MALFORMED(err, "an entry (RFC 5280 5.1.2.6)");
	PKI_TRY(read_serial(&entry, &out->serial, err));
	PKI_TRY(pki_der_get_x509_time(&entry, &out->revoked_at, err));
	out->reason = PKI_REASON_UNSPECIFIED;
	if (entry.len == 0)
		return PKI_OK;
	if (!pki_der_get(&entry, PKI_DER_SEQUENCE, &extensions) || entry.len != 0)
		return MALFORMED(err, "an entry (RFC 5280 5.1.2.6)");
	return read_extensions(extensions, &out->reason, err);
}

/* rules 48, 50 */
static enum pki_status
read_entries(struct pki_crl *crl, struct pki_bytes list, struct pki_err *err)
{
	if (list.len == 0)
		return pki_refuse(err, PKI_RULE_CRL_EMPTY,
			"revokedCertificates is empty; an empty list must be absent (RFC 5280 5.1.2.6)");
	crl->index.base = crl->der.data;
	crl->index.serial = serial_at;
	PKI_TRY(pki_crl_index_reserve(&crl->index, list.len / ENTRY_MIN + 1, err));
	while (list.len != 0) {
		struct pki_revoked entry;
		uint32_t place = (uint32_t)(list.data - crl->der.data);
		PKI_TRY(pki_crl_read_entry(&list, &entry, err));
		pki_crl_index_add(&crl->index, place);
	}
	return pki_crl_index_sort(&crl->index, err);
}

/* CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue } */
static enum pki_status
read_signed(struct pki_crl *crl, struct pki_err *err)
{
	struct pki_bytes in = crl->der, list, signature;
	if (!pki_der_get(&in, PKI_DER_SEQUENCE, &list))
		return MALFORMED(err, "no SEQUENCE (RFC 5280 5.1)");
	if (in.len != 0)
		return pki_fail(err, PKI_INPUT, "%zu octets after the CRL", in.len);
	if (!pki_der_get_whole(&list, PKI_DER_SEQUENCE, &crl->tbs) ||
		!pki_der_get_whole(&list, PKI_DER_SEQUENCE, &crl->algorithm) ||
		!pki_der_get(&list, PKI_DER_BITS, &signature) || list.len != 0 ||
		signature.len == 0 || signature.data[0] != 0)
		return MALFORMED(
			err, "the tbsCertList and the signature (RFC 5280 5.1.1)");
	crl->signature = (struct pki_bytes){ signature.data + 1, signature.len - 1 };
	return PKI_OK;
}

/* version, signature, issuer, thisUpdate, nextUpdate; rule 49 */
static enum pki_status
read_fields(struct pki_crl *crl, struct pki_bytes *tbs, struct pki_err *err)
{
	struct pki_bytes version, algorithm;
	if (!pki_der_get(tbs, PKI_DER_INTEGER, &version) || version.len != 1 ||
		version.data[0] != 1)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS, "version is not v2");
	if (!pki_der_get_whole(tbs, PKI_DER_SEQUENCE, &algorithm) ||
		!pki_bytes_equal(algorithm.data, algorithm.len, crl->algorithm.data,
			crl->algorithm.len) ||
		!pki_crl_is_der(algorithm, ASN1_ITEM_rptr(X509_ALGOR)))
		return MALFORMED(err, "the signature's algorithm (RFC 5280 5.1.1.2)");
	if (!pki_der_get_whole(tbs, PKI_DER_SEQUENCE, &crl->issuer) ||
		!pki_crl_is_der(crl->issuer, ASN1_ITEM_rptr(X509_NAME)))
		return MALFORMED(err, "the issuer (RFC 5280 5.1.2.3)");
	PKI_TRY(pki_der_get_x509_time(tbs, &crl->this_update, err));
	if (!pki_der_is_next(tbs, PKI_DER_UTC_TIME) &&
		!pki_der_is_next(tbs, PKI_DER_TIME))
		return pki_refuse(err, PKI_RULE_CRL_FIELDS, "no nextUpdate");
	PKI_TRY(pki_der_get_x509_time(tbs, &crl->next_update, err));
	if (crl->next_update <= crl->this_update)
		return pki_refuse(
			err, PKI_RULE_CRL_FIELDS, "nextUpdate is not after thisUpdate");
	return PKI_OK;
}

static enum pki_status
read_tbs(struct pki_crl *crl, struct pki_err *err)
{
	struct pki_bytes in = crl->tbs, tbs, list, extensions;
	if (!pki_der_get(&in, PKI_DER_SEQUENCE, &tbs))
		return MALFORMED(err, "no SEQUENCE (RFC 5280 5.1.2)");
	PKI_TRY(read_fields(crl, &tbs, err));
	if (pki_der_get(&tbs, PKI_DER_SEQUENCE, &list))
		PKI_TRY(read_entries(crl, list, err));
	if (tbs.len == 0)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS, "no extensions");
	if (!pki_der_get(&tbs, PKI_DER_CONSTRUCTED, &extensions) || tbs.len != 0)
		return MALFORMED(err, "the extensions (RFC 5280 5.1.2.7)");
	return pki_crl_read_extensions(crl, extensions, err);
}

enum pki_status
pki_crl_take(struct pki_buf *room, struct pki_bytes der, struct pki_crl **out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = calloc(1, sizeof *crl);
	if (crl == NULL)
		return pki_fail(err, PKI_MEMORY, "a CRL");
	crl->room = *room;
	*room = (struct pki_buf){ 0 };
	crl->der = der;
	PKI_TRY(read_signed(crl, err));
	PKI_TRY(read_tbs(crl, err));
	*out = crl;
	crl = NULL;
	return PKI_OK;
}

enum pki_status
pki_crl_adopt(struct pki_buf *der, struct pki_crl **out, struct pki_err *err)
{
	if (der->len > INT_MAX)
		return pki_fail(err, PKI_LIMIT, "a CRL has at most %d octets", INT_MAX);
	return pki_crl_take(der, pki_buf_bytes(der), out, err);
}

enum pki_status
pki_crl_parse(struct pki_bytes der, struct pki_crl **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf copy = { 0 };
	PKI_TRY(pki_buf_append(&copy, der.data, der.len, err));
	return pki_crl_adopt(&copy, out, err);
}
