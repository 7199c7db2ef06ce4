/*
 * A key and certificate of the responder (rules 70, 71). The pair may be replaced while requests
 * are answered: each thread holds a share of the pair that was current at the thread's last look.
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

/* For opening an identity; all is borrowed for the identity's life. */
struct identity_source {
	const struct pki_conf *conf;
	size_t which; /* of the configuration's algorithms */
	const struct pki_cert *issuer;
	struct pki_bytes pass; /* opens and seals all keys */
};

/* Reads key and certificate from the configuration's ocsp.state; for all algorithms but the
 * first from a subfolder with the algorithm's name. */
enum pki_status identity_open(const struct identity_source *source, struct identity **out,
	struct pki_err *err) PKI_MUST_CHECK;
void identity_free(struct identity *id);
/* Order a new certificate if the present certificate is old or revoked; *ordered: a new
 * certificate is in force. By a single thread. */
enum pki_status identity_renew(struct identity *id, bool revoked, bool *ordered,
	struct pki_err *err) PKI_MUST_CHECK;
/* Is a share's generation still the generation of the certificate in force? */
bool identity_is_current(const struct identity *id, unsigned generation);
/* Bring the share up to date: a single atomic read unless something changed. */
enum pki_status identity_take(struct identity *id, struct identity_share *share,
	struct pki_err *err) PKI_MUST_CHECK;
void identity_drop(struct identity_share *share);
/* Serial and end of the current certificate; "" and 0: none yet. */
void identity_now(struct identity *id, char serial[PKI_SERIAL_TEXT], pki_time *end);

#endif
