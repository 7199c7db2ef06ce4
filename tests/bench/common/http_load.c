#include "tests/bench/common/http_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/bench/common/tool.h"

#define EVENTS 64
/* How long an answer may take before it counts as lost, and a request to find a connection
 * once time is up. */
#define PATIENCE_NSEC ((uint64_t)5000000000)
/* So often are connections that lie still looked for. */
#define PATROL_NSEC ((uint64_t)100000000)

struct connection {
	int fd; /* -1: none */
	bool busy; /* a request is under way */
	bool ending; /* answered, the server is to close */
	struct http_call call;
	size_t written, len;
	char in[HTTP_LOAD_ANSWER_MAX + 1];
};

struct engine {
	const struct http_load *load;
	int epoll;
	struct connection *all;
	size_t *idle; /* a queue of those that take a request, so that servers end first */
	size_t idle_first, idle_count;
	uint64_t asked, under_way, patrolled;
};

const char *
http_load_url(const char *url, struct sockaddr_in *out)
{
	static const char scheme[] = "http://";
	const char *at = url + sizeof scheme - 1;
	char host[16], *end = NULL;
	*out = (struct sockaddr_in){ .sin_family = AF_INET };
	bool right = strncmp(url, scheme, sizeof scheme - 1) == 0 &&
		     strcspn(at, ":") < sizeof host;
	if (right) {
		snprintf(host, sizeof host, "%.*s", (int)strcspn(at, ":"), at);
		at += strcspn(at, ":");
		unsigned long port = strtoul(at + (*at == ':'), &end, 10);
		out->sin_port = htons((uint16_t)port);
		right = inet_pton(AF_INET, host, &out->sin_addr) == 1 && port > 0 &&
			port <= UINT16_MAX && (*end == '/' || *end == '\0');
	}
	if (!right) {
		fprintf(stderr, "\"%s\" is not http://ADDRESS:PORT/PATH\n", url);
		exit(2);
	}
	return *end != '\0' ? end : "/";
}

static void
hang_up(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->ending = false;
}

static void
make_idle(struct engine *e, struct connection *c)
{
	size_t last = (e->idle_first + e->idle_count++) % e->load->connections;
	e->idle[last] = (size_t)(c - e->all);
}

static struct connection *
take_idle(struct engine *e)
{
	struct connection *c = &e->all[e->idle[e->idle_first]];
	e->idle_first = (e->idle_first + 1) % e->load->connections;
	e->idle_count--;
	return c;
}

static void
lose(struct engine *e, struct connection *c, const char *why)
{
	hang_up(c);
	if (!c->busy)
		return;
	c->busy = false;
	e->under_way--;
	e->load->lost(e->load->ctx, &c->call, why);
	make_idle(e, c);
}

static bool
connect_to(struct engine *e, struct connection *c)
{
	const struct sockaddr_in *address = &e->load->address;
	int one = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = c };
	return (connect(c->fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
		       errno == EINPROGRESS) &&
	       epoll_ctl(e->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0;
}

static void
write_on(struct engine *e, struct connection *c)
{
	struct pki_bytes wire = c->call.wire;
	while (c->busy && c->written < wire.len) {
		ssize_t n = send(c->fd, wire.data + c->written, wire.len - c->written,
			MSG_NOSIGNAL);
		if (n > 0)
			c->written += (size_t)n;
		else if (errno == EAGAIN || errno == ENOTCONN)
			return;
		else
			lose(e, c, strerror(errno));
	}
}

static void
ask(struct engine *e, uint64_t due, uint64_t now)
{
	struct connection *c = take_idle(e);
	c->call = (struct http_call){ .due = due, .sent = now };
	e->load->ask(e->load->ctx, &c->call);
	e->asked++;
	e->under_way++;
	c->busy = true;
	c->written = c->len = 0;
	if (c->ending)
		hang_up(c);
	if (c->fd < 0 && !connect_to(e, c)) {
		lose(e, c, strerror(errno));
		return;
	}
	write_on(e, c);
}

/* Where a header's value starts; NULL if it is not there. */
static const char *
header(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);
	return at != NULL ? at + strlen(name) + strspn(at + strlen(name), " ") : NULL;
}

static void
complete(struct engine *e, struct connection *c, const char *body, size_t len, bool last)
{
	struct http_answer answer = { .body = { (const uint8_t *)body, len },
		.at = nsec_now() };
	answer.code = (unsigned)strtoul(c->in + strcspn(c->in, " "), NULL, 10);
	c->busy = false;
	e->under_way--;
	e->load->answered(e->load->ctx, &c->call, &answer);
	c->ending = last || e->load->fresh;
	make_idle(e, c);
}

