#include "tools/audit/trail/filter.h"

#include <string.h>

/* Where log(5) has each option's value: a member of the entry, members of its detail. */
static const struct filter_place {
	const char *option;
	const char *member;
	const char *detail[6];
} places[FILTER_MATCHERS] = {
	{ "type", "type", { NULL } },
	{ "action", NULL, { "action" } },
	{ "holder", NULL, { "holder" } },
	{ "officer", "actor", { "officer", "officers" } },
	{ "order", NULL, { "order", "invitation" } },
	{ "serial", NULL, { "serial", "serials", "certificates", "root", "ca", "seal" } },
	{ "rule", NULL, { "rule" } },
};

/* The text itself, or a list or object with it in some place. */
static bool
holds(const json_t *value, const char *text)
{
	const char *key;
	json_t *member;
	if (json_is_string(value))
		return strcmp(json_string_value(value), text) == 0;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (holds(json_array_get(value, i), text))
			return true;
	/* jansson's iterator takes no const */
	json_object_foreach ((json_t *)(uintptr_t)value, key, member)
		if (holds(member, text))
			return true;
	return false;
}

static bool
matches(const struct filter_matcher *matcher, const json_t *entry)
{
	const struct filter_place *place = matcher->place;
	const json_t *detail = json_object_get(entry, "detail");
	for (int v = 0; v < matcher->count; v++) {
		const char *text = matcher->values[v];
		if (place->member != NULL &&
			strcmp(entry_text(entry, place->member), text) == 0)
			return true;
		for (size_t i = 0; i < PKI_COUNT(place->detail); i++)
			if (place->detail[i] != NULL &&
				holds(json_object_get(detail, place->detail[i]), text))
				return true;
	}
	return false;
}

static pki_msec
time_of(const json_t *entry)
{
	struct pki_err ignored = { 0 };
	pki_msec at = 0;
	(void)!pki_msec_parse(entry_text(entry, "at"), &at, &ignored);
	return at;
}

bool
filter_wants(const struct filter *filter, const json_t *entry)
{
	pki_msec at = time_of(entry);
	for (size_t i = 0; i < filter->count; i++)
		if (!matches(&filter->matchers[i], entry))
			return false;
	return at >= filter->since && at <= filter->until;
}

bool
filter_too_old(const struct filter *filter, const json_t *entry)
{
	return time_of(entry) < filter->since;
}

/* A word that is misspelt would match nothing, for ever. */
static enum pki_status
check_value(struct filter_matcher *matcher, int i, struct pki_err *err)
{
	const char *option = matcher->place->option, *value = matcher->values[i];
	enum pki_action action;
	struct pki_serial serial;
	if (strcmp(option, "type") == 0 && !pki_event_known(value))
		return pki_fail(
			err, PKI_USAGE, "--type %s: see log(5) for the types", value);
	if (strcmp(option, "action") == 0 && !pki_action_by_name(value, &action))
		return pki_fail(
			err, PKI_USAGE, "--action %s: issue, renew or revoke", value);
	if (strcmp(option, "rule") == 0 && pki_rule_by_name(value) == PKI_RULE_NONE)
		return pki_fail(err, PKI_USAGE,
			"--rule %s: a rule's name, as refusals give it", value);
	if (strcmp(option, "holder") == 0 && !pki_id_valid(value, 'H'))
		return pki_fail(err, PKI_USAGE, "--holder %s: H- and 32 digits", value);
	if (strcmp(option, "order") == 0 && !pki_id_valid(value, 'O') &&
		!pki_id_valid(value, 'I'))
		return pki_fail(err, PKI_USAGE, "--order %s: O- and 32 digits", value);
	if (strcmp(option, "serial") != 0 && strcmp(option, "officer") != 0)
		return PKI_OK;
	if (pki_serial_parse(value, &serial, err) != PKI_OK) {
		*err = (struct pki_err){ 0 };
		return pki_fail(err, PKI_USAGE,
			"--%s %.48s: a certificate's serial number in hexadecimal",
			option, value);
	}
	pki_serial_text(&serial, matcher->serials[i]);
	matcher->values[i] = matcher->serials[i];
	return PKI_OK;
}

/* "24h": so long ago; a day's name: its first millisecond, or as an end its last. */
static enum pki_status
parse_time(const struct pki_args *args, const char *option, bool end, pki_msec *out,
	struct pki_err *err)
{
	const char *text = pki_arg(args, option);
	struct pki_err why = { 0 };
	int64_t ago = 0;
	if (text == NULL)
		return PKI_OK;
	if (pki_duration_parse(text, &ago, &why) == PKI_OK) {
		*out = pki_msec_now() - ago * 1000;
		return PKI_OK;
	}
	why = (struct pki_err){ 0 };
	if (pki_msec_parse(text, out, &why) != PKI_OK)
		return pki_fail(err, PKI_USAGE,
			"--%s %s: a time as 2026-11-22T13:03:00Z, a day as 2026-11-22, or how long ago as 90d, 24h, 30m, 45s",
			option, text);
	if (end && strchr(text, 'T') == NULL)
		*out += PKI_DAY * 1000 - 1;
	else if (end && strchr(text, '.') == NULL)
		*out += 999;
	return PKI_OK;
}

enum pki_status
filter_parse(const struct pki_args *args, struct filter *out, struct pki_err *err)
{
	*out = (struct filter){ .since = INT64_MIN, .until = INT64_MAX };
	for (size_t i = 0; i < FILTER_MATCHERS; i++) {
		struct filter_matcher *matcher = &out->matchers[out->count];
		matcher->place = &places[i];
		matcher->count = pki_arg_count(args, places[i].option);
		out->count += matcher->count > 0;
		for (int v = 0; v < matcher->count; v++) {
			matcher->values[v] = pki_arg_at(args, places[i].option, v);
			PKI_TRY(check_value(matcher, v, err));
		}
	}
	PKI_TRY(parse_time(args, "since", false, &out->since, err));
	PKI_TRY(parse_time(args, "until", true, &out->until, err));
	if (out->since > out->until)
		return pki_fail(err, PKI_USAGE, "--until is before --since");
	return PKI_OK;
}
