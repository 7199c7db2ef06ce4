#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ca/ipc.h"

static void
frames_travel(void **state)
{
	(void)state;
	int fds[2];
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf in = { 0 };
	static const struct {
		int a;
		char b[7];
	} sent = { 42, "struct" };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(ipc_begin(&out, IPC_CRL, &err), PKI_OK);
	assert_int_equal(ipc_put(&out, IPC_BYTES, "order", 5, &err), PKI_OK);
	assert_int_equal(ipc_put(&out, IPC_BYTES, NULL, 0, &err), PKI_OK);
	assert_int_equal(ipc_put_number(&out, 0x0102030405060708, &err), PKI_OK);
	assert_int_equal(ipc_put(&out, IPC_STRUCT, &sent, sizeof sent, &err), PKI_OK);
	assert_int_equal(ipc_send(fds[0], &out, &err), PKI_OK);

	enum ipc_type type;
	assert_int_equal(ipc_receive(fds[1], 1000, &in, &type, &err), PKI_OK);
	assert_int_equal(type, IPC_CRL);
	struct pki_bytes rest = pki_buf_bytes(&in), field;
	uint64_t number;
	char got[sizeof sent];
	assert_int_equal(ipc_get(&rest, IPC_BYTES, &field, &err), PKI_OK);
	assert_memory_equal(field.data, "order", 5);
	assert_int_equal(ipc_get(&rest, IPC_BYTES, &field, &err), PKI_OK);
	assert_int_equal(field.len, 0);
	assert_int_equal(ipc_get_number(&rest, &number, &err), PKI_OK);
	assert_true(number == 0x0102030405060708);
	assert_int_equal(ipc_end(rest, &err), PKI_INPUT);
	err = (struct pki_err){ 0 };
	assert_int_equal(ipc_get_struct(&rest, got, sizeof got, &err), PKI_OK);
	assert_memory_equal(got, &sent, sizeof got);
	assert_int_equal(ipc_end(rest, &err), PKI_OK);
	close(fds[0]);
	assert_int_equal(ipc_receive(fds[1], 1000, &in, &type, &err), PKI_UNAVAILABLE);
	close(fds[1]);
}

static void
bad_frames_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum pki_status want;
	} cases[] = {
		{ "\0\0\0\0\0", 5, PKI_INPUT },
		{ "\x7f\0\0\0\0", 5, PKI_INPUT },
		{ "\x01\xff\xff\xff\xff", 5, PKI_LIMIT },
		{ "\x01\0\0\0\x65", 5, PKI_LIMIT },
		{ "\x01\0\0\0\x05xy", 7, PKI_UNAVAILABLE },
		{ "\x01\0\0", 3, PKI_UNAVAILABLE },
		{ "\x01\0\0\0\0", 5, PKI_OK },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		int fds[2];
		enum ipc_type type;
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf in = { 0 };
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		assert_int_equal(
			write(fds[0], cases[i].bytes, cases[i].len), cases[i].len);
		close(fds[0]);
		assert_int_equal(
			ipc_receive(fds[1], 100, &in, &type, &err), cases[i].want);
		close(fds[1]);
	}
}

static void
bad_fields_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum pki_status want_bytes, want_number;
	} cases[] = {
		{ "", 0, PKI_INPUT, PKI_INPUT },
		{ "\x02\0\0\0", 4, PKI_INPUT, PKI_INPUT },
		{ "\x02\0\0\0\x01", 5, PKI_INPUT, PKI_INPUT },
		{ "\x02\xff\xff\xff\xffx", 6, PKI_INPUT, PKI_INPUT },
		{ "\x02\0\0\0\x01x", 6, PKI_OK, PKI_INPUT },
		{ "\x03\0\0\0\x01x", 6, PKI_INPUT, PKI_INPUT },
		{ "\x03\0\0\0\x08xxxxxxxx", 13, PKI_INPUT, PKI_OK },
		{ "\x01\0\0\0\x01x", 6, PKI_INPUT, PKI_INPUT },
		{ "\x07\0\0\0\x01x", 6, PKI_INPUT, PKI_INPUT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_bytes in = { (const uint8_t *)cases[i].bytes, cases[i].len },
				 out;
		struct pki_bytes again = in;
		uint64_t number;
		assert_int_equal(
			ipc_get(&in, IPC_BYTES, &out, &err), cases[i].want_bytes);
		err = (struct pki_err){ 0 };
		assert_int_equal(
			ipc_get_number(&again, &number, &err), cases[i].want_number);
	}
}

