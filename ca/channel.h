/*
 * The front's end of the channel to the signer: start, call and stop the child process.
 *
 * The signer is a child process that alone holds the CA, seal and log keys. The front
 * knows of the signer this channel, the frames (ipc.h) and the facts (facts.h).
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

/* What the child starts with; borrowed. args: the custodians' passphrases. */
struct signer_setup {
	const struct pki_conf *conf;
	const struct pki_policy *policy;
	const struct pki_args *args;
	enum signer_purpose purpose;
};

/* The child's main function: serves at fd until the front closes it. Returns the exit
 * status. */
typedef int signer_entry(const struct signer_setup *setup, int fd);

/* The signer's first reply, to IPC_START. */
struct signer_ready {
	char sandbox[32];
	uint64_t checkpoint; /* size of the log that the signer continues */
};

struct channel {
	pid_t pid;
	int fd; /* -1: closed */
	struct signer_ready ready;
	struct pki_buf buf; /* the request that is written, the reply that was read */
	struct pki_bytes tail; /* follows the request: ipc_put_tail() */
};

/* Fork the signer, before the caller opens a ledger. The child runs entry, and waits for
 * IPC_START before it reads the custodians' passphrases. */
enum pki_status channel_start(struct channel *channel, signer_entry *entry,
	const struct signer_setup *setup, struct pki_err *err) PKI_MUST_CHECK;
/* Close the channel, upon which the child ends, and reap the child. */
void channel_stop(struct channel *channel);

/* Send the request that the caller wrote to channel->buf with ipc_begin() and ipc_put().
 * *reply: the fields of the reply, valid until the next call. UNAVAILABLE if the signer
 * is gone. */
enum pki_status channel_call(struct channel *channel, struct pki_bytes *reply,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
