/*
 * Rule 76 with the responders: before a CRL is published, the responders are queried about
 * entries which the published CRL lacks (a random sample of many), a few further entries, and
 * a few certificates on no CRL.
 */
#ifndef CRL_AGREE_H
#define CRL_AGREE_H

#include "libpki/x509/cert.h"
#include "libpki/x509/crl.h"

struct sample;
struct service;

/* TAMPERED, with rule 76 and the remedy, if a responder contradicts the CRL. A responder
 * without an answer is reported, counted, and left alone for a minute. */
enum pki_status agree_check(struct service *s, const struct pki_crl *crl,
	struct sample *sample, struct pki_err *err) PKI_MUST_CHECK;
/* About a single entry, without a service: also UNAVAILABLE and the errors of
 * pki_probe_ocsp(). */
enum pki_status agree_query(const char *url, const struct pki_cert *issuer,
	const struct pki_revoked *entry, struct pki_err *err) PKI_MUST_CHECK;

#endif
