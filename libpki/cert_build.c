#include "libpki/cert_parts.h"
#include "libpki/der.h"
#include "libpki/ext.h"
#include "libpki/lint.h"

/* A name of eight attributes, URLs, policies; the issuer's name and the key come on top. */
#define TBS_MAX ((size_t)16 << 10)

/* What comes from elsewhere in DER. */
struct parts {
	struct pki_buf subject;
	struct pki_buf algorithm; /* of the signature */
};

static void
free_parts(struct parts *parts)
{
	pki_buf_free(&parts->subject);
	pki_buf_free(&parts->algorithm);
}

/* The magnitude as a positive INTEGER: never none, and no sign bit. */
static void
put_serial(struct pki_der *w, const struct pki_serial *serial)
{
	size_t end = w->at;
	pki_der_put(w, serial->octets, serial->len);
	if (serial->len == 0 || serial->octets[0] >= 0x80)
		pki_der_put(w, "", 1);
	pki_der_wrap(w, PKI_DER_INTEGER, end);
}

static void
put_bytes(struct pki_der *w, struct pki_bytes bytes)
{
	pki_der_put(w, bytes.data, bytes.len);
}

/* TBSCertificate, RFC 5280 4.1, from its end towards its start. */
static enum pki_status
put_tbs(struct pki_der *w, const struct pki_cert_spec *spec, const struct parts *parts,
	struct pki_err *err)
{
	static const uint8_t v3 = 2;
	size_t end = w->at;
	PKI_TRY(pki_ext_put_all(w, spec, err));
	pki_der_wrap(w, PKI_DER_CONSTRUCTED + 3, end);
	put_bytes(w, pki_key_get0_spki(spec->key));
	put_bytes(w, pki_buf_bytes(&parts->subject));
	size_t validity = w->at;
	pki_der_put_x509_time(w, spec->not_after);
	pki_der_put_x509_time(w, spec->not_before);
	pki_der_wrap(w, PKI_DER_SEQUENCE, validity);
	put_bytes(w, spec->issuer != NULL ? pki_cert_get0_subject_der(spec->issuer)
					  : pki_buf_bytes(&parts->subject));
	put_bytes(w, pki_buf_bytes(&parts->algorithm));
	put_serial(w, &spec->serial);
	size_t version = w->at;
	pki_der_put_tagged(w, PKI_DER_INTEGER, &v3, sizeof v3);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, version);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	return PKI_OK;
}

/* A certificate whose signature is empty: the lint must see it before there is one. */
static enum pki_status
put_unsigned(struct pki_der *w, const struct pki_cert_spec *spec,
	const struct pki_key *issuer_key, struct pki_err *err)
{
	PKI_CLEANUP(free_parts) struct parts parts = { 0 };
	PKI_TRY(pki_name_encode(spec->subject, &parts.subject, err));
	PKI_TRY(pki_signed_algorithm(issuer_key, &parts.algorithm, err));
	size_t end = w->at;
	pki_der_put_tagged(w, PKI_DER_BITS, "", 1); /* no bits unused */
	put_bytes(w, pki_buf_bytes(&parts.algorithm));
	PKI_TRY(put_tbs(w, spec, &parts, err));
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	return PKI_OK;
}

/* Read from its octets like one from outside. */
static enum pki_status
assemble(const struct pki_cert_spec *spec, const struct pki_key *issuer_key,
	struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf room = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	size_t size = TBS_MAX + pki_key_get0_spki(spec->key).len;
	if (spec->issuer != NULL)
		size += pki_cert_get0_subject_der(spec->issuer).len;
	PKI_TRY(pki_buf_reserve(&room, size, err));
	struct pki_der w = { room.data, size, false };
	PKI_TRY(put_unsigned(&w, spec, issuer_key, err));
	if (w.full)
		return pki_fail(err, PKI_INTERNAL, "cannot build a certificate");
	PKI_TRY(pki_buf_append(&der, room.data + w.at, size - w.at, err));
	return pki_cert_from_der(&der, spec->key, out, err);
}

enum pki_status
pki_cert_build(const struct pki_cert_spec *spec, struct pki_key *issuer_key,
	struct pki_cert **out, struct pki_err *err)
{
	const struct pki_key *certified =
		spec->issuer != NULL ? pki_cert_get0_key(spec->issuer) : spec->key;
	if (!pki_key_matches(certified, issuer_key))
		return pki_fail(
			err, PKI_STATE, "the key that is to sign is not the issuer's");
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_TRY(assemble(spec, issuer_key, &cert, err));
	PKI_TRY(pki_lint_cert(
		cert, spec->issuer, spec->profile, spec->urls, spec->document_end, err));
	PKI_TRY(pki_cert_sign(cert, issuer_key, err));
	*out = cert;
	cert = NULL;
	return PKI_OK;
}
