#include "ca/front/queue.h"

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
	free(job);
}

enum pki_status
queue_init(struct queue *queue, size_t limit, struct pki_err *err)
{
	*queue = (struct queue){ .limit = limit };
	return pki_wait_init(&queue->wait, err);
}

enum pki_status
queue_push(struct queue *queue, struct job *job, struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	pthread_mutex_lock(&queue->wait.lock);
	if (queue->closed) {
		status = pki_fail(
			err, PKI_UNAVAILABLE, "pki-ca is stopping; try again later");
	} else if (queue->waiting >= queue->limit) {
		status = pki_fail(err, PKI_BUSY,
			"%zu requests wait already; nothing of this one was done, try again",
			queue->waiting);
	} else {
		job->next = NULL;
		if (queue->last != NULL)
			queue->last->next = job;
		else
			queue->first = job;
		queue->last = job;
		queue->waiting++;
		pki_wait_wake(&queue->wait);
	}
	pthread_mutex_unlock(&queue->wait.lock);
	return status;
}

size_t
queue_take(struct queue *queue, struct job **jobs, size_t max, long wait_msec)
{
	size_t count = 0;
	int64_t end = pki_wait_end(wait_msec);
	pthread_mutex_lock(&queue->wait.lock);
	while (queue->first == NULL && !queue->closed &&
		pki_wait_until(&queue->wait, end))
		;
	for (; count < max && queue->first != NULL; count++) {
		jobs[count] = queue->first;
		queue->first = queue->first->next;
	}
	if (queue->first == NULL)
		queue->last = NULL;
	queue->waiting -= count;
	pthread_mutex_unlock(&queue->wait.lock);
	return count;
}

size_t
queue_waiting(struct queue *queue)
{
	pthread_mutex_lock(&queue->wait.lock);
	size_t waiting = queue->waiting;
	pthread_mutex_unlock(&queue->wait.lock);
	return waiting;
}

bool
queue_closed(struct queue *queue)
{
	pthread_mutex_lock(&queue->wait.lock);
	bool closed = queue->closed && queue->first == NULL;
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
