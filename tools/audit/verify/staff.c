#include "tools/audit/verify/staff.h"

#include <stdlib.h>

#include "tools/audit/verify/certificates.h"

struct member {
	struct pki_serial serial;
	struct pki_name name;
	char person[PKI_PERSON_TEXT];
	pki_msec from, to;
};

struct members {
	struct audit *a;
	struct member *all;
	size_t count;
};

/* Both certificates of one person, valid at one time. The later one identifies the
 * person: before, an officer could have several. */
static bool
clash(const struct member *earlier, const struct member *later)
{
	bool same = false;
	return later->person[0] != '\0' && later->from < earlier->to &&
	       pki_person_same(&earlier->name, &later->name, &same, NULL) == PKI_OK &&
	       same;
}

static enum pki_status
add(struct members *m, const struct member *one, struct pki_err *err)
{
	struct member *grown = reallocarray(m->all, m->count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "officers");
	m->all = grown;
	grown[m->count++] = *one;
	return PKI_OK;
}

/* Rows come in the sequence of the commits. */
static enum pki_status
on_row(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct members *m = ctx;
	char object[CERTIFICATE_OBJECT], other[PKI_SERIAL_TEXT];
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	struct member one = { .serial = row->serial,
		.from = row->issued,
		.to = row->revoked ? row->revoked_at : row->not_after * 1000 };
	const struct pki_profile *profile =
		pki_policy_profile(m->a->policies.given[0], row->profile);
	if (row->issuer != PKI_ISSUER_CA ||
		(profile != NULL && profile->kind != PKI_KIND_OFFICER) ||
		pki_cert_parse_own(pki_buf_bytes(&row->der), &cert, NULL) != PKI_OK ||
		pki_cert_subject(cert, &one.name, NULL) != PKI_OK)
		return PKI_OK; /* the certificate's own check tells */
	pki_person_of(&one.name, one.person);
	certificates_object(&row->serial, object);
	for (size_t i = 0; i < m->count; i++) {
		if (!clash(&m->all[i], &one))
			continue;
		pki_serial_text(&m->all[i].serial, other);
		audit_add_breach(m->a, object, PKI_RULE_PERSONS,
			"the officer %s had another valid certificate then, %s",
			one.person, other);
	}
	return add(m, &one, err);
}

enum pki_status
staff_verify(struct audit *a, struct pki_err *err)
{
	struct members members = { .a = a };
	enum pki_status status =
		pki_ledger_each_staff(a->ledger, 0, on_row, &members, err);
	free(members.all);
	return status;
}
