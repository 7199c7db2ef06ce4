/* What an OCSP answer says, read in well under a microsecond; nothing is verified here. */
#ifndef TESTS_BENCH_OCSP_BRIEF_H
#define TESTS_BENCH_OCSP_BRIEF_H

#include "libpki/ocsp/ocsp.h"

struct ocsp_brief {
	unsigned response; /* OCSPResponseStatus; 0: successful, the rest holds */
	enum pki_ocsp_status status; /* of the first SingleResponse */
	struct pki_bytes serial; /* of its CertID, within the answer */
};

/* false: not such an answer. A status "unknown" counts as never issued. */
bool ocsp_brief_read(struct pki_bytes der, struct ocsp_brief *out);

#endif
