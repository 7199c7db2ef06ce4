/* Bodies of POST /v1/events, up to the log's entry; errors back as a client reads them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/front/write_records.h"
#include "libpki/host/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AT ((pki_msec)1795312000000)

static struct pki_ledger *
throw_away(void)
{
	char dir[] = "/tmp/pki-fuzz.XXXXXX", path[sizeof dir + 16];
	struct pki_ledger *ledger = NULL;
	struct pki_err err = { 0 };
	static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof path, "%s/ledger.db", dir);
	if (pki_ledger_open(path, PKI_LEDGER_CREATE, &ledger, &err) != PKI_OK ||
		pki_ledger_begin(ledger, &err) != PKI_OK)
		abort();
	for (size_t i = 0; i < PKI_COUNT(ends); i++) {
		snprintf(path, sizeof path, "%s/ledger.db%s", dir, ends[i]);
		unlink(path);
	}
	rmdir(dir);
	return ledger;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct writer writer = { .now = AT };
	struct job job = { .kind = JOB_EVENT };
	struct pki_err err = { 0 };
	if (writer.ledger == NULL)
		writer.ledger = throw_away();
	if (pki_json_parse((struct pki_bytes){ data, size }, &job.input, &err) ==
		PKI_OK) {
		if (pki_ledger_mark(writer.ledger, &err) != PKI_OK)
			abort();
		(void)!write_event(&writer, &job, &err);
		pki_ledger_undo(writer.ledger);
	}
	if (err.status != PKI_OK) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
		struct pki_err fail = { 0 };
		unsigned code = 0;
		if (pki_api_error_body(&err, &body, &code, &fail) != PKI_OK || code < 400)
			abort();
	}
	pki_json_free(&job.reply);
	json_decref(job.input);
	return 0;
}
