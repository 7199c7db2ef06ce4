#include "ca/channel.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/custody.h"

static void
become_signer(signer_entry *entry, const struct signer_setup *setup, int fd, pid_t front)
{
	/* the front decides when the signer ends: by closing the channel */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "pki-ca-signer", 0, 0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != front)
		_exit((int)PKI_UNAVAILABLE);
	exit(entry(setup, fd));
}

enum pki_status
channel_start(struct channel *channel, signer_entry *entry,
	const struct signer_setup *setup, struct pki_err *err)
{
	int fds[2];
	*channel = (struct channel){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return pki_fail_errno(err, PKI_INTERNAL, errno, "signer's channel");
	pid_t front = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[0]);
		become_signer(entry, setup, fds[1], front);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return pki_fail_errno(err, PKI_INTERNAL, errno, "fork the signer");
	}
	custody_close(setup->args);
	channel->pid = pid;
	channel->fd = fds[0];
	return PKI_OK;
}

void
channel_stop(struct channel *channel)
{
	pki_close_fd(&channel->fd);
	channel->fd = -1;
	if (channel->pid > 0)
		waitpid(channel->pid, NULL, 0);
	channel->pid = 0;
	pki_buf_free(&channel->buf);
}

enum pki_status
channel_call(struct channel *channel, struct pki_bytes *reply, struct pki_err *err)
{
	enum ipc_type type = IPC_REPLY;
	enum pki_status status =
		ipc_send_tail(channel->fd, &channel->buf, channel->tail, NULL);
	channel->tail = (struct pki_bytes){ 0 };
	if (status == PKI_OK)
		status = ipc_receive(
			channel->fd, IPC_REPLY_MAX, &channel->buf, &type, NULL);
	if (status != PKI_OK || type != IPC_REPLY)
		return pki_fail(err, PKI_UNAVAILABLE,
			"the signer is gone; pki-ca must be started again");
	*reply = pki_buf_bytes(&channel->buf);
	return PKI_OK;
}
