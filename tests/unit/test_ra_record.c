#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ra/store/holder.h"
#include "ra/store/outbox.h"
#include "ra/store/record.h"

static char dir[] = "/tmp/test-ra-record-XXXXXX";
static char store_dir[64];
static struct pki_err err;

#define OK(call) \
	do { \
		err = (struct pki_err){ 0 }; \
		if ((call) != PKI_OK) \
			fail_msg("%s: %s", err.object, err.msg); \
	} while (0)

/* Jansson's memory: the allocation after `left` others fails. */
static struct {
	long left;
	bool failed;
} memory;

static void *
counted_malloc(size_t size)
{
	if (memory.left-- == 0) {
		memory.failed = true;
		return NULL;
	}
	return malloc(size);
}

static int
remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb, (void)flag, (void)ftw;
	return remove(path);
}

static int
setup(void **state)
{
	struct ra_store *store = NULL;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(store_dir, sizeof store_dir, "%s/ra", dir);
	int rc = ra_store_open(store_dir, RA_STORE_NEW, &store, &err) == PKI_OK ? 0 : -1;
	*state = store;
	return rc;
}

static int
teardown(void **state)
{
	ra_store_close(*state);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct ra_application
add(struct ra_store *store)
{
	struct ra_application a = { .renewal = true, .created = pki_msec_now() };
	OK(pki_id_make('A', a.id, &err));
	OK(pki_id_make('H', a.holder, &err));
	OK(ra_holder_add(store, a.holder, &err));
	OK(ra_application_add(store, &a, &err));
	return a;
}

static void
fill(struct ra_record *record)
{
	*record = (struct ra_record){ .form = { .given_name = "TEST Alice" },
		.salt = "00112233445566778899aabbccddeeff",
		.evidence_count = 2,
		.serial_count = 2,
		.not_after = 1893456000,
		.method = "in-person",
		.email_verified = true };
	for (size_t i = 0; i < 2; i++) {
		struct ra_evidence *e = &record->evidence[i];
		snprintf(e->name, sizeof e->name, "page-%zu", i);
		e->number = (long)i;
		e->size = 17;
		OK(pki_serial_parse(i == 0 ? "1a" : "2b", &record->serials[i], &err));
	}
	OK(pki_buf_append(&record->auth_csr, "auth", 4, &err));
	OK(pki_buf_append(&record->sign_csr, "sign", 4, &err));
}

static void
a_record_is_read_as_it_was_saved(void **state)
{
	struct ra_store *store = *state;
	struct ra_application a = add(store);
	PKI_CLEANUP(ra_record_free) struct ra_record record, again;
	fill(&record);
	OK(ra_record_save(store, &a, &record, &err));
	OK(ra_record_load(store, &a, &again, &err));
	assert_memory_equal(&record.form, &again.form, sizeof record.form);
	assert_string_equal(again.salt, record.salt);
	assert_string_equal(again.method, record.method);
	assert_int_equal(again.not_after, record.not_after);
	assert_true(again.email_verified);
	assert_false(again.phone_verified);
	assert_int_equal(again.evidence_count, 2);
	assert_memory_equal(again.evidence, record.evidence, sizeof record.evidence);
	assert_int_equal(again.serial_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			pki_serial_compare(&again.serials[i], &record.serials[i]), 0);
	assert_string_equal((char *)again.auth_csr.data, "auth");
	assert_string_equal((char *)again.sign_csr.data, "sign");
}

static void
short_memory_saves_no_part_of_a_record(void **state)
{
	struct ra_store *store = *state;
	struct ra_application a = add(store);
	PKI_CLEANUP(ra_record_free) struct ra_record record;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	fill(&record);
	json_set_alloc_funcs(counted_malloc, free);
	long n = 0;
	for (bool done = false; !done; n++) {
		memory.left = n;
		memory.failed = false;
		enum pki_status status = ra_record_save(store, &a, &record, NULL);
		done = !memory.failed;
		assert_true((status == PKI_OK) == done);
		assert_int_equal(ra_part_get(store, &a, "record", &text, NULL),
			done ? PKI_OK : PKI_NOTFOUND);
	}
	json_set_alloc_funcs(malloc, free);
	assert_in_range(n, 60, 1000);
}

static void
short_memory_records_no_part_of_an_event(void **state)
{
	struct ra_store *store = *state;
	uint64_t before, after;
	OK(ra_outbox_count(store, &before, &err));
	json_set_alloc_funcs(counted_malloc, free);
	long n = 0;
	for (bool done = false; !done; n++) {
		memory.left = n;
		memory.failed = false;
		PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
		pki_json_text(&detail, "application", "A-1");
		pki_json_text(&detail, "order", "O-1");
		enum pki_status status =
			ra_outbox_add(store, "application-verified", "01", &detail, NULL);
		done = !memory.failed;
		assert_true((status == PKI_OK) == done);
		OK(ra_outbox_count(store, &after, &err));
		assert_int_equal(after, done ? before + 1 : before);
	}
	json_set_alloc_funcs(malloc, free);
	assert_in_range(n, 5, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_as_it_was_saved),
		cmocka_unit_test(short_memory_saves_no_part_of_a_record),
		cmocka_unit_test(short_memory_records_no_part_of_an_event),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
