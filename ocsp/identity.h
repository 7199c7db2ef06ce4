/*
 * A key and certificate of the responder's own (rules 70, 71). Replaced while requests are
 * answered: each thread holds a share of the pair that was current when it last looked.
 */
#ifndef OCSP_IDENTITY_H
#define OCSP_IDENTITY_H

#include "libpki/host/conf.h"
#include "libpki/ocsp/ocsp.h"

struct identity;

struct identity_share {
	const struct identity *of;
	unsigned generation; /* 0: none yet */
	struct pki_cert *cert;
	struct pki_key *key;
	struct pki_ocsp_responder *responder;
};

/* What an identity is opened with; all is borrowed for as long as the identity lives. */
struct identity_source {
	const struct pki_conf *conf;
	size_t which; /* of the configuration's algorithms */
	const struct pki_cert *issuer;
	struct pki_bytes pass; /* opens and seals all keys */
};

/* Reads key and certificate from the configuration's ocsp.state; for all algorithms but the
 * first from a folder of the algorithm's name below it. */
enum pki_status identity_open(const struct identity_source *source, struct identity **out,
	struct pki_err *err) PKI_MUST_CHECK;
void identity_free(struct identity *id);
/* Order a new certificate if it is time, or if the present one is revoked; *ordered says
 * whether that was done. One thread alone. */
enum pki_status identity_renew(struct identity *id, bool revoked, bool *ordered,
	struct pki_err *err) PKI_MUST_CHECK;
/* Is a share's generation still that of the certificate in force? */
bool identity_is_current(const struct identity *id, unsigned generation);
/* Bring the share up to date: one atomic read unless something changed. */
enum pki_status identity_take(struct identity *id, struct identity_share *share,
	struct pki_err *err) PKI_MUST_CHECK;
void identity_drop(struct identity_share *share);
/* Serial and end of the current certificate; "" and 0 if there is none. */
void identity_now(struct identity *id, char serial[PKI_SERIAL_TEXT], pki_time *end);

#endif
