/* Which lists must be made anew: what the ledger has that they do not show. */
#include <limits.h>
#include <string.h>

#include "crl/service.h"
#include "libpki/host/conf_crl.h"

/* What another process made or spoilt is found after this; another CRL is asked for in
 * place of one that the gate refused. */
#define AGAIN_MSEC 60000

void
crld_file(const struct crld_list *list, char out[PKI_CRL_FILE])
{
	if (list->issuer == PKI_ISSUER_ROOT)
		memcpy(out, "root.crl", sizeof "root.crl");
	else
		pki_crl_file(list->partition, out);
}

void
list_note(struct crld *d, struct crld_list *list, const struct pki_crl_row *last)
{
	if (last->number != list->last.number)
		list->refused = false;
	list->last = *last;
	list->last.der = (struct pki_buf){ 0 };
	if (list != &d->root && last->number > d->newest)
		d->newest = last->number;
	if (list == d->lists)
		d->full_since = last->revocations >= d->seen ? 0 : last->this_update;
}

void
list_out(struct crld *d, struct crld_list *list, const struct pki_crl_row *row,
	const struct pki_crl *crl, bool checked)
{
	list->out.number = row->number;
	list->out.revocations = row->revocations;
	list->out.entries = pki_crl_count(crl);
	list->out.bytes = pki_crl_get0_der(crl).len;
	list->out.this_update = row->this_update;
	list->out.next_update = row->next_update;
	list->out.published = row->published != 0 ? row->published / 1000
						  : pki_time_now();
	list->out.checked = checked;
	if (row->revocations >= list->need) {
		list->pending = 0;
		list->since = 0;
	}
	monitor_lists(d);
}

/* Partitions, which may have come while this process runs. */
static enum pki_status
open_lists(struct crld *d, struct pki_err *err)
{
	struct pki_urls urls = d->conf->ca_urls;
	PKI_TRY(pki_ledger_partitions(d->ledger, PKI_ISSUER_CA, &urls, err));
	if (d->lists != NULL && urls.partitions == d->urls.partitions)
		return PKI_OK;
	size_t have = d->lists != NULL ? d->urls.partitions + (size_t)1 : 0;
	struct crld_list *lists =
		reallocarray(d->lists, urls.partitions + (size_t)1, sizeof *lists);
	if (lists == NULL)
		return pki_fail(err, PKI_MEMORY, "%u lists", urls.partitions);
	d->lists = lists;
	for (size_t k = have; k <= urls.partitions; k++)
		lists[k] = (struct crld_list){ .issuer = PKI_ISSUER_CA,
			.partition = (unsigned)k };
	d->urls = urls;
	d->looked_at = 0;
	return PKI_OK;
}

/* The one that must show it at once: that which the certificate names. */
static enum pki_status
on_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct crld *d = ctx;
	unsigned k = revoked->partition;
	if (k > d->urls.partitions)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_PARTITION,
			"a certificate names partition %u of %u", k, d->urls.partitions);
	struct crld_list *list = &d->lists[k];
	list->need = ++d->seen;
	if (d->full_since == 0 && d->seen > d->lists[0].last.revocations)
		d->full_since = revoked->revoked_at;
	if (list->need <= list->out.revocations)
		return PKI_OK;
	list->pending++;
	if (list->since == 0)
		list->since = revoked->revoked_at;
	return PKI_OK;
}

/* Whether the file is still the one that was looked at. */
static bool
untouched(const struct crld *d, const struct crld_list *list)
{
	char name[PKI_CRL_FILE], path[PATH_MAX];
	struct pki_err err = { 0 };
	struct stat now;
	const struct stat *then = &list->out.file;
	crld_file(list, name);
	return pki_conf_path(d->conf->publish, name, path, &err) == PKI_OK &&
	       stat(path, &now) == 0 && now.st_ino == then->st_ino &&
	       now.st_size == then->st_size &&
	       now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

/* What others did: lists that they had made, files that are gone. */
static enum pki_status
look_around(struct crld *d, struct pki_err *err)
{
	uint64_t covered = UINT64_MAX;
	for (unsigned k = 0; k <= d->urls.partitions; k++) {
		struct crld_list *list = &d->lists[k];
		struct pki_crl_row last = { 0 };
		bool found = false;
		PKI_TRY(pki_ledger_last_crl(
			d->ledger, PKI_ISSUER_CA, (int)k, &last, &found, err));
		list_note(d, list, &last);
		if (list->out.number != 0 && !untouched(d, list))
			list->out.number = 0;
		if (last.revocations < covered)
			covered = last.revocations;
	}
	/* what each of them shows needs nothing */
	if (d->seen < covered)
		d->seen = covered;
	d->looked_at = pki_monotonic_msec();
	return PKI_OK;
}

/* Did somebody else have a list made, as the custodians their last ones? */
static enum pki_status
look_for_news(struct crld *d, struct pki_err *err)
{
	struct pki_crl_row last = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_last_crl(
		d->ledger, PKI_ISSUER_CA, PKI_LIST_ANY, &last, &found, err));
	if (found && last.number > d->newest)
		d->looked_at = 0;
	return PKI_OK;
}

