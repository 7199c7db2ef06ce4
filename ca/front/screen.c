#include "ca/front/screen.h"

#include <string.h>
#include <time.h>

#include "ca/front/ledger_rules.h"

#define USEC ((int64_t)1000000)
/* A burst is ten seconds of the rate. */
#define BURST_SECONDS 10
/* An order that cannot be carried out goes on to the log once a minute. */
#define EVIDENCE_INTERVAL (60 * USEC)

/* An order as far as it is read. */
struct sight {
	struct pki_bytes cms;
	struct pki_cms_claim claim;
	struct pki_order order;
	uint8_t digest[PKI_SHA256];
	const struct pki_err *stranger;
	int64_t clock; /* microseconds, monotonic */
	bool ended; /* a signer's certificate is revoked */
};

enum pki_status
screen_open(struct screen *s, long rate, struct pki_err *err)
{
	s->orders.interval = USEC / rate;
	s->orders.burst = rate * BURST_SECONDS;
	s->evidence.interval = EVIDENCE_INTERVAL;
	s->evidence.burst = 1;
	PKI_TRY(pki_ledger_issuer(s->ledger, PKI_ISSUER_CA, &s->ca, err));
	return pki_cms_cache_new(&s->cache, err);
}

void
screen_close(struct screen *s)
{
	pki_cms_cache_free(s->cache);
	pki_cert_free(s->ca);
}

static void
sight_free(struct sight *sight)
{
	pki_cms_claim_free(&sight->claim);
	pki_order_free(&sight->order);
}

/* Only a refusal of the request is counted, not a failure of the machine. */
static enum pki_status
count(struct screen *s, enum pki_status status, enum metrics_refused why)
{
	if (status == PKI_INPUT || status == PKI_LIMIT || status == PKI_OFFICER ||
		status == PKI_REFUSED || status == PKI_VERSION)
		metrics_refused(s->metrics, METRICS_HTTP, why);
	return status;
}

static enum pki_status
read_form(const struct screen *s, struct sight *sight, struct pki_err *err)
{
	PKI_TRY(pki_sha256(sight->cms.data, sight->cms.len, sight->digest, err));
	PKI_TRY(pki_cms_peek(sight->cms, s->ca, &sight->claim, err));
	return pki_order_decode(pki_buf_bytes(&sight->claim.content), &sight->order, err);
}

/* A wall clock that leapt ahead stops no revocation: a certificate has expired if it has by
 * the youngest event too. The signer knows better. */
static enum pki_status
has_expired(const struct screen *s, const struct pki_cert_row *row, bool *out,
	struct pki_err *err)
{
	pki_msec last = 0;
	*out = false;
	if (row->not_after >= pki_time_now())
		return PKI_OK;
	PKI_TRY(pki_ledger_last_event(s->ledger, &last, err));
	*out = row->not_after < last / 1000;
	return PKI_OK;
}

static enum pki_status
judge_signer(const struct screen *s, const struct pki_cert_row *row, struct pki_err *err)
{
	bool expired = false;
	const struct pki_profile *profile = pki_policy_profile(s->policy, row->profile);
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(&row->serial, text);
	if (profile == NULL || profile->kind != PKI_KIND_OFFICER)
		return pki_refuse(err, PKI_RULE_ROLE,
			"certificate %s of a signer (%s) signs no orders: it is no officer's and no service's",
			text, row->profile);
	PKI_TRY(has_expired(s, row, &expired, err));
	if (expired)
		return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
			"certificate %s of a signer has expired; sign with a valid certificate",
			text);
	return PKI_OK;
}

static enum pki_status
check_signer(const struct screen *s, const struct pki_serial *serial, struct sight *sight,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_certificate(
		s->ledger, PKI_ISSUER_CA, serial, &row, &found, err));
	if (!found)
		return ledger_rules_officers(s->ledger, serial, 1, err);
	sight->ended = sight->ended || row.revoked;
	return judge_signer(s, &row, err);
}

