/* Preloaded into a program whose disk a test makes fail. The file $FAILING_DISK holds two 32-bit
 * numbers: what the next fsync of a WAL does, and the errno. A program maps the file before its
 * sandbox; the test writes the file, and reads there that the disk failed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum what { WORKS, FAILS, IS_REPLACED };

static volatile struct {
	int what, cause;
} none, *disk = &none;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("FAILING_DISK");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *map = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		disk = map;
	close(fd);
}

/* The backup ledger.db.old takes the place of the ledger.db that this WAL belongs to. Whoever
 * restores a backup removes the WAL. */
static void
replace(const char *wal)
{
	char database[4096], backup[4096 + 8];
	snprintf(database, sizeof database, "%.*s", (int)(strlen(wal) - 4), wal);
	snprintf(backup, sizeof backup, "%s.old", database);
	if (rename(backup, database) != 0 || unlink(wal) != 0)
		abort();
}

static int
sync_by(long call, int fd)
{
	char link[64], path[4096];
	int what = disk->what;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = what != WORKS ? readlink(link, path, sizeof path - 1) : -1;
	path[len > 0 ? len : 0] = '\0';
	if (len < 4 || strcmp(path + len - 4, "-wal") != 0)
		return (int)syscall(call, fd);
	disk->what = WORKS;
	if (what == IS_REPLACED) {
		replace(path);
		return (int)syscall(call, fd);
	}
	errno = disk->cause;
	return -1;
}

int
fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}
