#include <stdio.h>
#include <string.h>

#include "libpki/host/api.h"
#include "ra/ra.h"

const struct pki_option ra_issue_options[] = {
	{ "out", "DIR", "write auth.pem and sign.pem there", 1 },
	{ 0 },
};

static enum pki_status
ask(struct ra *ra, const struct ra_application *a, json_t **reply, struct pki_err *err)
{
	char path[64];
	snprintf(path, sizeof path, "/v1/orders/%s", a->order);
	return pki_api_call(
		ra->conf->socket, path, NULL, (struct pki_bytes){ 0 }, reply, err);
}

/* An earlier try may have been committed though its answer was lost, or another terminal
 * may be sending the same order: it counts once, and its answer can be asked for. */
static enum pki_status
order(struct ra *ra, const struct ra_application *a, json_t **reply, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf cms = { 0 };
	enum pki_status st = ask(ra, a, reply, err);
	if (st != PKI_NOTFOUND)
		return st;
	*err = (struct pki_err){ 0 };
	PKI_TRY(ra_store_part(ra->store, a, "order", &cms, err));
	st = pki_api_call(ra->conf->socket, "/v1/orders", "application/pkcs7-mime",
		pki_buf_bytes(&cms), reply, err);
	if (st != PKI_REFUSED || err->rule != PKI_RULE_ORDER_USED)
		return st;
	*err = (struct pki_err){ 0 };
	return ask(ra, a, reply, err);
}

static enum pki_status
store(struct ra *ra, struct ra_application *a, const json_t *reply,
	const struct ra_answer *answer, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_TRY(pki_json_dump(reply, &text, err));
	a->state = RA_ISSUED;
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_store_move(ra->store, a, RA_APPROVED, err));
	PKI_TRY(ra_store_put(ra->store, a, "answer", pki_buf_bytes(&text), err));
	for (size_t i = 0; i < answer->count; i++) {
		char serial[PKI_SERIAL_TEXT];
		pki_serial_text(pki_cert_get0_serial(answer->certs[i].cert), serial);
		PKI_TRY(ra_store_index(ra->store, a->id, serial, false, err));
	}
	return ra_store_commit(ra->store, err);
}

/* The signer refuses an order without its signatures (rule 202); this is the way there. */
static enum pki_status
check_state(const struct ra_application *a, struct pki_err *err)
{
	if (a->state == RA_REJECTED)
		return pki_fail(err, PKI_STATE,
			"the application was rejected; a new one needs a new invitation");
	if (a->state == RA_SUBMITTED)
		return pki_fail(err, PKI_STATE,
			"the application is submitted only; next: pki-ra verify %s",
			a->id);
	if (a->state == RA_VERIFIED)
		return pki_fail(err, PKI_STATE,
			"the application is not approved yet; next: pki-ra approve %s, by another officer",
			a->id);
	return PKI_OK;
}

static enum pki_status
obtain(struct ra *ra, struct ra_application *a, struct ra_answer *answer, json_t **reply,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	PKI_TRY(check_state(a, err));
	if (a->state != RA_APPROVED)
		return ra_answer_load(ra, a, answer, reply, err);
	PKI_TRY(ra_record_load(ra->store, a, &record, err));
	PKI_TRY(order(ra, a, reply, err));
	PKI_TRY(ra_answer_read(ra, &record, *reply, answer, err));
	return store(ra, a, *reply, answer, err);
}

static enum pki_status
print_text(const struct ra_application *a, const struct ra_answer *answer,
	const char *dir, struct pki_err *err)
{
	static const char *const headings[] = { "PROFILE", "SERIAL", "VALID UNTIL" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	for (size_t i = 0; i < answer->count; i++) {
		char serial[PKI_SERIAL_TEXT], until[RA_LOCAL];
		const struct pki_cert *cert = answer->certs[i].cert;
		pki_serial_text(pki_cert_get0_serial(cert), serial);
		const char *cells[] = { answer->certs[i].profile, serial,
			ra_local(pki_cert_not_after(cert), until) };
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

static enum pki_status
issue(const struct pki_args *args, struct ra *ra, struct ra_application *a,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_answer_free) struct ra_answer answer = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	const char *dir = pki_arg(args, "out");
	PKI_TRY(obtain(ra, a, &answer, &reply, err));
	if (dir != NULL)
		PKI_TRY(ra_answer_write(ra, &answer, dir, err));
	if (!ra->json)
		return print_text(a, &answer, dir, err);
	json_t *json = ra_application_json(a);
	json_object_set(json, "certificates", json_object_get(reply, "certificates"));
	json_object_set(json, "log", json_object_get(reply, "log"));
	pki_cli_json(json, stdout);
	json_decref(json);
	return PKI_OK;
}

enum pki_status
ra_issue(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, issue, err);
}
