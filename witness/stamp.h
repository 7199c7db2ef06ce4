/* Time-stamps of published checkpoints, RFC 3161. */
#ifndef WITNESS_STAMP_H
#define WITNESS_STAMP_H

#include <stdatomic.h>

#include "libpki/host/conf_log.h"

struct stamping {
	const struct pki_timestamp *conf;
	struct pki_bytes trust; /* PEM */
	const char *folder;
	struct pki_bytes note; /* with the log's signature alone */
	uint64_t size;
	const atomic_bool *stop;
};

/*
 * Have the authority date a checkpoint, and leave in folder its response, SIZE.tsr, and the
 * checkpoint, SIZE.note; OK at once if they are there. UNAVAILABLE, INPUT, LIMIT; TAMPERED if
 * the response is about other data, by another authority, or of another time.
 */
enum pki_status stamp_checkpoint(
	const struct stamping *stamping, struct pki_err *err) PKI_MUST_CHECK;

#endif
