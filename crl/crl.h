/* A CRL of the installation: the root's, the issuing CA's full CRL, or a partition. */
#ifndef CRL_CRL_H
#define CRL_CRL_H

#include <sys/stat.h>

#include "libpki/state/ledger.h"
#include "libpki/x509/crl.h"

struct service;

struct crl {
	int issuer;
	unsigned partition; /* 0: a full CRL */
	struct pki_crl_row last; /* the ledger's last, without DER; number 0: none */
	uint64_t need; /* the CRL must show this many revocations of the ledger at once */
	bool refused; /* by the gate: the ledger's last */
	bool disputed; /* refused because a responder contradicts; another CRL would not help */
	int64_t refused_at; /* on the monotonic clock */
	/* The published file, as this process found or wrote the file; number 0: not known. */
	struct {
		uint64_t number;
		uint64_t revocations; /* of the ledger, up to the CRL's making */
		size_t entries, bytes;
		pki_time this_update, next_update, published;
		struct stat file;
		bool checked; /* against all of the ledger */
	} out;
	uint64_t pending; /* revocations to show that the published file lacks */
	pki_time since; /* the oldest pending revocation; 0: none */
};

/* The file's name below the public folder. */
void crl_name(const struct crl *crl, char out[PKI_CRL_FILE]);
/* last is the ledger's last CRL of this kind. */
void crl_note(struct service *s, struct crl *crl, const struct pki_crl_row *last);
/* The file in the public folder is `parsed`, which the ledger has as row. */
void crl_note_published(struct service *s, struct crl *crl, const struct pki_crl_row *row,
	const struct pki_crl *parsed, bool checked);
/* Must a new CRL be made, or the ledger's last CRL be published? */
bool crl_is_due(const struct service *s, const struct crl *crl);
/* Due, and urgent: relying parties need the CRL now. */
bool crl_is_urgent(const struct service *s, const struct crl *crl);

#endif
