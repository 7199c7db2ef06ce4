/* The script of a ceremony: ceremony.yaml. */
#ifndef CA_CEREMONY_CEREMONY_SCRIPT_H
#define CA_CEREMONY_CEREMONY_SCRIPT_H

#include "ca/ceremony/ceremony.h"

/* Reads the script and the requests. Refuses one person or key in two roles (rule 32),
 * and missing roles. */
enum pki_status ceremony_read(const char *path, const struct pki_policy *policy,
	struct ceremony *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
