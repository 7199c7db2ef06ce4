/* The published checkpoint, with what witnesses say of it. */
#ifndef CA_FRONT_COSIGNED_H
#define CA_FRONT_COSIGNED_H

#include "libpki/host/conf.h"

/*
 * `pki-witness feed` leaves cosignatures in PUBLISH/witness: those of the configuration's
 * witnesses that are right, and of the very checkpoint that is published, are appended to it.
 * Cheap where nothing changed.
 */
enum pki_status cosigned_merge(
	const struct pki_conf *conf, struct pki_err *err) PKI_MUST_CHECK;

#endif
