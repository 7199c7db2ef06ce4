/* The code of an invitation: 100 random bits in Crockford's base 32 (no I, L, O, U),
 * in groups of five digits. */
#ifndef RA_CODE_H
#define RA_CODE_H

#include "libpki/base/hex.h"

#define RA_CODE_TEXT 24 /* "0123A-BCDEF-GHJKM-NPQRS" and the NUL */

enum pki_status ra_code_make(char out[RA_CODE_TEXT], struct pki_err *err) PKI_MUST_CHECK;
/* SHA-256 of the code, whether typed in capitals or not, with hyphens and blanks or
 * not, with O for 0, and I or L for 1. */
enum pki_status ra_code_digest(
	const char *code, uint8_t out[PKI_SHA256], struct pki_err *err) PKI_MUST_CHECK;

#endif
