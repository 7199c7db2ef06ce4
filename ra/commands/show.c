#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "ra/ra.h"

const struct pki_option ra_show_options[] = {
	{ "order", "FILE", "write the signed order there (CMS, DER)", 1 },
	{ "evidence", "DIR", "write the evidence files there", 1 },
	{ 0 },
};

struct shown {
	struct ra_application a;
	struct ra_record record;
	struct ra_erasure erasure; /* its erased 0: the data is there */
	json_t *rejection; /* NULL: none */
	json_t *certificates; /* {profile, serial, not_before, not_after, status} */
};

static void
free_shown(struct shown *s)
{
	ra_record_free(&s->record);
	ra_erasure_free(&s->erasure);
	json_decref(s->rejection);
	json_decref(s->certificates);
}

static enum pki_status
read_rejection(struct ra *ra, struct shown *s, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	if (s->a.state != RA_REJECTED)
		return PKI_OK;
	PKI_TRY(ra_store_part(ra->store, &s->a, "rejection", &text, err));
	return pki_json_parse(pki_buf_bytes(&text), &s->rejection, err);
}

static void
add_certificate(struct shown *s, const char *profile, const struct pki_serial *number,
	pki_time not_before, pki_time not_after, const char *status)
{
	char serial[PKI_SERIAL_TEXT];
	pki_serial_text(number, serial);
	json_t *one = json_pack("{s:s, s:s, s:s}", "profile", profile, "serial", serial,
		"status", status);
	ra_time_json(one, "not_before", not_before);
	ra_time_json(one, "not_after", not_after);
	json_array_append_new(s->certificates, one);
}

static const char *
status_word(bool revoked, pki_time not_after)
{
	return revoked ? "revoked" : pki_time_now() > not_after ? "expired" : "good";
}

/* The ledger's word on a certificate now; "unknown" where there is no ledger to read. */
static const char *
status_now(struct ra *ra, const struct pki_cert *cert)
{
	struct pki_cert_status status = { 0 };
	struct pki_err unheard = { 0 };
	if (ra_need_ledger(ra, &unheard) != PKI_OK ||
		pki_ledger_status(ra->ledger, PKI_ISSUER_CA, pki_cert_get0_serial(cert),
			&status, &unheard) != PKI_OK)
		return "unknown";
	if (!status.issued)
		return "not in the ledger";
	return status_word(status.revoked, pki_cert_not_after(cert));
}

static enum pki_status
read_certificates(struct ra *ra, struct shown *s, struct pki_err *err)
{
	PKI_CLEANUP(ra_answer_free) struct ra_answer answer = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	s->certificates = json_array();
	if (s->a.state != RA_ISSUED && s->a.state != RA_ACCEPTED)
		return PKI_OK;
	PKI_TRY(ra_answer_load(ra, &s->a, &answer, &reply, err));
	for (size_t i = 0; i < answer.count; i++) {
		const struct pki_cert *cert = answer.certs[i].cert;
		add_certificate(s, answer.certs[i].profile, pki_cert_get0_serial(cert),
			pki_cert_not_before(cert), pki_cert_not_after(cert),
			status_now(ra, cert));
	}
	return PKI_OK;
}

static enum pki_status
print_json(const struct shown *s, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *json = ra_application_json(&s->a);
	json_t *form = NULL, *evidence = json_array();
	json_object_set_new(json, "evidence", evidence);
	PKI_TRY(ra_form_to_json(&s->record.form, &form, err));
	json_object_set_new(json, "form", form);
	for (size_t i = 0; i < s->record.evidence_count; i++) {
		const struct ra_evidence *e = &s->record.evidence[i];
		json_array_append_new(
			evidence, json_pack("{s:s, s:I, s:s}", "name", e->name, "size",
					  (json_int_t)e->size, "digest", e->digest));
	}
	if (s->a.invitation[0] != '\0')
		json_object_set_new(json, "invitation", json_string(s->a.invitation));
	if (s->record.method[0] != '\0')
		json_object_set_new(json, "method", json_string(s->record.method));
	json_object_set_new(
		json, "email_verified", json_boolean(s->record.email_verified));
	json_object_set_new(
		json, "phone_verified", json_boolean(s->record.phone_verified));
	if (s->rejection != NULL)
		json_object_set(json, "reason", json_object_get(s->rejection, "reason"));
	json_object_set(json, "certificates", s->certificates);
	pki_cli_json(json, stdout);
	return PKI_OK;
}

