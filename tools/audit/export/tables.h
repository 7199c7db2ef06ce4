/* The tables of an export. */
#ifndef TOOLS_AUDIT_EXPORT_TABLES_H
#define TOOLS_AUDIT_EXPORT_TABLES_H

#include "tools/audit/export/write.h"

#define EXPORT_COLUMNS 12

struct export_table {
	const char *name; /* also of its files */
	const char *const columns[EXPORT_COLUMNS + 1]; /* NULL ends */
	bool pem;
	enum pki_status (*walk)(struct export_job *e, struct pki_err *err);
};
/* The public facts of the ledger; ends with {0}. */
extern const struct export_table export_tables[];

#endif