/* An answer is whole by its length, or where the server ends. */
static void
read_answer(struct engine *e, struct connection *c, bool ended)
{
	c->in[c->len] = '\0';
	char *body = memmem(c->in, c->len, "\r\n\r\n", 4);
	if (body == NULL)
		return;
	*body = '\0'; /* the head is text now, and is put back if it is looked at again */
	const char *length = header(c->in, "\r\ncontent-length:");
	const char *connection = header(c->in, "\r\nconnection:");
	bool last = connection != NULL && strncasecmp(connection, "close", 5) == 0;
	size_t have = c->len - (size_t)(body + 4 - c->in);
	size_t want = length != NULL ? strtoul(length, NULL, 10) : have;
	*body = '\r';
	if (have == want && (length != NULL || ended))
		complete(e, c, body + 4, want, last || ended);
	else if (have > want)
		lose(e, c, "more than an answer");
}

static void
read_on(struct engine *e, struct connection *c)
{
	while (c->fd >= 0) {
		if (c->len == HTTP_LOAD_ANSWER_MAX) {
			lose(e, c, "too large");
			return;
		}
		ssize_t n = recv(c->fd, c->in + c->len, HTTP_LOAD_ANSWER_MAX - c->len, 0);
		if (n > 0) {
			c->len += (size_t)n;
			if (c->busy)
				read_answer(e, c, false);
			else
				c->len = 0;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
			return;
		const char *why = n == 0 ? "closed" : strerror(errno);
		if (n == 0 && c->busy)
			read_answer(e, c, true);
		lose(e, c, why);
	}
}

static void
on_event(struct engine *e, const struct epoll_event *event)
{
	struct connection *c = event->data.ptr;
	if (c->fd < 0)
		return;
	write_on(e, c);
	if ((event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
		read_on(e, c);
}

static void
patrol(struct engine *e, uint64_t now)
{
	if (now < e->patrolled + PATROL_NSEC)
		return;
	e->patrolled = now;
	for (size_t i = 0; i < e->load->connections; i++)
		if (e->all[i].busy && now > e->all[i].call.sent + PATIENCE_NSEC)
			lose(e, &e->all[i], "no answer");
}

static uint64_t
due_time(const struct engine *e)
{
	return e->load->start + (uint64_t)((double)e->asked * 1e9 / e->load->rate);
}

static void
never_sent(struct engine *e, uint64_t due)
{
	struct http_call call = { .due = due, .sent = due };
	e->load->ask(e->load->ctx, &call);
	e->load->lost(e->load->ctx, &call, "never sent");
	e->asked++;
}

/* Whatever is due and finds a connection. Until when nothing is: 0 if nothing will ever be.
 */
static uint64_t
ask_all(struct engine *e, uint64_t now)
{
	const struct http_load *load = e->load;
	bool hopeless = now > load->until + PATIENCE_NSEC;
	while ((e->idle_count > 0 || hopeless) &&
		(load->count == 0 || e->asked < load->count)) {
		uint64_t due = load->rate > 0 ? due_time(e) : now;
		if (due >= load->until)
			return 0;
		if (due > now)
			return due;
		if (hopeless)
			never_sent(e, due);
		else
			ask(e, due, now);
		now = nsec_now();
	}
	return 0;
}

static void
wait_until(struct engine *e, uint64_t then, uint64_t now)
{
	struct epoll_event events[EVENTS];
	uint64_t pause = then > now && then - now < PATROL_NSEC ? then - now
								: PATROL_NSEC;
	struct timespec timeout = { 0, then != 0 && then <= now ? 0 : (long)pause };
	int n = epoll_pwait2(e->epoll, events, EVENTS, &timeout, NULL);
	for (int i = 0; i < n; i++)
		on_event(e, &events[i]);
}

void
http_load_run(const struct http_load *load)
{
	struct engine e = { .load = load, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	e.all = calloc(load->connections, sizeof *e.all);
	e.idle = calloc(load->connections, sizeof *e.idle);
	if (e.epoll < 0 || e.all == NULL || e.idle == NULL)
		abort();
	for (size_t i = load->connections; i-- > 0;) {
		e.all[i].fd = -1;
		make_idle(&e, &e.all[i]);
	}
	prctl(PR_SET_TIMERSLACK, 1); /* what is due is sent on time */
	for (;;) {
		uint64_t now = nsec_now(), then = ask_all(&e, now);
		bool over = now >= load->until ||
			    (load->count != 0 && e.asked == load->count);
		if (over && e.under_way == 0 && then == 0)
			break;
		wait_until(&e, then, nsec_now());
		patrol(&e, nsec_now());
	}
	for (size_t i = 0; i < load->connections; i++)
		hang_up(&e.all[i]);
	close(e.epoll);
	free(e.all);
	free(e.idle);
}
