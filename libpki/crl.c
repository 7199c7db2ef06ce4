#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/asn1.h"
#include "libpki/crl_internal.h"

static const struct {
	enum pki_reason reason;
	const char *name;
} reasons[] = {
	{ PKI_REASON_UNSPECIFIED, "unspecified" },
	{ PKI_REASON_KEY_COMPROMISE, "keyCompromise" },
	{ PKI_REASON_CA_COMPROMISE, "cACompromise" },
	{ PKI_REASON_AFFILIATION_CHANGED, "affiliationChanged" },
	{ PKI_REASON_SUPERSEDED, "superseded" },
	{ PKI_REASON_CESSATION_OF_OPERATION, "cessationOfOperation" },
	{ PKI_REASON_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn" },
};

bool
pki_reason_by_name(const char *name, enum pki_reason *out)
{
	for (size_t i = 0; i < PKI_COUNT(reasons); i++)
		if (strcmp(reasons[i].name, name) == 0) {
			*out = reasons[i].reason;
			return true;
		}
	return false;
}

const char *
pki_reason_name(enum pki_reason reason)
{
	for (size_t i = 0; i < PKI_COUNT(reasons); i++)
		if (reasons[i].reason == reason)
			return reasons[i].name;
	return NULL;
}

static int
by_serial(const void *a, const void *b)
{
	const struct pki_revoked *ra = a, *rb = b;
	return pki_serial_compare(&ra->serial, &rb->serial);
}

/* rule 48: sorts the entries, so that equal serials stand side by side. */
static enum pki_status
sort_entries(struct pki_revoked *entries, size_t count, struct pki_err *err)
{
	if (count != 0)
		qsort(entries, count, sizeof *entries, by_serial);
	for (size_t i = 1; i < count; i++)
		if (by_serial(&entries[i - 1], &entries[i]) == 0) {
			char text[PKI_SERIAL_TEXT];
			pki_serial_text(&entries[i].serial, text);
			return pki_refuse(err, PKI_RULE_CRL_SERIAL,
				"serial %s is listed twice", text);
		}
	return PKI_OK;
}

static void
free_x509_crl(X509_CRL **crl)
{
	X509_CRL_free(*crl);
}

static void
free_revoked(X509_REVOKED **revoked)
{
	X509_REVOKED_free(*revoked);
}

static void
free_integer(ASN1_INTEGER **integer)
{
	ASN1_INTEGER_free(*integer);
}

static void
free_time(ASN1_TIME **t)
{
	ASN1_TIME_free(*t);
}

static void
free_akid(AUTHORITY_KEYID **akid)
{
	AUTHORITY_KEYID_free(*akid);
}

/* rule 51: reasonCode non-critical, unspecified left out. */
static enum pki_status
add_reason(X509_REVOKED *entry, enum pki_reason reason, struct pki_err *err)
{
	if (reason == PKI_REASON_UNSPECIFIED)
		return PKI_OK;
	if (pki_reason_name(reason) == NULL)
		return pki_refuse(err, PKI_RULE_CRL_REASON,
			"reason %d: only the reasons of a final revocation", (int)reason);
	ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
	bool ok = code != NULL && ASN1_ENUMERATED_set(code, (long)reason) == 1 &&
		  X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, 0) == 1;
	ASN1_ENUMERATED_free(code);
	return ok ? PKI_OK : pki_fail_ssl(err, PKI_MEMORY, "reasonCode");
}

static enum pki_status
add_entry(X509_CRL *crl, const struct pki_revoked *revoked, struct pki_err *err)
{
	PKI_CLEANUP(free_revoked) X509_REVOKED *entry = X509_REVOKED_new();
	PKI_CLEANUP(free_integer) ASN1_INTEGER *serial = NULL;
	PKI_CLEANUP(free_time) ASN1_TIME *at = ASN1_TIME_set(NULL, revoked->revoked_at);
	PKI_TRY(pki_asn1_serial_new(&revoked->serial, &serial, err));
	if (entry == NULL || at == NULL ||
		X509_REVOKED_set_serialNumber(entry, serial) != 1 ||
		X509_REVOKED_set_revocationDate(entry, at) != 1)
		return pki_fail_ssl(err, PKI_MEMORY, "an entry of the CRL");
	PKI_TRY(add_reason(entry, revoked->reason, err));
	if (X509_CRL_add0_revoked(crl, entry) != 1)
		return pki_fail_ssl(err, PKI_MEMORY, "an entry of the CRL");
	entry = NULL;
	return PKI_OK;
}

