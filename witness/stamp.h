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
 * Have the authority date a checkpoint, and leave in folder the response, SIZE.tsr, and the
 * checkpoint, SIZE.note; OK at once if both exist. UNAVAILABLE, INPUT, LIMIT; TAMPERED if
 * data, authority or time of the response are wrong.
 */
enum pki_status stamp_checkpoint(
	const struct stamping *stamping, struct pki_err *err) PKI_MUST_CHECK;

#endif
