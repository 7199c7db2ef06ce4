#include "ra/ra.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libpki/host/conf_ra.h"
#include "ra/store/erasure.h"
#include "ra/store/outbox.h"

enum pki_status
ra_open_without_store(const struct pki_args *args, struct ra *out, struct pki_err *err)
{
	*out = (struct ra){ .json = pki_arg_flag(args, "json") };
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &out->conf, err));
	return pki_policy_load(out->conf->policy, &out->policy, err);
}

static enum pki_status
make_store(struct ra *ra, struct pki_err *err)
{
	const char *dir = ra->conf->ra->store;
	PKI_TRY(ra_store_open(dir, RA_STORE_NEW, &ra->store, err));
	fprintf(stderr, "pki-ra: note: a new, empty applications store is in %s\n", dir);
	return PKI_OK;
}

/* Does an entry of the log come from an applications store? Entries are canonical JSON. */
static enum pki_status
look_for_events(struct ra *ra, bool *found, struct pki_err *err)
{
	static const char source[] = "\"source\":\"pki-ra\"";
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	uint64_t count = 0;
	PKI_TRY(ra_need_ledger(ra, err));
	PKI_TRY(pki_ledger_entry_count(ra->ledger, &count, err));
	for (uint64_t i = 0; i < count && !*found; i++) {
		pki_buf_reset(&text);
		PKI_TRY(pki_ledger_entry(ra->ledger, i, &text, err));
		*found = memmem(text.data, text.len, source, sizeof source - 1) != NULL;
	}
	return PKI_OK;
}

/* A lost store is not made anew: nobody would miss its applications. */
static enum pki_status
check_unused(struct ra *ra, struct pki_err *err)
{
	struct pki_err own = { 0 };
	const char *dir = ra->conf->ra->store;
	bool used = ra_store_was_used(dir);
	pki_err_object(err, "%s", dir);
	if (!used && look_for_events(ra, &used, &own) != PKI_OK)
		return pki_fail(err, PKI_IO,
			"the folder has no applications.db, and whether the store is new or lost is not known, as the ledger cannot be read: %s. Restore the store, or make an empty store with pki-ra reconcile --new-store",
			own.msg);
	if (used)
		return pki_fail(err, PKI_IO,
			"the applications store is lost: the folder has no applications.db, but there were applications; restore the store from its backup, or make an empty store with pki-ra reconcile --new-store");
	return PKI_OK;
}

enum pki_status
ra_need_store(struct ra *ra, struct pki_err *err)
{
	struct pki_err own = { 0 };
	if (ra->store != NULL)
		return PKI_OK;
	if (ra_store_open(ra->conf->ra->store, RA_STORE_KNOWN, &ra->store, &own) !=
		PKI_NOTFOUND)
		return pki_err_move(err, &own);
	PKI_TRY(check_unused(ra, err));
	return make_store(ra, err);
}

enum pki_status
ra_new_store(struct ra *ra, struct pki_err *err)
{
	struct pki_err own = { 0 };
	if (ra_store_open(ra->conf->ra->store, RA_STORE_KNOWN, &ra->store, &own) ==
		PKI_NOTFOUND)
		return make_store(ra, err);
	pki_err_object(err, "%s", ra->conf->ra->store);
	return pki_fail(
		err, PKI_STATE, "the folder has a store; move the folder away first");
}

enum pki_status
ra_open(const struct pki_args *args, struct ra *out, struct pki_err *err)
{
	PKI_TRY(ra_open_without_store(args, out, err));
	return ra_need_store(out, err);
}

static void
send_events(struct ra *ra)
{
	struct pki_err own = { 0 };
	uint64_t waiting = 0;
	if (ra_outbox_send(ra->store, ra->conf->socket, &waiting, &own) != PKI_OK &&
		waiting != 0)
		fprintf(stderr,
			"pki-ra: note: %" PRIu64
			" events for the log are not sent: %s. The next command sends these events.\n",
			waiting,
			own.status == PKI_UNAVAILABLE ? "pki-ca does not answer"
						      : own.msg);
}

