/* Cosignatures of witnesses on the published checkpoint. */
#ifndef CA_FRONT_COSIGNED_H
#define CA_FRONT_COSIGNED_H

#include "libpki/host/conf.h"

/*
 * `pki-witness feed` leaves a cosigned checkpoint in PUBLISH/witness. If the cosigned
 * checkpoint is the published checkpoint, appends the valid cosignatures of configured
 * witnesses to the published checkpoint. Cheap if nothing changed.
 */
enum pki_status cosigned_merge(
	const struct pki_conf *conf, struct pki_err *err) PKI_MUST_CHECK;

#endif
