#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/lint_rules.h"
#include "libpki/qc.h"

/* Order of the RDNs (rule 107), and how often each may stand there. */
static const int order[] = { NID_countryName, NID_organizationName,
	NID_organizationalUnitName, NID_serialNumber, NID_surname, NID_givenName,
	NID_pseudonym, NID_commonName };

static int
place(const X509_NAME_ENTRY *entry)
{
	int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
	for (int i = 0; i < (int)PKI_COUNT(order); i++)
		if (order[i] == nid)
			return i;
	return -1;
}

static const char *
label(const X509_NAME_ENTRY *entry)
{
	return OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)));
}

static const ASN1_STRING *
attribute(const struct pki_lint *lint, int nid)
{
	const X509_NAME *name = lint->subject;
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	return at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

/* "" without one, or with a NUL in it */
static void
subject_serial(const struct pki_lint *lint, char out[PKI_NAME_CHARS + 1])
{
	const ASN1_STRING *text = attribute(lint, NID_serialNumber);
	out[0] = '\0';
	if (text == NULL || ASN1_STRING_length(text) > PKI_NAME_CHARS)
		return;
	size_t len = (size_t)ASN1_STRING_length(text);
	memcpy(out, ASN1_STRING_get0_data(text), len);
	out[len] = '\0';
}

enum pki_status
pki_lint_directory_string(const struct pki_lint *lint, struct pki_err *err)
{
	const X509_NAME *name = lint->subject;
	int count = X509_NAME_entry_count(name);
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		int type = ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry));
		if (type != V_ASN1_PRINTABLESTRING && type != V_ASN1_UTF8STRING)
			return pki_refuse(err, PKI_RULE_STRING_TYPE,
				"%s in the subject is a %s, neither PrintableString nor "
				"UTF8String",
				label(entry), ASN1_tag2str(type));
	}
	return PKI_OK;
}

static enum pki_status
check_order(const X509_NAME *name, struct pki_err *err)
{
	int last = -1;
	int count = X509_NAME_entry_count(name);
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		int at = place(entry);
		if (at < 0 || X509_NAME_ENTRY_set(entry) != i)
			return pki_refuse(err, PKI_RULE_SUBJECT,
				"the subject has %s, which no subject of this suite has, "
				"or an RDN of "
				"several values",
				label(entry));
		if (at == last)
			return pki_refuse(err, PKI_RULE_SUBJECT, "the subject has two %s",
				label(entry));
		if (at < last)
			return pki_refuse(err, PKI_RULE_SUBJECT,
				"%s stands out of its order in the subject: C, O, OU, "
				"serialNumber, SN, GN, pseudonym, CN",
				label(entry));
		last = at;
	}
	return PKI_OK;
}

enum pki_status
pki_lint_subject(const struct pki_lint *lint, struct pki_err *err)
{
	PKI_TRY(check_order(lint->subject, err));
	if (attribute(lint, NID_countryName) == NULL ||
		attribute(lint, NID_commonName) == NULL)
		return pki_refuse(
			err, PKI_RULE_SUBJECT, "the subject needs one C and one CN");
	struct pki_name name;
	struct pki_err why = { 0 };
	if (pki_cert_subject(lint->cert, &name, &why) != PKI_OK)
		return pki_refuse(err,
			why.rule != PKI_RULE_NONE ? why.rule : PKI_RULE_SUBJECT, "%s",
			why.msg);
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
	const ASN1_STRING *text = attribute(lint, NID_serialNumber);
	if (text == NULL)
		return PKI_OK;
	if (ASN1_STRING_type(text) != V_ASN1_PRINTABLESTRING ||
		ASN1_PRINTABLE_type(ASN1_STRING_get0_data(text),
			ASN1_STRING_length(text)) != V_ASN1_PRINTABLESTRING)
		return pki_refuse(err, PKI_RULE_SUBJECT_SERIAL,
			"the subject's serialNumber is a %s, not a PrintableString",
			ASN1_tag2str(ASN1_STRING_type(text)));
	if (ASN1_STRING_length(text) > PKI_NAME_CHARS)
		return pki_refuse(err, PKI_RULE_SUBJECT_SERIAL,
			"the subject's serialNumber has %d characters; %d at most",
			ASN1_STRING_length(text), PKI_NAME_CHARS);
	return PKI_OK;
}

/* The statement's SemanticsInformation, NULL without one. */
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
	PKI_CLEANUP(pki_lint_qc_cleanup) PKI_QC_STATEMENTS *list = NULL;
	PKI_TRY(pki_lint_qc(lint, PKI_RULE_SEMANTICS, &list, err));
	PKI_CLEANUP(free_semantics) PKI_SEMANTICS *semantics = semantics_of(list);
	bool natural = semantics != NULL && semantics->id != NULL &&
		       pki_lint_oid_is(semantics->id, PKI_OID_SEMANTICS_NATURAL);
	if (natural != lint->profile->natural_person)
		return pki_refuse(err, PKI_RULE_SEMANTICS,
			natural ? "semanticsId-Natural, but the profile is not of a "
				  "natural person"
				: "the profile asks for semanticsId-Natural; it is not "
				  "there");
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
			"the subject's serialNumber \"%s\" is not of the form "
			"PASFR-12AB34567",
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
	PKI_CLEANUP(pki_lint_qc_cleanup) PKI_QC_STATEMENTS *list = NULL;
	PKI_TRY(pki_lint_qc(lint, PKI_RULE_LOCAL_SCHEME, &list, err));
	PKI_CLEANUP(free_semantics) PKI_SEMANTICS *semantics = semantics_of(list);
	for (int i = 0;
		semantics != NULL && i < sk_GENERAL_NAME_num(semantics->authorities); i++)
		if (sk_GENERAL_NAME_value(semantics->authorities, i)->type == GEN_URI)
			return PKI_OK;
	return pki_refuse(err, PKI_RULE_LOCAL_SCHEME,
		"serialNumber \"%s\" is of a local scheme; nameRegistrationAuthorities "
		"must name "
		"its URI",
		serial);
}
