#include "libpki/host/http_priv.h"

#include <stdlib.h>
#include <sys/socket.h>

void
pki_http_crowd_init(struct pki_http_crowd *crowd, unsigned max)
{
	pthread_mutex_init(&crowd->lock, NULL);
	crowd->waiting.prev = crowd->waiting.next = &crowd->waiting;
	crowd->count = 0;
	crowd->max = max;
}

void
pki_http_crowd_free(struct pki_http_crowd *crowd)
{
	pthread_mutex_destroy(&crowd->lock);
}

static void
unlink_guest(struct pki_http_guest *guest)
{
	if (guest->next == NULL)
		return;
	guest->prev->next = guest->next;
	guest->next->prev = guest->prev;
	guest->prev = guest->next = NULL;
}

static void
append(struct pki_http_crowd *crowd, struct pki_http_guest *guest)
{
	guest->prev = crowd->waiting.prev;
	guest->next = &crowd->waiting;
	guest->prev->next = guest;
	crowd->waiting.prev = guest;
}

/* The connection's thread sees the end and closes the connection. */
static void
shut(struct pki_http_guest *guest)
{
	shutdown(guest->fd, SHUT_RDWR);
	unlink_guest(guest);
}

struct pki_http_guest *
pki_http_crowd_join(struct pki_http_crowd *crowd, int fd)
{
	struct pki_http_guest *guest = calloc(1, sizeof *guest);
	if (guest == NULL)
		return NULL;
	guest->fd = fd;
	pthread_mutex_lock(&crowd->lock);
	if (++crowd->count > crowd->max && crowd->waiting.next != &crowd->waiting)
		shut(crowd->waiting.next);
	append(crowd, guest);
	pthread_mutex_unlock(&crowd->lock);
	return guest;
}

void
pki_http_crowd_leave(struct pki_http_crowd *crowd, struct pki_http_guest *guest)
{
	if (guest == NULL)
		return;
	pthread_mutex_lock(&crowd->lock);
	unlink_guest(guest);
	crowd->count--;
	pthread_mutex_unlock(&crowd->lock);
	free(guest);
}

void
pki_http_crowd_wait(struct pki_http_crowd *crowd, struct pki_http_guest *guest)
{
	if (guest == NULL)
		return;
	pthread_mutex_lock(&crowd->lock);
	unlink_guest(guest);
	append(crowd, guest);
	pthread_mutex_unlock(&crowd->lock);
}

void
pki_http_crowd_serve(struct pki_http_crowd *crowd, struct pki_http_guest *guest)
{
	if (guest == NULL)
		return;
	pthread_mutex_lock(&crowd->lock);
	unlink_guest(guest);
	pthread_mutex_unlock(&crowd->lock);
}

void
pki_http_crowd_disperse(struct pki_http_crowd *crowd)
{
	pthread_mutex_lock(&crowd->lock);
	while (crowd->waiting.next != &crowd->waiting)
		shut(crowd->waiting.next);
	pthread_mutex_unlock(&crowd->lock);
}
