/* The commands of pki-witness, for the table in main.c. */
#ifndef WITNESS_CMD_H
#define WITNESS_CMD_H

#include "libpki/host/cli.h"

enum pki_status witness_cmd_init(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status witness_cmd_serve(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status witness_cmd_status(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status witness_cmd_feed(
	const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
