#include "tools/audit/early.h"

#include "libpki/base/file.h"
#include "libpki/host/conf.h"

static const char *const names[EARLY_COUNT] = {
	[EARLY_CHECKPOINT] = "log/checkpoint",
	[EARLY_COSIGNED] = "witness/checkpoint",
	[EARLY_RESPONDER] = "ocsp.pem",
};

void
early_read(struct early *early, const char *dir)
{
	char path[PATH_MAX];
	early->dir = dir;
	for (size_t i = 0; i < EARLY_COUNT; i++) {
		struct pki_err *err = &early->files[i].err;
		if (pki_conf_path(dir, names[i], path, err) != PKI_OK)
			continue;
		early->files[i].exists = pki_file_exists(path);
		(void)!pki_file_read(path, PKI_FILE_MAX, &early->files[i].content, err);
	}
}

void
early_free(struct early *early)
{
	for (size_t i = 0; i < EARLY_COUNT; i++)
		pki_buf_free(&early->files[i].content);
}

bool
early_exists(const struct early *early, enum early_file which)
{
	return early->files[which].exists;
}

enum pki_status
early_get(const struct early *early, enum early_file which, char path[PATH_MAX],
	struct pki_bytes *out, struct pki_err *err)
{
	struct pki_err own = early->files[which].err;
	PKI_TRY(pki_conf_path(early->dir, names[which], path, err));
	*out = pki_buf_bytes(&early->files[which].content);
	return pki_err_move(err, &own);
}