static enum pki_status
check_signers(const struct screen *s, struct sight *sight, struct pki_err *err)
{
	for (size_t i = 0; i < sight->claim.signer_count; i++)
		PKI_TRY(check_signer(s, &sight->claim.signers[i], sight, err));
	return PKI_OK;
}

static bool
is_evidence(struct screen *s, const struct sight *sight)
{
	return rate_take(&s->evidence, &sight->claim.signers[0], sight->clock);
}

/* rule 205 */
static enum pki_status
check_ended(struct screen *s, const struct sight *sight, struct pki_err *err)
{
	if (!sight->ended || is_evidence(s, sight))
		return PKI_OK;
	return ledger_rules_officers(
		s->ledger, sight->claim.signers, sight->claim.signer_count, err);
}

/* rule 203 */
static enum pki_status
check_replay(struct screen *s, const struct sight *sight, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_order(s->ledger, sight->order.id, &row, &found, err));
	if (!found || memcmp(row.digest, sight->digest, sizeof row.digest) != 0 ||
		is_evidence(s, sight))
		return PKI_OK;
	return ledger_rules_unused(
		s->ledger, sight->order.id, PKI_RULE_ORDER_USED, "order", err);
}

static enum pki_status
verify(const struct screen *s, const struct sight *sight, struct pki_err *err)
{
	return pki_cms_check(sight->cms, s->ca, s->cache, err);
}

static enum pki_status
check_rate(struct screen *s, const struct sight *sight, struct pki_err *err)
{
	for (size_t i = 0; i < sight->claim.signer_count; i++) {
		const struct pki_serial *who = &sight->claim.signers[i];
		char text[PKI_SERIAL_TEXT];
		if (rate_take(&s->orders, who, sight->clock))
			continue;
		metrics_refused(s->metrics, METRICS_HTTP, METRICS_RATE);
		pki_serial_text(who, text);
		return pki_fail(err, PKI_BUSY,
			"more than %lld orders per second with certificate %s of a signer (ca.rate in pki.yaml); nothing of this one was done, try again",
			(long long)(USEC / s->orders.interval), text);
	}
	return PKI_OK;
}

static int64_t
monotonic_usec(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * USEC + t.tv_nsec / 1000;
}

/* rule 122; what is no order is no revocation */
static enum pki_status
check_peer(const struct sight *sight, struct pki_err *err)
{
	struct pki_err own = *sight->stranger;
	bool revokes = sight->order.action == PKI_ACTION_REVOKE;
	return revokes ? PKI_OK : pki_err_move(err, &own);
}

static enum pki_status
look(struct screen *s, struct sight *sight, bool *revokes, struct pki_err *err)
{
	struct pki_err form = { 0 };
	(void)!read_form(s, sight, &form);
	PKI_TRY(count(s, check_peer(sight, err), METRICS_PEER));
	PKI_TRY(count(s, pki_err_move(err, &form), METRICS_FORM));
	pki_err_object(err, "%s", sight->order.id);
	PKI_TRY(count(s, check_signers(s, sight, err), METRICS_SIGNER));
	PKI_TRY(count(s, check_ended(s, sight, err), METRICS_SIGNER));
	PKI_TRY(count(s, check_replay(s, sight, err), METRICS_REPLAY));
	if (sight->order.action != PKI_ACTION_REVOKE)
		return check_rate(s, sight, err);
	PKI_TRY(count(s, verify(s, sight, err), METRICS_SIGNATURE));
	*revokes = !sight->ended;
	return PKI_OK;
}

enum pki_status
screen_order(struct screen *s, struct pki_bytes cms, const struct pki_err *stranger,
	bool *revokes, struct pki_err *err)
{
	PKI_CLEANUP(sight_free)
	struct sight sight = {
		.cms = cms, .stranger = stranger, .clock = monotonic_usec()
	};
	*revokes = false;
	return look(s, &sight, revokes, err);
}
