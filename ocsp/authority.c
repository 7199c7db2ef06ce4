#include "ocsp/authority.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/host/api.h"
#include "libpki/host/conf_ocsp.h"
#include "libpki/x509/crl.h"
#include "ocsp/service.h"

/* A CRL of a million entries takes 53 MB. */
#define CRL_MAX ((size_t)64 << 20)
/* Health: a certificate that ends this soon should have been renewed long ago. */
#define END_NEAR (3 * PKI_DAY)

/* For pki-ca's log. A responder goes on answering while pki-ca does not. */
static bool
event(struct authority *authority, const char *type, struct pki_json *detail)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *taken = NULL;
	enum pki_status status = pki_json_take(detail, &taken, &err);
	if (status == PKI_OK)
		status = pki_api_event(
			authority->conf->socket, OCSP_PROGRAM, type, "", taken, &err);
	if (status != PKI_OK) {
		pki_err_object(&err, "event %s", type);
		pki_report_error(OCSP_PROGRAM, &err);
	}
	return status == PKI_OK;
}

/* An event with the serial of a responder's certificate. */
static bool
event_serial(struct authority *authority, struct identity *id, const char *type)
{
	char serial[PKI_SERIAL_TEXT];
	pki_time end;
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	identity_now(id, serial, &end);
	pki_json_text(&detail, "serial", serial);
	return event(authority, type, &detail);
}

/* rule 60: queries about certificates that were never issued */
static void
report_unissued(struct authority *authority)
{
	unsigned long long count = atomic_exchange(&authority->unissued, 0);
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	if (count == 0)
		return;
	pki_json_number(&detail, "count", (int64_t)count);
	if (!event(authority, "unissued-asked", &detail))
		atomic_fetch_add(&authority->unissued, count);
}

/* rule 76: a ledger without the published CRL is an old backup and knows less than the CRL.
 */
static enum pki_status
check_ledger_age(struct authority *authority, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct pki_crl_row row = { 0 };
	PKI_TRY(pki_conf_path(authority->conf->publish, "ca.crl", path, err));
	if (pki_file_read(path, CRL_MAX, &der, NULL) != PKI_OK ||
		pki_crl_parse(pki_buf_bytes(&der), &crl, NULL) != PKI_OK ||
		pki_crl_verify(crl, authority->issuer, NULL) != PKI_OK)
		return PKI_OK; /* no CRL to compare with; pki-crl repairs the file */
	enum pki_status status =
		pki_ledger_crl(authority->ledger, PKI_ISSUER_CA, 0, &row, NULL, err);
	uint64_t number = row.number;
	pki_crl_row_free(&row);
	PKI_TRY(status);
	if (number < pki_crl_number(crl))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"CRL %llu is published; the ledger's last is %llu: an old backup. Restore the newest",
			(unsigned long long)pki_crl_number(crl),
			(unsigned long long)number);
	return PKI_OK;
}

/* "http://host:port/ocsp/" -> "/ocsp" */
static void
set_base_path(struct authority *authority)
{
	const char *url = authority->conf->ca_urls.ocsp;
	const char *host = strstr(url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
	snprintf(authority->base_path, sizeof authority->base_path, "%s",
		path != NULL ? path : "");
	size_t len = strlen(authority->base_path);
	while (len > 0 && authority->base_path[len - 1] == '/')
		authority->base_path[--len] = '\0';
}

/* rule 55: after the CA's end nothing is certified, no responder either; the last CRL has each
 * status for ever. */
static enum pki_status
look_for_end(struct authority *authority, struct pki_err *err)
{
	struct pki_crl_row last = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_last_crl(
		authority->ledger, PKI_ISSUER_CA, 0, &last, &found, err));
	atomic_store(&authority->ended, last.next_update == PKI_CRL_LAST);
	return PKI_OK;
}

static enum pki_status
open_ledger(struct authority *authority, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(authority->conf->state, "ledger.db", path, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_READ, &authority->ledger, err));
	PKI_TRY(pki_ledger_issuer(
		authority->ledger, PKI_ISSUER_CA, &authority->issuer, err));
	PKI_TRY(look_for_end(authority, err));
	return check_ledger_age(authority, err);
}

/* A security officer may revoke the responder's certificate like any certificate; the key is
 * then used no more. */
static bool
is_revoked(struct authority *authority, struct identity *id)
{
	char text[PKI_SERIAL_TEXT];
	pki_time end;
	struct pki_serial serial;
	struct pki_cert_status status = { 0 };
	identity_now(id, text, &end);
	return text[0] != '\0' && pki_serial_parse(text, &serial, NULL) == PKI_OK &&
	       pki_ledger_status(authority->ledger, PKI_ISSUER_CA, &serial, &status,
		       NULL) == PKI_OK &&
	       status.revoked;
}

/* The old certificate, if still valid, serves until an order succeeds. */
static enum pki_status
first_certificate(struct authority *authority, struct identity *id, struct pki_err *err)
{
	bool ordered = false;
	struct pki_err own = { 0 };
	char serial[PKI_SERIAL_TEXT];
	pki_time end = 0;
	enum pki_status status =
		identity_renew(id, is_revoked(authority, id), &ordered, &own);
	if (status == PKI_OK && ordered)
		event_serial(authority, id, "responder-certificate-ordered");
	if (status == PKI_OK)
		return PKI_OK;
	identity_now(id, serial, &end);
	if (end <= pki_time_now())
		return pki_err_move(err, &own);
	pki_report_error(OCSP_PROGRAM, &own);
	return PKI_OK;
}

