#include "libpki/state/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/base/file.h"
#include "tests/unit/common/expect.h"
#include "tests/unit/common/json_memory.h"

#define ORIGIN "ca.example.test/log"
#define START 1767225600000
#define ORDER "O-00000000000000000000000000000001"
#define DIGEST "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

struct fixture {
	char dir[32];
	char pub[64];
	struct pki_ledger *ledger;
	struct pki_key *key;
	struct pki_buf vkey;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char path[64];
	strcpy(f->dir, "/tmp/pki-log-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(path, sizeof path, "%s/ledger.db", f->dir);
	snprintf(f->pub, sizeof f->pub, "%s/pub/log", f->dir);
	ok(pki_ledger_open(path, PKI_LEDGER_CREATE, &f->ledger, &err));
	ok(pki_key_generate(PKI_ALG_ED25519, &f->key, &err));
	ok(pki_note_vkey(PKI_NOTE_LOG, ORIGIN, f->key, &f->vkey, &err));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];
	pki_ledger_close(f->ledger);
	pki_key_free(f->key);
	pki_buf_free(&f->vkey);
	snprintf(command, sizeof command, "rm -r %s", f->dir);
	int status = system(command);
	free(f);
	return status;
}

static struct pki_event
make_event(uint64_t n)
{
	return (struct pki_event){ .type = "ca-stopped",
		.source = "pki-ca",
		.actor = "",
		.at = START + (pki_msec)n };
}

/* Append up to `size` entries and sign a checkpoint over them. */
static void
grow(struct fixture *f, uint64_t size)
{
	uint64_t count = 0;
	struct pki_checkpoint cp = { .origin = ORIGIN, .size = size };
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	ok(pki_ledger_begin(f->ledger, &err));
	ok(pki_ledger_entry_count(f->ledger, &count, &err));
	for (; count < size; count++) {
		struct pki_event event = make_event(count);
		uint64_t index = 0;
		ok(pki_log_append(f->ledger, &event, &index, &err));
		assert_int_equal(index, count);
	}
	ok(pki_log_root(f->ledger, size, &cp.root, &err));
	ok(pki_checkpoint_sign(&cp, f->key, &note, &err));
	ok(pki_ledger_add_checkpoint(f->ledger, size, pki_buf_bytes(&note), &err));
	ok(pki_ledger_commit(f->ledger, &err));
}

static void
r77_an_entry_is_canonical_json(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	PKI_CLEANUP(pki_json_cleanup)
	json_t *detail = json_pack("{s:s, s:s}", "order", ORDER, "application",
		"A-00000000000000000000000000000002");
	struct pki_event event = { "application-rejected", "pki-ra", "0a0b", START + 5,
		detail, 0 };
	uint64_t index = 9;
	ok(pki_ledger_begin(f->ledger, &err));
	ok(pki_log_append(f->ledger, &event, &index, &err));
	ok(pki_ledger_commit(f->ledger, &err));
	assert_int_equal(index, 0);
	ok(pki_ledger_entry(f->ledger, 0, &entry, &err));
	assert_string_equal((char *)entry.data,
		"{\"actor\":\"0a0b\",\"at\":\"2026-01-01T00:00:00.005Z\",\"detail\":{\"application\":\"A-00000000000000000000000000000002\",\"order\":\"" ORDER
		"\"},\"source\":\"pki-ra\",\"type\":\"application-rejected\",\"version\":2}");
}

/* As pki-ca builds a detail; the builder of the entry takes it over. */
static enum pki_status
append_policy(struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	PKI_CLEANUP(pki_json_free) struct pki_json object = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	for (size_t i = 0; i < 2; i++)
		pki_json_append_text(&list, DIGEST);
	pki_json_nest(&object, "witnesses", &list);
	pki_json_text(&object, "digest", DIGEST);
	PKI_TRY(pki_json_take(&object, &detail, err));
	const struct pki_event event = { "policy-loaded", "pki-ca", "", START + 5, detail,
		0 };
	return pki_log_append(ledger, &event, NULL, err);
}

static void
r77_out_of_memory_an_entry_is_whole_or_not_there(void **state)
{
	struct fixture *f = *state;
	long n = 0;
	ok(pki_ledger_begin(f->ledger, &err));
	json_memory_use();
	for (bool done = false; !done; n++) {
		struct pki_err err = { 0 };
		uint64_t count = 9;
		json_memory.left = n;
		json_memory.failed = false;
		enum pki_status status = append_policy(f->ledger, &err);
		done = !json_memory.failed;
		assert_int_equal(json_memory.blocks, 0);
		assert_int_equal(pki_ledger_entry_count(f->ledger, &count, &err), PKI_OK);
		assert_int_equal(count, done ? 1 : 0);
		assert_int_equal(status, done ? PKI_OK : PKI_MEMORY);
	}
	json_memory_restore();
	assert_in_range(n, 20, 1000);
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	ok(pki_ledger_entry(f->ledger, 0, &entry, &err));
	assert_string_equal((char *)entry.data,
		"{\"actor\":\"\",\"at\":\"2026-01-01T00:00:00.005Z\",\"detail\":{\"digest\":\"" DIGEST
		"\",\"witnesses\":[\"" DIGEST "\",\"" DIGEST
		"\"]},\"source\":\"pki-ca\",\"type\":\"policy-loaded\",\"version\":2}");
}

