#include "crl/cmd.h"
#include "crl/service.h"
#include "libpki/host/probe.h"

static const struct pki_option no_options[] = { { 0 } };

static const struct pki_option once_options[] = {
	{ "all", NULL, "each partition too, due or not", 0 },
	{ 0 },
};

static const struct pki_option check_options[] = {
	{ "issuer", "FILE",
		"certificate of the CRL's issuer; default: the published ca.pem", 0 },
	PKI_PROBE_OPTIONS,
	{ "ocsp", "URL", "responder that must agree; \"default\": the configuration's",
		0 },
	{ "partition", "N", "which of the partitions; default: the full CRL", 0 },
	{ "url", "URL", "where the CRL is; default: the configuration's", 0 },
	{ 0 },
};

static const struct pki_command commands[] = {
	{ "run", "", "publish a CRL on each revocation and daily, until SIGTERM",
		no_options, 0, 0, crl_cmd_run },
	{ "once", "", "have the full CRL made, and partitions that are due, publish, end",
		once_options, 0, 0, crl_cmd_once },
	{ "check", "", "fetch the published CRL and verify it", check_options, 0, 0,
		crl_cmd_check },
	{ 0 },
};

static const struct pki_program program = {
	CRL_PROGRAM,
	"CRL service",
	commands,
};

int
main(int argc, char **argv)
{
	return pki_cli_main(&program, argc, argv, NULL);
}
