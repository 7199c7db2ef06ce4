/* Texts that cli.c derives from a program's tables: help, completion, guesses. */
#ifndef LIBPKI_HOST_CLI_PRIV_H
#define LIBPKI_HOST_CLI_PRIV_H

#include "libpki/host/cli.h"

/* Options of every command; ends with {0}. They take the last slots of pki_args. */
enum pki_common {
	PKI_COMMON_CONFIG,
	PKI_COMMON_JSON,
	PKI_COMMON_HELP,
	PKI_COMMON_VERSION,
	PKI_COMMON_COUNT
};
extern const struct pki_option pki_common_options[PKI_COMMON_COUNT + 1];
#define PKI_COMMON_SLOT (PKI_OPTIONS_MAX - PKI_COMMON_COUNT)

void pki_help_program(const struct pki_program *program, FILE *out);
void pki_help_command(
	const struct pki_program *program, const struct pki_command *command, FILE *out);
void pki_help_of_completion(const struct pki_program *program, FILE *out);
/* A script for bash's `source`. */
void pki_help_completion(const struct pki_program *program, FILE *out);

/* "; did you mean \"issue\"?" or "". */
#define PKI_GUESS_TEXT 96
void pki_help_guess_command(
	const struct pki_program *program, const char *word, char out[PKI_GUESS_TEXT]);
void pki_help_guess_option(
	const struct pki_command *command, const char *word, char out[PKI_GUESS_TEXT]);

#endif
