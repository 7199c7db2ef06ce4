/* What a witness cosigns and refuses, without HTTP: trees of a few entries, every pair of
 * sizes, threads, a state that cannot be kept. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/base/file.h"
#include "tests/unit/common/expect.h"
#include "witness/judge.h"
#include "witness/state.h"

#define ORIGIN "log.example.test/1"
#define NOW ((pki_time)1760000000) /* 2025: before any clock */
#define SIZE_MAX_TESTED 20u

static const struct pki_bytes pass = { (const uint8_t *)"pass", 4 };

static struct {
	char dir[32];
	struct witness_conf conf;
	struct witness w;
	struct pki_key *log;
} f;

static pki_time the_time;
static pki_time
test_clock(void)
{
	return the_time;
}

static int
set_up(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 }, made = { 0 };
	memset(&f, 0, sizeof f);
	strcpy(f.dir, "/tmp/pki-unit.XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	ok(pki_key_generate(PKI_ALG_ED25519, &f.log, &err));
	ok(pki_note_vkey(PKI_NOTE_LOG, ORIGIN, f.log, &vkey, &err));
	strcpy(f.conf.name, "court.example.test/w1");
	snprintf(f.conf.state, sizeof f.conf.state, "%s/w", f.dir);
	snprintf(f.conf.key, sizeof f.conf.key, "%s/w/key.pem", f.dir);
	strcpy(f.conf.logs[0].origin, ORIGIN);
	strcpy(f.conf.logs[0].vkey, (char *)vkey.data);
	f.conf.log_count = 1;
	ok(state_create(&f.conf, pass, &made, &err));
	ok(state_open(&f.conf, pass, &f.w, &err));
	f.w.now = test_clock;
	assert_string_equal((char *)made.data, (char *)f.w.vkey.data);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	char command[48];
	state_close(&f.w);
	pki_key_free(f.log);
	snprintf(command, sizeof command, "rm -rf %s", f.dir);
	return system(command);
}

/* As after a kill. */
static void
open_again(void)
{
	state_close(&f.w);
	memset(&f.w, 0, sizeof f.w);
	ok(state_open(&f.conf, pass, &f.w, &err));
	f.w.now = test_clock;
}

/* From entry `fork` on the tree is another one. */
static enum pki_status
read_hash(void *ctx, unsigned level, uint64_t index, struct pki_hash *out,
	struct pki_err *err)
{
	const uint64_t *fork = ctx;
	if (level == 0) {
		char text[40];
		int len = snprintf(text, sizeof text, "%s %d",
			index >= *fork ? "other" : "entry", (int)index);
		struct pki_bytes entry = { (const uint8_t *)text, (size_t)len };
		return pki_merkle_leaf(entry, out, err);
	}
	struct pki_hash left, right;
	PKI_TRY(read_hash(ctx, level - 1, index * 2, &left, err));
	PKI_TRY(read_hash(ctx, level - 1, index * 2 + 1, &right, err));
	return pki_merkle_node(&left, &right, out, err);
}

struct asked {
	struct request request;
	struct pki_buf note;
};

static void
asked_free(struct asked *asked)
{
	pki_buf_free(&asked->note);
}

static void
make(struct asked *out, struct pki_key *key, uint64_t old, uint64_t size, uint64_t fork)
{
	struct pki_merkle_source source = { read_hash, &fork };
	struct request *request = &out->request;
	memset(out, 0, sizeof *out);
	strcpy(request->checkpoint.origin, ORIGIN);
	request->checkpoint.size = size;
	request->old = old;
	ok(pki_merkle_root(size, &source, &request->checkpoint.root, &err));
	if (old > 0 && old < size)
		ok(pki_merkle_consistency(old, size, &source, &request->proof, &err));
	ok(pki_checkpoint_sign(&request->checkpoint, key, &out->note, &err));
	request->note = pki_buf_bytes(&out->note);
}