static void
free_extensions(STACK_OF(X509_EXTENSION) * *extensions)
{
	sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static enum pki_status
add_extensions(X509_CRL *crl, const struct pki_crl_spec *spec, struct pki_err *err)
{
	PKI_CLEANUP(free_extensions)
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	if (extensions == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "the CRL's extensions");
	PKI_TRY(pki_crl_add_extensions(extensions, spec, err));
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++)
		if (X509_CRL_add_ext(crl, sk_X509_EXTENSION_value(extensions, i), -1) != 1)
			return pki_fail_ssl(err, PKI_MEMORY, "the CRL's extensions");
	return PKI_OK;
}

static enum pki_status
set_fields(X509_CRL *crl, const struct pki_crl_spec *spec, struct pki_err *err)
{
	PKI_CLEANUP(free_time)
	ASN1_TIME *this_update = ASN1_TIME_set(NULL, spec->this_update);
	PKI_CLEANUP(free_time)
	ASN1_TIME *next_update = ASN1_TIME_set(NULL, spec->next_update);
	const X509 *issuer = pki_cert_get0_x509(spec->issuer);
	if (this_update == NULL || next_update == NULL ||
		X509_CRL_set_version(crl, 1) != 1 ||
		X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) != 1 ||
		X509_CRL_set1_lastUpdate(crl, this_update) != 1 ||
		X509_CRL_set1_nextUpdate(crl, next_update) != 1)
		return pki_fail_ssl(err, PKI_MEMORY, "the CRL's fields");
	return add_extensions(crl, spec, err);
}

static enum pki_status
check_spec(const struct pki_crl_spec *spec, struct pki_key *issuer_key, struct pki_err *err)
{
	if (!(pki_cert_key_usage(spec->issuer) & PKI_KU_CRL_SIGN))
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"the issuer's certificate lacks cRLSign (RFC 5280 4.2.1.3)");
	if (!pki_key_matches(issuer_key, pki_cert_get0_key(spec->issuer)))
		return pki_fail(err, PKI_STATE, "the key is not the CRL issuer's");
	if (spec->next_update <= spec->this_update)
		return pki_refuse(
			err, PKI_RULE_CRL_FIELDS, "nextUpdate is not after thisUpdate");
	if (spec->number == 0)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS, "CRLNumber starts at 1");
	return pki_crl_check_extensions(spec, err);
}

/* A copy of spec's list, by serial; NULL for an empty one. */
static enum pki_status
sorted_copy(const struct pki_crl_spec *spec, struct pki_revoked **out, struct pki_err *err)
{
	if (spec->count == 0)
		return PKI_OK;
	*out = calloc(spec->count, sizeof **out);
	if (*out == NULL)
		return pki_fail(err, PKI_MEMORY, "a CRL of %zu entries", spec->count);
	memcpy(*out, spec->revoked, spec->count * sizeof **out);
	return sort_entries(*out, spec->count, err);
}

static enum pki_status
sign_der(const struct pki_crl_spec *spec, struct pki_key *issuer_key, struct pki_buf *der,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_free_ptr) struct pki_revoked *entries = NULL;
	PKI_TRY(sorted_copy(spec, &entries, err));
	PKI_CLEANUP(free_x509_crl) X509_CRL *crl = X509_CRL_new();
	if (crl == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "a CRL");
	PKI_TRY(set_fields(crl, spec, err));
	for (size_t i = 0; i < spec->count; i++)
		PKI_TRY(add_entry(crl, &entries[i], err));
	if (X509_CRL_sign(crl, pki_key_get0_evp(issuer_key), pki_key_md(issuer_key)) <= 0)
		return pki_fail_ssl(err, PKI_INTERNAL, "signing the CRL");
	int len = i2d_X509_CRL(crl, NULL);
	if (len <= 0)
		return pki_fail_ssl(err, PKI_INTERNAL, "encoding the CRL");
	PKI_TRY(pki_buf_reserve(der, (size_t)len, err));
	uint8_t *p = der->data;
	der->len = (size_t)i2d_X509_CRL(crl, &p);
	return PKI_OK;
}

enum pki_status
pki_crl_build(const struct pki_crl_spec *spec, struct pki_key *issuer_key,
	struct pki_crl **out, struct pki_err *err)
{
	PKI_TRY(check_spec(spec, issuer_key, err));
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_TRY(sign_der(spec, issuer_key, &der, err));
	/* what leaves is held against the rules as a stranger's would be */
	return pki_crl_parse(pki_buf_bytes(&der), out, err);
}

