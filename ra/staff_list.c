/* Officers and services: listed, shown, ended. */
#include <stdio.h>
#include <string.h>

#include "libpki/state/staff.h"
#include "ra/order.h"
#include "ra/print.h"
#include "ra/receipt.h"
#include "ra/staff.h"

/* Whom the command is about: by serial, identifier, or name; NULL: everybody. */
struct list {
	const char *who;
	pki_time at; /* certificates that end earlier are left out */
	bool valid; /* only what is valid */
	struct pki_table *table;
	struct pki_json json;
	struct pki_order *order; /* end: gets the serials */
	size_t count;
};

static bool
is_asked(const struct list *l, const struct pki_staff_member *m, const char *serial)
{
	struct pki_name asked = { 0 };
	char person[PKI_PERSON_TEXT];
	if (l->who == NULL || strcmp(serial, l->who) == 0 ||
		strcmp(m->name.common_name, l->who) == 0)
		return true;
	if (strlen(l->who) >= sizeof asked.serial_number)
		return false;
	memcpy(asked.serial_number, l->who, strlen(l->who) + 1);
	pki_person_of(&asked, person);
	return person[0] != '\0' && strcmp(person, m->person) == 0;
}

static const char *
state_of(const struct pki_staff_member *m)
{
	return m->revoked                      ? pki_reason_name(m->reason)
	       : m->not_after < pki_time_now() ? "ended"
					       : "valid";
}

static const char *
role_of(const struct pki_staff_member *m)
{
	const char *name = pki_role_name(m->role);
	return name != NULL ? name : "seal";
}

static enum pki_status
add_line(struct list *l, const struct pki_staff_member *m, const char *serial,
	struct pki_err *err)
{
	char from[RA_LOCAL], until[RA_LOCAL];
	const char *cells[] = { role_of(m), m->name.common_name, m->person, serial,
		ra_print_local(m->not_before, from), ra_print_local(m->not_after, until),
		state_of(m) };
	struct pki_json item = pki_json_object();
	pki_json_text(&item, "role", role_of(m));
	pki_json_text(&item, "profile", m->profile);
	pki_json_text(&item, "name", m->name.common_name);
	pki_json_text(&item, "identifier", m->person);
	pki_json_text(&item, "serial", serial);
	pki_json_time(&item, "not_before", m->not_before);
	pki_json_time(&item, "not_after", m->not_after);
	pki_json_text(&item, "state", state_of(m));
	pki_json_append(&l->json, &item);
	return pki_table_add(l->table, cells, err);
}

static enum pki_status
on_member(void *ctx, const struct pki_staff_member *m, struct pki_err *err)
{
	struct list *l = ctx;
	char serial[PKI_SERIAL_TEXT];
	pki_serial_text(&m->serial, serial);
	if (!is_asked(l, m, serial) || (l->valid && !pki_staff_is_valid(m, l->at)))
		return PKI_OK;
	l->count++;
	if (l->order == NULL)
		return add_line(l, m, serial, err);
	if (l->order->serial_count == PKI_ORDER_SERIALS_MAX)
		return pki_fail(err, PKI_LIMIT,
			"more than %d valid certificates; give serial numbers",
			PKI_ORDER_SERIALS_MAX);
	l->order->serials[l->order->serial_count++] = m->serial;
	return PKI_OK;
}

static enum pki_status
walk(struct ra *ra, struct list *l, struct pki_err *err)
{
	static const char *const headings[] = { "ROLE", "NAME", "IDENTIFIER", "SERIAL",
		"FROM", "UNTIL", "STATE" };
	PKI_TRY(ra_need_ledger(ra, err));
	if (l->order == NULL)
		PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &l->table, err));
	PKI_TRY(pki_staff_each(ra->ledger, ra->policy, l->at, on_member, l, err));
	if (l->count > 0 || l->who == NULL)
		return PKI_OK;
	return pki_fail(err, PKI_NOTFOUND,
		"no officer or service%s has the serial number, identifier or name \"%.80s\"; pki-ra officer list shows them",
		l->valid ? " with a valid certificate" : "", l->who);
}

static enum pki_status
list_free(struct list *l, enum pki_status status)
{
	pki_table_free(l->table);
	pki_json_free(&l->json);
	return status;
}

