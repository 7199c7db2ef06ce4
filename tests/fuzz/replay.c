/* Runs a fuzz target over the files named on the command line: the corpus as a regression
 * test, with any compiler. */
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Beyond every parser's own limit. */
#define REPLAY_MAX ((size_t)4 << 20)

static int
replay(const char *path)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf buf = { 0 };
	struct pki_err err = { 0 };
	if (pki_file_read(path, REPLAY_MAX, &buf, &err) != PKI_OK) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		return 1;
	}
	/* an allocation of the very size, so that a sanitizer sees the first octet too many
	 */
	PKI_CLEANUP(pki_free_ptr) uint8_t *exact = malloc(buf.len + (buf.len == 0));
	if (exact == NULL)
		return 1;
	if (buf.len != 0)
		memcpy(exact, buf.data, buf.len);
	LLVMFuzzerTestOneInput(exact, buf.len);
	return 0;
}

int
main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	return failed;
}
