#include "libpki/x509/name.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#include "libpki/asn1/der.h"
#include "libpki/base/text.h"
#include "libpki/x509/country.h"

#define FIELD(member) \
	offsetof(struct pki_name, member), sizeof(((struct pki_name *)0)->member)

/* In the order in which they are encoded (rule 107). */
static const struct attribute {
	enum pki_at at;
	const char *label;
	size_t offset, size;
	bool printable;
} attributes[] = {
	{ PKI_AT_COUNTRY, "C", FIELD(country), true },
	{ PKI_AT_ORGANIZATION, "O", FIELD(organization), false },
	{ PKI_AT_ORGANIZATIONAL_UNIT, "OU", FIELD(organizational_unit), false },
	{ PKI_AT_SERIAL_NUMBER, "serialNumber", FIELD(serial_number), true },
	{ PKI_AT_SURNAME, "SN", FIELD(surname), false },
	{ PKI_AT_GIVEN_NAME, "GN", FIELD(given_name), false },
	{ PKI_AT_PSEUDONYM, "pseudonym", FIELD(pseudonym), false },
	{ PKI_AT_COMMON_NAME, "CN", FIELD(common_name), false },
};

/* For each attribute: the value, type, tags and lengths, SEQUENCE and SET around. */
#define NAME_DER_MAX (PKI_COUNT(attributes) * (PKI_NAME_SIZE + 24))

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
 * Controls, and characters by which two different names look equal: line and paragraph
 * separators, bidirectional overrides, the byte order mark.
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
		return pki_refuse(err, PKI_RULE_SUBJECT, "%s begins or ends with a space",
			a->label);
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
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";
	const char *c = name->country;
	if (c[0] != '\0' && !(is_upper(c[0]) && is_upper(c[1]) && c[2] == '\0'))
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"C is \"%.2s\"; it must be two upper-case letters (ISO 3166-1)",
			c);
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
			"serialNumber \"%s\" must be PAS, IDC, PNO, TIN or a local scheme (xx:), the country, \"-\" and the number: PASFR-12AB34567",
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

enum pki_status
pki_name_check_text(const char *label, const char *text, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf nfc = { 0 };
	uint32_t c = 0;
	PKI_TRY(pki_text_nfc(text, &nfc, err));
	const char *why = pki_text_unfit(text, &c);
	if (why != NULL)
		return pki_refuse(err, PKI_RULE_NAMES, "%s holds U+%04X, which %s", label,
			(unsigned)c, why);
	if (!pki_bytes_equal(nfc.data, nfc.len, text, strlen(text)))
		return pki_refuse(err, PKI_RULE_NAMES,
			"%s is not in NFC; write the name with composed letters", label);
	return PKI_OK;
}

/* rule 110 */
static enum pki_status
check_countries(const struct pki_name *name, struct pki_err *err)
{
	const char *serial = name->serial_number;
	if (name->country[0] != '\0' && !pki_country_assigned(name->country))
		return pki_refuse(err, PKI_RULE_COUNTRY,
			"C is \"%s\", which is no assigned code of ISO 3166-1; write the alpha-2 code (the United Kingdom is GB)",
			name->country);
	if (is_natural_serial(serial) && !pki_country_assigned(serial + 3))
		return pki_refuse(err, PKI_RULE_COUNTRY,
			"serialNumber \"%s\" names the country \"%.2s\", which is no assigned code of ISO 3166-1; a document of such an issuer cannot be certified",
			serial, serial + 3);
	return PKI_OK;
}

enum pki_status
pki_name_check_new(const struct pki_name *name, bool natural, struct pki_err *err)
{
	for (size_t i = 0; i < PKI_COUNT(attributes); i++)
		PKI_TRY(pki_name_check_text(
			attributes[i].label, value(name, &attributes[i]), err));
	PKI_TRY(pki_name_check(name, natural, err));
	return check_countries(name, err);
}