/* The status; *body: what came with it */
static unsigned
add(const struct asked *asked, pki_time now, struct pki_buf *body)
{
	struct pki_err err = { 0 };
	pki_buf_reset(body);
	the_time = now;
	return judge_checkpoint(&f.w, &asked->request, body, &err);
}

static unsigned
add_tree(uint64_t old, uint64_t size, uint64_t fork, pki_time now)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	make(&asked, f.log, old, size, fork);
	return add(&asked, now, &body);
}

static uint64_t
known_size(void)
{
	struct pki_checkpoint cp;
	pki_time at;
	ok(state_latest(&f.w, ORIGIN, &cp, &at, &err));
	return cp.size;
}

static void
r84_r85_cosigned(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	pki_time at = 0;
	make(&asked, f.log, 0, 7, UINT64_MAX);
	assert_int_equal(add(&asked, NOW, &body), 200);
	ok(pki_buf_append(&asked.note, body.data, body.len, &err));
	ok(pki_checkpoint_cosigned(
		pki_buf_bytes(&asked.note), (char *)f.w.vkey.data, &at, NULL, &err));
	assert_int_equal(at, NOW);
	assert_int_equal(f.w.last, NOW);
	open_again();
	assert_int_equal(known_size(), 7);
	assert_int_equal(f.w.last, NOW);
}

static void
r85_every_pair_of_sizes(void **state)
{
	(void)state;
	for (uint64_t old = 0; old < SIZE_MAX_TESTED; old++) {
		for (uint64_t size = old; size <= SIZE_MAX_TESTED; size++) {
			PKI_CLEANUP(pki_json_cleanup) json_t *kept = json_copy(f.w.notes);
			assert_int_equal(add_tree(old, size, UINT64_MAX, NOW), 200);
			assert_int_equal(known_size(), size);
			/* back to where it was, which only a test can */
			json_decref(f.w.notes);
			f.w.notes = json_incref(kept);
		}
		assert_int_equal(add_tree(old, old + 1, UINT64_MAX, NOW), 200);
	}
}

static void
r85_other_trees(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	assert_int_equal(add_tree(0, 11, UINT64_MAX, NOW), 200);
	for (uint64_t fork = 0; fork < 11; fork++)
		for (uint64_t size = 12; size < SIZE_MAX_TESTED; size++)
			assert_int_equal(add_tree(11, size, fork, NOW), 422);
	for (uint64_t old = 0; old <= SIZE_MAX_TESTED; old++)
		if (old != 11)
			assert_int_equal(
				add_tree(old, SIZE_MAX_TESTED, UINT64_MAX, NOW), 409);
	assert_false(state_forked(&f.conf, ORIGIN));
	make(&asked, f.log, 11, 11, 10);
	assert_int_equal(add(&asked, NOW, &body), 409);
	assert_string_equal((char *)body.data, "11\n");
	assert_true(state_forked(&f.conf, ORIGIN));
	assert_int_equal(known_size(), 11);
	/* a proof that is too long, one that is too short */
	asked_free(&asked);
	make(&asked, f.log, 11, 15, UINT64_MAX);
	asked.request.proof.count--;
	assert_int_equal(add(&asked, NOW, &body), 422);
	asked.request.proof.count += 2;
	assert_int_equal(add(&asked, NOW, &body), 422);
	asked.request.proof.count--;
	assert_int_equal(add(&asked, NOW, &body), 200);
	/* where none is due */
	asked.request.old = 15;
	assert_int_equal(add(&asked, NOW, &body), 422);
	asked.request.proof.count = 0;
	assert_int_equal(add(&asked, NOW, &body), 200);
}

/* The root of no entries is known to all. */
static void
r85_empty_trees(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	make(&asked, f.log, 0, 0, UINT64_MAX);
	asked.request.checkpoint.root.octets[0] ^= 1;
	pki_buf_reset(&asked.note);
	ok(pki_checkpoint_sign(&asked.request.checkpoint, f.log, &asked.note, &err));
	asked.request.note = pki_buf_bytes(&asked.note);
	assert_int_equal(add(&asked, NOW, &body), 409);
	assert_string_equal((char *)body.data, "0\n");
	assert_int_equal(add_tree(0, 0, UINT64_MAX, NOW), 200);
	assert_int_equal(add_tree(0, 3, UINT64_MAX, NOW), 200);
}

