#include "ra/officer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "libpki/base/file.h"
#include "libpki/base/secret.h"
#include "libpki/state/staff.h"

void
ra_officer_free(struct ra_officer *officer)
{
	pki_cert_free(officer->cert);
	pki_key_free(officer->key);
	*officer = (struct ra_officer){ 0 };
}

static enum pki_status
check_dates(const struct pki_cert *cert, struct pki_err *err)
{
	char text[PKI_TIME_TEXT];
	pki_time now = pki_time_now();
	if (now > pki_cert_not_after(cert)) {
		pki_time_format(pki_cert_not_after(cert), text);
		return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
			"the officer's certificate expired on %s; ask the security officer for a new certificate",
			text);
	}
	if (now < pki_cert_not_before(cert)) {
		pki_time_format(pki_cert_not_before(cert), text);
		return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
			"the officer's certificate is not valid before %s; check the clock",
			text);
	}
	return PKI_OK;
}

static void
warn_of_end(const struct pki_cert *cert)
{
	char end[PKI_TIME_TEXT];
	pki_time left = pki_cert_not_after(cert) - pki_time_now();
	if (left >= PKI_STAFF_WARNING)
		return;
	pki_time_format(pki_cert_not_after(cert), end);
	fprintf(stderr,
		"pki-ra: note: the officer's certificate ends on %.10s, in %lld days; order the next one: pki-ra officer renew\n",
		end, (long long)(left / PKI_DAY));
}

static enum pki_status
open_key(const char *dir, const char *source, struct ra_officer *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf pass = { 0 };
	char path[PATH_MAX], label[128];
	struct pki_name name = { 0 };
	if (pki_cert_subject(out->cert, &name, NULL) != PKI_OK)
		name.common_name[0] = '\0';
	snprintf(path, sizeof path, "%s/key.pem", dir);
	snprintf(label, sizeof label, "passphrase of %.100s",
		name.common_name[0] != '\0' ? name.common_name : dir);
	PKI_TRY(pki_secret_read(source, label, &pass, err));
	PKI_TRY(pki_key_open(path, pki_buf_bytes(&pass), &out->key, err));
	if (!pki_key_matches(out->key, pki_cert_get0_key(out->cert)))
		return pki_fail(err, PKI_STATE,
			"key.pem is not the key of cert.pem; put the officer's key.pem and cert.pem into the folder");
	return PKI_OK;
}

enum pki_status
ra_officer_open(
	const char *dir, const char *source, struct ra_officer *out, struct pki_err *err)
{
	char path[PATH_MAX];
	*out = (struct ra_officer){ 0 };
	if (dir == NULL)
		dir = getenv("PKI_OFFICER");
	if (dir == NULL || dir[0] == '\0')
		return pki_fail(err, PKI_USAGE,
			"an officer must sign: give --officer DIR or set PKI_OFFICER");
	if ((size_t)snprintf(path, sizeof path, "%s/cert.pem", dir) >= sizeof path - 16)
		return pki_fail(err, PKI_USAGE,
			"the name of the officer's folder is too long; use a shorter path");
	enum pki_status status = pki_cert_read(path, &out->cert, err);
	if (status == PKI_OK) {
		pki_serial_text(pki_cert_get0_serial(out->cert), out->serial);
		status = check_dates(out->cert, err);
	}
	if (status == PKI_OK)
		warn_of_end(out->cert);
	if (status == PKI_OK)
		status = open_key(dir, source != NULL ? source : "prompt", out, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", dir);
	return status;
}