static void
sweep(struct ra *ra)
{
	struct pki_err own = { 0 };
	if (ra_erasure_sweep(ra->store, &own) != PKI_OK)
		fprintf(stderr,
			"pki-ra: note: the erased data is unreadable, but its octets are still in the files: %s: %s. The next command removes them.\n",
			own.object, own.msg);
}

void
ra_close(struct ra *ra)
{
	if (ra->store != NULL) {
		ra_store_rollback(ra->store);
		sweep(ra);
		send_events(ra);
	}
	ra_store_close(ra->store);
	pki_policy_free(ra->policy);
	pki_ledger_close(ra->ledger);
	pki_cert_free(ra->ca);
	pki_conf_free(ra->conf);
}

enum pki_status
ra_need_ca(struct ra *ra, struct pki_err *err)
{
	char path[PATH_MAX];
	if (ra->ca != NULL)
		return PKI_OK;
	PKI_TRY(pki_conf_path(ra->conf->publish, "ca.pem", path, err));
	return pki_cert_read(path, &ra->ca, err);
}

enum pki_status
ra_need_ledger(struct ra *ra, struct pki_err *err)
{
	char path[PATH_MAX];
	if (ra->ledger != NULL)
		return PKI_OK;
	PKI_TRY(pki_conf_path(ra->conf->state, "ledger.db", path, err));
	return pki_ledger_open(path, PKI_LEDGER_READ, &ra->ledger, err);
}

static void
record_failure(struct ra *ra, const char *serial)
{
	struct pki_err own = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "officer", serial);
	if (ra_need_store(ra, &own) != PKI_OK ||
		ra_outbox_add(ra->store, "login-failed", serial, &detail, &own) != PKI_OK)
		fprintf(stderr,
			"pki-ra: note: the event login-failed is not recorded: %s\n",
			own.msg);
}

enum pki_status
ra_need_officer(struct ra *ra, const struct pki_args *args, struct ra_officer *out,
	struct pki_err *err)
{
	enum pki_status status = ra_officer_open(
		pki_arg(args, "officer"), pki_arg(args, "passphrase"), out, err);
	if ((status == PKI_SECRET || status == PKI_OFFICER) && out->serial[0] != '\0')
		record_failure(ra, out->serial);
	return status;
}

enum pki_status
ra_need_application(
	struct ra *ra, const char *id, struct ra_application *out, struct pki_err *err)
{
	if (!pki_id_valid(id, 'A'))
		return pki_fail(err, PKI_USAGE,
			"\"%.48s\" is not an application: A-, then 32 hex digits; pki-ra list and pki-ra search find applications",
			id);
	return ra_application_get(ra->store, id, out, err);
}

enum pki_status
ra_with_application(const struct pki_args *args, ra_step *step, struct pki_err *err)
{
	PKI_CLEANUP(ra_close) struct ra ra;
	struct ra_application application;
	PKI_TRY(ra_open(args, &ra, err));
	PKI_TRY(ra_need_application(&ra, args->operands[0], &application, err));
	enum pki_status status = step(args, &ra, &application, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", application.id);
	return status;
}

enum pki_status
ra_check_not_committed(
	struct ra *ra, const struct ra_application *application, struct pki_err *err)
{
	struct pki_order_row row = { 0 };
	bool found = false;
	if (application->state != RA_APPROVED)
		return PKI_OK;
	PKI_TRY(ra_need_ledger(ra, err));
	PKI_TRY(pki_ledger_order(ra->ledger, application->order, &row, &found, err));
	if (!found)
		return PKI_OK;
	pki_order_row_free(&row);
	pki_err_object(err, "%s", application->id);
	return pki_fail(err, PKI_STATE,
		"the CA has issued its certificates; fetch them with pki-ra issue %s",
		application->id);
}
