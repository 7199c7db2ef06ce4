/* The ledger's public facts as CSV, JSON lines and PEM, in a folder that is whole or not
 * there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/audit/export/tables.h"
#include "libpki/asn1/pem.h"
#include "libpki/base/file.h"

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
written(const struct export *e, FILE *file, struct pki_err *err)
{
	if (!ferror(file))
		return PKI_OK;
	return pki_fail_errno(
		err, PKI_IO, errno != 0 ? errno : EIO, "%s cannot be written", e->name);
}

static enum pki_status
csv_row(struct export *e, const json_t *row, struct pki_err *err)
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
jsonl_row(struct export *e, const json_t *row, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
	PKI_TRY(pki_json_dump(row, &line, err));
	PKI_TRY(pki_buf_append(&line, "\n", 1, err));
	errno = 0;
	fwrite(line.data, 1, line.len, e->jsonl_file);
	return written(e, e->jsonl_file, err);
}

enum pki_status
export_row(struct export *e, json_t *row, uint64_t total, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *owned = row;
	if (owned == NULL)
		return pki_fail(err, PKI_TAMPERED, "%s, row %ju: text that is not UTF-8",
			e->name, (uintmax_t)e->rows + 1);
	if (stop_wanted())
		return pki_fail(err, PKI_STATE, "interrupted; nothing was exported");
	if (e->csv_file != NULL)
		PKI_TRY(csv_row(e, owned, err));
	if (e->jsonl_file != NULL)
		PKI_TRY(jsonl_row(e, owned, err));
	if (e->rows++ % 256 == 0)
		pki_progress(e->name, e->rows, total);
	return PKI_OK;
}

enum pki_status
export_pem(struct export *e, const char *label, struct pki_bytes der, struct pki_err *err)
{
	e->blocks++;
	return pki_pem_write(label, der, e->pem_file, err);
}

static enum pki_status
file_open(struct export *e, const char *suffix, FILE **out, struct pki_err *err)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/%s.%s", e->folder, e->name, suffix) >=
		(int)sizeof path)
		return pki_fail(err, PKI_USAGE, "the path is too long");
	int fd = open(
		path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, e->names ? 0600 : 0644);
	*out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (*out != NULL)
		return PKI_OK;
	int why = errno;
	pki_close_fd(&fd);
	return pki_fail_errno(err, PKI_IO, why, "%s.%s cannot be made", e->name, suffix);
}

/* What was written counts once it is on the disk. */
static enum pki_status
file_close(struct export *e, FILE **file, enum pki_status status, struct pki_err *err)
{
	if (*file == NULL)
		return status;
	if (status == PKI_OK && (fflush(*file) != 0 || fsync(fileno(*file)) != 0))
		status = pki_fail_errno(
			err, PKI_IO, errno, "%s cannot be written", e->name);
	if (fclose(*file) != 0 && status == PKI_OK)
		status = pki_fail_errno(
			err, PKI_IO, errno, "%s cannot be written", e->name);
	*file = NULL;
	return status;
}

static enum pki_status
write_rows(struct export *e, const struct export_table *table, struct pki_err *err)
{
	if (e->csv) {
		PKI_TRY(file_open(e, "csv", &e->csv_file, err));
		PKI_TRY(csv_row(e, NULL, err));
	}
	if (e->jsonl)
		PKI_TRY(file_open(e, "jsonl", &e->jsonl_file, err));
	if (table->pem)
		PKI_TRY(file_open(e, "pem", &e->pem_file, err));
	return table->walk(e, err);
}

static enum pki_status
write_table(struct export *e, const struct export_table *table, struct pki_err *err)
{
	e->name = table->name;
	e->columns = table->columns;
	e->rows = e->blocks = 0;
	enum pki_status status = write_rows(e, table, err);
	status = file_close(e, &e->csv_file, status, err);
	status = file_close(e, &e->jsonl_file, status, err);
	return file_close(e, &e->pem_file, status, err);
}

static enum pki_status
write_all(struct export *e, json_t *counts, struct pki_err *err)
{
	PKI_TRY(pki_ledger_count(e->ledger, &e->figures, err));
	for (const struct export_table *t = export_tables; t->name != NULL; t++) {
		PKI_TRY(write_table(e, t, err));
		json_object_set_new(counts, t->name, json_integer((json_int_t)e->rows));
		if (t->pem) {
			char name[32];
			snprintf(name, sizeof name, "%s_pem", t->name);
			json_object_set_new(
				counts, name, json_integer((json_int_t)e->blocks));
		}
	}
	pki_progress_end();
	return PKI_OK;
}

