/* Beside the log: collects cosignatures of what the log publishes. Each witness has a
 * thread of its own, so that one that hangs keeps no other waiting. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libpki/base/file.h"
#include "libpki/host/conf.h"
#include "libpki/host/daemon.h"
#include "libpki/host/sandbox.h"
#include "witness/witness.h"

/* How soon a new checkpoint is seen. */
#define LOOK_MSEC 100
/* Attempts at a witness that fails come this long after each other. */
#define BACKOFF_MSEC 1000
#define BACKOFF_MAX_MSEC 10000
#define STAMP_BACKOFF_MAX_MSEC 60000
#define TELL_MSEC 60000

struct asked {
	struct feed *feed;
	const struct pki_witness *conf;
	char file[PATH_MAX]; /* its last one */
	uint64_t known;
	enum pki_status last; /* told */
	pki_msec told;
	pthread_t thread;
	bool started;
};

struct feed {
	struct pki_conf conf;
	char log_dir[PATH_MAX];
	char folder[PATH_MAX]; /* ours, below the published one */
	char file[PATH_MAX];
	struct pki_buf vkey;
	atomic_bool stop;
	pthread_mutex_t lock; /* from here on */
	pthread_cond_t change;
	unsigned generation; /* of the checkpoint */
	struct pki_buf note; /* the log's line, and the cosignatures that there are */
	struct pki_checkpoint checkpoint;
	struct asked asked[PKI_WITNESSES_MAX];
	struct asked stamper;
	char stamp_dir[PATH_MAX];
	struct pki_buf trust;
	bool stamps;
};

static bool
same_text(struct pki_bytes a, struct pki_bytes b)
{
	struct pki_bytes x, y;
	struct pki_err none = { 0 };
	return pki_note_text(a, &x, &none) == PKI_OK &&
	       pki_note_text(b, &y, &none) == PKI_OK &&
	       pki_bytes_equal(x.data, x.len, y.data, y.len);
}

/* Of what is published: text, the log's line, and the lines of our witnesses. */
static enum pki_status
tidy(struct feed *feed, struct pki_bytes published, struct pki_buf *out,
	struct pki_err *err)
{
	struct pki_bytes text;
	PKI_TRY(pki_note_text(published, &text, err));
	PKI_TRY(pki_buf_append(out, text.data, text.len, err));
	PKI_TRY(pki_buf_append(out, "\n", 1, err));
	PKI_TRY(pki_note_pick(
		published, PKI_NOTE_LOG, (const char *)feed->vkey.data, out, NULL, err));
	for (size_t i = 0; i < feed->conf.witness_count; i++) {
		bool found = false;
		if (pki_note_pick(published, PKI_NOTE_WITNESS,
			    feed->conf.witnesses[i].vkey, out, &found,
			    NULL) == PKI_MEMORY)
			return pki_fail(err, PKI_MEMORY, "a checkpoint");
	}
	return PKI_OK;
}

/* Is there a new checkpoint? */
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
	PKI_TRY(tidy(feed, pki_buf_bytes(&file), &note, err));
	PKI_TRY(pki_checkpoint_open(
		pki_buf_bytes(&note), (const char *)feed->vkey.data, &cp, err));
	pthread_mutex_lock(&feed->lock);
	struct pki_buf old = feed->note;
	feed->note = note;
	note = old;
	feed->checkpoint = cp;
	feed->generation++;
	pthread_cond_broadcast(&feed->change);
	pthread_mutex_unlock(&feed->lock);
	return PKI_OK;
}

/* One more line for the checkpoint, unless there is a new one by now. */
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

/* Late or not: it counts for what the checkpoint covers. */
static enum pki_status
publish_own(const struct asked *asked, const struct pki_buf *note, struct pki_err *err)
{
	return pki_file_publish(asked->file, note->data, note->len, 0644, err);
}

/* What lasts is told once a minute. */
static void
tell(struct asked *asked, const struct pki_err *err)
{
	pki_msec now = pki_msec_now();
	if (err->status == asked->last && now < asked->told + TELL_MSEC)
		return;
	asked->last = err->status;
	asked->told = now;
	witness_report(err);
}

