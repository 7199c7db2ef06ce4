#include "tests/bench/common/submit.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/bench/common/tool.h"

#define COMPLAINTS_MAX 5

struct crowd {
	struct submission *all;
	uint64_t start;
	atomic_size_t next;
	atomic_size_t failed;
	pthread_mutex_t lock; /* of all->hist */
};

static size_t
collect(char *data, size_t size, size_t count, void *ctx)
{
	struct pki_err err = { 0 };
	return pki_buf_append(ctx, data, size * count, &err) == PKI_OK ? count : 0;
}

static uint64_t
wait_until_due(const struct crowd *crowd, size_t i)
{
	uint64_t now = nsec_now();
	if (crowd->all->rate <= 0)
		return now;
	uint64_t due = crowd->start + (uint64_t)((double)i * 1e9 / crowd->all->rate);
	struct timespec pause = { (time_t)((due - now) / 1000000000),
		(long)((due - now) % 1000000000) };
	if (due > now)
		nanosleep(&pause, NULL);
	return due;
}

static bool
carried_out(CURL *curl, const struct pki_buf *order, struct pki_buf *answer)
{
	long code = 0;
	pki_buf_reset(answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)order->len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, order->data);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	return code == 200;
}

static void *
client(void *arg)
{
	struct crowd *crowd = arg;
	struct submission *all = crowd->all;
	PKI_CLEANUP(pki_buf_free) struct pki_buf answer = { 0 };
	struct hist *hist = calloc(1, sizeof *hist);
	CURL *curl = curl_easy_init();
	if (curl == NULL || hist == NULL)
		abort();
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, all->socket);
	curl_easy_setopt(curl, CURLOPT_URL, "http://localhost/v1/orders");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	for (size_t i; (i = atomic_fetch_add(&crowd->next, 1)) < all->count;) {
		uint64_t due = wait_until_due(crowd, i);
		bool done = carried_out(curl, &all->orders[i], &answer);
		hist_add(hist, nsec_now() - due);
		if (!done && atomic_fetch_add(&crowd->failed, 1) < COMPLAINTS_MAX)
			fprintf(stderr, "%s: %.*s\n", program_invocation_short_name,
				(int)answer.len, (const char *)answer.data);
	}
	curl_easy_cleanup(curl);
	pthread_mutex_lock(&crowd->lock);
	hist_merge(&all->hist, hist);
	pthread_mutex_unlock(&crowd->lock);
	free(hist);
	return NULL;
}

void
submit(struct submission *all)
{
	pthread_t threads[SUBMIT_CONNECTIONS_MAX];
	struct crowd crowd = { .all = all, .lock = PTHREAD_MUTEX_INITIALIZER };
	curl_global_init(CURL_GLOBAL_DEFAULT);
	crowd.start = nsec_now();
	for (size_t i = 0; i < all->connections; i++)
		if (pthread_create(&threads[i], NULL, client, &crowd) != 0)
			abort();
	for (size_t i = 0; i < all->connections; i++)
		pthread_join(threads[i], NULL);
	all->seconds = (double)(nsec_now() - crowd.start) / 1e9;
	all->failed = atomic_load(&crowd.failed);
}
