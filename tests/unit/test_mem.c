#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/mem.h"

static void
appending_grows_and_terminates(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf buf = { 0 };
	assert_int_equal(pki_buf_append(&buf, NULL, 0, &err), PKI_OK);
	assert_string_equal((char *)buf.data, "");
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(pki_buf_append(&buf, "ab\0c", 4, &err), PKI_OK);
		assert_int_equal(buf.data[buf.len], 0);
	}
	assert_int_equal(buf.len, 4000);
	assert_memory_equal(buf.data + 3996, "ab\0c", 4);
	struct pki_bytes view = pki_buf_bytes(&buf);
	assert_ptr_equal(view.data, buf.data);
	assert_int_equal(view.len, 4000);
	size_t cap = buf.cap;
	pki_buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.cap, cap);
	assert_string_equal((char *)buf.data, "");
}

static void
printing_appends(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf buf = { 0 };
	assert_int_equal(pki_buf_printf(&buf, &err, "%s-%d", "a", 7), PKI_OK);
	assert_int_equal(pki_buf_printf(&buf, &err, "%300d", 1), PKI_OK);
	assert_int_equal(buf.len, 303);
	assert_memory_equal(buf.data, "a-7  ", 5);
	assert_string_equal((char *)buf.data + 302, "1");
}

static void
reserving_keeps_the_content(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf buf = { 0 };
	assert_int_equal(pki_buf_append(&buf, "secret", 6, &err), PKI_OK);
	assert_int_equal(pki_buf_reserve(&buf, 5000, &err), PKI_OK);
	assert_true(buf.cap > 5006);
	assert_string_equal((char *)buf.data, "secret");
	assert_int_equal(buf.len, 6);
}

static void
impossible_sizes_are_memory(void **state)
{
	(void)state;
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX / 2 };
	for (size_t i = 0; i < PKI_COUNT(sizes); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf buf = { 0 };
		assert_int_equal(pki_buf_append(&buf, "a", 1, &err), PKI_OK);
		assert_int_equal(pki_buf_reserve(&buf, sizes[i], &err), PKI_MEMORY);
		assert_string_equal((char *)buf.data, "a");
	}
}

static void
freeing_nothing_is_safe(void **state)
{
	(void)state;
	struct pki_buf buf = { 0 };
	char *text = NULL;
	FILE *file = NULL;
	int none = -1;
	pki_buf_reset(&buf);
	pki_buf_free(&buf);
	pki_buf_cleanse(&buf);
	pki_free_ptr(&text);
	pki_close_file(&file);
	pki_close_fd(&none);
	int fd = open("/dev/null", O_RDONLY);
	int same = fd;
	pki_close_fd(&same);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void
bytes_compare(void **state)
{
	(void)state;
	assert_true(pki_bytes_equal("abc", 3, "abc", 3));
	assert_true(pki_bytes_equal(NULL, 0, NULL, 0));
	assert_false(pki_bytes_equal("abc", 3, "abd", 3));
	assert_false(pki_bytes_equal("abc", 3, "abcd", 4));
	assert_false(pki_bytes_equal("abc", 3, NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appending_grows_and_terminates),
		cmocka_unit_test(printing_appends),
		cmocka_unit_test(reserving_keeps_the_content),
		cmocka_unit_test(impossible_sizes_are_memory),
		cmocka_unit_test(freeing_nothing_is_safe),
		cmocka_unit_test(bytes_compare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
