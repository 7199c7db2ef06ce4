/* The store against the log: what pki-ra recorded there must still be in it, and openable.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ra/ra.h"

const struct pki_option ra_reconcile_options[] = { { 0 } };

/* What an application's last event says that it had come to. */
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
	json_t *applications; /* by id: the members of its events' details, the last one's
				 win */
	json_t *invitations; /* by id */
	json_t *erased; /* holders: nothing of theirs opens any more */
	json_t *findings;
	uint64_t waiting; /* events that the log does not have yet */
	uint64_t checked;
};

static void finding(struct reconciliation *r, const char *object, const char *fmt, ...)
	PKI_PRINTF(3, 4);

static void
finding(struct reconciliation *r, const char *object, const char *fmt, ...)
{
	char text[sizeof((struct pki_err *)0)->msg];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	json_array_append_new(
		r->findings, json_pack("{s:s, s:s}", "object", object, "message", text));
}

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static void
take_event(struct reconciliation *r, const char *type, json_t *detail)
{
	const char *id = member(detail, "application");
	if (strcmp(type, "invitation-made") == 0)
		json_object_set(r->invitations, member(detail, "invitation"), detail);
	if (strcmp(type, "holder-erased") == 0)
		json_object_set(r->erased, member(detail, "holder"), detail);
	for (size_t i = 0; i < PKI_COUNT(events); i++) {
		if (strcmp(events[i].type, type) != 0 || id[0] == '\0')
			continue;
		json_t *known = json_object_get(r->applications, id);
		if (known == NULL)
			json_object_set_new(r->applications, id, known = json_object());
		json_object_update(known, detail);
		json_object_set_new(known, "state", json_integer(events[i].state));
	}
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
		if (strcmp(member(entry, "source"), "pki-ra") == 0)
			take_event(r, member(entry, "type"),
				json_object_get(entry, "detail"));
	}
	return PKI_OK;
}

/* The order that the log records, with the evidence's digests in it. */
static enum pki_status
check_order(struct reconciliation *r, const struct ra_application *a,
	const json_t *logged, const struct ra_record *record, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf order = { 0 };
	char digest[PKI_SHA256_HEX];
	const char *want = member(logged, "order_digest");
	if (want[0] == '\0' || r->waiting != 0)
		return PKI_OK;
	PKI_TRY(ra_store_part(r->ra->store, a, "order", &order, err));
	PKI_TRY(pki_sha256_hex(order.data, order.len, digest, err));
	if (strcmp(digest, want) != 0)
		finding(r, a->id, "its order is not the one that the log records");
	for (size_t i = 0; i < record->evidence_count; i++)
		if (memmem(order.data, order.len, record->evidence[i].digest,
			    PKI_SHA256_HEX - 1) == NULL)
			finding(r, a->id, "evidence %zu is not what the officers signed",
				i + 1);
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
		PKI_TRY(ra_store_part(r->ra->store, a, part, &text, err));
	return check_order(r, a, logged, &record, err);
}

static enum pki_status
on_application(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	struct reconciliation *r = ctx;
	struct pki_err own = { 0 };
	const json_t *logged = json_object_get(r->applications, a->id);
	const char *holder = member(logged, "holder"), *order = member(logged, "order");
	(void)err;
	r->checked++;
	if (logged == NULL && r->waiting == 0)
		finding(r, a->id, "the log has never heard of it");
	if (logged != NULL &&
		((int)a->state < json_integer_value(json_object_get(logged, "state")) ||
			(r->waiting == 0 && order[0] != '\0' &&
				strcmp(order, a->order) != 0)))
		finding(r, a->id,
			"is at an earlier step than the log; restore a newer backup");
	if (holder[0] != '\0' && strcmp(holder, a->holder) != 0)
		finding(r, a->id, "is of another holder in the log");
	if (json_object_get(r->erased, a->holder) == NULL &&
		check_content(r, a, logged, &own) != PKI_OK)
		finding(r, a->id, "%s", own.msg);
	json_object_del(r->applications, a->id);
	return PKI_OK;
}

static void
check_invitations(struct reconciliation *r)
{
	const char *id;
	json_t *logged;
	json_object_foreach (r->invitations, id, logged) {
		PKI_CLEANUP(ra_invitation_free) struct ra_invitation invitation = { 0 };
		struct pki_err err = { 0 };
		char digest[PKI_SHA256_HEX];
		if (ra_store_invitation(r->ra->store, NULL, id, &invitation, &err) !=
				PKI_OK ||
			pki_sha256_hex(invitation.cms.data, invitation.cms.len, digest,
				&err) != PKI_OK)
			finding(r, id, "%s", err.msg);
		else if (strcmp(digest, member(logged, "order_digest")) != 0)
			finding(r, id, "is not the one that the log records");
	}
}

static enum pki_status
reconcile(struct reconciliation *r, struct pki_err *err)
{
	const struct ra_filter all = { .state = -1, .limit = -1 };
	const char *id;
	json_t *logged;
	PKI_TRY(ra_need_ledger(r->ra, err));
	PKI_TRY(ra_store_waiting(r->ra->store, &r->waiting, err));
	PKI_TRY(read_log(r, err));
	PKI_TRY(ra_store_each(r->ra->store, &all, on_application, r, NULL, err));
	json_object_foreach (r->applications, id, logged) {
		finding(r, id,
			"is in the log, and no longer in the store; restore a newer backup");
	}
	check_invitations(r);
	return PKI_OK;
}

static void
report(const struct reconciliation *r)
{
	if (r->ra->json) {
		PKI_CLEANUP(pki_json_cleanup)
		json_t *json = json_pack("{s:b, s:I, s:O}", "ok",
			json_array_size(r->findings) == 0, "applications",
			(json_int_t)r->checked, "findings", r->findings);
		pki_cli_json(json, stdout);
		return;
	}
	printf("checked %ju applications\n", (uintmax_t)r->checked);
	for (size_t i = 0; i < json_array_size(r->findings); i++) {
		const json_t *f = json_array_get(r->findings, i);
		printf("%s: %s\n", member(f, "object"), member(f, "message"));
	}
}

enum pki_status
ra_reconcile(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(pki_json_cleanup) json_t *applications = json_object();
	PKI_CLEANUP(pki_json_cleanup) json_t *invitations = json_object();
	PKI_CLEANUP(pki_json_cleanup) json_t *erased = json_object();
	PKI_CLEANUP(pki_json_cleanup) json_t *findings = json_array();
	PKI_TRY(ra_open(args, &ra, err));
	struct reconciliation r = { &ra, applications, invitations, erased, findings, 0,
		0 };
	PKI_TRY(reconcile(&r, err));
	report(&r);
	if (json_array_size(findings) == 0)
		return PKI_OK;
	return pki_fail(err, PKI_TAMPERED,
		"%zu findings; keep the store and compare it with its backups",
		json_array_size(findings));
}
