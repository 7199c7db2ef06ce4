#include "witness/conf.h"

#include <stdio.h>
#include <string.h>

#include "libpki/host/conf_read.h"

#define DEFAULT_PATH "/etc/pki/pki-witness.yaml"

enum pki_status
witness_conf_path(const struct witness_conf *conf, const char *name, char out[PATH_MAX],
	struct pki_err *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s", conf->state, name) >= PATH_MAX)
		return pki_fail(
			err, PKI_CONFIG, "the path of the state folder is too long");
	return PKI_OK;
}

static enum pki_status
load_name(struct pki_yaml *root, struct witness_conf *out, struct pki_err *err)
{
	PKI_TRY(pki_conf_text(root, "name", out->name, sizeof out->name, err));
	for (const char *p = out->name; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '+')
			return pki_yaml_fail(pki_yaml_get(root, "name"), err,
				"name: letters, digits and marks of ASCII, without space or +");
	return PKI_OK;
}

static enum pki_status
load_logs(struct pki_yaml *root, struct witness_conf *out, struct pki_err *err)
{
	struct pki_yaml *list;
	PKI_TRY(pki_yaml_need(root, "logs", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) > WITNESS_LOGS_MAX)
		return pki_yaml_fail(
			list, err, "logs: at most %d keys", WITNESS_LOGS_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		struct witness_log *log = &out->logs[out->log_count++];
		struct pki_err own = { 0 };
		PKI_TRY(pki_yaml_string(node, log->vkey, sizeof log->vkey, err));
		if (pki_note_vkey_name(PKI_NOTE_LOG, log->vkey, log->origin, &own) !=
			PKI_OK)
			return pki_yaml_fail(node, err, "%s", own.msg);
		for (size_t j = 0; j + 1 < out->log_count; j++)
			if (strcmp(out->logs[j].vkey, log->vkey) == 0)
				return pki_yaml_fail(
					node, err, "logs: %s is there twice", log->vkey);
	}
	return PKI_OK;
}

enum pki_status
witness_conf_load(const char *path, struct witness_conf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	char dir[PATH_MAX];
	path = pki_conf_find(path, DEFAULT_PATH);
	*out = (struct witness_conf){ 0 };
	PKI_TRY(pki_yaml_read(path, &root, err));
	PKI_TRY(pki_conf_folder(path, dir, err));
	PKI_TRY(pki_yaml_expect_map(root, err));
	PKI_TRY(load_name(root, out, err));
	PKI_TRY(pki_conf_path_in(root, "state", dir, out->state, err));
	PKI_TRY(witness_conf_path(out, "key.pem", out->key, err));
	PKI_TRY(pki_conf_text(root, "listen", out->listen, sizeof out->listen, err));
	PKI_TRY(pki_yaml_string(
		pki_yaml_get(root, "monitor"), out->monitor, sizeof out->monitor, err));
	PKI_TRY(load_logs(root, out, err));
	return pki_yaml_done(root, err);
}
