#include "tools/audit/stop.h"

#include <signal.h>

#include "libpki/base/mem.h"

static volatile sig_atomic_t wanted;

static void
note_signal(int number)
{
	wanted = number;
}

void
stop_at_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction act = { .sa_handler = note_signal };
	for (size_t i = 0; i < PKI_COUNT(signals); i++)
		sigaction(signals[i], &act, NULL);
}

bool
stop_wanted(void)
{
	return wanted != 0;
}
