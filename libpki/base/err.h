/*
 * Errors. A function that can fail returns a status that must be looked at and fills a
 * struct pki_err, which the caller owns and sets to {0}. The innermost message wins: a
 * pki_fail() on an error that is already set only returns the status in that error.
 * Callers on the way out add the object's name with pki_err_object().
 *
 * A caller that needs the status alone passes NULL for the error, to every function of this
 * library. A function must therefore return what pki_fail() returns and must not read *err;
 * a function that must read an error declares its own and passes it on by pki_err_move().
 *
 * A look-up reports absence by `bool *found`, its last output: PKI_OK and false. A caller for
 * whom absence is an error passes NULL for `found` and gets NOTFOUND.
 *
 * The message names what is wrong and the remedy; the object and, where a numbered rule was
 * broken, the rule and its clause are put in front by pki_err_text():
 *
 *   req-17: rule 4 three-years (RFC 5280 4.1.2.5): notAfter is 1096 days after notBefore; ...
 */
#ifndef LIBPKI_BASE_ERR_H
#define LIBPKI_BASE_ERR_H

#include <stddef.h>

#include "libpki/base/rule.h"

/* id, exit status (documented in the man pages; never renumber), name in JSON, meaning */
#define PKI_STATUSES(X) \
	X(OK, 0, "ok", "ok") \
	X(INTERNAL, 1, "internal", "internal error") \
	X(USAGE, 2, "usage", "wrong use of the command") \
	X(INPUT, 3, "input", "malformed input") \
	X(LIMIT, 4, "limit", "input larger than the limit") \
	X(CONFIG, 5, "config", "configuration or policy refused") \
	X(IO, 6, "io", "file missing or unreadable") \
	X(SECRET, 7, "secret", "wrong passphrase") \
	X(REFUSED, 8, "refused", "refused by a rule") \
	X(OFFICER, 9, "officer", "officer not entitled") \
	X(CLOCK, 10, "clock", "clock not plausible") \
	X(VERSION, 11, "version", "made by a newer version") \
	X(LOCKED, 12, "locked", "locked by another process") \
	X(FULL, 13, "full", "no space left") \
	X(UNAVAILABLE, 14, "unavailable", "service not reachable") \
	X(BUSY, 15, "busy", "service busy, try again") \
	X(NOTFOUND, 16, "notfound", "no such object") \
	X(STATE, 17, "state", "not possible in this state") \
	X(TAMPERED, 18, "tampered", "evidence of tampering or corruption") \
	X(MEMORY, 19, "memory", "out of memory")

enum pki_status {
#define X(id, code, name, text) PKI_##id = code,
	PKI_STATUSES(X)
#undef X
};

struct pki_err {
	enum pki_status status;
	enum pki_rule rule; /* PKI_RULE_NONE unless a numbered rule was broken */
	char object[160]; /* what it is about: a file, an order, a serial */
	char msg[640]; /* what is wrong and what to do about it */
};

#define PKI_MUST_CHECK __attribute__((warn_unused_result))
#define PKI_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Return from the calling function unless the expression's status is OK. */
#define PKI_TRY(expression) \
	do { \
		enum pki_status pki_try_ = (expression); \
		if (pki_try_ != PKI_OK) \
			return pki_try_; \
	} while (0)

/* Set *err unless it is set already; return its status. With err NULL: return status. */
enum pki_status pki_fail(struct pki_err *err, enum pki_status status, const char *fmt,
	...) PKI_PRINTF(3, 4);

/* As pki_fail(); status REFUSED, or OFFICER for the rules about officers. */
enum pki_status pki_refuse(struct pki_err *err, enum pki_rule rule, const char *fmt, ...)
	PKI_PRINTF(3, 4);

/* As pki_fail(), for a rule whose breach has another status than pki_refuse()'s. */
enum pki_status pki_fail_rule(struct pki_err *err, enum pki_status status,
	enum pki_rule rule, const char *fmt, ...) PKI_PRINTF(4, 5);

/* As pki_fail(), with strerror(errnum) appended; ENOSPC and EDQUOT turn into FULL. */
enum pki_status pki_fail_errno(struct pki_err *err, enum pki_status status, int errnum,
	const char *fmt, ...) PKI_PRINTF(4, 5);

/* As pki_fail(), with OpenSSL's own text appended; drains its error queue. */
enum pki_status pki_fail_ssl(struct pki_err *err, enum pki_status status, const char *fmt,
	...) PKI_PRINTF(3, 4);

/* None of these returns OK (told so, they turn it into INTERNAL): here for analyzers. */
static inline enum pki_status
pki_failed(enum pki_status status)
{
	if (status == PKI_OK)
		__builtin_unreachable();
	return status;
}

#ifndef PKI_ERR_IMPLEMENTATION
#define pki_fail(...) pki_failed(pki_fail(__VA_ARGS__))
#define pki_refuse(...) pki_failed(pki_refuse(__VA_ARGS__))
#define pki_fail_rule(...) pki_failed(pki_fail_rule(__VA_ARGS__))
#define pki_fail_errno(...) pki_failed(pki_fail_errno(__VA_ARGS__))
#define pki_fail_ssl(...) pki_failed(pki_fail_ssl(__VA_ARGS__))
#endif

/* Name the object that the error is about, unless it is named already or err is NULL. */
void pki_err_object(struct pki_err *err, const char *fmt, ...) PKI_PRINTF(2, 3);

/*
 * Move an error on: *to takes it unless it is set already or NULL; *from is {0} afterwards.
 * Returns the status that *from had, OK included.
 */
enum pki_status pki_err_move(struct pki_err *to, struct pki_err *from);

/* "object: rule N name (clause): message", NUL-terminated, cut at size. */
void pki_err_text(const struct pki_err *err, char *out, size_t size);

/* Name and meaning of the table; "internal" for a number that is not in it. */
const char *pki_status_name(enum pki_status status);
const char *pki_status_text(enum pki_status status);
/* INTERNAL for a name that is not in the table. */
enum pki_status pki_status_by_name(const char *name);

#endif