/* rule 48: each extension at most once. */
static enum pki_status
check_extensions(
	const STACK_OF(X509_EXTENSION) * exts, const char *where, struct pki_err *err)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++) {
		X509_EXTENSION *ext = sk_X509_EXTENSION_value(exts, i);
		const ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);
		char text[PKI_OID_TEXT];
		OBJ_obj2txt(text, sizeof text, oid, 1);
		if (X509v3_get_ext_by_OBJ(exts, oid, i) >= 0)
			return pki_refuse(err, PKI_RULE_CRL_SERIAL,
				"%s has extension %s twice", where, text);
		if (OBJ_obj2nid(oid) == NID_crl_reason && X509_EXTENSION_get_critical(ext))
			return pki_refuse(
				err, PKI_RULE_CRL_REASON, "reasonCode is critical");
		if (X509_EXTENSION_get_critical(ext))
			return pki_fail(err, PKI_INPUT,
				"%s has critical extension %s, which a full CRL of this "
				"suite "
				"does not (RFC 5280 5.2)",
				where, text);
	}
	return PKI_OK;
}

/* rule 51 */
static enum pki_status
read_reason(const X509_REVOKED *entry, enum pki_reason *out, struct pki_err *err)
{
	int found = 0;
	ASN1_ENUMERATED *code =
		X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &found, NULL);
	*out = PKI_REASON_UNSPECIFIED;
	if (code == NULL)
		return found == -1 ? PKI_OK
				   : pki_fail_ssl(err, PKI_INPUT, "malformed reasonCode");
	long value = ASN1_ENUMERATED_get(code);
	ASN1_ENUMERATED_free(code);
	*out = (enum pki_reason)value;
	if (value == PKI_REASON_UNSPECIFIED)
		return pki_refuse(err, PKI_RULE_CRL_REASON,
			"reasonCode unspecified: the extension is left out instead");
	if (value < 0 || value > PKI_REASON_PRIVILEGE_WITHDRAWN ||
		pki_reason_name(*out) == NULL)
		return pki_refuse(err, PKI_RULE_CRL_REASON,
			"reasonCode %ld: no reason of a final revocation", value);
	return PKI_OK;
}

static enum pki_status
read_entry(const X509_REVOKED *entry, struct pki_revoked *out, struct pki_err *err)
{
	PKI_TRY(pki_asn1_serial_get(
		X509_REVOKED_get0_serialNumber(entry), &out->serial, err));
	PKI_TRY(pki_asn1_time_get(
		X509_REVOKED_get0_revocationDate(entry), &out->revoked_at, err));
	PKI_TRY(check_extensions(X509_REVOKED_get0_extensions(entry), "an entry", err));
	return read_reason(entry, &out->reason, err);
}

/* rules 48, 50 */
static enum pki_status
read_entries(struct pki_crl *crl, struct pki_err *err)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl->x509);
	if (list == NULL)
		return PKI_OK;
	int count = sk_X509_REVOKED_num(list);
	if (count == 0)
		return pki_refuse(err, PKI_RULE_CRL_EMPTY,
			"revokedCertificates is there and empty; it has to be left out");
	crl->entries = calloc((size_t)count, sizeof *crl->entries);
	if (crl->entries == NULL)
		return pki_fail(err, PKI_MEMORY, "a CRL of %d entries", count);
	for (int i = 0; i < count; i++)
		PKI_TRY(read_entry(sk_X509_REVOKED_value(list, i), &crl->entries[i], err));
	crl->count = (size_t)count;
	return sort_entries(crl->entries, crl->count, err);
}

static enum pki_status
read_fields(struct pki_crl *crl, struct pki_err *err)
{
	const ASN1_TIME *next_update = X509_CRL_get0_nextUpdate(crl->x509);
	if (X509_CRL_get_version(crl->x509) != 1)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS, "version is not v2");
	if (next_update == NULL)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS, "no nextUpdate");
	PKI_TRY(pki_asn1_time_get(
		X509_CRL_get0_lastUpdate(crl->x509), &crl->this_update, err));
	PKI_TRY(pki_asn1_time_get(next_update, &crl->next_update, err));
	if (crl->next_update <= crl->this_update)
		return pki_refuse(
			err, PKI_RULE_CRL_FIELDS, "nextUpdate is not after thisUpdate");
	return pki_crl_read_extensions(crl, X509_CRL_get0_extensions(crl->x509), err);
}