static void
r85_others_keys(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *other = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	ok(pki_key_generate(PKI_ALG_ED25519, &other, &err));
	make(&asked, other, 0, 5, UINT64_MAX);
	assert_int_equal(add(&asked, NOW, &body), 403);
	strcpy(asked.request.checkpoint.origin, "stranger.example.test/log");
	assert_int_equal(add(&asked, NOW, &body), 404);
	assert_int_equal(known_size(), 0);
}

/* Only our own signature and the log's are kept, however many came. */
static void
r82_no_note_grows(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	make(&asked, f.log, 0, 5, UINT64_MAX);
	const char *line = strstr((char *)asked.note.data, "\xe2\x80\x94");
	size_t len = asked.note.len - (size_t)(line - (char *)asked.note.data);
	PKI_CLEANUP(pki_buf_free) struct pki_buf copy = { 0 };
	ok(pki_buf_append(&copy, line, len, &err));
	for (int i = 1; i < PKI_NOTE_SIGNATURES_MAX; i++)
		ok(pki_buf_append(&asked.note, copy.data, copy.len, &err));
	asked.request.note = pki_buf_bytes(&asked.note);
	assert_int_equal(add(&asked, NOW, &body), 200);
	const char *kept = json_string_value(json_object_get(f.w.notes, ORIGIN));
	assert_null(strstr(strstr(strstr(kept, "\xe2\x80\x94") + 1, "\xe2\x80\x94") + 1,
		"\xe2\x80\x94"));
	open_again();
	assert_int_equal(known_size(), 5);
}

static void
r209_clock(void **state)
{
	(void)state;
	assert_int_equal(add_tree(0, 5, UINT64_MAX, NOW), 200);
	assert_int_equal(add_tree(5, 6, UINT64_MAX, NOW - 1), 503);
	assert_true(f.w.failing);
	assert_int_equal(known_size(), 5);
	assert_int_equal(add_tree(5, 6, UINT64_MAX, NOW), 200);
	assert_false(f.w.failing);
	assert_int_equal(add_tree(6, 7, UINT64_MAX, pki_time_now() + PKI_DAY), 200);
	state_close(&f.w);
	memset(&f.w, 0, sizeof f.w);
	fails(state_open(&f.conf, pass, &f.w, &err), CLOCK);
}

