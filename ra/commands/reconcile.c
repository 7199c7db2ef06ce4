/*
 * Compares the store with the CA's ledger, in both directions. The store must still have
 * each application and invitation of the log, and the application of each order that the
 * CA carried out for a holder, unchanged; all parts must open. The log must have each
 * application and invitation of the store, and the ledger each certificate that the store
 * has received.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/issued.h"
#include "ra/ra.h"
#include "ra/store/evidence.h"
#include "ra/store/invitation.h"
#include "ra/store/outbox.h"

const struct pki_option ra_cmd_reconcile_options[] = {
	{ "new-store", NULL, "make an empty store after the loss of the store", 1 },
	{ 0 },
};

/* The state of an application after an event. */
static const struct {
	const char *type;
	enum ra_state state;
} events[] = {
	{ "application-submitted", RA_SUBMITTED },
	{ "application-verified", RA_VERIFIED },
	{ "application-approved", RA_APPROVED },
	{ "application-rejected", RA_REJECTED },
	{ "certificate-accepted", RA_ACCEPTED },
};

struct reconciliation {
	struct ra *ra;
	/* by id: the members of the details of all events, with the last value of each
	 * member, and the state */
	json_t *applications;
	json_t *invitations; /* by id: the detail of the event */
	json_t *orders; /* by id: orders of the store's applications */
	json_t *erased; /* by id of the holder; the holder's parts do not open */
	struct pki_json findings;
	uint64_t waiting; /* events in the outbox */
	uint64_t checked;
	uint64_t unfinished; /* findings about a step that a command of pki-ra repeats */
};

static void finding(struct reconciliation *r, const char *object, const char *fmt, ...)
	PKI_PRINTF(3, 4);

