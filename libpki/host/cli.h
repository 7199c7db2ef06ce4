/*
 * The common parts of all commands: command table, options, errors, tables. Output goes to a
 * FILE of the caller's choice; nothing here ends the process.
 */
#ifndef LIBPKI_HOST_CLI_H
#define LIBPKI_HOST_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "libpki/base/json.h"

struct pki_option {
	const char *name; /* "passphrase": --passphrase VALUE or --passphrase=VALUE */
	const char *value; /* placeholder; NULL: a flag */
	const char *help;
	int max; /* how often at most; 0 counts as 1 */
};

#define PKI_OPTIONS_MAX 24 /* a command's options and four common options */
#define PKI_VALUES_MAX 16

/* The command line's values, by the option table's index. */
struct pki_args {
	const char *values[PKI_OPTIONS_MAX][PKI_VALUES_MAX];
	int counts[PKI_OPTIONS_MAX];
	const char *operands[PKI_VALUES_MAX];
	int operand_count;
	const struct pki_option *options;
	int *exit_status; /* of a successful run: 0 unless the command sets *exit_status */
};

struct pki_command {
	const char *name;
	const char *operands; /* "APPLICATION": shown in usage; "" */
	const char *help; /* a single line */
	const struct pki_option *options; /* ends with {0}; without the common options */
	int min_operands, max_operands;
	enum pki_status (*run)(
		const struct pki_args *args, void *ctx, struct pki_err *err);
};

struct pki_program {
	const char *name; /* "pki-ra" */
	const char *summary; /* a single line */
	const struct pki_command *commands; /* ends with {0} */
};

/*
 * Parse argv, run the command, print the error on stderr as "pki-ra: TEXT" (with --json as the
 * API's error object on stdout), return the exit status. Common options: --config FILE,
 * --json, --help, --version; --help of program and command, and `completion bash` are answered
 * here. ctx goes to run(). Unknown options, missing values and operands: USAGE; with --monitor
 * (probe.h) the exit status for that is 3.
 */
int pki_cli_main(const struct pki_program *program, int argc, char **argv, void *ctx);

/* The option's (last) value, NULL if absent; by name, also "config" and "json". */
const char *pki_arg(const struct pki_args *args, const char *name);
bool pki_arg_flag(const struct pki_args *args, const char *name);
int pki_arg_count(const struct pki_args *args, const char *name);
const char *pki_arg_at(const struct pki_args *args, const char *name, int i);

/*
 * Copy UTF-8 text, fit for a terminal: control characters, malformed octets, and marks that
 * reorder or hide text become "?"; cut at size. Returns the width in columns. For foreign text;
 * tables and errors are cleaned already. Needs a UTF-8 LC_CTYPE, set by pki_cli_main().
 */
size_t pki_cli_clean(const char *text, char *out, size_t size);

/* An aligned table of up to 16 columns; cells are UTF-8, NULL: an empty cell. */
struct pki_table;
enum pki_status pki_table_new(const char *const *headings, size_t columns,
	struct pki_table **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_table_add(struct pki_table *table, const char *const *cells,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_table_print(const struct pki_table *table, FILE *out);
void pki_table_free(struct pki_table *table);
void pki_table_cleanup(struct pki_table **table);

/* JSON, indented, and a newline. IO if the stream refuses it, or memory is short. */
enum pki_status pki_cli_json(
	const json_t *json, FILE *out, struct pki_err *err) PKI_MUST_CHECK;

/* A progress bar on stderr, only on a terminal; total 0: a count. */
void pki_progress(const char *what, uint64_t done, uint64_t total);
void pki_progress_end(void);

#endif
