#include "libpki/host/probe.h"
#include "ocsp/cmd.h"
#include "ocsp/service.h"

static const struct pki_option serve_options[] = {
	{ "also", "FILE", "configuration of another CA to answer for",
		PKI_VALUES_MAX - 1 },
	{ "passphrase", "SOURCE", "of the service's keys: fd:N, file:PATH or prompt",
		PKI_VALUES_MAX },
	{ 0 },
};

static const struct pki_option export_options[] = {
	{ "passphrase", "SOURCE", "of the service's keys: fd:N, file:PATH or prompt", 0 },
	{ 0 },
};

static const struct pki_option check_options[] = {
	{ "issuer", "FILE", "certificate of the issuing CA", 0 },
	PKI_PROBE_OPTIONS,
	{ "serial", "HEX", "serial number of the certificate", 0 },
	{ "url", "URL", "responder; default: the configuration's", 0 },
	{ 0 },
};

static const struct pki_command commands[] = {
	{ "serve", "", "answer OCSP requests until SIGTERM", serve_options, 0, 0,
		ocspd_cmd_serve },
	{ "export", "", "write the answers about all certificates as files, once",
		export_options, 0, 0, ocspd_cmd_export },
	{ "check", "", "query a responder and verify its response", check_options, 0, 0,
		ocspd_cmd_check },
	{ 0 },
};

static const struct pki_program program = {
	OCSP_PROGRAM,
	"OCSP responder",
	commands,
};

int
main(int argc, char **argv)
{
	return pki_cli_main(&program, argc, argv, NULL);
}
