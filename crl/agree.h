/*
 * Rule 76 with the responders: before a CRL is published, they are queried about entries that
 * the published CRL does not have (a random sample if there are many), a few other entries,
 * and a few certificates that are on no CRL.
 */
#ifndef CRL_AGREE_H
#define CRL_AGREE_H

#include "libpki/x509/cert.h"
#include "libpki/x509/crl.h"

struct sample;
struct service;

/* TAMPERED, with rule 76 and the remedy, if a responder contradicts the CRL. A responder that
 * does not answer is reported, counted, and left alone for a minute. */
enum pki_status agree_check(struct service *s, const struct pki_crl *crl,
	struct sample *sample, struct pki_err *err) PKI_MUST_CHECK;
/* About one entry, without a service: also UNAVAILABLE and what pki_probe_ocsp() returns. */
enum pki_status agree_query(const char *url, const struct pki_cert *issuer,
	const struct pki_revoked *entry, struct pki_err *err) PKI_MUST_CHECK;

#endif
