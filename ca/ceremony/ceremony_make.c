#include "ca/ceremony/ceremony_make.h"

#include <string.h>

#include "ca/ceremony/root_crl.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_log.h"
#include "libpki/tlog/note.h"
#include "libpki/x509/certify.h"

static enum pki_status
find_profile(const struct pki_policy *policy, enum pki_kind kind,
	const struct pki_profile **out, struct pki_err *err)
{
	*out = pki_policy_kind(policy, kind);
	if (*out == NULL)
		return pki_fail(err, PKI_CONFIG, "the policy has no profile of kind %s",
			pki_kind_name(kind));
	return PKI_OK;
}

/* wanted: profile, URLs, subject and key. An issuer that has no certificate yet is the subject. */
static enum pki_status
certify(const struct ceremony *c, const struct pki_cert_spec *wanted,
	const struct ceremony_part *issuer, struct pki_cert **out, struct pki_err *err)
{
	struct pki_cert_spec spec = *wanted;
	spec.issuer = issuer->cert;
	spec.not_before = c->at / 1000;
	spec.not_after = pki_profile_not_after(spec.profile, spec.not_before);
	if (issuer->cert != NULL && spec.not_after > pki_cert_not_after(issuer->cert))
		spec.not_after = pki_cert_not_after(issuer->cert);
	PKI_TRY(pki_serial_random(&spec.serial, err));
	enum pki_status status = pki_certify(&spec, issuer->key, out, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", spec.subject->common_name);
	return status;
}

static enum pki_status
make_authorities(struct ceremony *c, const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_err *err)
{
	PKI_TRY(find_profile(policy, PKI_KIND_ROOT, &c->root.profile, err));
	PKI_TRY(find_profile(policy, PKI_KIND_CA, &c->ca.profile, err));
	PKI_TRY(find_profile(policy, PKI_KIND_SEAL, &c->seal.profile, err));
	PKI_TRY(pki_key_generate(conf->ca->root_alg, &c->root.key, err));
	PKI_TRY(pki_key_generate(conf->ca->ca_alg, &c->ca.key, err));
	PKI_TRY(pki_key_generate(PKI_ALG_P256, &c->seal.key, err));
	PKI_TRY(pki_key_generate(PKI_ALG_ED25519, &c->log_key, err));
	PKI_TRY(pki_note_vkey(
		PKI_NOTE_LOG, conf->log->origin, c->log_key, &c->vkey, err));
	const struct pki_cert_spec root = { .profile = c->root.profile,
		.subject = &conf->ca->root_name,
		.key = c->root.key };
	const struct pki_cert_spec ca = { .profile = c->ca.profile,
		.urls = &conf->ca->root_urls,
		.subject = &conf->ca->ca_name,
		.key = c->ca.key };
	const struct pki_cert_spec seal = { .profile = c->seal.profile,
		.urls = &conf->ca_urls,
		.subject = &conf->ca->seal_name,
		.key = c->seal.key };
	PKI_TRY(certify(c, &root, &c->root, &c->root.cert, err));
	PKI_TRY(certify(c, &ca, &c->root, &c->ca.cert, err));
	return certify(c, &seal, &c->ca, &c->seal.cert, err);
}

static enum pki_status
make_officers(struct ceremony *c, const struct pki_conf *conf, struct pki_err *err)
{
	for (size_t i = 0; i < c->officer_count; i++) {
		struct ceremony_officer *officer = &c->officers[i];
		struct pki_name name = { .country = "" };
		memcpy(name.country, conf->ca->ca_name.country, sizeof name.country);
		memcpy(name.organization, conf->ca->ca_name.organization,
			sizeof name.organization);
		memcpy(name.common_name, officer->common_name, sizeof name.common_name);
		memcpy(name.serial_number, officer->person, sizeof name.serial_number);
		PKI_TRY(pki_name_check_new(&name, false, err));
		const struct pki_cert_spec spec = { .profile = officer->profile,
			.urls = &conf->ca_urls,
			.subject = &name,
			.key = pki_csr_get0_key(officer->csr) };
		PKI_TRY(certify(c, &spec, &c->ca, &officer->cert, err));
	}
	return PKI_OK;
}

static enum pki_status
make_crls(struct ceremony *c, const struct pki_conf *conf, struct pki_err *err)
{
	pki_time now = c->at / 1000;
	const struct pki_crl_spec root = {
		.issuer = c->root.cert, .number = 1, .this_update = now
	};
	const struct pki_crl_spec ca = {
		.issuer = c->ca.cert,
		.number = 1,
		.this_update = now,
		.next_update = now + conf->crl_lifetime,
	};
	PKI_TRY(root_crl_build(&root, c->root.key, &c->root.crl, err));
	return pki_crl_build(&ca, c->ca.key, &c->ca.crl, err);
}

enum pki_status
ceremony_make(struct ceremony *c, const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_err *err)
{
	c->at = pki_msec_now();
	c->policy = policy;
	PKI_TRY(make_authorities(c, conf, policy, err));
	PKI_TRY(make_officers(c, conf, err));
	return make_crls(c, conf, err);
}
