#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "ra/commands/commands.h"
#include "ra/check.h"
#include "ra/issued.h"
#include "ra/print.h"
#include "ra/store/erasure.h"
#include "ra/store/evidence.h"

const struct pki_option ra_cmd_show_options[] = {
	{ "order", "FILE", "write the signed order there (CMS, DER)", 1 },
	{ "evidence", "DIR", "write the evidence files there", 1 },
	{ 0 },
};

struct shown {
	struct ra_application a;
	struct ra_record record;
	struct ra_erasure erasure; /* erased 0: not erased */
	json_t *rejection; /* NULL: none */
	struct pki_json
		certificates; /* {profile, serial, not_before, not_after, status} */
};

static void
free_shown(struct shown *s)
{
	ra_record_free(&s->record);
	ra_erasure_free(&s->erasure);
	json_decref(s->rejection);
	pki_json_free(&s->certificates);
}

static enum pki_status
read_rejection(struct ra *ra, struct shown *s, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	if (s->a.state != RA_REJECTED)
		return PKI_OK;
	PKI_TRY(ra_part_get(ra->store, &s->a, "rejection", &text, err));
	return pki_json_parse(pki_buf_bytes(&text), &s->rejection, err);
}

static const char *
reason(const struct shown *s)
{
	const char *text = json_string_value(json_object_get(s->rejection, "reason"));
	return text != NULL ? text : "";
}

static void
add_certificate(struct shown *s, const char *profile, const struct pki_serial *serial,
	pki_time not_before, pki_time not_after, const char *status)
{
	PKI_CLEANUP(pki_json_free) struct pki_json one = pki_json_object();
	pki_json_text(&one, "profile", profile);
	pki_json_serial(&one, "serial", serial);
	pki_json_text(&one, "status", status);
	pki_json_time(&one, "not_before", not_before);
	pki_json_time(&one, "not_after", not_after);
	pki_json_append(&s->certificates, &one);
}

static const char *
status_word(bool revoked, pki_time not_after)
{
	return revoked ? "revoked" : pki_time_now() > not_after ? "expired" : "good";
}

/* The status of a certificate in the ledger now; "unknown" if the ledger cannot be
 * read. */
static const char *
status_now(struct ra *ra, const struct pki_cert *cert)
{
	struct pki_cert_status status = { 0 };
	if (ra_need_ledger(ra, NULL) != PKI_OK ||
		pki_ledger_status(ra->ledger, PKI_ISSUER_CA, pki_cert_get0_serial(cert),
			&status, NULL) != PKI_OK)
		return "unknown";
	if (!status.issued)
		return "not in the ledger";
	return status_word(status.revoked, pki_cert_not_after(cert));
}

static enum pki_status
read_certificates(struct ra *ra, struct shown *s, struct pki_err *err)
{
	PKI_CLEANUP(ra_issued_free) struct ra_issued issued = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	if (s->a.state != RA_ISSUED && s->a.state != RA_ACCEPTED)
		return PKI_OK;
	PKI_TRY(ra_issued_load(ra, &s->a, &issued, &reply, err));
	for (size_t i = 0; i < issued.count; i++) {
		const struct pki_cert *cert = issued.certs[i].cert;
		add_certificate(s, issued.certs[i].profile, pki_cert_get0_serial(cert),
			pki_cert_not_before(cert), pki_cert_not_after(cert),
			status_now(ra, cert));
	}
	return PKI_OK;
}

static void
add_evidence(struct pki_json *json, const struct ra_record *record)
{
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	for (size_t i = 0; i < record->evidence_count; i++) {
		const struct ra_evidence *e = &record->evidence[i];
		PKI_CLEANUP(pki_json_free) struct pki_json one = pki_json_object();
		pki_json_text(&one, "name", e->name);
		pki_json_number(&one, "size", e->size);
		pki_json_text(&one, "digest", e->digest);
		pki_json_append(&list, &one);
	}
	pki_json_nest(json, "evidence", &list);
}

static enum pki_status
print_json(struct shown *s, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json json = ra_print_object(&s->a);
	json_t *form = NULL;
	add_evidence(&json, &s->record);
	PKI_TRY(ra_form_to_json(&s->record.form, &form, err));
	pki_json_value(&json, "form", form);
	pki_json_text_if(&json, "invitation", s->a.invitation);
	pki_json_text_if(&json, "method", s->record.method);
	pki_json_bool(&json, "email_verified", s->record.email_verified);
	pki_json_bool(&json, "phone_verified", s->record.phone_verified);
	if (s->rejection != NULL)
		pki_json_text_if(&json, "reason", reason(s));
	pki_json_nest(&json, "certificates", &s->certificates);
	return pki_json_print(&json, stdout, err);
}

/* Print text from outside, fit for a terminal. */
static void
line(const char *label, const char *text, const char *after)
{
	char clean[4 * PKI_NAME_SIZE];
	pki_cli_clean(text, clean, sizeof clean);
	printf("%-12s %s%s\n", label, clean, after);
}

static void
print_person(const struct ra_record *record)
{
	const struct ra_form *f = &record->form;
	char text[3 * PKI_NAME_SIZE];
	ra_record_name(record, text);
	line("name", text, "");
	line("born in", f->birth_place, "");
	printf("born on      %s, nationality %s, country %s\n", f->birth_date,
		f->nationality, f->country);
	line("e-mail", f->email, record->email_verified ? " (verified)" : "");
	line("phone", f->phone, record->phone_verified ? " (verified)" : "");
	printf("document     %s %s %s, valid until %s\n", f->document_type,
		f->document_country, f->document_number, f->document_expires);
	printf("request      of %s, terms %s accepted\n", f->requested, f->terms_version);
	for (size_t i = 0; i < record->evidence_count; i++)
		line("evidence", record->evidence[i].name, "");
}