static void
r77_r122_refuses_what_is_no_event(void **state)
{
	struct fixture *f = *state;
	uint64_t count = 9;
	struct pki_event other = { "ca-exploded", "pki-ca", "", START, NULL, 0 };
	struct pki_event foreign = { "ca-started", "pki-ra", "", START, NULL, 0 };
	ok(pki_ledger_begin(f->ledger, &err));
	fails(pki_log_append(f->ledger, &other, NULL, &err), INPUT);
	fails(pki_log_append(f->ledger, &foreign, NULL, &err), INPUT);
	ok(pki_ledger_entry_count(f->ledger, &count, &err));
	assert_int_equal(count, 0);
	pki_ledger_rollback(f->ledger);
}

/* The largest event that the table of types allows. */
static void
r77_an_entry_has_a_limit(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_json_cleanup)
	json_t *large = json_pack("{s:s, s:s, s:s, s:[s], s:[], s:[s]}", "root", "01",
		"ca", "02", "seal", "03", "officers", "04", "digests", "profiles",
		"root");
	for (size_t i = 0; i < PKI_ENTRY_MAX / PKI_SHA256_HEX + 1; i++)
		json_array_append_new(
			json_object_get(large, "digests"), json_string(DIGEST));
	struct pki_event event = { "ceremony-completed", "pki-ca", "", START, large, 0 };
	ok(pki_ledger_begin(f->ledger, &err));
	fails(pki_log_append(f->ledger, &event, NULL, &err), LIMIT);
	pki_ledger_rollback(f->ledger);
}

static void
r209_no_event_before_the_last(void **state)
{
	struct fixture *f = *state;
	struct pki_err err = { 0 };
	grow(f, 3);
	struct pki_event event = make_event(1);
	assert_int_equal(pki_ledger_begin(f->ledger, &err), PKI_OK);
	assert_int_equal(pki_log_append(f->ledger, &event, NULL, &err), PKI_CLOCK);
	assert_int_equal(err.rule, PKI_RULE_CLOCK);
	assert_non_null(strstr(err.msg, "2026-01-01T00:00:00.002Z"));
	pki_ledger_rollback(f->ledger);
}

/* Tiles alone prove what the ledger proves. */
static void
check_proofs(struct fixture *f, uint64_t size)
{
	struct pki_log_tiles tiles = { f->pub, size };
	struct pki_merkle_source of_tiles = pki_log_tiles_source(&tiles);
	struct pki_merkle_source of_ledger = pki_log_source(f->ledger);
	struct pki_hash root, want_root;
	ok(pki_merkle_root(size, &of_tiles, &root, &err));
	ok(pki_merkle_root(size, &of_ledger, &want_root, &err));
	assert_memory_equal(root.octets, want_root.octets, PKI_SHA256);
	for (uint64_t old = 1; old <= size; old += 1 + size / 40) {
		struct pki_proof proof, want;
		ok(pki_merkle_consistency(old, size, &of_tiles, &proof, &err));
		ok(pki_merkle_consistency(old, size, &of_ledger, &want, &err));
		assert_int_equal(proof.count, want.count);
		assert_memory_equal(proof.hashes, want.hashes, want.count * PKI_SHA256);
	}
}

/* A tree rebuilt from nothing but the files, checked as a stranger would. */
static void
check_published(struct fixture *f, uint64_t want_size)
{
	char path[96];
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_checkpoint cp;
	snprintf(path, sizeof path, "%s/checkpoint", f->pub);
	ok(pki_file_read(path, PKI_NOTE_MAX, &note, &err));
	ok(pki_checkpoint_open(
		pki_buf_bytes(&note), (const char *)f->vkey.data, &cp, &err));
	assert_int_equal(cp.size, want_size);
	struct pki_hash root;
	ok(pki_log_root(f->ledger, cp.size, &root, &err));
	assert_memory_equal(root.octets, cp.root.octets, PKI_SHA256);
	for (uint64_t i = 0; i * PKI_TILE_WIDTH < cp.size; i++) {
		uint64_t left = cp.size - i * PKI_TILE_WIDTH;
		unsigned width = left < PKI_TILE_WIDTH ? (unsigned)left : PKI_TILE_WIDTH;
		PKI_CLEANUP(pki_buf_free) struct pki_buf tile = { 0 }, bundle = { 0 };
		ok(pki_log_read_tile(f->pub, 0, i, width, &tile, &err));
		ok(pki_log_read_entries(f->pub, i, width, &bundle, &err));
		assert_int_equal(tile.len, width * PKI_SHA256);
		struct pki_bytes rest = pki_buf_bytes(&bundle), entry;
		unsigned n = 0;
		for (; pki_log_next_entry(&rest, &entry); n++) {
			struct pki_hash leaf;
			ok(pki_merkle_leaf(entry, &leaf, &err));
			assert_memory_equal(
				leaf.octets, tile.data + n * PKI_SHA256, PKI_SHA256);
		}
		assert_int_equal(n, width);
	}
}

