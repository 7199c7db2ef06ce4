#include "libpki/base/time.h"

#include <string.h>
#include <time.h>

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: years have four digits */
#define TIME_MIN ((pki_time)-62167219200)
#define TIME_MAX ((pki_time)253402300799)
/* A century: no validity is longer, and a date plus a century is still a date. */
#define DURATION_MAX (36600 * PKI_DAY)

pki_time
pki_time_now(void)
{
	return pki_msec_now() / 1000;
}

pki_msec
pki_msec_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (pki_msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
pki_monotonic_msec(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + 1;
}

int64_t
pki_boot_msec(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct tm
utc(pki_time t)
{
	time_t clamped = t < TIME_MIN ? TIME_MIN : t > TIME_MAX ? TIME_MAX : t;
	struct tm tm;
	gmtime_r(&clamped, &tm);
	return tm;
}

static void
put(char *out, int value, int width)
{
	for (int i = width; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
}

void
pki_time_format(pki_time t, char out[PKI_TIME_TEXT])
{
	struct tm tm = utc(t);
	memcpy(out, "0000-00-00T00:00:00Z", PKI_TIME_TEXT);
	put(out, tm.tm_year + 1900, 4);
	put(out + 5, tm.tm_mon + 1, 2);
	put(out + 8, tm.tm_mday, 2);
	put(out + 11, tm.tm_hour, 2);
	put(out + 14, tm.tm_min, 2);
	put(out + 17, tm.tm_sec, 2);
}

void
pki_msec_format(pki_msec t, char out[PKI_MSEC_TEXT])
{
	pki_msec part = t % 1000;
	if (part < 0)
		part += 1000;
	char seconds[PKI_TIME_TEXT];
	pki_time_format((t - part) / 1000, seconds);
	memcpy(out, seconds, 19);
	memcpy(out + 19, ".000Z", 6);
	put(out + 20, (int)part, 3);
}

void
pki_time_format_local(pki_time t, char *out, size_t size)
{
	time_t clamped = t < TIME_MIN ? TIME_MIN : t > TIME_MAX ? TIME_MAX : t;
	struct tm tm;
	tzset();
	localtime_r(&clamped, &tm);
	if (strftime(out, size, "%Y-%m-%d %H:%M %Z", &tm) == 0 && size > 0)
		out[0] = '\0';
}

static bool
digits(const char *text, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

/* false for dates that do not exist */
static bool
from_calendar(const struct tm *tm, pki_time *out)
{
	struct tm normal = *tm;
	*out = timegm(&normal);
	return normal.tm_year == tm->tm_year && normal.tm_mon == tm->tm_mon &&
	       normal.tm_mday == tm->tm_mday && normal.tm_hour == tm->tm_hour &&
	       normal.tm_min == tm->tm_min && normal.tm_sec == tm->tm_sec;
}

bool
pki_time_from_digits(const char text[static PKI_TIME_DIGITS], pki_time *out)
{
	struct tm tm = { 0 };
	if (!digits(text, 4, &tm.tm_year) || !digits(text + 4, 2, &tm.tm_mon) ||
		!digits(text + 6, 2, &tm.tm_mday) || !digits(text + 8, 2, &tm.tm_hour) ||
		!digits(text + 10, 2, &tm.tm_min) || !digits(text + 12, 2, &tm.tm_sec))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return from_calendar(&tm, out);
}

/* "YYYY-MM-DD", and the rest of the text */
static bool
parse_date(const char *text, struct tm *tm, const char **rest)
{
	if (strlen(text) < 10 || text[4] != '-' || text[7] != '-' ||
		!digits(text, 4, &tm->tm_year) || !digits(text + 5, 2, &tm->tm_mon) ||
		!digits(text + 8, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	*rest = text + 10;
	return true;
}

/* "", "THH:MM:SSZ" or "THH:MM:SS.mmmZ" */
static bool
parse_clock(const char *text, struct tm *tm, int *msec)
{
	*msec = 0;
	if (*text == '\0')
		return true;
	if (strlen(text) < 10 || text[0] != 'T' || text[3] != ':' || text[6] != ':' ||
		!digits(text + 1, 2, &tm->tm_hour) || !digits(text + 4, 2, &tm->tm_min) ||
		!digits(text + 7, 2, &tm->tm_sec))
		return false;
	text += 9;
	if (strlen(text) == 5 && text[0] == '.' && digits(text + 1, 3, msec))
		text += 4;
	return strcmp(text, "Z") == 0;
}

enum pki_status
pki_msec_parse(const char *text, pki_msec *out, struct pki_err *err)
{
	struct tm tm = { 0 };
	const char *rest;
	int msec;
	if (!parse_date(text, &tm, &rest) || !parse_clock(rest, &tm, &msec))
		return pki_fail(err, PKI_INPUT,
			"\"%.40s\" is not a time; write 2026-11-22 or 2026-11-22T13:03:00Z",
			text);
	pki_time t;
	if (!from_calendar(&tm, &t))
		return pki_fail(
			err, PKI_INPUT, "\"%.40s\" is not a time of the calendar", text);
	*out = (pki_msec)t * 1000 + msec;
	return PKI_OK;
}

enum pki_status
pki_time_parse(const char *text, pki_time *out, struct pki_err *err)
{
	pki_msec t;
	PKI_TRY(pki_msec_parse(text, &t, err));
	pki_msec part = t % 1000;
	*out = (t - (part < 0 ? part + 1000 : part)) / 1000;
	return PKI_OK;
}

enum pki_status
pki_duration_parse(const char *text, int64_t *seconds, struct pki_err *err)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 'd', PKI_DAY }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	int64_t number = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9' && number <= DURATION_MAX; p++)
		number = number * 10 + (*p - '0');
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (number == 0 || p[0] != units[i].unit || p[1] != '\0')
			continue;
		if (number > DURATION_MAX / units[i].seconds)
			break;
		*seconds = number * units[i].seconds;
		return PKI_OK;
	}
	return pki_fail(err, PKI_INPUT,
		"\"%.40s\" is not a duration; write 90d, 24h, 30m or 45s, at most 36600d",
		text);
}

pki_time
pki_time_add_years(pki_time t, int years)
{
	struct tm tm = utc(t);
	bool leap_day = tm.tm_mon == 1 && tm.tm_mday == 29;
	tm.tm_year += years;
	struct tm normal = tm;
	pki_time later = timegm(&normal);
	if (leap_day && normal.tm_mon != 1)
		later -= PKI_DAY;
	return later - 1;
}
