#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/asn1/qc.h"
#include "libpki/x509/lint_priv.h"

/* Order of the RDNs (rule 107), and how often each may occur. */
static const enum pki_at order[] = { PKI_AT_COUNTRY, PKI_AT_ORGANIZATION,
	PKI_AT_ORGANIZATIONAL_UNIT, PKI_AT_SERIAL_NUMBER, PKI_AT_SURNAME,
	PKI_AT_GIVEN_NAME, PKI_AT_PSEUDONYM, PKI_AT_COMMON_NAME };

static int
place(const struct pki_attribute *attribute)
{
	for (int i = 0; i < (int)PKI_COUNT(order); i++)
		if (order[i] == attribute->at)
			return i;
	return -1;
}

static const struct pki_attribute *
find(const struct pki_lint *lint, enum pki_at at)
{
	for (size_t i = 0; i < lint->subject_count; i++)
		if (lint->subject[i].at == at)
			return &lint->subject[i];
	return NULL;
}

/* "" if absent, or with a NUL inside */
static void
subject_serial(const struct pki_lint *lint, char out[PKI_NAME_CHARS + 1])
{
	const struct pki_attribute *serial = find(lint, PKI_AT_SERIAL_NUMBER);
	out[0] = '\0';
	if (serial == NULL || serial->value.len > PKI_NAME_CHARS)
		return;
	memcpy(out, serial->value.data, serial->value.len);
	out[serial->value.len] = '\0';
}

enum pki_status
pki_lint_directory_string(const struct pki_lint *lint, struct pki_err *err)
{
	for (size_t i = 0; i < lint->subject_count; i++) {
		int tag = lint->subject[i].tag;
		if (tag == V_ASN1_PRINTABLESTRING || tag == V_ASN1_UTF8STRING)
			continue;
		char label[PKI_ATTRIBUTE_LABEL];
		pki_attribute_label(&lint->subject[i], label);
		return pki_refuse(err, PKI_RULE_STRING_TYPE,
			"%s in the subject is a %s, neither PrintableString nor UTF8String",
			label, ASN1_tag2str(tag));
	}
	return PKI_OK;
}

static enum pki_status
check_order(const struct pki_lint *lint, struct pki_err *err)
{
	int last = -1;
	for (size_t i = 0; i < lint->subject_count; i++) {
		char label[PKI_ATTRIBUTE_LABEL];
		int at = place(&lint->subject[i]);
		if (at > last && lint->subject[i].alone) {
			last = at;
			continue;
		}
		pki_attribute_label(&lint->subject[i], label);
		if (at < 0 || !lint->subject[i].alone)
			return pki_refuse(err, PKI_RULE_SUBJECT,
				"the subject has %s, which no subject of this suite has, or an RDN of several values",
				label);
		if (at == last)
			return pki_refuse(
				err, PKI_RULE_SUBJECT, "the subject has two %s", label);
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"%s is out of order in the subject: C, O, OU, serialNumber, SN, GN, pseudonym, CN",
			label);
	}
	return PKI_OK;
}

enum pki_status
pki_lint_subject(const struct pki_lint *lint, struct pki_err *err)
{
	PKI_TRY(check_order(lint, err));
	if (find(lint, PKI_AT_COUNTRY) == NULL || find(lint, PKI_AT_COMMON_NAME) == NULL)
		return pki_refuse(
			err, PKI_RULE_SUBJECT, "the subject needs one C and one CN");
	struct pki_name name;
	struct pki_err own = { 0 };
	if (pki_cert_subject(lint->cert, &name, &own) != PKI_OK)
		return pki_refuse(err,
			own.rule != PKI_RULE_NONE ? own.rule : PKI_RULE_SUBJECT, "%s",
			own.msg);
	if (!lint->profile->natural_person)
		return PKI_OK;
	bool given = name.given_name[0] != '\0';
	bool surname = name.surname[0] != '\0';
	bool pseudonym = name.pseudonym[0] != '\0';
	if (pseudonym ? (given || surname) : !(given && surname))
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"the subject needs GN and SN, or a pseudonym, never both");
	return PKI_OK;
}

