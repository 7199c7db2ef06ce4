/* The wall clock is set back by an hour while pki-ca waits: it waits no longer for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ca/front/publisher.h"
#include "ca/front/queue.h"
#include "libpki/base/file.h"
#include "libpki/host/conf_log.h"
#include "libpki/state/log.h"
#include "tests/unit/common/expect.h"

/* How far the wall clock stands ahead of what the kernel's waits go by. */
static atomic_long ahead;

/* In place of the C library's. */
int
clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, id, out);
	if (id == CLOCK_REALTIME)
		out->tv_sec += ahead;
	return rc;
}

static int64_t
since(int64_t start)
{
	return pki_monotonic_msec() - start;
}

static void
r209_a_wait_for_orders_ends(void **state)
{
	(void)state;
	struct queue queue;
	struct job job = { .kind = JOB_ORDER }, *taken = NULL;
	int64_t start = pki_monotonic_msec();
	ok(queue_init(&queue, 1, &err));
	ahead = 3600; /* and by the time that the wait ends it is 0 again */
	assert_int_equal(queue_take(&queue, &taken, 1, 50), 0);
	assert_true(since(start) >= 50 && since(start) < 10000);
	ahead = 0;
	ok(queue_push(&queue, &job, &err));
	assert_int_equal(queue_take(&queue, &taken, 1, PKI_WAIT_FOREVER), 1);
	assert_ptr_equal(taken, &job);
}

static struct {
	char dir[64], log[80];
	struct pki_conf_log log_conf;
	struct pki_conf conf;
	struct pki_ledger *writer, *reader;
	struct pki_key *key;
} f;

static int
set_up(void **state)
{
	(void)state;
	char path[128];
	memset(&f, 0, sizeof f);
	strcpy(f.dir, "/tmp/pki-unit.XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.log, sizeof f.log, "%s/log", f.dir);
	ok(pki_file_mkdirs(f.log, 0755, &err));
	snprintf(path, sizeof path, "%s/ledger.db", f.dir);
	ok(pki_ledger_open(path, PKI_LEDGER_CREATE, &f.writer, &err));
	ok(pki_ledger_open(path, PKI_LEDGER_READ, &f.reader, &err));
	ok(pki_key_generate(PKI_ALG_ED25519, &f.key, &err));
	f.conf.log = &f.log_conf;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	char command[128];
	ahead = 0;
	pki_ledger_close(f.reader);
	pki_ledger_close(f.writer);
	pki_key_free(f.key);
	snprintf(command, sizeof command, "rm -r %s", f.dir);
	return system(command);
}

/* One more entry, under a checkpoint. */
static void
commit(struct publisher *publisher, uint64_t size)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_checkpoint cp = { .origin = "ca.test/log", .size = size };
	const struct pki_event event = {
		.type = "ca-stopped", .source = "pki-ca", .actor = "", .at = 1795312000000
	};
	ok(pki_ledger_begin(f.writer, &err));
	ok(pki_log_append(f.writer, &event, NULL, &err));
	ok(pki_log_root(f.writer, size, &cp.root, &err));
	ok(pki_checkpoint_sign(&cp, f.key, &note, &err));
	ok(pki_ledger_add_checkpoint(f.writer, size, pki_buf_bytes(&note), &err));
	ok(pki_ledger_commit(f.writer, &err));
	publisher_notify(publisher, size, false);
}

static uint64_t
published(void)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_checkpoint cp = { .size = 0 };
	char path[128];
	snprintf(path, sizeof path, "%s/checkpoint", f.log);
	if (pki_file_exists(path)) {
		ok(pki_file_read(path, PKI_NOTE_MAX, &note, &err));
		ok(pki_checkpoint_parse(pki_buf_bytes(&note), &cp, &err));
	}
	return cp.size;
}

static void
r209_the_log_is_published(void **state)
{
	(void)state;
	struct publisher publisher;
	const struct publisher_config config = { &f.conf, f.reader, f.log, 0 };
	ok(publisher_start(&publisher, &config, &err));
	for (uint64_t size = 1; size <= 3; size++) {
		int64_t start = pki_monotonic_msec();
		ahead = 3600;
		commit(&publisher, size);
		while (published() < size && since(start) < 10000)
			usleep(20000);
		ahead = 0;
		assert_int_equal(published(), size);
	}
	publisher_stop(&publisher);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r209_a_wait_for_orders_ends),
		cmocka_unit_test_setup_teardown(
			r209_the_log_is_published, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
