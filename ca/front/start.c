#include "ca/front/start.h"

#include <string.h>

#include "ca/front/restore.h"
#include "ca/ipc.h"
#include "libpki/base/file.h"
#include "libpki/state/log.h"
#include "libpki/tlog/note.h"

static enum pki_status
check_partitions(
	const struct pki_conf *conf, struct pki_ledger *ledger, struct pki_err *err)
{
	const struct pki_urls *urls = &conf->ca_urls;
	struct pki_urls known;
	PKI_TRY(pki_ledger_partitions(ledger, PKI_ISSUER_CA, &known, err));
	if (known.partitions == 0)
		return PKI_OK;
	if (urls->partitions != known.partitions)
		return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_CRL_PARTITION,
			"crl.partitions is %u; certificates name %u lists for as long as the CA's key lives: set it to %u",
			urls->partitions, known.partitions, known.partitions);
	if (strcmp(urls->crl_base, known.crl_base) != 0)
		return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_CRL_PARTITION,
			"urls.repository gives lists at %s; certificates name %s for as long as the CA's key lives",
			urls->crl_base, known.crl_base);
	return PKI_OK;
}

enum pki_status
start_ledger(
	const struct pki_conf *conf, const struct pki_policy *policy, struct pki_err *err)
{
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(conf->state, "ledger.db", path, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_WRITE, &ledger, err));
	PKI_TRY(pki_ledger_quick_check(ledger, err));
	PKI_TRY(restore_certificates(conf, policy, ledger, err));
	return check_partitions(conf, ledger, err);
}

/* A file that is not a CRL of this CA proves nothing; pki-crl replaces the file. */
static enum pki_status
check_crl(struct pki_ledger *ledger, int issuer, const struct pki_cert *cert,
	const struct pki_buf *der, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	if (pki_crl_parse(pki_buf_bytes(der), &crl, NULL) != PKI_OK ||
		pki_crl_verify(crl, cert, NULL) != PKI_OK)
		return PKI_OK;
	uint64_t number = pki_crl_number(crl);
	bool found = false;
	PKI_TRY(pki_ledger_crl(ledger, issuer, number, &row, &found, err));
	if (found && row.der.len == der->len &&
		memcmp(row.der.data, der->data, der->len) == 0)
		return PKI_OK;
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
		"the ledger does not know the published CRL, number %llu: the ledger is older than what it published; restore a newer one",
		(unsigned long long)number);
}

static enum pki_status
check_file(const struct pki_conf *conf, struct pki_ledger *ledger, int issuer,
	const struct pki_cert *cert, const char *name, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(conf->publish, name, path, err));
	if (!pki_file_exists(path))
		return PKI_OK;
	PKI_TRY(pki_file_read(path, IPC_REPLY_MAX, &der, err));
	enum pki_status status = check_crl(ledger, issuer, cert, &der, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", name);
	return status;
}

enum pki_status
start_check_crls(
	const struct pki_conf *conf, struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *root = NULL;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *ca = NULL;
	PKI_TRY(pki_ledger_issuer(ledger, PKI_ISSUER_ROOT, &root, err));
	PKI_TRY(pki_ledger_issuer(ledger, PKI_ISSUER_CA, &ca, err));
	PKI_TRY(check_file(conf, ledger, PKI_ISSUER_ROOT, root, "root.crl", err));
	for (unsigned k = 0; k <= conf->ca_urls.partitions; k++) {
		char name[PKI_CRL_FILE];
		pki_crl_file(k, name);
		PKI_TRY(check_file(conf, ledger, PKI_ISSUER_CA, ca, name, err));
	}
	return PKI_OK;
}

/* Reads the checkpoint in dir; leaves *out unchanged if dir has no checkpoint. */
static enum pki_status
read_published(const char *dir, const char *vkey, struct pki_checkpoint *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(dir, "checkpoint", path, err));
	if (!pki_file_exists(path))
		return PKI_OK;
	PKI_TRY(pki_file_read(path, PKI_NOTE_MAX, &note, err));
	return pki_checkpoint_open(pki_buf_bytes(&note), vkey, out, err);
}

enum pki_status
start_check_log(const char *dir, const struct signer_ready *signer,
	struct pki_ledger *ledger, uint64_t *published, struct pki_err *err)
{
	struct pki_checkpoint cp = { .size = 0 };
	struct pki_hash root;
	uint64_t size = signer->checkpoint;
	PKI_TRY(read_published(dir, signer->vkey, &cp, err));
	*published = cp.size;
	if (cp.size == 0)
		return PKI_OK;
	if (cp.size > size)
		return pki_fail(err, PKI_TAMPERED,
			"the published log has %llu entries, the ledger %llu: the ledger is older than what it published; restore a newer one",
			(unsigned long long)cp.size, (unsigned long long)size);
	PKI_TRY(pki_log_root(ledger, cp.size, &root, err));
	if (memcmp(&root, &cp.root, sizeof root) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT,
			"the published log is not this ledger's: one of the two is of another past; restore the newest ledger");
	return PKI_OK;
}
