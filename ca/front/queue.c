#include "ca/front/queue.h"

#include <time.h>

void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	json_decref(job->input);
	json_decref(job->reply);
	pki_buf_free(&job->invitation);
	for (size_t i = 0; i < PKI_COUNT(job->certs); i++)
		pki_buf_free(&job->certs[i]);
	free(job);
}

enum pki_status
queue_init(struct queue *queue, size_t limit, struct pki_err *err)
{
	*queue = (struct queue){ .limit = limit };
	if (pthread_mutex_init(&queue->lock, NULL) != 0 ||
		pthread_cond_init(&queue->filled, NULL) != 0)
		return pki_fail(err, PKI_INTERNAL, "queue");
	return PKI_OK;
}

enum pki_status
queue_push(struct queue *queue, struct job *job, struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	pthread_mutex_lock(&queue->lock);
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
		pthread_cond_signal(&queue->filled);
	}
	pthread_mutex_unlock(&queue->lock);
	return status;
}

/* Until something is there, or the queue is closed, or the time is over. */
static void
wait_filled(struct queue *queue, long msec)
{
	struct timespec end;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += msec / 1000;
	end.tv_nsec += msec % 1000 * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	while (queue->first == NULL && !queue->closed) {
		if (msec == QUEUE_FOREVER)
			pthread_cond_wait(&queue->filled, &queue->lock);
		else if (pthread_cond_timedwait(&queue->filled, &queue->lock, &end) != 0)
			break;
	}
}

size_t
queue_take(struct queue *queue, struct job **jobs, size_t max, long wait_msec)
{
	size_t count = 0;
	pthread_mutex_lock(&queue->lock);
	if (wait_msec != 0)
		wait_filled(queue, wait_msec);
	for (; count < max && queue->first != NULL; count++) {
		jobs[count] = queue->first;
		queue->first = queue->first->next;
	}
	if (queue->first == NULL)
		queue->last = NULL;
	queue->waiting -= count;
	pthread_mutex_unlock(&queue->lock);
	return count;
}

size_t
queue_waiting(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	size_t waiting = queue->waiting;
	pthread_mutex_unlock(&queue->lock);
	return waiting;
}

bool
queue_closed(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	bool closed = queue->closed && queue->first == NULL;
	pthread_mutex_unlock(&queue->lock);
	return closed;
}

void
queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}
