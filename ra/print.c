#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ra/ra.h"

#define PER_PAGE 20
#define PER_PAGE_MAX 1000

void
ra_time_json(json_t *object, const char *name, pki_time t)
{
	char text[PKI_TIME_TEXT];
	pki_time_format(t, text);
	json_object_set_new(object, name, json_string(text));
}

void
ra_msec_json(json_t *object, const char *name, pki_msec t)
{
	char text[PKI_MSEC_TEXT];
	pki_msec_format(t, text);
	json_object_set_new(object, name, json_string(text));
}

const char *
ra_local(pki_time t, char out[RA_LOCAL])
{
	pki_time_format_local(t, out, RA_LOCAL);
	return out;
}

json_t *
ra_application_json(const struct ra_application *a)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "application", a->id, "state",
		ra_state_name(a->state), "kind", a->renewal ? "renewal" : "new", "holder",
		a->holder);
	if (a->order[0] != '\0')
		json_object_set_new(json, "order", json_string(a->order));
	if (a->verified_by[0] != '\0')
		json_object_set_new(json, "verified_by", json_string(a->verified_by));
	if (a->approved_by[0] != '\0')
		json_object_set_new(json, "approved_by", json_string(a->approved_by));
	ra_msec_json(json, "submitted", a->created);
	ra_msec_json(json, "changed", a->changed);
	return json;
}

void
ra_print(const struct ra *ra, json_t *json, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (ra->json)
		pki_cli_json(json, stdout);
	else
		vprintf(fmt, ap);
	va_end(ap);
	json_decref(json);
}

struct listing {
	struct ra *ra;
	struct pki_table *table;
	json_t *json;
};

static enum pki_status
add_row(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	struct listing *list = ctx;
	struct pki_err unheard = { 0 };
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	char name[RA_NAME_TEXT], submitted[RA_LOCAL], changed[RA_LOCAL];
	enum pki_status st = ra_record_load(list->ra->store, a, &record, &unheard);
	/* an erased person stays in the list, without a name */
	if (st == PKI_OK)
		ra_record_name(&record, name);
	else if (st == PKI_STATE)
		snprintf(name, sizeof name, "(erased)");
	else
		return pki_fail(err, st, "%s", unheard.msg);
	const char *cells[] = { a->id, ra_state_name(a->state),
		a->renewal ? "renewal" : "new", name,
		ra_local(a->created / 1000, submitted),
		ra_local(a->changed / 1000, changed) };
	PKI_TRY(pki_table_add(list->table, cells, err));
	json_t *json = ra_application_json(a);
	json_object_set_new(json, "name", json_string(name));
	json_object_set_new(json, "erased", json_boolean(st == PKI_STATE));
	json_array_append_new(list->json, json);
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

static void
print_page(const struct listing *list, const char *title, uint64_t total, long page,
	long pages)
{
	if (list->ra->json) {
		json_t *json = json_pack("{s:I, s:I, s:I, s:O}", "page", (json_int_t)page,
			"pages", (json_int_t)pages, "total", (json_int_t)total,
			"applications", list->json);
		pki_cli_json(json, stdout);
		json_decref(json);
		return;
	}
	if (json_array_size(list->json) != 0)
		pki_table_print(list->table, stdout);
	printf("page %ld of %ld, %" PRIu64 " %s%s\n", page, pages, total, title,
		total == 1 ? "" : "s");
	if (page < pages)
		printf("next: --page %ld\n", page + 1);
}

enum pki_status
ra_print_list(struct ra *ra, const struct pki_args *args, const char *title,
	struct ra_filter *filter, struct pki_err *err)
{
	static const char *const headings[] = { "APPLICATION", "STATE", "KIND", "NAME",
		"SUBMITTED", "CHANGED" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *json = json_array();
	struct listing list = { ra, NULL, json };
	long page = 1, per_page = PER_PAGE;
	uint64_t total = 0;
	PKI_TRY(number(args, "page", LONG_MAX / PER_PAGE_MAX, &page, err));
	PKI_TRY(number(args, "per-page", PER_PAGE_MAX, &per_page, err));
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	list.table = table;
	filter->offset = (page - 1) * per_page;
	filter->limit = per_page;
	PKI_TRY(ra_store_each(ra->store, filter, add_row, &list, &total, err));
	long pages = total == 0 ? 1 : (long)((total - 1) / (uint64_t)per_page) + 1;
	if (page > pages)
		return pki_fail(err, PKI_USAGE, "--page: there are %ld pages", pages);
	print_page(&list, title, total, page, pages);
	return PKI_OK;
}