enum pki_status
pki_crl_parse(struct pki_bytes der, struct pki_crl **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = calloc(1, sizeof *crl);
	if (crl == NULL)
		return pki_fail(err, PKI_MEMORY, "a CRL");
	const uint8_t *p = der.data;
	crl->x509 = der.len <= LONG_MAX ? d2i_X509_CRL(NULL, &p, (long)der.len) : NULL;
	if (crl->x509 == NULL)
		return pki_fail_ssl(err, PKI_INPUT, "not a DER CRL");
	if (p != der.data + der.len)
		return pki_fail(err, PKI_INPUT, "%zu octets after the CRL",
			(size_t)(der.data + der.len - p));
	PKI_TRY(pki_buf_append(&crl->der, der.data, der.len, err));
	PKI_TRY(read_fields(crl, err));
	PKI_TRY(read_entries(crl, err));
	*out = crl;
	crl = NULL;
	return PKI_OK;
}

void
pki_crl_free(struct pki_crl *crl)
{
	if (crl == NULL)
		return;
	X509_CRL_free(crl->x509);
	pki_buf_free(&crl->der);
	pki_buf_free(&crl->distribution_point);
	free(crl->entries);
	free(crl);
}

void
pki_crl_cleanup(struct pki_crl **crl)
{
	pki_crl_free(*crl);
}

enum pki_status
pki_crl_verify(
	const struct pki_crl *crl, const struct pki_cert *issuer, struct pki_err *err)
{
	const unsigned char *name = NULL;
	size_t name_len = 0;
	struct pki_bytes subject = pki_cert_get0_subject_der(issuer);
	if (X509_NAME_get0_der(X509_CRL_get_issuer(crl->x509), &name, &name_len) != 1 ||
		!pki_bytes_equal(name, name_len, subject.data, subject.len))
		return pki_fail(err, PKI_INPUT, "the CRL names another issuer");
	uint8_t id[PKI_KEY_ID];
	PKI_CLEANUP(free_akid)
	AUTHORITY_KEYID *akid =
		X509_CRL_get_ext_d2i(crl->x509, NID_authority_key_identifier, NULL, NULL);
	if (akid == NULL || akid->keyid == NULL || !pki_cert_subject_key_id(issuer, id) ||
		!pki_bytes_equal(ASN1_STRING_get0_data(akid->keyid),
			(size_t)ASN1_STRING_length(akid->keyid), id, sizeof id))
		return pki_fail(err, PKI_INPUT, "the CRL names another key of its issuer");
	if (!(pki_cert_key_usage(issuer) & PKI_KU_CRL_SIGN))
		return pki_fail(err, PKI_INPUT, "the issuer's certificate lacks cRLSign");
	if (X509_CRL_verify(crl->x509, pki_key_get0_evp(pki_cert_get0_key(issuer))) != 1)
		return pki_fail_ssl(err, PKI_INPUT, "the CRL's signature is wrong");
	return PKI_OK;
}

struct pki_bytes
pki_crl_get0_der(const struct pki_crl *crl)
{
	return pki_buf_bytes(&crl->der);
}

uint64_t
pki_crl_number(const struct pki_crl *crl)
{
	return crl->number;
}

pki_time
pki_crl_this_update(const struct pki_crl *crl)
{
	return crl->this_update;
}

pki_time
pki_crl_next_update(const struct pki_crl *crl)
{
	return crl->next_update;
}

const char *
pki_crl_distribution_point(const struct pki_crl *crl)
{
	return (const char *)crl->distribution_point.data;
}

pki_time
pki_crl_expired_since(const struct pki_crl *crl)
{
	return crl->expired_since;
}

size_t
pki_crl_count(const struct pki_crl *crl)
{
	return crl->count;
}

enum pki_status
pki_crl_entry(
	const struct pki_crl *crl, size_t i, struct pki_revoked *out, struct pki_err *err)
{
	if (i >= crl->count)
		return pki_fail(
			err, PKI_NOTFOUND, "entry %zu of a CRL of %zu", i, crl->count);
	*out = crl->entries[i];
	return PKI_OK;
}

bool
pki_crl_find(
	const struct pki_crl *crl, const struct pki_serial *serial, struct pki_revoked *out)
{
	struct pki_revoked key = { .serial = *serial };
	if (crl->count == 0)
		return false;
	const struct pki_revoked *found =
		bsearch(&key, crl->entries, crl->count, sizeof key, by_serial);
	if (found == NULL)
		return false;
	*out = *found;
	return true;
}
