/* Checks of a form and the requests for certificates, before an officer reads the
 * form. */
#ifndef RA_CHECK_H
#define RA_CHECK_H

#include "libpki/state/policy.h"
#include "ra/store/record.h"

/* Rules 207, 208, 211; 11, 12, 13 and the prefix of test names. */
enum pki_status ra_check_form(const struct pki_policy *policy, const struct ra_form *form,
	pki_msec now, struct pki_err *err) PKI_MUST_CHECK;
/* Tells the officer, on stderr, of words with letters of two scripts: no fault, but the
 * officer compares with the document. */
void ra_check_notes(const struct ra_form *form);
/* The subject of the form's certificates (rules 11, 12, 13). */
enum pki_status ra_check_subject(const struct pki_policy *policy,
	const struct ra_form *form, struct pki_name *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The last second of a day "2029-11-22", given with --not-after. USAGE */
enum pki_status ra_check_last_second(
	const char *date, pki_time *out, struct pki_err *err) PKI_MUST_CHECK;
/* Rules 39, 31, 93, 94; 10. Reads the two files into the record as DER. */
enum pki_status ra_check_requests(const struct pki_policy *policy, const char *auth_path,
	const char *sign_path, struct ra_record *record,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