static void
typed_fields_are_checked(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_proof proof = { .count = 3 }, got = { .count = 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	uint8_t octets[(PKI_PROOF_MAX + 1) * PKI_SHA256] = { 0 };
	static const size_t proofs[] = { PKI_SHA256 - 1, PKI_SHA256 + 1, sizeof octets };
	static const size_t entries[] = { 0, IPC_REVOKED_SIZE - 1, IPC_REVOKED_SIZE + 1 };
	struct pki_hash hash;
	struct pki_bytes rest, field;
	memset(proof.hashes, 7, sizeof proof.hashes);
	assert_int_equal(ipc_begin(&out, IPC_CHECKPOINT, &err), PKI_OK);
	assert_int_equal(ipc_put_proof(&out, &proof, &err), PKI_OK);
	rest = (struct pki_bytes){ out.data + 5, out.len - 5 };
	assert_int_equal(ipc_get_proof(&rest, &got, &err), PKI_OK);
	assert_int_equal(got.count, 3);
	assert_memory_equal(got.hashes, proof.hashes, 3 * sizeof got.hashes[0]);
	for (size_t i = 0; i < PKI_COUNT(proofs); i++) {
		assert_int_equal(ipc_begin(&out, IPC_CHECKPOINT, &err), PKI_OK);
		assert_int_equal(
			ipc_put(&out, IPC_BYTES, octets, proofs[i], &err), PKI_OK);
		rest = (struct pki_bytes){ out.data + 5, out.len - 5 };
		assert_int_equal(ipc_get_proof(&rest, &got, NULL), PKI_INPUT);
		rest = (struct pki_bytes){ out.data + 5, out.len - 5 };
		assert_int_equal(ipc_get_hash(&rest, &hash, NULL), PKI_INPUT);
	}
	for (size_t i = 0; i < PKI_COUNT(entries); i++) {
		assert_int_equal(ipc_begin(&out, IPC_ENTRIES, &err), PKI_OK);
		assert_int_equal(
			ipc_put(&out, IPC_BYTES, octets, entries[i], &err), PKI_OK);
		rest = (struct pki_bytes){ out.data + 5, out.len - 5 };
		assert_int_equal(ipc_get_entries(&rest, &field, NULL), PKI_INPUT);
	}
}

static void
errors_become_the_callers(void **state)
{
	(void)state;
	struct pki_err sent = { 0 }, got = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	pki_err_object(&sent, "O-1");
	assert_int_equal(pki_refuse(&sent, PKI_RULE_ORDER_USED, "used"), PKI_REFUSED);
	struct pki_err err = { 0 };
	assert_int_equal(ipc_begin(&out, IPC_REPLY, &err), PKI_OK);
	assert_int_equal(ipc_put(&out, IPC_ERROR, &sent, sizeof sent, &err), PKI_OK);
	struct pki_bytes rest = { out.data + 5, out.len - 5 }, field;
	assert_int_equal(ipc_get(&rest, IPC_BYTES, &field, &got), PKI_REFUSED);
	assert_int_equal(got.rule, PKI_RULE_ORDER_USED);
	assert_string_equal(got.object, "O-1");
	assert_int_equal(ipc_end(rest, &err), PKI_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_travel),
		cmocka_unit_test(bad_frames_are_refused),
		cmocka_unit_test(bad_fields_are_refused),
		cmocka_unit_test(typed_fields_are_checked),
		cmocka_unit_test(errors_become_the_callers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
