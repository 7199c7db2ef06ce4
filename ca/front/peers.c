#include "ca/front/peers.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	enum pki_peer peer;
	const char *name; /* in pki.yaml */
	const char *program;
} names[] = {
	{ PKI_PEER_RA, "ra", "pki-ra" },
	{ PKI_PEER_CRL, "crl", "pki-crl" },
	{ PKI_PEER_OCSP, "ocsp", "pki-ocspd" },
};

static enum pki_status
find_user(const char *name, uid_t *out, struct pki_err *err)
{
	errno = 0;
	const struct passwd *user = getpwnam(name);
	char *end;
	unsigned long number = strtoul(name, &end, 10);
	if (user != NULL)
		*out = user->pw_uid;
	else if (name[strspn(name, "0123456789")] == '\0' && number < (uid_t)-1)
		*out = (uid_t)number;
	else
		return pki_fail(err, PKI_CONFIG,
			"ca: peers: this machine has no user \"%.40s\"; add the user, or name another in pki.yaml",
			name);
	return PKI_OK;
}

static void
add(struct peers *peers, uid_t user, enum pki_peer peer)
{
	size_t i = 0;
	while (i < peers->count && peers->users[i].user != user)
		i++;
	if (i == peers->count)
		peers->users[peers->count++].user = user;
	peers->users[i].peers |= peer;
}

enum pki_status
peers_find(const struct pki_conf_ca *conf, struct peers *out, struct pki_err *err)
{
	*out = (struct peers){ .told_apart = conf->peers, .own = geteuid() };
	for (size_t i = 0; i < conf->peer_user_count; i++) {
		uid_t user;
		PKI_TRY(find_user(conf->peer_users[i].name, &user, err));
		add(out, user, conf->peer_users[i].peer);
	}
	return PKI_OK;
}

static unsigned
peers_of(const struct peers *peers, uid_t user)
{
	if (!peers->told_apart || user == peers->own || user == 0)
		return PEERS_ALL;
	for (size_t i = 0; i < peers->count; i++)
		if (peers->users[i].user == user)
			return peers->users[i].peers;
	return 0;
}

/* Whom to add the user to, for the message. */
static const char *
remedy(unsigned open_to)
{
	for (size_t i = 0; i < PKI_COUNT(names); i++)
		if ((open_to & names[i].peer) != 0)
			return names[i].name;
	return NULL;
}

enum pki_status
peers_check(const struct peers *peers, const struct pki_http_request *req,
	unsigned open_to, const char *what, struct pki_err *err)
{
	uid_t user = 0;
	if (!peers->told_apart || open_to == PEERS_ALL)
		return PKI_OK;
	bool known = pki_http_peer(req, &user);
	unsigned is = known ? peers_of(peers, user) : 0;
	if (is == PEERS_ALL || (is & open_to) != 0)
		return PKI_OK;
	const char *peer = remedy(open_to);
	if (peer == NULL)
		return pki_refuse(err, PKI_RULE_EVENT_FORM,
			"user %jd may not %s; run the command as the user of pki-ca",
			(intmax_t)user, what);
	return pki_refuse(err, PKI_RULE_EVENT_FORM,
		"user %jd may not %s; run the command as a user of ca: peers: %s in pki.yaml, or add the user there and start pki-ca again",
		(intmax_t)user, what, peer);
}

unsigned
peers_of_program(const char *program)
{
	for (size_t i = 0; i < PKI_COUNT(names); i++)
		if (strcmp(names[i].program, program) == 0)
			return names[i].peer;
	return PEERS_OWN;
}
