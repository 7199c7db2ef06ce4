/* Issued certificates: the content of pki-ca's reply to an order. */
#ifndef RA_ISSUED_H
#define RA_ISSUED_H

#include "ra/ra.h"
#include "ra/store/record.h"

struct ra_issued_cert {
	char profile[PKI_PROFILE_NAME];
	struct pki_cert *cert;
};
struct ra_issued {
	struct ra_issued_cert certs[PKI_ORDER_CERTS_MAX];
	size_t count;
};
void ra_issued_free(struct ra_issued *issued);

/* Read a reply. The caller frees out, also after an error. TAMPERED unless the CA
 * signed the certificates and they have the record's keys; INPUT if the reply lacks
 * certificates. */
enum pki_status ra_issued_read(struct ra *ra, const struct ra_record *record,
	const json_t *reply, struct ra_issued *out, struct pki_err *err) PKI_MUST_CHECK;
/* Read the reply that the store keeps; *reply is the caller's. */
enum pki_status ra_issued_load(struct ra *ra, const struct ra_application *application,
	struct ra_issued *out, json_t **reply, struct pki_err *err) PKI_MUST_CHECK;
/* Write auth.pem and sign.pem (0644) into dir. */
enum pki_status ra_issued_write(const struct ra *ra, const struct ra_issued *issued,
	const char *dir, struct pki_err *err) PKI_MUST_CHECK;

#endif
