#include <limits.h>
#include <openssl/asn1.h>

#include "libpki/asn1/der.h"
#include "libpki/x509/crl_priv.h"
#include "libpki/x509/signature.h"

/* SEQUENCE { INTEGER of 21 octets, GeneralizedTime, a reasonCode } */
#define ENTRY_MAX (2 + 23 + 17 + 14)
/* Lengths are ints in OpenSSL; a megabyte is kept for everything but entries. */
#define ENTRIES_MAX ((INT_MAX - (1 << 20)) / ENTRY_MAX)
/* Headers, version and dates around the entries; the header of the signature */
#define HEADERS_MAX 128

/* The encoded parts around the entries. */
struct frame {
	const struct pki_crl_spec *spec;
	struct pki_bytes issuer;
	struct pki_buf algorithm;
	struct pki_buf extensions;
	struct pki_crl_index order;
};

static void
free_frame(struct frame *frame)
{
	pki_buf_free(&frame->algorithm);
	pki_buf_free(&frame->extensions);
	pki_crl_index_free(&frame->order);
}

/* Dates of X.509 have four digits for the year; ours are of this time. */
static bool
is_date(pki_time t)
{
	return t >= 0 && t <= PKI_CRL_LAST;
}

static enum pki_status
check_spec(
	const struct pki_crl_spec *spec, struct pki_key *issuer_key, struct pki_err *err)
{
	if (!(pki_cert_key_usage(spec->issuer) & PKI_KU_CRL_SIGN))
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"the issuer's certificate lacks cRLSign (RFC 5280 4.2.1.3)");
	if (!pki_key_matches(issuer_key, pki_cert_get0_key(spec->issuer)))
		return pki_fail(err, PKI_STATE, "the key is not the CRL issuer's");
	if (spec->next_update <= spec->this_update)
		return pki_refuse(
			err, PKI_RULE_CRL_FIELDS, "nextUpdate is not after thisUpdate");
	if (!is_date(spec->this_update) || !is_date(spec->next_update))
		return pki_refuse(err, PKI_RULE_DATES,
			"thisUpdate or nextUpdate is no date from 1970 to 9999");
	if (spec->number == 0)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS, "CRLNumber starts at 1");
	return pki_crl_check_extensions(spec, err);
}

static enum pki_status
check_entry(const struct pki_revoked *entry, struct pki_err *err)
{
	const struct pki_serial *serial = &entry->serial;
	if (serial->len == 0 || serial->len > PKI_SERIAL_MAX || serial->octets[0] == 0)
		return pki_refuse(err, PKI_RULE_SERIAL,
			"a serial of %d octets; it has 1 to %d, the first of them not 0",
			serial->len, PKI_SERIAL_MAX);
	if (pki_reason_name(entry->reason) == NULL)
		return pki_refuse(err, PKI_RULE_CRL_REASON,
			"reason %d: only the reasons of a final revocation",
			(int)entry->reason);
	if (!is_date(entry->revoked_at))
		return pki_refuse(
			err, PKI_RULE_DATES, "a revocation at no date from 1970 to 9999");
	return PKI_OK;
}

static struct pki_bytes
serial_at(const void *revoked, uint32_t place)
{
	const struct pki_revoked *entry = (const struct pki_revoked *)revoked + place;
	return (struct pki_bytes){ entry->serial.octets, entry->serial.len };
}

/* rule 48: sorted by serial, so that equal serials are neighbours, here and in the CRL */
static enum pki_status
sort_entries(
	const struct pki_crl_spec *spec, struct pki_crl_index *order, struct pki_err *err)
{
	order->base = spec->revoked;
	order->serial = serial_at;
	if (spec->count == 0)
		return PKI_OK;
	PKI_TRY(pki_crl_index_reserve(order, spec->count, err));
	for (size_t i = 0; i < spec->count; i++) {
		PKI_TRY(check_entry(&spec->revoked[i], err));
		pki_crl_index_add(order, (uint32_t)i);
	}
	return pki_crl_index_sort(order, err);
}

