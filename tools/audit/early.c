#include <sys/stat.h>

#include "libpki/base/file.h"
#include "tools/audit/audit.h"

static const char *const names[SEEN_COUNT] = {
	[SEEN_LOG] = "log/checkpoint",
	[SEEN_WITNESSES] = "witness/checkpoint",
	[SEEN_RESPONDER] = "ocsp.pem",
};

void
seen_begin(struct audit *a)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < SEEN_COUNT; i++) {
		struct sighting *seen = &a->seen[i];
		if (pki_conf_path(a->place->publish, names[i], path, &seen->err) !=
			PKI_OK)
			continue;
		seen->there = pki_file_exists(path);
		(void)!pki_file_read(path, PKI_FILE_MAX, &seen->file, &seen->err);
	}
}

enum pki_status
seen_get(const struct audit *a, enum seen which, char path[PATH_MAX],
	struct pki_bytes *out, struct pki_err *err)
{
	const struct sighting *seen = &a->seen[which];
	PKI_TRY(pki_conf_path(a->place->publish, names[which], path, err));
	*out = pki_buf_bytes(&seen->file);
	if (seen->err.status != PKI_OK)
		*err = seen->err;
	return seen->err.status;
}

void
seen_free(struct audit *a)
{
	for (size_t i = 0; i < SEEN_COUNT; i++)
		pki_buf_free(&a->seen[i].file);
}

bool
seen_since(const struct audit *a, const char *path)
{
	struct stat st;
	const struct timespec *began = &a->started;
	return stat(path, &st) == 0 &&
	       (st.st_ctim.tv_sec > began->tv_sec ||
		       (st.st_ctim.tv_sec == began->tv_sec &&
			       st.st_ctim.tv_nsec > began->tv_nsec));
}
