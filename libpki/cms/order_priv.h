/*
 * order(5) as tables: one row per member, for reading and for writing. An absent member is a
 * zeroed field; a present member is never empty. Internal to order_*.c.
 */
#ifndef LIBPKI_CMS_ORDER_PRIV_H
#define LIBPKI_CMS_ORDER_PRIV_H

#include "libpki/base/json.h"
#include "libpki/cms/order.h"

#define PKI_ORDER_VERSION 1

enum pki_form {
	FORM_TEXT, /* UTF-8 without controls */
	FORM_WORD, /* lower-case letters, digits, hyphens */
	FORM_ID, /* aux: the prefix */
	FORM_DIGEST, /* SHA-256 in lower-case hex */
	FORM_TIME,
	FORM_MSEC,
	FORM_BASE64, /* aux: most octets of the decoded value */
	FORM_OBJECT,
	FORM_EVIDENCE,
	FORM_SERIALS,
	FORM_CERTS,
};

struct pki_member {
	const char *name;
	enum pki_form form;
	size_t offset; /* in the table's struct */
	size_t size; /* of a string's field, NUL included */
	unsigned may; /* actions that allow the member */
	unsigned must; /* actions that need the member */
	size_t aux;
	const struct pki_member *members; /* FORM_OBJECT */
};

/* A row without a name ends a table. */
extern const struct pki_member pki_order_members[];
extern const struct pki_member pki_order_cert_members[]; /* of struct pki_order_cert */

/* Strictly; the caller frees out with pki_order_free(), also after an error. */
enum pki_status pki_order_read(
	json_t *json, struct pki_order *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
