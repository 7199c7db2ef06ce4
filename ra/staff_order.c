/* The order for an officer's or service's certificate, from the first signature to the
 * certificate. */
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/state/decide.h"
#include "libpki/state/staff.h"
#include "ra/order.h"
#include "ra/print.h"
#include "ra/staff.h"

/* The order as it is handed on. */
struct draft {
	struct pki_buf cms; /* empty: nobody has signed */
	struct pki_order order;
	const char *path; /* --order */
	const char *command; /* "add", "renew" */
};

static void
draft_free(struct draft *d)
{
	pki_buf_free(&d->cms);
	pki_order_free(&d->order);
}

static enum pki_status
need_order(const struct pki_args *args, struct draft *d, struct pki_err *err)
{
	d->command = args->operands[0];
	d->path = pki_arg(args, "order");
	if (d->path == NULL)
		return pki_fail(err, PKI_USAGE,
			"give --order FILE: the order, which one officer hands to the next");
	if (pki_arg(args, "csr") != NULL && pki_file_exists(d->path))
		return pki_fail(err, PKI_STATE,
			"%s is there already; without --csr, its order is signed; a new order needs a new file",
			d->path);
	return PKI_OK;
}

static enum pki_status
take_csr(const char *path, struct pki_order *order, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf in = { 0 };
	struct pki_csr *csr = NULL;
	PKI_TRY(pki_file_read(path, PKI_CSR_MAX, &in, err));
	enum pki_status status = pki_csr_parse(pki_buf_bytes(&in), &csr, err);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", path);
		return status;
	}
	struct pki_bytes der = pki_csr_get0_der(csr);
	status = pki_buf_append(&order->certs[0].csr, der.data, der.len, err);
	order->cert_count = 1;
	pki_csr_free(csr);
	return status;
}

static enum pki_status
begin(const struct pki_args *args, struct ra *ra, enum pki_action action,
	struct pki_order *order, struct pki_err *err)
{
	order->action = action;
	order->created = pki_msec_now();
	PKI_TRY(pki_id_make('O', order->id, err));
	snprintf(order->authority, sizeof order->authority, "%s", ra->conf->authority);
	return take_csr(pki_arg(args, "csr"), order, err);
}

/* A value of the command line that must fit the field. */
static enum pki_status
copy(const char *text, char *out, size_t size, const char *option, struct pki_err *err)
{
	if (text == NULL)
		return PKI_OK;
	if ((size_t)snprintf(out, size, "%s", text) >= size)
		return pki_fail(
			err, PKI_USAGE, "--%s: at most %zu octets", option, size - 1);
	return PKI_OK;
}

static enum pki_status
take_names(const struct pki_args *args, struct pki_name *name, struct pki_err *err)
{
	PKI_TRY(copy(pki_arg(args, "name"), name->common_name, sizeof name->common_name,
		"name", err));
	return copy(pki_arg(args, "identifier"), name->serial_number,
		sizeof name->serial_number, "identifier", err);
}

/* As at the ceremony: country and organization are the CA's. */
static enum pki_status
draft_add(const struct pki_args *args, struct ra *ra, struct pki_order *order,
	struct pki_err *err)
{
	const char *role = pki_arg(args, "role");
	const struct pki_profile *profile = NULL;
	struct pki_name ca;
	for (size_t i = 0; role != NULL && i < ra->policy->profile_count; i++)
		if (ra->policy->profiles[i].kind == PKI_KIND_OFFICER &&
			ra->policy->profiles[i].role == pki_role_by_name(role))
			profile = &ra->policy->profiles[i];
	if (profile == NULL || pki_arg(args, "name") == NULL)
		return pki_fail(err, PKI_USAGE,
			"a first certificate needs --role, one of the policy's roles, and --name; a person needs --identifier too");
	PKI_TRY(begin(args, ra, PKI_ACTION_ISSUE, order, err));
	PKI_TRY(pki_cert_subject(ra->ca, &ca, err));
	memcpy(order->subject.country, ca.country, sizeof ca.country);
	memcpy(order->subject.organization, ca.organization, sizeof ca.organization);
	memcpy(order->certs[0].profile, profile->name, sizeof profile->name);
	return take_names(args, &order->subject, err);
}

/* The officer who acts is the one whose certificate is renewed. */
static enum pki_status
draft_renewal(const struct pki_args *args, struct ra *ra,
	const struct ra_officer *officer, struct pki_order *order, struct pki_err *err)
{
	enum pki_role role = pki_policy_role(ra->policy, officer->cert);
	if (role == PKI_ROLE_NONE)
		return pki_refuse(err, PKI_RULE_ROLE,
			"certificate %s is no officer's and no service's",
			officer->serial);
	PKI_TRY(begin(args, ra, PKI_ACTION_RENEW, order, err));
	for (size_t i = 0; i < ra->policy->profile_count; i++)
		if (ra->policy->profiles[i].kind == PKI_KIND_OFFICER &&
			ra->policy->profiles[i].role == role)
			memcpy(order->certs[0].profile, ra->policy->profiles[i].name,
				sizeof order->certs[0].profile);
	order->serials[0] = *pki_cert_get0_serial(officer->cert);
	order->serial_count = 1;
	PKI_TRY(pki_cert_subject(officer->cert, &order->subject, err));
	return take_names(args, &order->subject, err);
}

