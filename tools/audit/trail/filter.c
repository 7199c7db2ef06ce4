#include "tools/audit/trail/filter.h"

#include <string.h>

#include "libpki/state/log.h"
#include "tools/audit/entry.h"

/* For each option, the members of an entry and of its detail to look in (log(5)). */
static const struct filter_field {
	const char *option;
	const char *member;
	const char *detail[6];
} fields[FILTER_MATCHERS] = {
	{ "type", "type", { NULL } },
	{ "action", NULL, { "action" } },
	{ "holder", NULL, { "holder" } },
	{ "officer", "actor", { "officer", "officers" } },
	{ "order", NULL, { "order", "invitation" } },
	{ "serial", NULL, { "serial", "serials", "certificates", "root", "ca", "seal" } },
	{ "rule", NULL, { "rule" } },
};

/* The value is the text, or a list or object with the text at any depth. */
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
	const struct filter_field *field = matcher->field;
	const json_t *detail = json_object_get(entry, "detail");
	for (int v = 0; v < matcher->count; v++) {
		const char *text = matcher->values[v];
		if (field->member != NULL &&
			strcmp(entry_text(entry, field->member), text) == 0)
			return true;
		for (size_t i = 0; i < PKI_COUNT(field->detail); i++)
			if (field->detail[i] != NULL &&
				holds(json_object_get(detail, field->detail[i]), text))
				return true;
	}
	return false;
}

static pki_msec
time_of(const json_t *entry)
{
	pki_msec at = 0;
	(void)!pki_msec_parse(entry_text(entry, "at"), &at, NULL);
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

/* A misspelt word is refused, because no entry would ever match it. */
static enum pki_status
check_value(struct filter_matcher *matcher, int i, struct pki_err *err)
{
	const char *option = matcher->field->option, *value = matcher->values[i];
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
	if (pki_serial_read(value, &serial, NULL) != PKI_OK)
		return pki_fail(err, PKI_USAGE,
			"--%s %.48s: a certificate's serial number in hexadecimal",
			option, value);
	pki_serial_text(&serial, matcher->serials[i]);
	matcher->values[i] = matcher->serials[i];
	return PKI_OK;
}

/* "24h": 24 hours ago. A day: its first millisecond, or its last for the end of a range. */
static enum pki_status
parse_time(const struct pki_args *args, const char *option, bool end, pki_msec *out,
	struct pki_err *err)
{
	const char *text = pki_arg(args, option);
	int64_t ago = 0;
	if (text == NULL)
		return PKI_OK;
	if (pki_duration_parse(text, &ago, NULL) == PKI_OK) {
		*out = pki_msec_now() - ago * 1000;
		return PKI_OK;
	}
	if (pki_msec_parse(text, out, NULL) != PKI_OK)
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
		matcher->field = &fields[i];
		matcher->count = pki_arg_count(args, fields[i].option);
		out->count += matcher->count > 0;
		for (int v = 0; v < matcher->count; v++) {
			matcher->values[v] = pki_arg_at(args, fields[i].option, v);
			PKI_TRY(check_value(matcher, v, err));
		}
	}
	PKI_TRY(parse_time(args, "since", false, &out->since, err));
	PKI_TRY(parse_time(args, "until", true, &out->until, err));
	if (out->since > out->until)
		return pki_fail(err, PKI_USAGE, "--until is before --since");
	return PKI_OK;
}
