#define PKI_ERR_IMPLEMENTATION
#include "libpki/base/err.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	enum pki_status status;
	const char *name;
	const char *text;
} statuses[] = {
#define X(id, code, name, text) { PKI_##id, name, text },
	PKI_STATUSES(X)
#undef X
};

enum { STATUS_COUNT = sizeof(statuses) / sizeof(statuses[0]) };

/* Room for a line of OpenSSL's; its manual asks for 120 or more. */
#define SSL_TEXT 256

static bool
is_set(const struct pki_err *err)
{
	return err != NULL && err->status != PKI_OK;
}

static PKI_PRINTF(4, 0) enum pki_status set(struct pki_err *err, enum pki_status status,
	enum pki_rule rule, const char *fmt, va_list ap)
{
	if (is_set(err))
		return err->status;
	if (status == PKI_OK)
		status = PKI_INTERNAL;
	if (err == NULL)
		return status;
	err->status = status;
	err->rule = rule;
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	return status;
}

static PKI_PRINTF(2, 3) void add(struct pki_err *err, const char *fmt, ...)
{
	size_t used = strlen(err->msg);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->msg + used, sizeof err->msg - used, fmt, ap);
	va_end(ap);
}

enum pki_status
pki_fail(struct pki_err *err, enum pki_status status, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	status = set(err, status, PKI_RULE_NONE, fmt, ap);
	va_end(ap);
	return status;
}

enum pki_status
pki_refuse(struct pki_err *err, enum pki_rule rule, const char *fmt, ...)
{
	bool officer = rule == PKI_RULE_ROLE || rule == PKI_RULE_OFFICER_STATUS;
	va_list ap;
	va_start(ap, fmt);
	enum pki_status status =
		set(err, officer ? PKI_OFFICER : PKI_REFUSED, rule, fmt, ap);
	va_end(ap);
	return status;
}

enum pki_status
pki_fail_rule(struct pki_err *err, enum pki_status status, enum pki_rule rule,
	const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	status = set(err, status, rule, fmt, ap);
	va_end(ap);
	return status;
}

enum pki_status
pki_fail_errno(
	struct pki_err *err, enum pki_status status, int errnum, const char *fmt, ...)
{
	bool first = err != NULL && !is_set(err);
	if (errnum == ENOSPC || errnum == EDQUOT)
		status = PKI_FULL;
	va_list ap;
	va_start(ap, fmt);
	status = set(err, status, PKI_RULE_NONE, fmt, ap);
	va_end(ap);
	if (first && errnum != 0)
		add(err, ": %s", strerror(errnum));
	return status;
}

enum pki_status
pki_fail_ssl(struct pki_err *err, enum pki_status status, const char *fmt, ...)
{
	bool first = err != NULL && !is_set(err);
	unsigned long last = ERR_peek_last_error();
	char text[SSL_TEXT];
	ERR_error_string_n(last, text, sizeof text);
	ERR_clear_error();
	va_list ap;
	va_start(ap, fmt);
	status = set(err, status, PKI_RULE_NONE, fmt, ap);
	va_end(ap);
	if (first && last != 0)
		add(err, " (%s)", text);
	return status;
}

enum pki_status
pki_err_move(struct pki_err *to, struct pki_err *from)
{
	enum pki_status status = from->status;
	if (to != NULL && !is_set(to))
		*to = *from;
	*from = (struct pki_err){ 0 };
	return status;
}

void
pki_err_object(struct pki_err *err, const char *fmt, ...)
{
	if (err == NULL || err->object[0] != '\0')
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->object, sizeof err->object, fmt, ap);
	va_end(ap);
}

void
pki_err_text(const struct pki_err *err, char *out, size_t size)
{
	const char *object = err->object;
	const char *colon = object[0] != '\0' ? ": " : "";
	if (err->rule == PKI_RULE_NONE) {
		snprintf(out, size, "%s%s%s", object, colon, err->msg);
		return;
	}
	const struct pki_rule_info *info = pki_rule_info(err->rule);
	snprintf(out, size, "%s%srule %d %s (%s): %s", object, colon, (int)info->rule,
		info->name, info->clause, err->msg);
}

const char *
pki_status_name(enum pki_status status)
{
	for (size_t i = 0; i < STATUS_COUNT; i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	return pki_status_name(PKI_INTERNAL);
}

const char *
pki_status_text(enum pki_status status)
{
	for (size_t i = 0; i < STATUS_COUNT; i++)
		if (statuses[i].status == status)
			return statuses[i].text;
	return pki_status_text(PKI_INTERNAL);
}

enum pki_status
pki_status_by_name(const char *name)
{
	for (size_t i = 0; i < STATUS_COUNT; i++)
		if (strcmp(statuses[i].name, name) == 0)
			return statuses[i].status;
	return PKI_INTERNAL;
}
