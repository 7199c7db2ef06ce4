/* The part of pki.yaml(5) for pki-ca: names and keys of the ceremony, the service's queue. */
#ifndef LIBPKI_HOST_CONF_CA_H
#define LIBPKI_HOST_CONF_CA_H

#include "libpki/host/conf.h"
#include "libpki/x509/name.h"

struct pki_conf_ca {
	struct pki_name root_name;
	struct pki_name ca_name;
	struct pki_name seal_name;
	enum pki_key_alg root_alg;
	enum pki_key_alg ca_alg;
	struct pki_urls root_urls; /* in the issuing CA's certificate */
	/* key URIs, file: or a scheme of key.c */
	const char *root_key;
	const char *ca_key;
	const char *seal_key;
	const char *log_key;
	long queue; /* waiting requests, at most */
};

#endif
