#include "crl/pending.h"

#include <stdlib.h>

#include "crl/monitor.h"
#include "crl/service.h"
#include "libpki/state/staff.h"

/* CRLs and damage by another process are found within this time. */
#define LOOK_MSEC 60000

/* Partitions, which may have come while this process runs. */
static enum pki_status
open_lists(struct service *s, struct pki_err *err)
{
	struct pki_urls urls = s->conf->ca_urls;
	PKI_TRY(pki_ledger_partitions(s->ledger, PKI_ISSUER_CA, &urls, err));
	if (s->crls != NULL && urls.partitions == s->urls.partitions)
		return PKI_OK;
	size_t have = s->crls != NULL ? s->urls.partitions + (size_t)1 : 0;
	struct crl *crls =
		reallocarray(s->crls, urls.partitions + (size_t)1, sizeof *crls);
	if (crls == NULL)
		return pki_fail(err, PKI_MEMORY, "%u lists", urls.partitions);
	s->crls = crls;
	for (size_t k = have; k <= urls.partitions; k++)
		crls[k] =
			(struct crl){ .issuer = PKI_ISSUER_CA, .partition = (unsigned)k };
	s->urls = urls;
	s->looked_at = 0;
	return PKI_OK;
}

/* The CRL that the certificate's CDP names must list the revocation first. */
static enum pki_status
on_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct service *s = ctx;
	unsigned k = revoked->partition;
	if (k > s->urls.partitions)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_PARTITION,
			"a certificate names partition %u of %u", k, s->urls.partitions);
	struct crl *crl = &s->crls[k];
	crl->need = ++s->seen;
	if (s->full_since == 0 && s->seen > s->crls[0].last.revocations)
		s->full_since = revoked->revoked_at;
	if (crl->need <= crl->out.revocations)
		return PKI_OK;
	crl->pending++;
	if (crl->since == 0)
		crl->since = revoked->revoked_at;
	return PKI_OK;
}

/* Is the file unchanged since this process read or wrote the file? */
static bool
untouched(const struct service *s, const struct crl *crl)
{
	char name[PKI_CRL_FILE], path[PATH_MAX];
	struct stat now;
	const struct stat *then = &crl->out.file;
	crl_name(crl, name);
	return pki_conf_path(s->conf->publish, name, path, NULL) == PKI_OK &&
	       stat(path, &now) == 0 && now.st_ino == then->st_ino &&
	       now.st_size == then->st_size &&
	       now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

/* The officers, for the page: when the ledger changed, and now and then. */
static enum pki_status
look_at_staff(struct service *s, struct pki_err *err)
{
	struct pki_staff staff = { 0 };
	if (s->policy == NULL || s->monitor == NULL)
		return PKI_OK;
	PKI_TRY(pki_staff_count(s->ledger, s->policy, pki_time_now(), &staff, err));
	monitor_staff(s, &staff);
	return PKI_OK;
}

/* CRLs made by another process; files that are gone. */
static enum pki_status
look_around(struct service *s, struct pki_err *err)
{
	uint64_t covered = UINT64_MAX;
	for (unsigned k = 0; k <= s->urls.partitions; k++) {
		struct crl *crl = &s->crls[k];
		struct pki_crl_row last = { 0 };
		bool found = false;
		PKI_TRY(pki_ledger_last_crl(
			s->ledger, PKI_ISSUER_CA, (int)k, &last, &found, err));
		crl_note(s, crl, &last);
		if (crl->out.number != 0 && !untouched(s, crl))
			crl->out.number = 0;
		if (last.revocations < covered)
			covered = last.revocations;
	}
	if (s->root.out.number != 0 && !untouched(s, &s->root))
		s->root.out.number = 0;
	/* all CRLs show these revocations already */
	if (s->seen < covered)
		s->seen = covered;
	s->looked_at = pki_monotonic_msec();
	return look_at_staff(s, err);
}

/* Did another process have a CRL made, such as the custodians' last CRL? */
static enum pki_status
look_for_news(struct service *s, struct pki_err *err)
{
	struct pki_crl_row last = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_last_crl(
		s->ledger, PKI_ISSUER_CA, PKI_LIST_ANY, &last, &found, err));
	if (found && last.number > s->newest)
		s->looked_at = 0;
	return PKI_OK;
}

enum pki_status
pending_look(struct service *s, struct pki_err *err)
{
	struct pki_ledger_view view;
	PKI_TRY(pki_ledger_view(s->ledger, &view, err));
	if (s->crls == NULL || !pki_ledger_view_equal(&view, &s->view)) {
		PKI_TRY(open_lists(s, err));
		PKI_TRY(look_for_news(s, err));
		PKI_TRY(look_at_staff(s, err));
	}
	if (s->looked_at == 0 || pki_monotonic_msec() >= s->looked_at + LOOK_MSEC)
		PKI_TRY(look_around(s, err));
	const struct pki_revoked_query query = { .issuer = PKI_ISSUER_CA,
		.after = s->seen };
	PKI_TRY(pki_ledger_each_revoked(s->ledger, &query, on_revoked, s, err));
	s->view = view;
	monitor_crls(s);
	return PKI_OK;
}
