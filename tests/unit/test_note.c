#include "libpki/tlog/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/expect.h"

#define ORIGIN "ca.example.test/log"
#define WITNESS "court.example.test/w1"
#define OTHER_LINE \
	"\xe2\x80\x94 witness.example/1 " \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAA=\n"

struct fixture {
	struct pki_key *key;
	struct pki_buf vkey;
	struct pki_checkpoint cp;
	struct pki_buf note;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct pki_err err = { 0 };
	assert_int_equal(pki_key_generate(PKI_ALG_ED25519, &f->key, &err), PKI_OK);
	assert_int_equal(
		pki_note_vkey(PKI_NOTE_LOG, ORIGIN, f->key, &f->vkey, &err), PKI_OK);
	strcpy(f->cp.origin, ORIGIN);
	f->cp.size = 20852163;
	memset(f->cp.root.octets, 0xab, sizeof f->cp.root.octets);
	assert_int_equal(pki_checkpoint_sign(&f->cp, f->key, &f->note, &err), PKI_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	pki_key_free(f->key);
	pki_buf_free(&f->vkey);
	pki_buf_free(&f->note);
	free(f);
	return 0;
}

static enum pki_status
open_note(const struct fixture *f, const void *data, size_t len, struct pki_err *err)
{
	struct pki_checkpoint out;
	struct pki_bytes bytes = { data, len };
	return pki_checkpoint_open(bytes, (const char *)f->vkey.data, &out, err);
}

static void
r81_r82_signed_and_opened(void **state)
{
	struct fixture *f = *state;
	struct pki_err err = { 0 };
	struct pki_checkpoint out;
	const char *want = ORIGIN "\n20852163\n"
				  "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n"
				  "\n\xe2\x80\x94 " ORIGIN " ";
	assert_memory_equal(f->note.data, want, strlen(want));
	assert_int_equal(f->note.len, strlen(want) + 92 + 1);
	assert_int_equal(pki_checkpoint_open(pki_buf_bytes(&f->note),
				 (const char *)f->vkey.data, &out, &err),
		PKI_OK);
	assert_string_equal(out.origin, ORIGIN);
	assert_int_equal(out.size, f->cp.size);
	assert_memory_equal(out.root.octets, f->cp.root.octets, PKI_SHA256);
}

/* Verifier keys of golang.org/x/mod/sumdb/note's documentation and of sum.golang.org. */
static void
r82_known_verifier_keys(void **state)
{
	(void)state;
	static const char *const keys[] = {
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
	};
	for (size_t i = 0; i < PKI_COUNT(keys); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf raw = { 0 }, vkey = { 0 };
		PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
		/* a plus within the base64: the key starts after the second one */
		const char *base64 = strchr(strchr(keys[i], '+') + 1, '+') + 1;
		char name[64] = { 0 };
		memcpy(name, keys[i], strcspn(keys[i], "+"));
		assert_int_equal(
			pki_base64_decode(base64, strlen(base64), &raw, &err), PKI_OK);
		assert_int_equal(
			pki_key_from_raw_ed25519(raw.data + 1, &key, &err), PKI_OK);
		assert_int_equal(
			pki_note_vkey(PKI_NOTE_LOG, name, key, &vkey, &err), PKI_OK);
		assert_string_equal((char *)vkey.data, keys[i]);
	}
}

static void
r82_every_octet_counts(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->note.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct pki_err err = { 0 };
			f->note.data[i] ^= (uint8_t)(1 << bit);
			enum pki_status status =
				open_note(f, f->note.data, f->note.len, &err);
			assert_int_equal(status, PKI_TAMPERED);
			assert_true(err.rule == PKI_RULE_LOG_NOTE ||
				    err.rule == PKI_RULE_LOG_CHECKPOINT);
			f->note.data[i] ^= (uint8_t)(1 << bit);
		}
		struct pki_err err = { 0 };
		assert_int_equal(open_note(f, f->note.data, i, &err), PKI_TAMPERED);
	}
}

