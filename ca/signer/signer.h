/*
 * The signer: the one process that holds the CA, seal and log keys. A child of `serve`, which
 * enters the sandbox before it reads its first request. It verifies each order itself, decides by
 * the policy and the clock, builds, lints and signs. The signer has no ledger: the front checks
 * what only the ledger knows, between IPC_DECIDE and IPC_SIGN.
 */
#ifndef CA_SIGNER_SIGNER_H
#define CA_SIGNER_SIGNER_H

#include "ca/channel.h"

/* A signer_entry: set up, serve until the channel closes. Returns the exit status. */
int signer_main(const struct signer_setup *setup, int fd);

#endif
