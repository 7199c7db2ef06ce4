/* A witness of transparency logs, C2SP tlog-witness: the parts of pki-witness. */
#ifndef WITNESS_WITNESS_H
#define WITNESS_WITNESS_H

#include <pthread.h>

#include "libpki/host/cli.h"
#include "libpki/host/conf_log.h"
#include "libpki/host/http.h"
#include "libpki/host/monitor.h"
#include "libpki/host/report.h"
#include "libpki/tlog/note.h"
#include "witness/conf.h"

#define WITNESS_NAME "pki-witness"

/*
 * request.c: the body of add-checkpoint: "old N", hashes of a consistency proof, an empty line,
 * the checkpoint. Points into the body. INPUT if it is malformed.
 */
#define REQUEST_PROOF_MAX 63 /* C2SP tlog-witness */
/* "old N", the proof, a note */
#define REQUEST_MAX (32 + REQUEST_PROOF_MAX * (size_t)45 + 1 + PKI_NOTE_MAX)
/* With our cosignature and the log's, the text is still a note that can be read. */
#define REQUEST_NOTE_MAX (PKI_NOTE_MAX - 512)
struct request {
	uint64_t old;
	struct pki_proof proof;
	struct pki_bytes note;
	struct pki_checkpoint checkpoint; /* nobody's signature is verified yet */
};
enum pki_status request_parse(
	struct pki_bytes body, struct request *out, struct pki_err *err) PKI_MUST_CHECK;

/*
 * state.c: what was cosigned: for each log the latest checkpoint, with our cosignature, in one
 * file that is replaced before the cosignature is given away. One process alone has it.
 */
struct witness {
	const struct witness_conf *conf;
	struct pki_key *key;
	struct pki_buf vkey; /* the key's, as `init` wrote it */
	struct pki_monitor *monitor; /* NULL: nobody counts */
	int file_lock;
	pthread_mutex_t lock; /* from here on */
	json_t *notes; /* by origin, as in the file */
	pki_time last; /* our youngest cosignature */
	bool failing; /* the last one could not be kept */
	pki_time (*now)(void); /* pki_time_now(), but for tests */
};
/* What `init` makes: key, verifier key, an empty file. STATE if there is something already. */
enum pki_status state_create(const struct witness_conf *conf, struct pki_bytes pass,
	struct pki_buf *vkey, struct pki_err *err) PKI_MUST_CHECK;
/* The file and the verifier key, for all to read: a note that we did not cosign is TAMPERED. */
enum pki_status state_read(const struct witness_conf *conf, struct witness *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Also the key, and nobody else: LOCKED. CLOCK if the clock is behind what was cosigned. */
enum pki_status state_open(const struct witness_conf *conf, struct pki_bytes pass,
	struct witness *out, struct pki_err *err) PKI_MUST_CHECK;
void state_close(struct witness *witness);
/* Size and time of what was cosigned for a log; both 0: nothing yet. */
enum pki_status state_latest(const struct witness *witness, const char *origin,
	struct pki_checkpoint *cp, pki_time *at, struct pki_err *err) PKI_MUST_CHECK;
/* Is there a second checkpoint of one size that the log signed? */
bool state_forked(const struct witness_conf *conf, const char *origin);

/*
 * judge.c: cosign it or not (rule 85). The HTTP status; to body what is sent with it: with 200
 * our signature line, with 409 the size that we know; else *err says why.
 */
unsigned witness_add(struct witness *witness, const struct request *request,
	struct pki_buf *body, struct pki_err *err);
/* Replace what was cosigned for a log; state.c, for judge.c. The second keeps the proof that
 * a log signed two trees of one size, once for each log. */
enum pki_status state_keep(struct witness *witness, const char *origin,
	struct pki_bytes cosigned, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status state_keep_fork(const struct witness *witness, const char *origin,
	struct pki_bytes note, struct pki_err *err) PKI_MUST_CHECK;

/* monitor.c: the page for operators. */
enum pki_status monitor_listen(
	struct witness *witness, struct pki_err *err) PKI_MUST_CHECK;
void monitor_answer(struct witness *witness, unsigned code);
void monitor_log(struct witness *witness, const char *origin, uint64_t size, pki_time at);

/*
 * ask.c: beside the log: have one witness cosign a checkpoint, with the proof that it wants
 * from the log's published tiles. *known is the size that it cosigned last, as far as we know
 * (at first 0), and is learned from its answers. UNAVAILABLE, or TAMPERED if it has seen
 * another history or a longer one; appends its signature line, which is right.
 */
struct question {
	const struct pki_witness *witness;
	const char *log_dir;
	struct pki_bytes note;
	struct pki_checkpoint checkpoint;
	const atomic_bool *stop;
};
enum pki_status ask_witness(const struct question *question, uint64_t *known,
	struct pki_buf *line, struct pki_err *err) PKI_MUST_CHECK;

/*
 * stamp.c: have an authority date a checkpoint, and leave in folder its response, SIZE.tsr, and
 * the checkpoint, SIZE.note. Done already: OK. UNAVAILABLE, INPUT, LIMIT; TAMPERED if the
 * response is of something else, by somebody else, or of another time.
 */
struct stamping {
	const struct pki_timestamp *conf;
	struct pki_bytes trust; /* PEM */
	const char *folder;
	struct pki_bytes note; /* the log's signature alone */
	uint64_t size;
	const atomic_bool *stop;
};
enum pki_status stamp_checkpoint(
	const struct stamping *stamping, struct pki_err *err) PKI_MUST_CHECK;

/* init.c, serve.c, status.c, feed.c: commands */
enum pki_status init_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status serve_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status status_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status feed_run(const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
