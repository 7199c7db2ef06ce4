#include "tools/audit/trail/trail.h"

#include <stdio.h>
#include <string.h>

#include "tools/audit/workers.h"

/* An application leads to its orders, an order to what was refused: no further. */
#define PASSES_MAX 4

/* What people call the events; else their type. */
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
	{ "order-refused", "an order was refused" },
	{ "crl-issued", "on a CRL" },
	{ "root-crl-recorded", "on the root's CRL" },
	{ "crl-published", "that CRL was published" },
	{ "ceremony-completed", "certified at the ceremony" },
};

static void
trail_free(struct trail *t)
{
	free(t->ids);
	free(t->revoked);
	json_decref(t->certificates);
	json_decref(t->lines);
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
		/* an officer's story is not all that the officer signed */
		if (strcmp(key, "officers") != 0 && mentions(t, member))
			return true;
	return false;
}

static bool
lists_revoked(const struct trail *t, const char *type, const json_t *detail)
{
	json_int_t issuer = json_integer_value(json_object_get(detail, "issuer"));
	json_int_t number = json_integer_value(json_object_get(detail, "number"));
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

/* Cheap, before the entry is read: does its text hold one of the names, or is it of a kind
 * that is read always? */
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

/* What the entry names beside, and belongs to the story as well. */
static enum pki_status
follow(struct trail *t, const char *type, const json_t *detail, struct pki_err *err)
{
	if (strncmp(type, "application-", 12) != 0)
		return PKI_OK;
	PKI_TRY(trail_add(t, entry_text(detail, "application"), err));
	PKI_TRY(trail_add(t, entry_text(detail, "invitation"), err));
	return trail_add(t, entry_text(detail, "order"), err);
}

/* tell: make the lines; else look for more names. */
static enum pki_status
take(struct trail *t, uint64_t index, bool tell, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	struct pki_err own = { 0 };
	PKI_TRY(pki_ledger_entry(t->a->ledger, index, &text, err));
	if (!may_belong(t, (const char *)text.data))
		return PKI_OK;
	if (pki_json_parse(pki_buf_bytes(&text), &entry, &own) != PKI_OK) {
		char object[40];
		snprintf(object, sizeof object, "log entry %ju", (uintmax_t)index);
		if (tell)
			finding_add(t->a, object, &own);
		return PKI_OK;
	}
	const char *type = entry_text(entry, "type");
	const json_t *detail = json_object_get(entry, "detail");
	if (tell && strcmp(type, "policy-loaded") == 0)
		return period_add(t->a, index, entry_text(detail, "digest"), err);
	if (tell && strcmp(type, "ceremony-completed") == 0 && t->a->ceremony == NULL)
		t->a->ceremony = json_incref((json_t *)(uintptr_t)detail);
	if (!belongs(t, type, detail))
		return PKI_OK;
	return tell ? trail_line(t, index, pki_buf_bytes(&text), entry, err)
		    : follow(t, type, detail, err);
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

/* The log's last word; what it does not cover is not proven. */
static void
open_checkpoint(struct trail *t)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_err err = { 0 };
	if (pki_ledger_checkpoint(t->a->ledger, 0, &note, NULL, &err) == PKI_OK &&
		pki_checkpoint_open(pki_buf_bytes(&note), t->a->vkey, &t->cp, &err) ==
			PKI_OK)
		return;
	t->cp = (struct pki_checkpoint){ 0 };
	finding_add(t->a, "last checkpoint", &err);
}

static void
print_detail(const char *key, const json_t *value, FILE *out)
{
	char clean[PKI_EVENT_WORD];
	if (strstr(key, "digest") != NULL) /* a proof's, and in the JSON */
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
		(intmax_t)json_integer_value(json_object_get(line, "index")),
		entry_text(line, "leaf"),
		json_is_true(json_object_get(line, "included"))
			? "included under the checkpoint"
			: "NOT PROVEN to be under the checkpoint");
	if (!verified)
		fputs("  DOES NOT FIT: see the findings\n", out);
}

void
trail_print(const struct trail *t, const char *what, FILE *out)
{
	json_t *json;
	size_t i;
	fprintf(out, "%s\n", what);
	json_array_foreach (t->certificates, i, json) {
		const char *revoked = entry_text(json, "revoked");
		fprintf(out, "  certificate %s (%s), %.10s to %.10s%s%s%s%s\n",
			entry_text(json, "serial"), entry_text(json, "profile"),
			entry_text(json, "not_before"), entry_text(json, "not_after"),
			revoked[0] != '\0' ? ", revoked " : "", revoked,
			revoked[0] != '\0' ? ": " : "", entry_text(json, "reason"));
	}
	json_array_foreach (t->lines, i, json) {
		print_line(json, out);
	}
	fputc('\n', out);
	if (t->cp.size != 0)
		fprintf(out, "checkpoint of %s over %ju entries: signature verified\n",
			t->cp.origin, (uintmax_t)t->cp.size);
	findings_print(t->a->findings, out);
}

static enum pki_status
tell(struct trail *t, const char *what, bool as_json, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	if (!as_json) {
		trail_print(t, what, stdout);
		return PKI_OK;
	}
	json = json_pack("{s:s, s:O, s:O, s:{s:s, s:I}}", "about", what, "certificates",
		t->certificates, "lines", t->lines, "checkpoint", "origin", t->cp.origin,
		"size", (json_int_t)t->cp.size);
	PKI_TRY(findings_json(t->a->findings, json, err));
	pki_cli_json(json, stdout);
	return PKI_OK;
}

enum pki_status
trail_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	struct outcome *outcome = ctx;
	const char *what = args->operands[0];
	struct place place = { 0 };
	PKI_CLEANUP(audit_free) struct audit a = { 0 };
	PKI_CLEANUP(trail_free)
	struct trail t = { .a = &a, .certificates = json_array(), .lines = json_array() };
	PKI_TRY(audit_open(&a, args, &place, err));
	PKI_TRY(audit_issuers(&a, pki_arg(args, "root"), err));
	PKI_TRY(pki_ledger_partitions(a.ledger, PKI_ISSUER_CA, &a.urls, err));
	open_checkpoint(&t);
	PKI_TRY(trail_find(&t, what, err));
	PKI_TRY(walk(&t, err));
	crew_release(&a);
	if (json_array_size(t.lines) == 0)
		return pki_fail(
			err, PKI_NOTFOUND, "neither ledger nor log knows %s", what);
	outcome->status = audit_status(&a);
	return tell(&t, what, pki_arg_flag(args, "json"), err);
}
