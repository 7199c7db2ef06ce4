/* OCSP requests about certificates of a ledger, ready to be sent, each with the status that the
 * ledger gives. */
#ifndef TESTS_BENCH_QUESTIONS_H
#define TESTS_BENCH_QUESTIONS_H

#include "libpki/ocsp/ocsp.h"
#include "libpki/state/ledger.h"

struct question {
	struct pki_serial serial;
	enum pki_ocsp_status want;
	struct pki_buf der; /* the OCSPRequest */
	struct pki_buf wire; /* in HTTP */
};

struct question_form {
	const char *path; /* of the responder, "/" at its end */
	const char *hash; /* of the CertID: "SHA1", "SHA256" */
	bool get;
	bool nonce;
	bool fresh; /* Connection: close */
};

/* Fill der and wire of a question whose serial stands. */
void question_write(struct question *q, const struct question_form *form,
	const struct pki_cert *issuer);
/* This many certificates of the issuing CA: the same ones each time, of a ledger that has not
 * grown. */
struct question *questions_draw(
	struct pki_ledger *ledger, const struct question_form *form, size_t count);
/* A GET's path below the responder's: percent-encoded base64 (RFC 6960 A.1). */
void question_path(const struct question *q, struct pki_buf *out);

#endif
