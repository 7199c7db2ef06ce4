/*
 * JSON (jansson): strict reading of JSON from outside, a builder, and the canonical form of
 * signed documents.
 *
 * The builder. A struct pki_json holds one object or array in the making:
 *
 *	PKI_CLEANUP(pki_json_free) struct pki_json entry = pki_json_object();
 *	PKI_CLEANUP(pki_json_free) struct pki_json officers = pki_json_array();
 *	for (size_t i = 0; i < count; i++)
 *		pki_json_append_serial(&officers, &serials[i]);
 *	pki_json_text(&entry, "order", id);
 *	pki_json_nest(&entry, "officers", &officers);
 *	PKI_TRY(pki_json_take(&entry, &detail, err));
 *
 * The first failure sticks: out of memory (MEMORY), a text or name not in UTF-8 (INPUT), NULL
 * for a text (INTERNAL). The value made so far is dropped, later calls do nothing, a parent
 * fails with its child, and pki_json_take() reports the failure. So a value never lacks a
 * member given to its builder.
 */
#ifndef LIBPKI_BASE_JSON_H
#define LIBPKI_BASE_JSON_H

#include <jansson.h>

#include "libpki/base/mem.h"
#include "libpki/base/serial.h"
#include "libpki/base/time.h"

/* Strict reading of JSON from outside: one object or array; duplicates and trailing bytes are
 * refused (INPUT). */
enum pki_status pki_json_parse(
	struct pki_bytes text, json_t **out, struct pki_err *err) PKI_MUST_CHECK;
/* Canonical: sorted, compact. Appends. */
enum pki_status pki_json_dump(
	const json_t *json, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
void pki_json_cleanup(json_t **json); /* for PKI_CLEANUP */

/* Private to json.c. {0} is an empty builder: any use of it is a failure (INTERNAL). */
struct pki_json {
	json_t *value; /* NULL after a failure */
	enum pki_status failed; /* the first failure */
	char member[40]; /* the name of the failed member; may be cut */
};

/* Begin an empty object or array. */
struct pki_json pki_json_object(void);
struct pki_json pki_json_array(void);
/* Free; {0} afterwards. For PKI_CLEANUP. */
void pki_json_free(struct pki_json *json);

/* Set a member of an object. A member of this name gets the new value. */
void pki_json_text(struct pki_json *object, const char *name, const char *text);
/* No member if text is NULL or empty. */
void pki_json_text_if(struct pki_json *object, const char *name, const char *text);
void pki_json_number(struct pki_json *object, const char *name, int64_t number);
void pki_json_bool(struct pki_json *object, const char *name, bool value);
void pki_json_null(struct pki_json *object, const char *name);
/* RFC 3339, as pki_time_format() and pki_msec_format(). */
void pki_json_time(struct pki_json *object, const char *name, pki_time t);
void pki_json_msec(struct pki_json *object, const char *name, pki_msec t);
/* Hexadecimal, as pki_serial_text(). */
void pki_json_serial(
	struct pki_json *object, const char *name, const struct pki_serial *serial);
/* Takes ownership of value; NULL is a failure (MEMORY). To share a value: json_incref(). */
void pki_json_value(struct pki_json *object, const char *name, json_t *value);
/* Takes the child's value or failure; the child is {0} afterwards. */
void pki_json_nest(struct pki_json *object, const char *name, struct pki_json *child);
/* As nest, but no member if the child is an empty object or array. */
void pki_json_nest_if(struct pki_json *object, const char *name, struct pki_json *child);

/* As above, for an array. */
void pki_json_append_text(struct pki_json *array, const char *text);
void pki_json_append_number(struct pki_json *array, int64_t number);
void pki_json_append_serial(struct pki_json *array, const struct pki_serial *serial);
void pki_json_append_value(struct pki_json *array, json_t *value);
void pki_json_append(struct pki_json *array, struct pki_json *child);

/*
 * End. Each of the three functions returns the first failure and leaves the builder as {0}.
 * take: the caller owns *out, NULL after a failure. write: the canonical form, appended.
 * print: the form of --json, indented, and a newline; IO or FULL if writing fails.
 */
enum pki_status pki_json_take(
	struct pki_json *json, json_t **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_json_write(
	struct pki_json *json, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_json_print(
	struct pki_json *json, FILE *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
