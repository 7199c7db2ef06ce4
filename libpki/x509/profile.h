/*
 * Certificate profiles, as typed structs. policy.c fills them from policy/NAME.yaml; ext.c
 * turns them into extensions; lint.c holds certificates against them.
 */
#ifndef LIBPKI_X509_PROFILE_H
#define LIBPKI_X509_PROFILE_H

#include <stdbool.h>

#include "libpki/base/time.h"
#include "libpki/x509/key.h"

enum pki_kind {
	PKI_KIND_ROOT,
	PKI_KIND_CA,
	PKI_KIND_OFFICER,
	PKI_KIND_RESPONDER, /* signs OCSP answers */
	PKI_KIND_SEAL, /* signs receipts and reports */
	PKI_KIND_HOLDER_AUTH,
	PKI_KIND_HOLDER_SIGN,
};

/* An officer's rights. A certificate has one role, because roles are separate people. */
enum pki_role {
	PKI_ROLE_NONE = 0,
	PKI_ROLE_REGISTRATION = 1 << 0,
	PKI_ROLE_REVOCATION = 1 << 1,
	PKI_ROLE_SECURITY = 1 << 2,
	PKI_ROLE_AUDITOR = 1 << 3,
	PKI_ROLE_DEPARTMENT = 1 << 4, /* invites */
	PKI_ROLE_RESPONDER =
		1
		<< 5, /* the OCSP service's identity: orders the responder's certificate */
};

/* "registration", ...; NONE / NULL if unknown. */
enum pki_role pki_role_by_name(const char *name);
const char *pki_role_name(enum pki_role role);
const char *pki_kind_name(enum pki_kind kind);
/* false if unknown */
bool pki_kind_by_name(const char *name, enum pki_kind *out);

/* keyUsage bits, numbered as in RFC 5280 4.2.1.3 */
enum pki_key_usage {
	PKI_KU_DIGITAL_SIGNATURE = 1 << 0,
	PKI_KU_NON_REPUDIATION = 1 << 1,
	PKI_KU_KEY_CERT_SIGN = 1 << 5,
	PKI_KU_CRL_SIGN = 1 << 6,
};

enum pki_eku {
	PKI_EKU_CLIENT_AUTH = 1 << 0,
	PKI_EKU_EMAIL_PROTECTION = 1 << 1,
	PKI_EKU_OCSP_SIGNING = 1 << 2,
	PKI_EKU_DOCUMENT_SIGNING = 1 << 3, /* RFC 9336 */
};

#define PKI_OID_TEXT 64
#define PKI_URL_TEXT 256
#define PKI_PROFILE_NAME 48
#define PKI_POLICY_OIDS 4
#define PKI_PDS_MAX 4

struct pki_pds {
	char url[PKI_URL_TEXT]; /* https */
	char language[3]; /* ISO 639-1 */
};

struct pki_profile {
	char name[PKI_PROFILE_NAME]; /* "holder-authentication": the file's name */
	enum pki_kind kind;
	enum pki_role role; /* officers only */
	char role_oid[PKI_OID_TEXT]; /* officers: the policy OID of the role */
	unsigned key_algs; /* set of pki_key_alg */
	int validity_years; /* either years or days is not 0; 3 years at most */
	int validity_days; /* ... for all but root and CA */
	unsigned key_usage; /* set of pki_key_usage, critical */
	unsigned eku; /* set of pki_eku, 0: no extension; never critical */
	bool ca;
	int path_len; /* -1: none; only with ca */
	bool ocsp_nocheck;
	bool natural_person; /* qcStatement-2 with semanticsId-Natural; GN, SN */
	bool issuer_urls; /* AIA caIssuers and CDP */
	bool ocsp_url; /* AIA OCSP */
	char policies[PKI_POLICY_OIDS][PKI_OID_TEXT]; /* certificatePolicies; "" ends */
	char cps_url[PKI_URL_TEXT]; /* of the first policy; "" for none */
	struct pki_pds pds[PKI_PDS_MAX]; /* QcPDS; "" ends */
};

#define PKI_PARTITIONS_MAX 4096

/* Where the installation publishes; from pki.yaml. The URL of the issuer's own files. */
struct pki_urls {
	char ca_issuers[PKI_URL_TEXT]; /* http(s), DER certificate */
	char crl[PKI_URL_TEXT]; /* http; of the full CRL */
	char crl_base
		[PKI_URL_TEXT]; /* http, ends with a slash: partition k is at k.crl */
	unsigned partitions; /* of the CRL; 0: only the full CRL */
	char ocsp[PKI_URL_TEXT]; /* http */
};

/* The issuing CA's CRLs, partition 0: the full CRL. The path below the public folder; the URL. */
#define PKI_CRL_FILE 16
void pki_crl_file(unsigned partition, char out[PKI_CRL_FILE]); /* ca.crl, crl/17.crl */
void pki_crl_url(const struct pki_urls *urls, unsigned partition, char out[PKI_URL_TEXT]);

/* The last second of a validity from not_before on. */
pki_time pki_profile_not_after(const struct pki_profile *profile, pki_time not_before);

#endif
