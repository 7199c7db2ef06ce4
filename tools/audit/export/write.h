/* Rows and PEM blocks of an export go to the files of the current table. */
#ifndef TOOLS_AUDIT_EXPORT_WRITE_H
#define TOOLS_AUDIT_EXPORT_WRITE_H

#include <limits.h>
#include <stdio.h>

#include "libpki/base/json.h"
#include "libpki/state/ledger.h"

struct export_job {
	struct pki_ledger *ledger; /* in a snapshot */
	struct pki_ledger_figures figures;
	bool csv, jsonl, names;
	char folder[PATH_MAX]; /* of the files, until the export is complete */
	const char *name; /* of the current table */
	const char *const *columns;
	FILE *csv_file, *jsonl_file, *pem_file; /* the table's files; NULL: none */
	uint64_t rows, blocks;
};

/* The first line of the CSV file: the names of the columns. */
enum pki_status write_heading(struct export_job *e, struct pki_err *err) PKI_MUST_CHECK;
/* Write a row, an object with the table's columns, and empty the builder. total: rows of
 * the table, for the progress bar. */
enum pki_status write_row(struct export_job *e, struct pki_json *row, uint64_t total,
	struct pki_err *err) PKI_MUST_CHECK;
/* A block of the PEM file. */
enum pki_status write_pem(struct export_job *e, const char *label, struct pki_bytes der,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