/* Text from outside, fit for a terminal. */
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
print_certificates(const json_t *list, struct pki_err *err)
{
	static const char *const headings[] = { "PROFILE", "SERIAL", "VALID UNTIL",
		"STATUS" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
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
		const char *cells[] = { profile, serial, ra_local(t, local), status };
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
print_text(const struct shown *s, struct pki_err *err)
{
	const struct ra_application *a = &s->a;
	char local[RA_LOCAL];
	printf("application  %s%s\n", a->id, a->renewal ? " (renewal)" : "");
	printf("state        %s since %s\n", ra_state_name(a->state),
		ra_local(a->changed / 1000, local));
	if (s->rejection != NULL)
		line("reason", json_string_value(json_object_get(s->rejection, "reason")),
			"");
	printf("submitted    %s\n", ra_local(a->created / 1000, local));
	printf("holder       %s\n", a->holder);
	print_person(&s->record);
	if (a->order[0] != '\0')
		printf("order        %s\nverified by  %s, %s\n", a->order, a->verified_by,
			s->record.method);
	if (a->approved_by[0] != '\0')
		printf("approved by  %s\n", a->approved_by);
	PKI_TRY(print_certificates(s->certificates, err));
	print_next(a);
	return PKI_OK;
}

static enum pki_status
write_order(struct ra *ra, const struct ra_application *a, const char *path,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf cms = { 0 };
	PKI_TRY(ra_store_part(ra->store, a, "order", &cms, err));
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

/* What the ledger and the log tell, too. */
static enum pki_status
show_erased(struct ra *ra, struct shown *s, struct pki_err *err)
{
	const struct ra_application *a = &s->a;
	char local[RA_LOCAL], erased[RA_LOCAL];
	s->certificates = json_array();
	if (a->order[0] != '\0') {
		PKI_TRY(ra_need_ledger(ra, err));
		PKI_TRY(pki_ledger_by_order(ra->ledger, a->order, add_row, s, err));
	}
	if (ra->json) {
		PKI_CLEANUP(pki_json_cleanup) json_t *json = ra_application_json(a);
		ra_msec_json(json, "erased", s->erasure.erased);
		json_object_set_new(json, "erased_by", json_string(s->erasure.order));
		json_object_set(json, "certificates", s->certificates);
		pki_cli_json(json, stdout);
		return PKI_OK;
	}
	printf("application  %s%s\nstate        %s since %s\nholder       %s\n"
	       "erased       %s, by order %s\n",
		a->id, a->renewal ? " (renewal)" : "", ra_state_name(a->state),
		ra_local(a->changed / 1000, local), a->holder,
		ra_local(s->erasure.erased / 1000, erased), s->erasure.order);
	return print_certificates(s->certificates, err);
}

static enum pki_status
show(const struct pki_args *args, struct ra *ra, struct shown *s, struct pki_err *err)
{
	const char *order = pki_arg(args, "order"), *evidence = pki_arg(args, "evidence");
	bool ordered;
	PKI_TRY(ra_need_application(ra, args->operands[0], &s->a, err));
	PKI_TRY(ra_store_erasure(ra->store, s->a.holder, &s->erasure, &ordered, err));
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
ra_show(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(free_shown) struct shown shown = { 0 };
	PKI_TRY(ra_open(args, &ra, err));
	return show(args, &ra, &shown, err);
}