/* Have the present checkpoint cosigned; *generation is that. */
static enum pki_status
attempt(struct asked *asked, unsigned *generation, struct pki_err *err)
{
	struct feed *feed = asked->feed;
	pki_time at;
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 }, line = { 0 };
	struct question question = {
		.witness = asked->conf, .log_dir = feed->log_dir, .stop = &feed->stop
	};
	pthread_mutex_lock(&feed->lock);
	enum pki_status status =
		pki_buf_append(&note, feed->note.data, feed->note.len, err);
	question.checkpoint = feed->checkpoint;
	*generation = feed->generation;
	pthread_mutex_unlock(&feed->lock);
	PKI_TRY(status);
	question.note = pki_buf_bytes(&note);
	if (pki_checkpoint_cosigned(question.note, asked->conf->vkey, &at, NULL, NULL) ==
		PKI_OK)
		return publish_own(asked, &note, err);
	PKI_TRY(ask_witness(&question, &asked->known, &line, err));
	PKI_TRY(pki_buf_append(&note, line.data, line.len, err));
	PKI_TRY(publish_own(asked, &note, err));
	return publish_line(feed, *generation, &line, err);
}

/* Until there is an end; or msec have passed; or, msec 0, a new checkpoint is there. */
static void
pause_for(struct feed *feed, long msec, unsigned seen)
{
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += msec / 1000;
	end.tv_nsec += msec % 1000 * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&feed->lock);
	while (!atomic_load(&feed->stop) && (msec != 0 || feed->generation == seen)) {
		if (msec == 0)
			pthread_cond_wait(&feed->change, &feed->lock);
		else if (pthread_cond_timedwait(&feed->change, &feed->lock, &end) != 0)
			break;
	}
	pthread_mutex_unlock(&feed->lock);
}

static void *
work(void *arg)
{
	struct asked *asked = arg;
	struct feed *feed = asked->feed;
	long backoff = BACKOFF_MSEC;
	unsigned generation = 0;
	pause_for(feed, 0, 0);
	while (!atomic_load(&feed->stop)) {
		struct pki_err err = { 0 };
		if (attempt(asked, &generation, &err) == PKI_OK) {
			backoff = BACKOFF_MSEC;
			asked->last = PKI_OK;
			pause_for(feed, 0, generation);
			continue;
		}
		if (!atomic_load(&feed->stop))
			tell(asked, &err);
		pause_for(feed, backoff, 0);
		backoff = backoff * 2 < BACKOFF_MAX_MSEC ? backoff * 2 : BACKOFF_MAX_MSEC;
	}
	return NULL;
}

/* The present checkpoint, as the log signed it. */
static enum pki_status
log_note(struct feed *feed, struct pki_buf *out, struct stamping *stamping,
	struct pki_err *err)
{
	struct pki_bytes text;
	pthread_mutex_lock(&feed->lock);
	struct pki_bytes note = pki_buf_bytes(&feed->note);
	enum pki_status status = pki_note_text(note, &text, err);
	if (status == PKI_OK)
		status = pki_buf_append(out, text.data, text.len, err);
	if (status == PKI_OK)
		status = pki_buf_append(out, "\n", 1, err);
	if (status == PKI_OK)
		status = pki_note_pick(note, PKI_NOTE_LOG, (const char *)feed->vkey.data,
			out, NULL, err);
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
		.conf = &feed->conf.timestamp,
		.trust = pki_buf_bytes(&feed->trust),
		.folder = feed->stamp_dir,
		.stop = &feed->stop,
	};
	PKI_TRY(log_note(feed, &note, &stamping, err));
	return stamp_checkpoint(&stamping, err);
}

static void *
stamp_work(void *arg)
{
	struct asked *stamper = arg;
	struct feed *feed = stamper->feed;
	long backoff = BACKOFF_MSEC;
	pause_for(feed, 0, 0);
	while (!atomic_load(&feed->stop)) {
		struct pki_err err = { 0 };
		if (stamp(feed, &err) == PKI_OK) {
			backoff = BACKOFF_MSEC;
			stamper->last = PKI_OK;
			pause_for(feed, (long)feed->conf.timestamp.every * 1000, 0);
			continue;
		}
		if (!atomic_load(&feed->stop))
			tell(stamper, &err);
		pause_for(feed, backoff, 0);
		backoff = backoff * 2 < STAMP_BACKOFF_MAX_MSEC ? backoff * 2
							       : STAMP_BACKOFF_MAX_MSEC;
	}
	return NULL;
}

static enum pki_status
stamp_open(struct feed *feed, struct pki_err *err)
{
	feed->stamps = feed->conf.timestamp.url[0] != '\0';
	feed->stamper = (struct asked){ .feed = feed };
	if (!feed->stamps)
		return PKI_OK;
	PKI_TRY(pki_file_read(
		feed->conf.timestamp.certificates, PKI_FILE_MAX, &feed->trust, err));
	PKI_TRY(pki_conf_path(feed->folder, "timestamps", feed->stamp_dir, err));
	return pki_file_mkdirs(feed->stamp_dir, 0755, err);
}

