#include "libpki/asn1/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static void
lengths(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000 };
	static uint8_t value[0x10000], room[0x10000 + 16];
	for (size_t i = 0; i < PKI_COUNT(sizes); i++) {
		struct pki_der w = { room, sizeof room, false };
		pki_der_put_tagged(&w, PKI_DER_OCTETS, value, sizes[i]);
		pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
		assert_false(w.full);
		struct pki_bytes in = { room + w.at, sizeof room - w.at }, list, content;
		struct pki_bytes whole = in, rest = in;
		assert_true(pki_der_is_next(&in, PKI_DER_SEQUENCE));
		assert_true(pki_der_get(&in, PKI_DER_SEQUENCE, &list));
		assert_int_equal(in.len, 0);
		assert_false(pki_der_is_next(&in, PKI_DER_SEQUENCE));
		assert_false(pki_der_get(&list, PKI_DER_BITS, &content));
		assert_true(pki_der_get(&list, PKI_DER_OCTETS, &content));
		assert_int_equal(content.len, sizes[i]);
		assert_true(pki_der_get_whole(&rest, PKI_DER_SEQUENCE, &content));
		assert_ptr_equal(content.data, whole.data);
		assert_int_equal(content.len, whole.len);
		/* one octet less is not there */
		whole.len--;
		assert_false(pki_der_get(&whole, PKI_DER_SEQUENCE, &content));
	}
}

static void
what_does_not_fit_is_said(void **state)
{
	(void)state;
	uint8_t room[4];
	struct pki_der w = { room, sizeof room, false };
	pki_der_put_tagged(&w, PKI_DER_OCTETS, "abc", 3);
	assert_true(w.full);
}

static void
not_der(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		size_t len;
	} cases[] = {
		{ "", 0 },
		{ "\x30", 1 },
		{ "\x30\x01", 2 },
		{ "\x30\x81\x00", 3 }, /* longer than need be */
		{ "\x30\x82\x00\x01\x05", 5 },
		{ "\x30\x80\x00\x00", 4 }, /* indefinite */
		{ "\x30\x84\x7f\xff\xff\xff", 6 },
		{ "\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10 },
		{ "\x30\xff", 2 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_bytes in = { (const uint8_t *)cases[i].octets, cases[i].len };
		struct pki_bytes content;
		assert_false(pki_der_get(&in, PKI_DER_SEQUENCE, &content));
		assert_int_equal(in.len, cases[i].len);
	}
}

static void
r03_times(void **state)
{
	(void)state;
	static const struct {
		pki_time t;
		const char *want;
	} cases[] = {
		{ -631152000, "\x17\x0d"
			      "500101000000Z" },
		{ 0, "\x17\x0d"
		     "700101000000Z" },
		{ 1709210096, "\x17\x0d"
			      "240229123456Z" },
		{ 2524607999, "\x17\x0d"
			      "491231235959Z" },
		{ 2524608000, "\x18\x0f"
			      "20500101000000Z" },
		{ 253402300799, "\x18\x0f"
				"99991231235959Z" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint8_t room[17];
		pki_time t = 1;
		struct pki_err err = { 0 };
		struct pki_der w = { room, sizeof room, false };
		pki_der_put_x509_time(&w, cases[i].t);
		struct pki_bytes in = { room + w.at, sizeof room - w.at };
		assert_int_equal(in.len, strlen(cases[i].want));
		assert_memory_equal(in.data, cases[i].want, in.len);
		assert_int_equal(pki_der_get_x509_time(&in, &t, &err), PKI_OK);
		assert_int_equal(t, cases[i].t);
		assert_int_equal(in.len, 0);
	}
	/* OCSP's are GeneralizedTime always */
	uint8_t room[17];
	struct pki_der w = { room, sizeof room, false };
	pki_der_put_time(&w, 0);
	assert_memory_equal(room,
		"\x18\x0f"
		"19700101000000Z",
		sizeof room);
}

static void
r03_times_refused(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		enum pki_status want;
	} cases[] = {
		{ "\x18\x0f"
		  "20491231235959Z",
			PKI_REFUSED },
		{ "\x18\x0f"
		  "19491231235959Z",
			PKI_REFUSED },
		{ "\x17\x0b"
		  "2401010000Z",
			PKI_INPUT },
		{ "\x17\x11"
		  "240101000000+0000",
			PKI_INPUT },
		{ "\x17\x0d"
		  "240101000000z",
			PKI_INPUT },
		{ "\x17\x0d"
		  "230229000000Z",
			PKI_INPUT },
		{ "\x17\x0d"
		  "241301000000Z",
			PKI_INPUT },
		{ "\x17\x0d"
		  "240100000000Z",
			PKI_INPUT },
		{ "\x17\x0d"
		  "240101240000Z",
			PKI_INPUT },
		{ "\x17\x0d"
		  "240101000060Z",
			PKI_INPUT },
		{ "\x17\x0d"
		  "24010100000 Z",
			PKI_INPUT },
		{ "\x17\x0d"
		  "-40101000000Z",
			PKI_INPUT },
		{ "\x18\x11"
		  "20500101000000.5Z",
			PKI_INPUT },
		{ "\x18\x0d"
		  "500101000000Z",
			PKI_INPUT },
		{ "\x17\x0f"
		  "20500101000000Z",
			PKI_INPUT },
		{ "\x04\x0d"
		  "240101000000Z",
			PKI_INPUT },
		{ "", PKI_INPUT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		pki_time t;
		struct pki_err err = { 0 };
		struct pki_bytes in = { (const uint8_t *)cases[i].octets,
			strlen(cases[i].octets) };
		assert_int_equal(pki_der_get_x509_time(&in, &t, &err), cases[i].want);
		if (cases[i].want == PKI_REFUSED)
			assert_int_equal(err.rule, PKI_RULE_DATES);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(what_does_not_fit_is_said),
		cmocka_unit_test(not_der),
		cmocka_unit_test(r03_times),
		cmocka_unit_test(r03_times_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
