/* Cosignatures of witnesses on the published checkpoint. */
#ifndef CA_FRONT_COSIGNED_H
#define CA_FRONT_COSIGNED_H

#include "libpki/host/conf.h"

/*
 * `pki-witness feed` leaves cosignatures in PUBLISH/witness. Append the valid cosignatures of
 * configured witnesses to the published checkpoint, if they are of the same checkpoint. Cheap where
 * nothing changed.
 */
enum pki_status cosigned_merge(
	const struct pki_conf *conf, struct pki_err *err) PKI_MUST_CHECK;

#endif
