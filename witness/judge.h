/* Whether a checkpoint is cosigned (rule 85). */
#ifndef WITNESS_JUDGE_H
#define WITNESS_JUDGE_H

#include "witness/request.h"
#include "witness/state.h"

/* The HTTP status. body gets the reply's body: with 200 the cosignature's line, with 409 the
 * size of the last cosignature. Otherwise *err has the reason. */
unsigned judge_checkpoint(struct witness *witness, const struct request *request,
	struct pki_buf *body, struct pki_err *err);

#endif
