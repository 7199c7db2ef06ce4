#include "witness/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "libpki/base/file.h"

#define NOTES "checkpoints.json"
#define VKEY "vkey"
#define LOCK "lock"
/* Far more than all notes take: each has two signatures, or more if the log wrote some. */
#define NOTES_MAX ((size_t)(WITNESS_LOGS_MAX + 1) * 2 * PKI_NOTE_MAX)

enum pki_status
state_create(const struct witness_conf *conf, struct pki_bytes pass, struct pki_buf *vkey,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_TRY(pki_key_generate(PKI_ALG_ED25519, &key, err));
	PKI_TRY(pki_note_vkey(PKI_NOTE_WITNESS, conf->name, key, vkey, err));
	PKI_TRY(pki_file_mkdirs(conf->state, 0700, err));
	PKI_TRY(pki_key_seal(key, conf->key, pass, err));
	PKI_TRY(witness_conf_path(conf, VKEY, path, err));
	PKI_TRY(pki_file_create(path, vkey->data, vkey->len, 0644, err));
	PKI_TRY(witness_conf_path(conf, NOTES, path, err));
	return pki_file_create(path, "{}", 2, 0644, err);
}

static enum pki_status
tampered(const char *origin, const char *what, struct pki_err *err)
{
	pki_err_object(err, "%s", origin);
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_WITNESS,
		"%s; a witness that does not know what it cosigned must not go on: give logs and verifiers a new key",
		what);
}

enum pki_status
state_latest(const struct witness *witness, const char *origin, struct pki_checkpoint *cp,
	pki_time *at, struct pki_err *err)
{
	struct pki_err own = { 0 };
	const json_t *note = json_object_get(witness->notes, origin);
	*at = 0;
	*cp = (struct pki_checkpoint){ 0 };
	if (note == NULL)
		return pki_merkle_root(0, NULL, &cp->root, err);
	const char *text = json_string_value(note);
	if (text == NULL)
		return tampered(origin, "is no note", err);
	struct pki_bytes bytes = { (const uint8_t *)text, strlen(text) };
	if (pki_checkpoint_parse(bytes, cp, &own) != PKI_OK ||
		pki_checkpoint_cosigned(bytes, (const char *)witness->vkey.data, at, NULL,
			&own) != PKI_OK)
		return tampered(origin, own.msg, err);
	if (strcmp(cp->origin, origin) != 0)
		return tampered(origin, "is a checkpoint of another log", err);
	return PKI_OK;
}

static enum pki_status
check_notes(struct witness *witness, struct pki_err *err)
{
	const char *origin;
	json_t *note;
	struct pki_checkpoint cp;
	pki_time at = 0;
	json_object_foreach (witness->notes, origin, note) {
		PKI_TRY(state_latest(witness, origin, &cp, &at, err));
		witness->last = at > witness->last ? at : witness->last;
	}
	return PKI_OK;
}

enum pki_status
state_read(const struct witness_conf *conf, struct witness *out, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	out->conf = conf;
	PKI_TRY(witness_conf_path(conf, VKEY, path, err));
	PKI_TRY(pki_file_read(path, WITNESS_VKEY_TEXT, &out->vkey, err));
	PKI_TRY(witness_conf_path(conf, NOTES, path, err));
	if (!pki_file_exists(path)) {
		pki_err_object(err, "%s", path);
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_WITNESS,
			"is not there: a witness that forgot what it cosigned must not go on; init another, with a new key");
	}
	PKI_TRY(pki_file_read(path, NOTES_MAX, &file, err));
	enum pki_status status = pki_json_parse(pki_buf_bytes(&file), &out->notes, err);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", path);
		return status;
	}
	return check_notes(out, err);
}

static enum pki_status
lock_state(struct witness *witness, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(witness_conf_path(witness->conf, LOCK, path, err));
	witness->file_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (witness->file_lock < 0)
		return pki_fail_errno(err, PKI_IO, errno, "%s", path);
	if (flock(witness->file_lock, LOCK_EX | LOCK_NB) != 0)
		return pki_fail(
			err, PKI_LOCKED, "another process has %s", witness->conf->state);
	return PKI_OK;
}

static enum pki_status
open_key(struct witness *witness, struct pki_bytes pass, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	const struct witness_conf *conf = witness->conf;
	PKI_TRY(pki_key_open(conf->key, pass, &witness->key, err));
	PKI_TRY(pki_note_vkey(PKI_NOTE_WITNESS, conf->name, witness->key, &vkey, err));
	if (!pki_bytes_equal(vkey.data, vkey.len, witness->vkey.data, witness->vkey.len))
		return pki_fail(err, PKI_CONFIG,
			"name and key are not those of %s/" VKEY
			"; a witness keeps both for good",
			conf->state);
	return PKI_OK;
}

enum pki_status
state_open(const struct witness_conf *conf, struct pki_bytes pass, struct witness *out,
	struct pki_err *err)
{
	out->conf = conf;
	out->now = pki_time_now;
	PKI_TRY(lock_state(out, err));
	PKI_TRY(state_read(conf, out, err));
	PKI_TRY(open_key(out, pass, err));
	if (pki_time_now() < out->last)
		return pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
			"the clock is %lld s behind the last cosignature; set it right",
			(long long)(out->last - pki_time_now()));
	if (pthread_mutex_init(&out->lock, NULL) != 0)
		return pki_fail(err, PKI_INTERNAL, "a lock");
	return PKI_OK;
}

void
state_close(struct witness *witness)
{
	pki_monitor_stop(witness->monitor);
	pki_key_free(witness->key);
	pki_buf_free(&witness->vkey);
	json_decref(witness->notes);
	if (witness->file_lock > 0)
		close(witness->file_lock);
}

enum pki_status
state_keep(struct witness *witness, const char *origin, struct pki_bytes cosigned,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *next = json_copy(witness->notes);
	PKI_TRY(witness_conf_path(witness->conf, NOTES, path, err));
	if (json_object_set_new(next, origin,
		    json_stringn((const char *)cosigned.data, cosigned.len)) != 0)
		return pki_fail(err, PKI_MEMORY, "a checkpoint");
	PKI_TRY(pki_json_dump(next, &file, err));
	PKI_TRY(pki_file_publish(path, file.data, file.len, 0644, err));
	json_decref(witness->notes);
	witness->notes = next;
	next = NULL;
	return PKI_OK;
}

static enum pki_status
fork_path(const struct witness_conf *conf, const char *origin, char out[PATH_MAX],
	struct pki_err *err)
{
	char digest[PKI_SHA256_HEX], name[sizeof "fork-.note" + 16];
	PKI_TRY(pki_sha256_hex(origin, strlen(origin), digest, err));
	snprintf(name, sizeof name, "fork-%.16s.note", digest);
	return witness_conf_path(conf, name, out, err);
}

bool
state_forked(const struct witness_conf *conf, const char *origin)
{
	char path[PATH_MAX];
	return fork_path(conf, origin, path, NULL) == PKI_OK && pki_file_exists(path);
}

enum pki_status
state_keep_fork(const struct witness *witness, const char *origin, struct pki_bytes note,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(fork_path(witness->conf, origin, path, err));
	if (pki_file_exists(path))
		return PKI_OK;
	return pki_file_create(path, note.data, note.len, 0644, err);
}
