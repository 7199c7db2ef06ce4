#include "libpki/host/daemon.h"

#include <time.h>

void
pki_daemon_signals(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGTERM);
	sigaddset(out, SIGINT);
	sigprocmask(SIG_BLOCK, out, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

bool
pki_daemon_wait(const sigset_t *signals, long msec)
{
	struct timespec t = { msec / 1000, msec % 1000 * 1000000 };
	if (msec >= 0)
		return sigtimedwait(signals, NULL, &t) > 0;
	while (sigwaitinfo(signals, NULL) < 0)
		;
	return true;
}
