#include "tests/unit/common/chain.h"

#include "libpki/x509/certify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOLDER_ALGS (PKI_ALG_P256 | PKI_ALG_P384 | PKI_ALG_RSA3072)
#define POLICY "2.999.492.1.1.1.1.6.1"

const struct pki_profile chain_profiles[] = {
	[PKI_KIND_ROOT] = {
		.name = "root", .kind = PKI_KIND_ROOT, .key_algs = PKI_ALG_P384,
		.validity_years = 20, .key_usage = PKI_KU_KEY_CERT_SIGN | PKI_KU_CRL_SIGN,
		.ca = true, .path_len = -1,
	},
	[PKI_KIND_CA] = {
		.name = "issuing-ca", .kind = PKI_KIND_CA, .key_algs = PKI_ALG_P256,
		.validity_years = 10, .key_usage = PKI_KU_KEY_CERT_SIGN | PKI_KU_CRL_SIGN,
		.ca = true, .path_len = 0, .issuer_urls = true, .policies = { POLICY },
		.cps_url = "http://repository.test/cps",
	},
	[PKI_KIND_OFFICER] = {
		.name = "officer-registration", .kind = PKI_KIND_OFFICER,
		.role = PKI_ROLE_REGISTRATION, .role_oid = "2.999.492.2.1",
		.key_algs = HOLDER_ALGS, .validity_years = 1,
		.key_usage = PKI_KU_DIGITAL_SIGNATURE, .eku = PKI_EKU_CLIENT_AUTH,
		.path_len = -1, .issuer_urls = true, .ocsp_url = true, .policies = { POLICY },
	},
	[PKI_KIND_RESPONDER] = {
		.name = "ocsp-responder", .kind = PKI_KIND_RESPONDER,
		.key_algs = HOLDER_ALGS, .validity_days = 30,
		.key_usage = PKI_KU_DIGITAL_SIGNATURE, .eku = PKI_EKU_OCSP_SIGNING,
		.path_len = -1, .ocsp_nocheck = true, .policies = { POLICY },
	},
	[PKI_KIND_SEAL] = {
		.name = "records-seal", .kind = PKI_KIND_SEAL, .key_algs = HOLDER_ALGS,
		.validity_years = 3, .key_usage = PKI_KU_DIGITAL_SIGNATURE,
		.path_len = -1, .issuer_urls = true, .ocsp_url = true, .policies = { POLICY },
	},
	[PKI_KIND_HOLDER_AUTH] = {
		.name = "holder-authentication", .kind = PKI_KIND_HOLDER_AUTH,
		.key_algs = HOLDER_ALGS, .validity_years = 3,
		.key_usage = PKI_KU_DIGITAL_SIGNATURE, .eku = PKI_EKU_CLIENT_AUTH,
		.path_len = -1, .natural_person = true, .issuer_urls = true, .ocsp_url = true,
		.policies = { POLICY, "0.4.0.2042.1.2" }, .cps_url = "http://repository.test/cps",
	},
	[PKI_KIND_HOLDER_SIGN] = {
		.name = "holder-signature", .kind = PKI_KIND_HOLDER_SIGN,
		.key_algs = HOLDER_ALGS, .validity_years = 3,
		.key_usage = PKI_KU_NON_REPUDIATION,
		.eku = PKI_EKU_DOCUMENT_SIGNING | PKI_EKU_EMAIL_PROTECTION,
		.path_len = -1, .natural_person = true, .issuer_urls = true, .ocsp_url = true,
		.policies = { POLICY }, .cps_url = "http://repository.test/cps",
		.pds = { { "https://repository.test/pds-en", "en" },
			{ "https://repository.test/pds-fr", "fr" } },
	},
};

const struct pki_urls chain_urls = {
	.ca_issuers = "http://repository.test/ca.crt",
	.crl = "http://repository.test/ca.crl",
	.ocsp = "http://ocsp.test",
};

const struct pki_name chain_subject = {
	.country = "FR",
	.serial_number = "PASFR-12AB34567",
	.surname = "Martin",
	.given_name = "Alice",
	.common_name = "TEST Alice Martin",
};

static const struct pki_name root_name = { .country = "MC",
	.common_name = "TEST Root CA" };
static const struct pki_name ca_name = { .country = "MC",
	.common_name = "TEST Issuing CA" };

static void
must(enum pki_status status, const struct pki_err *err)
{
	char text[900];
	pki_err_text(err, text, sizeof text);
	if (status != PKI_OK)
		fail_msg("%s", text);
}

/* A day's start before now, so that what is issued now lies within. */
static void
make_ca(enum pki_kind kind, const struct pki_name *name, const struct pki_cert *issuer,
	struct pki_key *issuer_key, const struct pki_key *key, struct pki_cert **out)
{
	struct pki_err err = { 0 };
	const struct pki_profile *profile = &chain_profiles[kind];
	struct pki_cert_spec spec = {
		.profile = profile,
		.urls = &chain_urls,
		.subject = name,
		.key = key,
		.issuer = issuer,
		.not_before = CHAIN_NOW - PKI_DAY,
	};
	spec.not_after = pki_profile_not_after(profile, spec.not_before);
	must(pki_serial_random(&spec.serial, &err), &err);
	must(pki_certify(&spec, issuer_key, out, &err), &err);
}

void
chain_make(struct chain *chain)
{
	struct pki_err err = { 0 };
	*chain = (struct chain){ 0 };
	must(pki_key_generate(PKI_ALG_P384, &chain->root_key, &err), &err);
	must(pki_key_generate(PKI_ALG_P256, &chain->ca_key, &err), &err);
	make_ca(PKI_KIND_ROOT, &root_name, NULL, chain->root_key, chain->root_key,
		&chain->root);
	make_ca(PKI_KIND_CA, &ca_name, chain->root, chain->root_key, chain->ca_key,
		&chain->ca);
}

void
chain_free(struct chain *chain)
{
	pki_key_free(chain->root_key);
	pki_cert_free(chain->root);
	pki_key_free(chain->ca_key);
	pki_cert_free(chain->ca);
	*chain = (struct chain){ 0 };
}

struct pki_cert_spec
chain_spec(const struct chain *chain, enum pki_kind kind, const struct pki_key *key)
{
	struct pki_err err = { 0 };
	const struct pki_profile *profile = &chain_profiles[kind];
	struct pki_cert_spec spec = {
		.profile = profile,
		.urls = &chain_urls,
		.subject = &chain_subject,
		.key = key,
		.issuer = chain->ca,
		.not_before = CHAIN_NOW,
	};
	spec.not_after = pki_profile_not_after(profile, spec.not_before);
	must(pki_serial_random(&spec.serial, &err), &err);
	return spec;
}

struct pki_cert *
chain_issue(const struct chain *chain, enum pki_kind kind, const struct pki_key *key)
{
	struct pki_err err = { 0 };
	struct pki_cert_spec spec = chain_spec(chain, kind, key);
	struct pki_cert *cert = NULL;
	must(pki_certify(&spec, chain->ca_key, &cert, &err), &err);
	return cert;
}
