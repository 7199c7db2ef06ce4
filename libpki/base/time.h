/*
 * Time. pki_time is seconds since 1970-01-01T00:00:00Z (X.509 dates), pki_msec milliseconds
 * (events). All formats but the local one are UTC.
 */
#ifndef LIBPKI_BASE_TIME_H
#define LIBPKI_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "libpki/base/err.h"

typedef int64_t pki_time;
typedef int64_t pki_msec;

#define PKI_DAY ((pki_time)86400)
/* How far the clocks of two machines of one installation may be apart. */
#define PKI_CLOCK_SKEW_MS ((pki_msec)5 * 60 * 1000)
/* "9999-12-31T23:59:59Z" and the NUL */
#define PKI_TIME_TEXT 21
#define PKI_TIME_DIGITS 14
/* "9999-12-31T23:59:59.999Z" and the NUL */
#define PKI_MSEC_TEXT 25

pki_time pki_time_now(void);
pki_msec pki_msec_now(void);
/* Milliseconds since some moment, above 0: for intervals and waits, as nobody sets this clock. */
int64_t pki_monotonic_msec(void);

/* Milliseconds since the machine started, with the time that it was suspended. */
int64_t pki_boot_msec(void);

/* RFC 3339 with the Z suffix. */
void pki_time_format(pki_time t, char out[PKI_TIME_TEXT]);
void pki_msec_format(pki_msec t, char out[PKI_MSEC_TEXT]);
/* "2026-11-22 14:03 CET": for people; the zone is TZ's. */
void pki_time_format_local(pki_time t, char *out, size_t size);

/* "2026-11-22", "2026-11-22T13:03:00Z" or with .mmm; INPUT for anything else. */
enum pki_status pki_time_parse(
	const char *text, pki_time *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_msec_parse(
	const char *text, pki_msec *out, struct pki_err *err) PKI_MUST_CHECK;

/* "YYYYMMDDHHMMSS"; false unless all are digits and the date exists. */
bool pki_time_from_digits(const char text[static PKI_TIME_DIGITS], pki_time *out);

/* "90d", "24h", "30m", "45s": a positive number and a unit, 36600 days at most; INPUT for
 * anything else. */
enum pki_status pki_duration_parse(
	const char *text, int64_t *seconds, struct pki_err *err) PKI_MUST_CHECK;

/*
 * The last second of a validity of `years`: the civil date of t, so many years later (29 February
 * becomes 28 February), less one second, because X.509 counts both ends of a validity.
 */
pki_time pki_time_add_years(pki_time t, int years);

#endif
