/* Country codes. */
#ifndef LIBPKI_X509_COUNTRY_H
#define LIBPKI_X509_COUNTRY_H

#include <stdbool.h>

/* rule 110: are the first two characters an assigned alpha-2 code of ISO 3166-1? */
bool pki_country_assigned(const char *code);

#endif