/* Nothing leaves that is not kept first. */
static void
r85_kept_first(void **state)
{
	(void)state;
	char moved[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	assert_int_equal(add_tree(0, 5, UINT64_MAX, NOW), 200);
	make(&asked, f.log, 5, 6, UINT64_MAX);
	snprintf(moved, sizeof moved, "%s/away", f.dir);
	assert_int_equal(rename(f.conf.state, moved), 0);
	assert_int_equal(add(&asked, NOW, &body), 500);
	assert_int_equal(body.len, 0);
	assert_int_equal(known_size(), 5);
	assert_int_equal(rename(moved, f.conf.state), 0);
	assert_int_equal(add(&asked, NOW, &body), 200);
}

/* The process ends between what is kept and the answer: the other fork comes too late. */
static void
r85_kept_and_not_answered(void **state)
{
	(void)state;
	assert_int_equal(add_tree(0, 5, UINT64_MAX, NOW), 200);
	pid_t child = fork();
	if (child == 0) {
		(void)add_tree(5, 6, UINT64_MAX, NOW);
		kill(getpid(), SIGKILL);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	open_again();
	assert_int_equal(known_size(), 6);
	assert_int_equal(add_tree(5, 6, 5, NOW), 409);
	assert_int_equal(add_tree(5, 7, 5, NOW), 409);
	assert_int_equal(add_tree(6, 6, 5, NOW), 409);
	assert_int_equal(add_tree(6, 7, 5, NOW), 422);
	assert_int_equal(add_tree(6, 6, UINT64_MAX, NOW), 200);
}

/* C2SP tlog-witness: a proof must be empty if the old size is zero. */
static void
r85_a_proof_from_nothing(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(asked_free) struct asked asked;
	make(&asked, f.log, 0, 5, UINT64_MAX);
	asked.request.proof.count = 1;
	asked.request.proof.hashes[0] = asked.request.checkpoint.root;
	assert_int_equal(add(&asked, NOW, &body), 422);
	asked.request.proof.count = 0;
	assert_int_equal(add(&asked, NOW, &body), 200);
}

struct racer {
	struct asked asked;
	unsigned code;
	pthread_t thread;
};

static void *
race(void *arg)
{
	struct racer *racer = arg;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	struct pki_err err = { 0 };
	racer->code = judge_checkpoint(&f.w, &racer->asked.request, &body, &err);
	return NULL;
}

static void
r85_one_fork_wins(void **state)
{
	(void)state;
	struct racer racers[8];
	uint64_t size = 0;
	the_time = NOW;
	for (int round = 0; round < 20; round++) {
		int won = 0;
		for (size_t i = 0; i < PKI_COUNT(racers); i++)
			/* each a tree of its own from here on */
			make(&racers[i].asked, f.log, size, size + 1 + i,
				i % 2 == 0 ? UINT64_MAX : size);
		for (size_t i = 0; i < PKI_COUNT(racers); i++)
			assert_int_equal(
				pthread_create(&racers[i].thread, NULL, race, &racers[i]),
				0);
		for (size_t i = 0; i < PKI_COUNT(racers); i++) {
			pthread_join(racers[i].thread, NULL);
			assert_true(racers[i].code == 200 || racers[i].code == 409);
			won += racers[i].code == 200;
			asked_free(&racers[i].asked);
		}
		assert_int_equal(won, 1);
		assert_true(known_size() > size);
		json_object_clear(f.w.notes);
		size = (uint64_t)(round + 1) % 7;
		if (size > 0)
			assert_int_equal(add_tree(0, size, UINT64_MAX, NOW), 200);
	}
}

static void
r85_states_that_do_not_fit(void **state)
{
	(void)state;
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf good = { 0 };
	assert_int_equal(add_tree(0, 5, UINT64_MAX, NOW), 200);
	ok(witness_conf_path(&f.conf, "checkpoints.json", path, &err));
	ok(pki_file_read(path, PKI_FILE_MAX, &good, &err));
	for (size_t i = 0; i < good.len; i += 5) {
		struct witness w = { 0 };
		struct pki_err why = { 0 };
		good.data[i] ^= 1;
		ok(pki_file_publish(path, good.data, good.len, 0644, &err));
		good.data[i] ^= 1;
		enum pki_status status = state_read(&f.conf, &w, &why);
		/* the log's signature is the log's to prove */
		bool log_line = i > (size_t)(strstr((char *)good.data, "\xe2\x80\x94") -
					     (char *)good.data);
		assert_true(status == PKI_TAMPERED || status == PKI_INPUT ||
			    (status == PKI_OK && log_line));
		state_close(&w);
	}
	assert_int_equal(unlink(path), 0);
	struct witness w = { 0 };
	fails(state_read(&f.conf, &w, &err), STATE);
	state_close(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(r84_r85_cosigned),
		TEST(r85_every_pair_of_sizes),
		TEST(r85_other_trees),
		TEST(r85_empty_trees),
		TEST(r85_others_keys),
		TEST(r82_no_note_grows),
		TEST(r209_clock),
		TEST(r85_kept_first),
		TEST(r85_kept_and_not_answered),
		TEST(r85_a_proof_from_nothing),
		TEST(r85_one_fork_wins),
		TEST(r85_states_that_do_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
