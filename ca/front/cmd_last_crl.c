/* The last CRLs at the CA's end (rules 53, 55). Both custodians start a signer that signs
 * the last CRLs alone; `pki-ca serve` must be stopped. */
#include <stdio.h>

#include "ca/commands.h"
#include "ca/front/handover.h"
#include "ca/front/restore.h"
#include "ca/front/start.h"
#include "ca/front/writer.h"

struct end {
	struct pki_conf *conf;
	struct pki_policy *policy;
	struct channel signer;
	struct pki_ledger *ledger, *publisher_ledger;
	struct publisher publisher;
	struct writer writer;
	char log_dir[PATH_MAX];
	uint64_t published; /* of the log */
	uint64_t sent; /* revocations, to the signer */
};

static enum pki_status
open_ledgers(struct end *e, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(e->conf->state, "ledger.db", path, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_WRITE, &e->ledger, err));
	return pki_ledger_open(path, PKI_LEDGER_READ, &e->publisher_ledger, err);
}

static enum pki_status
prepare(struct end *e, const struct pki_args *args, signer_entry *signer,
	struct pki_err *err)
{
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &e->conf, err));
	PKI_TRY(pki_policy_load(e->conf->policy, &e->policy, err));
	PKI_TRY(pki_conf_path(e->conf->publish, "log", e->log_dir, err));
	PKI_TRY(start_ledger(e->conf, e->policy, err));
	const struct signer_setup setup = { e->conf, e->policy, args, SIGNER_ENDS };
	PKI_TRY(channel_start(&e->signer, signer, &setup, err));
	PKI_TRY(open_ledgers(e, err));
	PKI_TRY(handover(&e->signer, &setup, e->ledger, &e->sent, err));
	PKI_TRY(start_check_log(
		e->log_dir, &e->signer.ready, e->ledger, &e->published, err));
	PKI_TRY(start_check_crls(e->conf, e->ledger, err));
	return restore_vkey(e->log_dir, e->signer.ready.vkey, err);
}

static enum pki_status
make(struct end *e, struct pki_err *err)
{
	e->writer = (struct writer){
		.conf = e->conf,
		.policy = e->policy,
		.signer = &e->signer,
		.ledger = e->ledger,
		.checkpoint = e->signer.ready.checkpoint,
		.sent = e->sent,
		.pending = e->sent,
	};
	const struct publisher_config publisher = { e->conf, e->publisher_ledger,
		e->log_dir, e->published };
	PKI_TRY(publisher_start(&e->publisher, &publisher, err));
	e->writer.publisher = &e->publisher;
	enum pki_status status = writer_job(&e->writer, JOB_LAST_CRLS, err);
	publisher_stop(&e->publisher);
	return status;
}

static void
release(struct end *e)
{
	pki_ledger_close(e->publisher_ledger);
	pki_ledger_close(e->ledger);
	channel_stop(&e->signer);
	pki_policy_free(e->policy);
	pki_conf_free(e->conf);
}

static enum pki_status
print_done(const struct end *e, bool as_json, struct pki_err *err)
{
	struct pki_crl_row last = { 0 };
	int lists = 1 + (int)e->conf->ca_urls.partitions;
	PKI_TRY(pki_ledger_last_crl(
		e->ledger, PKI_ISSUER_CA, PKI_LIST_ANY, &last, NULL, err));
	PKI_CLEANUP(pki_json_cleanup)
	json_t *json = json_pack(
		"{s:i, s:I}", "lists", lists, "number", (json_int_t)last.number);
	if (as_json)
		return pki_cli_json(json, stdout, err);
	printf("the last CRLs are made: lists %d, numbers up to %llu. Start pki-ca serve again: pki-crl publishes them\n",
		lists, (unsigned long long)last.number);
	return PKI_OK;
}

enum pki_status
ca_cmd_last_crl(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	const struct ca_program *program = ctx;
	static struct end e = { .signer = { .fd = -1 } };
	enum pki_status status = prepare(&e, args, program->signer, err);
	if (status == PKI_OK)
		status = make(&e, err);
	if (status == PKI_OK)
		status = print_done(&e, pki_arg_flag(args, "json"), err);
	release(&e);
	return status;
}
