/* An open registration authority: configuration, policy and store for a command of
 * pki-ra. */
#ifndef RA_RA_H
#define RA_RA_H

#include "libpki/host/cli.h"
#include "libpki/host/conf.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"
#include "ra/officer.h"
#include "ra/store/application.h"

struct ra {
	struct pki_conf *conf;
	struct pki_policy *policy;
	struct ra_store *store; /* NULL until ra_need_store() */
	struct pki_cert *ca; /* issuing CA; NULL until ra_need_ca() */
	struct pki_ledger *ledger; /* read-only; NULL until ra_need_ledger() */
	bool json;
};

/* Open configuration and policy; ra_open() the store too. The caller closes out, also
 * after an error. */
enum pki_status ra_open_without_store(
	const struct pki_args *args, struct ra *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_open(
	const struct pki_args *args, struct ra *out, struct pki_err *err) PKI_MUST_CHECK;
/* A store that nobody has used yet is made, with a note on standard error. IO if the store
 * is lost: the folder has no database, and the log or the folder shows applications. */
enum pki_status ra_need_store(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
/* Make an empty store although the log shows applications; STATE if there is a store. */
enum pki_status ra_new_store(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
/* Send the waiting events, and sweep after erasures; stderr lists the remaining work. */
void ra_close(struct ra *ra);

enum pki_status ra_need_ca(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_need_ledger(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
/* --officer, --passphrase. A wrong passphrase and an officer who is not entitled are
 * an event (login-failed). The caller frees out, also after an error. */
enum pki_status ra_need_officer(struct ra *ra, const struct pki_args *args,
	struct ra_officer *out, struct pki_err *err) PKI_MUST_CHECK;
/* The application of the operand id; USAGE if id is not an application's id, NOTFOUND. */
enum pki_status ra_need_application(struct ra *ra, const char *id,
	struct ra_application *out, struct pki_err *err) PKI_MUST_CHECK;

/* The frame of a command on one application: open, read the application, run the step.
 * An error of the step names the application. */
typedef enum pki_status ra_step(const struct pki_args *args, struct ra *ra,
	struct ra_application *application, struct pki_err *err);
enum pki_status ra_with_application(
	const struct pki_args *args, ra_step *step, struct pki_err *err) PKI_MUST_CHECK;

/* STATE if the CA has committed the application's order: no officer can then change or
 * reject the application, and pki-ra issue fetches the certificates. */
enum pki_status ra_check_not_committed(struct ra *ra,
	const struct ra_application *application, struct pki_err *err) PKI_MUST_CHECK;

#endif
