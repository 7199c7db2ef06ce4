/*
 * Distinguished names of this suite: a plain struct of the attributes it knows, to and from
 * X.509 Name. Strings are UTF-8; encoded as PrintableString for countryName and serialNumber,
 * UTF8String otherwise (rules 11, 12, 16), in the fixed order C, O, OU, serialNumber, SN, GN,
 * pseudonym, CN (rule 107: the order never varies). An absent attribute is "".
 */
#ifndef LIBPKI_NAME_H
#define LIBPKI_NAME_H

#include <openssl/types.h>

#include "libpki/hex.h"

/* ub-common-name and its sisters are 64 characters (RFC 5280 App. A), 4 octets each */
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
enum pki_status pki_name_check(const struct pki_name *name, bool natural, struct pki_err *err)
	PKI_MUST_CHECK;

/* Owned by the caller (X509_NAME_free). */
enum pki_status pki_name_to_x509(const struct pki_name *name, X509_NAME **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* INPUT for an attribute that is not known, twice there, too long, or multi-valued. */
enum pki_status pki_name_from_x509(const X509_NAME *x509, struct pki_name *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* "CN=TEST Alice Martin,serialNumber=...,C=MC" (RFC 4514) for people; cut at size. */
void pki_name_text(const struct pki_name *name, char *out, size_t size);

/*
 * rule 15: SHA-256 of the canonical DER (case and space folded as RFC 5280 7.1 compares), by
 * which the ledger knows that two names are the same.
 */
enum pki_status pki_name_hash(const struct pki_name *name, uint8_t out[PKI_SHA256],
	struct pki_err *err) PKI_MUST_CHECK;

#endif