static void
r81_r83_published_as_it_grows(void **state)
{
	struct fixture *f = *state;
	static const uint64_t sizes[] = { 1, 2, 255, 256, 257, 511, 512, 700 };
	uint64_t from = 0;
	ok(pki_log_publish(f->ledger, f->pub, 0, &from, &err));
	assert_int_equal(from, 0);
	for (size_t i = 0; i < PKI_COUNT(sizes); i++) {
		grow(f, sizes[i]);
		ok(pki_log_publish(f->ledger, f->pub, from, &from, &err));
		assert_int_equal(from, sizes[i]);
		check_published(f, sizes[i]);
		check_proofs(f, sizes[i]);
	}
	fails(pki_log_publish(f->ledger, f->pub, 701, &from, &err), STATE);
	static const struct {
		const char *path;
		bool want;
	} cases[] = { { "tile/0/000", true }, { "tile/0/001", true },
		{ "tile/0/002.p/188", true }, { "tile/1/000.p/2", true },
		{ "tile/1/000.p/1", true }, { "tile/entries/000", true },
		{ "tile/entries/002.p/188", true }, { "tile/2/000.p/1", false },
		{ "tile/0/000.p", false }, { "tile/entries/001.p", false } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", f->pub, cases[i].path);
		assert_int_equal(pki_file_exists(path), cases[i].want);
	}
}

static void
r83_publishing_again_mends_what_a_kill_left(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 0;
	char command[192];
	grow(f, 300);
	ok(pki_log_publish(f->ledger, f->pub, 0, &size, &err));
	snprintf(command, sizeof command, "rm -r %s/tile/0/001.p %s/tile/entries/000",
		f->pub, f->pub);
	assert_int_equal(system(command), 0);
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	fails(pki_log_read_tile(f->pub, 0, 1, 44, &out, &err), NOTFOUND);
	fails(pki_log_read_entries(f->pub, 0, 256, &out, &err), NOTFOUND);
	ok(pki_log_publish(f->ledger, f->pub, 0, &size, &err));
	check_published(f, 300);
}

static void
r83_damaged_files_are_told(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 0;
	char path[128];
	grow(f, 5);
	ok(pki_log_publish(f->ledger, f->pub, 0, &size, &err));
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 }, file = { 0 };
	snprintf(path, sizeof path, "%s/tile/0/000.p/5", f->pub);
	ok(pki_file_read(path, PKI_FILE_MAX, &file, &err));
	ok(pki_file_publish(path, file.data, file.len - 1, 0644, &err));
	fails(pki_log_read_tile(f->pub, 0, 0, 5, &out, &err), TAMPERED);
	pki_buf_reset(&file);
	snprintf(path, sizeof path, "%s/tile/entries/000.p/5", f->pub);
	ok(pki_file_read(path, PKI_FILE_MAX, &file, &err));
	for (size_t cut = 1; cut < file.len; cut += 7) {
		ok(pki_file_publish(path, file.data, file.len - cut, 0644, &err));
		fails(pki_log_read_entries(f->pub, 0, 5, &out, &err), TAMPERED);
	}
	ok(pki_buf_append(&file, "", 1, &err));
	ok(pki_file_publish(path, file.data, file.len, 0644, &err));
	fails(pki_log_read_entries(f->pub, 0, 5, &out, &err), TAMPERED);
}

static void
r83_large_numbers_make_folders(void **state)
{
	struct fixture *f = *state;
	static const struct {
		uint64_t index;
		const char *want;
	} cases[] = { { 0, "tile/0/000" }, { 999, "tile/0/999" },
		{ 1000, "tile/0/x001/000" }, { 1234067, "tile/0/x001/x234/067" } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
		assert_int_equal(
			pki_log_read_tile(f->pub, 0, cases[i].index, 256, &out, &err),
			PKI_NOTFOUND);
		assert_non_null(strstr(err.msg, cases[i].want));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(r77_an_entry_is_canonical_json),
		TEST(r77_out_of_memory_an_entry_is_whole_or_not_there),
		TEST(r77_r122_refuses_what_is_no_event),
		TEST(r77_an_entry_has_a_limit),
		TEST(r209_no_event_before_the_last),
		TEST(r81_r83_published_as_it_grows),
		TEST(r83_publishing_again_mends_what_a_kill_left),
		TEST(r83_damaged_files_are_told),
		TEST(r83_large_numbers_make_folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
