#include "ca/front/queue.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* More than all the shares together, in the tests. */
#define JOBS_MAX 512
#define LIMIT 256

static struct queue queue;
static struct job *taken[JOBS_MAX];

static int
setup(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	return queue_init(&queue, LIMIT, &err) == PKI_OK ? 0 : -1;
}

static struct job *
new_job(enum job_kind kind)
{
	struct job *job = calloc(1, sizeof *job);
	assert_non_null(job);
	job->kind = kind;
	return job;
}

static enum pki_status
push(struct job *job)
{
	struct pki_err err = { 0 };
	enum pki_status status = queue_push(&queue, job, &err);
	if (status != PKI_OK)
		job_free(job);
	return status;
}

/* Pushes jobs until the queue refuses one; returns the number of those it took. */
static size_t
flood(enum job_kind kind)
{
	size_t count = 0;
	while (push(new_job(kind)) == PKI_OK)
		assert_true(++count <= JOBS_MAX);
	return count;
}

static struct job *
new_revocation(void)
{
	struct job *job = new_job(JOB_ORDER);
	job->revokes = true;
	return job;
}

static size_t
count_taken(size_t count, enum job_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += taken[i]->kind == kind;
	return n;
}

static void
free_all(void)
{
	size_t count;
	while ((count = queue_take(&queue, taken, JOBS_MAX, 0)) > 0)
		for (size_t i = 0; i < count; i++)
			job_free(taken[i]);
	assert_int_equal(queue_waiting(&queue), 0);
}

static void
a_full_share_says_busy(void **state)
{
	(void)state;
	static const struct {
		enum job_kind kind;
		size_t want;
	} cases[] = {
		{ JOB_EVENT, LIMIT },
		{ JOB_ORDER, 0 }, /* of the events' share */
		{ JOB_RECEIPT, SHARE_RESERVED },
		{ JOB_REPLY, 0 },
		{ JOB_PUBLISHED, SHARE_RESERVED },
		{ JOB_CRL, 0 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		assert_int_equal(flood(cases[i].kind), cases[i].want);
	for (size_t i = 0; i < SHARE_RESERVED; i++)
		assert_int_equal(push(new_revocation()), PKI_OK);
	assert_int_equal(push(new_revocation()), PKI_BUSY);
	assert_int_equal(queue_waiting(&queue), QUEUE_REQUESTS(LIMIT));
	free_all();
}

static void
a_flood_keeps_no_revocation_waiting(void **state)
{
	(void)state;
	flood(JOB_EVENT);
	flood(JOB_RECEIPT);
	flood(JOB_PUBLISHED);
	struct job *revocation = new_revocation();
	assert_int_equal(push(revocation), PKI_OK);
	size_t count = queue_take(&queue, taken, 64, 0);
	assert_int_equal(count, 64);
	assert_ptr_equal(taken[0], revocation);
	/* nor does a flood of one share keep another out */
	assert_true(count_taken(count, JOB_EVENT) >= 16);
	assert_true(count_taken(count, JOB_RECEIPT) >= 8);
	assert_true(count_taken(count, JOB_PUBLISHED) >= 8);
	for (size_t i = 0; i < count; i++)
		job_free(taken[i]);
	free_all();
}

static void
a_share_alone_fills_the_batch(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHARE_RESERVED; i++)
		assert_int_equal(push(new_revocation()), PKI_OK);
	assert_int_equal(queue_take(&queue, taken, 64, 0), 64);
	for (size_t i = 0; i < 64; i++)
		job_free(taken[i]);
}

static void
jobs_of_a_share_keep_their_sequence(void **state)
{
	(void)state;
	struct job *jobs[] = { new_job(JOB_EVENT), new_job(JOB_ORDER),
		new_job(JOB_EVENT) };
	for (size_t i = 0; i < PKI_COUNT(jobs); i++)
		assert_int_equal(push(jobs[i]), PKI_OK);
	for (size_t i = 0; i < PKI_COUNT(jobs); i++) {
		assert_int_equal(queue_take(&queue, taken, 1, PKI_WAIT_FOREVER), 1);
		assert_ptr_equal(taken[0], jobs[i]);
		job_free(taken[0]);
	}
}

static void
requests_for_the_same_crl_are_one_job(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		struct job *job = new_job(JOB_CRL);
		job->partition = i % 3;
		assert_int_equal(push(job), PKI_OK);
	}
	assert_int_equal(queue_waiting(&queue), 60);
	assert_int_equal(queue_take(&queue, taken, 2, 0), 2);
	assert_int_equal(queue_waiting(&queue), 20);
	/* a request that comes after the job was taken does not join the job */
	struct job *late = new_job(JOB_CRL);
	assert_int_equal(push(late), PKI_OK);
	assert_null(late->joined);
	for (size_t i = 0; i < 2; i++) {
		size_t joined = 0;
		for (const struct job *j = taken[i]->joined; j != NULL; j = j->next)
			joined += j->partition == taken[i]->partition;
		assert_int_equal(joined, 19);
		job_free(taken[i]);
	}
	assert_int_equal(queue_take(&queue, taken, JOBS_MAX, 0), 2);
	job_free(taken[0]);
	job_free(taken[1]);
	assert_int_equal(queue_waiting(&queue), 0);
}

static void
a_closed_queue_gives_what_it_has(void **state)
{
	(void)state;
	assert_int_equal(push(new_job(JOB_EVENT)), PKI_OK);
	queue_close(&queue);
	assert_int_equal(push(new_job(JOB_EVENT)), PKI_UNAVAILABLE);
	assert_int_equal(push(new_revocation()), PKI_UNAVAILABLE);
	assert_false(queue_closed(&queue));
	assert_int_equal(queue_take(&queue, taken, 3, PKI_WAIT_FOREVER), 1);
	job_free(taken[0]);
	assert_int_equal(queue_take(&queue, taken, 3, PKI_WAIT_FOREVER), 0);
	assert_true(queue_closed(&queue));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_full_share_says_busy, setup),
		cmocka_unit_test_setup(a_flood_keeps_no_revocation_waiting, setup),
		cmocka_unit_test_setup(a_share_alone_fills_the_batch, setup),
		cmocka_unit_test_setup(jobs_of_a_share_keep_their_sequence, setup),
		cmocka_unit_test_setup(requests_for_the_same_crl_are_one_job, setup),
		cmocka_unit_test_setup(a_closed_queue_gives_what_it_has, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