static enum pki_status
feed_open(struct feed *feed, const char *config, struct pki_err *err)
{
	char path[PATH_MAX];
	pthread_condattr_t attr;
	PKI_TRY(pki_conf_load(config, &feed->conf, err));
	if (feed->conf.witness_count == 0 && feed->conf.timestamp.url[0] == '\0')
		return pki_fail(err, PKI_CONFIG,
			"the configuration names no witness and no time-stamping authority; add log.witnesses or log.timestamp");
	PKI_TRY(pki_conf_path(feed->conf.publish, "log", feed->log_dir, err));
	PKI_TRY(pki_conf_path(feed->conf.publish, "witness", feed->folder, err));
	PKI_TRY(pki_conf_path(feed->folder, "checkpoint", feed->file, err));
	PKI_TRY(pki_conf_path(feed->log_dir, "vkey", path, err));
	PKI_TRY(pki_file_read(path, PKI_VKEY_TEXT, &feed->vkey, err));
	PKI_TRY(pki_file_mkdirs(feed->folder, 0755, err));
	PKI_TRY(stamp_open(feed, err));
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&feed->change, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&feed->lock, NULL);
	for (size_t i = 0; i < feed->conf.witness_count; i++) {
		feed->asked[i] =
			(struct asked){ .feed = feed, .conf = &feed->conf.witnesses[i] };
		PKI_TRY(pki_conf_witness_path(&feed->conf, i, feed->asked[i].file, err));
	}
	const char *writable[] = { feed->folder, NULL };
	const char *readable[] = { feed->conf.publish, NULL };
	return pki_sandbox_enter(PKI_SANDBOX_CLIENT, writable, readable, err);
}

static void
feed_close(struct feed *feed)
{
	pki_buf_free(&feed->vkey);
	pki_buf_free(&feed->note);
	pki_buf_free(&feed->trust);
}

/* Without threads. */
static enum pki_status
feed_once(struct feed *feed, struct pki_err *err)
{
	size_t missing = 0;
	unsigned generation;
	PKI_TRY(look(feed, err));
	for (size_t i = 0; i < feed->conf.witness_count; i++) {
		struct pki_err own = { 0 };
		if (attempt(&feed->asked[i], &generation, &own) != PKI_OK) {
			witness_report(&own);
			missing++;
		}
	}
	struct pki_err unstamped = { 0 };
	if (feed->stamps && stamp(feed, &unstamped) != PKI_OK) {
		witness_report(&unstamped);
		(void)pki_fail(err, PKI_UNAVAILABLE, "no time-stamp came");
	}
	if (missing > 0)
		(void)pki_fail(err, PKI_UNAVAILABLE,
			"%zu of %zu witnesses did not cosign", missing,
			feed->conf.witness_count);
	return err->status;
}

/* Until SIGTERM or SIGINT. */
static void
watch(struct feed *feed, const sigset_t *signals)
{
	struct asked log = { 0 }; /* for what is told of it */
	do {
		struct pki_err err = { 0 };
		if (look(feed, &err) != PKI_OK)
			tell(&log, &err);
	} while (!pki_daemon_wait(signals, LOOK_MSEC));
}

static enum pki_status
begin(struct asked *asked, void *(*body)(void *), struct pki_err *err)
{
	int rc = pthread_create(&asked->thread, NULL, body, asked);
	asked->started = rc == 0;
	return rc == 0 ? PKI_OK : pki_fail_errno(err, PKI_INTERNAL, rc, "a thread");
}

static void
end(struct asked *asked)
{
	if (asked->started)
		pthread_join(asked->thread, NULL);
}

static enum pki_status
feed_serve(struct feed *feed, struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	sigset_t signals;
	pki_daemon_signals(&signals);
	for (size_t i = 0; i < feed->conf.witness_count && status == PKI_OK; i++)
		status = begin(&feed->asked[i], work, err);
	if (status == PKI_OK && feed->stamps)
		status = begin(&feed->stamper, stamp_work, err);
	if (status == PKI_OK) {
		fprintf(stderr, WITNESS_NAME ": feeding %zu witnesses%s, sandbox %s\n",
			feed->conf.witness_count,
			feed->stamps ? " and a time-stamping authority" : "",
			pki_sandbox_text());
		watch(feed, &signals);
	}
	pthread_mutex_lock(&feed->lock);
	atomic_store(&feed->stop, true);
	pthread_cond_broadcast(&feed->change);
	pthread_mutex_unlock(&feed->lock);
	for (size_t i = 0; i < feed->conf.witness_count; i++)
		end(&feed->asked[i]);
	end(&feed->stamper);
	return status;
}

enum pki_status
feed_run(const struct pki_args *args, void *ctx, struct pki_err *err)
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
