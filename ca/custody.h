/* Dual control (rule 32): the keys open only with the passphrases of both custodians. */
#ifndef CA_CUSTODY_H
#define CA_CUSTODY_H

#include "libpki/base/mem.h"
#include "libpki/host/cli.h"

/*
 * Makes the secret from the passphrases a and b of the two --custodian SOURCEs:
 * lower-case hex of SHA-256(len(a) || a || len(b) || b), lengths in 8 octets, big-endian.
 * Free with pki_buf_cleanse(). REFUSED (rule 32) if a passphrase is empty, or both
 * passphrases or both sources are equal ("prompt" may come twice). USAGE unless args has
 * two sources.
 */
enum pki_status custody_secret(const struct pki_args *args, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Closes the descriptors named as fd:N, in a process that does not read the
 * passphrases. */
void custody_close(const struct pki_args *args);

#endif