/* rule 51: reasonCode non-critical, unspecified left out */
static void
put_entry(struct pki_der *w, const struct pki_revoked *entry)
{
	/* Extensions { Extension { id-ce-cRLReasons, OCTET STRING { ENUMERATED */
	static const uint8_t reason[] = { 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d,
		0x15, 0x04, 0x03, 0x0a, 0x01 };
	size_t end = w->at;
	if (entry->reason != PKI_REASON_UNSPECIFIED) {
		uint8_t code = (uint8_t)entry->reason;
		pki_der_put(w, &code, 1);
		pki_der_put(w, reason, sizeof reason);
	}
	pki_der_put_x509_time(w, entry->revoked_at);
	size_t serial = w->at;
	pki_der_put(w, entry->serial.octets, entry->serial.len);
	if (entry->serial.octets[0] >= 0x80)
		pki_der_put(w, "", 1); /* keeps the INTEGER positive */
	pki_der_wrap(w, PKI_DER_INTEGER, serial);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* rule 50: an empty list is left out */
static void
put_entries(struct pki_der *w, const struct frame *frame)
{
	size_t end = w->at;
	for (size_t i = frame->order.count; i-- > 0;)
		put_entry(
			w, &frame->spec->revoked[pki_crl_index_place(&frame->order, i)]);
	if (w->at != end)
		pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/*
 * TBSCertList ::= SEQUENCE { version, signature, issuer, thisUpdate, nextUpdate,
 *   revokedCertificates OPTIONAL, crlExtensions [0] EXPLICIT }
 */
static void
put_tbs(struct pki_der *w, const struct frame *frame)
{
	static const uint8_t v2 = 1;
	size_t end = w->at;
	pki_der_put(w, frame->extensions.data, frame->extensions.len);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	put_entries(w, frame);
	pki_der_put_x509_time(w, frame->spec->next_update);
	pki_der_put_x509_time(w, frame->spec->this_update);
	pki_der_put(w, frame->issuer.data, frame->issuer.len);
	pki_der_put(w, frame->algorithm.data, frame->algorithm.len);
	pki_der_put_tagged(w, PKI_DER_INTEGER, &v2, sizeof v2);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
}

/* The CRL around the tbs, whose last octet is before `end`. *der: a view of the CRL. */
static enum pki_status
put_signature(struct pki_der *w, const struct frame *frame, size_t end,
	struct pki_bytes signature, struct pki_bytes *der, struct pki_err *err)
{
	size_t start = w->at;
	size_t last =
		end + frame->algorithm.len +
		(size_t)ASN1_object_size(0, (int)signature.len + 1, V_ASN1_BIT_STRING);
	w->at = last;
	pki_der_put(w, signature.data, signature.len);
	pki_der_put(w, "", 1); /* no unused bits */
	pki_der_wrap(w, PKI_DER_BITS, last);
	pki_der_put(w, frame->algorithm.data, frame->algorithm.len);
	if (w->full || w->at != end)
		return pki_fail(err, PKI_INTERNAL, "a CRL larger than foreseen");
	w->at = start;
	pki_der_wrap(w, PKI_DER_SEQUENCE, last);
	*der = (struct pki_bytes){ w->data + w->at, last - w->at };
	return PKI_OK;
}

/* All parts are written into one room, the signature at the end: no octet moves again. */
static enum pki_status
encode(const struct frame *frame, struct pki_key *issuer_key, struct pki_buf *room,
	struct pki_bytes *der, struct pki_err *err)
{
	size_t front = HEADERS_MAX + frame->algorithm.len + frame->issuer.len +
		       frame->extensions.len;
	size_t tail = HEADERS_MAX + frame->algorithm.len +
		      (size_t)EVP_PKEY_get_size(pki_key_get0_evp(issuer_key));
	PKI_TRY(pki_buf_reserve(
		room, front + frame->spec->count * ENTRY_MAX + tail, err));
	size_t end = room->cap - tail;
	struct pki_der w = { room->data, end, false };
	put_tbs(&w, frame);
	PKI_CLEANUP(pki_buf_free) struct pki_buf signature = { 0 };
	if (!w.full)
		PKI_TRY(pki_key_sign(
			issuer_key, w.data + w.at, end - w.at, &signature, err));
	return put_signature(&w, frame, end, pki_buf_bytes(&signature), der, err);
}

enum pki_status
pki_crl_build(const struct pki_crl_spec *spec, struct pki_key *issuer_key,
	struct pki_crl **out, struct pki_err *err)
{
	PKI_CLEANUP(free_frame)
	struct frame frame = { .spec = spec,
		.issuer = pki_cert_get0_subject_der(spec->issuer) };
	PKI_CLEANUP(pki_buf_free) struct pki_buf room = { 0 };
	struct pki_bytes der;
	PKI_TRY(check_spec(spec, issuer_key, err));
	if (spec->count > ENTRIES_MAX)
		return pki_fail(err, PKI_LIMIT, "a CRL of %zu entries; at most %d fit",
			spec->count, ENTRIES_MAX);
	PKI_TRY(sort_entries(spec, &frame.order, err));
	PKI_TRY(pki_signature_algorithm(issuer_key, &frame.algorithm, err));
	PKI_TRY(pki_crl_encode_extensions(spec, &frame.extensions, err));
	PKI_TRY(encode(&frame, issuer_key, &room, &der, err));
	/* the new CRL is parsed and checked like a CRL from outside */
	pki_crl_index_free(&frame.order);
	return pki_crl_take(&room, der, out, err);
}
