/* An officer: a folder with cert.pem and key.pem (sealed). */
#ifndef RA_OFFICER_H
#define RA_OFFICER_H

#include "libpki/x509/cert.h"

#define RA_OFFICER_OPTIONS \
	{ "officer", "DIR", "the officer's folder: cert.pem, key.pem ($PKI_OFFICER)", \
		1 }, \
	{ \
		"passphrase", "SOURCE", \
			"of the officer's key: prompt (default), fd:N, file:PATH", 1 \
	}

struct ra_officer {
	struct pki_cert *cert;
	struct pki_key *key;
	char serial[PKI_SERIAL_TEXT]; /* events and applications name the officer so */
};

/*
 * dir NULL: $PKI_OFFICER, else USAGE. source: see pki_secret_read(). OFFICER (rule 205)
 * if the certificate is not valid now, SECRET, IO, STATE if key and certificate are not a
 * pair. The caller frees out, also after an error: serial is set as soon as the
 * certificate is read.
 */
enum pki_status ra_officer_open(const char *dir, const char *source,
	struct ra_officer *out, struct pki_err *err) PKI_MUST_CHECK;
void ra_officer_free(struct ra_officer *officer);

#endif
