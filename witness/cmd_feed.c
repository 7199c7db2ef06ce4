/*
 * Beside the log: collects cosignatures and time-stamps of published checkpoints. Each witness
 * has a thread, so that a hanging witness delays no further witness.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/host/conf_log.h"
#include "libpki/host/daemon.h"
#include "libpki/host/report.h"
#include "libpki/host/sandbox.h"
#include "libpki/host/worker.h"
#include "witness/cmd.h"
#include "witness/cosigner.h"
#include "witness/stamp.h"
#include "witness/state.h"

/* How soon a new checkpoint is seen. */
#define LOOK_MSEC 100
/* Pauses between attempts at a failing witness. */
#define BACKOFF_MSEC 1000
#define BACKOFF_MAX_MSEC 10000
#define STAMP_BACKOFF_MAX_MSEC 60000

/* A witness and the witness's thread; or the thread for time-stamps. */
struct feeder {
	struct feed *feed;
	const struct pki_witness *conf;
	char file[PATH_MAX]; /* the last checkpoint with the witness's cosignature */
	uint64_t known; /* the size of the witness's last cosignature */
	struct pki_report report;
	struct pki_worker worker;
};

struct feed {
	struct pki_conf *conf;
	char log_dir[PATH_MAX];
	char folder[PATH_MAX]; /* below the public folder, for all files of the feed */
	char file[PATH_MAX];
	struct pki_buf vkey;
	pthread_mutex_t lock; /* of generation, note, checkpoint */
	unsigned generation; /* of the checkpoint */
	struct pki_buf note; /* text, the log's line, the cosignatures so far */
	struct pki_checkpoint checkpoint;
	struct feeder feeders[PKI_WITNESSES_MAX];
	struct feeder stamper;
	char stamp_dir[PATH_MAX];
	struct pki_buf trust;
	bool stamps;
};

static bool
same_text(struct pki_bytes a, struct pki_bytes b)
{
	struct pki_bytes x, y;
	return pki_note_text(a, &x, NULL) == PKI_OK &&
	       pki_note_text(b, &y, NULL) == PKI_OK &&
	       pki_bytes_equal(x.data, x.len, y.data, y.len);
}

/* The note's text and the log's signature line, appended. */
static enum pki_status
copy_signed(const struct feed *feed, struct pki_bytes note, struct pki_buf *out,
	struct pki_err *err)
{
	struct pki_bytes text;
	PKI_TRY(pki_note_text(note, &text, err));
	PKI_TRY(pki_buf_append(out, text.data, text.len, err));
	PKI_TRY(pki_buf_append(out, "\n", 1, err));
	return pki_note_pick(
		note, PKI_NOTE_LOG, (const char *)feed->vkey.data, out, NULL, err);
}

/* Of the published note: text, the log's line, and the lines of the configured witnesses. */
static enum pki_status
copy_cosigned(const struct feed *feed, struct pki_bytes published, struct pki_buf *out,
	struct pki_err *err)
{
	PKI_TRY(copy_signed(feed, published, out, err));
	for (size_t i = 0; i < feed->conf->log->witness_count; i++) {
		bool found = false;
		if (pki_note_pick(published, PKI_NOTE_WITNESS,
			    feed->conf->log->witnesses[i].vkey, out, &found,
			    NULL) == PKI_MEMORY)
			return pki_fail(err, PKI_MEMORY, "a checkpoint");
	}
	return PKI_OK;
}

/* Look for a new checkpoint. */
static enum pki_status
look(struct feed *feed, struct pki_err *err)
{
	char path[PATH_MAX];
	struct pki_checkpoint cp;
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 }, note = { 0 };
	PKI_TRY(pki_conf_path(feed->log_dir, "checkpoint", path, err));
	PKI_TRY(pki_file_read(path, PKI_NOTE_MAX, &file, err));
	pthread_mutex_lock(&feed->lock);
	bool known = same_text(pki_buf_bytes(&file), pki_buf_bytes(&feed->note));
	pthread_mutex_unlock(&feed->lock);
	if (known)
		return PKI_OK;
	PKI_TRY(copy_cosigned(feed, pki_buf_bytes(&file), &note, err));
	PKI_TRY(pki_checkpoint_open(
		pki_buf_bytes(&note), (const char *)feed->vkey.data, &cp, err));
	pthread_mutex_lock(&feed->lock);
	struct pki_buf old = feed->note;
	feed->note = note;
	note = old;
	feed->checkpoint = cp;
	bool first = feed->generation++ == 0;
	pthread_mutex_unlock(&feed->lock);
	for (size_t i = 0; i < feed->conf->log->witness_count; i++)
		pki_worker_wake(&feed->feeders[i].worker);
	/* time-stamps have a pace of their own */
	if (first && feed->stamps)
		pki_worker_wake(&feed->stamper.worker);
	return PKI_OK;
}

