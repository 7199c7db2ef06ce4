#include "ocsp/lookup.h"

/* Notes per slot, for serials with the same last octets. With a single note per slot, two of
 * three statuses of a thousand certificates were read from the ledger each time. */
#define WAYS 8u

enum pki_status
lookup_open(struct authority *authority, struct lookup *out, struct pki_err *err)
{
	static const struct pki_serial any = { { 1 }, 1 };
	struct pki_cert_status unused;
	out->authority = authority;
	PKI_TRY(pki_ledger_open_beside(authority->ledger, &out->ledger, err));
	/* the first read opens the rest of the ledger's files: before the sandbox */
	return pki_ledger_status(out->ledger, PKI_ISSUER_CA, &any, &unused, err);
}

void
lookup_close(struct lookup *lookup)
{
	for (size_t i = 0; i < PKI_OCSP_ALGS_MAX; i++)
		identity_drop(&lookup->shares[i]);
	pki_ledger_close(lookup->ledger);
}

/* A clock behind the ledger's last event is wrong (rule 209), and would date singles and
 * revocations wrongly. */
enum pki_status
lookup_view(struct lookup *lookup, pki_time now, struct pki_err *err)
{
	struct pki_ledger_view view;
	PKI_TRY(pki_ledger_view(lookup->ledger, &view, err));
	if (lookup->at == 0 || !pki_ledger_view_equal(&view, &lookup->view)) {
		lookup->view = view;
		lookup->at = authority_view(lookup->authority, &view);
	}
	if (view.last_event / 1000 > now + PKI_CLOCK_SKEW_MS / 1000)
		return pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
			"the clock is behind the ledger's last event; set it right");
	return PKI_OK;
}

static void
set_unissued(const struct lookup *lookup, struct pki_ocsp_single *out) /* rule 60 */
{
	bool unknown = lookup->authority->conf->ocsp->unknown;
	*out = (struct pki_ocsp_single){ .status = unknown ? PKI_OCSP_UNKNOWN
							   : PKI_OCSP_UNISSUED };
}

static enum pki_status
read_ledger(struct lookup *lookup, const struct pki_serial *serial,
	struct pki_ocsp_single *out, struct pki_err *err)
{
	struct pki_cert_status status;
	PKI_TRY(pki_ledger_status(lookup->ledger, PKI_ISSUER_CA, serial, &status, err));
	*out = (struct pki_ocsp_single){ .status = PKI_OCSP_GOOD };
	if (!status.issued)
		set_unissued(lookup, out);
	else if (status.revoked)
		*out = (struct pki_ocsp_single){ PKI_OCSP_REVOKED, status.revoked_at,
			status.reason };
	return PKI_OK;
}

/* The serial's note, or a note to replace. Serials are random: the last octets spread well. */
static struct lookup_note *
note_of(struct lookup *lookup, const struct pki_serial *serial)
{
	unsigned low = serial->octets[serial->len - 1];
	unsigned high = serial->len > 1 ? serial->octets[serial->len - 2] : 0;
	size_t set = (high << 8 | low) % (LOOKUP_NOTES / WAYS);
	struct lookup_note *notes = &lookup->notes[set * WAYS];
	for (size_t i = 0; i < WAYS; i++)
		if (pki_serial_compare(&notes[i].serial, serial) == 0)
			return &notes[i];
	return &notes[lookup->next++ % WAYS];
}

/* After lookup_view(). serial NULL: a number that no certificate has. A status noted at this view is not read again. */
enum pki_status
lookup_status(struct lookup *lookup, const struct pki_serial *serial,
	struct pki_ocsp_single *out, struct pki_err *err)
{
	if (serial == NULL) {
		set_unissued(lookup, out);
		return PKI_OK;
	}
	struct lookup_note *note = note_of(lookup, serial);
	if (note->at != lookup->at || pki_serial_compare(&note->serial, serial) != 0) {
		note->at = 0;
		PKI_TRY(read_ledger(lookup, serial, &note->single, err));
		note->serial = *serial;
		note->at = lookup->at;
	}
	*out = note->single;
	return PKI_OK;
}

enum pki_status
lookup_take_shares(struct lookup *lookup, struct pki_err *err)
{
	const struct authority *authority = lookup->authority;
	for (size_t i = 0; i < authority->identity_count; i++)
		PKI_TRY(identity_take(authority->identities[i], &lookup->shares[i], err));
	return PKI_OK;
}

/* rule 74 */
const struct identity_share *
lookup_choose(const struct lookup *lookup, const struct pki_ocsp_request *req)
{
	struct pki_ocsp_responder *responders[PKI_OCSP_ALGS_MAX];
	size_t count = lookup->authority->identity_count;
	for (size_t i = 0; i < count; i++)
		responders[i] = lookup->shares[i].responder;
	return &lookup->shares[pki_ocsp_choose(req, responders, count)];
}
