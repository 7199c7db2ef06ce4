/* pki-ra officer: officers and services come, get their next certificate, and go. */
#ifndef RA_STAFF_H
#define RA_STAFF_H

#include "ra/ra.h"

/*
 * add, renew. With --csr: drafts the order, signs it, and writes it to --order. Else: adds a
 * signature to the order in --order. Once all signatures that rules.yaml asks for are
 * there, sends the order and writes the certificate to --out.
 */
enum pki_status ra_staff_add(
	const struct pki_args *args, struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_staff_renew(
	const struct pki_args *args, struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;

/* end: revokes all valid certificates of who (serial, identifier or name), with --cause. */
enum pki_status ra_staff_end(const struct pki_args *args, struct ra *ra, const char *who,
	struct pki_err *err) PKI_MUST_CHECK;

/* The valid certificates, and what is wrong with a role; all of one officer. */
enum pki_status ra_staff_list(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_staff_show(
	struct ra *ra, const char *who, struct pki_err *err) PKI_MUST_CHECK;

#endif
