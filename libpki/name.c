#include "libpki/name.h"

#include <openssl/asn1.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define FIELD(member) \
	offsetof(struct pki_name, member), sizeof(((struct pki_name *)0)->member)

/* In the order in which they are encoded (rule 107). */
static const struct attribute {
	int nid;
	const char *label;
	size_t offset, size;
	bool printable;
} attributes[] = {
	{ NID_countryName, "C", FIELD(country), true },
	{ NID_organizationName, "O", FIELD(organization), false },
	{ NID_organizationalUnitName, "OU", FIELD(organizational_unit), false },
	{ NID_serialNumber, "serialNumber", FIELD(serial_number), true },
	{ NID_surname, "SN", FIELD(surname), false },
	{ NID_givenName, "GN", FIELD(given_name), false },
	{ NID_pseudonym, "pseudonym", FIELD(pseudonym), false },
	{ NID_commonName, "CN", FIELD(common_name), false },
};

static const char *
value(const struct pki_name *name, const struct attribute *a)
{
	return (const char *)name + a->offset;
}

static char *
room(struct pki_name *name, const struct attribute *a)
{
	return (char *)name + a->offset;
}

/*
 * Controls, and what makes a name look like another one: line and paragraph separators,
 * bidirectional overrides, the byte order mark.
 */
static bool
is_forbidden(unsigned long c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c & 0xfffe) == 0xfffe ||
	       c > 0x10ffff;
}

static enum pki_status
check_text(const struct attribute *a, const char *text, struct pki_err *err)
{
	size_t len = strlen(text);
	int chars = 0;
	for (size_t i = 0; i < len; chars++) {
		unsigned long c;
		int used = UTF8_getc((const unsigned char *)text + i, (int)(len - i), &c);
		if (used <= 0 || is_forbidden(c))
			return pki_refuse(err, PKI_RULE_STRING_TYPE,
				"%s holds a control character or is not UTF-8 (octet %zu)",
				a->label, i);
		i += (size_t)used;
	}
	if (chars > PKI_NAME_CHARS)
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"%s has %d characters; %d at most (RFC 5280 App. A)", a->label,
			chars, PKI_NAME_CHARS);
	if (len != 0 && (text[0] == ' ' || text[len - 1] == ' '))
		return pki_refuse(
			err, PKI_RULE_SUBJECT, "%s begins or ends with a space", a->label);
	return PKI_OK;
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static enum pki_status
check_printable(const struct pki_name *name, struct pki_err *err)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789 '()+,-./:=?";
	const char *c = name->country;
	if (c[0] != '\0' && !(is_upper(c[0]) && is_upper(c[1]) && c[2] == '\0'))
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"C is \"%.2s\"; it must be two upper-case letters (ISO 3166-1)", c);
	const char *serial = name->serial_number;
	if (serial[strspn(serial, set)] != '\0')
		return pki_refuse(err, PKI_RULE_SUBJECT_SERIAL,
			"serialNumber \"%s\" is not a PrintableString", serial);
	return PKI_OK;
}

/* ("PAS" | "IDC" | "PNO" | "TIN" | 2 letters ":") country "-" identifier */
static bool
is_natural_serial(const char *serial)
{
	static const char *const schemes[] = { "PAS", "IDC", "PNO", "TIN" };
	bool known = is_upper(serial[0]) && is_upper(serial[1]) && serial[2] == ':';
	for (size_t i = 0; i < PKI_COUNT(schemes) && !known; i++)
		known = strncmp(serial, schemes[i], 3) == 0;
	return known && is_upper(serial[3]) && is_upper(serial[4]) && serial[5] == '-' &&
	       serial[6] != '\0';
}

