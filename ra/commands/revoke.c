#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/order.h"
#include "ra/print.h"
#include "ra/receipt.h"
#include "ra/store/outbox.h"
#include "ra/store/part.h"

const struct pki_option ra_cmd_revoke_options[] = {
	{ "cause", "CAUSE",
		"in the holder's words: a cause of rules.yaml, e.g. lost-phone", 1 },
	{ "requester", "WHO", "holder, officer (default) or department", 1 },
	{ "authentication", "HOW",
		"how the requester was authenticated, e.g. security-questions (default: officer-signature)",
		1 },
	{ "reported", "TIME", "when the request came in (default: now)", 1 },
	{ "receipt", "FILE", "write the signed receipt there (DER)", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

static enum pki_status
check_cause(const struct ra *ra, const char *cause, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf known = { 0 };
	if (cause != NULL && pki_policy_cause(ra->policy, cause) != NULL)
		return PKI_OK;
	for (size_t i = 0; i < ra->policy->cause_count; i++)
		PKI_TRY(pki_buf_printf(&known, err, "%s%s", i != 0 ? ", " : "",
			ra->policy->causes[i].cause));
	return pki_fail_rule(err, PKI_USAGE, PKI_RULE_REVOCATION,
		"give --cause, one of %s",
		known.len != 0 ? (const char *)known.data : "");
}

static enum pki_status
copy_word(const char *text, const char *otherwise, char out[PKI_WORD_TEXT],
	const char *option, struct pki_err *err)
{
	if (text == NULL)
		text = otherwise;
	if (strlen(text) >= PKI_WORD_TEXT || text[0] < 'a' || text[0] > 'z' ||
		strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(text))
		return pki_fail(err, PKI_USAGE,
			"--%s: one word of lower-case letters, digits, hyphens", option);
	snprintf(out, PKI_WORD_TEXT, "%s", text);
	return PKI_OK;
}

/* The target is a holder, or a certificate given by serial number and holder. */
static enum pki_status
set_target(
	struct ra *ra, const char *target, struct pki_order *order, struct pki_err *err)
{
	struct pki_cert_row row = { 0 };
	if (pki_id_valid(target, 'H')) {
		snprintf(order->holder, sizeof order->holder, "%s", target);
		return PKI_OK;
	}
	if (pki_serial_read(target, &order->serials[0], NULL) != PKI_OK)
		return pki_fail(err, PKI_USAGE,
			"\"%.48s\" is neither a holder (H-...) nor a serial number in hex; pki-ra search finds both",
			target);
	order->serial_count = 1;
	PKI_TRY(ra_need_ledger(ra, err));
	PKI_TRY(pki_ledger_issued(ra->ledger, &order->serials[0], &row, NULL, err));
	snprintf(order->holder, sizeof order->holder, "%s", row.holder);
	pki_cert_row_free(&row);
	return PKI_OK;
}

static enum pki_status
fill(const struct pki_args *args, struct ra *ra, struct pki_order *order,
	struct pki_err *err)
{
	const char *requester = pki_arg(args, "requester");
	const char *reported = pki_arg(args, "reported");
	const char *how = pki_arg(args, "authentication");
	order->created = order->reported = pki_msec_now();
	PKI_TRY(check_cause(ra, pki_arg(args, "cause"), err));
	snprintf(order->cause, sizeof order->cause, "%s", pki_arg(args, "cause"));
	PKI_TRY(copy_word(requester, "officer", order->requester, "requester", err));
	if (how == NULL && strcmp(order->requester, "officer") != 0)
		return pki_fail_rule(err, PKI_USAGE, PKI_RULE_REVOCATION,
			"give with --authentication how the %s was authenticated, e.g. security-questions",
			order->requester);
	PKI_TRY(copy_word(
		how, "officer-signature", order->authentication, "authentication", err));
	if (reported != NULL)
		PKI_TRY(pki_msec_parse(reported, &order->reported, err));
	PKI_TRY(pki_id_make('O', order->id, err));
	snprintf(order->authority, sizeof order->authority, "%s", ra->conf->authority);
	return set_target(ra, args->operands[0], order, err);
}

static enum pki_status
send(struct ra *ra, const struct pki_order *order, struct ra_officer *officer,
	json_t **reply, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	PKI_TRY(pki_order_encode(order, &json, err));
	PKI_TRY(pki_cms_sign(
		pki_buf_bytes(&json), officer->key, officer->cert, &cms, err));
	return ra_order_send(ra, order->id, pki_buf_bytes(&cms), reply, err);
}

struct ending {
	struct ra *ra;
	const char *order;
	const char *officer;
	struct ra_application pending[32];
	size_t count;
};

static enum pki_status
note_pending(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	struct ending *e = ctx;
	(void)err;
	if (a->renewal && a->state <= RA_APPROVED && e->count < PKI_COUNT(e->pending))
		e->pending[e->count++] = *a;
	return PKI_OK;
}

static enum pki_status
end_one(struct ending *e, struct ra_application *a, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json decision = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	enum ra_state from = a->state;
	pki_json_text(&decision, "type", "rejection");
	pki_json_text(&decision, "application", a->id);
	pki_json_text(&decision, "reason", "the holder's certificates were revoked");
	pki_json_text(&decision, "order", e->order);
	PKI_TRY(pki_json_write(&decision, &text, err));
	pki_json_text(&detail, "application", a->id);
	pki_json_text(&detail, "order", e->order);
	a->state = RA_REJECTED;
	PKI_TRY(ra_application_move(e->ra->store, a, from, err));
	PKI_TRY(ra_part_put(e->ra->store, a, "rejection", pki_buf_bytes(&text), err));
	return ra_outbox_add(
		e->ra->store, "application-rejected", e->officer, &detail, err);
}

/* A revocation rejects the open renewals of the holder; the CA would refuse them (rule
 * 46). */
static enum pki_status
end_renewals(struct ra *ra, const char *holder, const char *order, const char *officer,
	struct pki_err *err)
{
	struct ending e = { .ra = ra, .order = order, .officer = officer };
	struct ra_filter filter = { .state = -1, .holder = holder, .limit = -1 };
	PKI_TRY(ra_need_store(ra, err));
	PKI_TRY(ra_store_begin(ra->store, err));
	do {
		e.count = 0;
		PKI_TRY(ra_application_each(
			ra->store, &filter, note_pending, &e, NULL, err));
		for (size_t i = 0; i < e.count; i++)
			PKI_TRY(end_one(&e, &e.pending[i], err));
	} while (e.count == PKI_COUNT(e.pending));
	return ra_store_commit(ra->store, err);
}

/* The revocation is committed: what fails afterwards is a warning with its remedy, on
 * standard error and in the reply. */
static void
warn(json_t *reply, const struct pki_err *own, const char *what, const char *remedy)
{
	struct pki_err err = { 0 };
	char text[sizeof err.object + sizeof err.msg];
	(void)pki_fail_rule(
		&err, own->status, own->rule, "%s: %s. %s", what, own->msg, remedy);
	pki_err_object(&err, "%s", own->object);
	pki_err_text(&err, text, sizeof text);
	fprintf(stderr, "pki-ra: warning: the certificates are revoked; %s\n", text);
	json_t *list = json_object_get(reply, "warnings");
	if (list == NULL && json_object_set_new(reply, "warnings", json_array()) == 0)
		list = json_object_get(reply, "warnings");
	/* a message may be cut within a character; standard error has it */
	(void)json_array_append_new(list, json_string(text));
}

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static enum pki_status
print_table(const json_t *list, const char *const *headings, size_t columns,
	const char *const *names, struct pki_err *err)
{
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	const char *cells[4];
	PKI_TRY(pki_table_new(headings, columns, &table, err));
	for (size_t i = 0; i < json_array_size(list); i++) {
		for (size_t c = 0; c < columns; c++)
			cells[c] = member(json_array_get(list, i), names[c]);
		PKI_TRY(pki_table_add(table, cells, err));
	}
	pki_table_print(table, stdout);
	return PKI_OK;
}

static enum pki_status
print_text(const struct pki_order *order, const json_t *reply, struct pki_err *err)
{
	static const char *const headings[] = { "PROFILE", "SERIAL", "REVOKED", "BY" };
	static const char *const names[] = { "profile", "serial", "revoked", "order" };
	const json_t *revoked = json_object_get(reply, "revoked");
	const json_t *already = json_object_get(reply, "already");
	if (json_array_size(already) == 0) {
		printf("revoked for ever, reason %s:\n", member(reply, "reason"));
		PKI_TRY(print_table(revoked, headings, 2, names, err));
	} else {
		printf("revoked already; this report is recorded and changes nothing:\n");
		PKI_TRY(print_table(already, headings, 4, names, err));
	}
	printf("\norder %s\nnext: pki-ra receipt %s --out FILE, once the CRL is published\n",
		order->id, order->id);
	return PKI_OK;
}

/* After the order went through. */
static void
follow(const struct pki_args *args, struct ra *ra, const struct pki_order *order,
	const struct ra_officer *officer, json_t *reply)
{
	struct pki_err own = { 0 };
	const char *receipt = pki_arg(args, "receipt");
	const struct pki_cause_rule *cause = pki_policy_cause(ra->policy, order->cause);
	bool whole = order->serial_count == 0 || (cause != NULL && cause->whole_holder);
	if (whole && end_renewals(ra, order->holder, order->id, officer->serial, &own) !=
			     PKI_OK)
		warn(reply, &own,
			"open renewals of the holder are not rejected in the applications store",
			"Mend the store, and give this command again: pki-ca revokes nothing twice");
	own = (struct pki_err){ 0 };
	if (receipt != NULL && ra_receipt_write(reply, receipt, &own) != PKI_OK) {
		char remedy[PKI_ID_TEXT + 64];
		snprintf(remedy, sizeof remedy, "Fetch it: pki-ra receipt %s --out FILE",
			order->id);
		warn(reply, &own, "the receipt is not written", remedy);
	}
}

static enum pki_status
revoke(const struct pki_args *args, struct ra *ra, struct pki_order *order,
	struct ra_officer *officer, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_TRY(fill(args, ra, order, err));
	PKI_TRY(ra_need_officer(ra, args, officer, err));
	PKI_TRY(send(ra, order, officer, &reply, err));
	follow(args, ra, order, officer, reply);
	if (!ra->json)
		return print_text(order, reply, err);
	return pki_cli_json(reply, stdout, err);
}

enum pki_status
ra_cmd_revoke(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	PKI_CLEANUP(pki_order_free)
	struct pki_order order = { .action = PKI_ACTION_REVOKE };
	PKI_TRY(ra_open_without_store(args, &ra, err));
	enum pki_status status = revoke(args, &ra, &order, &officer, err);
	if (status != PKI_OK)
		pki_err_object(err, "%.60s", args->operands[0]);
	return status;
}
