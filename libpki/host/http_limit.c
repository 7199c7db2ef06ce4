#include "libpki/host/http_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libpki/base/time.h"

/* A client has so long to read an answer before its connection may be shut. */
#define READ_MSEC 10000
/* So many connections are looked at for one to shut, so that making room stays cheap. */
#define LOOK_MAX 32

/* libmicrohttpd answers only requests that it has read as a whole. */
static const char no_room[] =
	"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

static void
ring_init(struct pki_http_entry *head)
{
	head->prev = head->next = head;
}

void
pki_http_limit_init(struct pki_http_limit *limit, unsigned max)
{
	pthread_mutex_init(&limit->lock, NULL);
	ring_init(&limit->waiting);
	ring_init(&limit->reading);
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
append(struct pki_http_entry *head, struct pki_http_entry *entry)
{
	unlink_entry(entry);
	entry->prev = head->prev;
	entry->next = head;
	entry->prev->next = entry;
	head->prev = entry;
}

/* The connection's thread sees the end and closes the connection. */
static void
shut(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	shutdown(entry->fd, SHUT_RDWR);
	unlink_entry(entry);
	entry->shut = true;
	limit->count--;
}

static bool
has_unread(const struct pki_http_entry *entry)
{
	char octet;
	return recv(entry->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void
make_room(struct pki_http_limit *limit)
{
	struct pki_http_entry *entry = limit->waiting.next;
	for (int i = 0; i < LOOK_MAX && entry != &limit->waiting; i++) {
		if (!has_unread(entry)) {
			(void)!send(entry->fd, no_room, strlen(no_room),
				MSG_DONTWAIT | MSG_NOSIGNAL);
			shut(limit, entry);
			return;
		}
		entry = entry->next;
	}
	entry = limit->reading.next;
	if (entry != &limit->reading && entry->until <= pki_monotonic_msec())
		shut(limit, entry);
}

struct pki_http_entry *
pki_http_limit_add(struct pki_http_limit *limit, int fd)
{
	struct pki_http_entry *entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return NULL;
	entry->fd = fd;
	pthread_mutex_lock(&limit->lock);
	if (++limit->count > limit->max)
		make_room(limit);
	append(&limit->waiting, entry);
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
	limit->count -= !entry->shut;
	pthread_mutex_unlock(&limit->lock);
	free(entry);
}

void
pki_http_limit_wait(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	if (entry == NULL)
		return;
	pthread_mutex_lock(&limit->lock);
	if (!entry->shut)
		append(&limit->waiting, entry);
	if (limit->count > limit->max)
		make_room(limit);
	pthread_mutex_unlock(&limit->lock);
}

bool
pki_http_limit_serve(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	if (entry == NULL)
		return true;
	pthread_mutex_lock(&limit->lock);
	unlink_entry(entry);
	bool open = !entry->shut;
	pthread_mutex_unlock(&limit->lock);
	return open;
}

void
pki_http_limit_answer(struct pki_http_limit *limit, struct pki_http_entry *entry)
{
	if (entry == NULL)
		return;
	pthread_mutex_lock(&limit->lock);
	entry->until = pki_monotonic_msec() + READ_MSEC;
	if (!entry->shut)
		append(&limit->reading, entry);
	pthread_mutex_unlock(&limit->lock);
}

static void
shut_ring(struct pki_http_limit *limit, struct pki_http_entry *head)
{
	while (head->next != head)
		shut(limit, head->next);
}

void
pki_http_limit_shut_all(struct pki_http_limit *limit)
{
	pthread_mutex_lock(&limit->lock);
	shut_ring(limit, &limit->waiting);
	shut_ring(limit, &limit->reading);
	pthread_mutex_unlock(&limit->lock);
}
