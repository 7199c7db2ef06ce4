/* Who did what: officers, pairs of four eyes. */
#include <stdio.h>
#include <string.h>

#include "tools/audit/report/figures.h"

#define PAIRS_MOST 20
/* Rows of officers beyond which a page has no place. */
#define OFFICERS_MOST 200

/* the columns of the grid of officers */
enum { ISSUE, RENEW, REVOKE, INVITE, REFUSED, VERIFY, APPROVE, REJECT, LOGIN };

struct officer {
	char serial[PKI_SERIAL_TEXT];
	char label[GRID_TEXT], note[2 * GRID_TEXT];
	int64_t cells[GRID_COLUMNS];
};

struct roster {
	struct audit *a;
	struct figures *f;
	struct officer *officers;
	size_t count;
};

enum pki_status
roster_new(struct audit *a, struct figures *f, struct roster **out, struct pki_err *err)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return pki_fail(err, PKI_MEMORY, "officers");
	**out = (struct roster){ .a = a, .f = f };
	return PKI_OK;
}

void
roster_cleanup(struct roster **roster)
{
	if (*roster == NULL)
		return;
	free((*roster)->officers);
	free(*roster);
}

/* "registration 2" for the second certificate of "officer-registration" */
static void
name_officer(const struct roster *r, const char *profile, char out[GRID_TEXT])
{
	const char *dash = strchr(profile, '-');
	const char *role = dash != NULL ? dash + 1 : profile;
	size_t len = strlen(role), number = 1;
	for (size_t i = 0; i < r->count; i++)
		number += strncmp(r->officers[i].label, role, len) == 0 &&
			  r->officers[i].label[len] == ' ';
	snprintf(out, GRID_TEXT, "%.40s %zu", role, number);
}

/* NULL: out of memory, as err says. */
static struct officer *
add(struct roster *r, const char *serial, const char *profile, const char *state,
	struct pki_err *err)
{
	struct officer *grown = reallocarray(r->officers, r->count + 1, sizeof *grown);
	if (grown == NULL) {
		(void)pki_fail(err, PKI_MEMORY, "officers");
		return NULL;
	}
	r->officers = grown;
	struct officer *officer = &grown[r->count];
	*officer = (struct officer){ 0 };
	snprintf(officer->serial, PKI_SERIAL_TEXT, "%s", serial);
	snprintf(officer->note, sizeof officer->note, "%s%s%s", serial,
		state[0] != '\0' ? ", " : "", state);
	name_officer(r, profile, officer->label);
	r->count++;
	return officer;
}

enum pki_status
roster_certificate(struct roster *r, const struct pki_cert_row *row, struct pki_err *err)
{
	char serial[PKI_SERIAL_TEXT], day[PKI_TIME_TEXT], state[40] = "";
	if (strncmp(row->profile, "officer-", 8) != 0 &&
		strncmp(row->profile, "service-", 8) != 0)
		return PKI_OK;
	if (row->revoked && row->revoked_at <= r->f->to) {
		pki_time_format(row->revoked_at / 1000, day);
		snprintf(state, sizeof state, "revoked %.10s", day);
	} else if (row->not_after < r->f->to / 1000) {
		pki_time_format(row->not_after, day);
		snprintf(state, sizeof state, "ended %.10s", day);
	}
	pki_serial_text(&row->serial, serial);
	return add(r, serial, row->profile, state, err) != NULL ? PKI_OK : err->status;
}

static struct officer *
find(struct roster *r, const char *serial, struct pki_err *err)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->officers[i].serial, serial) == 0)
			return &r->officers[i];
	return add(r, serial, "unknown", "not a known officer", err);
}

static enum pki_status
count(struct roster *r, const char *serial, int what, struct pki_err *err)
{
	struct officer *officer = find(r, serial, err);
	if (officer == NULL)
		return err->status;
	officer->cells[what]++;
	return PKI_OK;
}

/* Two signatures on one order, in whatever order the signers stand; all are known by now.
 */
static enum pki_status
count_pairs(struct roster *r, const json_t *signers, struct pki_err *err)
{
	size_t n = json_array_size(signers);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			struct grid_row *row;
			char label[GRID_TEXT];
			const struct officer *x = find(
				r, json_string_value(json_array_get(signers, i)), err);
			const struct officer *y = find(
				r, json_string_value(json_array_get(signers, j)), err);
			if (x == NULL || y == NULL)
				return err->status;
			snprintf(label, sizeof label, "%.28s + %.28s",
				x < y ? x->label : y->label, x < y ? y->label : x->label);
			PKI_TRY(grid_row(&r->f->grids[GRID_PAIRS], label, &row, err));
			row->cells[0]++;
		}
	return PKI_OK;
}

static enum pki_status
count_signers(struct roster *r, const json_t *signers, int what, struct pki_err *err)
{
	size_t i;
	json_t *serial;
	json_array_foreach ((json_t *)(uintptr_t)signers, i, serial)
		if (!json_is_string(serial))
			return PKI_OK; /* verify finds it */
	json_array_foreach ((json_t *)(uintptr_t)signers, i, serial)
		PKI_TRY(count(r, json_string_value(serial), what, err));
	return what == ISSUE || what == RENEW ? count_pairs(r, signers, err) : PKI_OK;
}

enum pki_status
roster_entry(struct roster *r, const char *type, const json_t *entry, struct pki_err *err)
{
	static const struct {
		const char *type;
		int what;
		bool signers; /* of an order; else the actor */
	} kinds[] = {
		{ "certificate-issued", ISSUE, true },
		{ "certificate-renewed", RENEW, true },
		{ "certificate-revoked", REVOKE, true },
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
				return count_signers(r,
					json_object_get(detail, "officers"),
					kinds[i].what, err);
			return actor[0] != '\0' ? count(r, actor, kinds[i].what, err)
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
roster_end(struct roster *r, struct pki_err *err)
{
	if (r->count > 0)
		qsort(r->officers, r->count, sizeof *r->officers, by_label);
	for (size_t i = 0; i < r->count; i++) {
		struct grid_row *row;
		PKI_TRY(grid_row(
			&r->f->grids[GRID_OFFICERS], r->officers[i].label, &row, err));
		memcpy(row->note, r->officers[i].note, sizeof row->note);
		memcpy(row->cells, r->officers[i].cells, sizeof row->cells);
	}
	if (r->f->grids[GRID_OFFICERS].row_count > OFFICERS_MOST)
		grid_rank(&r->f->grids[GRID_OFFICERS], OFFICERS_MOST);
	grid_rank(&r->f->grids[GRID_PAIRS], PAIRS_MOST);
	return PKI_OK;
}
