/* The bytes of a certificate against the ledger's columns, the profile and the log. */
#include <stdio.h>
#include <string.h>

#include "tools/audit/verify/certificates.h"
#include "libpki/x509/lint.h"
#include "tools/audit/verify/since.h"

/* The certificate that is being verified. */
struct subject {
	struct audit *a;
	const struct pki_cert_row *row;
	const struct certificate_origin *origin; /* NULL: no order */
	uint64_t index; /* of the order's log entry; 0 without an order */
	const struct pki_cert *cert; /* parsed */
	char object[CERTIFICATE_OBJECT];
	char serial[PKI_SERIAL_TEXT];
};

/* rule 4 anew, on the certificate's own dates, whatever decision, ledger and lint said */
static void
check_end(const struct subject *s)
{
	const struct pki_cert_row *row = s->row;
	pki_time end = pki_cert_not_after(s->cert);
	if (row->issuer == PKI_ISSUER_CA &&
		end > pki_time_add_years(pki_cert_not_before(s->cert), 3))
		audit_add_breach(s->a, s->object, PKI_RULE_VALIDITY,
			"is valid for over three years");
	if (row->document_end != 0 && end > row->document_end)
		audit_add_breach(s->a, s->object, PKI_RULE_VALIDITY,
			"is valid beyond the end of the identity document");
	if (end > pki_cert_not_after(s->a->issuers[row->issuer]))
		audit_add_breach(s->a, s->object, PKI_RULE_VALIDITY,
			"is valid beyond the end of its issuer");
}

/* rule 15: a name belongs to one holder. Names that an earlier version gave to several
 * holders are reported as long as their certificates live. */
static void
check_name(const struct subject *s, const struct pki_name *name)
{
	const struct pki_cert_row *row = s->row;
	struct pki_err own = { 0 };
	struct pki_name_use use;
	uint8_t key[PKI_SHA256];
	if (pki_name_key(name, key, &own) != PKI_OK ||
		pki_ledger_name_use(s->a->ledger, key, row->holder, &use, &own) != PKI_OK)
		audit_add_finding(s->a, s->object, &own);
	else if (!use.own)
		audit_add_breach(s->a, s->object, PKI_RULE_RECORD,
			"has a name that the ledger's table of names does not give to its holder");
	else if (use.shared && use.other[0] != '\0') {
		if (row->revoked || row->not_after < time(NULL))
			return;
		(void)pki_fail_rule(&own, PKI_STATE, PKI_RULE_DN_REASSIGNED,
			"has the name of the holder %s too, by RFC 5280 7.1; an earlier version compared less strictly",
			use.other);
		audit_add_finding(s->a, s->object, &own);
	} else if (use.other[0] != '\0')
		audit_add_breach(s->a, s->object, PKI_RULE_DN_REASSIGNED,
			"has the name of the holder %s, but the ledger gives this certificate to %s",
			use.other,
			row->holder[0] != '\0' ? row->holder : PKI_HOLDER_SERVICE);
}

/* rule 121: the ledger has the person whom the certificate identifies, for the schema's
 * triggers. */
static void
check_officer(const struct subject *s, const struct pki_name *name)
{
	struct pki_err own = { 0 };
	char is[PKI_PERSON_TEXT], want[PKI_PERSON_TEXT];
	pki_person_of(name, want);
	if (s->row->holder[0] != '\0' || s->row->issuer != PKI_ISSUER_CA)
		want[0] = '\0';
	if (pki_ledger_officer(s->a->ledger, s->row->id, is, &own) != PKI_OK)
		audit_add_finding(s->a, s->object, &own);
	else if (strcmp(is, want) != 0)
		audit_add_breach(s->a, s->object, PKI_RULE_PERSONS,
			"identifies the officer \"%s\", the ledger has \"%s\"", want, is);
}

/* rule 109: the ledger has the identifier of each holder's certificate */
static void
check_identifier(const struct subject *s, const struct pki_name *name)
{
	struct pki_err own = { 0 };
	struct pki_identifier_use use;
	char key[PKI_IDENTIFIER_TEXT];
	if (s->row->holder[0] == '\0')
		return;
	pki_name_identifier(name, key);
	if (pki_ledger_identifier_use(s->a->ledger, key, s->row->holder, &use, &own) !=
		PKI_OK)
		audit_add_finding(s->a, s->object, &own);
	else if (!use.own)
		audit_add_breach(s->a, s->object, PKI_RULE_RECORD,
			"the ledger does not record its serialNumber as the holder's identifier");
}

