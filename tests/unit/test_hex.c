#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/hex.h"

static void
hex_decode_cases(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t max;
		enum pki_status want_status;
		const char *want_hex;
	} cases[] = {
		{ "", 4, PKI_OK, "" },
		{ "00ff", 2, PKI_OK, "00ff" },
		{ "DEADbeef", 4, PKI_OK, "deadbeef" },
		{ "abc", 4, PKI_INPUT, NULL },
		{ "0g", 4, PKI_INPUT, NULL },
		{ " 00", 4, PKI_INPUT, NULL },
		{ "0x00", 4, PKI_INPUT, NULL },
		{ "00 1", 4, PKI_INPUT, NULL },
		{ "aabbcc", 2, PKI_LIMIT, NULL },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint8_t out[4];
		size_t len = 0;
		struct pki_err err = { 0 };
		assert_int_equal(
			pki_hex_decode(cases[i].text, out, cases[i].max, &len, &err),
			cases[i].want_status);
		if (cases[i].want_hex == NULL)
			continue;
		char hex[9];
		pki_hex_encode(out, len, hex);
		assert_string_equal(hex, cases[i].want_hex);
	}
}

static void
base64_round_trip(void **state)
{
	(void)state;
	/* RFC 4648 10 */
	static const struct {
		const char *plain;
		const char *want_text;
	} cases[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xef\xbe", "/+++" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf plain = { 0 };
		assert_int_equal(pki_base64_encode(cases[i].plain, strlen(cases[i].plain),
					 &text, &err),
			PKI_OK);
		assert_string_equal((char *)text.data, cases[i].want_text);
		assert_int_equal(pki_buf_append(&plain, "<", 1, &err), PKI_OK);
		assert_int_equal(
			pki_base64_decode((char *)text.data, text.len, &plain, &err),
			PKI_OK);
		assert_string_equal((char *)plain.data + 1, cases[i].plain);
		assert_int_equal(plain.len, 1 + strlen(cases[i].plain));
	}
}

/* Every octet, at every place in its three. */
static void
base64_of_all_octets(void **state)
{
	(void)state;
	uint8_t octets[256 + 2];
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)i;
	for (size_t skip = 0; skip < 3; skip++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf back = { 0 };
		assert_int_equal(
			pki_base64_encode(octets + skip, 256, &text, &err), PKI_OK);
		assert_int_equal(
			pki_base64_decode((char *)text.data, text.len, &back, &err),
			PKI_OK);
		assert_int_equal(back.len, 256);
		assert_memory_equal(back.data, octets + skip, 256);
	}
}

/* No octet but those of the alphabet. */
static void
base64_of_no_other_character(void **state)
{
	(void)state;
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (int c = 0; c <= UINT8_MAX; c++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
		const char text[] = { 'A', (char)c, 'A', 'A' };
		bool known = memchr(alphabet, c, sizeof alphabet - 1) != NULL;
		assert_int_equal(pki_base64_decode(text, sizeof text, &out, &err),
			known ? PKI_OK : PKI_INPUT);
	}
}

static void
base64_is_strict(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"Z",
		"Zg",
		"Zg=",
		"Zg===",
		"====",
		"=",
		"Z===", /* padding */
		"Zh==",
		"Zm9=",
		"Zm9",
		"Zg==Zg==", /* leftover bits, two texts */
		" Zg==",
		"Zg== ",
		"Zg==\n",
		"Zm9v\n",
		"Zm 9v",
		"Zm\n9vYg=", /* white space */
		"Zm9-",
		"Zm_v",
		"Zm9\x80",
		"Z=9v",
	};
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
		assert_int_equal(
			pki_base64_decode(bad[i], strlen(bad[i]), &out, &err), PKI_INPUT);
		assert_int_equal(out.len, 0);
	}
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	assert_int_equal(pki_base64_decode("Zm\0v", 4, &out, &err), PKI_INPUT);
}

static void
sha256_vectors(void **state)
{
	(void)state;
	/* FIPS 180-4 examples */
	struct pki_err err = { 0 };
	char hex[PKI_SHA256_HEX];
	assert_int_equal(pki_sha256_hex("abc", 3, hex, &err), PKI_OK);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(pki_sha256_hex(NULL, 0, hex, &err), PKI_OK);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
random_differs(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	uint8_t a[16];
	uint8_t b[16];
	assert_int_equal(pki_random(a, sizeof a, &err), PKI_OK);
	assert_int_equal(pki_random(b, sizeof b, &err), PKI_OK);
	assert_memory_not_equal(a, b, sizeof a);
	assert_int_equal(pki_random(a, SIZE_MAX, &err), PKI_INTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_decode_cases),
		cmocka_unit_test(base64_round_trip),
		cmocka_unit_test(base64_of_all_octets),
		cmocka_unit_test(base64_of_no_other_character),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(sha256_vectors),
		cmocka_unit_test(random_differs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
