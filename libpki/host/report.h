/*
 * A service's errors on standard error, for the journal: a line per error.
 *
 * A struct pki_report is for a single kind of trouble, of a mirror or of a thread. Trouble with
 * an unchanged status and rule is written once in an interval, however often it comes, and a line
 * reports the end. The monotonic clock measures the interval.
 */
#ifndef LIBPKI_HOST_REPORT_H
#define LIBPKI_HOST_REPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "libpki/base/err.h"

/* "PROGRAM: ERROR", always. */
void pki_report_error(const char *program, const struct pki_err *err);

/* Errors of so many kinds may alternate, as a mirror's files do. */
#define PKI_REPORT_KINDS 4

struct pki_report {
	const char *program;
	const char *what; /* "PROGRAM: WHAT: ERROR"; NULL: "PROGRAM: ERROR" */
	long interval_msec;
	FILE *to; /* NULL: standard error */
	/* the rest is this module's */
	pthread_mutex_t lock;
	struct {
		enum pki_status status; /* OK: unused */
		enum pki_rule rule;
		int64_t at; /* last written, on the monotonic clock */
	} kinds[PKI_REPORT_KINDS];
	bool written; /* the present trouble is written; the end will be written, too */
	int64_t since; /* the present trouble began; 0: no trouble */
	uint64_t times; /* errors since then */
	char text[1024]; /* the last written error */
};

#define PKI_REPORT_MSEC 60000L
/* For a static report, or an element of an initializer. */
#define PKI_REPORT(of_program, of_what) \
	{ \
		.program = (of_program), .what = (of_what), \
		.interval_msec = PKI_REPORT_MSEC, .lock = PTHREAD_MUTEX_INITIALIZER \
	}
void pki_report_init(struct pki_report *report, const char *program, const char *what);

/* Any thread may call these two. report NULL: nothing is written. */
void pki_report_trouble(struct pki_report *report, const struct pki_err *err);
/* "PROGRAM: ended after N s, M failures: ERROR" if the trouble was written. Trouble that comes
 * back within the interval of its last line is not written before the next interval. */
void pki_report_end(struct pki_report *report);

#endif
