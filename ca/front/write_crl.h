/* A new CRL of the issuing CA. The front first sends the signer the revocations since the
 * last CRL, and the revoked certificates that expired since the last CRL. */
#ifndef CA_FRONT_WRITE_CRL_H
#define CA_FRONT_WRITE_CRL_H

#include "ca/front/writer.h"

/* JOB_CRL */
enum pki_status write_crl(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
/* JOB_LAST_CRLS: the last CRL of each partition. */
enum pki_status write_last_crls(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;

#endif
