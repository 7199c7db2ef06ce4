#include "tools/audit/report/officers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MOST 20
/* A page has room for this number of rows. */
#define OFFICERS_MOST 200

/* the columns of the grid of officers */
enum { ISSUE, RENEW, REVOKE, INVITE, REFUSED, VERIFY, APPROVE, REJECT, LOGIN };

struct officer {
	char serial[PKI_SERIAL_TEXT];
	char label[GRID_TEXT], note[2 * GRID_TEXT], name[2 * GRID_TEXT];
	int64_t cells[GRID_COLUMNS];
};

struct officers {
	struct figures *f;
	struct officer *all;
	size_t count;
};

enum pki_status
officers_new(struct figures *f, struct officers **out, struct pki_err *err)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return pki_fail(err, PKI_MEMORY, "officers");
	**out = (struct officers){ .f = f };
	return PKI_OK;
}

void
officers_cleanup(struct officers **officers)
{
	if (*officers == NULL)
		return;
	free((*officers)->all);
	free(*officers);
}

/* "registration 2": the second certificate of the profile "officer-registration" */
static void
name_officer(const struct officers *o, const char *profile, char out[GRID_TEXT])
{
	const char *dash = strchr(profile, '-');
	const char *role = dash != NULL ? dash + 1 : profile;
	size_t len = strlen(role), number = 1;
	for (size_t i = 0; i < o->count; i++)
		number += strncmp(o->all[i].label, role, len) == 0 &&
			  o->all[i].label[len] == ' ';
	snprintf(out, GRID_TEXT, "%.40s %zu", role, number);
}

static enum pki_status
add(struct officers *o, const char *serial, const char *profile, const char *state,
	struct pki_err *err)
{
	struct officer *grown = reallocarray(o->all, o->count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "officers");
	o->all = grown;
	struct officer *officer = &grown[o->count];
	*officer = (struct officer){ 0 };
	snprintf(officer->serial, PKI_SERIAL_TEXT, "%s", serial);
	snprintf(officer->note, sizeof officer->note, "%s%s%s", serial,
		state[0] != '\0' ? ", " : "", state);
	name_officer(o, profile, officer->label);
	o->count++;
	return PKI_OK;
}

/* A certificate that cannot be read has no name: the serial number stays. */
static void
set_name(struct officer *officer, const struct pki_cert_row *row, const char *state)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	struct pki_name name;
	if (pki_cert_parse(pki_buf_bytes(&row->der), &cert, NULL) == PKI_OK &&
		pki_cert_subject(cert, &name, NULL) == PKI_OK)
		snprintf(officer->name, sizeof officer->name, "%.100s%s%s",
			name.common_name, state[0] != '\0' ? ", " : "", state);
}

enum pki_status
officers_add_certificate(
	struct officers *o, const struct pki_cert_row *row, struct pki_err *err)
{
	char serial[PKI_SERIAL_TEXT], day[PKI_TIME_TEXT], state[40] = "";
	if (strncmp(row->profile, "officer-", 8) != 0 &&
		strncmp(row->profile, "service-", 8) != 0)
		return PKI_OK;
	if (row->revoked && row->revoked_at <= o->f->to) {
		pki_time_format(row->revoked_at / 1000, day);
		snprintf(state, sizeof state, "revoked %.10s", day);
	} else if (row->not_after < o->f->to / 1000) {
		pki_time_format(row->not_after, day);
		snprintf(state, sizeof state, "ended %.10s", day);
	} else {
		pki_time_format(row->not_after, day);
		snprintf(state, sizeof state, "valid until %.10s", day);
	}
	pki_serial_text(&row->serial, serial);
	PKI_TRY(add(o, serial, row->profile, state, err));
	set_name(&o->all[o->count - 1], row, state);
	return PKI_OK;
}

/* *out: until the next officer is added. */
static enum pki_status
find(struct officers *o, const char *serial, struct officer **out, struct pki_err *err)
{
	char clean[PKI_SERIAL_TEXT];
	size_t i = 0;
	/* a log entry may name an officer by any text */
	pki_cli_clean(serial, clean, sizeof clean);
	while (i < o->count && strcmp(o->all[i].serial, clean) != 0)
		i++;
	if (i == o->count)
		PKI_TRY(add(o, clean, "unknown", "not a known officer", err));
	*out = &o->all[i];
	return PKI_OK;
}

