/* Orders wait until witnesses have cosigned the earlier certificates' entries (rule
 * 214). */
#ifndef CA_FRONT_QUORUM_WAIT_H
#define CA_FRONT_QUORUM_WAIT_H

#include "ca/front/writer.h"

/* Before the first batch. */
enum pki_status quorum_begin(struct writer *w, struct pki_err *err) PKI_MUST_CHECK;
/* May certificates be issued? */
bool quorum_open(struct writer *w);
/* Reads new cosignatures; the signer checks the cosignatures. */
void quorum_look(struct writer *w);
/* Holds a decided order back; refuses the order if the wait for witnesses took too
 * long. */
void quorum_hold(struct writer *w, struct job *job);
/* Replies to orders held too long. */
void quorum_expire(struct writer *w);
/* quorum_signed: the signer has signed certificates. quorum_committed: a checkpoint of
 * `size` entries covers all signed certificates. */
void quorum_signed(struct writer *w);
void quorum_committed(struct writer *w, uint64_t size);
/* The state of the quorum for the status page; any thread may call. */
struct pki_json quorum_json(struct writer *w);

#endif
