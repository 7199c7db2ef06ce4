#include "tools/audit/severity.h"

#include "libpki/base/mem.h"

#define EVIDENCE \
	"stop pki-ca, keep this copy as evidence, find out who could write; go on with the newest backup that verifies"
#define DISOWN \
	"keep the order as evidence; revoke its certificates, and find out how the signer came to carry it out"
#define PUBLISH "publish again: restart pki-ca, which publishes what is missing"
#define CRL_AGAIN \
	"have pki-crl make and publish a CRL now; look at the log of pki-crl and at `pki-crl check`"
#define RESPONDER \
	"stop the responder; examine its clock, its ledger and the custody of its key"

#define ANY PKI_OK

static const struct {
	enum pki_rule rule;
	enum pki_status status; /* ANY */
	struct judgement judgement;
} judgements[] = {
	/* behind, not changed */
	{ PKI_RULE_LOG_TILES, PKI_NOTFOUND, { SEVERITY_MINOR, PUBLISH } },
	{ PKI_RULE_LOG_CHECKPOINT, PKI_NOTFOUND, { SEVERITY_MINOR, PUBLISH } },
	{ PKI_RULE_STATUS_AGREE, PKI_STATE, { SEVERITY_MINOR, CRL_AGAIN } },
	{ PKI_RULE_CRL_DAILY, ANY, { SEVERITY_MINOR, CRL_AGAIN } },
	{ PKI_RULE_CARL_YEARLY, ANY,
		{ SEVERITY_MINOR, "make the root's CRL in time: `pki-ca root-crl`" } },
	{ PKI_RULE_OCSP_NEXT_UPDATE, ANY,
		{ SEVERITY_MINOR, "have pki-ocspd make new responses" } },
	{ PKI_RULE_TIMESTAMP, PKI_NOTFOUND,
		{ SEVERITY_MINOR,
			"look at pki-witness feed's log; the authority must be reachable" } },
	/* sources missing for the audit */
	{ PKI_RULE_TIMESTAMP, PKI_CONFIG,
		{ SEVERITY_MAJOR, "name the authority's certificates by --tsa" } },
	{ PKI_RULE_LOG_EVENT, PKI_NOTFOUND,
		{ SEVERITY_MAJOR, "name a copy of that policy's folder by --policy" } },
	/* the record */
	{ PKI_RULE_RECORD, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_APPEND_ONLY, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_LOG_EVENT, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_LOG_HASH, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_LOG_CHECKPOINT, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_LOG_NOTE, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_LOG_TILES, ANY,
		{ SEVERITY_CRITICAL,
			"find out who could write there; remove the file, and restart pki-ca, which publishes the file again" } },
	{ PKI_RULE_CLOCK, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_COSIGNATURE, ANY,
		{ SEVERITY_CRITICAL,
			"ask the witness, over another channel, which checkpoint was cosigned" } },
	{ PKI_RULE_TIMESTAMP, ANY,
		{ SEVERITY_CRITICAL,
			"keep the time-stamp as evidence; ask the authority for its record" } },
	/* orders */
	{ PKI_RULE_ORDER_FORM, ANY, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_ORDER_USED, ANY, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_OFFICER_STATUS, ANY, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_PERSONS, ANY, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_STAFF, ANY, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_INVITATION, PKI_TAMPERED, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_TERMS, PKI_TAMPERED, { SEVERITY_CRITICAL, EVIDENCE } },
	/* certificates */
	{ PKI_RULE_VALIDATION, ANY,
		{ SEVERITY_CRITICAL,
			"trust no signature of this certificate; fetch the CA's certificates over another channel and compare" } },
	{ PKI_RULE_SERIAL, ANY, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_DN_REASSIGNED, PKI_STATE,
		{ SEVERITY_MAJOR,
			"revoke the certificates of these holders, who apply anew: a shared name is not renewed" } },
	{ PKI_RULE_DN_REASSIGNED, ANY, { SEVERITY_CRITICAL, DISOWN } },
	{ PKI_RULE_IDENTIFIER, ANY,
		{ SEVERITY_MAJOR,
			"find out whose document it is, and revoke the certificates of the other holders (pki-ra(1), THE WRONG NUMBER)" } },
	/* status */
	{ PKI_RULE_REVOCATION, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_REVOKED_FINAL, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_CRL_SERIAL, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_CRL_FIELDS, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_CRL_PARTITION, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_CRL_KEEPS_EXPIRED, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_CRL_EXPIRED, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_CRL_LAST, ANY, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_STATUS_AGREE, ANY,
		{ SEVERITY_CRITICAL,
			"keep both as evidence; warn relying parties; make CRLs and OCSP responses anew from the ledger" } },
	{ PKI_RULE_OCSP_UNISSUED, ANY, { SEVERITY_CRITICAL, RESPONDER } },
	{ PKI_RULE_OCSP_RESPONDER, ANY, { SEVERITY_CRITICAL, RESPONDER } },
	{ PKI_RULE_OCSP_ISSUED_BY_CA, ANY, { SEVERITY_CRITICAL, RESPONDER } },
	/* no rule: the file itself */
	{ PKI_RULE_NONE, PKI_TAMPERED, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_NONE, PKI_NOTFOUND, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_NONE, PKI_INPUT, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_NONE, PKI_LIMIT, { SEVERITY_CRITICAL, EVIDENCE } },
	{ PKI_RULE_NONE, PKI_IO,
		{ SEVERITY_MINOR,
			"publish the file again, or give the auditor the right path and read access" } },
	{ PKI_RULE_NONE, PKI_UNAVAILABLE,
		{ SEVERITY_MINOR, "bring the service back, and audit again" } },
	{ PKI_RULE_NONE, ANY,
		{ SEVERITY_MAJOR,
			"the audit could not judge this: repair the named cause, and audit again" } },
};

struct judgement
severity_judge(const struct pki_err *err)
{
	static const struct judgement broken = {
		SEVERITY_MAJOR,
		"revoke the certificates that break the rule; find out why they were issued, and correct the policy or the practice"
	};
	for (size_t i = 0; i < PKI_COUNT(judgements); i++)
		if (judgements[i].rule == err->rule &&
			(judgements[i].status == ANY ||
				judgements[i].status == err->status))
			return judgements[i].judgement;
	return broken;
}

const char *
severity_name(enum severity severity)
{
	static const char *const names[SEVERITIES] = { "none", "minor", "major",
		"critical" };
	return names[severity];
}