static enum pki_status
open_authority(struct authority *authority, const char *config, struct pki_bytes pass,
	struct pki_err *err)
{
	PKI_TRY(pki_conf_load(config, &authority->conf, err));
	const struct pki_conf *conf = authority->conf;
	set_base_path(authority);
	PKI_TRY(open_ledger(authority, err));
	for (size_t i = 0; i < conf->ocsp->alg_count; i++) {
		struct identity **id = &authority->identities[i];
		const struct identity_source source = { conf, i, authority->issuer,
			pass };
		PKI_TRY(identity_open(&source, id, err));
		authority->identity_count++;
		if (!authority->ended)
			PKI_TRY(first_certificate(authority, *id, err));
	}
	return PKI_OK;
}

enum pki_status
authority_open(const char *config, struct pki_bytes pass, struct authority **out,
	struct pki_err *err)
{
	struct authority *authority = calloc(1, sizeof *authority);
	if (authority == NULL)
		return pki_fail(err, PKI_MEMORY, "an authority");
	pthread_mutex_init(&authority->lock, NULL);
	pki_report_init(&authority->ledger_trouble, OCSP_PROGRAM, NULL);
	enum pki_status status = open_authority(authority, config, pass, err);
	if (status != PKI_OK) {
		authority_free(authority);
		return status;
	}
	*out = authority;
	return PKI_OK;
}

void
authority_free(struct authority *authority)
{
	if (authority == NULL)
		return;
	for (size_t i = 0; i < PKI_OCSP_ALGS_MAX; i++)
		identity_free(authority->identities[i]);
	pki_cert_free(authority->issuer);
	pki_ledger_close(authority->ledger);
	pki_conf_free(authority->conf);
	pthread_mutex_destroy(&authority->lock);
	free(authority);
}

bool
authority_same(const struct authority *a, const struct authority *b)
{
	struct pki_bytes name = pki_cert_get0_subject_der(a->issuer);
	struct pki_bytes other = pki_cert_get0_subject_der(b->issuer);
	return pki_bytes_equal(name.data, name.len, other.data, other.len) &&
	       pki_key_matches(
		       pki_cert_get0_key(a->issuer), pki_cert_get0_key(b->issuer));
}

static void
renew(struct authority *authority, struct identity *id)
{
	struct pki_err err = { 0 };
	bool ordered = false;
	if (identity_renew(id, is_revoked(authority, id), &ordered, &err) != PKI_OK)
		pki_report_error(OCSP_PROGRAM, &err);
	if (!ordered)
		return;
	event_serial(authority, id, "responder-certificate-ordered");
	malloc_trim(0); /* sealing took scrypt's 16 MB */
}

void
authority_keep(struct authority *authority)
{
	if (!authority->started)
		authority->started = event_serial(
			authority, authority->identities[0], "responder-started");
	for (size_t i = 0; i < authority->identity_count && !authority->ended; i++)
		renew(authority, authority->identities[i]);
	report_unissued(authority);
}

void
authority_stopped(struct authority *authority)
{
	struct identity *id = authority->identities[0];
	if (authority->started || event_serial(authority, id, "responder-started"))
		event_serial(authority, id, "responder-stopped");
}

void
authority_look(struct authority *authority)
{
	struct pki_ledger_view view;
	struct pki_err err = { 0 };
	bool unreadable = pki_ledger_view(authority->ledger, &view, &err) != PKI_OK ||
			  look_for_end(authority, &err) != PKI_OK;
	if (unreadable)
		pki_report_trouble(&authority->ledger_trouble, &err);
	else
		pki_report_end(&authority->ledger_trouble);
	atomic_store(&authority->unreadable, unreadable);
}

uint64_t
authority_view(struct authority *authority, const struct pki_ledger_view *view)
{
	pthread_mutex_lock(&authority->lock);
	if (authority->views == 0 || !pki_ledger_view_equal(view, &authority->view)) {
		authority->view = *view;
		authority->views++;
	}
	uint64_t number = authority->views;
	pthread_mutex_unlock(&authority->lock);
	return number;
}

void
authority_health(struct authority *authority, struct pki_health *health)
{
	char serial[PKI_SERIAL_TEXT];
	pki_time end, now = pki_time_now();
	for (size_t i = 0; i < authority->identity_count && !authority->ended; i++) {
		identity_now(authority->identities[i], serial, &end);
		if (end < now + END_NEAR)
			pki_health_wrong(health,
				"%s: the responder's certificate ends in %lld s and was not renewed",
				authority->conf->dir, (long long)(end - now));
	}
	if (atomic_load(&authority->export_failing))
		pki_health_wrong(health, "%s: the export fails; see the log",
			authority->conf->ocsp->export);
	if (atomic_load(&authority->unreadable))
		pki_health_wrong(health, "%s: the ledger cannot be read; see the log",
			authority->conf->state);
	if (!authority->started)
		pki_health_wrong(health, "%s: pki-ca has not logged the start",
			authority->conf->dir);
}
