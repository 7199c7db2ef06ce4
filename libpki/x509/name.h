/*
 * Distinguished names of this suite: a plain struct of the known attributes, to and from
 * X.509 Name in DER. Strings are UTF-8; encoded as PrintableString for countryName and serialNumber,
 * UTF8String otherwise (rules 11, 12, 16), in the fixed order C, O, OU, serialNumber, SN, GN,
 * pseudonym, CN (rule 107: the order never varies). An absent attribute is "".
 */
#ifndef LIBPKI_X509_NAME_H
#define LIBPKI_X509_NAME_H

#include "libpki/base/hex.h"

/* ub-common-name and similar bounds are 64 characters (RFC 5280 App. A), 4 octets each */
#define PKI_NAME_CHARS 64
#define PKI_NAME_SIZE (PKI_NAME_CHARS * 4 + 1)

struct pki_name {
	char country[3];
	char organization[PKI_NAME_SIZE];
	char organizational_unit[PKI_NAME_SIZE];
	char serial_number[PKI_NAME_CHARS + 1];
	char surname[PKI_NAME_SIZE];
	char given_name[PKI_NAME_SIZE];
	char pseudonym[PKI_NAME_SIZE];
	char common_name[PKI_NAME_SIZE];
};

/*
 * Valid UTF-8 without controls, lengths, country two upper-case letters, serialNumber in
 * PrintableString; rules 11, 12, 16. natural: also rules 11 (GN + SN or pseudonym, C, CN) and
 * 13 (serialNumber in the form of semanticsId-Natural).
 */
enum pki_status pki_name_check(
	const struct pki_name *name, bool natural, struct pki_err *err) PKI_MUST_CHECK;

/*
 * The rules for a name that is to be certified now, beyond pki_name_check(), by which the names
 * of earlier certificates are read: rule 108 (no character that pki_text_unfit() finds; NFC) and
 * rule 110 (C and the country of serialNumber are assigned).
 */
enum pki_status pki_name_check_new(
	const struct pki_name *name, bool natural, struct pki_err *err) PKI_MUST_CHECK;
/* rule 108 for one text; label names the text in the error. */
enum pki_status pki_name_check_text(
	const char *label, const char *text, struct pki_err *err) PKI_MUST_CHECK;

/* DER Name, checked (not as of a natural person). Appends. */
enum pki_status pki_name_encode(const struct pki_name *name, struct pki_buf *der,
	struct pki_err *err) PKI_MUST_CHECK;
/* INPUT for an attribute unknown, present twice, too long, or multi-valued. */
enum pki_status pki_name_decode(
	struct pki_bytes der, struct pki_name *out, struct pki_err *err) PKI_MUST_CHECK;

/* Below id-at, 2.5.4 (X.520) */
enum pki_at {
	PKI_AT_OTHER = 0, /* any further attribute */
	PKI_AT_COMMON_NAME = 3,
	PKI_AT_SURNAME = 4,
	PKI_AT_SERIAL_NUMBER = 5,
	PKI_AT_COUNTRY = 6,
	PKI_AT_ORGANIZATION = 10,
	PKI_AT_ORGANIZATIONAL_UNIT = 11,
	PKI_AT_GIVEN_NAME = 42,
	PKI_AT_PSEUDONYM = 65,
};

/* Any attribute of a Name, unchecked; views of the Name's octets. */
struct pki_attribute {
	enum pki_at at;
	struct pki_bytes oid; /* without tag and length */
	int tag; /* of the value */
	struct pki_bytes value;
	bool alone; /* the only attribute of the RDN */
};
#define PKI_ATTRIBUTES_MAX 32 /* four times the attributes of this suite's names */
#define PKI_ATTRIBUTE_LABEL 80

/* INPUT: not a Name in DER, or more than PKI_ATTRIBUTES_MAX. */
enum pki_status pki_name_split(struct pki_bytes der,
	struct pki_attribute out[PKI_ATTRIBUTES_MAX], size_t *count,
	struct pki_err *err) PKI_MUST_CHECK;
/* "CN", "emailAddress", "1.2.3": for messages. */
void pki_attribute_label(
	const struct pki_attribute *attribute, char out[PKI_ATTRIBUTE_LABEL]);

/* "CN=TEST Alice Martin,serialNumber=...,C=MC" (RFC 4514) for people; cut at size. */
void pki_name_text(const struct pki_name *name, char *out, size_t size);

/*
 * rule 109: the serialNumber, which identifies a person ("PASFR-12AB34567"), for comparison:
 * upper case, without spaces and separators ("PASFR12AB34567"; a local scheme keeps its colon:
 * "MC:FR123"). "" without a serialNumber.
 */
#define PKI_IDENTIFIER_TEXT (PKI_NAME_CHARS + 1)
void pki_name_identifier(const struct pki_name *name, char out[PKI_IDENTIFIER_TEXT]);

/*
 * rules 15, 108: SHA-256 of the attributes as pki_text_prepare() prepares texts. Two names are
 * equal (RFC 5280 7.1) if their keys are equal. A later Unicode changes no key: its standard
 * promises that for assigned characters, and new names hold no others.
 */
enum pki_status pki_name_key(const struct pki_name *name, uint8_t out[PKI_SHA256],
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * The column name_hash of the ledger: SHA-256 of the DER with simple case folding and single
 * spaces, by which version 0.1.0 compared names. Names are compared by pki_name_key().
 */
enum pki_status pki_name_hash(const struct pki_name *name, uint8_t out[PKI_SHA256],
	struct pki_err *err) PKI_MUST_CHECK;

#endif
