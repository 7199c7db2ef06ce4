/* pki-audit trail */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpki/state/log.h"
#include "tools/audit/commands.h"
#include "tools/audit/options.h"
#include "tools/audit/trail/trail.h"
#include "tools/audit/verify/issuers.h"
#include "tools/audit/workers.h"

const struct pki_option audit_options_trail[] = {
	OPTION_LEDGER,
	OPTION_PUBLISH,
	OPTION_VKEY,
	OPTION_POLICY,
	OPTION_ROOT,
	{ 0 },
};

/* An application leads to its orders, and an order to its refusals. */
#define PASSES_MAX 4

/* Names of event types for people; an event without a name is shown by its type. */
static const struct {
	const char *type, *words;
} words[] = {
	{ "invitation-made", "invited" },
	{ "application-submitted", "applied" },
	{ "application-verified", "identity verified" },
	{ "application-approved", "approved" },
	{ "application-rejected", "rejected" },
	{ "certificate-issued", "issued" },
	{ "certificate-renewed", "renewed" },
	{ "certificate-accepted", "activated" },
	{ "certificate-revoked", "revoked" },
	{ "revocation-repeated", "reported again" },
	{ "order-refused", "an order was refused" },
	{ "crl-issued", "on a CRL" },
	{ "root-crl-recorded", "on the root's CRL" },
	{ "crl-published", "CRL published" },
	{ "ceremony-completed", "certified at the ceremony" },
};

static void
trail_free(struct trail *t)
{
	free(t->ids);
	free(t->revoked);
	pki_json_free(&t->certificates);
	pki_json_free(&t->lines);
}

static bool
mentions(const struct trail *t, const json_t *value)
{
	size_t i;
	const char *key;
	json_t *member;
	if (json_is_string(value))
		return trail_has(t, json_string_value(value));
	json_array_foreach ((json_t *)(uintptr_t)value, i, member)
		if (mentions(t, member))
			return true;
	json_object_foreach ((json_t *)(uintptr_t)value, key, member)
		/* the trail of an officer does not hold all orders signed by the officer */
		if (strcmp(key, "officers") != 0 && mentions(t, member))
			return true;
	return false;
}

static bool
lists_revoked(const struct trail *t, const char *type, const json_t *detail)
{
	json_int_t issuer = entry_number(detail, "issuer");
	json_int_t number = entry_number(detail, "number");
	if (strcmp(type, "crl-issued") != 0 && strcmp(type, "crl-published") != 0 &&
		strcmp(type, "root-crl-recorded") != 0)
		return false;
	for (size_t i = 0; i < t->revoked_count; i++)
		if (t->revoked[i].issuer == issuer &&
			(t->revoked[i].listed == (uint64_t)number ||
				t->revoked[i].published == (uint64_t)number))
			return true;
	return false;
}

static bool
belongs(const struct trail *t, const char *type, const json_t *detail)
{
	if (strcmp(type, "ceremony-completed") != 0)
		return mentions(t, detail) || lists_revoked(t, type, detail);
	return mentions(t, detail) || mentions(t, json_object_get(detail, "officers"));
}

/* A quick test before the JSON is read: the text holds an id of the trail, or the entry's
 * type is always read. */
static bool
may_belong(const struct trail *t, const char *text)
{
	static const char *const always[] = { "\"policy-loaded\"", "\"crl-",
		"\"root-crl-", "\"ceremony-completed\"" };
	for (size_t i = 0; i < t->id_count; i++)
		if (strstr(text, t->ids[i]) != NULL)
			return true;
	for (size_t i = 0; i < PKI_COUNT(always); i++)
		if (strstr(text, always[i]) != NULL)
			return true;
	return false;
}

/* An application's entry leads to further ids. */
static enum pki_status
follow(struct trail *t, const char *type, const json_t *detail, struct pki_err *err)
{
	if (strncmp(type, "application-", 12) != 0)
		return PKI_OK;
	PKI_TRY(trail_add(t, entry_text(detail, "application"), err));
	PKI_TRY(trail_add(t, entry_text(detail, "invitation"), err));
	return trail_add(t, entry_text(detail, "order"), err);
}

