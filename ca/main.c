#include "ca/commands.h"
#include "ca/signer/signer.h"

static const struct pki_option init_options[] = {
	{ "ceremony", "FILE", "the ceremony's script (YAML)", 1 },
	{ "custodian", "SOURCE",
		"a custodian's passphrase: fd:N, file:PATH, prompt; twice", 2 },
	{ "out", "DIR", "where the report and the officers' certificates go", 1 },
	{ 0 },
};

static const struct pki_option no_options[] = { { 0 } };

static const struct pki_option custodian_options[] = {
	{ "custodian", "SOURCE",
		"a custodian's passphrase: fd:N, file:PATH, prompt; twice", 2 },
	{ 0 },
};

static const struct pki_option status_options[] = {
	{ "monitor", NULL, "one line and an exit status as monitors expect", 0 },
	{ "warning", "DURATION",
		"warn if an officer's certificate ends within; default: 60d", 0 },
	{ "critical", "DURATION", "critical if one ends within; default: 14d", 0 },
	{ 0 },
};

static const struct pki_command commands[] = {
	{ "check-config", "",
		"check pki.yaml, rules.yaml and profiles, as the ceremony does",
		no_options, 0, 0, ca_cmd_check_config },
	{ "init", "", "hold the ceremony: keys, root, issuing CA, first officers",
		init_options, 0, 0, ca_cmd_init },
	{ "serve", "", "run the CA: front and signer", custodian_options, 0, 0,
		ca_cmd_serve },
	{ "status", "", "ask a running CA how it is", status_options, 0, 0,
		ca_cmd_status },
	{ "root-crl", "", "make a new root CRL (offline root key)", custodian_options, 0,
		0, ca_cmd_root_crl },
	{ "last-crl", "",
		"end the CA: make its last CRLs, once all has expired or is revoked",
		custodian_options, 0, 0, ca_cmd_last_crl },
	{ 0 },
};

static const struct pki_program program = {
	"pki-ca",
	"certification authority: ceremony, signer, ledger",
	commands,
};

int
main(int argc, char **argv)
{
	struct ca_program signer = { signer_main };
	return pki_cli_main(&program, argc, argv, &signer);
}
