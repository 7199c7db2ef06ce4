/* The commands of pki-ca; a file for each command. */
#ifndef CA_COMMANDS_H
#define CA_COMMANDS_H

#include "ca/channel.h"

/* The ctx that main.c hands to each command. */
struct ca_program {
	signer_entry *signer; /* the signer's main function */
};

enum pki_status ca_cmd_check_config(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status ca_cmd_init(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status ca_cmd_serve(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status ca_cmd_status(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status ca_cmd_root_crl(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status ca_cmd_last_crl(
	const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
