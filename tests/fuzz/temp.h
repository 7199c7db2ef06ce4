/* A folder for a target's files, in /dev/shm if the system has it. Removed at the program's end. */
#ifndef TESTS_FUZZ_TEMP_H
#define TESTS_FUZZ_TEMP_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char temp_dir[32];

static inline int
temp_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
temp_end(void)
{
	(void)nftw(temp_dir, temp_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
temp_make(void)
{
	snprintf(temp_dir, sizeof temp_dir, "%s/pki-fuzz.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(temp_dir) == NULL || atexit(temp_end) != 0)
		abort();
	return temp_dir;
}

static inline const char *
temp_path(const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", temp_dir, name);
	return out;
}

#endif