enum pki_status
lists_look(struct crld *d, struct pki_err *err)
{
	uint64_t version = 0;
	PKI_TRY(pki_ledger_version(d->ledger, &version, err));
	if (d->lists == NULL || version != d->version) {
		PKI_TRY(open_lists(d, err));
		PKI_TRY(look_for_news(d, err));
	}
	if (d->looked_at == 0 || pki_monotonic_msec() >= d->looked_at + AGAIN_MSEC)
		PKI_TRY(look_around(d, err));
	const struct pki_revoked_query query = { .issuer = PKI_ISSUER_CA,
		.after = d->seen };
	PKI_TRY(pki_ledger_each_revoked(d->ledger, &query, on_revoked, d, err));
	d->version = version;
	monitor_lists(d);
	return PKI_OK;
}

bool
list_urgent(const struct crld *d, const struct crld_list *list)
{
	const struct pki_crl_row *last = &list->last;
	(void)d;
	bool told = list->out.number == last->number && last->published != 0;
	if (last->number != 0 && !told && !list->refused)
		return true;
	if (last->next_update == PKI_CRL_LAST)
		return false;
	return last->number == 0 || list->need > last->revocations ||
	       (list->refused &&
		       (list->disputed ||
			       pki_monotonic_msec() >= list->refused_at + AGAIN_MSEC));
}

bool
list_due(const struct crld *d, const struct crld_list *list)
{
	const struct pki_crl_row *last = &list->last;
	pki_time now = pki_time_now();
	if (list_urgent(d, list))
		return true;
	if (last->next_update == PKI_CRL_LAST)
		return false;
	return now >= last->this_update + d->conf->crl->interval ||
	       (list->partition == 0 && d->full_since != 0 &&
		       now >= d->full_since + d->conf->crl->full_within);
}

/* Lists that can wait, after which urgent ones are looked for again. */
#define ROUND_MAX 16

struct round {
	struct crld *d;
	enum lists_force force;
	bool (*due)(const struct crld *d, const struct crld_list *list);
	enum pki_status (*run)(
		struct crld *d, struct crld_list *list, bool force, struct pki_err *err);
	unsigned left; /* lists that it may still do */
};

/* What a stop between making and publishing left behind, or another process made. */
static enum pki_status
publish_only(struct crld *d, struct crld_list *list, bool force, struct pki_err *err)
{
	(void)force;
	return list_publish(d, list, err);
}

static bool
is_behind(const struct crld *d, const struct crld_list *list)
{
	(void)d;
	return list->last.number != 0 && list->out.number != list->last.number &&
	       !list->refused;
}

/* A list that the gate refuses keeps no other one waiting; what else fails, fails for all.
 * *more: there were too many. */
static enum pki_status
go_round(struct round *round, bool *more, struct pki_err *err)
{
	struct crld *d = round->d;
	enum pki_status result = PKI_OK;
	*more = false;
	for (unsigned k = 0; k <= d->urls.partitions && !*more; k++) {
		struct crld_list *list = &d->lists[k];
		struct pki_err own = { 0 };
		bool force = round->force == LISTS_ALL ||
			     (round->force == LISTS_FULL && k == 0);
		if (!force && !round->due(d, list))
			continue;
		*more = round->left == 0;
		if (*more || round->run(d, list, force, &own) == PKI_OK) {
			round->left -= !*more;
			continue;
		}
		if (result == PKI_OK)
			*err = own;
		else
			pki_report_error(CRLD_NAME, &own);
		result = err->status;
		if (!list->refused)
			return result;
	}
	return result;
}

enum pki_status
lists_bring_up(struct crld *d, enum lists_force force, bool *more, struct pki_err *err)
{
	struct round rounds[] = {
		{ d, LISTS_DUE, is_behind, publish_only, UINT_MAX },
		{ d, LISTS_DUE, list_urgent, list_bring_up, UINT_MAX },
		{ d, force, list_due, list_bring_up,
			force == LISTS_DUE ? ROUND_MAX : UINT_MAX },
	};
	struct pki_err refused = { 0 };
	if (go_round(&rounds[0], more, &refused) != PKI_OK)
		pki_report_error(CRLD_NAME, &refused);
	/* those that can wait do not, where all are forced: one of each is enough */
	if (force == LISTS_DUE)
		PKI_TRY(go_round(&rounds[1], more, err));
	PKI_TRY(go_round(&rounds[2], more, err));
	for (unsigned k = 0; k <= d->urls.partitions; k++)
		if (d->lists[k].refused && refused.status != PKI_OK) {
			*err = refused;
			return err->status;
		}
	return PKI_OK;
}
