/* The part of pki.yaml(5) for pki-ra. */
#ifndef LIBPKI_HOST_CONF_RA_H
#define LIBPKI_HOST_CONF_RA_H

#include "libpki/host/conf.h"

struct pki_conf_ra {
	const char *store; /* folder: applications.db, store.key, evidence/ */
};

#endif
