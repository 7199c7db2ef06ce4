#include "tests/bench/common/office.h"

#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/base/secret.h"
#include "libpki/x509/csr.h"

void
officer_load(const char *name, struct officer *out)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf pass = { 0 };
	char path[PATH_MAX], source[PATH_MAX + 8];
	sample_path(path, "officers/%s/cert.pem", name);
	must(pki_cert_read(path, &out->cert, &err), &err);
	sample_path(path, "officers/%s/passphrase", name);
	snprintf(source, sizeof source, "file:%s", path);
	must(pki_secret_read(source, name, &pass, &err), &err);
	sample_path(path, "officers/%s/key.pem", name);
	must(pki_key_open(path, pki_buf_bytes(&pass), &out->key, &err), &err);
}

void
office_open(struct office *office)
{
	struct pki_err err = { 0 };
	must(pki_conf_load(NULL, &office->conf, &err), &err);
	must(pki_policy_load(office->conf->policy, &office->policy, &err), &err);
	officer_load("irene", &office->irene);
	officer_load("claire", &office->claire);
	officer_load("david", &office->david);
	officer_load("emma", &office->emma);
}

struct pki_buf
order_sign(
	const struct pki_order *order, const struct officer *a, const struct officer *b)
{
	struct pki_err err = { 0 };
	struct pki_buf json = { 0 }, one = { 0 }, two = { 0 };
	must(pki_order_encode(order, &json, &err), &err);
	must(pki_cms_sign(pki_buf_bytes(&json), a->key, a->cert, &one, &err), &err);
	pki_buf_free(&json);
	if (b == NULL)
		return one;
	must(pki_cms_cosign(pki_buf_bytes(&one), b->key, b->cert, &two, &err), &err);
	pki_buf_free(&one);
	return two;
}

static struct pki_buf
invitation(const struct office *office, pki_msec now)
{
	static const char digest[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	struct pki_err err = { 0 };
	struct pki_order o = { .action = PKI_ACTION_INVITE, .created = now };
	must(pki_id_make('I', o.id, &err), &err);
	strcpy(o.authority, office->conf->authority);
	strcpy(o.department, "TEST Department");
	strcpy(o.applicant_digest, digest);
	o.expires = now / 1000 + PKI_DAY;
	return order_sign(&o, &office->irene, NULL);
}

static void
add_certificate(struct pki_order *o, const char *profile)
{
	struct pki_err err = { 0 };
	struct pki_key *key = NULL;
	strcpy(o->certs[o->cert_count].profile, profile);
	must(pki_key_generate(PKI_ALG_P256, &key, &err), &err);
	must(pki_csr_make(key, &o->certs[o->cert_count].csr, &err), &err);
	pki_key_free(key);
	o->cert_count++;
}

static void
describe(const struct office *office, struct pki_order *o)
{
	const struct pki_policy *policy = office->policy;
	strcpy(o->authority, office->conf->authority);
	strcpy(o->subject.country, "FR");
	strcpy(o->subject.given_name, "Bench");
	strcpy(o->subject.surname, "Holder");
	snprintf(o->subject.serial_number, sizeof o->subject.serial_number, "PASFR-%.16s",
		o->holder + 2);
	strcpy(o->subject.common_name, "TEST Bench Holder");
	o->requested = o->created / 1000 - PKI_DAY;
	strcpy(o->identity_method, "in-person");
	strcpy(o->document_type, "passport");
	strcpy(o->document_country, "FR");
	o->document_end = o->created / 1000 + 2000 * PKI_DAY;
	strcpy(o->document_digest, policy->terms_digest);
	strcpy(o->evidence[0], policy->terms_digest);
	o->evidence_count = 1;
	strcpy(o->terms_version, policy->terms_version);
	strcpy(o->terms_digest, policy->terms_digest);
}

struct pki_buf
order_issue(const struct office *office, char holder[PKI_ID_TEXT])
{
	struct pki_err err = { 0 };
	struct pki_order o = { .action = PKI_ACTION_ISSUE };
	must(pki_id_make('O', o.id, &err), &err);
	must(pki_id_make('A', o.application, &err), &err);
	must(pki_id_make('H', o.holder, &err), &err);
	memcpy(holder, o.holder, sizeof o.holder);
	o.invitation = invitation(office, pki_msec_now());
	o.created = pki_msec_now();
	describe(office, &o);
	add_certificate(&o, "holder-authentication");
	add_certificate(&o, "holder-signature");
	struct pki_buf cms = order_sign(&o, &office->claire, &office->david);
	pki_order_free(&o);
	return cms;
}

struct pki_buf
order_revoke(const struct office *office, const char *holder)
{
	struct pki_err err = { 0 };
	struct pki_order o = { .action = PKI_ACTION_REVOKE, .created = pki_msec_now() };
	must(pki_id_make('O', o.id, &err), &err);
	strcpy(o.authority, office->conf->authority);
	snprintf(o.holder, sizeof o.holder, "%s", holder);
	strcpy(o.cause, "lost-phone");
	strcpy(o.requester, "holder");
	strcpy(o.authentication, "security-questions");
	o.reported = o.created;
	struct pki_buf cms = order_sign(&o, &office->emma, NULL);
	pki_order_free(&o);
	return cms;
}
