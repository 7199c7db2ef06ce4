#include "tools/audit/export/write.h"

#include <errno.h>
#include <string.h>

#include "libpki/asn1/pem.h"
#include "libpki/host/cli.h"
#include "tools/audit/stop.h"

/* RFC 4180. An apostrophe keeps a spreadsheet from taking text for a formula. */
static void
csv_text(FILE *out, const char *text)
{
	putc('"', out);
	if (text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL)
		putc('\'', out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static enum pki_status
csv_cell(FILE *out, const json_t *value, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	if (value == NULL || json_is_null(value))
		return PKI_OK;
	if (json_is_string(value)) {
		csv_text(out, json_string_value(value));
		return PKI_OK;
	}
	PKI_TRY(pki_json_dump(value, &text, err));
	if (json_is_integer(value))
		fputs((const char *)text.data, out);
	else
		csv_text(out, (const char *)text.data);
	return PKI_OK;
}

static enum pki_status
written(const struct export_job *e, FILE *file, struct pki_err *err)
{
	if (!ferror(file))
		return PKI_OK;
	return pki_fail_errno(
		err, PKI_IO, errno != 0 ? errno : EIO, "%s cannot be written", e->name);
}

static enum pki_status
csv_row(struct export_job *e, const json_t *row, struct pki_err *err)
{
	errno = 0;
	for (size_t i = 0; e->columns[i] != NULL; i++) {
		if (i > 0)
			putc(',', e->csv_file);
		if (row == NULL)
			csv_text(e->csv_file, e->columns[i]);
		else
			PKI_TRY(csv_cell(
				e->csv_file, json_object_get(row, e->columns[i]), err));
	}
	fputs("\r\n", e->csv_file);
	return written(e, e->csv_file, err);
}

static enum pki_status
jsonl_row(struct export_job *e, const json_t *row, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
	PKI_TRY(pki_json_dump(row, &line, err));
	PKI_TRY(pki_buf_append(&line, "\n", 1, err));
	errno = 0;
	fwrite(line.data, 1, line.len, e->jsonl_file);
	return written(e, e->jsonl_file, err);
}

enum pki_status
write_heading(struct export_job *e, struct pki_err *err)
{
	return csv_row(e, NULL, err);
}

static enum pki_status
take_row(struct export_job *e, struct pki_json *row, json_t **out, struct pki_err *err)
{
	struct pki_err own = { 0 };
	if (pki_json_take(row, out, &own) == PKI_INPUT)
		return pki_fail(err, PKI_TAMPERED, "%s, row %ju: text that is not UTF-8",
			e->name, (uintmax_t)e->rows + 1);
	return pki_err_move(err, &own);
}

enum pki_status
write_row(struct export_job *e, struct pki_json *row, uint64_t total, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	PKI_TRY(take_row(e, row, &json, err));
	if (stop_wanted())
		return pki_fail(err, PKI_STATE, "interrupted; nothing was exported");
	if (e->csv_file != NULL)
		PKI_TRY(csv_row(e, json, err));
	if (e->jsonl_file != NULL)
		PKI_TRY(jsonl_row(e, json, err));
	if (e->rows++ % 256 == 0)
		pki_progress(e->name, e->rows, total);
	return PKI_OK;
}

enum pki_status
write_pem(struct export_job *e, const char *label, struct pki_bytes der,
	struct pki_err *err)
{
	e->blocks++;
	return pki_pem_write(label, der, e->pem_file, err);
}