/* Add a line to the checkpoint, unless a newer checkpoint is there by now. */
static enum pki_status
publish_line(struct feed *feed, unsigned generation, const struct pki_buf *line,
	struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	pthread_mutex_lock(&feed->lock);
	if (feed->generation == generation) {
		status = pki_buf_append(&feed->note, line->data, line->len, err);
		if (status == PKI_OK)
			status = pki_file_publish(
				feed->file, feed->note.data, feed->note.len, 0644, err);
	}
	pthread_mutex_unlock(&feed->lock);
	return status;
}

/* Even after a newer checkpoint: a cosignature covers all earlier entries. */
static enum pki_status
publish_own(const struct feeder *feeder, const struct pki_buf *note, struct pki_err *err)
{
	return pki_file_publish(feeder->file, note->data, note->len, 0644, err);
}

/* Have the present checkpoint cosigned. */
static enum pki_status
cosign(struct feeder *feeder, struct pki_err *err)
{
	struct feed *feed = feeder->feed;
	pki_time at;
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 }, line = { 0 };
	struct cosigning cosigning = { .witness = feeder->conf,
		.log_dir = feed->log_dir,
		.stop = &feeder->worker.stop };
	pthread_mutex_lock(&feed->lock);
	enum pki_status status =
		pki_buf_append(&note, feed->note.data, feed->note.len, err);
	cosigning.checkpoint = feed->checkpoint;
	unsigned generation = feed->generation;
	pthread_mutex_unlock(&feed->lock);
	PKI_TRY(status);
	cosigning.note = pki_buf_bytes(&note);
	if (pki_checkpoint_cosigned(
		    cosigning.note, feeder->conf->vkey, &at, NULL, NULL) == PKI_OK)
		return publish_own(feeder, &note, err);
	PKI_TRY(cosigner_call(&cosigning, &feeder->known, &line, err));
	PKI_TRY(pki_buf_append(&note, line.data, line.len, err));
	PKI_TRY(publish_own(feeder, &note, err));
	return publish_line(feed, generation, &line, err);
}

static enum pki_status
witness_job(void *ctx, long *wait_msec, struct pki_err *err)
{
	*wait_msec = PKI_WAIT_FOREVER;
	return cosign(ctx, err);
}

/* The present checkpoint with the log's signature alone. */
static enum pki_status
log_note(struct feed *feed, struct pki_buf *out, struct stamping *stamping,
	struct pki_err *err)
{
	pthread_mutex_lock(&feed->lock);
	enum pki_status status = copy_signed(feed, pki_buf_bytes(&feed->note), out, err);
	stamping->size = feed->checkpoint.size;
	pthread_mutex_unlock(&feed->lock);
	stamping->note = pki_buf_bytes(out);
	return status;
}

static enum pki_status
stamp(struct feed *feed, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct stamping stamping = {
		.conf = &feed->conf->log->timestamp,
		.trust = pki_buf_bytes(&feed->trust),
		.folder = feed->stamp_dir,
		.stop = &feed->stamper.worker.stop,
	};
	PKI_TRY(log_note(feed, &note, &stamping, err));
	return stamp_checkpoint(&stamping, err);
}

static enum pki_status
stamp_job(void *ctx, long *wait_msec, struct pki_err *err)
{
	const struct feeder *stamper = ctx;
	*wait_msec = (long)stamper->feed->conf->log->timestamp.every * 1000;
	return stamp(stamper->feed, err);
}

/* The worker's first pass follows the first checkpoint. */
static enum pki_status
open_worker(
	struct feeder *feeder, pki_worker_job *job, long backoff_max, struct pki_err *err)
{
	const struct pki_worker_config config = {
		.name = "the feed",
		.job = job,
		.ctx = feeder,
		.backoff = { BACKOFF_MSEC, backoff_max, 0 },
		.report = &feeder->report,
		.waits = true,
	};
	pki_report_init(&feeder->report, WITNESS_PROGRAM, NULL);
	return pki_worker_init(&feeder->worker, &config, err);
}

static enum pki_status
stamp_open(struct feed *feed, struct pki_err *err)
{
	feed->stamps = feed->conf->log->timestamp.url[0] != '\0';
	feed->stamper = (struct feeder){ .feed = feed };
	if (!feed->stamps)
		return PKI_OK;
	PKI_TRY(pki_file_read(feed->conf->log->timestamp.certificates, PKI_FILE_MAX,
		&feed->trust, err));
	PKI_TRY(pki_conf_path(feed->folder, "timestamps", feed->stamp_dir, err));
	PKI_TRY(pki_file_mkdirs(feed->stamp_dir, 0755, err));
	return open_worker(&feed->stamper, stamp_job, STAMP_BACKOFF_MAX_MSEC, err);
}

