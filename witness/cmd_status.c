#include <stdio.h>
#include <string.h>

#include "witness/cmd.h"
#include "witness/state.h"

static bool
seen_before(const struct witness_conf *conf, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(conf->logs[j].origin, conf->logs[i].origin) == 0)
			return true;
	return false;
}

static enum pki_status
describe_log(const struct witness *witness, const char *origin, struct pki_json *logs,
	struct pki_err *err)
{
	struct pki_checkpoint cp;
	pki_time at = 0;
	PKI_CLEANUP(pki_json_free) struct pki_json log = pki_json_object();
	PKI_TRY(state_latest(witness, origin, &cp, &at, err));
	pki_json_text(&log, "origin", origin);
	pki_json_number(&log, "size", (int64_t)cp.size);
	if (at != 0)
		pki_json_time(&log, "cosigned", at);
	else
		pki_json_null(&log, "cosigned");
	pki_json_bool(&log, "forked", state_forked(witness->conf, origin));
	pki_json_append(logs, &log);
	return PKI_OK;
}

/* {"vkey", "logs": [{"origin", "size", "cosigned", "forked"}]}; cosigned null: none yet */
static enum pki_status
describe(const struct witness *witness, json_t **out, struct pki_err *err)
{
	const struct witness_conf *conf = witness->conf;
	PKI_CLEANUP(pki_json_free) struct pki_json all = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json logs = pki_json_array();
	for (size_t i = 0; i < conf->log_count; i++)
		if (!seen_before(conf, i))
			PKI_TRY(describe_log(witness, conf->logs[i].origin, &logs, err));
	pki_json_text(&all, "vkey", (const char *)witness->vkey.data);
	pki_json_nest(&all, "logs", &logs);
	return pki_json_take(&all, out, err);
}

static enum pki_status
print_logs(const json_t *logs, struct pki_err *err)
{
	static const char *const headings[] = { "LOG", "ENTRIES", "COSIGNED", "" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	for (size_t i = 0; i < json_array_size(logs); i++) {
		const json_t *log = json_array_get(logs, i);
		char size[24];
		snprintf(size, sizeof size, "%" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(log, "size")));
		const char *cells[] = { json_string_value(json_object_get(log, "origin")),
			size, json_string_value(json_object_get(log, "cosigned")),
			json_is_true(json_object_get(log, "forked"))
				? "signed two trees of one size"
				: "" };
		PKI_TRY(pki_table_add(table, cells, err));
	}
	pki_table_print(table, stdout);
	return PKI_OK;
}

enum pki_status
witness_cmd_status(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(pki_free_ptr) struct witness_conf *conf = calloc(1, sizeof *conf);
	PKI_CLEANUP(state_close) struct witness witness = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	if (conf == NULL)
		return pki_fail(err, PKI_MEMORY, "configuration");
	PKI_TRY(witness_conf_load(pki_arg(args, "config"), conf, err));
	PKI_TRY(state_read(conf, &witness, err));
	PKI_TRY(describe(&witness, &json, err));
	if (pki_arg_flag(args, "json"))
		return pki_cli_json(json, stdout, err);
	printf("%s\n", (const char *)witness.vkey.data);
	return print_logs(json_object_get(json, "logs"), err);
}
