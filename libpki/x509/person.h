/*
 * rule 121: an officer is a person. The person's identifier stands in the serialNumber of
 * the subject of each of the officer's certificates: "OF:", the country of the register,
 * "-", and 1 to 32 of A-Z, 0-9 and "-": OF:MC-0017. The form is that of a local scheme of
 * ETSI EN 319 412-1 5.1.3. Whoever keeps the State's register of officers gives a person
 * one identifier, for ever.
 */
#ifndef LIBPKI_X509_PERSON_H
#define LIBPKI_X509_PERSON_H

#include "libpki/x509/name.h"

#define PKI_PERSON_FORM "OF:CC-NUMBER, e.g. OF:MC-0017"
#define PKI_PERSON_TEXT (PKI_NAME_CHARS + 1)

/* REFUSED by rule 121 unless the text is an identifier, in its only spelling. */
enum pki_status pki_person_check(
	const char *identifier, struct pki_err *err) PKI_MUST_CHECK;

/*
 * The identifier in the name's serialNumber, in its only spelling: spaces are taken out,
 * and letters are upper case (X.520 6.2.9 compares PrintableStrings so). "" without an
 * identifier.
 */
void pki_person_of(const struct pki_name *name, char out[PKI_PERSON_TEXT]);

/* Two names of one person? By identifier if both names have an identifier, else by
 * common name, by the rules for names. */
enum pki_status pki_person_same(const struct pki_name *a, const struct pki_name *b,
	bool *same, struct pki_err *err) PKI_MUST_CHECK;

/* Are the common names equal, by the rules for names? */
enum pki_status pki_person_namesake(const struct pki_name *a, const struct pki_name *b,
	bool *same, struct pki_err *err) PKI_MUST_CHECK;

#endif
