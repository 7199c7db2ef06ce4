/* JSON (jansson): the one door for JSON from outside, and the canonical form of what is signed. */
#ifndef LIBPKI_BASE_JSON_H
#define LIBPKI_BASE_JSON_H

#include <jansson.h>

#include "libpki/base/mem.h"

/* Strict reading of JSON from outside: one object or array; duplicates and trailing bytes are
 * refused (INPUT). */
enum pki_status pki_json_parse(
	struct pki_bytes text, json_t **out, struct pki_err *err) PKI_MUST_CHECK;
/* Canonical: sorted, compact. Appends. */
enum pki_status pki_json_dump(
	const json_t *json, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
void pki_json_cleanup(json_t **json); /* for PKI_CLEANUP */

#endif