static void
check_columns(const struct subject *s)
{
	const struct pki_cert_row *row = s->row;
	const struct pki_cert *cert = s->cert;
	struct pki_err own = { 0 };
	struct pki_name name;
	uint8_t name_hash[PKI_SHA256], key_hash[PKI_SHA256];
	if (pki_cert_subject(cert, &name, &own) != PKI_OK ||
		pki_name_hash(&name, name_hash, &own) != PKI_OK ||
		pki_key_hash(pki_cert_get0_key(cert), key_hash, &own) != PKI_OK) {
		audit_add_finding(s->a, s->object, &own);
		return;
	}
	if (pki_serial_compare(&row->serial, pki_cert_get0_serial(cert)) != 0 ||
		row->not_before != pki_cert_not_before(cert) ||
		row->not_after != pki_cert_not_after(cert) ||
		memcmp(row->name_hash, name_hash, sizeof name_hash) != 0 ||
		memcmp(row->key_hash, key_hash, sizeof key_hash) != 0)
		audit_add_breach(s->a, s->object, PKI_RULE_RECORD,
			"serial, dates, name or key in the ledger are not the certificate's");
	check_end(s);
	check_name(s, &name);
	check_officer(s, &name);
	check_identifier(s, &name);
}

/* The entry of a certificate's order holds its digest. */
static bool
entry_holds_digest(const struct subject *s)
{
	const struct pki_cert_row *row = s->row;
	char digest[PKI_SHA256_HEX];
	if (pki_sha256_hex(row->der.data, row->der.len, digest, NULL) != PKI_OK)
		return false;
	const json_t *list = json_object_get(
		json_object_get(s->origin->entry, "detail"), "certificates");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		if (strcmp(entry_text(item, "serial"), s->serial) == 0 &&
			strcmp(entry_text(item, "digest"), digest) == 0 &&
			strcmp(entry_text(item, "profile"), row->profile) == 0)
			return true;
	}
	return false;
}

/* The certificate's position in the ceremony; false if the ceremony did not make the
 * certificate. */
static bool
ceremony_position(const struct audit *a, const char *serial, size_t *position)
{
	static const char *const single[] = { "root", "ca", "seal" };
	const json_t *officers = json_object_get(a->log.ceremony, "officers");
	for (*position = 0; *position < PKI_COUNT(single); ++*position)
		if (strcmp(entry_text(a->log.ceremony, single[*position]), serial) == 0)
			return true;
	for (size_t i = 0; i < json_array_size(officers); i++, ++*position) {
		const char *officer = json_string_value(json_array_get(officers, i));
		if (officer != NULL && strcmp(officer, serial) == 0)
			return true;
	}
	return false;
}

/* Is the text the list's item? Entries of older versions lack the lists "digests" and
 * "profiles". */
static bool
ceremony_has(const struct audit *a, const char *name, size_t position, const char *text)
{
	const json_t *list = json_object_get(a->log.ceremony, name);
	const char *want = json_string_value(json_array_get(list, position));
	return list == NULL || (want != NULL && strcmp(want, text) == 0);
}

static bool
in_ceremony(const struct subject *s)
{
	size_t position = 0;
	const struct pki_buf *der = &s->row->der;
	char digest[PKI_SHA256_HEX];
	return ceremony_position(s->a, s->serial, &position) &&
	       pki_sha256_hex(der->data, der->len, digest, NULL) == PKI_OK &&
	       ceremony_has(s->a, "digests", position, digest) &&
	       ceremony_has(s->a, "profiles", position, s->row->profile);
}

/* rule 52: the certificate names the CRL of its partition, and the ledger has the same
 * partition. The ceremony's certificates come before the log entry about partitions. */
