/* How a service is ended: SIGTERM or SIGINT. */
#ifndef LIBPKI_HOST_DAEMON_H
#define LIBPKI_HOST_DAEMON_H

#include <signal.h>
#include <stdbool.h>

/* Before the first thread, as threads inherit the mask: only pki_daemon_wait() gets the
 * signals. SIGPIPE is ignored: a peer may hang up. SIGHUP is ignored: nothing is
 * loaded anew, no log file is opened again, and a terminal may be closed. */
void pki_daemon_signals(sigset_t *out);
/* Wait for msec; true: a signal came. msec negative: until a signal comes. */
bool pki_daemon_wait(const sigset_t *signals, long msec);

#endif
