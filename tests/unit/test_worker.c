#include "libpki/host/worker.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "libpki/base/mem.h"
#include "libpki/base/time.h"
#include "libpki/host/report.h"
#include "tests/unit/common/expect.h"

/* The wall clock that the code under test sees: so far from the kernel's, and standing. */
#define WALL_AHEAD 3600
static bool wall_stands;

int clock_gettime(clockid_t clock, struct timespec *out);
int
clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock == CLOCK_REALTIME && wall_stands) {
		static struct timespec at;
		if (at.tv_sec == 0) {
			syscall(SYS_clock_gettime, clock, &at);
			at.tv_sec += WALL_AHEAD;
		}
		*out = at;
		return 0;
	}
	return (int)syscall(SYS_clock_gettime, clock, out);
}

static void
waits_do_not_read_the_wall_clock(void **state)
{
	(void)state;
	struct pki_wait wait;
	struct pki_err err = { 0 };
	wall_stands = true;
	assert_int_equal(pki_wait_init(&wait, &err), PKI_OK);
	int64_t start = pki_monotonic_msec(), end = pki_wait_end(50);
	pthread_mutex_lock(&wait.lock);
	while (pki_wait_until(&wait, end))
		;
	pthread_mutex_unlock(&wait.lock);
	int64_t took = pki_monotonic_msec() - start;
	assert_in_range(took, 49, 5000);
	pki_wait_destroy(&wait);
	wall_stands = false;
}

static void
backoff_doubles_up_to_its_limit(void **state)
{
	(void)state;
	struct pki_backoff backoff = { .first_msec = 100, .max_msec = 700 };
	static const long want[] = { 100, 200, 400, 700, 700 };
	for (size_t i = 0; i < PKI_COUNT(want); i++)
		assert_int_equal(pki_backoff_fail(&backoff), want[i]);
	pki_backoff_reset(&backoff);
	assert_int_equal(pki_backoff_fail(&backoff), 100);
}

struct job {
	struct pki_wait wait;
	int passes, fails; /* of the first passes, so many fail */
	bool unset; /* a pass did not begin with a wait of 0 */
	long wait_msec;
	int64_t at[8]; /* when a pass began */
};

static enum pki_status
one_pass(void *ctx, long *wait_msec, struct pki_err *err)
{
	struct job *job = ctx;
	bool preset = *wait_msec == 0;
	pthread_mutex_lock(&job->wait.lock);
	int pass = job->passes++;
	job->unset = job->unset || !preset;
	if (pass < (int)PKI_COUNT(job->at))
		job->at[pass] = pki_monotonic_msec();
	pki_wait_wake(&job->wait);
	pthread_mutex_unlock(&job->wait.lock);
	*wait_msec = job->wait_msec;
	return pass < job->fails ? pki_fail(err, PKI_UNAVAILABLE, "pass %d", pass)
				 : PKI_OK;
}

/* False: they did not come within msec. */
static bool
wait_for_passes(struct job *job, int passes, long msec)
{
	int64_t end = pki_wait_end(msec);
	bool more = true;
	pthread_mutex_lock(&job->wait.lock);
	while (job->passes < passes && more)
		more = pki_wait_until(&job->wait, end);
	bool came = job->passes >= passes;
	pthread_mutex_unlock(&job->wait.lock);
	return came;
}

static void
start(struct job *job, struct pki_worker *worker, bool waits)
{
	struct pki_err err = { 0 };
	const struct pki_worker_config config = {
		.name = "the test",
		.job = one_pass,
		.ctx = job,
		.backoff = { .first_msec = 40, .max_msec = 80 },
		.waits = waits,
	};
	assert_int_equal(pki_wait_init(&job->wait, &err), PKI_OK);
	assert_int_equal(pki_worker_init(worker, &config, &err), PKI_OK);
	assert_int_equal(pki_worker_start(worker, &err), PKI_OK);
}

static void
finish(struct job *job, struct pki_worker *worker)
{
	pki_worker_free(worker);
	pki_wait_destroy(&job->wait);
	assert_false(job->unset);
}