static void
check_crl_url(const struct subject *s)
{
	struct audit *a = s->a;
	const struct pki_cert_row *row = s->row;
	char is[PKI_URL_TEXT] = "", want[PKI_URL_TEXT] = "";
	unsigned partitions = row->issuer == PKI_ISSUER_CA ? a->urls.partitions : 0;
	size_t base = strlen(a->urls.crl_base);
	bool named = pki_cert_crl_url(s->cert, is);
	bool wrong = partitions != 0 && strncmp(is, a->urls.crl_base, base) == 0;
	if (row->partition != 0) {
		pki_crl_url(&a->urls, row->partition, want);
		wrong = strcmp(is, want) != 0 ||
			row->partition != pki_serial_partition(&row->serial, partitions);
	}
	if (wrong)
		audit_add_breach(a, s->object, PKI_RULE_CRL_PARTITION,
			"names the CRL %.200s, which is not the CRL of the serial number's partition or not the ledger's",
			is);
	if (row->partition == 0 && named && partitions != 0 &&
		s->index > a->log.partitioned)
		audit_add_breach(a, s->object, PKI_RULE_CRL_PARTITION,
			"names the full CRL %.200s, although the CRL was partitioned before",
			is);
}

static void
check_record(const struct subject *s)
{
	if (s->origin == NULL && !in_ceremony(s))
		audit_add_breach(s->a, s->object, PKI_RULE_RECORD,
			"has no order, and the ceremony's log entry lacks the certificate or has another digest or profile");
	if (s->origin != NULL && !entry_holds_digest(s))
		audit_add_breach(s->a, s->object, PKI_RULE_RECORD,
			"the log entry of the order %s lacks the certificate's digest",
			s->origin->order);
}

/* The profile in force then, if the auditor was given its policy. */
static enum pki_status
check_profile(const struct subject *s, struct pki_err *err)
{
	const struct pki_cert_row *row = s->row;
	const struct pki_policy *policy = audit_policy(s->a, s->index);
	if (policy == NULL)
		return PKI_OK;
	const struct pki_profile *profile = pki_policy_profile(policy, row->profile);
	if (profile == NULL)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LINT,
			"the policy in force then has no profile \"%s\"", row->profile);
	bool root = profile->kind == PKI_KIND_ROOT;
	return pki_lint_cert(s->cert, root ? NULL : s->a->issuers[row->issuer], profile,
		row->partition != 0 ? &s->a->urls : NULL, row->document_end, err);
}

static enum pki_status
check_certificate(struct subject *s, struct pki_cert **out, struct pki_err *err)
{
	const struct pki_cert_row *row = s->row;
	if (row->issuer < PKI_ISSUER_ROOT || row->issuer > PKI_ISSUER_CA)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_VALIDATION,
			"issuer %d does not exist", row->issuer);
	PKI_TRY(pki_cert_parse_own(pki_buf_bytes(&row->der), out, err));
	s->cert = *out;
	check_columns(s);
	check_record(s);
	check_crl_url(s);
	PKI_TRY(pki_cert_verify(
		s->cert, s->a->issuers[row->issuer], row->not_before, err));
	return check_profile(s, err);
}

void
certificates_object(const struct pki_serial *serial, char out[CERTIFICATE_OBJECT])
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	snprintf(out, CERTIFICATE_OBJECT, "serial %s", text);
}

void
certificates_verify_one(struct audit *a, const struct pki_cert_row *row,
	const struct certificate_origin *origin, struct pki_cert **out)
{
	struct pki_err own = { 0 };
	struct subject s = { .a = a,
		.row = row,
		.origin = origin,
		.index = origin != NULL ? origin->index : 0 };
	certificates_object(&row->serial, s.object);
	pki_serial_text(&row->serial, s.serial);
	a->counts.certificates++;
	if (check_certificate(&s, out, &own) != PKI_OK)
		audit_add_finding(a, s.object, &own);
}

struct rest {
	struct audit *a;
	uint64_t rows;
};

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct rest *rest = ctx;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	(void)err;
	rest->a->position.object = rest->rows++;
	if (row->order[0] == '\0')
		certificates_verify_one(rest->a, row, NULL, &cert);
	return PKI_OK;
}

enum pki_status
certificates_verify(struct audit *a, struct pki_err *err)
{
	struct rest rest = { .a = a };
	int64_t after = INT64_MIN;
	PKI_TRY(since_certificate(a, &after, err));
	PKI_TRY(pki_ledger_each_certificate(
		a->ledger, after, 0, on_certificate, &rest, err));
	if (rest.rows != a->counts.certificates)
		audit_add_breach(a, "certificates", PKI_RULE_RECORD,
			"the ledger has %ju certificates; the audit found %ju with an order or from the ceremony",
			(uintmax_t)rest.rows, (uintmax_t)a->counts.certificates);
	return PKI_OK;
}
