#include "ra/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ra/store/record.h"

#define PER_PAGE 20
#define PER_PAGE_MAX 1000

const char *
ra_print_local(pki_time t, char out[RA_LOCAL])
{
	pki_time_format_local(t, out, RA_LOCAL);
	return out;
}

struct pki_json
ra_print_object(const struct ra_application *a)
{
	struct pki_json json = pki_json_object();
	pki_json_text(&json, "application", a->id);
	pki_json_text(&json, "state", ra_state_name(a->state));
	pki_json_text(&json, "kind", a->renewal ? "renewal" : "new");
	pki_json_text(&json, "holder", a->holder);
	pki_json_text_if(&json, "order", a->order);
	pki_json_text_if(&json, "verified_by", a->verified_by);
	pki_json_text_if(&json, "approved_by", a->approved_by);
	pki_json_msec(&json, "submitted", a->created);
	pki_json_msec(&json, "changed", a->changed);
	return json;
}

enum pki_status
ra_print_result(const struct ra *ra, struct pki_json *json, struct pki_err *err,
	const char *fmt, ...)
{
	va_list ap;
	if (ra->json)
		return pki_json_print(json, stdout, err);
	pki_json_free(json);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	return PKI_OK;
}

struct listing {
	struct ra *ra;
	struct pki_table *table;
	struct pki_json json;
	long page, per_page, pages;
	uint64_t total;
};

static enum pki_status
add_row(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	struct listing *list = ctx;
	struct pki_err own = { 0 };
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json json = ra_print_object(a);
	char name[RA_NAME_TEXT], submitted[RA_LOCAL], changed[RA_LOCAL];
	enum pki_status status = ra_record_load(list->ra->store, a, &record, &own);
	/* an erased person stays in the list, without a name */
	if (status == PKI_OK)
		ra_record_name(&record, name);
	else if (status == PKI_STATE)
		snprintf(name, sizeof name, "(erased)");
	else
		return pki_err_move(err, &own);
	const char *cells[] = { a->id, ra_state_name(a->state),
		a->renewal ? "renewal" : "new", name,
		ra_print_local(a->created / 1000, submitted),
		ra_print_local(a->changed / 1000, changed) };
	PKI_TRY(pki_table_add(list->table, cells, err));
	pki_json_text(&json, "name", name);
	pki_json_bool(&json, "erased", status == PKI_STATE);
	pki_json_append(&list->json, &json);
	return PKI_OK;
}

static enum pki_status
number(const struct pki_args *args, const char *option, long max, long *out,
	struct pki_err *err)
{
	const char *text = pki_arg(args, option);
	char *end = NULL;
	if (text == NULL)
		return PKI_OK;
	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *out < 1 || *out > max)
		return pki_fail(
			err, PKI_USAGE, "--%s: not a number from 1 to %ld", option, max);
	return PKI_OK;
}

static enum pki_status
print_json(struct listing *list, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_number(&json, "page", list->page);
	pki_json_number(&json, "pages", list->pages);
	pki_json_number(&json, "total", (int64_t)list->total);
	pki_json_nest(&json, "applications", &list->json);
	return pki_json_print(&json, stdout, err);
}

static void
print_text(const struct listing *list)
{
	if (list->total != 0)
		pki_table_print(list->table, stdout);
	printf("page %ld of %ld, %" PRIu64 " application%s\n", list->page, list->pages,
		list->total, list->total == 1 ? "" : "s");
	if (list->page < list->pages)
		printf("next: --page %ld\n", list->page + 1);
}

static enum pki_status
list_page(struct listing *list, struct ra_filter *filter, struct pki_err *err)
{
	filter->offset = (list->page - 1) * list->per_page;
	filter->limit = list->per_page;
	PKI_TRY(ra_application_each(
		list->ra->store, filter, add_row, list, &list->total, err));
	if (list->total != 0)
		list->pages = (long)((list->total - 1) / (uint64_t)list->per_page) + 1;
	if (list->page > list->pages)
		return pki_fail(
			err, PKI_USAGE, "--page: there are %ld pages", list->pages);
	if (list->ra->json)
		return print_json(list, err);
	print_text(list);
	return PKI_OK;
}

enum pki_status
ra_print_list(struct ra *ra, const struct pki_args *args, struct ra_filter *filter,
	struct pki_err *err)
{
	static const char *const headings[] = { "APPLICATION", "STATE", "KIND", "NAME",
		"SUBMITTED", "CHANGED" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	struct listing list = { .ra = ra, .page = 1, .per_page = PER_PAGE, .pages = 1 };
	PKI_TRY(number(args, "page", LONG_MAX / PER_PAGE_MAX, &list.page, err));
	PKI_TRY(number(args, "per-page", PER_PAGE_MAX, &list.per_page, err));
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	list.table = table;
	list.json = pki_json_array();
	enum pki_status status = list_page(&list, filter, err);
	pki_json_free(&list.json);
	return status;
}
