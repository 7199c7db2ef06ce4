#include "ra/commands/commands.h"

static const struct pki_command commands[] = {
	{ "invite", "",
		"let one applicant in: makes and signs an invitation (department)",
		ra_cmd_invite_options, 0, 0, ra_cmd_invite },
	{ "submit", "", "take an invited applicant's form, requests and evidence in",
		ra_cmd_submit_options, 0, 0, ra_cmd_submit },
	{ "list", "", "the applications, newest first", ra_cmd_list_options, 0, 0,
		ra_cmd_list },
	{ "show", "APPLICATION", "one application: data, certificates, their status now",
		ra_cmd_show_options, 1, 1, ra_cmd_show },
	{ "search", "TEXT...", "by name, document number, e-mail, phone, serial or id",
		ra_cmd_search_options, 1, PKI_VALUES_MAX, ra_cmd_search },
	{ "verify", "APPLICATION", "confirm the identity; signs the order (registration)",
		ra_cmd_verify_options, 1, 1, ra_cmd_verify },
	{ "approve", "APPLICATION", "sign the order as the second officer (registration)",
		ra_cmd_approve_options, 1, 1, ra_cmd_approve },
	{ "reject", "APPLICATION", "end an application, with a reason (registration)",
		ra_cmd_reject_options, 1, 1, ra_cmd_reject },
	{ "issue", "APPLICATION", "send the order, receive the certificates",
		ra_cmd_issue_options, 1, 1, ra_cmd_issue },
	{ "accept", "APPLICATION", "record the holder's signed acceptance",
		ra_cmd_accept_options, 1, 1, ra_cmd_accept },
	{ "renew", "", "apply for a holder's next certificates, with new keys",
		ra_cmd_renew_options, 0, 0, ra_cmd_renew },
	{ "revoke", "HOLDER|SERIAL", "revoke at once and for ever (revocation)",
		ra_cmd_revoke_options, 1, 1, ra_cmd_revoke },
	{ "receipt", "ORDER", "fetch the signed receipt of a revocation",
		ra_cmd_receipt_options, 1, 1, ra_cmd_receipt },
	{ "reconcile", "",
		"hold the store against the log: all there, unchanged, openable",
		ra_cmd_reconcile_options, 0, 0, ra_cmd_reconcile },
	{ "erase", "[HOLDER]", "destroy a holder's personal data for ever (two officers)",
		ra_cmd_erase_options, 0, 1, ra_cmd_erase },
	{ "officer", "add|renew|end|list|show [WHO]",
		"officers and services: first and next certificates, the end",
		ra_cmd_officer_options, 1, 2, ra_cmd_officer },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct pki_program program = { "pki-ra",
		"registration authority: applications, orders, revocations", commands };
	return pki_cli_main(&program, argc, argv, NULL);
}