static void
r82_signatures_of_others(void **state)
{
	struct fixture *f = *state;
	static const struct {
		int before, after;
		enum pki_status want;
	} cases[] = { { 1, 0, PKI_OK }, { 0, 1, PKI_OK }, { 8, 8, PKI_OK },
		{ 16, 15, PKI_OK }, { 16, 16, PKI_TAMPERED } };
	const char *signature = strstr((char *)f->note.data, "\n\n") + 2;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
		size_t text = (size_t)(signature - (char *)f->note.data);
		assert_int_equal(pki_buf_append(&note, f->note.data, text, &err), PKI_OK);
		for (int n = 0; n < cases[i].before; n++)
			assert_int_equal(pki_buf_printf(&note, &err, OTHER_LINE), PKI_OK);
		assert_int_equal(pki_buf_printf(&note, &err, "%s", signature), PKI_OK);
		for (int n = 0; n < cases[i].after; n++)
			assert_int_equal(pki_buf_printf(&note, &err, OTHER_LINE), PKI_OK);
		assert_int_equal(open_note(f, note.data, note.len, &err), cases[i].want);
	}
	/* only strangers */
	char note[512];
	struct pki_err err = { 0 };
	int len = snprintf(note, sizeof note, "%.*s" OTHER_LINE,
		(int)(signature - (char *)f->note.data), (char *)f->note.data);
	assert_int_equal(open_note(f, note, (size_t)len, &err), PKI_TAMPERED);
	assert_int_equal(err.rule, PKI_RULE_LOG_NOTE);
}

/* Signed by the log's key all right, but no checkpoint. */
static void
r81_form_of_the_text(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text;
		enum pki_status want;
	} cases[] = {
		{ ORIGIN "\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n", PKI_OK },
		{ ORIGIN "\n0\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n", PKI_OK },
		{ ORIGIN "\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\nmore\n",
			PKI_OK },
		{ ORIGIN "\n07\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
			PKI_TAMPERED },
		{ ORIGIN "\n-7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
			PKI_TAMPERED },
		{ ORIGIN "\n\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
			PKI_TAMPERED },
		{ ORIGIN
			"\n9223372036854775808\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
			PKI_TAMPERED },
		{ ORIGIN "\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
			PKI_TAMPERED },
		{ ORIGIN "\n7\n", PKI_TAMPERED },
		{ "other.example\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
			PKI_TAMPERED },
		{ ORIGIN "\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n\nmore\n",
			PKI_TAMPERED },
		{ ORIGIN "\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\na\tb\n",
			PKI_TAMPERED },
		{ ORIGIN "\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n\xc0\xaf\n",
			PKI_TAMPERED },
		{ ORIGIN
			"\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n\xed\xa0\x80\n",
			PKI_TAMPERED },
		{ ORIGIN
			"\n7\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\ncaf\xc3\xa9\n",
			PKI_OK },
	};
	/* the key's identifier, from a signature that it made */
	const char *base64 = strrchr((char *)f->note.data, ' ') + 1;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 }, sig = { 0 };
		assert_int_equal(
			pki_base64_decode(base64, strlen(base64) - 1, &sig, &err),
			PKI_OK);
		sig.len = 4;
		size_t len = strlen(cases[i].text);
		assert_int_equal(
			pki_key_sign(f->key, cases[i].text, len, &sig, &err), PKI_OK);
		assert_int_equal(pki_buf_printf(&note, &err,
					 "%s\n\xe2\x80\x94 " ORIGIN " ", cases[i].text),
			PKI_OK);
		assert_int_equal(
			pki_base64_encode(sig.data, sig.len, &note, &err), PKI_OK);
		assert_int_equal(pki_buf_append(&note, "\n", 1, &err), PKI_OK);
		assert_int_equal(open_note(f, note.data, note.len, &err), cases[i].want);
	}
}

