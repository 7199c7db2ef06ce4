/* A random sample of a CRL's entries, about which responders are queried. */
#ifndef CRL_SAMPLE_H
#define CRL_SAMPLE_H

#include "libpki/x509/crl.h"

#define SAMPLE_FRESH 32
#define SAMPLE_OTHERS 4

struct sample {
	struct pki_revoked entries[SAMPLE_FRESH + SAMPLE_OTHERS];
	size_t count;
	uint64_t seen; /* entries given to sample_add() */
	uint64_t seed;
};

enum pki_status sample_begin(struct sample *sample, struct pki_err *err) PKI_MUST_CHECK;
/* Keeps SAMPLE_FRESH of all given entries, with equal chances. */
void sample_add(struct sample *sample, const struct pki_revoked *entry);
/* Last, and a single time: up to SAMPLE_OTHERS entries of the CRL. */
enum pki_status sample_add_crl(struct sample *sample, const struct pki_crl *crl,
	struct pki_err *err) PKI_MUST_CHECK;
/* 0 ... limit - 1; to choose with, not to hide anything. */
uint64_t sample_random(struct sample *sample, uint64_t limit);

#endif
