#include "libpki/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Room for octets beyond the size in the file's status: files grow, and /proc says 0. */
#define READ_CHUNK 16384
#define COMPARE_CHUNK 65536

/* 0: the file's status gives no size */
static size_t
size_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
}

/* Room for the whole file at once, if the file's status gives the size. */
static enum pki_status
read_all(int fd, size_t max, struct pki_buf *out, struct pki_err *err)
{
	size_t size = size_of(fd);
	PKI_TRY(pki_buf_reserve(out, (size < max ? size : max) + READ_CHUNK, err));
	for (size_t total = 0;;) {
		PKI_TRY(pki_buf_reserve(out, READ_CHUNK, err));
		ssize_t n = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pki_fail_errno(err, PKI_IO, errno, "cannot be read");
		if (n == 0)
			return PKI_OK;
		total += (size_t)n;
		if (total > max)
			return pki_fail(err, PKI_LIMIT,
				"larger than the limit of %zu octets; is it the right file?",
				max);
		out->len += (size_t)n;
		out->data[out->len] = '\0';
	}
}

/* Without a writer a FIFO is an empty file; a blocking open would wait for a writer. */
static int
open_input(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fcntl(fd, F_SETFL, 0) != 0)
		pki_close_fd(&fd);
	return fd;
}

enum pki_status
pki_file_read(const char *path, size_t max, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_close_fd) int opened = -1;
	int fd = STDIN_FILENO;
	if (strcmp(path, "-") != 0) {
		fd = opened = open_input(path);
		if (fd < 0) {
			enum pki_status status =
				pki_fail_errno(err, PKI_IO, errno, "cannot be opened");
			pki_err_object(err, "%s", path);
			return status;
		}
	}
	/* an empty file is an empty string, not NULL */
	PKI_TRY(pki_buf_reserve(out, 0, err));
	enum pki_status status = read_all(fd, max, out, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", opened >= 0 ? path : "standard input");
	return status;
}

static enum pki_status
sync_folder(const char *path, struct pki_err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	if (slash != NULL) /* keeps the slash: "/" is the folder of "/x" */
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - path + 1), path);
	PKI_CLEANUP(pki_close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return pki_fail_errno(
			err, PKI_IO, errno, "folder %s cannot be synced", dir);
	return PKI_OK;
}

/* A hidden file beside path: a web server of the folder does not list hidden files. */
static enum pki_status
temp_name(const char *path, char out[PATH_MAX], struct pki_err *err)
{
	const char *slash = strrchr(path, '/');
	int dir = slash != NULL ? (int)(slash - path + 1) : 0;
	int n = snprintf(out, PATH_MAX, "%.*s.%s.XXXXXX", dir, path, path + dir);
	if (n < 0 || n >= PATH_MAX)
		return pki_fail_errno(err, PKI_IO, ENAMETOOLONG, "cannot be made");
	return PKI_OK;
}

static enum pki_status
write_temp(int fd, const void *data, size_t len, mode_t mode, struct pki_err *err)
{
	PKI_TRY(pki_fd_write(fd, data, len, err));
	if (fchmod(fd, mode) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "mode cannot be set");
	if (fsync(fd) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "cannot be synced");
	return PKI_OK;
}

static enum pki_status
move_over(const char *temp, const char *path, struct pki_err *err)
{
	if (rename(temp, path) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "cannot be replaced");
	return PKI_OK;
}

/* Unlike rename(), link() refuses a name in use. */
static enum pki_status
move_new(const char *temp, const char *path, struct pki_err *err)
{
	if (link(temp, path) != 0) {
		if (errno == EEXIST)
			return pki_fail(err, PKI_STATE,
				"is there already and is not written over; move it away first");
		return pki_fail_errno(err, PKI_IO, errno, "cannot be made");
	}
	unlink(temp);
	return PKI_OK;
}

typedef enum pki_status move_fn(const char *temp, const char *path, struct pki_err *err);

static enum pki_status
publish(const char *path, const void *data, size_t len, mode_t mode, move_fn *move,
	struct pki_err *err)
{
	char temp[PATH_MAX];
	PKI_TRY(temp_name(path, temp, err));
	PKI_CLEANUP(pki_close_fd) int fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return pki_fail_errno(err, PKI_IO, errno, "cannot be made");
	enum pki_status status = write_temp(fd, data, len, mode, err);
	if (status == PKI_OK)
		status = move(temp, path, err);
	if (status != PKI_OK) {
		unlink(temp);
		return status;
	}
	return sync_folder(path, err);
}

