/* pki-audit export: a folder of files that is published complete, or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/host/cli.h"
#include "tools/audit/commands.h"
#include "tools/audit/export/tables.h"
#include "tools/audit/options.h"
#include "tools/audit/sources.h"
#include "tools/audit/stop.h"

const struct pki_option audit_options_export[] = {
	OPTION_LEDGER,
	{ "out", "DIR", "the folder to make", 0 },
	{ "format", "FORMAT", "of the tables: csv, jsonl or both (both)", 0 },
	{ "with-names", NULL, "all certificates in certificates.pem: they name people",
		0 },
	{ 0 },
};

static enum pki_status
file_open(struct export_job *e, const char *suffix, FILE **out, struct pki_err *err)
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
	int error = errno;
	pki_close_fd(&fd);
	return pki_fail_errno(
		err, PKI_IO, error, "%s.%s cannot be made", e->name, suffix);
}

/* A file is complete once its bytes are on the disk. */
static enum pki_status
file_close(struct export_job *e, FILE **file, enum pki_status status, struct pki_err *err)
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
write_rows(struct export_job *e, const struct export_table *table, struct pki_err *err)
{
	if (e->csv) {
		PKI_TRY(file_open(e, "csv", &e->csv_file, err));
		PKI_TRY(write_heading(e, err));
	}
	if (e->jsonl)
		PKI_TRY(file_open(e, "jsonl", &e->jsonl_file, err));
	if (table->pem)
		PKI_TRY(file_open(e, "pem", &e->pem_file, err));
	return table->walk(e, err);
}

static enum pki_status
write_table(struct export_job *e, const struct export_table *table, struct pki_err *err)
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
write_all(struct export_job *e, struct pki_json *counts, struct pki_err *err)
{
	PKI_TRY(pki_ledger_count(e->ledger, &e->figures, err));
	for (const struct export_table *t = export_tables; t->name != NULL; t++) {
		PKI_TRY(write_table(e, t, err));
		pki_json_number(counts, t->name, (int64_t)e->rows);
		if (t->pem) {
			char name[32];
			snprintf(name, sizeof name, "%s_pem", t->name);
			pki_json_number(counts, name, (int64_t)e->blocks);
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

/* The folder is complete: give the folder its own name. */
static enum pki_status
folder_publish(const struct export_job *e, const char *path, struct pki_err *err)
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

/* Make a hidden folder beside path. Slashes at the end of path are removed. */
static enum pki_status
folder_make(struct export_job *e, char *path, struct pki_err *err)
{
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	if (pki_file_exists(path))
		return pki_fail(err, PKI_STATE,
			"exists and is not overwritten; name another folder");
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
export_to(struct export_job *e, char *path, struct pki_json *counts, struct pki_err *err)
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
parse_format(const char *format, struct export_job *e, struct pki_err *err)
{
	bool both = format == NULL || strcmp(format, "both") == 0;
	e->csv = both || strcmp(format, "csv") == 0;
	e->jsonl = both || strcmp(format, "jsonl") == 0;
	if (!e->csv && !e->jsonl)
		return pki_fail(
			err, PKI_USAGE, "--format %s: csv, jsonl or both", format);
	return PKI_OK;
}

static enum pki_status
print(const char *path, const json_t *counts, const struct pki_args *args,
	struct pki_err *err)
{
	const char *table;
	json_t *count;
	if (pki_arg_flag(args, "json"))
		return pki_cli_json(counts, stdout, err);
	printf("exported to %s:", path);
	/* jansson's iterator takes no const */
	json_object_foreach ((json_t *)(uintptr_t)counts, table, count) {
		printf(" %s %jd", table, (intmax_t)json_integer_value(count));
	}
	printf("\n%s\n",
		pki_arg_flag(args, "with-names")
			? "certificates.pem names people: keep the file from others"
			: "certificates.pem holds the CAs' certificates; --with-names adds all others");
	return PKI_OK;
}

enum pki_status
audit_cmd_export(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	struct export_job e = { .names = pki_arg_flag(args, "with-names") };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	PKI_CLEANUP(pki_json_free) struct pki_json counts = pki_json_object();
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	const char *out = pki_arg(args, "out");
	char path[PATH_MAX];
	(void)ctx;
	if (out == NULL || out[0] == '\0')
		return pki_fail(err, PKI_USAGE, "--out is missing: the folder to make");
	if (snprintf(path, sizeof path, "%s", out) >= (int)sizeof path)
		return pki_fail(err, PKI_USAGE, "--out: the path is too long");
	PKI_TRY(parse_format(pki_arg(args, "format"), &e, err));
	PKI_TRY(sources_open_ledger(args, &ledger, err));
	/* one view of a ledger in use */
	PKI_TRY(pki_ledger_snapshot(ledger, err));
	e.ledger = ledger;
	stop_at_signals();
	enum pki_status status = export_to(&e, path, &counts, err);
	pki_ledger_release(ledger);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", path);
		return status;
	}
	PKI_TRY(pki_json_take(&counts, &json, err));
	return print(path, json, args, err);
}
