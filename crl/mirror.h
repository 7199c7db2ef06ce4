/*
 * Published files, sent to mirrors by HTTP PUT and fetched back (rule 104). Each mirror has
 * its own thread, which compares the public folder with the mirror and sends missing files. So
 * a hanging mirror delays no mirror, and gets only the newest files in the end.
 */
#ifndef CRL_MIRROR_H
#define CRL_MIRROR_H

#include "libpki/base/err.h"

struct mirrors;
struct service;

/* Sets s->mirrors if the configuration has any; reads credentials and trusted CAs: before the
 * sandbox. */
enum pki_status mirrors_open(struct service *s, struct pki_err *err) PKI_MUST_CHECK;
/* mirrors may be NULL from here on. */
enum pki_status mirrors_begin(
	struct mirrors *mirrors, struct pki_err *err) PKI_MUST_CHECK;
/* Something was published. */
void mirrors_wake(struct mirrors *mirrors);
/* Without threads: a single attempt at each mirror; UNAVAILABLE if a mirror then lacks a
 * file. */
enum pki_status mirrors_once(struct mirrors *mirrors, struct pki_err *err) PKI_MUST_CHECK;
void mirrors_stop(struct mirrors *mirrors);

#endif
