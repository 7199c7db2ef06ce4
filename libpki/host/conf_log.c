#include "libpki/host/conf_log.h"

#include <stdio.h>
#include <string.h>

#include "libpki/host/conf_priv.h"

/* A witness or a time-stamping authority; with TLS or without. */
static enum pki_status
need_server(struct pki_yaml *map, char out[PKI_URL_TEXT], struct pki_err *err)
{
	struct pki_yaml *url;
	PKI_TRY(pki_yaml_need(map, "url", &url, err));
	PKI_TRY(pki_yaml_string(url, out, PKI_URL_TEXT, err));
	if (conf_is_base_url(out, "http://") || conf_is_base_url(out, "https://"))
		return PKI_OK;
	return pki_yaml_fail(url, err,
		"url: a URL of the form http://HOST[:PORT][/PATH] in ASCII is needed, or https");
}

static enum pki_status
load_timestamp(struct pki_yaml *map, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_timestamp *out = &whole->log.timestamp;
	struct pki_yaml *every = pki_yaml_get(map, "every");
	out->certificates = "";
	if (map == NULL)
		return PKI_OK;
	PKI_TRY(pki_yaml_expect_map(map, err));
	PKI_TRY(need_server(map, out->url, err));
	PKI_TRY(conf_need_path(whole, map, "certificates", &out->certificates, err));
	out->every = PKI_STAMP_EVERY;
	return pki_yaml_duration(every, &out->every, err);
}

static enum pki_status
load_witness(struct pki_yaml *node, struct pki_witness *out, struct pki_err *err)
{
	struct pki_yaml *vkey;
	struct pki_err own = { 0 };
	PKI_TRY(need_server(node, out->url, err));
	for (size_t len = strlen(out->url); out->url[len - 1] == '/'; len--)
		out->url[len - 1] = '\0';
	PKI_TRY(pki_yaml_need(node, "vkey", &vkey, err));
	PKI_TRY(pki_yaml_string(vkey, out->vkey, sizeof out->vkey, err));
	if (pki_note_vkey_name(PKI_NOTE_WITNESS, out->vkey, out->name, &own) != PKI_OK)
		return pki_yaml_fail(vkey, err, "%s", own.msg);
	return PKI_OK;
}

/* Behind NAME+HASH+ */
static const char *
witness_key(const struct pki_witness *witness)
{
	return witness->vkey + strlen(witness->name) + sizeof "+01234567+" - 1;
}

static enum pki_status
load_witnesses(struct pki_yaml *list, struct pki_conf_log *out, struct pki_err *err)
{
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) > PKI_WITNESSES_MAX)
		return pki_yaml_fail(
			list, err, "witnesses: at most %d", PKI_WITNESSES_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		PKI_TRY(load_witness(node, &out->witnesses[i], err));
		for (size_t j = 0; j < i; j++)
			if (strcmp(witness_key(&out->witnesses[j]),
				    witness_key(&out->witnesses[i])) == 0)
				return pki_yaml_fail(node, err,
					"witnesses: the key of %s is there twice",
					out->witnesses[i].name);
		out->witness_count++;
	}
	return PKI_OK;
}

/* C2SP signed-note: a key's name, which the origin is, holds neither space nor "+". */
enum pki_status
conf_load_log(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_yaml *log;
	struct pki_conf_log *out = &whole->log;
	whole->conf.log = out;
	PKI_TRY(pki_yaml_need(root, "log", &log, err));
	PKI_TRY(pki_conf_text(log, "origin", out->origin, sizeof out->origin, err));
	for (const char *p = out->origin; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '+')
			return conf_fail_rule(pki_yaml_get(log, "origin"),
				PKI_RULE_LOG_NOTE,
				"origin: letters, digits and marks of ASCII, without space or +",
				err);
	PKI_TRY(load_timestamp(pki_yaml_get(log, "timestamp"), whole, err));
	return load_witnesses(pki_yaml_get(log, "witnesses"), out, err);
}

/* By the key's identifier: names hold anything. */
enum pki_status
pki_conf_witness_path(const struct pki_conf *conf, size_t witness, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[sizeof "witness/01234567"];
	const struct pki_witness *w = &conf->log->witnesses[witness];
	snprintf(name, sizeof name, "witness/%.8s", w->vkey + strlen(w->name) + 1);
	return pki_conf_path(conf->publish, name, out, err);
}