/* What the CA's signer would refuse after the last signature is refused before the
 * first: an officer without an identifier (rule 121), her own certificate (rule 44). */
static enum pki_status
check_draft(struct ra *ra, const struct draft *d, const struct ra_officer *officer,
	struct pki_err *err)
{
	const struct pki_name *subject = &d->order.subject;
	const struct pki_profile *profile =
		pki_policy_profile(ra->policy, d->order.certs[0].profile);
	struct pki_name own;
	bool same = false;
	if (profile != NULL && profile->role != PKI_ROLE_RESPONDER)
		PKI_TRY(pki_person_check(subject->serial_number, err));
	if (d->order.action == PKI_ACTION_RENEW)
		return PKI_OK;
	PKI_TRY(pki_cert_subject(officer->cert, &own, err));
	PKI_TRY(pki_person_same(&own, subject, &same, err));
	return same ? pki_refuse(err, PKI_RULE_OWN_SUBJECT,
			      "nobody signs for a certificate of their own; another officer must sign")
		    : PKI_OK;
}

/* On standard error, before the passphrase: what is about to be signed. */
static void
present(const struct pki_order *order)
{
	char subject[600], clean[600], old[PKI_SERIAL_TEXT];
	pki_name_text(&order->subject, subject, sizeof subject);
	pki_cli_clean(subject, clean, sizeof clean);
	fprintf(stderr, "order        %s: %s %s\nfor          %s\n", order->id,
		pki_action_name(order->action), order->certs[0].profile, clean);
	if (order->serial_count == 0)
		return;
	pki_serial_text(&order->serials[0], old);
	fprintf(stderr, "replaces     %s, which is revoked at once\n", old);
}

static enum pki_status
read_draft(struct ra *ra, struct draft *d, struct pki_err *err)
{
	struct pki_signed_order opened;
	PKI_TRY(pki_file_read(d->path, PKI_CMS_MAX, &d->cms, err));
	enum pki_status status = pki_order_open(
		pki_buf_bytes(&d->cms), ra->ca, pki_time_now(), NULL, &opened, err);
	enum pki_action want = strcmp(d->command, "add") == 0 ? PKI_ACTION_ISSUE
							      : PKI_ACTION_RENEW;
	if (status == PKI_OK &&
		(opened.order.action != want || opened.order.cert_count != 1 ||
			opened.order.holder[0] != '\0'))
		status = pki_fail(err, PKI_INPUT,
			"the file is no order to %s an officer's or service's certificate",
			pki_action_name(want));
	if (status == PKI_OK) {
		d->order = opened.order;
		opened.order = (struct pki_order){ 0 };
	}
	pki_order_close(&opened);
	if (status != PKI_OK)
		pki_err_object(err, "%s", d->path);
	return status;
}

static enum pki_status
has_signed(struct ra *ra, const struct draft *d, const struct ra_officer *officer,
	bool *out, struct pki_err *err)
{
	struct pki_cms cms;
	*out = false;
	if (d->cms.len == 0)
		return PKI_OK;
	PKI_TRY(pki_cms_open(
		pki_buf_bytes(&d->cms), ra->ca, pki_time_now(), NULL, &cms, err));
	for (size_t i = 0; i < cms.signer_count; i++)
		*out = *out ||
		       pki_serial_compare(pki_cert_get0_serial(cms.signers[i].cert),
			       pki_cert_get0_serial(officer->cert)) == 0;
	pki_cms_close(&cms);
	return PKI_OK;
}

/* A signature that is there already counts: the last officer repeats a command whose
 * reply was lost. */
static enum pki_status
sign(struct ra *ra, struct draft *d, const struct ra_officer *officer, bool *again,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	struct pki_buf more = { 0 };
	PKI_TRY(has_signed(ra, d, officer, again, err));
	if (*again)
		return PKI_OK;
	if (d->cms.len == 0) {
		PKI_TRY(pki_order_encode(&d->order, &json, err));
		return pki_cms_sign(
			pki_buf_bytes(&json), officer->key, officer->cert, &d->cms, err);
	}
	PKI_TRY(pki_cms_cosign(
		pki_buf_bytes(&d->cms), officer->key, officer->cert, &more, err));
	pki_buf_free(&d->cms);
	d->cms = more;
	return PKI_OK;
}