static enum pki_status
print_certificates(struct shown *s, struct pki_err *err)
{
	static const char *const headings[] = { "PROFILE", "SERIAL", "VALID UNTIL",
		"STATUS" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *list = NULL;
	PKI_TRY(pki_json_take(&s->certificates, &list, err));
	if (json_array_size(list) == 0)
		return PKI_OK;
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *profile, *serial, *until, *status;
		pki_time t;
		char local[RA_LOCAL];
		if (json_unpack(json_array_get(list, i), "{s:s, s:s, s:s, s:s}",
			    "profile", &profile, "serial", &serial, "not_after", &until,
			    "status", &status) != 0)
			return pki_fail(err, PKI_INTERNAL, "a certificate's line");
		PKI_TRY(pki_time_parse(until, &t, err));
		const char *cells[] = { profile, serial, ra_print_local(t, local),
			status };
		PKI_TRY(pki_table_add(table, cells, err));
	}
	printf("\n");
	pki_table_print(table, stdout);
	return PKI_OK;
}

static void
print_next(const struct ra_application *a)
{
	static const char *const next[] = {
		[RA_SUBMITTED] =
			"pki-ra verify %s --method in-person, by a registration officer",
		[RA_VERIFIED] = "pki-ra approve %s, by another officer",
		[RA_APPROVED] = "pki-ra issue %s --out DIR",
		[RA_ISSUED] = "pki-ra accept %s --print, for the holder to sign",
		[RA_ACCEPTED] = NULL,
		[RA_REJECTED] = NULL,
	};
	const char *text = next[a->state];
	if (text == NULL)
		return;
	const char *slot = strstr(text, "%s");
	printf("\nnext: %.*s%s%s\n", (int)(slot - text), text, a->id, slot + 2);
}

static enum pki_status
print_text(struct shown *s, struct pki_err *err)
{
	const struct ra_application *a = &s->a;
	char local[RA_LOCAL];
	printf("application  %s%s\n", a->id, a->renewal ? " (renewal)" : "");
	printf("state        %s since %s\n", ra_state_name(a->state),
		ra_print_local(a->changed / 1000, local));
	if (s->rejection != NULL)
		line("reason", reason(s), "");
	printf("submitted    %s\n", ra_print_local(a->created / 1000, local));
	printf("holder       %s\n", a->holder);
	print_person(&s->record);
	ra_check_notes(&s->record.form);
	if (a->order[0] != '\0')
		printf("order        %s\nverified by  %s, %s\n", a->order, a->verified_by,
			s->record.method);
	if (a->approved_by[0] != '\0')
		printf("approved by  %s\n", a->approved_by);
	PKI_TRY(print_certificates(s, err));
	print_next(a);
	return PKI_OK;
}

static enum pki_status
write_order(struct ra *ra, const struct ra_application *a, const char *path,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf cms = { 0 };
	PKI_TRY(ra_part_get(ra->store, a, "order", &cms, err));
	return pki_file_publish(path, cms.data, cms.len, 0600, err);
}

static enum pki_status
add_row(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	(void)err;
	add_certificate(ctx, row->profile, &row->serial, row->not_before, row->not_after,
		status_word(row->revoked, row->not_after));
	return PKI_OK;
}

/* An erased application: only the data also recorded in ledger and log. */
static enum pki_status
show_erased(struct ra *ra, struct shown *s, struct pki_err *err)
{
	const struct ra_application *a = &s->a;
	char local[RA_LOCAL], erased[RA_LOCAL];
	if (a->order[0] != '\0') {
		PKI_TRY(ra_need_ledger(ra, err));
		PKI_TRY(pki_ledger_by_order(ra->ledger, a->order, add_row, s, err));
	}
	if (ra->json) {
		PKI_CLEANUP(pki_json_free) struct pki_json json = ra_print_object(a);
		pki_json_msec(&json, "erased", s->erasure.erased);
		pki_json_text(&json, "erased_by", s->erasure.order);
		pki_json_nest(&json, "certificates", &s->certificates);
		return pki_json_print(&json, stdout, err);
	}
	printf("application  %s%s\nstate        %s since %s\nholder       %s\n"
	       "erased       %s, by order %s\n",
		a->id, a->renewal ? " (renewal)" : "", ra_state_name(a->state),
		ra_print_local(a->changed / 1000, local), a->holder,
		ra_print_local(s->erasure.erased / 1000, erased), s->erasure.order);
	return print_certificates(s, err);
}

static enum pki_status
show(const struct pki_args *args, struct ra *ra, struct shown *s, struct pki_err *err)
{
	const char *order = pki_arg(args, "order"), *evidence = pki_arg(args, "evidence");
	bool ordered;
	PKI_TRY(ra_need_application(ra, args->operands[0], &s->a, err));
	PKI_TRY(ra_erasure_get(ra->store, s->a.holder, &s->erasure, &ordered, err));
	if (s->erasure.erased != 0 && order == NULL && evidence == NULL)
		return show_erased(ra, s, err);
	PKI_TRY(ra_record_load(ra->store, &s->a, &s->record, err));
	PKI_TRY(read_rejection(ra, s, err));
	PKI_TRY(read_certificates(ra, s, err));
	if (order != NULL)
		PKI_TRY(write_order(ra, &s->a, order, err));
	if (evidence != NULL)
		PKI_TRY(ra_evidence_write(ra->store, &s->a, &s->record, evidence, err));
	return ra->json ? print_json(s, err) : print_text(s, err);
}

enum pki_status
ra_cmd_show(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(free_shown)
	struct shown shown = { .certificates = pki_json_array() };
	PKI_TRY(ra_open(args, &ra, err));
	return show(args, &ra, &shown, err);
}
