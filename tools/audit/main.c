#include "tools/audit/commands.h"

static const struct pki_command commands[] = {
	{ "verify", "", "reconcile ledger, log, orders, certificates and CRLs",
		audit_options_verify, 0, 0, audit_cmd_verify },
	{ "report", "", "write figures, plots and findings as a page (HTML)",
		audit_options_report, 0, 0, audit_cmd_report },
	{ "trail", "HOLDER|SERIAL|ORDER",
		"show the history of a holder, certificate or order, with its proofs",
		audit_options_trail, 1, 1, audit_cmd_trail },
	{ "tail", "", "show the log's entries", audit_options_tail, 0, 0,
		audit_cmd_tail },
	{ "proof", "INDEX|ORDER|SERIAL", "prove that the log holds an entry",
		audit_options_proof, 1, 1, audit_cmd_proof },
	{ "check-proof", "FILE", "check such a proof without the ledger",
		audit_options_check_proof, 1, 1, audit_cmd_check_proof },
	{ "export", "", "write the ledger's public facts as CSV, JSON lines and PEM",
		audit_options_export, 0, 0, audit_cmd_export },
	{ 0 },
};

static const struct pki_program program = { "pki-audit", "offline auditor", commands };

int
main(int argc, char **argv)
{
	return pki_cli_main(&program, argc, argv, NULL);
}