/* Would the CA's signer take the order? *lacks: a further officer must sign. */
static enum pki_status
judge(struct ra *ra, const struct draft *d, bool *lacks, struct pki_err *lack,
	struct pki_err *err)
{
	struct pki_signed_order opened;
	struct pki_decision decision = { 0 };
	PKI_TRY(pki_order_open(
		pki_buf_bytes(&d->cms), ra->ca, pki_time_now(), NULL, &opened, err));
	const struct pki_case c = { .policy = ra->policy,
		.order = &opened,
		.issuer = ra->ca,
		.now = pki_msec_now() };
	enum pki_status status = pki_decide(&c, &decision, lack);
	*lacks = lack->rule == PKI_RULE_SIGNATURES;
	pki_decision_free(&decision);
	pki_order_close(&opened);
	return *lacks ? PKI_OK : status == PKI_OK ? PKI_OK : pki_err_move(err, lack);
}

static enum pki_status
hand_on(struct ra *ra, const struct draft *d, const struct pki_err *lack,
	struct pki_err *err)
{
	struct pki_json json = pki_json_object();
	pki_json_text(&json, "order", d->order.id);
	pki_json_text(&json, "state", "signed");
	pki_json_text(&json, "file", d->path);
	pki_json_text(&json, "lacks", lack->msg);
	enum pki_status status = ra_print_result(ra, &json, err,
		"signed       %s\nlacks        %s\n\nnext: pki-ra officer %s --order %s, by another officer\n",
		d->path, lack->msg, d->command, d->path);
	pki_json_free(&json);
	return status;
}

static enum pki_status
write_certificate(const json_t *reply, const char *path, struct pki_err *err)
{
	const char *pem = NULL;
	if (json_unpack((json_t *)(uintptr_t)reply, "{s:[{s:s}]}", "certificates", "pem",
		    &pem) != 0)
		return pki_fail(
			err, PKI_UNAVAILABLE, "pki-ca's answer holds no certificate");
	return pki_file_publish(path, pem, strlen(pem), 0644, err);
}

static enum pki_status
complete(const struct pki_args *args, struct ra *ra, const struct draft *d,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	const char *out = pki_arg(args, "out"), *serial = "", *end = "";
	PKI_TRY(ra_order_send(ra, d->order.id, pki_buf_bytes(&d->cms), &reply, err));
	PKI_TRY(write_certificate(reply, out, err));
	if (ra->json)
		return pki_cli_json(reply, stdout, err);
	json_unpack(reply, "{s:[{s:s, s:s}]}", "certificates", "serial", &serial,
		"not_after", &end);
	printf("certificate  %s\nserial       %s\nvalid until  %s\n\nnext: the file becomes cert.pem in the officer's folder, beside the new key.pem\n",
		out, serial, end);
	return PKI_OK;
}

static enum pki_status
proceed(const struct pki_args *args, struct ra *ra, struct draft *d,
	const struct ra_officer *officer, struct pki_err *err)
{
	struct pki_err lack = { 0 };
	bool lacks = false, again = false;
	PKI_TRY(sign(ra, d, officer, &again, err));
	PKI_TRY(judge(ra, d, &lacks, &lack, err));
	if (lacks && again)
		return pki_refuse(err, PKI_RULE_PERSONS,
			"this officer has signed; another person must sign: %s",
			lack.msg);
	if (!lacks && pki_arg(args, "out") == NULL)
		return pki_fail(err, PKI_USAGE,
			"this signature is the last one: give --out FILE for the certificate");
	PKI_TRY(pki_file_publish(d->path, d->cms.data, d->cms.len, 0644, err));
	return lacks ? hand_on(ra, d, &lack, err) : complete(args, ra, d, err);
}

static enum pki_status
make(const struct pki_args *args, struct ra *ra, struct draft *d, bool renewal,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	bool fresh = pki_arg(args, "csr") != NULL;
	PKI_TRY(need_order(args, d, err));
	PKI_TRY(ra_need_ca(ra, err));
	if (!fresh)
		PKI_TRY(read_draft(ra, d, err));
	else if (!renewal)
		PKI_TRY(draft_add(args, ra, &d->order, err));
	if (d->order.cert_count != 0)
		present(&d->order);
	PKI_TRY(ra_need_officer(ra, args, &officer, err));
	if (fresh && renewal) {
		PKI_TRY(draft_renewal(args, ra, &officer, &d->order, err));
		present(&d->order);
	}
	PKI_TRY(check_draft(ra, d, &officer, err));
	return proceed(args, ra, d, &officer, err);
}

enum pki_status
ra_staff_add(const struct pki_args *args, struct ra *ra, struct pki_err *err)
{
	PKI_CLEANUP(draft_free) struct draft d = { 0 };
	return make(args, ra, &d, false, err);
}

enum pki_status
ra_staff_renew(const struct pki_args *args, struct ra *ra, struct pki_err *err)
{
	PKI_CLEANUP(draft_free) struct draft d = { 0 };
	return make(args, ra, &d, true, err);
}
