#include "libpki/host/http_priv.h"

#include <stdlib.h>
#include <sys/socket.h>

void
pki_http_limit_init(struct pki_http_limit *limit, unsigned max)
{
	pthread_mutex_init(&limit->lock, NULL);
	limit->waiting.prev = limit->waiting.next = &limit->waiting;
	limit->count = 0;
	limit->max = max;
}

void
pki_http_limit_free(struct pki_http_limit *limit)
{
	pthread_mutex_destroy(&limit->lock);
}

static void
unlink_entry(struct pki_http_entry *entry)
{
	if (entry->next == NULL)
		return;
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->prev = entry->next = NULL;
}

static void
append(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	entry->prev = limit->waiting.prev;
	entry->next = &limit->waiting;
	entry->prev->next = entry;
	limit->waiting.prev = entry;
}

/* The connection's thread sees the end and closes the connection. */
static void
shut(struct pki_http_entry *entry)
{
	shutdown(entry->fd, SHUT_RDWR);
	unlink_entry(entry);
}

struct pki_http_entry *
pki_http_limit_add(struct pki_http_limit *limit, int fd)
{
	struct pki_http_entry *entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return NULL;
	entry->fd = fd;
	pthread_mutex_lock(&limit->lock);
	if (++limit->count > limit->max && limit->waiting.next != &limit->waiting)
		shut(limit->waiting.next);
	append(limit, entry);
	pthread_mutex_unlock(&limit->lock);
	return entry;
}

void
pki_http_limit_remove(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	if (entry == NULL)
		return;
	pthread_mutex_lock(&limit->lock);
	unlink_entry(entry);
	limit->count--;
	pthread_mutex_unlock(&limit->lock);
	free(entry);
}

void
pki_http_limit_wait(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	if (entry == NULL)
		return;
	pthread_mutex_lock(&limit->lock);
	unlink_entry(entry);
	append(limit, entry);
	pthread_mutex_unlock(&limit->lock);
}

void
pki_http_limit_serve(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	if (entry == NULL)
		return;
	pthread_mutex_lock(&limit->lock);
	unlink_entry(entry);
	pthread_mutex_unlock(&limit->lock);
}

void
pki_http_limit_shut_all(struct pki_http_limit *limit)
{
	pthread_mutex_lock(&limit->lock);
	while (limit->waiting.next != &limit->waiting)
		shut(limit->waiting.next);
	pthread_mutex_unlock(&limit->lock);
}
