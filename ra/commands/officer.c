#include <string.h>

#include "ra/commands/commands.h"
#include "ra/staff.h"

const struct pki_option ra_cmd_officer_options[] = {
	{ "role", "ROLE", "add: registration, revocation, security, auditor, ...", 1 },
	{ "identifier", "TEXT", "add, renew: the person's, e.g. OF:MC-0017", 1 },
	{ "name", "TEXT", "add, renew: the common name", 1 },
	{ "csr", "FILE", "add, renew: begin an order for the key of this request", 1 },
	{ "order", "FILE", "add, renew: the order, handed from officer to officer", 1 },
	{ "out", "FILE", "add, renew: where the certificate goes (PEM)", 1 },
	{ "cause", "CAUSE", "end: a cause of rules.yaml, e.g. officer-left", 1 },
	{ "receipt", "FILE", "end: write the signed receipt there (DER)", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

static enum pki_status
need_who(const struct pki_args *args, const char **who, struct pki_err *err)
{
	*who = args->operand_count > 1 ? args->operands[1] : NULL;
	if (*who != NULL)
		return PKI_OK;
	return pki_fail(err, PKI_USAGE,
		"pki-ra officer %s WHO: a serial number, an identifier or a name; pki-ra officer list shows them",
		args->operands[0]);
}

static enum pki_status
run(const struct pki_args *args, struct ra *ra, struct pki_err *err)
{
	const char *what = args->operands[0], *who = NULL;
	if (strcmp(what, "end") == 0 || strcmp(what, "show") == 0) {
		PKI_TRY(need_who(args, &who, err));
		return what[0] == 'e' ? ra_staff_end(args, ra, who, err)
				      : ra_staff_show(ra, who, err);
	}
	if (args->operand_count > 1)
		return pki_fail(err, PKI_USAGE, "pki-ra officer %s takes no \"%.40s\"",
			what, args->operands[1]);
	if (strcmp(what, "add") == 0)
		return ra_staff_add(args, ra, err);
	if (strcmp(what, "renew") == 0)
		return ra_staff_renew(args, ra, err);
	if (strcmp(what, "list") == 0)
		return ra_staff_list(ra, err);
	return pki_fail(err, PKI_USAGE,
		"pki-ra officer \"%.40s\": it is one of add, renew, end, list, show",
		what);
}

enum pki_status
ra_cmd_officer(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_TRY(ra_open_without_store(args, &ra, err));
	return run(args, &ra, err);
}