/* id-at, 2.5.4 */
static const uint8_t id_at[] = { 0x55, 0x04 };

static void
put_attribute(struct pki_der *w, const struct attribute *a, const char *text)
{
	uint8_t oid[] = { id_at[0], id_at[1], (uint8_t)a->at };
	size_t end = w->at;
	pki_der_put_tagged(
		w, a->printable ? PKI_DER_PRINTABLE : PKI_DER_UTF8, text, strlen(text));
	pki_der_put_tagged(w, PKI_DER_OID, oid, sizeof oid);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_SET, end);
}

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value }: a view of room.
 */
static struct pki_bytes
encode(const struct pki_name *name, uint8_t room[static NAME_DER_MAX])
{
	struct pki_der w = { room, NAME_DER_MAX, false };
	for (size_t i = PKI_COUNT(attributes); i-- > 0;)
		if (value(name, &attributes[i])[0] != '\0')
			put_attribute(&w, &attributes[i], value(name, &attributes[i]));
	pki_der_wrap(&w, PKI_DER_SEQUENCE, NAME_DER_MAX);
	return (struct pki_bytes){ room + w.at, NAME_DER_MAX - w.at };
}

enum pki_status
pki_name_encode(const struct pki_name *name, struct pki_buf *der, struct pki_err *err)
{
	uint8_t room[NAME_DER_MAX];
	PKI_TRY(pki_name_check(name, false, err));
	struct pki_bytes octets = encode(name, room);
	return pki_buf_append(der, octets.data, octets.len, err);
}

static const struct attribute *
find(enum pki_at at)
{
	for (size_t i = 0; i < PKI_COUNT(attributes); i++)
		if (attributes[i].at == at)
			return &attributes[i];
	return NULL;
}

static bool
read_attribute(struct pki_bytes *set, struct pki_attribute *out)
{
	struct pki_bytes pair;
	if (!pki_der_get(set, PKI_DER_SEQUENCE, &pair) ||
		!pki_der_get(&pair, PKI_DER_OID, &out->oid) || out->oid.len == 0 ||
		!pki_der_get_any(&pair, &out->tag, &out->value) || pair.len != 0)
		return false;
	const uint8_t *oid = out->oid.data;
	out->at = PKI_AT_OTHER;
	if (out->oid.len == sizeof id_at + 1 && memcmp(oid, id_at, sizeof id_at) == 0 &&
		find(oid[sizeof id_at]) != NULL)
		out->at = oid[sizeof id_at];
	return true;
}

enum pki_status
pki_name_split(struct pki_bytes der, struct pki_attribute out[PKI_ATTRIBUTES_MAX],
	size_t *count, struct pki_err *err)
{
	struct pki_bytes rdns, set = { 0 };
	bool good = pki_der_get(&der, PKI_DER_SEQUENCE, &rdns) && der.len == 0;
	*count = 0;
	while (good && rdns.len != 0) {
		size_t first = *count;
		good = pki_der_get(&rdns, PKI_DER_SET, &set) && set.len != 0;
		while (good && set.len != 0)
			good = *count < PKI_ATTRIBUTES_MAX &&
			       read_attribute(&set, &out[(*count)++]);
		for (size_t i = first; good && i < *count; i++)
			out[i].alone = *count == first + 1;
	}
	return good ? PKI_OK
		    : pki_fail(err, PKI_INPUT,
			      "not a Name (RFC 5280 4.1.2.4) in DER, or more than %d attributes",
			      PKI_ATTRIBUTES_MAX);
}

void
pki_attribute_label(const struct pki_attribute *attribute, char out[PKI_ATTRIBUTE_LABEL])
{
	const struct attribute *known = find(attribute->at);
	if (known != NULL) {
		snprintf(out, PKI_ATTRIBUTE_LABEL, "%s", known->label);
		return;
	}
	uint8_t octets[PKI_ATTRIBUTE_LABEL];
	size_t len = attribute->oid.len < sizeof octets ? attribute->oid.len : 0;
	memcpy(octets, attribute->oid.data, len);
	ASN1_OBJECT *oid = ASN1_OBJECT_create(NID_undef, octets, (int)len, NULL, NULL);
	if (oid == NULL || OBJ_obj2txt(out, PKI_ATTRIBUTE_LABEL, oid, 0) <= 0)
		snprintf(out, PKI_ATTRIBUTE_LABEL, "an attribute");
	ASN1_OBJECT_free(oid);
}

