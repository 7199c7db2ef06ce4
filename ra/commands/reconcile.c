/* Compares the store with the log: the store must still have each application and
 * invitation of the log, unchanged, and all parts must open. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/ra.h"
#include "ra/store/evidence.h"
#include "ra/store/invitation.h"
#include "ra/store/outbox.h"

const struct pki_option ra_cmd_reconcile_options[] = { { 0 } };

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
	json_t *erased; /* by id of the holder; the holder's parts do not open */
	struct pki_json findings;
	uint64_t waiting; /* events in the outbox */
	uint64_t checked;
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
		finding(r, a->id, "is in the store, but not in the log");
	if (logged != NULL &&
		((int)a->state < json_integer_value(json_object_get(logged, "state")) ||
			(r->waiting == 0 && order[0] != '\0' &&
				strcmp(order, a->order) != 0)))
		finding(r, a->id,
			"is at an earlier step than the log; restore a newer backup");
	if (holder[0] != '\0' && strcmp(holder, a->holder) != 0)
		finding(r, a->id, "belongs to another holder in the log");
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
		struct pki_err own = { 0 };
		char digest[PKI_SHA256_HEX];
		if (ra_invitation_by_id(r->ra->store, id, &invitation, NULL, &own) !=
				PKI_OK ||
			pki_sha256_hex(invitation.cms.data, invitation.cms.len, digest,
				&own) != PKI_OK)
			finding(r, id, "%s", own.msg);
		else if (strcmp(digest, member(logged, "order_digest")) != 0)
			finding(r, id,
				"differs from the invitation that the log records");
	}
}

static enum pki_status
reconcile(struct reconciliation *r, struct pki_err *err)
{
	const struct ra_filter all = { .state = -1, .limit = -1 };
	const char *id;
	json_t *logged;
	PKI_TRY(ra_need_ledger(r->ra, err));
	PKI_TRY(ra_outbox_count(r->ra->store, &r->waiting, err));
	PKI_TRY(read_log(r, err));
	PKI_TRY(ra_application_each(r->ra->store, &all, on_application, r, NULL, err));
	json_object_foreach (r->applications, id, logged) {
		finding(r, id,
			"is in the log, but no longer in the store; restore a newer backup");
	}
	check_invitations(r);
	return PKI_OK;
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

static enum pki_status
report(struct reconciliation *r, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *findings = NULL;
	PKI_TRY(pki_json_take(&r->findings, &findings, err));
	if (r->ra->json)
		PKI_TRY(print_json(r, findings, err));
	else
		print_text(r, findings);
	if (json_array_size(findings) == 0)
		return PKI_OK;
	return pki_fail(err, PKI_TAMPERED,
		"%zu findings; keep the store and compare it with its backups",
		json_array_size(findings));
}

static void
free_reconciliation(struct reconciliation *r)
{
	json_decref(r->applications);
	json_decref(r->invitations);
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
		.erased = json_object(),
		.findings = pki_json_array(),
	};
	PKI_TRY(ra_open(args, &ra, err));
	if (r.applications == NULL || r.invitations == NULL || r.erased == NULL)
		return out_of_memory(err);
	PKI_TRY(reconcile(&r, err));
	return report(&r, err);
}
