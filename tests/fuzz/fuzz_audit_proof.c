/* pki-audit check-proof reads a stranger's file. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "tools/audit/commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The log in tests/fixtures/v1. */
static char vkey[] =
	"ca.example.test/log+f2f94026+AWxoydlReJ0WYHrg9N1UulKIh+EKjngAsfzB6ncud7VX";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pki_option options[] = { { "vkey", "KEY", "", 1 },
		{ "json", NULL, "", 0 }, { 0 } };
	static struct pki_args args = { .options = options, .operand_count = 1 };
	static char path[64];
	static int fd = -1;
	struct pki_err err = { 0 };
	if (fd < 0) {
		fd = memfd_create("proof", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (fd < 0 || freopen("/dev/null", "w", stdout) == NULL)
			abort();
		args.operands[0] = path;
		args.values[0][0] = vkey;
		args.counts[0] = 1;
	}
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
		pki_fd_write(fd, data, size, &err) != PKI_OK)
		abort();
	for (int json = 0; json < 2; json++) {
		err = (struct pki_err){ 0 };
		args.counts[1] = json;
		enum pki_status status = audit_cmd_check_proof(&args, NULL, &err);
		if (status != err.status || (status != PKI_OK && err.msg[0] == '\0'))
			abort();
	}
	return 0;
}
