#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/issued.h"
#include "ra/order.h"
#include "ra/print.h"
#include "ra/store/index.h"

const struct pki_option ra_cmd_issue_options[] = {
	{ "out", "DIR", "write auth.pem and sign.pem there", 1 },
	{ 0 },
};

/*
 * An earlier command may have lost the reply to a committed order, or another process may
 * be sending this order.
 */
static enum pki_status
order(struct ra *ra, const struct ra_application *a, json_t **reply, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf cms = { 0 };
	bool found;
	PKI_TRY(ra_order_fetch(ra, a->order, reply, &found, err));
	if (found)
		return PKI_OK;
	PKI_TRY(ra_part_get(ra->store, a, "order", &cms, err));
	return ra_order_send(ra, a->order, pki_buf_bytes(&cms), reply, err);
}

static enum pki_status
store(struct ra *ra, struct ra_application *a, const json_t *reply,
	const struct ra_issued *issued, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_TRY(pki_json_dump(reply, &text, err));
	a->state = RA_ISSUED;
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_application_move(ra->store, a, RA_APPROVED, err));
	PKI_TRY(ra_part_put(ra->store, a, "answer", pki_buf_bytes(&text), err));
	for (size_t i = 0; i < issued->count; i++) {
		char serial[PKI_SERIAL_TEXT];
		pki_serial_text(pki_cert_get0_serial(issued->certs[i].cert), serial);
		PKI_TRY(ra_index_text(ra->store, a->id, serial, err));
	}
	return ra_store_commit(ra->store, err);
}

/* The signer refuses an order without all signatures (rule 202); the messages name the
 * next step. */
static enum pki_status
check_state(const struct ra_application *a, struct pki_err *err)
{
	if (a->state == RA_REJECTED)
		return pki_fail(err, PKI_STATE,
			"the application was rejected; a new application needs a new invitation");
	if (a->state == RA_SUBMITTED)
		return pki_fail(err, PKI_STATE,
			"the application is not verified yet; next: pki-ra verify %s",
			a->id);
	if (a->state == RA_VERIFIED)
		return pki_fail(err, PKI_STATE,
			"the application is not approved yet; next: pki-ra approve %s, by another officer",
			a->id);
	return PKI_OK;
}

static enum pki_status
obtain(struct ra *ra, struct ra_application *a, struct ra_issued *issued, json_t **reply,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	PKI_TRY(check_state(a, err));
	if (a->state != RA_APPROVED)
		return ra_issued_load(ra, a, issued, reply, err);
	PKI_TRY(ra_record_load(ra->store, a, &record, err));
	PKI_TRY(order(ra, a, reply, err));
	PKI_TRY(ra_issued_read(ra, &record, *reply, issued, err));
	return store(ra, a, *reply, issued, err);
}

static enum pki_status
print_text(const struct ra_application *a, const struct ra_issued *issued,
	const char *dir, struct pki_err *err)
{
	static const char *const headings[] = { "PROFILE", "SERIAL", "VALID UNTIL" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	for (size_t i = 0; i < issued->count; i++) {
		char serial[PKI_SERIAL_TEXT], until[RA_LOCAL];
		const struct pki_cert *cert = issued->certs[i].cert;
		pki_serial_text(pki_cert_get0_serial(cert), serial);
		const char *cells[] = { issued->certs[i].profile, serial,
			ra_print_local(pki_cert_not_after(cert), until) };
		PKI_TRY(pki_table_add(table, cells, err));
	}
	pki_table_print(table, stdout);
	if (dir != NULL)
		printf("\nwritten to %s/auth.pem and %s/sign.pem\n", dir, dir);
	if (a->state == RA_ISSUED)
		printf("\nnext: pki-ra accept %s --print, for the holder to sign\n",
			a->id);
	return PKI_OK;
}

static void
copy_member(struct pki_json *json, const char *name, const json_t *from)
{
	json_t *value = json_object_get(from, name);
	if (value != NULL)
		pki_json_value(json, name, json_incref(value));
}

static enum pki_status
issue(const struct pki_args *args, struct ra *ra, struct ra_application *a,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_issued_free) struct ra_issued issued = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	const char *dir = pki_arg(args, "out");
	PKI_TRY(obtain(ra, a, &issued, &reply, err));
	if (dir != NULL)
		PKI_TRY(ra_issued_write(ra, &issued, dir, err));
	if (!ra->json)
		return print_text(a, &issued, dir, err);
	PKI_CLEANUP(pki_json_free) struct pki_json json = ra_print_object(a);
	copy_member(&json, "certificates", reply);
	copy_member(&json, "log", reply);
	return pki_json_print(&json, stdout, err);
}

enum pki_status
ra_cmd_issue(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, issue, err);
}
