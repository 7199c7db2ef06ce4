#include "ra/store/part.h"

#include <stdio.h>

#include "ra/store/holder.h"
#include "ra/store/store_priv.h"

/* "A-...|record": a sealed part is bound to the application and the part's name, besides
 * the holder */
#define LABEL_TEXT 96

struct opened {
	struct pki_buf wrapped;
	char label[LABEL_TEXT];
	struct ra_vault_box box;
};

static void
close_box(struct opened *opened)
{
	pki_buf_free(&opened->wrapped);
}

static enum pki_status
open_box(struct ra_store *store, const struct ra_part_name *part, struct opened *out,
	struct pki_err *err)
{
	snprintf(out->label, sizeof out->label, "%s|%s", part->application, part->name);
	PKI_TRY(ra_holder_key(store, part->holder, &out->wrapped, err));
	out->box = (struct ra_vault_box){ .holder = part->holder,
		.label = out->label,
		.wrapped = pki_buf_bytes(&out->wrapped) };
	return PKI_OK;
}

enum pki_status
ra_part_seal(struct ra_store *store, const struct ra_part_name *part,
	struct pki_bytes plain, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(close_box) struct opened opened = { 0 };
	PKI_TRY(open_box(store, part, &opened, err));
	return ra_vault_seal(store->vault, &opened.box, plain, out, err);
}

enum pki_status
ra_part_unseal(struct ra_store *store, const struct ra_part_name *part,
	struct pki_bytes sealed, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(close_box) struct opened opened = { 0 };
	PKI_TRY(open_box(store, part, &opened, err));
	return ra_vault_unseal(store->vault, &opened.box, sealed, out, err);
}

enum pki_status
ra_part_put(struct ra_store *store, const struct ra_application *application,
	const char *name, struct pki_bytes plain, struct pki_err *err)
{
	const struct ra_part_name part = { application->id, application->holder, name };
	PKI_CLEANUP(pki_buf_free) struct pki_buf sealed = { 0 };
	sqlite3_stmt *stmt;
	PKI_TRY(ra_part_seal(store, &part, plain, &sealed, err));
	PKI_TRY(ra_sql(store, RA_SQL_PUT, &stmt, err, "ttb", application->id, name,
		pki_buf_bytes(&sealed)));
	return ra_sql_run(store, stmt, NULL, err);
}

static enum pki_status
read_part(struct ra_store *store, const struct ra_application *application,
	const char *name, struct pki_buf *out, struct pki_err *err)
{
	const struct ra_part_name part = { application->id, application->holder, name };
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_PART, &stmt, err, "tt", application->id, name));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (!row) {
		PKI_TRY(ra_holder_check_kept(store, application->holder, err));
		return pki_fail(err, PKI_NOTFOUND, "the application has no %s", name);
	}
	struct pki_bytes sealed = { sqlite3_column_blob(stmt, 0),
		(size_t)sqlite3_column_bytes(stmt, 0) };
	return ra_part_unseal(store, &part, sealed, out, err);
}

enum pki_status
ra_part_get(struct ra_store *store, const struct ra_application *application,
	const char *name, struct pki_buf *out, struct pki_err *err)
{
	enum pki_status status = read_part(store, application, name, out, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", application->id);
	return status;
}
