#include "libpki/x509/profile.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum pki_role role;
	const char *name;
} roles[] = {
	{ PKI_ROLE_REGISTRATION, "registration" },
	{ PKI_ROLE_REVOCATION, "revocation" },
	{ PKI_ROLE_SECURITY, "security" },
	{ PKI_ROLE_AUDITOR, "auditor" },
	{ PKI_ROLE_DEPARTMENT, "department" },
	{ PKI_ROLE_RESPONDER, "responder" },
};

static const struct {
	enum pki_kind kind;
	const char *name;
} kinds[] = {
	{ PKI_KIND_ROOT, "root" },
	{ PKI_KIND_CA, "ca" },
	{ PKI_KIND_OFFICER, "officer" },
	{ PKI_KIND_RESPONDER, "responder" },
	{ PKI_KIND_SEAL, "seal" },
	{ PKI_KIND_HOLDER_AUTH, "holder-authentication" },
	{ PKI_KIND_HOLDER_SIGN, "holder-signature" },
};

enum pki_role
pki_role_by_name(const char *name)
{
	for (size_t i = 0; i < PKI_COUNT(roles); i++)
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].role;
	return PKI_ROLE_NONE;
}

const char *
pki_role_name(enum pki_role role)
{
	for (size_t i = 0; i < PKI_COUNT(roles); i++)
		if (roles[i].role == role)
			return roles[i].name;
	return NULL;
}

const char *
pki_kind_name(enum pki_kind kind)
{
	for (size_t i = 0; i < PKI_COUNT(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return NULL;
}

bool
pki_kind_by_name(const char *name, enum pki_kind *out)
{
	for (size_t i = 0; i < PKI_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0) {
			*out = kinds[i].kind;
			return true;
		}
	return false;
}

pki_time
pki_profile_not_after(const struct pki_profile *profile, pki_time not_before)
{
	if (profile->validity_years != 0)
		return pki_time_add_years(not_before, profile->validity_years);
	return not_before + profile->validity_days * PKI_DAY - 1;
}

void
pki_crl_file(unsigned partition, char out[PKI_CRL_FILE])
{
	if (partition == 0)
		snprintf(out, PKI_CRL_FILE, "ca.crl");
	else
		snprintf(out, PKI_CRL_FILE, "crl/%u.crl", partition % 10000);
}

void
pki_crl_url(const struct pki_urls *urls, unsigned partition, char out[PKI_URL_TEXT])
{
	if (partition == 0)
		memcpy(out, urls->crl, PKI_URL_TEXT);
	else
		snprintf(out, PKI_URL_TEXT, "%.*s%u.crl", PKI_URL_TEXT - 9,
			urls->crl_base, partition % 10000);
}