static enum pki_status
check_natural(const struct pki_name *name, struct pki_err *err)
{
	bool real = name->given_name[0] != '\0' && name->surname[0] != '\0';
	bool part = name->given_name[0] != '\0' || name->surname[0] != '\0';
	bool pseudonym = name->pseudonym[0] != '\0';
	if (name->country[0] == '\0' || name->common_name[0] == '\0')
		return pki_refuse(
			err, PKI_RULE_SUBJECT, "the subject needs one C and one CN");
	if (pseudonym ? part : !real)
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"the subject needs GN and SN, or a pseudonym, never both");
	if (!is_natural_serial(name->serial_number))
		return pki_refuse(err, PKI_RULE_SEMANTICS,
			"serialNumber \"%s\" must be PAS, IDC, PNO, TIN or a local scheme "
			"(xx:), the country, \"-\" and the number: PASFR-12AB34567",
			name->serial_number);
	return PKI_OK;
}

enum pki_status
pki_name_check(const struct pki_name *name, bool natural, struct pki_err *err)
{
	for (size_t i = 0; i < PKI_COUNT(attributes); i++)
		PKI_TRY(check_text(&attributes[i], value(name, &attributes[i]), err));
	PKI_TRY(check_printable(name, err));
	return natural ? check_natural(name, err) : PKI_OK;
}

static enum pki_status
encode(const struct pki_name *name, X509_NAME **out, struct pki_err *err)
{
	X509_NAME *x509 = X509_NAME_new();
	bool ok = x509 != NULL;
	for (size_t i = 0; i < PKI_COUNT(attributes) && ok; i++) {
		const struct attribute *a = &attributes[i];
		const char *text = value(name, a);
		int type = a->printable ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
		if (text[0] != '\0')
			ok = X509_NAME_add_entry_by_NID(x509, a->nid, type,
				     (const unsigned char *)text, (int)strlen(text), -1,
				     0) == 1;
	}
	if (!ok) {
		X509_NAME_free(x509);
		return pki_fail_ssl(err, PKI_MEMORY, "encoding a name");
	}
	*out = x509;
	return PKI_OK;
}

enum pki_status
pki_name_to_x509(const struct pki_name *name, X509_NAME **out, struct pki_err *err)
{
	PKI_TRY(pki_name_check(name, false, err));
	return encode(name, out, err);
}

static enum pki_status
take_entry(const X509_NAME_ENTRY *entry, struct pki_name *out, struct pki_err *err)
{
	int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
	const struct attribute *a = NULL;
	for (size_t i = 0; i < PKI_COUNT(attributes); i++)
		if (attributes[i].nid == nid)
			a = &attributes[i];
	if (a == NULL) {
		char oid[80];
		OBJ_obj2txt(oid, sizeof oid, X509_NAME_ENTRY_get_object(entry), 0);
		return pki_fail(err, PKI_INPUT, "a name with the attribute %s", oid);
	}
	const ASN1_STRING *text = X509_NAME_ENTRY_get_data(entry);
	int type = ASN1_STRING_type(text);
	if (type != V_ASN1_PRINTABLESTRING && type != V_ASN1_UTF8STRING)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_STRING_TYPE,
			"%s is neither PrintableString nor UTF8String", a->label);
	const unsigned char *data = ASN1_STRING_get0_data(text);
	size_t len = (size_t)ASN1_STRING_length(text);
	char *field = room(out, a);
	if (field[0] != '\0')
		return pki_fail(err, PKI_INPUT, "a name with %s twice", a->label);
	if (len == 0 || len >= a->size || memchr(data, '\0', len) != NULL)
		return pki_fail(err, PKI_INPUT,
			"a name whose %s is empty, holds a NUL or is longer than %zu "
			"octets",
			a->label, a->size - 1);
	memcpy(field, data, len);
	return PKI_OK;
}

enum pki_status
pki_name_from_x509(const X509_NAME *x509, struct pki_name *out, struct pki_err *err)
{
	struct pki_name name = { 0 };
	int count = X509_NAME_entry_count(x509);
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(x509, i);
		if (X509_NAME_ENTRY_set(entry) != i)
			return pki_fail(err, PKI_INPUT, "a name with a multi-valued RDN");
		PKI_TRY(take_entry(entry, &name, err));
	}
	struct pki_err why = { 0 };
	if (pki_name_check(&name, false, &why) != PKI_OK)
		return pki_fail_rule(err, PKI_INPUT, why.rule, "%s", why.msg);
	*out = name;
	return PKI_OK;
}

