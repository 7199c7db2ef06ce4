/* What the commands of pki-ra share. */
#ifndef RA_RA_H
#define RA_RA_H

#include "libpki/host/cli.h"
#include "libpki/host/conf.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"
#include "ra/officer.h"
#include "ra/store/record.h"

struct ra {
	struct pki_conf *conf;
	struct pki_policy *policy;
	struct ra_store *store;
	struct pki_cert *ca; /* issuing CA; NULL until ra_need_ca() */
	struct pki_ledger *ledger; /* read-only; NULL until ra_need_ledger() */
	bool json;
};

/* Configuration, policy, store. Close it also after an error. */
enum pki_status ra_open(
	const struct pki_args *args, struct ra *out, struct pki_err *err) PKI_MUST_CHECK;
/* Sends the events that wait, sweeps up after erasures; says on stderr what is left to do. */
void ra_close(struct ra *ra);

enum pki_status ra_need_ca(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_need_ledger(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;
/* --officer, --passphrase; a wrong passphrase is an event (login-failed). */
enum pki_status ra_need_officer(struct ra *ra, const struct pki_args *args,
	struct ra_officer *out, struct pki_err *err) PKI_MUST_CHECK;
/* The application that the operand names; USAGE if it is no id. */
enum pki_status ra_need_application(struct ra *ra, const char *id,
	struct ra_application *out, struct pki_err *err) PKI_MUST_CHECK;

/* The frame of a command on one application: open all that is needed, take the step; an error
 * in it names the application. */
typedef enum pki_status ra_step(const struct pki_args *args, struct ra *ra,
	struct ra_application *application, struct pki_err *err);
enum pki_status ra_with_application(
	const struct pki_args *args, ra_step *step, struct pki_err *err) PKI_MUST_CHECK;

/* Is the application's order committed at the CA? Then it can be neither changed nor dropped
 * (STATE): pki-ra issue fetches its certificates. */
enum pki_status ra_check_not_committed(struct ra *ra,
	const struct ra_application *application, struct pki_err *err) PKI_MUST_CHECK;

/* check.c: what the applicant and the keys must satisfy before officers look at it. */
/* rules 207, 208, 211; 11, 12, 13 and the prefix of test names */
enum pki_status ra_check_form(const struct pki_policy *policy, const struct ra_form *form,
	pki_msec now, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_subject(const struct pki_policy *policy, const struct ra_form *form,
	struct pki_name *out, struct pki_err *err) PKI_MUST_CHECK;
/* "2029-11-22", the wish of --not-after: the day's last second. */
enum pki_status ra_last_second(
	const char *date, pki_time *out, struct pki_err *err) PKI_MUST_CHECK;
/* rules 39, 31, 93, 94; 10. Reads the two files into the record as DER. */
enum pki_status ra_read_requests(const struct pki_policy *policy, const char *auth_path,
	const char *sign_path, struct ra_record *record,
	struct pki_err *err) PKI_MUST_CHECK;

/* draft.c: the order that an application amounts to, as canonical JSON; method and wish are
 * the record's. Appends. */
enum pki_status ra_draft(struct ra *ra, const struct ra_application *application,
	const struct ra_record *record, const char *id, pki_msec created,
	struct pki_buf *json, struct pki_err *err) PKI_MUST_CHECK;

/* enter.c: the application's way into the store, for submit and renew: ids, evidence files,
 * row, record, index, event, in one transaction. invitation NULL: a renewal. */
enum pki_status ra_enter(struct ra *ra, struct ra_application *application,
	struct ra_record *record, const struct pki_args *args,
	const struct ra_invitation *invitation, struct pki_err *err) PKI_MUST_CHECK;

/* answer.c: what pki-ca said. */
struct ra_cert {
	char profile[PKI_PROFILE_NAME];
	struct pki_cert *cert;
};
/* The certificates of the stored answer; returned count at most PKI_ORDER_CERTS_MAX. */
struct ra_answer {
	struct ra_cert certs[PKI_ORDER_CERTS_MAX];
	size_t count;
};
void ra_answer_free(struct ra_answer *answer);
/* TAMPERED unless these are certificates of the CA for the record's keys. */
enum pki_status ra_answer_read(struct ra *ra, const struct ra_record *record,
	const json_t *json, struct ra_answer *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_answer_load(struct ra *ra, const struct ra_application *application,
	struct ra_answer *out, json_t **json, struct pki_err *err) PKI_MUST_CHECK;
/* auth.pem, sign.pem (0644) below dir. */
enum pki_status ra_answer_write(const struct ra *ra, const struct ra_answer *answer,
	const char *dir, struct pki_err *err) PKI_MUST_CHECK;

/* invite.c: SHA-256 of an invitation's code, however it was typed. */
enum pki_status ra_code_digest(
	const char *code, uint8_t out[PKI_SHA256], struct pki_err *err) PKI_MUST_CHECK;

/* receipt.c: the receipt (CMS, DER, 0644) out of an answer of pki-ca. */
enum pki_status ra_write_receipt(
	const json_t *reply, const char *path, struct pki_err *err) PKI_MUST_CHECK;

/* print.c */
json_t *ra_application_json(
	const struct ra_application *application); /* ids, state, times */
void ra_time_json(json_t *object, const char *name, pki_time t);
void ra_msec_json(json_t *object, const char *name, pki_msec t);
/* With --json: the object; else the lines of text (printf). Takes json. */
void ra_print(const struct ra *ra, json_t *json, const char *fmt, ...) PKI_PRINTF(3, 4);
#define RA_LOCAL 40
const char *ra_local(pki_time t, char out[RA_LOCAL]);
/* A table of applications with their holders' names, a page of what filter matches. */
enum pki_status ra_print_list(struct ra *ra, const struct pki_args *args,
	const char *title, struct ra_filter *filter, struct pki_err *err) PKI_MUST_CHECK;

/* retention.c: until when a holder's file is kept (rule 79). */
struct ra_retention {
	pki_time end; /* of the last certificate; 0: there is none */
	pki_time due; /* from this second on it may be erased */
};
enum pki_status ra_retention(struct ra *ra, const struct ra_holder *holder,
	struct ra_retention *out, struct pki_err *err) PKI_MUST_CHECK;
/* The holders who may be erased now. */
enum pki_status ra_print_due(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;

/* statement.c: the holder's acceptance (rule 212). */
enum pki_status ra_statement_text(struct ra *ra, const struct ra_application *application,
	const struct ra_answer *answer, const struct ra_record *record,
	struct pki_buf *json, struct pki_err *err) PKI_MUST_CHECK;
/* REFUSED unless cms (DER) is `text`, as JSON, signed with cert's key. */
enum pki_status ra_statement_verify(struct pki_bytes cms, struct pki_bytes text,
	const struct pki_cert *cert, struct pki_err *err) PKI_MUST_CHECK;

/* The commands. */
#define RA_COMMANDS(X) \
	X(invite) \
	X(submit) \
	X(list) \
	X(show) X(search) X(verify) X(approve) X(reject) X(issue) X(accept) X(renew) \
		X(revoke) X(receipt) X(reconcile) X(erase)
#define X(name) \
	extern const struct pki_option ra_##name##_options[]; \
	enum pki_status ra_##name(const struct pki_args *args, void *ctx, \
		struct pki_err *err) PKI_MUST_CHECK;
RA_COMMANDS(X)
#undef X

#define RA_PAGE_OPTIONS \
	{ "page", "N", "which page", 1 }, \
	{ \
		"per-page", "N", "lines per page (20)", 1 \
	}

#define RA_OFFICER_OPTIONS \
	{ "officer", "DIR", "the officer's folder: cert.pem, key.pem ($PKI_OFFICER)", \
		1 }, \
	{ \
		"passphrase", "SOURCE", \
			"of the officer's key: prompt (default), fd:N, file:PATH", 1 \
	}

#endif
