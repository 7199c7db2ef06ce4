/* The commands of pki-ca, one file each. */
#ifndef CA_COMMANDS_H
#define CA_COMMANDS_H

#include "libpki/host/cli.h"

enum pki_status cmd_init(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status cmd_serve(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status cmd_status(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status cmd_last_crl(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status cmd_root_crl(const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
