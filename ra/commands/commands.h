/* The commands of pki-ra. */
#ifndef RA_COMMANDS_COMMANDS_H
#define RA_COMMANDS_COMMANDS_H

#include "libpki/host/cli.h"

#define RA_COMMANDS(X) \
	X(invite) \
	X(submit) \
	X(list) \
	X(show) \
	X(search) \
	X(verify) \
	X(approve) \
	X(reject) \
	X(issue) \
	X(accept) \
	X(renew) \
	X(revoke) \
	X(receipt) \
	X(reconcile) \
	X(erase) \
	X(officer)

#define X(name) \
	extern const struct pki_option ra_cmd_##name##_options[]; \
	enum pki_status ra_cmd_##name(const struct pki_args *args, void *ctx, \
		struct pki_err *err) PKI_MUST_CHECK;
RA_COMMANDS(X)
#undef X

#endif
