#include "witness/cmd.h"
#include "witness/state.h"

#define PASSPHRASE \
	{ \
		"passphrase", "SOURCE", \
			"of the witness's key: fd:N, file:PATH or prompt", 0 \
	}

static const struct pki_option key_options[] = { PASSPHRASE, { 0 } };
static const struct pki_option no_options[] = { { 0 } };
static const struct pki_option feed_options[] = {
	{ "once", NULL, "one attempt at each witness, then end", 0 }, { 0 }
};

static const struct pki_command commands[] = {
	{ "init", "", "make the witness's key; print its verifier key", key_options, 0, 0,
		witness_cmd_init },
	{ "serve", "", "cosign checkpoints until SIGTERM", key_options, 0, 0,
		witness_cmd_serve },
	{ "status", "", "show what was cosigned", no_options, 0, 0, witness_cmd_status },
	{ "feed", "", "have a log's checkpoints cosigned until SIGTERM", feed_options, 0,
		0, witness_cmd_feed },
	{ 0 },
};

static const struct pki_program program = {
	WITNESS_PROGRAM,
	"witness of transparency logs",
	commands,
};

int
main(int argc, char **argv)
{
	return pki_cli_main(&program, argc, argv, NULL);
}
