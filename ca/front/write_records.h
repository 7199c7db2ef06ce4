/* Writes events, root CRLs and publications to the transaction. */
#ifndef CA_FRONT_WRITE_RECORDS_H
#define CA_FRONT_WRITE_RECORDS_H

#include "ca/front/writer.h"
#include "libpki/state/log.h"

/* Each function writes one job. */
enum pki_status write_event(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_published(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_root_crl(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_partitions(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;

/* Writes a CRL of any issuer and logs an event of the type. */
enum pki_status write_crl_row(struct writer *w, struct job *job,
	const struct pki_crl_row *row, size_t entries, const char *type,
	struct pki_err *err) PKI_MUST_CHECK;
/* Appends an event of pki-ca to the log; event gives type and actor. detail is empty
 * afterwards. */
enum pki_status write_log(struct writer *w, struct job *job, struct pki_event event,
	struct pki_json *detail, struct pki_err *err) PKI_MUST_CHECK;

#endif
