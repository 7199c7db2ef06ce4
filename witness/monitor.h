/* The page for operators. */
#ifndef WITNESS_MONITOR_H
#define WITNESS_MONITOR_H

#include "witness/state.h"

enum pki_status monitor_listen(
	struct witness *witness, struct pki_err *err) PKI_MUST_CHECK;
/* A request was answered with this HTTP status. */
void monitor_answer(struct witness *witness, unsigned code);
/* A checkpoint of this size was cosigned. */
void monitor_log(struct witness *witness, const char *origin, uint64_t size, pki_time at);

#endif
