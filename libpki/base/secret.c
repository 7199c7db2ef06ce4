#include "libpki/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "libpki/base/file.h"

/* Without handlers these signals would leave the terminal without echo. */
static const int terminal_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP,
	SIGTTIN, SIGTTOU };
enum { SIGNAL_COUNT = PKI_COUNT(terminal_signals) };

static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
	caught = number;
}

/* Up to the first newline or the end; octet by octet, to leave the rest unread. */
static enum pki_status
read_line(int fd, struct pki_buf *out, struct pki_err *err)
{
	char line[PKI_SECRET_MAX];
	size_t len = 0;
	enum pki_status status = PKI_OK;
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			status = pki_fail_errno(err, PKI_IO, errno, "cannot be read");
		if (n <= 0 || c == '\n')
			break;
		if (len == sizeof line) {
			status = pki_fail(err, PKI_LIMIT,
				"a passphrase has at most %d octets; is it the right file?",
				PKI_SECRET_MAX);
			break;
		}
		line[len++] = c;
	}
	if (status == PKI_OK && len == 0)
		status = pki_fail(err, PKI_SECRET, "the passphrase is empty");
	if (status == PKI_OK)
		status = pki_buf_append(out, line, len, err);
	OPENSSL_cleanse(line, sizeof line);
	return status;
}

static enum pki_status
from_descriptor(const char *number, struct pki_buf *out, struct pki_err *err)
{
	size_t len = strlen(number);
	/* seven digits hold any descriptor (fs.nr_open) */
	if (len == 0 || len > 7 || strspn(number, "0123456789") != len)
		return pki_fail(err, PKI_USAGE,
			"fd:%s names no file descriptor; write fd:3", number);
	PKI_CLEANUP(pki_close_fd) int fd = (int)strtol(number, NULL, 10);
	return read_line(fd, out, err);
}

static enum pki_status
from_file(const char *path, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return pki_fail_errno(err, PKI_IO, errno, "%s cannot be opened", path);
	struct stat st;
	if (fstat(fd, &st) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "%s cannot be read", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return pki_fail(err, PKI_CONFIG,
			"%s is open to others (mode %03o); chmod 600 it", path,
			(unsigned)st.st_mode & 0777);
	return read_line(fd, out, err);
}

/* Wait for a line with the signals unblocked: no signal is lost between check and read. */
static enum pki_status
prompt(int tty, const char *label, const sigset_t *open_mask, struct pki_buf *out,
	struct pki_err *err)
{
	struct pollfd pfd = { .fd = tty, .events = POLLIN };
	PKI_TRY(pki_fd_write(tty, label, strlen(label), err));
	PKI_TRY(pki_fd_write(tty, ": ", 2, err));
	if (ppoll(&pfd, 1, NULL, open_mask) > 0)
		return read_line(tty, out, err);
	if (caught == 0)
		return pki_fail_errno(err, PKI_IO, errno, "the terminal does not answer");
	return PKI_OK;
}

static enum pki_status
read_quietly(int tty, const char *label, const sigset_t *open_mask, struct pki_buf *out,
	struct pki_err *err)
{
	struct termios before;
	if (tcgetattr(tty, &before) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "the terminal does not answer");
	struct termios quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "echo cannot be turned off");
	/* echo is off before the prompt appears: no typed character is shown */
	enum pki_status status = prompt(tty, label, open_mask, out, err);
	tcsetattr(tty, TCSAFLUSH, &before);
	return status;
}

/* *number: the signal received instead of a line, else 0 */
static enum pki_status
prompt_once(
	int tty, const char *label, int *number, struct pki_buf *out, struct pki_err *err)
{
	struct sigaction act = { .sa_handler = note_signal };
	struct sigaction old[SIGNAL_COUNT];
	sigset_t blocked;
	sigset_t before;
	sigemptyset(&blocked);
	for (int i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&blocked, terminal_signals[i]);
	caught = 0;
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	for (int i = 0; i < SIGNAL_COUNT; i++)
		sigaction(terminal_signals[i], &act, &old[i]);
	enum pki_status status = read_quietly(tty, label, &before, out, err);
	if (status == PKI_OK)
		status = pki_fd_write(tty, "\n", 1, err);
	for (int i = 0; i < SIGNAL_COUNT; i++)
		sigaction(terminal_signals[i], &old[i], NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	*number = caught;
	return status;
}

static enum pki_status
from_terminal(const char *label, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_close_fd)
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return pki_fail_errno(err, PKI_USAGE, errno,
			"no terminal for a prompt; give the passphrase as fd:N or file:PATH");
	for (;;) {
		int number = 0;
		PKI_TRY(prompt_once(tty, label, &number, out, err));
		if (number == 0)
			return PKI_OK;
		/* ends the process; after SIGTSTP and SIGCONT the function goes on */
		raise(number);
		if (number != SIGTSTP && number != SIGTTIN && number != SIGTTOU)
			return pki_fail(err, PKI_SECRET, "interrupted by a signal");
	}
}

enum pki_status
pki_secret_read(
	const char *source, const char *label, struct pki_buf *out, struct pki_err *err)
{
	enum pki_status status;
	if (strncmp(source, "fd:", 3) == 0)
		status = from_descriptor(source + 3, out, err);
	else if (strncmp(source, "file:", 5) == 0)
		status = from_file(source + 5, out, err);
	else if (strcmp(source, "prompt") == 0)
		status = from_terminal(label, out, err);
	else
		status = pki_fail(err, PKI_USAGE,
			"a passphrase comes from fd:N, file:PATH or prompt, never from the command line itself");
	if (status != PKI_OK)
		pki_err_object(err, "%s", label);
	return status;
}
