#include "ca/front/queue.h"

/* So many jobs of a share go into a batch before the other shares had their turn. */
static const size_t turns[SHARES] = { 32, 8, 8, 16 };

void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	json_decref(job->input);
	pki_json_free(&job->reply);
	pki_order_row_free(&job->facts.invitation);
	for (size_t i = 0; i < PKI_COUNT(job->facts.certs); i++)
		pki_cert_row_free(&job->facts.certs[i]);
	while (job->joined != NULL) {
		struct job *joined = job->joined;
		job->joined = joined->next;
		job_free(joined);
	}
	free(job);
}

static enum share
share_of(const struct job *job)
{
	switch (job->kind) {
	case JOB_ORDER:
		return job->revokes ? SHARE_REVOKE : SHARE_OTHER;
	case JOB_CRL:
	case JOB_PUBLISHED:
	case JOB_ROOT_CRL:
		return SHARE_CRL;
	case JOB_REPLY:
	case JOB_RECEIPT:
		return SHARE_REPLY;
	case JOB_EVENT:
	case JOB_PARTITIONS:
	case JOB_LAST_CRLS:
		return SHARE_OTHER;
	}
	return SHARE_OTHER;
}

enum pki_status
queue_init(struct queue *queue, size_t limit, struct pki_err *err)
{
	*queue = (struct queue){ .closed = false };
	for (int i = 0; i < SHARES; i++)
		queue->shares[i].limit = i == SHARE_OTHER ? limit : SHARE_RESERVED;
	return pki_wait_init(&queue->wait, err);
}

/* Jobs that were taken have begun: their CRL may lack what the new request must see. */
static struct job *
find_same(const struct queue_share *share, const struct job *job)
{
	for (struct job *same = share->first; same != NULL; same = same->next)
		if (job->kind == JOB_CRL && same->kind == JOB_CRL &&
			same->partition == job->partition)
			return same;
	return NULL;
}

static void
append(struct queue_share *share, struct job *job)
{
	struct job *same = find_same(share, job);
	share->waiting++;
	if (same != NULL) {
		job->next = same->joined;
		same->joined = job;
		return;
	}
	job->next = NULL;
	if (share->last != NULL)
		share->last->next = job;
	else
		share->first = job;
	share->last = job;
}

enum pki_status
queue_push(struct queue *queue, struct job *job, struct pki_err *err)
{
	struct queue_share *share = &queue->shares[share_of(job)];
	enum pki_status status = PKI_OK;
	pthread_mutex_lock(&queue->wait.lock);
	if (queue->closed) {
		status = pki_fail(
			err, PKI_UNAVAILABLE, "pki-ca is stopping; try again later");
	} else if (share->waiting >= share->limit) {
		status = pki_fail(err, PKI_BUSY,
			"%zu requests wait already; nothing of this one was done, try again",
			share->waiting);
	} else {
		append(share, job);
		pki_wait_wake(&queue->wait);
	}
	pthread_mutex_unlock(&queue->wait.lock);
	return status;
}

static size_t
take(struct queue_share *share, struct job **jobs, size_t max)
{
	size_t count = 0;
	for (; count < max && share->first != NULL; count++) {
		struct job *job = share->first;
		share->first = job->next;
		share->waiting--;
		for (const struct job *j = job->joined; j != NULL; j = j->next)
			share->waiting--;
		jobs[count] = job;
	}
	if (share->first == NULL)
		share->last = NULL;
	return count;
}

static bool
is_empty(const struct queue *queue)
{
	for (int i = 0; i < SHARES; i++)
		if (queue->shares[i].first != NULL)
			return false;
	return true;
}

size_t
queue_take(struct queue *queue, struct job **jobs, size_t max, long wait_msec)
{
	size_t count = 0;
	int64_t end = pki_wait_end(wait_msec);
	pthread_mutex_lock(&queue->wait.lock);
	while (is_empty(queue) && !queue->closed && pki_wait_until(&queue->wait, end))
		;
	/* each share's turn, then what fits */
	for (int i = 0; i < 2 * SHARES; i++) {
		size_t most = i < SHARES ? turns[i] : max;
		if (most > max - count)
			most = max - count;
		count += take(&queue->shares[i % SHARES], jobs + count, most);
	}
	pthread_mutex_unlock(&queue->wait.lock);
	return count;
}

size_t
queue_waiting(struct queue *queue)
{
	size_t waiting = 0;
	pthread_mutex_lock(&queue->wait.lock);
	for (int i = 0; i < SHARES; i++)
		waiting += queue->shares[i].waiting;
	pthread_mutex_unlock(&queue->wait.lock);
	return waiting;
}

bool
queue_closed(struct queue *queue)
{
	pthread_mutex_lock(&queue->wait.lock);
	bool closed = queue->closed && is_empty(queue);
	pthread_mutex_unlock(&queue->wait.lock);
	return closed;
}

void
queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->wait.lock);
	queue->closed = true;
	pki_wait_wake(&queue->wait);
	pthread_mutex_unlock(&queue->wait.lock);
}
