/* Beside the log: have a witness cosign a checkpoint. */
#ifndef WITNESS_COSIGNER_H
#define WITNESS_COSIGNER_H

#include <stdatomic.h>

#include "libpki/host/conf_log.h"

struct cosigning {
	const struct pki_witness *witness;
	const char *log_dir; /* published tiles, for the consistency proof */
	struct pki_bytes note;
	struct pki_checkpoint checkpoint;
	const atomic_bool *stop;
};

/*
 * Appends the witness's signature line, verified, to line. *known is the known size of the
 * witness's last cosignature, 0 at first; the witness's replies correct *known. UNAVAILABLE;
 * TAMPERED if the witness has seen a different history or a longer log.
 */
enum pki_status cosigner_call(const struct cosigning *cosigning, uint64_t *known,
	struct pki_buf *line, struct pki_err *err) PKI_MUST_CHECK;

#endif