static void
folder_remove(const char *path)
{
	DIR *folder = opendir(path);
	if (folder == NULL)
		return;
	for (struct dirent *e; (e = readdir(folder)) != NULL;)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(folder), e->d_name, 0);
	closedir(folder);
	rmdir(path);
}

static enum pki_status
folder_sync(const char *path, struct pki_err *err)
{
	PKI_CLEANUP(pki_close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return pki_fail_errno(
			err, PKI_IO, errno, "folder %s cannot be synced", path);
	return PKI_OK;
}

/* The folder under its own name, now that it is whole. */
static enum pki_status
folder_publish(const struct export *e, const char *path, struct pki_err *err)
{
	char parent[PATH_MAX + 2];
	const char *slash = strrchr(path, '/');
	snprintf(parent, sizeof parent, "%.*s.",
		slash != NULL ? (int)(slash - path + 1) : 0, path);
	if (!e->names && chmod(e->folder, 0755) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "mode cannot be set");
	PKI_TRY(folder_sync(e->folder, err));
	if (rename(e->folder, path) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "cannot be made");
	return folder_sync(parent, err);
}

/* A hidden folder beside path, which is cut at its last slashes. */
static enum pki_status
folder_make(struct export *e, char *path, struct pki_err *err)
{
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	if (pki_file_exists(path))
		return pki_fail(err, PKI_STATE,
			"is there already and is not written over; name another folder");
	const char *slash = strrchr(path, '/');
	int dir = slash != NULL ? (int)(slash - path + 1) : 0;
	if (snprintf(e->folder, sizeof e->folder, "%.*s.%s.XXXXXX", dir, path,
		    path + dir) >= (int)sizeof e->folder)
		return pki_fail(err, PKI_USAGE, "the path is too long");
	if (mkdtemp(e->folder) == NULL)
		return pki_fail_errno(err, PKI_IO, errno, "cannot be made");
	return PKI_OK;
}

static enum pki_status
export_to(struct export *e, char *path, json_t *counts, struct pki_err *err)
{
	PKI_TRY(folder_make(e, path, err));
	enum pki_status status = write_all(e, counts, err);
	if (status == PKI_OK)
		status = folder_publish(e, path, err);
	if (status != PKI_OK)
		folder_remove(e->folder);
	return status;
}

static enum pki_status
parse_format(const char *format, struct export *e, struct pki_err *err)
{
	bool both = format == NULL || strcmp(format, "both") == 0;
	e->csv = both || strcmp(format, "csv") == 0;
	e->jsonl = both || strcmp(format, "jsonl") == 0;
	if (!e->csv && !e->jsonl)
		return pki_fail(
			err, PKI_USAGE, "--format %s: csv, jsonl or both", format);
	return PKI_OK;
}

static void
report(const char *path, json_t *counts, bool json, bool names)
{
	if (json) {
		pki_cli_json(counts, stdout);
		return;
	}
	printf("exported to %s:", path);
	for (void *it = json_object_iter(counts); it != NULL;
		it = json_object_iter_next(counts, it))
		printf(" %s %jd", json_object_iter_key(it),
			(intmax_t)json_integer_value(json_object_iter_value(it)));
	printf("\n%s\n",
		names ? "certificates.pem names people: keep it to those entitled"
		      : "certificates.pem holds those of the CAs; --with-names all");
}

enum pki_status
export_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	struct export e = { .names = pki_arg_flag(args, "with-names") };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *counts = json_object();
	const char *out = pki_arg(args, "out");
	char path[PATH_MAX];
	(void)ctx;
	if (out == NULL || out[0] == '\0')
		return pki_fail(err, PKI_USAGE, "--out is missing: the folder to make");
	if (snprintf(path, sizeof path, "%s", out) >= (int)sizeof path)
		return pki_fail(err, PKI_USAGE, "--out: the path is too long");
	PKI_TRY(parse_format(pki_arg(args, "format"), &e, err));
	PKI_TRY(ledger_open(args, &ledger, err));
	/* one view of a ledger that others go on writing */
	PKI_TRY(pki_ledger_snapshot(ledger, err));
	e.ledger = ledger;
	stop_at_signals();
	enum pki_status status = export_to(&e, path, counts, err);
	pki_ledger_release(ledger);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", path);
		return status;
	}
	report(path, counts, pki_arg_flag(args, "json"), e.names);
	return PKI_OK;
}