static void
r82_verifier_keys_of_the_right_form_only(void **state)
{
	struct fixture *f = *state;
	const char *good = (const char *)f->vkey.data;
	struct pki_checkpoint out;
	char wrong_hash[256], with_newline[256];
	snprintf(wrong_hash, sizeof wrong_hash, "%s", good);
	wrong_hash[strlen(ORIGIN) + 1] ^= 1;
	snprintf(with_newline, sizeof with_newline, "%s\n", good);
	const char *const keys[] = { "", "x", "x+y", "x+00000000", "x+00000000+",
		wrong_hash, "x+00000000+AAAA",
		"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW" };
	for (size_t i = 0; i < PKI_COUNT(keys); i++) {
		struct pki_err err = { 0 };
		assert_int_equal(
			pki_checkpoint_open(pki_buf_bytes(&f->note), keys[i], &out, &err),
			PKI_CONFIG);
	}
	struct pki_err err = { 0 };
	assert_int_equal(
		pki_checkpoint_open(pki_buf_bytes(&f->note), with_newline, &out, &err),
		PKI_OK);
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	assert_int_equal(pki_note_vkey(PKI_NOTE_LOG, "with space", f->key, &vkey, &err),
		PKI_CONFIG);
}

/* The example of C2SP tlog-cosignature cannot be verified: it shows no keys. So: what is
 * signed is spelled out, and verified as any Ed25519 signature. */
static void
r84_cosigned(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 }, line = { 0 }, sig = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf message = { 0 }, picked = { 0 };
	const char *mark = "\xe2\x80\x94 " WITNESS " ";
	size_t text =
		(size_t)(strstr((char *)f->note.data, "\n\n") + 1 - (char *)f->note.data);
	ok(pki_note_vkey(PKI_NOTE_WITNESS, WITNESS, f->key, &vkey, &err));
	ok(pki_checkpoint_cosign(
		pki_buf_bytes(&f->note), WITNESS, f->key, 1679315147, &line, &err));
	assert_memory_equal(line.data, mark, strlen(mark));
	ok(pki_base64_decode((char *)line.data + strlen(mark),
		line.len - strlen(mark) - 1, &sig, &err));
	assert_int_equal(sig.len, 4 + 8 + 64);
	assert_memory_equal(sig.data + 4, "\0\0\0\0\x64\x18\x50\xcb", 8);
	ok(pki_buf_printf(&message, &err, "cosignature/v1\ntime 1679315147\n%.*s",
		(int)text, (char *)f->note.data));
	struct pki_bytes octets = { sig.data + 12, 64 };
	ok(pki_key_verify(f->key, message.data, message.len, octets, &err));

	pki_time at = 0;
	bool found = true;
	fails(pki_checkpoint_cosigned(
		      pki_buf_bytes(&f->note), (char *)vkey.data, &at, NULL, &err),
		NOTFOUND);
	ok(pki_checkpoint_cosigned(
		pki_buf_bytes(&f->note), (char *)vkey.data, &at, &found, &err));
	assert_false(found);
	ok(pki_note_pick(pki_buf_bytes(&f->note), PKI_NOTE_WITNESS, (char *)vkey.data,
		&picked, &found, &err));
	assert_false(found);
	assert_int_equal(picked.len, 0);
	ok(pki_buf_append(&f->note, line.data, line.len, &err));
	ok(pki_checkpoint_cosigned(
		pki_buf_bytes(&f->note), (char *)vkey.data, &at, &found, &err));
	assert_true(found);
	ok(pki_note_pick(pki_buf_bytes(&f->note), PKI_NOTE_WITNESS, (char *)vkey.data,
		&picked, &found, &err));
	assert_true(found);
	assert_int_equal(picked.len, line.len);
	ok(pki_checkpoint_cosigned(
		pki_buf_bytes(&f->note), (char *)vkey.data, &at, NULL, &err));
	assert_int_equal(at, 1679315147);
	/* the log's signature stands as it did */
	ok(open_note(f, f->note.data, f->note.len, &err));
	/* the youngest counts */
	ok(pki_checkpoint_cosign(
		pki_buf_bytes(&f->note), WITNESS, f->key, 1679315000, &f->note, &err));
	ok(pki_checkpoint_cosigned(
		pki_buf_bytes(&f->note), (char *)vkey.data, &at, NULL, &err));
	assert_int_equal(at, 1679315147);
}