/* lines: add the lines; else look for further ids. */
static enum pki_status
take(struct trail *t, uint64_t index, bool lines, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	struct pki_err own = { 0 };
	PKI_TRY(pki_ledger_entry(t->a->ledger, index, &text, err));
	if (!may_belong(t, (const char *)text.data))
		return PKI_OK;
	if (pki_json_parse(pki_buf_bytes(&text), &entry, &own) != PKI_OK) {
		char object[ENTRY_OBJECT];
		entry_object(index, object);
		if (lines)
			audit_add_finding(t->a, object, &own);
		return PKI_OK;
	}
	const char *type = entry_text(entry, "type");
	const json_t *detail = json_object_get(entry, "detail");
	if (lines && strcmp(type, "policy-loaded") == 0)
		return policies_begin(
			&t->a->policies, index, entry_text(detail, "digest"), err);
	if (lines && strcmp(type, "ceremony-completed") == 0 &&
		t->a->log.ceremony == NULL)
		t->a->log.ceremony = json_incref((json_t *)(uintptr_t)detail);
	if (!belongs(t, type, detail))
		return PKI_OK;
	if (!lines)
		return follow(t, type, detail, err);
	trail_add_line(t, index, pki_buf_bytes(&text), entry);
	return PKI_OK;
}

static enum pki_status
walk(struct trail *t, struct pki_err *err)
{
	uint64_t count = 0;
	size_t known = 0;
	PKI_TRY(pki_ledger_entry_count(t->a->ledger, &count, err));
	for (int pass = 0; pass < PASSES_MAX && known != t->id_count; pass++) {
		known = t->id_count;
		for (uint64_t i = 0; i < count; i++)
			PKI_TRY(take(t, i, false, err));
	}
	for (uint64_t i = 0; i < count; i++)
		PKI_TRY(take(t, i, true, err));
	return PKI_OK;
}

/* The last checkpoint; entries after the checkpoint are not proven. */
static void
open_checkpoint(struct trail *t)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_err own = { 0 };
	if (pki_ledger_checkpoint(t->a->ledger, 0, &note, NULL, &own) == PKI_OK &&
		pki_checkpoint_open(pki_buf_bytes(&note), t->a->vkey, &t->cp, &own) ==
			PKI_OK)
		return;
	t->cp = (struct pki_checkpoint){ 0 };
	audit_add_finding(t->a, "last checkpoint", &own);
}

static void
print_detail(const char *key, const json_t *value, FILE *out)
{
	char clean[PKI_EVENT_WORD];
	if (strstr(key, "digest") != NULL) /* the proofs show digests, and the JSON */
		return;
	if (json_is_integer(value)) {
		fprintf(out, "  %s %jd\n", key, (intmax_t)json_integer_value(value));
	} else if (json_is_string(value) && json_string_length(value) > 0) {
		pki_cli_clean(json_string_value(value), clean, sizeof clean);
		fprintf(out, "  %s %s\n", key, clean);
	}
}

static void
print_line(const json_t *line, FILE *out)
{
	const char *type = entry_text(line, "event"), *key;
	json_t *member;
	size_t i;
	bool verified = json_is_true(json_object_get(line, "verified"));
	for (i = 0; i < PKI_COUNT(words); i++)
		if (strcmp(words[i].type, type) == 0)
			type = words[i].words;
	fprintf(out, "\n%s  %s\n", entry_text(line, "at"), type);
	json_object_foreach (json_object_get(line, "detail"), key, member) {
		print_detail(key, member, out);
	}
	json_array_foreach (json_object_get(line, "signatures"), i, member) {
		fprintf(out, "  signed %s by %s (%s): signature verified\n",
			entry_text(member, "signed"), entry_text(member, "serial"),
			entry_text(member, "profile"));
	}
	json_array_foreach (json_object_get(line, "proofs"), i, member) {
		char clean[512];
		pki_cli_clean(json_string_value(member), clean, sizeof clean);
		fprintf(out, "  proof: %s\n", clean);
	}
	fprintf(out, "  proof: log entry %jd, leaf %s, %s\n",
		(intmax_t)entry_number(line, "index"), entry_text(line, "leaf"),
		json_is_true(json_object_get(line, "included"))
			? "included under the checkpoint"
			: "NOT PROVEN to be under the checkpoint");
	if (!verified)
		fputs("  DOES NOT FIT: see the findings\n", out);
}

