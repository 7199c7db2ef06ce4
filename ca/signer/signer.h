/*
 * The signer: only this process holds the CA, seal and log keys. The signer is a child of `serve`
 * and enters the sandbox before reading the first request. The signer verifies each order,
 * decides by the policy and the clock, builds, lints and signs. The signer has no ledger: between
 * IPC_DECIDE and IPC_SIGN the front checks the ledger rules.
 */
#ifndef CA_SIGNER_SIGNER_H
#define CA_SIGNER_SIGNER_H

#include "ca/channel.h"

/* A signer_entry: set up, serve until the channel closes. Returns the exit status. */
int signer_main(const struct signer_setup *setup, int fd);

#endif
