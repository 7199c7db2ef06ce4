/* SIGHUP, SIGINT and SIGTERM set a flag instead of ending the program, so a command can
 * end in order. */
#ifndef TOOLS_AUDIT_STOP_H
#define TOOLS_AUDIT_STOP_H

#include <stdbool.h>

void stop_at_signals(void);
/* Did such a signal come? */
bool stop_wanted(void);

#endif
