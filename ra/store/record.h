/*
 * The record of an application: the form, the requests for certificates, the evidence,
 * and what the verifying officer found. Kept as JSON in the sealed part "record".
 */
#ifndef RA_STORE_RECORD_H
#define RA_STORE_RECORD_H

#include "ra/store/form.h"
#include "ra/store/part.h"

#define RA_SALT 16
#define RA_SALT_HEX (2 * RA_SALT + 1)

struct ra_evidence {
	char name[256]; /* the file's name as handed over */
	char application[PKI_ID_TEXT]; /* below evidence/: APPLICATION/NUMBER */
	long number;
	int64_t size;
	char salt[RA_SALT_HEX];
	char digest[PKI_SHA256_HEX]; /* SHA-256(salt || file), in the order */
};

struct ra_record {
	struct ra_form form;
	char salt[RA_SALT_HEX]; /* of document_digest in the order */
	struct pki_buf auth_csr, sign_csr; /* DER */
	struct ra_evidence evidence[PKI_ORDER_EVIDENCE_MAX];
	size_t evidence_count;
	struct pki_serial serials[PKI_ORDER_SERIALS_MAX]; /* renewal: predecessors */
	size_t serial_count;
	pki_time not_after; /* the end that --not-after asks for; 0: none */
	char method[PKI_WORD_TEXT]; /* "" until verified */
	bool email_verified;
	bool phone_verified;
};

void ra_record_free(struct ra_record *record);
enum pki_status ra_record_save(struct ra_store *store,
	const struct ra_application *application, const struct ra_record *record,
	struct pki_err *err) PKI_MUST_CHECK;
/* The caller frees out, also after an error. Errors as part.h; TAMPERED if the record
 * is not complete. */
enum pki_status ra_record_load(struct ra_store *store,
	const struct ra_application *application, struct ra_record *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* "Given Surname", for officers. */
#define RA_NAME_TEXT ((size_t)2 * PKI_NAME_SIZE)
void ra_record_name(const struct ra_record *record, char out[RA_NAME_TEXT]);

/* RA_SALT random octets in hex; SHA-256 over salt and data in hex. */
enum pki_status ra_salt_make(char out[RA_SALT_HEX], struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_salt_digest(const char *salt, struct pki_bytes data,
	char out[PKI_SHA256_HEX], struct pki_err *err) PKI_MUST_CHECK;

#endif
