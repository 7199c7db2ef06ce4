#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "ra/commands/commands.h"
#include "ra/issued.h"
#include "ra/print.h"
#include "ra/statement.h"
#include "ra/store/outbox.h"

const struct pki_option ra_cmd_accept_options[] = {
	{ "print", NULL, "write the statement that the holder signs", 1 },
	{ "statement", "FILE", "the signed statement (CMS, DER)", 1 },
	{ 0 },
};

static const struct pki_cert *
signature_cert(const struct ra *ra, const struct ra_issued *issued)
{
	for (size_t i = 0; i < issued->count; i++) {
		const struct pki_profile *p =
			pki_policy_profile(ra->policy, issued->certs[i].profile);
		if (p != NULL && p->kind == PKI_KIND_HOLDER_SIGN)
			return issued->certs[i].cert;
	}
	return NULL;
}

static enum pki_status
check_live(struct ra *ra, const struct pki_cert *cert, struct pki_err *err)
{
	struct pki_cert_status status = { 0 };
	PKI_TRY(ra_need_ledger(ra, err));
	PKI_TRY(pki_ledger_status(
		ra->ledger, PKI_ISSUER_CA, pki_cert_get0_serial(cert), &status, err));
	if (!status.issued || status.revoked || pki_time_now() > pki_cert_not_after(cert))
		return pki_refuse(err, PKI_RULE_ACCEPTANCE,
			"the signature certificate is %s; there is nothing to accept",
			status.revoked ? "revoked" : "not valid");
	return PKI_OK;
}

static enum pki_status
record(struct ra *ra, struct ra_application *a, const struct pki_buf *cms,
	struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(cms->data, cms->len, digest, err));
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "application", a->id);
	pki_json_text(&detail, "holder", a->holder);
	pki_json_text(&detail, "order", a->order);
	pki_json_text(&detail, "statement_digest", digest);
	a->state = RA_ACCEPTED;
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_application_move(ra->store, a, RA_ISSUED, err));
	PKI_TRY(ra_part_put(ra->store, a, "statement", pki_buf_bytes(cms), err));
	PKI_TRY(ra_outbox_add(ra->store, "certificate-accepted", "", &detail, err));
	return ra_store_commit(ra->store, err);
}

static enum pki_status
accept_certs(struct ra *ra, struct ra_application *a, const char *path,
	const struct pki_buf *text, const struct ra_issued *issued, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	const struct pki_cert *cert = signature_cert(ra, issued);
	if (a->state == RA_ACCEPTED)
		return pki_fail(
			err, PKI_STATE, "the holder has accepted the certificates");
	if (cert == NULL)
		return pki_fail(err, PKI_CONFIG,
			"the policy no longer has a profile of kind holder signature; restore the profile");
	PKI_TRY(pki_file_read(path, PKI_CMS_MAX, &cms, err));
	PKI_TRY(ra_statement_verify(pki_buf_bytes(&cms), pki_buf_bytes(text), cert, err));
	PKI_TRY(check_live(ra, cert, err));
	PKI_TRY(record(ra, a, &cms, err));
	struct pki_json json = ra_print_object(a);
	return ra_print_result(ra, &json, err, "application  %s\nstate        %s\n",
		a->id, ra_state_name(a->state));
}

static enum pki_status
accept_or_print(const struct pki_args *args, struct ra *ra, struct ra_application *a,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_issued_free) struct ra_issued issued = { 0 };
	PKI_CLEANUP(ra_record_free) struct ra_record registration = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	const char *path = pki_arg(args, "statement");
	if (pki_arg_flag(args, "print") == (path != NULL))
		return pki_fail(
			err, PKI_USAGE, "give either --print or --statement FILE");
	if (a->state != RA_ISSUED && a->state != RA_ACCEPTED)
		return pki_fail(err, PKI_STATE,
			"the application is %s; a holder accepts issued certificates only",
			ra_state_name(a->state));
	PKI_TRY(ra_record_load(ra->store, a, &registration, err));
	PKI_TRY(ra_issued_load(ra, a, &issued, &reply, err));
	PKI_TRY(ra_statement_text(ra, a, &issued, &registration, &text, err));
	if (path != NULL)
		return accept_certs(ra, a, path, &text, &issued, err);
	printf("%s\n", (const char *)text.data);
	return PKI_OK;
}

enum pki_status
ra_cmd_accept(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, accept_or_print, err);
}
