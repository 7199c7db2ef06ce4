#include "ca/signer/signer_crl_priv.h"

#include <limits.h>
#include <string.h>

#include "ca/signer/signer_clock_priv.h"

/* Bounds the signer's memory. */
#define REVOKED_MAX ((size_t)2 << 20)

static enum pki_status
read_entry(const struct signer_state *s, struct pki_bytes *entries,
	struct pki_revoked *out, struct pki_err *err)
{
	PKI_TRY(ipc_next_entry(entries, out, err));
	if (out->partition != 0 && out->partition != pki_serial_partition(&out->serial,
							     s->conf->ca_urls.partitions))
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"a CRL entry's partition is not its serial number's");
	return PKI_OK;
}

static enum pki_status
add_entries(struct signer_state *s, struct pki_bytes entries, struct pki_err *err)
{
	while (entries.len > 0) {
		struct pki_revoked entry;
		PKI_TRY(read_entry(s, &entries, &entry, err));
		PKI_TRY(revoked_set_append(&s->received, &entry, 1, err));
	}
	return PKI_OK;
}

/* All entries or none. */
enum pki_status
signer_entries(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_bytes entries = { 0 };
	PKI_TRY(ipc_get_entries(&fields, &entries, err));
	PKI_TRY(ipc_end(fields, err));
	size_t before = s->received.count;
	size_t known = s->tx.revoked.count > s->tx.added.count ? s->tx.revoked.count
							       : s->tx.added.count;
	if (known + before + entries.len / IPC_REVOKED_SIZE > REVOKED_MAX)
		return pki_fail(err, PKI_LIMIT, "more than %zu revocations in one CRL",
			REVOKED_MAX);
	enum pki_status status = add_entries(s, entries, err);
	if (status != PKI_OK)
		s->received.count = before;
	return status;
}

bool
signer_has_listed(const struct signer_state *s, const struct pki_serial *serial)
{
	return revoked_set_find(&s->tx.revoked, serial) != NULL;
}

/* Certificates that expired before this time have been listed after their expiry, by each
 * partition's last CRL (rule 57). */
static pki_time
cutoff(const struct signer_state *s)
{
	pki_time oldest = s->tx.last.made[0];
	for (unsigned k = 1; k <= s->conf->ca_urls.partitions; k++)
		if (s->tx.last.made[k] < oldest)
			oldest = s->tx.last.made[k];
	return s->conf->crl_keep ? 0 : oldest;
}

static void
drop_received(struct signer_state *s)
{
	revoked_set_free(&s->received);
	revoked_set_free(&s->expired);
}

/* A CRL begins: entries received for a CRL that was never made are dropped. */
enum pki_status
signer_cutoff(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	PKI_TRY(ipc_end(fields, err));
	drop_received(s);
	return ipc_put_number(&s->reply, (uint64_t)cutoff(s), err);
}

/* rule 57: the certificate proves its expiry before the last CRLs were made. */
enum pki_status
signer_expired(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_bytes der;
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &der, err));
	PKI_TRY(ipc_end(fields, err));
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_TRY(pki_cert_parse(der, &cert, err));
	PKI_TRY(pki_cert_verify(cert, s->ca, pki_cert_not_before(cert), err));
	if (pki_cert_not_after(cert) >= cutoff(s))
		return pki_refuse(err, PKI_RULE_CRL_EXPIRED,
			"a certificate stays on the CRL until it has expired");
	const struct pki_revoked *entry =
		revoked_set_find(&s->tx.revoked, pki_cert_get0_serial(cert));
	if (entry == NULL)
		return PKI_OK;
	if (s->tx.removed.count + s->expired.count >= REVOKED_MAX)
		return pki_fail(err, PKI_LIMIT,
			"more than %zu expired certificates for one CRL", REVOKED_MAX);
	return revoked_set_append(&s->expired, entry, 1, err);
}

static bool
same_entry(const struct pki_revoked *a, const struct pki_revoked *b)
{
	return a->revoked_at == b->revoked_at && a->reason == b->reason &&
	       (b->partition == 0 || a->partition == b->partition);
}

/* The entry of this serial in the revoked set, or earlier in this request. NULL: none. */
static struct pki_revoked *
find_known(struct signer_state *s, const struct revoked_set *kept, size_t *at,
	const struct pki_serial *serial)
{
	*at = revoked_set_seek(&s->tx.revoked, *at, serial);
	if (kept->count > 0 && revoked_set_is_at(kept, kept->count - 1, serial))
		return &kept->items[kept->count - 1];
	if (revoked_set_is_at(&s->tx.revoked, *at, serial))
		return &s->tx.revoked.items[*at];
	return NULL;
}

static enum pki_status
check_final(const struct pki_revoked *item, const struct pki_revoked *known,
	struct pki_err *err)
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(&item->serial, text);
	if (!same_entry(item, known))
		return pki_refuse(err, PKI_RULE_REVOKED_FINAL,
			"the last CRL lists %s otherwise; a revocation is final", text);
	return PKI_OK;
}

/* rule 58: a known entry must be unchanged. Leaves the new entries in s->received. */
static enum pki_status
check_received(struct signer_state *s, struct pki_err *err)
{
	revoked_set_sort(&s->received);
	struct revoked_set kept = { .items = s->received.items };
	size_t at = 0;
	for (size_t i = 0; i < s->received.count; i++) {
		const struct pki_revoked *item = &s->received.items[i];
		struct pki_revoked *known = find_known(s, &kept, &at, &item->serial);
		if (known != NULL) {
			PKI_TRY(check_final(item, known, err));
			/* a full CRL read at the start does not say which partition an entry is in */
			known->partition = item->partition;
			continue;
		}
		/* expired, and taken off a CRL in this transaction */
		known = revoked_set_find(&s->tx.removed, &item->serial);
		if (known != NULL)
			PKI_TRY(check_final(item, known, err));
		kept.items[kept.count++] = *item;
	}
	s->received.count = kept.count;
	return PKI_OK;
}

