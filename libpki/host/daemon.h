/* How a service is ended: SIGTERM or SIGINT. */
#ifndef LIBPKI_HOST_DAEMON_H
#define LIBPKI_HOST_DAEMON_H

#include <signal.h>
#include <stdbool.h>

/* Before the first thread, as threads inherit it: they come to pki_daemon_wait() alone. A peer
 * that hangs up does not end us (SIGPIPE). */
void pki_daemon_signals(sigset_t *out);
/* For so long; did one of them come? msec negative: until one does. */
bool pki_daemon_wait(const sigset_t *signals, long msec);

#endif