static enum pki_status
feed_open(struct feed *feed, const char *config, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_load(config, &feed->conf, err));
	if (feed->conf->log->witness_count == 0 &&
		feed->conf->log->timestamp.url[0] == '\0')
		return pki_fail(err, PKI_CONFIG,
			"the configuration names no witness and no time-stamping authority; add log.witnesses or log.timestamp");
	PKI_TRY(pki_conf_path(feed->conf->publish, "log", feed->log_dir, err));
	PKI_TRY(pki_conf_path(feed->conf->publish, "witness", feed->folder, err));
	PKI_TRY(pki_conf_path(feed->folder, "checkpoint", feed->file, err));
	PKI_TRY(pki_conf_path(feed->log_dir, "vkey", path, err));
	PKI_TRY(pki_file_read(path, PKI_VKEY_TEXT, &feed->vkey, err));
	PKI_TRY(pki_file_mkdirs(feed->folder, 0755, err));
	PKI_TRY(stamp_open(feed, err));
	pthread_mutex_init(&feed->lock, NULL);
	for (size_t i = 0; i < feed->conf->log->witness_count; i++) {
		feed->feeders[i] = (struct feeder){ .feed = feed,
			.conf = &feed->conf->log->witnesses[i] };
		PKI_TRY(pki_conf_witness_path(feed->conf, i, feed->feeders[i].file, err));
		PKI_TRY(open_worker(
			&feed->feeders[i], witness_job, BACKOFF_MAX_MSEC, err));
	}
	const char *writable[] = { feed->folder, NULL };
	const char *readable[] = { feed->conf->publish, NULL };
	return pki_sandbox_enter(PKI_SANDBOX_CLIENT, writable, readable, err);
}

static void
feed_close(struct feed *feed)
{
	for (size_t i = 0; i < PKI_WITNESSES_MAX; i++)
		pki_worker_stop(&feed->feeders[i].worker);
	for (size_t i = 0; i < PKI_WITNESSES_MAX; i++)
		pki_worker_free(&feed->feeders[i].worker);
	pki_worker_free(&feed->stamper.worker);
	pki_buf_free(&feed->vkey);
	pki_buf_free(&feed->note);
	pki_buf_free(&feed->trust);
	pki_conf_free(feed->conf);
}

static enum pki_status
cosign_once(struct feed *feed, struct pki_err *err)
{
	size_t missing = 0, count = feed->conf->log->witness_count;
	for (size_t i = 0; i < count; i++) {
		struct pki_err own = { 0 };
		if (cosign(&feed->feeders[i], &own) != PKI_OK) {
			pki_report_error(WITNESS_PROGRAM, &own);
			missing++;
		}
	}
	return missing == 0
		       ? PKI_OK
		       : pki_fail(err, PKI_UNAVAILABLE,
				 "%zu of %zu witnesses did not cosign", missing, count);
}

/* Without threads. */
static enum pki_status
feed_once(struct feed *feed, struct pki_err *err)
{
	struct pki_err own = { 0 };
	enum pki_status status = PKI_OK;
	PKI_TRY(look(feed, err));
	enum pki_status cosigned = cosign_once(feed, &own);
	if (feed->stamps) {
		struct pki_err unstamped = { 0 };
		if (stamp(feed, &unstamped) != PKI_OK) {
			pki_report_error(WITNESS_PROGRAM, &unstamped);
			status = pki_fail(err, PKI_UNAVAILABLE, "no time-stamp came");
		}
	}
	return cosigned == PKI_OK ? status : pki_err_move(err, &own);
}

/* Until SIGTERM or SIGINT. */
static void
watch(struct feed *feed, const sigset_t *signals)
{
	struct pki_report report = PKI_REPORT(WITNESS_PROGRAM, NULL);
	do {
		struct pki_err err = { 0 };
		if (look(feed, &err) != PKI_OK)
			pki_report_trouble(&report, &err);
		else
			pki_report_end(&report);
	} while (!pki_daemon_wait(signals, LOOK_MSEC));
}

static enum pki_status
feed_serve(struct feed *feed, struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	sigset_t signals;
	pki_daemon_signals(&signals);
	for (size_t i = 0; i < feed->conf->log->witness_count && status == PKI_OK; i++)
		status = pki_worker_start(&feed->feeders[i].worker, err);
	if (status == PKI_OK && feed->stamps)
		status = pki_worker_start(&feed->stamper.worker, err);
	if (status == PKI_OK) {
		fprintf(stderr, WITNESS_PROGRAM ": feeding %zu witnesses%s, sandbox %s\n",
			feed->conf->log->witness_count,
			feed->stamps ? " and a time-stamping authority" : "",
			pki_sandbox_text());
		watch(feed, &signals);
	}
	return status;
}

enum pki_status
witness_cmd_feed(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(pki_free_ptr) struct feed *feed = calloc(1, sizeof *feed);
	if (feed == NULL)
		return pki_fail(err, PKI_MEMORY, "feed");
	signal(SIGPIPE, SIG_IGN);
	enum pki_status status = feed_open(feed, pki_arg(args, "config"), err);
	if (status == PKI_OK)
		status = pki_arg_flag(args, "once") ? feed_once(feed, err)
						    : feed_serve(feed, err);
	feed_close(feed);
	return status;
}
