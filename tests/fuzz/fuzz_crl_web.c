/* The path of a GET. The web server must open the file that openat2() finds below the folder without
 * symbolic links. No name on the path may begin with a dot. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "crl/web.h"
#include "tests/fuzz/temp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		abort();
	close(fd);
}

/* The public folder, secrets beside it, and links to them. */
static int
begin(void)
{
	static const char *const folders[] = { "pub", "pub/crl", "pub/log",
		"pub/log/tile", "pub/.new", "secret" };
	static const char *const files[] = { "key", "secret/key", "pub/ca.crl",
		"pub/ca.crt", "pub/crl/1.crl", "pub/log/checkpoint", "pub/log/tile/000",
		"pub/.tmp", "pub/.new/key", "pub/crl/.1.crl", "pub/a b%20c" };
	int top = open(temp_make(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < PKI_COUNT(folders); i++)
		if (mkdirat(top, folders[i], 0755) != 0)
			abort();
	for (size_t i = 0; i < PKI_COUNT(files); i++)
		put_file(top, files[i]);
	if (symlinkat("../key", top, "pub/link") != 0 ||
		symlinkat("ca.crl", top, "pub/near") != 0 ||
		symlinkat("../secret", top, "pub/links") != 0 ||
		symlinkat("..", top, "pub/crl/up") != 0 ||
		mkfifoat(top, "pub/fifo", 0644) != 0)
		abort();
	int dir = openat(top, "pub", O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(top);
	return dir;
}

/* Reduce slashes to single ones. False: the path names a hidden file or a folder. */
static bool
tidy(const char *path, char *out)
{
	const char *name = path;
	for (; *path != '\0'; path++) {
		if (*path == '/')
			continue;
		if (path == name || path[-1] == '/') {
			if (*path == '.')
				return false;
			if (path != name && out[-1] != '/')
				*out++ = '/';
		}
		*out++ = *path;
	}
	if (path == name || path[-1] == '/')
		return false;
	*out = '\0';
	return true;
}

/* -1: no such file; -2: the kernel has no openat2() */
static int
peer(int dir, const char *path)
{
	static char plain[1 << 20];
	const struct open_how how = { .flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	struct stat st;
	char *start = plain + 1;
	plain[0] = '/';
	if (strlen(path) >= sizeof plain - 2)
		return -2;
	if (!tidy(path, start))
		return -1;
	long fd = syscall(SYS_openat2, dir, start, &how, sizeof how);
	if (fd < 0)
		return errno == ENOSYS || errno == EPERM ? -2 : -1;
	if (fstat((int)fd, &st) == 0 && S_ISREG(st.st_mode))
		return (int)fd;
	close((int)fd);
	return -1;
}

static bool
same_file(int a, int b)
{
	struct stat x, y;
	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int dir = -1;
	PKI_CLEANUP(pki_close_fd) int fd = -1;
	PKI_CLEANUP(pki_close_fd) int want = -1;
	PKI_CLEANUP(pki_free_ptr) char *path = strndup((const char *)data, size);
	if (dir < 0)
		dir = begin();
	if (path == NULL || web_type(path) == NULL)
		abort();
	bool found = web_open(dir, path, &fd);
	if (found != (fd >= 0))
		abort();
	want = peer(dir, path);
	if (want == -2)
		return 0;
	if (found != (want >= 0) || (found && !same_file(fd, want)))
		abort();
	return 0;
}
