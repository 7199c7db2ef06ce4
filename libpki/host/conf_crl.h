/* The part of pki.yaml(5) for pki-crl. */
#ifndef LIBPKI_HOST_CONF_CRL_H
#define LIBPKI_HOST_CONF_CRL_H

#include "libpki/host/conf.h"

/* A server that gets CRLs and certificates by HTTP PUT. */
#define PKI_MIRRORS_MAX 8
struct pki_mirror {
	char url[PKI_URL_TEXT]; /* ends with a slash; file names are appended */
	const char *credentials; /* file: USER:PASSWORD; "": none */
	const char *ca; /* file: trusted CAs for https; "": the system's */
};

/* OCSP responders to query before a CRL is published (rule 76). */
#define PKI_RESPONDERS_MAX 8

struct pki_conf_crl {
	int64_t interval; /* seconds between CRLs, at most: 24 h */
	int64_t full_within; /* partitioned: until the full CRL shows a revocation: 1 h */
	char listen[PKI_LISTEN_TEXT]; /* "127.0.0.1:8881"; "": publish files only */
	char monitor[PKI_LISTEN_TEXT]; /* for operators; "": none */
	struct pki_mirror mirrors[PKI_MIRRORS_MAX];
	size_t mirror_count;
	char responders[PKI_RESPONDERS_MAX][PKI_URL_TEXT];
	size_t responder_count;
};

#endif
