/*
 * Published files, sent to mirrors by HTTP PUT and fetched back (rule 104). Each mirror has a
 * thread of its own, which looks at the public folder and sends what the mirror lacks. So a
 * mirror that hangs delays no other mirror, and gets only the newest files in the end.
 */
#ifndef CRL_MIRROR_H
#define CRL_MIRROR_H

#include "libpki/base/err.h"

struct mirrors;
struct service;

/* Sets s->mirrors if there are any; reads credentials and trusted CAs: before the sandbox. */
enum pki_status mirrors_open(struct service *s, struct pki_err *err) PKI_MUST_CHECK;
/* mirrors may be NULL here and below. */
enum pki_status mirrors_begin(
	struct mirrors *mirrors, struct pki_err *err) PKI_MUST_CHECK;
/* Something was published. */
void mirrors_wake(struct mirrors *mirrors);
/* Without threads: one attempt at each mirror; UNAVAILABLE if one lacks something then. */
enum pki_status mirrors_once(struct mirrors *mirrors, struct pki_err *err) PKI_MUST_CHECK;
void mirrors_stop(struct mirrors *mirrors);

#endif