/* RFC 4514 2.4 */
static void
append_escaped(char *out, size_t size, size_t *used, const char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len && *used + 2 < size; i++) {
		bool outer = (i == 0 && (text[i] == '#' || text[i] == ' ')) ||
			     (i == len - 1 && text[i] == ' ');
		if (outer || strchr(",+\"\\<>;", text[i]) != NULL)
			out[(*used)++] = '\\';
		out[(*used)++] = text[i];
	}
	out[*used] = '\0';
}

void
pki_name_text(const struct pki_name *name, char *out, size_t size)
{
	size_t used = 0;
	if (size == 0)
		return;
	out[0] = '\0';
	for (size_t i = PKI_COUNT(attributes); i-- > 0;) {
		const struct attribute *a = &attributes[i];
		size_t need = strlen(a->label) + 2;
		if (value(name, a)[0] == '\0' || used + need >= size)
			continue;
		used += (size_t)snprintf(
			out + used, size - used, "%s%s=", used != 0 ? "," : "", a->label);
		append_escaped(out, size, &used, value(name, a));
	}
}

/*
 * Simple case folding (Unicode CaseFolding.txt, status C) of the scripts in which identity
 * documents name people; all stay within two octets of UTF-8.
 */
static unsigned long
fold_case(unsigned long c)
{
	static const struct {
		unsigned long first, last, every, add;
	} ranges[] = {
		{ 'A', 'Z', 1, 32 },
		{ 0xc0, 0xd6, 1, 32 },
		{ 0xd8, 0xde, 1, 32 },
		{ 0x100, 0x12e, 2, 1 },
		{ 0x132, 0x136, 2, 1 },
		{ 0x139, 0x147, 2, 1 },
		{ 0x14a, 0x176, 2, 1 },
		{ 0x179, 0x17d, 2, 1 },
		{ 0x391, 0x3a1, 1, 32 },
		{ 0x3a3, 0x3ab, 1, 32 },
		{ 0x400, 0x40f, 1, 80 },
		{ 0x410, 0x42f, 1, 32 },
	};
	for (size_t i = 0; i < PKI_COUNT(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last &&
			(c - ranges[i].first) % ranges[i].every == 0)
			return c + ranges[i].add;
	return c;
}

/* Lower case, and one space for several. The text is valid UTF-8 and gets no longer. */
static void
fold(char *text)
{
	size_t len = strlen(text);
	size_t to = 0;
	for (size_t from = 0; from < len;) {
		unsigned long c = 0;
		int used = UTF8_getc(
			(const unsigned char *)text + from, (int)(len - from), &c);
		from += (size_t)used;
		if (c == ' ' && to != 0 && text[to - 1] == ' ')
			continue;
		to += (size_t)UTF8_putc(
			(unsigned char *)text + to, (int)(from - to), fold_case(c));
	}
	text[to] = '\0';
}

enum pki_status
pki_name_hash(const struct pki_name *name, uint8_t out[PKI_SHA256], struct pki_err *err)
{
	PKI_TRY(pki_name_check(name, false, err));
	struct pki_name folded = *name;
	for (size_t i = 0; i < PKI_COUNT(attributes); i++)
		fold(room(&folded, &attributes[i]));
	X509_NAME *x509 = NULL;
	PKI_TRY(encode(&folded, &x509, err));
	const unsigned char *der = NULL;
	size_t len = 0;
	enum pki_status st;
	if (X509_NAME_get0_der(x509, &der, &len) != 1)
		st = pki_fail_ssl(err, PKI_MEMORY, "encoding a name");
	else
		st = pki_sha256(der, len, out, err);
	X509_NAME_free(x509);
	return st;
}
