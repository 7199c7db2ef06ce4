/*
 * All cosigned checkpoints: for each log the latest checkpoint with the witness's cosignature.
 * They are in a single file, which is replaced before a cosignature is sent. Only one process
 * may write the file.
 */
#ifndef WITNESS_STATE_H
#define WITNESS_STATE_H

#include <pthread.h>

#include "libpki/base/json.h"
#include "libpki/host/monitor.h"
#include "libpki/tlog/note.h"
#include "witness/conf.h"

#define WITNESS_PROGRAM "pki-witness"

struct witness {
	const struct witness_conf *conf;
	struct pki_key *key;
	struct pki_buf vkey; /* the verifier key, written by `init` */
	struct pki_monitor *monitor; /* NULL: no page for operators */
	int file_lock;
	pthread_mutex_t lock; /* of all below */
	json_t *notes; /* by origin, as in the file */
	pki_time last; /* the youngest cosignature */
	bool failing; /* the last cosignature could not be kept */
	pki_time (*now)(void); /* pki_time_now(); tests replace the function */
};

/* The work of `init`: key, verifier key, an empty file. STATE if any of the files exists. */
enum pki_status state_create(const struct witness_conf *conf, struct pki_bytes pass,
	struct pki_buf *vkey, struct pki_err *err) PKI_MUST_CHECK;
/* File and verifier key, without the key: any process may. TAMPERED: a note in the file has no
 * cosignature of this witness. */
enum pki_status state_read(const struct witness_conf *conf, struct witness *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The key too. LOCKED: another process has the state. CLOCK: the clock is behind the last
 * cosignature. */
enum pki_status state_open(const struct witness_conf *conf, struct pki_bytes pass,
	struct witness *out, struct pki_err *err) PKI_MUST_CHECK;
void state_close(struct witness *witness);
/* The latest checkpoint of a log, and the time of the cosignature; size and time 0: none
 * yet. */
enum pki_status state_latest(const struct witness *witness, const char *origin,
	struct pki_checkpoint *cp, pki_time *at, struct pki_err *err) PKI_MUST_CHECK;
/* Replace the latest checkpoint of a log, on disk first. */
enum pki_status state_keep(struct witness *witness, const char *origin,
	struct pki_bytes cosigned, struct pki_err *err) PKI_MUST_CHECK;
/* Keep the proof that a log signed two trees of equal size; each log's first proof stays. */
enum pki_status state_keep_fork(const struct witness *witness, const char *origin,
	struct pki_bytes note, struct pki_err *err) PKI_MUST_CHECK;
/* Does a proof exist? */
bool state_forked(const struct witness_conf *conf, const char *origin);

#endif
