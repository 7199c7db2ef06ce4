/* Serial numbers, also from memory that somebody damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/serial.h"

static void
r02_a_serial_has_1_to_20_octets(void **state)
{
	(void)state;
	static const uint8_t long_one[PKI_SERIAL_MAX + 1] = { 1 };
	static const struct {
		struct pki_bytes octets;
		enum pki_status want;
	} cases[] = {
		{ { long_one, 0 }, PKI_INPUT },
		{ { long_one, 1 }, PKI_OK },
		{ { long_one, PKI_SERIAL_MAX }, PKI_OK },
		{ { long_one, PKI_SERIAL_MAX + 1 }, PKI_INPUT },
		{ { long_one + 1, 5 }, PKI_INPUT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_serial serial = { .len = 0 };
		assert_int_equal(
			pki_serial_make(cases[i].octets, &serial, NULL), cases[i].want);
		assert_int_equal(
			serial.len, cases[i].want == PKI_OK ? cases[i].octets.len : 0);
	}
}

/* Behind each serial lies what must not be read or written. */
static void
nothing_behind_a_serial_is_read(void **state)
{
	(void)state;
	struct {
		struct pki_serial serial;
		uint8_t behind[256];
	} a = { .serial = { .len = 255 } }, b = { .serial = { .len = 255 } };
	struct {
		char text[PKI_SERIAL_TEXT];
		char behind[512];
	} out = { .text = "" };
	b.behind[0] = 1;
	assert_int_equal(pki_serial_compare(&a.serial, &b.serial), 0);
	pki_serial_text(&a.serial, out.text);
	assert_int_equal(strlen(out.text), PKI_SERIAL_TEXT - 1);
	for (size_t i = 0; i < sizeof out.behind; i++)
		assert_int_equal(out.behind[i], 0);
}

/* What openssl, certutil, browsers, CT logs and spreadsheets show. */
static void
a_serial_is_read_in_the_forms_that_people_copy(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *want; /* NULL: refused */
	} cases[] = {
		{ "4a3f00c1", "4a3f00c1" },
		{ "4A3F00C1", "4a3f00c1" },
		{ "4a:3f:00:c1", "4a3f00c1" },
		{ "4A:3F:00:C1\n", "4a3f00c1" },
		{ " 4a 3f 00 c1 ", "4a3f00c1" },
		{ "0x4a3f00c1", "4a3f00c1" },
		{ "0X4A3F00C1", "4a3f00c1" },
		{ "00:4a:3f:00:c1", "4a3f00c1" },
		{ "0000000000000000000000000000000000000000000004a3f00c1", "4a3f00c1" },
		{ "a3f00c1", "0a3f00c1" },
		{ "0x1", "01" },
		{ "7fffffffffffffffffffffffffffffffffffffff",
			"7fffffffffffffffffffffffffffffffffffffff" },
		{ "00:7f:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff",
			"7fffffffffffffffffffffffffffffffffffffff" },
		{ "17fffffffffffffffffffffffffffffffffffffff", NULL },
		{ "1234567890123456789012345678901234567890"
		  "1234567890123456789012345678901234567890",
			NULL },
		{ "", NULL },
		{ "0x", NULL },
		{ "00:00", NULL },
		{ ":", NULL },
		{ "-1", NULL },
		{ "4a3g", NULL },
		{ "0x0x4a", NULL },
		{ "4a-3f", NULL },
		{ "H-4a", NULL },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_serial serial = { .len = 0 };
		char text[PKI_SERIAL_TEXT] = "";
		enum pki_status status = pki_serial_read(cases[i].text, &serial, NULL);
		pki_serial_text(&serial, text);
		if ((status == PKI_OK) != (cases[i].want != NULL) ||
			(status == PKI_OK && strcmp(text, cases[i].want) != 0))
			fail_msg("\"%s\": %d, %s", cases[i].text, status, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_is_read_in_the_forms_that_people_copy),
		cmocka_unit_test(r02_a_serial_has_1_to_20_octets),
		cmocka_unit_test(nothing_behind_a_serial_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
