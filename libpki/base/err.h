/*
 * Errors. A fallible function returns a status, which the compiler makes the caller check, and
 * fills a struct pki_err, which the caller owns and sets to {0}. The innermost message wins:
 * pki_fail() on an error already set only returns the status in the error. Callers on the way
 * out add the object's name with pki_err_object().
 *
 * To every function of this library a caller may pass NULL for the error, if the status is
 * enough. A function must therefore return the result of pki_fail() and must not read *err; a
 * function that reads an error declares a local error, and moves it on with pki_err_move().
 *
 * A look-up reports absence by `bool *found`, the last output: PKI_OK and false. If absence is
 * an error for the caller, the caller passes NULL for `found` and gets NOTFOUND.
 *
 * The message names the fault and the remedy. pki_err_text() puts the object in front and, if
 * a numbered rule was broken, the rule and its clause:
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
	X(MEMORY, 19, "memory", "out of memory") \
	X(UNKNOWN, 20, "unknown", "outcome unknown")

enum pki_status {
#define X(id, code, name, text) PKI_##id = code,
	PKI_STATUSES(X)
#undef X
};

struct pki_err {
	enum pki_status status;
	enum pki_rule rule; /* PKI_RULE_NONE unless a numbered rule was broken */
	char object[160]; /* a file, an order, a serial */
	char msg[640]; /* the fault and the remedy */
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

/* Set *err unless already set; return the status in *err. With err NULL: return status. */
enum pki_status pki_fail(struct pki_err *err, enum pki_status status, const char *fmt,
	...) PKI_PRINTF(3, 4);

/* As pki_fail(); status REFUSED, or OFFICER for the rules about officers. */
enum pki_status pki_refuse(struct pki_err *err, enum pki_rule rule, const char *fmt, ...)
	PKI_PRINTF(3, 4);

/* As pki_fail(), for a rule whose breach has neither of pki_refuse()'s two statuses. */
enum pki_status pki_fail_rule(struct pki_err *err, enum pki_status status,
	enum pki_rule rule, const char *fmt, ...) PKI_PRINTF(4, 5);

/* As pki_fail(), with strerror(errnum) appended; ENOSPC and EDQUOT turn into FULL. errnum 0:
 * the cause is not known, and nothing is appended. */
enum pki_status pki_fail_errno(struct pki_err *err, enum pki_status status, int errnum,
	const char *fmt, ...) PKI_PRINTF(4, 5);

/* As pki_fail(), with OpenSSL's own text appended; drains OpenSSL's error queue. */
enum pki_status pki_fail_ssl(struct pki_err *err, enum pki_status status, const char *fmt,
	...) PKI_PRINTF(3, 4);

/* For analyzers: the functions above never return OK. They turn OK into INTERNAL. */
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

/* Name the object of the error, unless an object is named already or err is NULL. */
void pki_err_object(struct pki_err *err, const char *fmt, ...) PKI_PRINTF(2, 3);

/*
 * Move an error on. *to takes *from's content, unless *to is set already or `to` is NULL; *from
 * is {0} afterwards. Returns the status of *from before the move, OK included.
 */
enum pki_status pki_err_move(struct pki_err *to, struct pki_err *from);

/* "object: rule N name (clause): message", NUL-terminated, cut at size. */
void pki_err_text(const struct pki_err *err, char *out, size_t size);

/* Name and meaning from the table; "internal" for an unknown number. */
const char *pki_status_name(enum pki_status status);
const char *pki_status_text(enum pki_status status);
/* INTERNAL for an unknown name. */
enum pki_status pki_status_by_name(const char *name);

#endif
