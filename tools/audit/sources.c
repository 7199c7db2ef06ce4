#include "libpki/host/conf_log.h"
#include "tools/audit/audit.h"

#include <stdarg.h>
#include <string.h>

#include "libpki/base/file.h"

static enum pki_status
copy_path(const char *from, char out[PATH_MAX], struct pki_err *err)
{
	if (snprintf(out, PATH_MAX, "%s", from) >= PATH_MAX)
		return pki_fail(err, PKI_USAGE, "the path is too long");
	return PKI_OK;
}

static enum pki_status
add_witness(struct place *place, const char *vkey, struct pki_err *err)
{
	char name[PKI_ORIGIN_TEXT];
	char *out = place->witnesses[place->witness_count];
	if (snprintf(out, PKI_VKEY_TEXT, "%s", vkey) >= PKI_VKEY_TEXT)
		return pki_fail(err, PKI_CONFIG, "a witness's key is too long");
	PKI_TRY(pki_note_vkey_name(PKI_NOTE_WITNESS, out, name, err));
	place->witness_count++;
	return PKI_OK;
}

static enum pki_status
find_witnesses(const struct pki_args *args, struct place *place, struct pki_err *err)
{
	for (int i = 0; i < pki_arg_count(args, "witness"); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
		PKI_TRY(vkey_read(pki_arg_at(args, "witness", i), &vkey, err));
		PKI_TRY(add_witness(place, (const char *)vkey.data, err));
	}
	return PKI_OK;
}

static enum pki_status
from_config(const struct pki_conf *conf, struct place *out, struct pki_err *err)
{
	PKI_TRY(pki_conf_path(conf->state, "ledger.db", out->ledger, err));
	PKI_TRY(copy_path(conf->publish, out->publish, err));
	PKI_TRY(copy_path(conf->policy, out->policy, err));
	PKI_TRY(copy_path(conf->log->timestamp.certificates, out->tsa, err));
	out->stamp_every = conf->log->timestamp.every;
	for (size_t i = 0; i < conf->log->witness_count; i++)
		PKI_TRY(add_witness(out, conf->log->witnesses[i].vkey, err));
	return PKI_OK;
}

enum pki_status
place_find(const struct pki_args *args, struct place *out, struct pki_err *err)
{
	const char *ledger = pki_arg(args, "ledger"), *publish = pki_arg(args, "publish");
	const char *tsa = pki_arg(args, "tsa");
	bool policy = pki_arg_count(args, "policy") > 0;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	if (ledger == NULL || publish == NULL || !policy) {
		PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
		PKI_TRY(from_config(conf, out, err));
	}
	if (ledger != NULL)
		PKI_TRY(copy_path(ledger, out->ledger, err));
	if (publish != NULL)
		PKI_TRY(copy_path(publish, out->publish, err));
	if (policy)
		out->policy[0] = '\0';
	if (tsa != NULL)
		PKI_TRY(copy_path(tsa, out->tsa, err));
	return find_witnesses(args, out, err);
}

enum pki_status
ledger_open(const struct pki_args *args, struct pki_ledger **out, struct pki_err *err)
{
	const char *path = pki_arg(args, "ledger");
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	char configured[PATH_MAX];
	if (path == NULL) {
		PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
		PKI_TRY(pki_conf_path(conf->state, "ledger.db", configured, err));
		path = configured;
	}
	return pki_ledger_open(path, PKI_LEDGER_READ, out, err);
}

enum pki_status
vkey_read(const char *arg, struct pki_buf *out, struct pki_err *err)
{
	if (strchr(arg, '+') != NULL && !pki_file_exists(arg))
		return pki_buf_printf(out, err, "%s", arg);
	return pki_file_read(arg, PKI_FILE_MAX, out, err);
}

void
finding_add(struct audit *a, const char *object, struct pki_err *err)
{
	pki_err_object(err, "%s", object);
	findings_put(a->findings, &a->spot, err);
	*err = (struct pki_err){ 0 };
}

void
finding_rule(
	struct audit *a, const char *object, enum pki_rule rule, const char *fmt, ...)
{
	char text[512];
	struct pki_err err = { 0 };
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)pki_fail_rule(&err, PKI_TAMPERED, rule, "%s", text);
	finding_add(a, object, &err);
}

enum pki_status
period_add(struct audit *a, uint64_t entry, const char *digest, struct pki_err *err)
{
	if (a->period_count > 0 &&
		strcmp(a->periods[a->period_count - 1].digest, digest) == 0)
		return PKI_OK;
	struct period *grown =
		reallocarray(a->periods, a->period_count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "policies");
	a->periods = grown;
	struct period *period = &grown[a->period_count++];
	*period = (struct period){ .from = entry };
	snprintf(period->digest, sizeof period->digest, "%s", digest);
	for (size_t i = 0; i < a->policy_count; i++)
		if (strcmp(a->policies[i]->digest, digest) == 0)
			period->policy = a->policies[i];
	return PKI_OK;
}

const struct pki_policy *
policy_at(struct audit *a, uint64_t entry)
{
	if (a->period_count == 0)
		return a->policies[0];
	size_t i = a->period_count - 1;
	while (i > 0 && a->periods[i].from > entry)
		i--;
	struct period *period = &a->periods[i];
	if (period->policy == NULL && !atomic_exchange(&period->missed, true)) {
		char object[40];
		struct pki_err err = { 0 };
		snprintf(object, sizeof object, "log entry %ju", (uintmax_t)period->from);
		(void)pki_fail_rule(&err, PKI_NOTFOUND, PKI_RULE_LOG_EVENT,
			"the policy loaded then (SHA-256 %.16s...) is none of those given: what was ordered under it is not judged; name a copy of its folder by --policy, beside the others",
			period->digest);
		finding_add(a, object, &err);
	}
	return period->policy;
}

json_t *
entry_read(struct audit *a, uint64_t index)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	json_t *json = NULL;
	if (pki_ledger_entry(a->ledger, index, &text, &err) != PKI_OK ||
		pki_json_parse(pki_buf_bytes(&text), &json, &err) != PKI_OK)
		return NULL;
	return json;
}

const char *
entry_text(const json_t *entry, const char *name)
{
	const char *text = json_string_value(json_object_get(entry, name));
	return text != NULL ? text : "";
}

bool
list_holds(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *member = json_string_value(json_array_get(list, i));
		if (member != NULL && strcmp(member, text) == 0)
			return true;
	}
	return false;
}
