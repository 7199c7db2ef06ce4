/* The part of pki.yaml(5) for pki-ocspd. */
#ifndef LIBPKI_HOST_CONF_OCSP_H
#define LIBPKI_HOST_CONF_OCSP_H

#include "libpki/host/conf.h"
#include "libpki/x509/name.h"

/* P-256, P-384, RSA-3072: clients may prefer any of these. */
#define PKI_OCSP_ALGS_MAX 3

struct pki_conf_ocsp {
	char listen[PKI_LISTEN_TEXT];
	char monitor[PKI_LISTEN_TEXT]; /* for operators; "": none */
	enum pki_key_alg algs
		[PKI_OCSP_ALGS_MAX]; /* of the responder's keys; the first is the usual
		 * algorithm */
	size_t alg_count;
	bool unknown; /* unissued certificates are unknown, not revoked (rule 61) */
	long cache; /* ready responses, at most */
	const char *export; /* folder of all responses as files; "": none */
	long threads;
	int64_t lifetime; /* nextUpdate - thisUpdate */
	struct pki_name name;
	const char *identity; /* folder: cert.pem, key.pem of the service's role */
	const char *state; /* folder: the responder's own key and certificate */
};

#endif