/* rules 49, 53, 55: thisUpdate is now; nextUpdate as pki.yaml says, or the last CRL's. */
static enum pki_status
check_times(const struct signer_state *s, const struct pki_crl_spec *spec, pki_msec now,
	struct pki_err *err)
{
	pki_time end = s->ends ? PKI_CRL_LAST : spec->this_update + s->conf->crl_lifetime;
	if (spec->next_update == PKI_CRL_LAST && !s->ends)
		return pki_refuse(err, PKI_RULE_CRL_LAST,
			"only pki-ca last-crl, with both custodians, makes the last CRL");
	if (spec->this_update > now / 1000 || spec->this_update < s->tx.last.crl_made ||
		spec->this_update < (now - PKI_CLOCK_SKEW_MS) / 1000 ||
		spec->next_update != end)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"a CRL is of now and holds as long as pki.yaml says");
	return PKI_OK;
}

static enum pki_status
check_place(struct signer_state *s, const struct pki_crl_spec *spec, unsigned partition,
	struct pki_err *err)
{
	pki_msec now = 0;
	(void)signer_clock(s, &now); /* CRLs are made whatever the clock says */
	if (partition > s->conf->ca_urls.partitions)
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"there is no partition %u; pki.yaml has %u", partition,
			s->conf->ca_urls.partitions);
	if (s->tx.last.made[partition] == PKI_CRL_LAST)
		return pki_refuse(
			err, PKI_RULE_CRL_LAST, "the last CRL of this list is made");
	if (spec->number != s->tx.last.crl_number + 1)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"CRL number %llu after %llu; numbers grow by one",
			(unsigned long long)spec->number,
			(unsigned long long)s->tx.last.crl_number);
	return check_times(s, spec, now, err);
}

static void
once_each(struct revoked_set *set)
{
	size_t kept = 0;
	for (size_t i = 0; i < set->count; i++)
		if (kept == 0 || pki_serial_compare(&set->items[kept - 1].serial,
					 &set->items[i].serial) != 0)
			set->items[kept++] = set->items[i];
	set->count = kept;
}

/* The entries of the certificates that name a partition: neighbours in the revoked set. */
static enum pki_status
select_entries(const struct signer_state *s, unsigned partition, struct revoked_set *out,
	struct pki_err *err)
{
	const struct revoked_set *set = &s->tx.revoked;
	unsigned partitions = s->conf->ca_urls.partitions;
	size_t low = 0, high = set->count, kept = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pki_serial_partition(&set->items[middle].serial, partitions) <
			partition)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < set->count &&
		pki_serial_partition(&set->items[high].serial, partitions) == partition)
		high++;
	if (low < high)
		PKI_TRY(revoked_set_append(out, &set->items[low], high - low, err));
	for (size_t i = 0; i < out->count; i++)
		if (out->items[i].partition == partition)
			out->items[kept++] = out->items[i];
	out->count = kept;
	return PKI_OK;
}

static void
revoked_set_cleanup(struct revoked_set *set)
{
	revoked_set_free(set);
}

static enum pki_status
build(struct signer_state *s, const struct pki_crl_spec *place, unsigned partition,
	struct pki_err *err)
{
	struct pki_crl_spec spec = *place;
	char url[PKI_URL_TEXT];
	PKI_CLEANUP(revoked_set_cleanup) struct revoked_set selected = { 0 };
	const struct revoked_set *set = &s->tx.revoked;
	if (partition != 0) {
		PKI_TRY(select_entries(s, partition, &selected, err));
		pki_crl_url(&s->conf->ca_urls, partition, url);
		spec.distribution_point = url;
		set = &selected;
	}
	spec.expired_since = s->conf->crl_keep ? pki_cert_not_before(s->ca) : 0;
	spec.revoked = set->items;
	spec.count = set->count;
	pki_crl_free(s->crl);
	s->crl = NULL;
	return pki_crl_build(&spec, s->ca_key, &s->crl, err);
}

static enum pki_status
make_crl(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	uint64_t partition = 0;
	struct pki_crl_spec spec = { .issuer = s->ca };
	PKI_TRY(ipc_get_number(&fields, &partition, err));
	PKI_TRY(ipc_get_number(&fields, &spec.number, err));
	PKI_TRY(ipc_get_time(&fields, &spec.this_update, err));
	PKI_TRY(ipc_get_time(&fields, &spec.next_update, err));
	PKI_TRY(ipc_end(fields, err));
	unsigned k = partition > PKI_PARTITIONS_MAX ? UINT_MAX : (unsigned)partition;
	PKI_TRY(check_place(s, &spec, k, err));
	PKI_TRY(check_received(s, err));
	revoked_set_sort(&s->expired);
	once_each(&s->expired);
	transaction_begin(&s->tx);
	PKI_TRY(transaction_change(&s->tx, &s->received, &s->expired, err));
	PKI_TRY(build(s, &spec, k, err));
	s->tx.last.crl_number = spec.number;
	s->tx.last.crl_made = spec.this_update;
	s->tx.last.made[k] = s->ends ? PKI_CRL_LAST : spec.this_update;
	PKI_TRY(ipc_put_number(&s->reply, pki_crl_count(s->crl), err));
	return ipc_put_tail(&s->reply, pki_crl_get0_der(s->crl), &s->tail, err);
}

enum pki_status
signer_crl(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	enum pki_status status = make_crl(s, fields, err);
	drop_received(s);
	return status;
}
