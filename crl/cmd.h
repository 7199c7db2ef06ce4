/* The commands of pki-crl, for the table in main.c. */
#ifndef CRL_CMD_H
#define CRL_CMD_H

#include "libpki/host/cli.h"

enum pki_status crl_cmd_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status crl_cmd_once(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status crl_cmd_check(
	const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
