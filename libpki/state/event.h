/*
 * The events of the audit log: one table gives each type its program, its actor and the exact
 * members of its detail (rule 122). log(5) shows the same table. pki-ca refuses an event of
 * another form, the log appends none, and the auditor repeats the check for entries of
 * PKI_ENTRY_VERSION.
 */
#ifndef LIBPKI_STATE_EVENT_H
#define LIBPKI_STATE_EVENT_H

#include "libpki/base/json.h"

/*
 * The member "version" of an entry. Entries of older suites lack the member: their details were
 * words and integers of any names. In a log, no entry without a version follows an entry with
 * a version.
 */
#define PKI_ENTRY_VERSION 2

/* No text in a detail is longer, older suites included; with the NUL. */
#define PKI_EVENT_WORD 129
/* The most certificates that one event revokes. */
#define PKI_EVENT_SERIALS_MAX 64

struct pki_event {
	const char *type; /* "certificate-issued" */
	const char *source; /* "pki-ca": the program */
	const char *actor; /* the serial of an officer or service, or "" */
	pki_msec at;
	json_t *detail; /* borrowed; NULL: an empty object */
	/* 0, or what the wall clock said, which was not plausible: `at` is the time of the last
	 * event and what the boot clock counted since. The entry's member "clock". */
	pki_msec clock;
};

/* The program that logs an event type; NULL if the type is unknown. */
const char *pki_event_source(const char *type);
/* true if the type is in the table of event types. */
bool pki_event_known(const char *type);
/* INPUT unless source, actor and detail have the form of the type: rule 77 for an unknown type,
 * rule 122 for another form. */
enum pki_status pki_event_check(
	const struct pki_event *event, struct pki_err *err) PKI_MUST_CHECK;

#endif
