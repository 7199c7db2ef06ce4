/* CRLs: what was listed once stays listed, as it was, until its certificate has expired. */
#include <string.h>

#include "ca/signer_state.h"
#include "libpki/decide.h"

/* Memory, before anything else: 40 octets each. */
#define REVOKED_MAX ((size_t)2 << 20)

enum pki_status
signer_entries(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_bytes in;
	PKI_TRY(ipc_get(&fields, IPC_STRUCT, &in, err));
	PKI_TRY(ipc_end(fields, err));
	size_t count = in.len / sizeof *s->revoked;
	if (in.len % sizeof *s->revoked != 0 || count == 0 || count > IPC_ENTRIES_MAX)
		return pki_fail(err, PKI_INPUT, "CRL entries of %zu octets", in.len);
	if (s->revoked_count + count > REVOKED_MAX)
		return pki_fail(err, PKI_LIMIT, "more than %zu revocations in one CRL",
			REVOKED_MAX);
	struct pki_revoked *grown =
		reallocarray(s->revoked, s->revoked_count + count, sizeof *grown);
	if (grown == NULL)
		return pki_fail(
			err, PKI_MEMORY, "%zu CRL entries", s->revoked_count + count);
	s->revoked = grown;
	memcpy(grown + s->revoked_count, in.data, in.len);
	for (size_t i = s->revoked_count; i < s->revoked_count + count; i++)
		if (grown[i].serial.len == 0 || grown[i].serial.len > PKI_SERIAL_MAX ||
			pki_reason_name(grown[i].reason) == NULL)
			return pki_fail(err, PKI_INPUT, "CRL entry %zu is malformed", i);
	s->revoked_count += count;
	return PKI_OK;
}

static int
by_serial(const void *a, const void *b)
{
	const struct pki_revoked *ra = a, *rb = b;
	return pki_serial_compare(&ra->serial, &rb->serial);
}

static struct pki_revoked *
find(struct listed *listed, const struct pki_serial *serial)
{
	struct pki_revoked key = { .serial = *serial };
	return listed == NULL ? NULL
			      : bsearch(&key, listed->entries, listed->count, sizeof key,
					by_serial);
}

bool
signer_has_listed(const struct signer_state *s, const struct pki_serial *serial)
{
	return find(s->last.listed, serial) != NULL;
}

static enum pki_status
copy_entries(const struct pki_crl *crl, struct listed **out, struct pki_err *err)
{
	size_t count = pki_crl_count(crl);
	struct listed *listed = malloc(sizeof *listed + count * sizeof listed->entries[0]);
	*out = listed;
	if (listed == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu CRL entries", count);
	for (listed->count = 0; listed->count < count; listed->count++)
		PKI_TRY(pki_crl_entry(
			crl, listed->count, &listed->entries[listed->count], err));
	return PKI_OK;
}

enum pki_status
signer_load_crl(struct signer_state *s, struct pki_bytes der, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(pki_crl_parse(der, &crl, err));
	PKI_TRY(pki_crl_verify(crl, s->ca, err));
	s->last.crl_number = pki_crl_number(crl);
	s->last.crl_made = pki_crl_this_update(crl);
	return copy_entries(crl, &s->last.listed, err);
}

/* rule 57: the certificate itself shows that it had expired when the last CRL was made. */
enum pki_status
signer_expired(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_bytes der;
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &der, err));
	PKI_TRY(ipc_end(fields, err));
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_TRY(pki_cert_parse(der, &cert, err));
	PKI_TRY(pki_cert_verify(cert, s->ca, pki_cert_not_before(cert), err));
	if (pki_cert_not_after(cert) >= s->last.crl_made)
		return pki_refuse(err, PKI_RULE_CRL_EXPIRED,
			"a certificate stays on the CRL until it has expired");
	signer_begin(s);
	struct listed *listed = s->last.listed;
	struct pki_revoked *entry = find(listed, pki_cert_get0_serial(cert));
	if (entry != NULL) {
		struct pki_revoked *end = listed->entries + listed->count--;
		memmove(entry, entry + 1, (size_t)(end - entry - 1) * sizeof *entry);
	}
	return PKI_OK;
}

/* rule 58: what the last CRL lists, this one lists too, with the same date and reason. */
static enum pki_status
check_kept(const struct listed *old, const struct listed *new, struct pki_err *err)
{
	for (size_t i = 0, k = 0; i < old->count; i++) {
		const struct pki_revoked *was = &old->entries[i];
		while (k < new->count && by_serial(&new->entries[k], was) < 0)
			k++;
		const struct pki_revoked *is = k < new->count ? &new->entries[k] : NULL;
		char text[PKI_SERIAL_TEXT];
		pki_serial_text(&was->serial, text);
		if (is == NULL || by_serial(is, was) != 0 ||
			is->revoked_at != was->revoked_at || is->reason != was->reason)
			return pki_refuse(err, PKI_RULE_REVOKED_FINAL,
				"the last CRL lists %s otherwise; a revocation is final",
				text);
	}
	return PKI_OK;
}

/* rules 49-51 */
static enum pki_status
check_place(struct signer_state *s, const struct pki_crl_spec *spec, struct pki_err *err)
{
	pki_msec now = 0;
	PKI_TRY(signer_now(s, &now, err));
	if (spec->number != s->last.crl_number + 1)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"CRL number %llu after %llu; numbers grow by one",
			(unsigned long long)spec->number,
			(unsigned long long)s->last.crl_number);
	if (spec->this_update > now / 1000 || spec->this_update < s->last.crl_made ||
		spec->this_update < (now - PKI_CLOCK_SKEW_MS) / 1000 ||
		spec->next_update != spec->this_update + s->conf->crl_lifetime)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"a CRL is of now and holds as long as pki.yaml says");
	return PKI_OK;
}

static enum pki_status
build_crl(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	uint64_t number, this_update, next_update;
	PKI_TRY(ipc_get_number(&fields, &number, err));
	PKI_TRY(ipc_get_number(&fields, &this_update, err));
	PKI_TRY(ipc_get_number(&fields, &next_update, err));
	PKI_TRY(ipc_end(fields, err));
	struct pki_crl_spec spec = {
		.issuer = s->ca,
		.number = number,
		.this_update = (pki_time)this_update,
		.next_update = (pki_time)next_update,
		.revoked = s->revoked,
		.count = s->revoked_count,
	};
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct listed *listed = NULL;
	PKI_TRY(check_place(s, &spec, err));
	enum pki_status status = pki_crl_build(&spec, s->ca_key, &crl, err);
	if (status == PKI_OK)
		status = copy_entries(crl, &listed, err);
	if (status == PKI_OK)
		status = check_kept(s->last.listed, listed, err);
	if (status != PKI_OK) {
		free(listed);
		return status;
	}
	signer_begin(s);
	if (s->last.listed != s->before.listed)
		free(s->last.listed);
	s->last.crl_number = number;
	s->last.crl_made = spec.this_update;
	s->last.listed = listed;
	struct pki_bytes der = pki_crl_get0_der(crl);
	return ipc_put(&s->reply, IPC_BYTES, der.data, der.len, err);
}

enum pki_status
signer_crl(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	enum pki_status status = build_crl(s, fields, err);
	free(s->revoked);
	s->revoked = NULL;
	s->revoked_count = 0;
	return status;
}
