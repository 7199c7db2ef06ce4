#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/ceremony/ceremony_make.h"
#include "ca/ceremony/ceremony_record.h"
#include "ca/ceremony/ceremony_report.h"
#include "ca/ceremony/ceremony_script.h"
#include "ca/commands.h"
#include "ca/custody.h"
#include "ca/quorum.h"
#include "libpki/base/file.h"
#include "libpki/cms/cms.h"
#include "libpki/host/conf_ca.h"
#include "libpki/state/log.h"

#define FILES_MAX (CEREMONY_OFFICERS_MAX + 24)

/* The files of this ceremony, which are removed if the ceremony fails. */
struct made {
	char paths[FILES_MAX][PATH_MAX];
	size_t count;
};

static struct made made;

static void
remember(const char *path)
{
	snprintf(made.paths[made.count++], PATH_MAX, "%s", path);
}

static void
remove_made(void)
{
	while (made.count > 0)
		if (unlink(made.paths[--made.count]) != 0 &&
			pki_file_exists(made.paths[made.count]))
			fprintf(stderr,
				"pki-ca: remove %s by hand before you try again\n",
				made.paths[made.count]);
}

static const char *
file_of(const char *uri)
{
	return strncmp(uri, "file:", 5) == 0 ? uri + 5 : uri;
}

static enum pki_status
refuse_existing(const char *path, struct pki_err *err)
{
	if (pki_file_exists(path))
		return pki_fail(err, PKI_STATE,
			"%s is there already: a ceremony overwrites nothing", path);
	return PKI_OK;
}

static enum pki_status
write_file(const char *dir, const char *name, struct pki_bytes data, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(dir, name, path, err));
	PKI_TRY(pki_file_create(path, data.data, data.len, 0644, err));
	remember(path);
	return PKI_OK;
}

static const char *const published[] = { "root.pem", "root.crt", "root.crl", "ca.pem",
	"ca.crt", "ca.crl", "seal.pem", "log/vkey", "log/checkpoint" };

static enum pki_status
check_untouched(const struct pki_conf *conf, struct pki_err *err)
{
	const char *keys[] = { conf->ca->root_key, conf->ca->ca_key, conf->ca->seal_key,
		conf->ca->log_key };
	char path[PATH_MAX];
	for (size_t i = 0; i < PKI_COUNT(keys); i++)
		PKI_TRY(refuse_existing(file_of(keys[i]), err));
	PKI_TRY(pki_conf_path(conf->state, "ledger.db", path, err));
	PKI_TRY(refuse_existing(path, err));
	for (size_t i = 0; i < PKI_COUNT(published); i++) {
		PKI_TRY(pki_conf_path(conf->publish, published[i], path, err));
		PKI_TRY(refuse_existing(path, err));
	}
	return PKI_OK;
}

static enum pki_status
make_folders(const struct pki_conf *conf, const char *out, struct pki_err *err)
{
	const char *keys[] = { conf->ca->root_key, conf->ca->ca_key, conf->ca->seal_key,
		conf->ca->log_key };
	char path[PATH_MAX];
	PKI_TRY(pki_file_mkdirs(conf->state, 0750, err));
	PKI_TRY(pki_conf_path(conf->publish, "log", path, err));
	PKI_TRY(pki_file_mkdirs(path, 0755, err));
	for (size_t i = 0; i < PKI_COUNT(keys); i++) {
		snprintf(path, sizeof path, "%s", file_of(keys[i]));
		PKI_TRY(pki_file_mkdirs(dirname(path), 0700, err));
	}
	return pki_file_mkdirs(out, 0750, err);
}

static enum pki_status
seal_key(const struct pki_key *key, const char *uri, const struct pki_buf *secret,
	struct pki_err *err)
{
	PKI_TRY(pki_key_seal(key, uri, pki_buf_bytes(secret), err));
	remember(file_of(uri));
	return PKI_OK;
}

static enum pki_status
seal_keys(const struct ceremony *c, const struct pki_conf *conf,
	const struct pki_buf *secret, struct pki_err *err)
{
	PKI_TRY(seal_key(c->root.key, conf->ca->root_key, secret, err));
	PKI_TRY(seal_key(c->ca.key, conf->ca->ca_key, secret, err));
	PKI_TRY(seal_key(c->seal.key, conf->ca->seal_key, secret, err));
	return seal_key(c->log_key, conf->ca->log_key, secret, err);
}

static enum pki_status
write_pem(const char *dir, const char *name, const struct pki_cert *cert,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	PKI_TRY(pki_cert_pem(cert, &pem, err));
	return write_file(dir, name, pki_buf_bytes(&pem), err);
}

