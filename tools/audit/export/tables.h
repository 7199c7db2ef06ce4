/* What export.c gives its tables: where rows and PEM go. */
#ifndef TOOLS_AUDIT_EXPORT_EXPORT_H
#define TOOLS_AUDIT_EXPORT_EXPORT_H

#include "tools/audit/audit.h"

#define EXPORT_COLUMNS 12

struct export
{
	struct pki_ledger *ledger; /* in a snapshot */
	struct pki_ledger_figures figures;
	bool csv, jsonl, names;
	char folder[PATH_MAX]; /* of the files, until all are whole */
	const char *name; /* of the table that is being written */
	const char *const *columns;
	FILE *csv_file, *jsonl_file, *pem_file; /* its files; NULL: none */
	uint64_t rows, blocks;
};

struct export_table {
	const char *name; /* of its files, too */
	const char *const columns[EXPORT_COLUMNS + 1]; /* NULL ends */
	bool pem;
	enum pki_status (*walk)(struct export *e, struct pki_err *err);
};
/* What is public of the ledger: ends with {0}. */
extern const struct export_table export_tables[];

/* One row: an object with the table's columns; taken over. total: for the progress bar. */
enum pki_status export_row(struct export *e, json_t *row, uint64_t total,
	struct pki_err *err) PKI_MUST_CHECK;
/* One block into the table's bundle. */
enum pki_status export_pem(struct export *e, const char *label, struct pki_bytes der,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