static enum pki_status
take_attribute(const struct pki_attribute *in, struct pki_name *out, struct pki_err *err)
{
	char label[PKI_ATTRIBUTE_LABEL];
	const struct attribute *a = find(in->at);
	if (!in->alone)
		return pki_fail(err, PKI_INPUT, "a name with a multi-valued RDN");
	if (a == NULL) {
		pki_attribute_label(in, label);
		return pki_fail(err, PKI_INPUT, "a name with the attribute %s", label);
	}
	if (in->tag != PKI_DER_PRINTABLE && in->tag != PKI_DER_UTF8)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_STRING_TYPE,
			"%s is neither PrintableString nor UTF8String", a->label);
	char *field = room(out, a);
	size_t len = in->value.len;
	if (field[0] != '\0')
		return pki_fail(err, PKI_INPUT, "a name with %s twice", a->label);
	if (len == 0 || len >= a->size || memchr(in->value.data, '\0', len) != NULL)
		return pki_fail(err, PKI_INPUT,
			"a name with %s empty, with a NUL or longer than %zu octets",
			a->label, a->size - 1);
	memcpy(field, in->value.data, len);
	return PKI_OK;
}

enum pki_status
pki_name_decode(struct pki_bytes der, struct pki_name *out, struct pki_err *err)
{
	struct pki_attribute list[PKI_ATTRIBUTES_MAX];
	struct pki_name name = { 0 };
	size_t count = 0;
	PKI_TRY(pki_name_split(der, list, &count, err));
	for (size_t i = 0; i < count; i++)
		PKI_TRY(take_attribute(&list[i], &name, err));
	struct pki_err own = { 0 };
	if (pki_name_check(&name, false, &own) != PKI_OK)
		return pki_fail_rule(err, PKI_INPUT, own.rule, "%s", own.msg);
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

/* Lower case, and one space for several. The text is valid UTF-8 and never grows. */
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
	uint8_t octets[NAME_DER_MAX];
	struct pki_bytes der = encode(&folded, octets);
	return pki_sha256(der.data, der.len, out, err);
}

void
pki_name_identifier(const struct pki_name *name, char out[PKI_IDENTIFIER_TEXT])
{
	size_t used = 0;
	for (const char *c = name->serial_number; *c != '\0'; c++) {
		if (*c >= 'a' && *c <= 'z')
			out[used++] = (char)(*c - 'a' + 'A');
		else if (is_upper(*c) || (*c >= '0' && *c <= '9') ||
			 (*c == ':' && used == 2))
			out[used++] = *c;
	}
	out[used] = '\0';
}

/* An attribute of which nothing is left counts as absent. */
static enum pki_status
append_key(const struct attribute *a, const char *text, struct pki_buf *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf prepared = { 0 };
	PKI_TRY(pki_text_prepare(text, &prepared, err));
	if (prepared.len == 0)
		return PKI_OK;
	PKI_TRY(pki_buf_printf(out, err, "%s %zu ", a->label, prepared.len));
	return pki_buf_append(out, prepared.data, prepared.len, err);
}

enum pki_status
pki_name_key(const struct pki_name *name, uint8_t out[PKI_SHA256], struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf all = { 0 };
	PKI_TRY(pki_name_check(name, false, err));
	for (size_t i = 0; i < PKI_COUNT(attributes); i++)
		PKI_TRY(append_key(
			&attributes[i], value(name, &attributes[i]), &all, err));
	return pki_sha256(all.data, all.len, out, err);
}
