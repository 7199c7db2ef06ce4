#include "tools/audit/audit.h"

#define LEDGER \
	{ \
		"ledger", "FILE", "the ledger or a copy; default: the configuration's", \
			0 \
	}
#define VKEY \
	{ \
		"vkey", "KEY", \
			"the log's verifier key, or its file; default: PUBLISH/log/vkey", \
			0 \
	}

/* what the whole verification reads */
#define PUBLISH \
	{ \
		"publish", "DIR", "published files; default: the configuration's", 0 \
	}
#define POLICY \
	{ \
		"policy", "DIR", \
			"each policy that was in force; default: the configuration's", \
			PKI_VALUES_MAX \
	}
#define ROOT \
	{ \
		"root", "FILE", "root certificate to trust; default: PUBLISH/root.pem", \
			0 \
	}
#define CHECKPOINT \
	{ \
		"checkpoint", "FILE", "an older checkpoint that the log must contain", \
			PKI_VALUES_MAX \
	}
#define WITNESS \
	{ \
		"witness", "KEY", \
			"a witness's verifier key, or its file, beside the " \
			"configuration's", \
			PKI_VALUES_MAX \
	}
#define JOBS \
	{ \
		"jobs", "N", "threads; default: one for each processor", 0 \
	}
#define TSA \
	{ \
		"tsa", "FILE", \
			"certificates to trust for time-stamps; default: the " \
			"configuration's", \
			0 \
	}
#define EVIDENCE LEDGER, PUBLISH, VKEY, POLICY, ROOT, CHECKPOINT, JOBS, WITNESS, TSA

static const struct pki_option verify_options[] = {
	{ "ocsp", "URL", "ask a responder, and compare with the ledger", 0 },
	{ "ocsp-sample", "N", "about so many certificates (1000), evenly spread", 0 },
	{ "ocsp-export", "DIR", "files of `pki-ocspd export`, all of them", 0 },
	{ "since", "FILE", "only what is new since a checkpoint that was verified", 0 },
	EVIDENCE,
	{ 0 },
};

static const struct pki_option report_options[] = {
	{ "out", "FILE", "where to write the report", 0 },
	{ "from", "DATE", "first day or moment; default: the ledger's first event", 0 },
	{ "to", "DATE", "last day or moment; default: the ledger's youngest event", 0 },
	{ "population", "N", "people whom adoption is measured against", 0 },
	{ "target", "PERCENT", "of the population", 0 },
	{ "no-verify", NULL, "figures alone, without verifying", 0 },
	EVIDENCE,
	{ 0 },
};

static const struct pki_option trail_options[] = {
	LEDGER,
	PUBLISH,
	VKEY,
	POLICY,
	ROOT,
	{ 0 },
};

static const struct pki_option tail_options[] = {
	LEDGER,
	{ "follow", NULL, "wait for more (-f)", 0 },
	{ "type", "TYPE", "events of this type", PKI_VALUES_MAX },
	{ "action", "ACTION", "what orders of this action led to", PKI_VALUES_MAX },
	{ "holder", "HOLDER", "about this holder", PKI_VALUES_MAX },
	{ "officer", "SERIAL", "signed by this officer", PKI_VALUES_MAX },
	{ "order", "ORDER", "about this order", PKI_VALUES_MAX },
	{ "serial", "SERIAL", "about this certificate", PKI_VALUES_MAX },
	{ "rule", "NAME", "refusals by this rule", PKI_VALUES_MAX },
	{ "since", "TIME", "not before that time, day, or 24h ago: all, not the last 100",
		0 },
	{ "until", "TIME", "not after it", 0 },
	{ "lines", "N", "the last N (100)", 0 },
	{ 0 },
};

static const struct pki_option proof_options[] = {
	LEDGER,
	{ "out", "FILE", "where to write the proof; default: standard output", 0 },
	{ 0 },
};

static const struct pki_option check_options[] = {
	{ "vkey", "KEY", "the log's verifier key, or its file", 0 }, { 0 }
};

static const struct pki_option export_options[] = {
	LEDGER,
	{ "out", "DIR", "the folder to make", 0 },
	{ "format", "FORMAT", "of the tables: csv, jsonl or both (both)", 0 },
	{ "with-names", NULL, "all certificates in certificates.pem: they name people",
		0 },
	{ 0 },
};

static const struct pki_command commands[] = {
	{ "verify", "", "reconcile ledger, log, orders, certificates and CRLs",
		verify_options, 0, 0, verify_run },
	{ "report", "", "write figures, plots and findings as a page (HTML)",
		report_options, 0, 0, report_run },
	{ "trail", "HOLDER|SERIAL|ORDER",
		"tell the story of a certificate, with its proofs", trail_options, 1, 1,
		trail_run },
	{ "tail", "", "show the log's entries", tail_options, 0, 0, tail_run },
	{ "proof", "INDEX|ORDER|SERIAL", "prove that the log holds an entry",
		proof_options, 1, 1, proof_run },
	{ "check-proof", "FILE", "check such a proof without the ledger", check_options,
		1, 1, check_proof_run },
	{ "export", "", "the ledger's public facts as CSV, JSON lines and PEM",
		export_options, 0, 0, export_run },
	{ 0 },
};

static const struct pki_program program = { "pki-audit", "offline auditor", commands };

int
main(int argc, char **argv)
{
	struct outcome outcome = { PKI_OK };
	int code = pki_cli_main(&program, argc, argv, &outcome);
	return code != PKI_OK ? code : (int)outcome.status;
}
