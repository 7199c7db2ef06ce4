/*
 * The front's end of the channel to the signer: start, call and stop the child process.
 *
 * The signer is a child process, and the only process with the CA, seal and log keys. The
 * front knows of the signer only this channel, the frames (ipc.h) and the facts
 * (facts.h).
 */
#ifndef CA_CHANNEL_H
#define CA_CHANNEL_H

#include <sys/types.h>

#include "ca/ipc.h"
#include "libpki/host/cli.h"
#include "libpki/host/conf.h"
#include "libpki/state/policy.h"

/* ENDS: the signer makes nothing but the CA's last CRLs (rule 55). */
enum signer_purpose { SIGNER_SERVES, SIGNER_ENDS };

/* The child's start parameters; borrowed. args: the custodians' passphrases. */
struct signer_setup {
	const struct pki_conf *conf;
	const struct pki_policy *policy;
	const struct pki_args *args;
	enum signer_purpose purpose;
};

/* The child's main function: serves at fd until the front closes the channel. Returns the
 * exit status. */
typedef int signer_entry(const struct signer_setup *setup, int fd);

/* The signer's first reply, to IPC_START. */
struct signer_ready {
	char sandbox[32];
	uint64_t checkpoint; /* size of the log that the signer continues */
	char vkey[512]; /* the log's verifier key */
};

struct channel {
	pid_t pid;
	int fd; /* -1: closed */
	struct signer_ready ready;
	struct pki_buf buf; /* the next request or the last reply */
	struct pki_bytes tail; /* follows the request: ipc_put_tail() */
};

/* Forks the signer; to be called before the caller opens a ledger. The child runs entry,
 * waits for IPC_START, then reads the custodians' passphrases. */
enum pki_status channel_start(struct channel *channel, signer_entry *entry,
	const struct signer_setup *setup, struct pki_err *err) PKI_MUST_CHECK;
/* Closes the channel, upon which the child ends, and reaps the child. */
void channel_stop(struct channel *channel);

/* Sends the request in channel->buf, which the caller wrote with ipc_begin() and
 * ipc_put(). *reply: the fields of the reply, valid until the next call. UNAVAILABLE if
 * the signer has ended. */
enum pki_status channel_call(struct channel *channel, struct pki_bytes *reply,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
