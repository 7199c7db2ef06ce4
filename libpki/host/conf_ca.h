/* The part of pki.yaml(5) for pki-ca: names and keys of the ceremony, the service's queue. */
#ifndef LIBPKI_HOST_CONF_CA_H
#define LIBPKI_HOST_CONF_CA_H

#include "libpki/host/conf.h"
#include "libpki/x509/name.h"

/* Whom a route of pki-ca's socket belongs to: the users of a program. pki-ca(8) lists the routes. */
enum pki_peer { PKI_PEER_RA = 1, PKI_PEER_CRL = 2, PKI_PEER_OCSP = 4 };

/* Each officer may have an account of her own. */
#define PKI_PEER_USERS_MAX 64

struct pki_peer_user {
	enum pki_peer peer;
	const char *name; /* or the number of the user, in digits */
};

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
	/* the socket's peers are told apart by their users; false: everybody is any peer */
	bool peers;
	struct pki_peer_user peer_users[PKI_PEER_USERS_MAX];
	size_t peer_user_count;
	long queue; /* waiting requests, at most */
	long rate; /* orders of a signer per second, at most; revocations are not limited */
};

#endif
