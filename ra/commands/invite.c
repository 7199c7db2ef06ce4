#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ra/ra.h"

#define EXPIRES "30d"
#define EXPIRES_MAX (90 * PKI_DAY) /* an invitation is for a case at hand */
/* 100 random bits in Crockford's base 32 (no I, L, O, U), in groups of five */
#define CODE_CHARS 20
#define CODE_TEXT (CODE_CHARS + 4)

const struct pki_option ra_invite_options[] = {
	{ "department", "TEXT", "the department that invites", 1 },
	{ "expires", "TIME", "how long the code can be used (" EXPIRES ")", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

static enum pki_status
make_code(char out[CODE_TEXT], struct pki_err *err)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint8_t random[CODE_CHARS];
	char *p = out;
	PKI_TRY(pki_random(random, sizeof random, err));
	for (int i = 0; i < CODE_CHARS; i++) {
		if (i != 0 && i % 5 == 0)
			*p++ = '-';
		*p++ = digits[random[i] % 32];
	}
	*p = '\0';
	return PKI_OK;
}

enum pki_status
ra_code_digest(const char *code, uint8_t out[PKI_SHA256], struct pki_err *err)
{
	char plain[2 * CODE_TEXT];
	size_t len = 0;
	for (; *code != '\0' && len < sizeof plain; code++) {
		char c = (char)toupper((unsigned char)*code);
		if (c == '-' || c == ' ')
			continue;
		plain[len++] = (char)(c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c);
	}
	return pki_sha256(plain, len, out, err);
}

static enum pki_status
fill(const struct pki_args *args, struct ra *ra, struct pki_order *order,
	struct ra_invitation *invitation, struct pki_err *err)
{
	const char *department = pki_arg(args, "department");
	const char *expires = pki_arg(args, "expires");
	int64_t seconds;
	if (department == NULL || department[0] == '\0' ||
		strlen(department) >= sizeof order->department)
		return pki_fail(
			err, PKI_USAGE, "give --department TEXT, 127 octets at most");
	PKI_TRY(pki_duration_parse(expires != NULL ? expires : EXPIRES, &seconds, err));
	if (seconds > EXPIRES_MAX)
		return pki_fail(err, PKI_USAGE, "--expires: 90d at most");
	PKI_TRY(pki_id_make('I', order->id, err));
	order->created = pki_msec_now();
	order->expires = order->created / 1000 + seconds;
	snprintf(order->authority, sizeof order->authority, "%s", ra->conf->authority);
	snprintf(order->department, sizeof order->department, "%s", department);
	pki_hex_encode(invitation->code, PKI_SHA256, order->applicant_digest);
	memcpy(invitation->id, order->id, sizeof invitation->id);
	memcpy(invitation->department, order->department, sizeof invitation->department);
	invitation->created = order->created;
	invitation->expires = order->expires;
	return PKI_OK;
}

static enum pki_status
record(struct ra *ra, const struct ra_invitation *invitation, const char *officer,
	struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(invitation->cms.data, invitation->cms.len, digest, err));
	PKI_CLEANUP(pki_json_cleanup)
	json_t *detail = json_pack(
		"{s:s, s:s}", "invitation", invitation->id, "order_digest", digest);
	ra_time_json(detail, "expires", invitation->expires);
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_store_add_invitation(ra->store, invitation, err));
	PKI_TRY(ra_store_event(ra->store, "invitation-made", officer, detail, err));
	return ra_store_commit(ra->store, err);
}

static enum pki_status
invite(const struct pki_args *args, struct ra *ra, struct ra_officer *officer,
	struct ra_invitation *invitation, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	struct pki_order order = { .action = PKI_ACTION_INVITE };
	char code[CODE_TEXT], local[RA_LOCAL];
	PKI_TRY(make_code(code, err));
	PKI_TRY(ra_code_digest(code, invitation->code, err));
	PKI_TRY(fill(args, ra, &order, invitation, err));
	PKI_TRY(ra_need_officer(ra, args, officer, err));
	PKI_TRY(pki_order_encode(&order, &json, err));
	PKI_TRY(pki_cms_sign(pki_buf_bytes(&json), officer->key, officer->cert,
		&invitation->cms, err));
	PKI_TRY(record(ra, invitation, officer->serial, err));
	json_t *out = json_pack("{s:s, s:s, s:s}", "invitation", invitation->id, "code",
		code, "department", invitation->department);
	ra_time_json(out, "expires", invitation->expires);
	ra_print(ra, out,
		"invitation  %s\ncode        %s\nexpires     %s\n\n"
		"Hand the code to the applicant: it is shown this once and counts once.\n"
		"next: pki-ra submit --invitation %s --application FILE.yaml ...\n",
		invitation->id, code, ra_local(invitation->expires, local), code);
	return PKI_OK;
}

enum pki_status
ra_invite(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	PKI_CLEANUP(ra_invitation_free) struct ra_invitation invitation = { 0 };
	PKI_TRY(ra_open(args, &ra, err));
	return invite(args, &ra, &officer, &invitation, err);
}
