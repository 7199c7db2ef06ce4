#include "ra/code.h"

#include <ctype.h>

#define DIGITS 20

enum pki_status
ra_code_make(char out[RA_CODE_TEXT], struct pki_err *err)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint8_t random[DIGITS];
	char *p = out;
	PKI_TRY(pki_random(random, sizeof random, err));
	for (int i = 0; i < DIGITS; i++) {
		if (i != 0 && i % 5 == 0)
			*p++ = '-';
		*p++ = digits[random[i] % 32];
	}
	*p = '\0';
	return PKI_OK;
}

enum pki_status
ra_code_digest(const char *code, uint8_t out[PKI_SHA256], struct pki_err *err)
{
	char plain[2 * RA_CODE_TEXT];
	size_t len = 0;
	for (; *code != '\0' && len < sizeof plain; code++) {
		char c = (char)toupper((unsigned char)*code);
		if (c == '-' || c == ' ')
			continue;
		plain[len++] = (char)(c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c);
	}
	return pki_sha256(plain, len, out, err);
}
