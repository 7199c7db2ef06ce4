/* Whether a checkpoint is cosigned (rule 85). */
#ifndef WITNESS_JUDGE_H
#define WITNESS_JUDGE_H

#include "witness/request.h"
#include "witness/state.h"

/* The HTTP status. body gets what is sent with it: with 200 the cosignature's line, with 409
 * the size that the witness has; otherwise *err says why. */
unsigned judge_checkpoint(struct witness *witness, const struct request *request,
	struct pki_buf *body, struct pki_err *err);

#endif
