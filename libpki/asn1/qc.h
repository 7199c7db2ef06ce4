/* ASN.1 of the qcStatements extension (RFC 3739 3.2.6); internal to ext.c and lint. */
#ifndef LIBPKI_ASN1_QC_H
#define LIBPKI_ASN1_QC_H

#include <openssl/asn1t.h>
#include <openssl/x509v3.h>

/* id-qcs-pkixQCSyntax-v2; ETSI EN 319 412-1 5.1, 412-5 4.2 and 4.3 */
#define PKI_OID_QC_SYNTAX_V2 "1.3.6.1.5.5.7.11.2"
#define PKI_OID_SEMANTICS_NATURAL "0.4.0.194121.1.1"
#define PKI_OID_QC_COMPLIANCE "0.4.0.1862.1.1"
#define PKI_OID_QC_SSCD "0.4.0.1862.1.4"
#define PKI_OID_QC_PDS "0.4.0.1862.1.5"

/* QCStatement ::= SEQUENCE { statementId OBJECT IDENTIFIER, statementInfo ANY OPTIONAL } */
typedef struct pki_qc_statement {
	ASN1_OBJECT *id;
	ASN1_TYPE *info;
} PKI_QC_STATEMENT;
DEFINE_STACK_OF(PKI_QC_STATEMENT)
typedef STACK_OF(PKI_QC_STATEMENT) PKI_QC_STATEMENTS;

/* SemanticsInformation ::= SEQUENCE { semanticsIdentifier OBJECT IDENTIFIER OPTIONAL,
 *   nameRegistrationAuthorities SEQUENCE OF GeneralName OPTIONAL } */
typedef struct pki_semantics {
	ASN1_OBJECT *id;
	STACK_OF(GENERAL_NAME) * authorities;
} PKI_SEMANTICS;

/* PdsLocation ::= SEQUENCE { url IA5String, language PrintableString (SIZE(2)) } */
typedef struct pki_pds_location {
	ASN1_IA5STRING *url;
	ASN1_PRINTABLESTRING *language;
} PKI_PDS_LOCATION;
DEFINE_STACK_OF(PKI_PDS_LOCATION)
typedef STACK_OF(PKI_PDS_LOCATION) PKI_PDS_LOCATIONS;

DECLARE_ASN1_ITEM(PKI_QC_STATEMENT)
DECLARE_ASN1_ITEM(PKI_QC_STATEMENTS)
DECLARE_ASN1_ITEM(PKI_SEMANTICS)
DECLARE_ASN1_ITEM(PKI_PDS_LOCATION)
DECLARE_ASN1_ITEM(PKI_PDS_LOCATIONS)

#endif