static void
a_worker_repeats_its_job_though_the_wall_clock_stands(void **state)
{
	(void)state;
	struct job job = { .wait_msec = 10 };
	struct pki_worker worker;
	wall_stands = true;
	start(&job, &worker, false);
	assert_true(wait_for_passes(&job, 4, 10000));
	finish(&job, &worker);
	wall_stands = false;
	assert_true(job.at[3] - job.at[0] >= 30);
}

static void
a_wake_up_begins_the_next_pass(void **state)
{
	(void)state;
	struct job job = { .wait_msec = PKI_WAIT_FOREVER };
	struct pki_worker worker;
	start(&job, &worker, true);
	assert_false(wait_for_passes(&job, 1, 50));
	pki_worker_wake(&worker);
	assert_true(wait_for_passes(&job, 1, 10000));
	assert_false(wait_for_passes(&job, 2, 50));
	pki_worker_wake(&worker);
	assert_true(wait_for_passes(&job, 2, 10000));
	finish(&job, &worker);
}

static void
a_wake_up_does_not_shorten_the_back_off(void **state)
{
	(void)state;
	struct job job = { .wait_msec = PKI_WAIT_FOREVER, .fails = 2 };
	struct pki_worker worker;
	start(&job, &worker, false);
	assert_true(wait_for_passes(&job, 1, 10000));
	pki_worker_wake(&worker);
	assert_true(wait_for_passes(&job, 3, 10000));
	assert_true(job.at[1] - job.at[0] >= 39);
	assert_true(job.at[2] - job.at[1] >= 79);
	finish(&job, &worker);
}

static void
a_wake_up_during_a_pass_is_not_lost(void **state)
{
	(void)state;
	struct job job = { .wait_msec = PKI_WAIT_FOREVER };
	struct pki_worker worker;
	start(&job, &worker, false);
	for (int i = 2; i < 500; i++) {
		assert_true(wait_for_passes(&job, i - 1, 10000));
		pki_worker_wake(
			&worker); /* anywhere between the job's own wake-up and its rest */
		assert_true(wait_for_passes(&job, i, 10000));
	}
	finish(&job, &worker);
}

static void
stop_ends_a_wait(void **state)
{
	(void)state;
	struct job job = { .wait_msec = PKI_WAIT_FOREVER };
	struct pki_worker worker;
	start(&job, &worker, false);
	assert_true(wait_for_passes(&job, 1, 10000));
	finish(&job, &worker);
	assert_int_equal(job.passes, 1);
	static struct pki_worker never;
	pki_worker_stop(&never);
	pki_worker_free(&never);
}

static void
failures_and_their_end_are_reported(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	char *text = NULL;
	size_t len = 0;
	struct job job = { .wait_msec = PKI_WAIT_FOREVER, .fails = 3 };
	struct pki_worker worker;
	struct pki_report report = PKI_REPORT("pki-test", "the job");
	report.to = open_memstream(&text, &len);
	const struct pki_worker_config config = {
		.name = "the test",
		.job = one_pass,
		.ctx = &job,
		.backoff = { .first_msec = 1, .max_msec = 1 },
		.report = &report,
	};
	assert_int_equal(pki_wait_init(&job.wait, &err), PKI_OK);
	assert_int_equal(pki_worker_init(&worker, &config, &err), PKI_OK);
	assert_int_equal(pki_worker_start(&worker, &err), PKI_OK);
	assert_true(wait_for_passes(&job, 4, 10000));
	finish(&job, &worker);
	fclose(report.to);
	assert_string_equal(text,
		"pki-test: the job: pass 0\n"
		"pki-test: ended after 0 s, 3 failures: the job: pass 0\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_do_not_read_the_wall_clock),
		cmocka_unit_test(backoff_doubles_up_to_its_limit),
		cmocka_unit_test(a_worker_repeats_its_job_though_the_wall_clock_stands),
		cmocka_unit_test(a_wake_up_begins_the_next_pass),
		cmocka_unit_test(a_wake_up_does_not_shorten_the_back_off),
		cmocka_unit_test(a_wake_up_during_a_pass_is_not_lost),
		cmocka_unit_test(stop_ends_a_wait),
		cmocka_unit_test(failures_and_their_end_are_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
