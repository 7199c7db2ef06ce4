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

#include "libpki/base/file.h"
#include "libpki/host/http.h"
#include "ra/store/holder.h"
#include "ra/store/index.h"
#include "ra/store/invitation.h"
#include "ra/store/outbox.h"
#include "ra/store/part.h"
#include "ra/store/store_priv.h"

static char dir[] = "/tmp/test-ra-XXXXXX";
static char store_dir[64];
static struct pki_err err;

#define OK(call) \
	do { \
		err = (struct pki_err){ 0 }; \
		if ((call) != PKI_OK) \
			fail_msg("%s: %s", err.object, err.msg); \
	} while (0)
#define FAILS(want, call) \
	do { \
		err = (struct pki_err){ 0 }; \
		assert_int_equal(call, want); \
		assert_int_equal(err.status, want); \
	} while (0)

static int
remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb, (void)flag, (void)ftw;
	return remove(path);
}

static int
first(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
setup(void **state)
{
	(void)state;
	snprintf(store_dir, sizeof store_dir, "%s/ra", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	nftw(store_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static int
last(void **state)
{
	(void)state;
	return rmdir(dir);
}

static struct ra_store *
opened(void)
{
	struct ra_store *store = NULL;
	OK(ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
	return store;
}

static struct ra_application
add(struct ra_store *store, const char *name)
{
	struct ra_application a = { .renewal = true, .created = pki_msec_now() };
	OK(pki_id_make('A', a.id, &err));
	OK(pki_id_make('H', a.holder, &err));
	OK(ra_store_begin(store, &err));
	OK(ra_holder_add(store, a.holder, &err));
	OK(ra_application_add(store, &a, &err));
	OK(ra_part_put(store, &a, "record",
		(struct pki_bytes){ (const uint8_t *)name, strlen(name) }, &err));
	OK(ra_index_text(store, a.id, name, &err));
	OK(ra_store_commit(store, &err));
	return a;
}

static void
files_are_the_owners_alone(void **state)
{
	(void)state;
	struct stat sb;
	char path[96];
	ra_store_close(opened());
	assert_int_equal(stat(store_dir, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0700);
	static const char *const names[] = { "applications.db", "store.key" };
	for (size_t i = 0; i < PKI_COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", store_dir, names[i]);
		assert_int_equal(stat(path, &sb), 0);
		assert_int_equal(sb.st_mode & 0777, 0600);
	}
	struct ra_store *store = NULL;
	assert_int_equal(chmod(store_dir, 0755), 0);
	FAILS(PKI_CONFIG, ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
	assert_int_equal(chmod(store_dir, 0700), 0);
	assert_int_equal(chmod(path, 0644), 0);
	FAILS(PKI_CONFIG, ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
}

static int
as_number(void *out, int columns, char **values, char **names)
{
	(void)columns;
	(void)names;
	*(int *)out = (int)strtol(values[0], NULL, 10);
	return 0;
}

/* EXTRA: the folder is synced after the journal is removed. */
static void
a_commit_is_on_disk(void **state)
{
	(void)state;
	struct ra_store *store = opened();
	int extra = 0;
	assert_int_equal(
		sqlite3_exec(store->db, "PRAGMA synchronous", as_number, &extra, NULL),
		SQLITE_OK);
	assert_int_equal(extra, 3);
	ra_store_close(store);
}

static void
a_lost_database_is_not_made_anew(void **state)
{
	(void)state;
	char path[96];
	struct ra_store *store = NULL;
	FAILS(PKI_NOTFOUND, ra_store_open(store_dir, RA_STORE_KNOWN, &store, &err));
	assert_false(pki_file_exists(store_dir));
	ra_store_close(opened());
	OK(ra_store_open(store_dir, RA_STORE_KNOWN, &store, &err));
	ra_store_close(store);
	snprintf(path, sizeof path, "%s/applications.db", store_dir);
	assert_int_equal(truncate(path, 0), 0);
	FAILS(PKI_NOTFOUND, ra_store_open(store_dir, RA_STORE_KNOWN, &store, &err));
	assert_int_equal(unlink(path), 0);
	FAILS(PKI_NOTFOUND, ra_store_open(store_dir, RA_STORE_KNOWN, &store, &err));
	assert_false(pki_file_exists(path));
	assert_false(ra_store_was_used(store_dir));
}

static void
no_personal_data_in_the_files(void **state)
{
	(void)state;
	static const char *const hidden[] = { "Zoltane", "zoltane", "Quirinal",
		"quirinal" };
	struct ra_store *store = opened();
	add(store, "Zoltane Quirinal");
	ra_store_close(store);
	char path[96];
	PKI_CLEANUP(pki_buf_free) struct pki_buf db = { 0 };
	snprintf(path, sizeof path, "%s/applications.db", store_dir);
	OK(pki_file_read(path, PKI_FILE_MAX, &db, &err));
	for (size_t i = 0; i < PKI_COUNT(hidden); i++)
		assert_null(memmem(db.data, db.len, hidden[i], strlen(hidden[i])));
}

static void
a_part_opens_only_in_its_place(void **state)
{
	(void)state;
	struct ra_store *store = opened();
	struct ra_application a = add(store, "Alice Martin"),
			      b = add(store, "Bruno Keller");
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	OK(ra_part_get(store, &a, "record", &out, &err));
	assert_string_equal((char *)out.data, "Alice Martin");
	FAILS(PKI_NOTFOUND, ra_part_get(store, &a, "order", &out, &err));
	struct ra_application stolen = a;
	snprintf(stolen.holder, sizeof stolen.holder, "%s", b.holder);
	FAILS(PKI_TAMPERED, ra_part_get(store, &stolen, "record", &out, &err));
	assert_string_equal((char *)out.data, "Alice Martin");
	ra_store_close(store);
}

static void
wrong_or_missing_key(void **state)
{
	(void)state;
	char path[96];
	struct ra_store *store = opened();
	ra_store_close(store);
	snprintf(path, sizeof path, "%s/store.key", store_dir);
	OK(pki_file_publish(path, "0123456789abcdef0123456789abcdef", 32, 0600, &err));
	FAILS(PKI_TAMPERED, ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
	OK(pki_file_publish(path, "short", 5, 0600, &err));
	FAILS(PKI_TAMPERED, ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
	assert_int_equal(unlink(path), 0);
	FAILS(PKI_IO, ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
	assert_false(pki_file_exists(path));
}

static void
garbage_and_newer_databases(void **state)
{
	(void)state;
	char path[96], command[192];
	struct ra_store *store = opened();
	ra_store_close(store);
	snprintf(path, sizeof path, "%s/applications.db", store_dir);
	snprintf(command, sizeof command, "sqlite3 %s 'PRAGMA user_version = 99'", path);
	assert_int_equal(system(command), 0);
	FAILS(PKI_VERSION, ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
	OK(pki_file_publish(path, "this is no database, not at all", 31, 0600, &err));
	FAILS(PKI_TAMPERED, ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
}

static void
states_only_move_forwards(void **state)
{
	(void)state;
	static const struct {
		const char *label;
		enum ra_state from, to;
		enum pki_status want;
	} cases[] = {
		{ "verify", RA_SUBMITTED, RA_VERIFIED, PKI_OK },
		{ "verify anew", RA_VERIFIED, RA_VERIFIED, PKI_OK },
		{ "skip approval", RA_VERIFIED, RA_ISSUED, PKI_STATE },
		{ "stale view", RA_SUBMITTED, RA_VERIFIED, PKI_STATE },
		{ "approve", RA_VERIFIED, RA_APPROVED, PKI_OK },
		{ "issue", RA_APPROVED, RA_ISSUED, PKI_OK },
		{ "issue again", RA_ISSUED, RA_ISSUED, PKI_STATE },
		{ "reject what was issued", RA_ISSUED, RA_REJECTED, PKI_STATE },
		{ "accept", RA_ISSUED, RA_ACCEPTED, PKI_OK },
		{ "back", RA_ACCEPTED, RA_SUBMITTED, PKI_STATE },
	};
	struct ra_store *store = opened();
	struct ra_application a = add(store, "Alice Martin");
	OK(pki_id_make('O', a.order, &err));
	snprintf(a.verified_by, sizeof a.verified_by, "01");
	snprintf(a.approved_by, sizeof a.approved_by, "02");
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		err = (struct pki_err){ 0 };
		a.state = cases[i].to;
		enum pki_status status =
			ra_application_move(store, &a, cases[i].from, &err);
		if (status != cases[i].want)
			fail_msg("%s: %d, not %d", cases[i].label, status, cases[i].want);
	}
	ra_store_close(store);
}

static void
r202_the_schema_wants_two_officers(void **state)
{
	(void)state;
	struct ra_store *store = opened();
	struct ra_application a = add(store, "Alice Martin");
	OK(pki_id_make('O', a.order, &err));
	snprintf(a.verified_by, sizeof a.verified_by, "01");
	a.state = RA_VERIFIED;
	OK(ra_application_move(store, &a, RA_SUBMITTED, &err));
	snprintf(a.approved_by, sizeof a.approved_by, "01");
	a.state = RA_APPROVED;
	FAILS(PKI_STATE, ra_application_move(store, &a, RA_VERIFIED, &err));
	ra_store_close(store);
}

static void
r206_an_invitation_counts_once(void **state)
{
	(void)state;
	struct ra_store *store = opened();
	struct ra_application a = add(store, "Alice Martin"),
			      b = add(store, "Bruno Keller");
	struct ra_invitation in = { .code = { 1, 2, 3, 4, 5 }, .expires = 9 }, out;
	OK(pki_id_make('I', in.id, &err));
	OK(pki_buf_append(&in.cms, "cms", 3, &err));
	OK(ra_invitation_add(store, &in, &err));
	bool found = false;
	OK(ra_invitation_by_code(store, in.code, &out, &found, &err));
	assert_true(found);
	assert_string_equal(out.id, in.id);
	assert_string_equal(out.application, "");
	ra_invitation_free(&out);
	uint8_t near[PKI_SHA256] = { 1, 2, 3, 4, 6 };
	FAILS(PKI_NOTFOUND, ra_invitation_by_code(store, near, &out, NULL, &err));
	OK(ra_invitation_by_code(store, near, &out, &found, &err));
	assert_false(found);
	OK(ra_invitation_use(store, in.id, a.id, &err));
	FAILS(PKI_REFUSED, ra_invitation_use(store, in.id, b.id, &err));
	assert_int_equal(err.rule, PKI_RULE_INVITATION);
	ra_invitation_free(&in);
	ra_store_close(store);
}

static enum pki_status
count_one(void *ctx, const struct ra_application *application, struct pki_err *e)
{
	(void)application, (void)e;
	(*(int *)ctx)++;
	return PKI_OK;
}

static void
search_finds_words(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t want_found;
	} cases[] = {
		{ "alice", 2 },
		{ "ALICE", 2 },
		{ "Martin", 1 },
		{ "alice martin", 1 },
		{ "alice keller", 0 },
		{ "anne", 1 },
		{ "Anne-Marie", 1 },
		{ "m\xc3\x9cLLER", 1 },
		{ "33600000000", 1 },
		{ "+33 6 00 00 00 00", 1 },
		{ "nobody", 0 },
		{ "%", 0 },
		{ "", 0 },
		{ "' OR 1=1 --", 0 },
	};
	struct ra_store *store = opened();
	add(store, "Alice Martin +33600000000");
	add(store, "Alice Anne-Marie M\xc3\xbcller");
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct ra_filter filter = {
			.state = -1, .text = cases[i].text, .limit = -1
		};
		uint64_t total = 99;
		int seen = 0;
		OK(ra_application_each(store, &filter, count_one, &seen, &total, &err));
		if (total != cases[i].want_found || seen != (int)total)
			fail_msg("%s: %d found", cases[i].text, (int)total);
	}
	ra_store_close(store);
}

static void
search_finds_names(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t want_found;
	} cases[] = {
		{ "O'Brien", 1 },
		{ "O\u2019Brien", 1 },
		{ "obrien", 1 },
		{ "brien", 1 },
		{ "M\u00fcllermann", 1 },
		{ "Muellermann", 0 },
		{ "Mullermann", 1 },
		{ "MULLER", 1 },
		{ "m\u00fcll", 1 },
		{ "se\u00e1n mul", 1 },
		{ "sean mullermann", 1 },
		{ "Mullerman", 0 }, /* nine characters are no beginning */
		{ "mu", 0 },
		{ "Strasse", 1 },
		{ "Stra\u00dfe", 1 },
		{ "PASFR-12AB34567", 1 },
	};
	struct ra_store *store = opened();
	struct ra_application a = add(store, "x");
	OK(ra_index_name(store, a.id, "Se\u00e1n O\u2019Brien M\u00fcllermann", &err));
	OK(ra_index_name(store, a.id, "Stra\u00dfe", &err));
	OK(ra_index_number(store, a.id, "PASFR-12AB34567", &err));
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct ra_filter filter = {
			.state = -1, .text = cases[i].text, .limit = -1
		};
		uint64_t total = 99;
		int seen = 0;
		OK(ra_application_each(store, &filter, count_one, &seen, &total, &err));
		if (total != cases[i].want_found)
			fail_msg("%s: %d found", cases[i].text, (int)total);
	}
	ra_store_close(store);
}

static void
lists_page(void **state)
{
	(void)state;
	struct ra_store *store = opened();
	for (int i = 0; i < 7; i++)
		add(store, "Alice Martin");
	struct ra_filter filter = { .state = RA_SUBMITTED, .offset = 5, .limit = 5 };
	uint64_t total;
	int seen = 0;
	OK(ra_application_each(store, &filter, count_one, &seen, &total, &err));
	assert_int_equal(total, 7);
	assert_int_equal(seen, 2);
	filter = (struct ra_filter){ .state = RA_ISSUED, .limit = 5 };
	OK(ra_application_each(store, &filter, count_one, &seen, &total, &err));
	assert_int_equal(total, 0);
	ra_store_close(store);
}

static void
add_event(struct ra_store *store, const char *type, const char *actor)
{
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "application", "A-1");
	OK(ra_outbox_add(store, type, actor, &detail, &err));
}

static void
an_event_without_its_detail_is_not_recorded(void **state)
{
	(void)state;
	struct ra_store *store = opened();
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "application", "not UTF-8: \xff");
	FAILS(PKI_INPUT,
		ra_outbox_add(store, "application-submitted", "", &detail, &err));
	uint64_t waiting = 99;
	OK(ra_outbox_count(store, &waiting, &err));
	assert_int_equal(waiting, 0);
	ra_store_close(store);
}

static void
events_wait_until_they_are_taken(void **state)
{
	(void)state;
	struct ra_store *store = opened();
	OK(ra_store_begin(store, &err));
	add_event(store, "application-submitted", "");
	ra_store_rollback(store);
	OK(ra_store_begin(store, &err));
	add_event(store, "application-verified", "01");
	OK(ra_store_commit(store, &err));
	uint64_t waiting = 0;
	char nowhere[96];
	snprintf(nowhere, sizeof nowhere, "%s/no.sock", dir);
	FAILS(PKI_UNAVAILABLE, ra_outbox_send(store, nowhere, &waiting, &err));
	assert_int_equal(waiting, 1);
	ra_store_close(store);
}

struct taken {
	char types[256];
	unsigned code;
};

static void
take_event(void *ctx, struct pki_http_request *req)
{
	struct taken *taken = ctx;
	struct pki_err e = { 0 };
	json_t *json = NULL;
	assert_string_equal(pki_http_path(req), "/v1/events");
	assert_int_equal(pki_json_parse(pki_http_body(req), &json, &e), PKI_OK);
	size_t used = strlen(taken->types);
	snprintf(taken->types + used, sizeof taken->types - used, "%s ",
		json_string_value(json_object_get(json, "type")));
	json_decref(json);
	static const char busy[] =
		"{\"error\":{\"status\":\"busy\",\"rule\":\"\",\"object\":\"\",\"message\":\"try again\"}}";
	const char *text = taken->code == 200 ? "{\"index\":1}" : busy;
	struct pki_bytes body = { (const uint8_t *)text, strlen(text) };
	pki_http_reply(req, taken->code, NULL, 0, body);
}

static void
events_are_sent_once_and_in_order(void **state)
{
	(void)state;
	struct taken taken = { .code = 503 };
	char listen_at[96];
	snprintf(listen_at, sizeof listen_at, "unix:%s/ca.sock", dir);
	const struct pki_http_config config = { .listen = listen_at,
		.threads = 1,
		.body_max = 4096,
		.connections_max = 4,
		.idle_seconds = 5,
		.handler = take_event,
		.ctx = &taken };
	struct pki_http_server *server = NULL;
	struct ra_store *store = opened();
	add_event(store, "application-submitted", "");
	add_event(store, "application-verified", "01");
	OK(pki_http_start(&config, &server, &err));
	uint64_t waiting = 0;
	FAILS(PKI_BUSY, ra_outbox_send(store, listen_at + 5, &waiting, &err));
	assert_int_equal(waiting, 2);
	taken = (struct taken){ .code = 200 };
	OK(ra_outbox_send(store, listen_at + 5, &waiting, &err));
	assert_int_equal(waiting, 0);
	OK(ra_outbox_send(store, listen_at + 5, &waiting, &err));
	assert_string_equal(taken.types, "application-submitted application-verified ");
	pki_http_stop(server);
	unlink(listen_at + 5);
	ra_store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(files_are_the_owners_alone),
		T(a_commit_is_on_disk),
		T(a_lost_database_is_not_made_anew),
		T(no_personal_data_in_the_files),
		T(a_part_opens_only_in_its_place),
		T(wrong_or_missing_key),
		T(garbage_and_newer_databases),
		T(states_only_move_forwards),
		T(r202_the_schema_wants_two_officers),
		T(r206_an_invitation_counts_once),
		T(search_finds_words),
		T(search_finds_names),
		T(lists_page),
		T(an_event_without_its_detail_is_not_recorded),
		T(events_wait_until_they_are_taken),
		T(events_are_sent_once_and_in_order),
	};
	return cmocka_run_group_tests(tests, first, last);
}
