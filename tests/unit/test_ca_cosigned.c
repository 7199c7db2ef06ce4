/* The published checkpoint takes cosignatures of its own witnesses, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ca/front/cosigned.h"
#include "libpki/base/file.h"
#include "libpki/host/conf_log.h"
#include "tests/unit/common/expect.h"

#define ORIGIN "log.example.test/1"
#define COUNT 2

static struct {
	struct pki_conf conf;
	struct pki_conf_log log_conf;
	char publish[32];
	struct pki_key *log, *witnesses[COUNT], *stranger;
	struct pki_checkpoint cp;
	struct pki_buf note; /* the log's signature alone */
} f;

static void
witness_make(size_t i)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	struct pki_witness *w = &f.log_conf.witnesses[i];
	snprintf(w->name, sizeof w->name, "w%zu.example.test", i);
	ok(pki_key_generate(PKI_ALG_ED25519, &f.witnesses[i], &err));
	ok(pki_note_vkey(PKI_NOTE_WITNESS, w->name, f.witnesses[i], &vkey, &err));
	strcpy(w->vkey, (char *)vkey.data);
	f.log_conf.witness_count++;
}

static void
put(const char *name, const struct pki_buf *note)
{
	char path[PATH_MAX];
	ok(pki_conf_path(f.conf.publish, name, path, &err));
	ok(pki_file_publish(path, note->data, note->len, 0644, &err));
}

static void
get(struct pki_buf *out)
{
	char path[PATH_MAX];
	ok(pki_conf_path(f.conf.publish, "log/checkpoint", path, &err));
	ok(pki_file_read(path, PKI_NOTE_MAX, out, &err));
}

static int
set_up(void **state)
{
	(void)state;
	char path[PATH_MAX];
	memset(&f, 0, sizeof f);
	f.conf = (struct pki_conf){ .publish = f.publish, .log = &f.log_conf };
	strcpy(f.publish, "/tmp/pki-unit.XXXXXX");
	assert_non_null(mkdtemp(f.publish));
	ok(pki_conf_path(f.conf.publish, "log", path, &err));
	ok(pki_file_mkdirs(path, 0755, &err));
	ok(pki_conf_path(f.conf.publish, "witness", path, &err));
	ok(pki_file_mkdirs(path, 0755, &err));
	ok(pki_key_generate(PKI_ALG_ED25519, &f.log, &err));
	ok(pki_key_generate(PKI_ALG_ED25519, &f.stranger, &err));
	for (size_t i = 0; i < COUNT; i++)
		witness_make(i);
	strcpy(f.cp.origin, ORIGIN);
	f.cp.size = 7;
	ok(pki_checkpoint_sign(&f.cp, f.log, &f.note, &err));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	char command[PATH_MAX + 8];
	pki_key_free(f.log);
	pki_key_free(f.stranger);
	for (size_t i = 0; i < COUNT; i++)
		pki_key_free(f.witnesses[i]);
	pki_buf_free(&f.note);
	snprintf(command, sizeof command, "rm -r %s", f.conf.publish);
	return system(command);
}

/* A cosignature of f.note, appended to note. */
static void
cosign(struct pki_buf *note, size_t i, struct pki_key *key)
{
	ok(pki_checkpoint_cosign(pki_buf_bytes(&f.note), f.log_conf.witnesses[i].name,
		key, 1760000000, note, &err));
}

static bool
cosigned_by(size_t i)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_err err = { 0 };
	pki_time at;
	get(&note);
	return pki_checkpoint_cosigned(pki_buf_bytes(&note), f.log_conf.witnesses[i].vkey,
		       &at, NULL, &err) == PKI_OK;
}

/* What is published is the log's own signature and so many octets more. */
static size_t
added(void)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	get(&note);
	assert_true(note.len >= f.note.len);
	assert_memory_equal(note.data, f.note.data, f.note.len);
	return note.len - f.note.len;
}

static void
r84_one_after_the_other(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	ok(cosigned_merge(&f.conf, &err)); /* nothing is there */
	put("log/checkpoint", &f.note);
	ok(cosigned_merge(&f.conf, &err));
	assert_int_equal(added(), 0);
	ok(pki_buf_append(&note, f.note.data, f.note.len, &err));
	for (size_t i = 0; i < COUNT; i++) {
		cosign(&note, i, f.witnesses[i]);
		put("witness/checkpoint", &note);
		ok(cosigned_merge(&f.conf, &err));
		assert_true(cosigned_by(i));
	}
	assert_true(cosigned_by(0));
	assert_int_equal(added(), note.len - f.note.len);
	/* no line comes twice, none goes */
	cosign(&note, 0, f.witnesses[0]);
	put("witness/checkpoint", &note);
	ok(cosigned_merge(&f.conf, &err));
	put("witness/checkpoint", &f.note);
	ok(cosigned_merge(&f.conf, &err));
	assert_true(cosigned_by(0) && cosigned_by(1));
	assert_int_equal(added(), (note.len - f.note.len) / 3 * 2);
}

static void
r84_nothing_else(void **state)
{
	(void)state;
	struct pki_checkpoint other = f.cp;
	put("log/checkpoint", &f.note);
	/* a stranger's key in a witness's name; a stranger's line beside a good one */
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf forged = { 0 }, mixed = { 0 }, next = { 0 };
	ok(pki_buf_append(&forged, f.note.data, f.note.len, &err));
	cosign(&forged, 0, f.stranger);
	put("witness/checkpoint", &forged);
	ok(cosigned_merge(&f.conf, &err));
	assert_int_equal(added(), 0);
	/* of another tree */
	other.size = 8;
	ok(pki_checkpoint_sign(&other, f.log, &next, &err));
	cosign(&next, 0, f.witnesses[0]);
	put("witness/checkpoint", &next);
	ok(cosigned_merge(&f.conf, &err));
	assert_int_equal(added(), 0);
	/* no note */
	pki_buf_reset(&next);
	ok(pki_buf_printf(&next, &err, "no note"));
	put("witness/checkpoint", &next);
	ok(cosigned_merge(&f.conf, &err));
	assert_int_equal(added(), 0);
	ok(pki_buf_append(&mixed, forged.data, forged.len, &err));
	cosign(&mixed, 1, f.witnesses[1]);
	put("witness/checkpoint", &mixed);
	ok(cosigned_merge(&f.conf, &err));
	assert_true(cosigned_by(1));
	assert_false(cosigned_by(0));
	assert_int_equal(added(), (mixed.len - f.note.len) / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(r84_one_after_the_other),
		TEST(r84_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