static void
finding(struct reconciliation *r, const char *object, const char *fmt, ...)
{
	char text[sizeof((struct pki_err *)0)->msg], clean[sizeof text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	PKI_CLEANUP(pki_json_free) struct pki_json one = pki_json_object();
	/* a damaged store may hold octets that are not UTF-8 */
	pki_cli_clean(object, clean, sizeof clean);
	pki_json_text(&one, "object", clean);
	pki_cli_clean(text, clean, sizeof clean);
	pki_json_text(&one, "message", clean);
	pki_json_append(&r->findings, &one);
}

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static enum pki_status
out_of_memory(struct pki_err *err)
{
	return pki_fail(err, PKI_MEMORY, "the events of the log");
}

static enum pki_status
add_step(struct reconciliation *r, const char *id, json_t *detail, enum ra_state state,
	struct pki_err *err)
{
	json_t *known = json_object_get(r->applications, id);
	/* the order that led to the rejection, of a revocation or an erasure */
	if (state == RA_REJECTED && json_object_get(detail, "order") != NULL)
		json_object_del(detail, "order");
	if (known == NULL) {
		if (json_object_set_new(r->applications, id, json_object()) != 0)
			return out_of_memory(err);
		known = json_object_get(r->applications, id);
	}
	if (json_object_update(known, detail) != 0 ||
		json_object_set_new(known, "state", json_integer(state)) != 0)
		return out_of_memory(err);
	return PKI_OK;
}

static enum pki_status
add_event(struct reconciliation *r, const char *type, json_t *detail, struct pki_err *err)
{
	const char *id = member(detail, "application");
	if (strcmp(type, "invitation-made") == 0 &&
		json_object_set(r->invitations, member(detail, "invitation"), detail) !=
			0)
		return out_of_memory(err);
	if (strcmp(type, "holder-erased") == 0 &&
		json_object_set(r->erased, member(detail, "holder"), detail) != 0)
		return out_of_memory(err);
	for (size_t i = 0; i < PKI_COUNT(events); i++)
		if (strcmp(events[i].type, type) == 0 && id[0] != '\0')
			PKI_TRY(add_step(r, id, detail, events[i].state, err));
	return PKI_OK;
}

static enum pki_status
read_log(struct reconciliation *r, struct pki_err *err)
{
	uint64_t count = 0;
	struct pki_ledger *ledger = r->ra->ledger;
	PKI_TRY(pki_ledger_entry_count(ledger, &count, err));
	for (uint64_t i = 0; i < count; i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
		PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
		PKI_TRY(pki_ledger_entry(ledger, i, &text, err));
		PKI_TRY(pki_json_parse(pki_buf_bytes(&text), &entry, err));
		json_t *detail = json_object_get(entry, "detail");
		if (detail != NULL && strcmp(member(entry, "source"), "pki-ra") == 0)
			PKI_TRY(add_event(r, member(entry, "type"), detail, err));
	}
	return PKI_OK;
}

/* The store must have the order that the log records, with the digests of the
 * evidence. */
static enum pki_status
check_order(struct reconciliation *r, const struct ra_application *a,
	const json_t *logged, const struct ra_record *record, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf order = { 0 };
	char digest[PKI_SHA256_HEX];
	const char *want = member(logged, "order_digest");
	if (want[0] == '\0' || r->waiting != 0)
		return PKI_OK;
	PKI_TRY(ra_part_get(r->ra->store, a, "order", &order, err));
	PKI_TRY(pki_sha256_hex(order.data, order.len, digest, err));
	if (strcmp(digest, want) != 0)
		finding(r, a->id,
			"its order differs from the order that the log records");
	for (size_t i = 0; i < record->evidence_count; i++)
		if (memmem(order.data, order.len, record->evidence[i].digest,
			    PKI_SHA256_HEX - 1) == NULL)
			finding(r, a->id, "evidence %zu is not what the officers signed",
				i + 1);
	return PKI_OK;
}

/* A step that was interrupted, or could not be done: the remedy is a command. */
static void
unfinished(struct reconciliation *r, const struct ra_application *a, const char *fault,
	const char *command)
{
	r->unfinished++;
	finding(r, a->id, "%s; next: pki-ra %s %s", fault, command, a->id);
}

/* The ledger must have the certificates that the store received for the order. */
static enum pki_status
check_certificates(
	struct reconciliation *r, const struct ra_application *a, struct pki_err *err)
{
	PKI_CLEANUP(ra_issued_free) struct ra_issued issued = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_TRY(ra_issued_load(r->ra, a, &issued, &reply, err));
	for (size_t i = 0; i < issued.count; i++) {
		PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
		const struct pki_cert *cert = issued.certs[i].cert;
		struct pki_bytes der = pki_cert_get0_der(cert);
		char serial[PKI_SERIAL_TEXT];
		bool found = false;
		pki_serial_text(pki_cert_get0_serial(cert), serial);
		PKI_TRY(pki_ledger_certificate(r->ra->ledger, PKI_ISSUER_CA,
			pki_cert_get0_serial(cert), &row, &found, err));
		if (!found || strcmp(row.order, a->order) != 0 ||
			!pki_bytes_equal(der.data, der.len, row.der.data, row.der.len))
			finding(r, a->id,
				"the ledger does not have certificate %s, which the CA issued to it; restore a newer ledger",
				serial);
	}
	return PKI_OK;
}

/* An open renewal of revoked certificates: the store was not at hand when the certificates
 * were revoked. */
static enum pki_status
check_predecessors(struct reconciliation *r, const struct ra_application *a,
	const struct ra_record *record, struct pki_err *err)
{
	for (size_t i = 0; i < record->serial_count && a->state <= RA_APPROVED; i++) {
		struct pki_cert_status status = { 0 };
		PKI_TRY(pki_ledger_status(
			r->ra->ledger, PKI_ISSUER_CA, &record->serials[i], &status, err));
		if (!status.revoked)
			continue;
		unfinished(r, a, "renews certificates that are revoked",
			"reject --reason revoked");
		return PKI_OK;
	}
	return PKI_OK;
}

static enum pki_status
check_content(struct reconciliation *r, const struct ra_application *a,
	const json_t *logged, struct pki_err *err)
{
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	const char *part = a->state == RA_REJECTED   ? "rejection"
			   : a->state == RA_ACCEPTED ? "statement"
						     : NULL;
	PKI_TRY(ra_record_load(r->ra->store, a, &record, err));
	PKI_TRY(ra_evidence_check(r->ra->store, a, &record, err));
	if (part != NULL)
		PKI_TRY(ra_part_get(r->ra->store, a, part, &text, err));
	if (a->state == RA_ISSUED || a->state == RA_ACCEPTED)
		PKI_TRY(check_certificates(r, a, err));
	PKI_TRY(check_predecessors(r, a, &record, err));
	return check_order(r, a, logged, &record, err);
}

/* Did the CA carry out the application's order? */
static enum pki_status
check_carried_out(
	struct reconciliation *r, const struct ra_application *a, struct pki_err *err)
{
	struct pki_order_row row = { 0 };
	bool found = false;
	if (a->order[0] == '\0')
		return PKI_OK;
	if (json_object_set_new(r->orders, a->order, json_true()) != 0)
		return out_of_memory(err);
	PKI_TRY(pki_ledger_order(r->ra->ledger, a->order, &row, &found, err));
	bool same = strcmp(row.holder, a->holder) == 0;
	pki_order_row_free(&row);
	bool issued = a->state == RA_ISSUED || a->state == RA_ACCEPTED;
	if (issued && !found)
		finding(r, a->id,
			"the ledger does not have its order %s, which the CA carried out; restore a newer ledger",
			a->order);
	else if (found && a->state == RA_APPROVED)
		unfinished(r, a, "the CA has issued its certificates", "issue");
	else if (found && (!issued || !same))
		finding(r, a->id,
			"the CA carried out its order %s for holder %s; restore a newer backup",
			a->order, row.holder);
	return PKI_OK;
}

/* Erased data must stay erased: an older backup brings the data back. */
static void
check_erased(struct reconciliation *r, const struct ra_application *a,
	const struct pki_err *own)
{
	bool logged = json_object_get(r->erased, a->holder) != NULL;
	if (logged && own->status == PKI_OK)
		finding(r, a->id,
			"the personal data of holder %s was erased according to the log, and is in the store; erase it again: pki-ra erase %s",
			a->holder, a->holder);
	else if (!logged && own->status != PKI_OK &&
		 (own->status != PKI_STATE || r->waiting == 0))
		finding(r, a->id, "%s", own->msg);
}

static enum pki_status
on_application(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	struct reconciliation *r = ctx;
	struct pki_err own = { 0 };
	const json_t *logged = json_object_get(r->applications, a->id);
	const char *holder = member(logged, "holder"), *order = member(logged, "order");
	r->checked++;
	if (logged == NULL && r->waiting == 0)
		finding(r, a->id, "is in the store, but not in the log");
	if (logged != NULL &&
		((int)a->state < json_integer_value(json_object_get(logged, "state")) ||
			(r->waiting == 0 && order[0] != '\0' &&
				strcmp(order, a->order) != 0)))
		finding(r, a->id,
			"is at an earlier step than the log; restore a newer backup");
	if (holder[0] != '\0' && strcmp(holder, a->holder) != 0)
		finding(r, a->id, "belongs to another holder in the log");
	PKI_TRY(check_carried_out(r, a, err));
	(void)check_content(r, a, logged, &own);
	check_erased(r, a, &own);
	json_object_del(r->applications, a->id);
	return PKI_OK;
}

static enum pki_status
on_invitation(void *ctx, const struct ra_invitation *invitation, struct pki_err *err)
{
	struct reconciliation *r = ctx;
	char digest[PKI_SHA256_HEX];
	const json_t *logged = json_object_get(r->invitations, invitation->id);
	PKI_TRY(pki_sha256_hex(invitation->cms.data, invitation->cms.len, digest, err));
	if (logged == NULL && r->waiting == 0)
		finding(r, invitation->id, "is in the store, but not in the log");
	if (logged != NULL && strcmp(digest, member(logged, "order_digest")) != 0)
		finding(r, invitation->id,
			"differs from the invitation that the log records");
	json_object_del(r->invitations, invitation->id);
	return PKI_OK;
}

/* What is left of the log's objects is missing in the store. */
static enum pki_status
add_missing(struct reconciliation *r, struct pki_err *err)
{
	const char *id;
	json_t *logged;
	json_object_foreach (r->applications, id, logged) {
		const char *order = member(logged, "order");
		finding(r, id,
			"is in the log, but no longer in the store; restore a newer backup");
		if (order[0] != '\0' &&
			json_object_set_new(r->orders, order, json_true()) != 0)
			return out_of_memory(err);
	}
	json_object_foreach (r->invitations, id, logged) {
		finding(r, id,
			"is in the log, but no longer in the store; restore a newer backup");
	}
	return PKI_OK;
}

static enum pki_status
on_order(void *ctx, const struct pki_order_row *row, struct pki_err *err)
{
	struct reconciliation *r = ctx;
	(void)err;
	bool certified = row->action == PKI_ACTION_ISSUE ||
			 row->action == PKI_ACTION_RENEW;
	if (certified && row->holder[0] != '\0' &&
		json_object_get(r->orders, row->id) == NULL)
		finding(r, row->id,
			"the CA carried it out for holder %s, and no application of the store has it; restore a newer backup",
			row->holder);
	return PKI_OK;
}

static enum pki_status
reconcile(struct reconciliation *r, struct pki_err *err)
{
	const struct ra_filter all = { .state = -1, .limit = -1 };
	struct ra_store *store = r->ra->store;
	PKI_TRY(ra_need_ledger(r->ra, err));
	/* events that pki-ca cannot take now are counted in `waiting` */
	if (ra_outbox_send(store, r->ra->conf->socket, &r->waiting, NULL) != PKI_OK)
		PKI_TRY(ra_outbox_count(store, &r->waiting, err));
	PKI_TRY(read_log(r, err));
	PKI_TRY(ra_application_each(store, &all, on_application, r, NULL, err));
	PKI_TRY(ra_invitation_each(store, on_invitation, r, err));
	PKI_TRY(add_missing(r, err));
	return pki_ledger_each_order(r->ra->ledger, on_order, r, err);
}

static enum pki_status
print_json(const struct reconciliation *r, json_t *findings, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_bool(&json, "ok", json_array_size(findings) == 0);
	pki_json_number(&json, "applications", (int64_t)r->checked);
	pki_json_value(&json, "findings", json_incref(findings));
	return pki_json_print(&json, stdout, err);
}

static void
print_text(const struct reconciliation *r, const json_t *findings)
{
	printf("checked %ju applications\n", (uintmax_t)r->checked);
	for (size_t i = 0; i < json_array_size(findings); i++) {
		const json_t *f = json_array_get(findings, i);
		printf("%s: %s\n", member(f, "object"), member(f, "message"));
	}
}

/* The exit status: STATE where a repeated command is all that is missing. */
static enum pki_status
report(struct reconciliation *r, int *exit_status, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *findings = NULL;
	PKI_TRY(pki_json_take(&r->findings, &findings, err));
	size_t count = json_array_size(findings);
	*exit_status = count == 0               ? PKI_OK
		       : count == r->unfinished ? PKI_STATE
						: PKI_TAMPERED;
	if (r->ra->json)
		return print_json(r, findings, err);
	print_text(r, findings);
	if (count > r->unfinished)
		printf("%zu findings; keep the store and compare it with its backups\n",
			count);
	return PKI_OK;
}

static void
free_reconciliation(struct reconciliation *r)
{
	json_decref(r->applications);
	json_decref(r->invitations);
	json_decref(r->orders);
	json_decref(r->erased);
	pki_json_free(&r->findings);
}

enum pki_status
ra_cmd_reconcile(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(free_reconciliation)
	struct reconciliation r = {
		.ra = &ra,
		.applications = json_object(),
		.invitations = json_object(),
		.orders = json_object(),
		.erased = json_object(),
		.findings = pki_json_array(),
	};
	PKI_TRY(ra_open_without_store(args, &ra, err));
	PKI_TRY(pki_arg_flag(args, "new-store") ? ra_new_store(&ra, err)
						: ra_need_store(&ra, err));
	if (r.applications == NULL || r.invitations == NULL || r.orders == NULL ||
		r.erased == NULL)
		return out_of_memory(err);
	PKI_TRY(reconcile(&r, err));
	return report(&r, args->exit_status, err);
}
