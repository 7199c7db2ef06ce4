/* The commands of pki-ocspd, for the table in main.c. */
#ifndef OCSP_CMD_H
#define OCSP_CMD_H

#include "libpki/host/cli.h"

enum pki_status ocspd_cmd_serve(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status ocspd_cmd_export(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status ocspd_cmd_check(
	const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
