#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libpki/base/mem.h"
#include "libpki/host/http_priv.h"

/* "[" IPv6 address "]" */
#define HOST_TEXT 64

static bool
somebody_answers(const struct sockaddr_un *address)
{
	PKI_CLEANUP(pki_close_fd)
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ||
	       connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
	       errno != ECONNREFUSED;
}

static enum pki_status
bind_unix(int fd, const char *path, struct pki_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	if (strlen(path) >= sizeof address.sun_path)
		return pki_fail(err, PKI_CONFIG,
			"%s: the path of a Unix socket has at most %zu octets; choose a shorter one",
			path, sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return pki_fail(err, PKI_CONFIG,
				"%s is there and is not a socket; move it away or choose another path",
				path);
		if (somebody_answers(&address))
			return pki_fail(err, PKI_LOCKED,
				"another process serves %s; stop it first", path);
		unlink(path);
	}
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "bind %s", path);
	/* nobody can connect before listen() */
	if (chmod(path, 0660) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "mode of %s", path);
	return PKI_OK;
}

static enum pki_status
resolve(const char *listen_at, struct addrinfo **out, struct pki_err *err)
{
	const char *colon = strrchr(listen_at, ':');
	size_t len = colon != NULL ? (size_t)(colon - listen_at) : 0;
	char host[HOST_TEXT];
	if (colon == NULL || len == 0 || len >= sizeof host)
		return pki_fail(err, PKI_CONFIG,
			"%s: give an address and a port, as 127.0.0.1:8880 or [::1]:8880",
			listen_at);
	bool v6 = listen_at[0] == '[' && listen_at[len - 1] == ']';
	size_t skip = v6 ? 1 : 0;
	memcpy(host, listen_at + skip, len - 2 * skip);
	host[len - 2 * skip] = '\0';
	struct addrinfo hints = {
		.ai_family = v6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	int rc = getaddrinfo(host, colon + 1, &hints, out);
	if (rc != 0)
		return pki_fail(err, PKI_CONFIG, "%s: %s", listen_at, gai_strerror(rc));
	return PKI_OK;
}

static enum pki_status
bind_tcp(const char *listen_at, int *fd, struct pki_err *err)
{
	struct addrinfo *info = NULL;
	PKI_TRY(resolve(listen_at, &info, err));
	if (info == NULL)
		return pki_fail(err, PKI_CONFIG, "%s: no such address", listen_at);
	*fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	int rc = *fd;
	if (rc >= 0)
		rc = setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (rc >= 0)
		rc = bind(*fd, info->ai_addr, info->ai_addrlen);
	int saved = errno;
	freeaddrinfo(info);
	if (rc < 0)
		return pki_fail_errno(err, saved == EADDRINUSE ? PKI_LOCKED : PKI_IO,
			saved, "listen at %s", listen_at);
	return PKI_OK;
}

enum pki_status
pki_http_open_listener(const char *where, int *fd, struct pki_err *err)
{
	if (strncmp(where, "unix:", 5) == 0) {
		*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (*fd < 0)
			return pki_fail_errno(err, PKI_IO, errno, "socket for %s", where);
		PKI_TRY(bind_unix(*fd, where + 5, err));
	} else {
		PKI_TRY(bind_tcp(where, fd, err));
	}
	if (listen(*fd, SOMAXCONN) != 0)
		return pki_fail_errno(err, PKI_LOCKED, errno, "listen at %s", where);
	return PKI_OK;
}