static enum pki_status
count(struct officers *o, const char *serial, int what, struct pki_err *err)
{
	struct officer *officer;
	PKI_TRY(find(o, serial, &officer, err));
	officer->cells[what]++;
	return PKI_OK;
}

static enum pki_status
count_pair(
	struct officers *o, const json_t *one, const json_t *other, struct pki_err *err)
{
	struct officer *x, *y;
	struct grid_row *row;
	char label[GRID_TEXT];
	PKI_TRY(find(o, json_string_value(one), &x, err));
	PKI_TRY(find(o, json_string_value(other), &y, err));
	snprintf(label, sizeof label, "%.28s + %.28s", x < y ? x->label : y->label,
		x < y ? y->label : x->label);
	PKI_TRY(grid_row(&o->f->grids[GRID_PAIRS], label, &row, err));
	row->cells[0]++;
	return PKI_OK;
}

/* Each pair of signers of one order, named alike whoever signed first. All officers are
 * known. */
static enum pki_status
count_pairs(struct officers *o, const json_t *signers, struct pki_err *err)
{
	size_t n = json_array_size(signers);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			PKI_TRY(count_pair(o, json_array_get(signers, i),
				json_array_get(signers, j), err));
	return PKI_OK;
}

static enum pki_status
count_signers(struct officers *o, const json_t *signers, int what, struct pki_err *err)
{
	size_t i;
	json_t *serial;
	json_array_foreach ((json_t *)(uintptr_t)signers, i, serial)
		if (!json_is_string(serial))
			return PKI_OK; /* `pki-audit verify` reports this entry */
	json_array_foreach ((json_t *)(uintptr_t)signers, i, serial)
		PKI_TRY(count(o, json_string_value(serial), what, err));
	return what == ISSUE || what == RENEW ? count_pairs(o, signers, err) : PKI_OK;
}

enum pki_status
officers_add_entry(
	struct officers *o, const char *type, const json_t *entry, struct pki_err *err)
{
	static const struct {
		const char *type;
		int what;
		bool signers; /* of an order; else the actor */
	} kinds[] = {
		{ "certificate-issued", ISSUE, true },
		{ "certificate-renewed", RENEW, true },
		{ "certificate-revoked", REVOKE, true },
		{ "revocation-repeated", REVOKE, true },
		{ "order-refused", REFUSED, true },
		{ "invitation-made", INVITE, false },
		{ "application-verified", VERIFY, false },
		{ "application-approved", APPROVE, false },
		{ "application-rejected", REJECT, false },
		{ "login-failed", LOGIN, false },
	};
	const char *actor = entry_text(entry, "actor");
	const json_t *detail = json_object_get(entry, "detail");
	for (size_t i = 0; i < PKI_COUNT(kinds); i++)
		if (strcmp(type, kinds[i].type) == 0) {
			if (kinds[i].signers)
				return count_signers(o,
					json_object_get(detail, "officers"),
					kinds[i].what, err);
			return actor[0] != '\0' ? count(o, actor, kinds[i].what, err)
						: PKI_OK;
		}
	return PKI_OK;
}

static int
by_label(const void *x, const void *y)
{
	const struct officer *a = x, *b = y;
	return strverscmp(a->label, b->label);
}

enum pki_status
officers_end(struct officers *o, struct pki_err *err)
{
	if (o->count > 0)
		qsort(o->all, o->count, sizeof *o->all, by_label);
	for (size_t i = 0; i < o->count; i++) {
		struct grid_row *row;
		PKI_TRY(grid_row(
			&o->f->grids[GRID_OFFICERS], o->all[i].label, &row, err));
		memcpy(row->note, o->all[i].note, sizeof row->note);
		memcpy(row->name, o->all[i].name, sizeof row->name);
		memcpy(row->cells, o->all[i].cells, sizeof row->cells);
	}
	if (o->f->grids[GRID_OFFICERS].row_count > OFFICERS_MOST)
		grid_rank(&o->f->grids[GRID_OFFICERS], OFFICERS_MOST);
	grid_rank(&o->f->grids[GRID_PAIRS], PAIRS_MOST);
	return PKI_OK;
}