/* The result of a trail, as JSON. */
struct outcome {
	const char *what;
	json_t *certificates, *lines;
};

static void
outcome_free(struct outcome *outcome)
{
	json_decref(outcome->certificates);
	json_decref(outcome->lines);
}

static void
print_text(const struct trail *t, const struct outcome *outcome, FILE *out)
{
	json_t *json;
	size_t i;
	fprintf(out, "%s\n", outcome->what);
	json_array_foreach (outcome->certificates, i, json) {
		const char *revoked = entry_text(json, "revoked");
		fprintf(out, "  certificate %s (%s), %.10s to %.10s%s%s%s%s\n",
			entry_text(json, "serial"), entry_text(json, "profile"),
			entry_text(json, "not_before"), entry_text(json, "not_after"),
			revoked[0] != '\0' ? ", revoked " : "", revoked,
			revoked[0] != '\0' ? ": " : "", entry_text(json, "reason"));
	}
	json_array_foreach (outcome->lines, i, json) {
		print_line(json, out);
	}
	fputc('\n', out);
	if (t->cp.size != 0)
		fprintf(out, "checkpoint of %s over %ju entries: signature verified\n",
			t->cp.origin, (uintmax_t)t->cp.size);
	findings_print(t->a->findings, out);
}

static enum pki_status
print_json(const struct trail *t, const struct outcome *outcome, FILE *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	struct pki_json checkpoint = pki_json_object();
	pki_json_text(&checkpoint, "origin", t->cp.origin);
	pki_json_number(&checkpoint, "size", (int64_t)t->cp.size);
	pki_json_text(&json, "about", outcome->what);
	pki_json_value(&json, "certificates", json_incref(outcome->certificates));
	pki_json_value(&json, "lines", json_incref(outcome->lines));
	pki_json_nest(&json, "checkpoint", &checkpoint);
	findings_json(t->a->findings, &json);
	return pki_json_print(&json, out, err);
}

enum pki_status
audit_cmd_trail(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	const char *what = args->operands[0];
	PKI_CLEANUP(audit_free) struct audit a = { 0 };
	PKI_CLEANUP(trail_free)
	struct trail t = {
		.a = &a, .certificates = pki_json_array(), .lines = pki_json_array()
	};
	PKI_CLEANUP(outcome_free) struct outcome outcome = { .what = what };
	(void)ctx;
	PKI_TRY(audit_open(&a, args, err));
	PKI_TRY(issuers_verify(&a, pki_arg(args, "root"), err));
	PKI_TRY(pki_ledger_partitions(a.ledger, PKI_ISSUER_CA, &a.urls, err));
	open_checkpoint(&t);
	PKI_TRY(trail_find(&t, what, err));
	PKI_TRY(walk(&t, err));
	workers_release(&a);
	PKI_TRY(pki_json_take(&t.certificates, &outcome.certificates, err));
	PKI_TRY(pki_json_take(&t.lines, &outcome.lines, err));
	if (json_array_size(outcome.lines) == 0)
		return pki_fail(
			err, PKI_NOTFOUND, "neither ledger nor log knows %s", what);
	*args->exit_status = audit_exit_status(&a);
	if (pki_arg_flag(args, "json"))
		return print_json(&t, &outcome, stdout, err);
	print_text(&t, &outcome, stdout);
	return PKI_OK;
}