enum pki_status
pki_file_publish(
	const char *path, const void *data, size_t len, mode_t mode, struct pki_err *err)
{
	enum pki_status status = publish(path, data, len, mode, move_over, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", path);
	return status;
}

enum pki_status
pki_file_create(
	const char *path, const void *data, size_t len, mode_t mode, struct pki_err *err)
{
	enum pki_status status = publish(path, data, len, mode, move_new, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", path);
	return status;
}

static enum pki_status
make_folder(const char *path, mode_t mode, struct pki_err *err)
{
	struct stat st;
	if (mkdir(path, mode) == 0)
		return PKI_OK;
	int why = errno;
	if (why == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return PKI_OK;
	if (why == EEXIST)
		why = ENOTDIR;
	enum pki_status status =
		pki_fail_errno(err, PKI_IO, why, "folder cannot be made");
	pki_err_object(err, "%s", path);
	return status;
}

enum pki_status
pki_file_mkdirs(const char *path, mode_t mode, struct pki_err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	if (len == 0 || len >= sizeof part)
		return pki_fail(err, PKI_IO, "the name of a folder has %zu octets", len);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i < len; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		PKI_TRY(make_folder(part, mode, err));
		part[i] = '/';
	}
	return make_folder(part, mode, err);
}

/* temp_name(): ".NAME.XXXXXX" */
static bool
is_temp_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	return name[0] == '.' && dot > name + 1 && strlen(dot) == sizeof ".XXXXXX" - 1 &&
	       strspn(dot + 1,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
		       6;
}

static int
sweep_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	if (type == FTW_F && is_temp_name(path + at->base) &&
		st->st_mtime < time(NULL) - PKI_FILE_LITTER_SECONDS)
		unlink(path);
	return 0;
}

void
pki_file_sweep(const char *dir)
{
	(void)nftw(dir, sweep_one, 16, FTW_PHYS);
}

static const char *
user_name(uid_t uid, char out[64])
{
	const struct passwd *user = getpwuid(uid);
	if (user != NULL)
		snprintf(out, 64, "%s", user->pw_name);
	else
		snprintf(out, 64, "%lu", (unsigned long)uid);
	return out;
}

const char *
pki_file_owner(const char *path, int errnum, char out[static PKI_FILE_OWNER_TEXT])
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".", owner[64], own[64];
	struct stat st;
	out[0] = '\0';
	if (slash != NULL)
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - path + 1), path);
	if ((errnum != EACCES && errnum != EPERM) || stat(dir, &st) != 0 ||
		st.st_uid == geteuid())
		return out;
	user_name(st.st_uid, owner);
	user_name(geteuid(), own);
	snprintf(out, PKI_FILE_OWNER_TEXT,
		"; the folder belongs to user %s, and this process runs as user %s: run it as %s",
		owner, own, owner);
	return out;
}

bool
pki_file_holds(const char *path, struct pki_bytes want)
{
	PKI_CLEANUP(pki_close_file) FILE *file = fopen(path, "re");
	uint8_t chunk[COMPARE_CHUNK];
	size_t at = 0, got = 0;
	while (file != NULL && (got = fread(chunk, 1, sizeof chunk, file)) > 0) {
		if (got > want.len - at || memcmp(chunk, want.data + at, got) != 0)
			break;
		at += got;
	}
	return file != NULL && got == 0 && at == want.len && ferror(file) == 0;
}

bool
pki_file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

enum pki_status
pki_fd_write(int fd, const void *data, size_t len, struct pki_err *err)
{
	const uint8_t *p = data;
	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			return pki_fail_errno(
				err, PKI_UNAVAILABLE, errno, "nobody reads");
		if (n < 0 && errno == EFBIG) /* the limit on the size of files */
			return pki_fail_errno(err, PKI_FULL, errno, "cannot be written");
		if (n < 0)
			return pki_fail_errno(err, PKI_IO, errno, "cannot be written");
		p += n;
		len -= (size_t)n;
	}
	return PKI_OK;
}

enum pki_status
pki_fd_read(int fd, void *data, size_t len, struct pki_err *err)
{
	uint8_t *p = data;
	while (len > 0) {
		ssize_t n = read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ECONNRESET)
			n = 0;
		if (n < 0)
			return pki_fail_errno(err, PKI_IO, errno, "cannot be read");
		if (n == 0)
			return pki_fail(err, PKI_UNAVAILABLE,
				"the other side ended, %zu octets short", len);
		p += n;
		len -= (size_t)n;
	}
	return PKI_OK;
}