static void
r84_every_octet_counts(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	pki_time at = 0;
	size_t end = f->note.len;
	size_t signatures =
		(size_t)(strstr((char *)f->note.data, "\n\n") + 2 - (char *)f->note.data);
	ok(pki_note_vkey(PKI_NOTE_WITNESS, WITNESS, f->key, &vkey, &err));
	ok(pki_checkpoint_cosign(
		pki_buf_bytes(&f->note), WITNESS, f->key, 1679315147, &f->note, &err));
	for (size_t i = 0; i < f->note.len; i++) {
		struct pki_err err = { 0 };
		f->note.data[i] ^= 1;
		enum pki_status status = pki_checkpoint_cosigned(
			pki_buf_bytes(&f->note), (char *)vkey.data, &at, NULL, &err);
		if (i >= end)
			assert_true(status == PKI_TAMPERED || status == PKI_NOTFOUND);
		else if (i < signatures) /* the log's own line is not looked at */
			assert_int_equal(status, PKI_TAMPERED);
		f->note.data[i] ^= 1;
	}
}

static void
r84_types_apart(void **state)
{
	struct fixture *f = *state;
	char name[PKI_ORIGIN_TEXT];
	pki_time at;
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	ok(pki_note_vkey(PKI_NOTE_WITNESS, ORIGIN, f->key, &vkey, &err));
	assert_string_not_equal((char *)vkey.data, (char *)f->vkey.data);
	ok(pki_note_vkey_name(PKI_NOTE_WITNESS, (char *)vkey.data, name, &err));
	assert_string_equal(name, ORIGIN);
	fails(pki_note_vkey_name(PKI_NOTE_LOG, (char *)vkey.data, name, &err), CONFIG);
	fails(pki_note_vkey_name(PKI_NOTE_WITNESS, (char *)f->vkey.data, name, &err),
		CONFIG);
	/* the log's own signature is no cosignature, though of one key and name */
	fails(pki_checkpoint_cosigned(
		      pki_buf_bytes(&f->note), (char *)vkey.data, &at, NULL, &err),
		NOTFOUND);
	fails(pki_checkpoint_cosigned(
		      pki_buf_bytes(&f->note), (char *)f->vkey.data, &at, NULL, &err),
		CONFIG);
}

static void
r82_lines_and_sizes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want; /* -1: none */
	} sizes[] = { { "0", 0 }, { "7", 7 }, { "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", -1 }, { "00", -1 }, { "01", -1 }, { "", -1 },
		{ "-1", -1 }, { "+1", -1 }, { "1 ", -1 }, { "0x1", -1 } };
	for (size_t i = 0; i < PKI_COUNT(sizes); i++) {
		struct pki_bytes line = { (const uint8_t *)sizes[i].text,
			strlen(sizes[i].text) };
		uint64_t n = 0;
		assert_int_equal(pki_note_size(line, &n), sizes[i].want >= 0);
		if (sizes[i].want >= 0)
			assert_int_equal(n, sizes[i].want);
	}
	struct pki_bytes rest = { (const uint8_t *)"ab\n\ncd", 6 }, line;
	assert_true(pki_note_next_line(&rest, &line));
	assert_int_equal(line.len, 2);
	assert_true(pki_note_next_line(&rest, &line));
	assert_int_equal(line.len, 0);
	assert_false(pki_note_next_line(&rest, &line));
	assert_int_equal(rest.len, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(r81_r82_signed_and_opened),
		TEST(r82_known_verifier_keys),
		TEST(r82_every_octet_counts),
		TEST(r82_signatures_of_others),
		TEST(r81_form_of_the_text),
		TEST(r82_verifier_keys_of_the_right_form_only),
		TEST(r82_lines_and_sizes),
		TEST(r84_cosigned),
		TEST(r84_every_octet_counts),
		TEST(r84_types_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
