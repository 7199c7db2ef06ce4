#include "ca/front/cosigned.h"

#include "libpki/base/file.h"
#include "libpki/host/conf_log.h"

static enum pki_status
read_note(const struct pki_conf *conf, const char *name, struct pki_buf *out,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(conf->publish, name, path, err));
	return pki_file_exists(path) ? pki_file_read(path, PKI_NOTE_MAX, out, err)
				     : PKI_OK;
}

/* Appends the witnesses' lines that note has and published lacks. Invalid lines are
 * ignored: the note comes from a process that is connected to the network. */
static enum pki_status
new_lines(const struct pki_conf *conf, struct pki_bytes published, struct pki_bytes note,
	struct pki_buf *out, struct pki_err *err)
{
	for (size_t i = 0; i < conf->log->witness_count; i++) {
		const char *vkey = conf->log->witnesses[i].vkey;
		bool found = false;
		pki_time at;
		if (pki_checkpoint_cosigned(published, vkey, &at, &found, NULL) !=
				PKI_OK ||
			found)
			continue;
		if (pki_note_pick(note, PKI_NOTE_WITNESS, vkey, out, &found, NULL) ==
			PKI_MEMORY)
			return pki_fail(err, PKI_MEMORY, "cosignatures");
	}
	return PKI_OK;
}

enum pki_status
cosigned_merge(const struct pki_conf *conf, struct pki_err *err)
{
	char path[PATH_MAX];
	struct pki_bytes ours = { 0 }, theirs = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf published = { 0 }, note = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf lines = { 0 };
	PKI_TRY(read_note(conf, "witness/checkpoint", &note, err));
	PKI_TRY(read_note(conf, "log/checkpoint", &published, err));
	if (pki_note_text(pki_buf_bytes(&published), &ours, NULL) != PKI_OK ||
		pki_note_text(pki_buf_bytes(&note), &theirs, NULL) != PKI_OK ||
		!pki_bytes_equal(ours.data, ours.len, theirs.data, theirs.len))
		return PKI_OK;
	PKI_TRY(new_lines(
		conf, pki_buf_bytes(&published), pki_buf_bytes(&note), &lines, err));
	if (lines.len == 0)
		return PKI_OK;
	PKI_TRY(pki_buf_append(&published, lines.data, lines.len, err));
	PKI_TRY(pki_conf_path(conf->publish, "log/checkpoint", path, err));
	return pki_file_publish(path, published.data, published.len, 0644, err);
}
