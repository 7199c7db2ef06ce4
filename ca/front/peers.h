/* The peers of the socket: which user may use which route (rule 122). */
#ifndef CA_FRONT_PEERS_H
#define CA_FRONT_PEERS_H

#include <sys/types.h>

#include "libpki/host/conf_ca.h"
#include "libpki/host/http.h"

/* A route is open to a set of enum pki_peer, or to everybody. pki-ca's own user and root, who
 * could write the ledger's file, may use every route. */
#define PEERS_OWN 0U
#define PEERS_ALL (~0U)

struct peers {
	bool told_apart;
	uid_t own;
	struct {
		uid_t user;
		unsigned peers; /* set of enum pki_peer */
	} users[PKI_PEER_USERS_MAX];
	size_t count;
};

/* Before the sandbox. CONFIG: the machine has no such user. */
enum pki_status peers_find(const struct pki_conf_ca *conf, struct peers *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* REFUSED unless the route is open to the user at the other end. what: the route, or the
 * request, for the message. */
enum pki_status peers_check(const struct peers *peers, const struct pki_http_request *req,
	unsigned open_to, const char *what, struct pki_err *err) PKI_MUST_CHECK;
/* The peer that a program is; PEERS_OWN for an unknown program. */
unsigned peers_of_program(const char *program);

#endif