static enum pki_status
print(struct ra *ra, struct list *l, struct pki_json *roles, struct pki_err *err)
{
	if (!ra->json) {
		pki_table_print(l->table, stdout);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_nest(&json, "officers", &l->json);
	if (roles != NULL)
		pki_json_nest(&json, "roles", roles);
	return pki_json_print(&json, stdout, err);
}

static enum pki_status
list_all(struct ra *ra, struct list *l, struct pki_err *err)
{
	struct pki_staff staff = { 0 };
	PKI_TRY(walk(ra, l, err));
	PKI_TRY(pki_staff_count(ra->ledger, ra->policy, l->at, &staff, err));
	PKI_CLEANUP(pki_json_free) struct pki_json roles = pki_staff_json(&staff, l->at);
	PKI_TRY(print(ra, l, &roles, err));
	for (size_t i = 0; !ra->json && i < PKI_STAFF_ROLES; i++) {
		char warning[PKI_STAFF_TEXT];
		pki_staff_warning(&staff, i, l->at, warning);
		if (warning[0] != '\0')
			printf("warning: %s\n", warning);
	}
	return PKI_OK;
}

enum pki_status
ra_staff_list(struct ra *ra, struct pki_err *err)
{
	struct list l = { .at = pki_time_now(), .valid = true, .json = pki_json_array() };
	return list_free(&l, list_all(ra, &l, err));
}

enum pki_status
ra_staff_show(struct ra *ra, const char *who, struct pki_err *err)
{
	struct list l = { .who = who, .json = pki_json_array() };
	enum pki_status status = walk(ra, &l, err);
	if (status == PKI_OK)
		status = print(ra, &l, NULL, err);
	return list_free(&l, status);
}

/* A serial number needs no ledger: the CA knows it. */
static enum pki_status
set_targets(struct ra *ra, const char *who, struct pki_order *order, struct pki_err *err)
{
	struct list l = {
		.who = who, .at = pki_time_now(), .valid = true, .order = order
	};
	if (pki_serial_parse(who, &order->serials[0], NULL) != PKI_OK)
		return walk(ra, &l, err);
	order->serial_count = 1;
	return PKI_OK;
}

static enum pki_status
print_ended(const json_t *reply, const struct pki_order *order)
{
	const char *reason = json_string_value(json_object_get(reply, "reason"));
	size_t i;
	json_t *one;
	json_array_foreach (json_object_get(reply, "revoked"), i, one) {
		const char *serial = "", *profile = "";
		json_unpack(one, "{s:s, s:s}", "serial", &serial, "profile", &profile);
		printf("revoked      %s (%s)\n", serial, profile);
	}
	printf("reason       %s\norder        %s\n",
		reason != NULL ? reason : "no change", order->id);
	return PKI_OK;
}

static enum pki_status
end(const struct pki_args *args, struct ra *ra, struct ra_officer *officer,
	struct pki_order *order, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	const char *receipt = pki_arg(args, "receipt");
	PKI_TRY(ra_need_officer(ra, args, officer, err));
	PKI_TRY(pki_order_encode(order, &json, err));
	PKI_TRY(pki_cms_sign(
		pki_buf_bytes(&json), officer->key, officer->cert, &cms, err));
	PKI_TRY(ra_order_send(ra, order->id, pki_buf_bytes(&cms), &reply, err));
	if (receipt != NULL)
		PKI_TRY(ra_receipt_write(reply, receipt, err));
	return ra->json ? pki_cli_json(reply, stdout, err) : print_ended(reply, order);
}

enum pki_status
ra_staff_end(
	const struct pki_args *args, struct ra *ra, const char *who, struct pki_err *err)
{
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	PKI_CLEANUP(pki_order_free)
	struct pki_order order = { .action = PKI_ACTION_REVOKE };
	const char *cause = pki_arg(args, "cause");
	if (cause == NULL || pki_policy_cause(ra->policy, cause) == NULL)
		return pki_fail_rule(err, PKI_USAGE, PKI_RULE_REVOCATION,
			"give --cause, a cause of rules.yaml: officer-left, officer-compromise, superseded, service-ended, ...");
	order.created = order.reported = pki_msec_now();
	PKI_TRY(pki_id_make('O', order.id, err));
	snprintf(order.authority, sizeof order.authority, "%s", ra->conf->authority);
	snprintf(order.cause, sizeof order.cause, "%s", cause);
	strcpy(order.requester, "officer");
	strcpy(order.authentication, "officer-signature");
	PKI_TRY(set_targets(ra, who, &order, err));
	enum pki_status status = end(args, ra, &officer, &order, err);
	if (status != PKI_OK)
		pki_err_object(err, "%.60s", who);
	return status;
}