static enum pki_status
publish(struct ceremony *c, const struct pki_conf *conf, struct pki_err *err)
{
	const char *dir = conf->publish;
	PKI_TRY(write_pem(dir, "root.pem", c->root.cert, err));
	PKI_TRY(write_pem(dir, "ca.pem", c->ca.cert, err));
	PKI_TRY(write_pem(dir, "seal.pem", c->seal.cert, err));
	PKI_TRY(write_file(dir, "root.crt", pki_cert_get0_der(c->root.cert), err));
	PKI_TRY(write_file(dir, "ca.crt", pki_cert_get0_der(c->ca.cert), err));
	PKI_TRY(write_file(dir, "root.crl", pki_crl_get0_der(c->root.crl), err));
	PKI_TRY(write_file(dir, "ca.crl", pki_crl_get0_der(c->ca.crl), err));
	PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
	PKI_TRY(pki_buf_printf(&line, err, "%s\n", (const char *)c->vkey.data));
	return write_file(dir, "log/vkey", pki_buf_bytes(&line), err);
}

static enum pki_status
write_report(const struct ceremony *c, const struct pki_conf *conf, const char *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	char name[PKI_WORD_TEXT + 8];
	for (size_t i = 0; i < c->officer_count; i++) {
		snprintf(name, sizeof name, "%s.pem", c->officers[i].name);
		PKI_TRY(write_pem(out, name, c->officers[i].cert, err));
	}
	PKI_TRY(ceremony_report(c, conf, &json, &text, err));
	PKI_TRY(pki_cms_seal(
		pki_buf_bytes(&json), c->seal.key, c->seal.cert, c->ca.cert, &cms, err));
	PKI_TRY(write_file(out, "ceremony.p7s", pki_buf_bytes(&cms), err));
	return write_file(out, "ceremony.txt", pki_buf_bytes(&text), err);
}

/* The ledger comes last: the commit completes the ceremony. */
static enum pki_status
write_ledger(struct ceremony *c, const struct pki_conf *conf, struct pki_err *err)
{
	static const char *const parts[] = { "ledger.db", "ledger.db-wal",
		"ledger.db-shm" };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(conf->state, parts[0], path, err));
	enum pki_status status = pki_ledger_open(path, PKI_LEDGER_CREATE, &ledger, err);
	for (size_t i = 0; i < PKI_COUNT(parts) && status != PKI_STATE; i++) {
		PKI_TRY(pki_conf_path(conf->state, parts[i], path, err));
		remember(path);
	}
	PKI_TRY(status);
	PKI_TRY(ceremony_record(c, conf, ledger, err));
	made.count = 0;
	uint64_t size = 0;
	PKI_TRY(pki_conf_path(conf->publish, "log", path, err));
	return pki_log_publish(ledger, path, 0, &size, err);
}

static enum pki_status
hold(struct ceremony *c, const struct pki_conf *conf, const struct pki_policy *policy,
	const struct pki_args *args, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf secret = { 0 };
	const char *out = pki_arg(args, "out");
	PKI_TRY(check_untouched(conf, err));
	PKI_TRY(custody_secret(args, &secret, err));
	PKI_TRY(ceremony_make(c, conf, policy, err));
	PKI_TRY(make_folders(conf, out, err));
	PKI_TRY(seal_keys(c, conf, &secret, err));
	PKI_TRY(publish(c, conf, err));
	PKI_TRY(write_report(c, conf, out, err));
	return write_ledger(c, conf, err);
}

static enum pki_status
print_done(const struct ceremony *c, const struct pki_args *args, struct pki_err *err)
{
	struct pki_bytes der = pki_cert_get0_der(c->root.cert);
	char print[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(der.data, der.len, print, err));
	const char *out = pki_arg(args, "out");
	if (!pki_arg_flag(args, "json")) {
		printf("The ceremony is complete; %zu officers have their certificates.\n"
		       "root       SHA-256 %s\nlog        %s\nreport     %s/ceremony.txt, signed: %s/ceremony.p7s\nTake the root key offline now.\n",
			c->officer_count, print, (const char *)c->vkey.data, out, out);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_cleanup)
	json_t *json = json_pack("{s:s, s:s, s:I}", "root", print, "log_key",
		(const char *)c->vkey.data, "officers", (json_int_t)c->officer_count);
	return pki_cli_json(json, stdout, err);
}

enum pki_status
ca_cmd_init(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	static struct ceremony c;
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	if (pki_arg(args, "ceremony") == NULL || pki_arg(args, "out") == NULL)
		return pki_fail(
			err, PKI_USAGE, "--ceremony FILE and --out DIR are needed");
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
	PKI_TRY(pki_policy_load(conf->policy, &policy, err));
	PKI_TRY(pki_policy_check(policy, conf->policy, err));
	PKI_TRY(quorum_configured(conf, policy, err));
	enum pki_status status =
		ceremony_read(pki_arg(args, "ceremony"), policy, &c, err);
	if (status == PKI_OK)
		status = hold(&c, conf, policy, args, err);
	if (status != PKI_OK)
		remove_made();
	else
		status = print_done(&c, args, err);
	ceremony_free(&c);
	return status;
}
