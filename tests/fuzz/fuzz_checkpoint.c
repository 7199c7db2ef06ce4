/* Signed notes and entry bundles. */
#include <string.h>

#include "libpki/state/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char vkey[] =
		"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
	struct pki_bytes note = { data, size }, entry;
	struct pki_checkpoint parsed, opened;
	struct pki_err err = { 0 };
	enum pki_status status = pki_checkpoint_parse(note, &parsed, &err);
	if (status == PKI_OK && strlen(parsed.origin) == 0)
		abort();
	struct pki_err other = { 0 };
	if (pki_checkpoint_open(note, vkey, &opened, &other) == PKI_OK &&
		(status != PKI_OK || opened.size != parsed.size))
		abort();
	/* of a witness too: what is picked is a line of the note */
	static const char witness[] =
		"court.example.test/w1+e18a74b2+BKYh872sZ+r+dw7fdYe8asGBpFXUugE1V4J3cY+7Tljn";
	PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
	bool found = false;
	if (pki_note_pick(note, PKI_NOTE_WITNESS, witness, &line, &found, NULL) ==
			PKI_OK &&
		found &&
		(line.len == 0 || memmem(data, size, line.data, line.len) == NULL))
		abort();
	struct pki_bytes rest = note;
	size_t total = 0;
	while (pki_log_next_entry(&rest, &entry))
		total += 2 + entry.len;
	if (total + rest.len != size)
		abort();
	return 0;
}
