/* The commands of pki-audit, each with its table of options. */
#ifndef TOOLS_AUDIT_COMMANDS_H
#define TOOLS_AUDIT_COMMANDS_H

#include "libpki/host/cli.h"

#define AUDIT_COMMAND(name) \
	extern const struct pki_option audit_options_##name[]; \
	enum pki_status audit_cmd_##name( \
		const struct pki_args *args, void *ctx, struct pki_err *err)

AUDIT_COMMAND(verify);
AUDIT_COMMAND(report);
AUDIT_COMMAND(trail);
AUDIT_COMMAND(tail);
AUDIT_COMMAND(proof);
AUDIT_COMMAND(check_proof);
AUDIT_COMMAND(export);

#endif
