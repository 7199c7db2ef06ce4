#include "tools/audit/verify/verify.h"

#include "tools/audit/verify/certificates.h"
#include "tools/audit/verify/crls.h"
#include "tools/audit/verify/issuers.h"
#include "tools/audit/verify/log.h"
#include "tools/audit/verify/ocsp.h"
#include "tools/audit/verify/orders.h"
#include "tools/audit/verify/published_log.h"
#include "tools/audit/verify/repository.h"
#include "tools/audit/verify/since.h"
#include "tools/audit/verify/staff.h"
#include "tools/audit/verify/stamps.h"
#include "tools/audit/workers.h"

static const struct {
	const char *name;
	enum pki_status (*run)(struct audit *a, struct pki_err *err);
} parts[] = {
	{ "log", log_verify },
	{ "published log", published_log_verify },
	{ "published certificates", repository_verify },
	{ "time-stamps", stamps_verify },
	{ "orders", orders_verify },
	{ "certificates", certificates_verify },
	{ "officers", staff_verify },
	{ "CRLs", crls_verify },
	{ "OCSP", ocsp_verify },
};

static void
on_finding(void *ctx, const char *object, struct pki_err *err)
{
	audit_add_finding(ctx, object, err);
}

void
verify_all(struct audit *a, const struct pki_args *args)
{
	struct pki_err own = { 0 };
	const char *since = pki_arg(args, "since");
	if (pki_ledger_count(a->ledger, &a->figures, &own) != PKI_OK)
		audit_add_finding(a, "database", &own);
	if (pki_ledger_partitions(a->ledger, PKI_ISSUER_CA, &a->urls, &own) != PKI_OK)
		audit_add_finding(a, "partitions", &own);
	/* if the log does not contain the checkpoint, everything is verified */
	if (since != NULL && since_begin(a, since, &own) != PKI_OK)
		audit_add_finding(a, since, &own);
	if (a->since.size == 0 && pki_ledger_check(a->ledger, &own) != PKI_OK)
		audit_add_finding(a, "database", &own);
	if (a->since.size == 0 &&
		pki_ledger_reconcile(a->ledger, on_finding, a, &own) != PKI_OK)
		audit_add_finding(a, "database", &own);
	if (issuers_verify(a, pki_arg(args, "root"), &own) != PKI_OK) {
		/* no signature can be checked without the issuers */
		audit_add_finding(a, "issuers", &own);
		return;
	}
	if (workers_read_issuers(a, &own) != PKI_OK)
		audit_add_finding(a, "issuers", &own);
	for (size_t i = 0; i < PKI_COUNT(parts); i++) {
		a->position = (struct finding_position){ (unsigned)i + 1, 0 };
		if (parts[i].run(a, &own) != PKI_OK)
			audit_add_finding(a, parts[i].name, &own);
	}
	a->position = (struct finding_position){ PKI_COUNT(parts) + 1, 0 };
	for (int i = 0; i < pki_arg_count(args, "checkpoint"); i++) {
		const char *path = pki_arg_at(args, "checkpoint", i);
		struct pki_checkpoint cp;
		if (log_check_file(a, path, &cp, &own) != PKI_OK)
			audit_add_finding(a, path, &own);
	}
	pki_progress_end();
}