enum pki_status
pki_lint_subject_serial(const struct pki_lint *lint, struct pki_err *err)
{
	const struct pki_attribute *serial = find(lint, PKI_AT_SERIAL_NUMBER);
	if (serial == NULL)
		return PKI_OK;
	int len = (int)serial->value.len;
	if (serial->tag != V_ASN1_PRINTABLESTRING ||
		ASN1_PRINTABLE_type(serial->value.data, len) != V_ASN1_PRINTABLESTRING)
		return pki_refuse(err, PKI_RULE_SUBJECT_SERIAL,
			"the subject's serialNumber is a %s, not a PrintableString",
			ASN1_tag2str(serial->tag));
	if (len > PKI_NAME_CHARS)
		return pki_refuse(err, PKI_RULE_SUBJECT_SERIAL,
			"the subject's serialNumber has %d characters; %d at most", len,
			PKI_NAME_CHARS);
	return PKI_OK;
}

/* The statement's SemanticsInformation, NULL if absent. */
static PKI_SEMANTICS *
semantics_of(const PKI_QC_STATEMENTS *list)
{
	for (int i = 0; i < sk_PKI_QC_STATEMENT_num(list); i++) {
		const PKI_QC_STATEMENT *statement = sk_PKI_QC_STATEMENT_value(list, i);
		if (pki_lint_oid_is(statement->id, PKI_OID_QC_SYNTAX_V2) &&
			statement->info != NULL)
			return ASN1_TYPE_unpack_sequence(
				ASN1_ITEM_rptr(PKI_SEMANTICS), statement->info);
	}
	return NULL;
}

static void
free_semantics(PKI_SEMANTICS **semantics)
{
	ASN1_item_free((ASN1_VALUE *)*semantics, ASN1_ITEM_rptr(PKI_SEMANTICS));
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_local(const char serial[static 4])
{
	return is_upper(serial[0]) && is_upper(serial[1]) && serial[2] == ':';
}

enum pki_status
pki_lint_semantics(const struct pki_lint *lint, struct pki_err *err)
{
	char serial[PKI_NAME_CHARS + 1] = "";
	PKI_TRY(pki_lint_check_qc(lint, PKI_RULE_SEMANTICS, err));
	PKI_CLEANUP(free_semantics) PKI_SEMANTICS *semantics = semantics_of(lint->qc);
	bool natural = semantics != NULL && semantics->id != NULL &&
		       pki_lint_oid_is(semantics->id, PKI_OID_SEMANTICS_NATURAL);
	if (natural != lint->profile->natural_person)
		return pki_refuse(err, PKI_RULE_SEMANTICS,
			natural ? "semanticsId-Natural, but the profile is not of a natural person"
				: "the profile asks for semanticsId-Natural; the statement is missing");
	if (!natural)
		return PKI_OK;
	subject_serial(lint, serial);
	size_t len = strlen(serial);
	bool known = len > 6 &&
		     (strncmp(serial, "PAS", 3) == 0 || strncmp(serial, "IDC", 3) == 0 ||
			     strncmp(serial, "PNO", 3) == 0 ||
			     strncmp(serial, "TIN", 3) == 0 || is_local(serial));
	if (!known || !is_upper(serial[3]) || !is_upper(serial[4]) || serial[5] != '-')
		return pki_refuse(err, PKI_RULE_SEMANTICS,
			"the subject's serialNumber \"%s\" is not of the form PASFR-12AB34567",
			serial);
	return PKI_OK;
}

enum pki_status
pki_lint_local_scheme(const struct pki_lint *lint, struct pki_err *err)
{
	char serial[PKI_NAME_CHARS + 1] = "";
	subject_serial(lint, serial);
	if (!lint->profile->natural_person || !is_local(serial))
		return PKI_OK;
	PKI_TRY(pki_lint_check_qc(lint, PKI_RULE_LOCAL_SCHEME, err));
	PKI_CLEANUP(free_semantics) PKI_SEMANTICS *semantics = semantics_of(lint->qc);
	for (int i = 0;
		semantics != NULL && i < sk_GENERAL_NAME_num(semantics->authorities); i++)
		if (sk_GENERAL_NAME_value(semantics->authorities, i)->type == GEN_URI)
			return PKI_OK;
	return pki_refuse(err, PKI_RULE_LOCAL_SCHEME,
		"serialNumber \"%s\" is of a local scheme; nameRegistrationAuthorities must name the scheme's URI",
		serial);
}
