#include "tests/bench/common/ocsp_brief.h"

#define SEQUENCE 0x30
#define OCTETS 0x04
#define INTEGER 0x02
#define ENUMERATED 0x0a
#define TIME 0x18
#define TAG0 0xa0
#define GOOD 0x80
#define REVOKED 0xa1
#define UNKNOWN 0x82
#define HOLD 6

/* The element of this tag at the head of what is left, which shrinks by it. */
static bool
take(struct pki_bytes *in, uint8_t tag, struct pki_bytes *value)
{
	if (in->len < 2 || in->data[0] != tag)
		return false;
	size_t len = in->data[1], head = 2;
	if (len > 0x80) {
		size_t octets = len - 0x80;
		if (octets > 4 || in->len < 2 + octets)
			return false;
		for (len = 0; head < 2 + octets; head++)
			len = len << 8 | in->data[head];
	}
	if (in->len - head < len)
		return false;
	struct pki_bytes found = { in->data + head, len };
	in->data += head + len;
	in->len -= head + len;
	*value = found; /* which may be what was read from */
	return true;
}

/* One that may be missing. */
static void
skip(struct pki_bytes *in, uint8_t tag)
{
	struct pki_bytes ignored;
	(void)take(in, tag, &ignored);
}

/* OCSPResponse { status, [0] { ResponseBytes { oid, OCTET STRING { BasicOCSPResponse {
 * ResponseData { [0] version, responderID, producedAt, responses } } } } } } */
static bool
find_responses(struct pki_bytes der, unsigned *response, struct pki_bytes *out)
{
	struct pki_bytes v, oid;
	if (!take(&der, SEQUENCE, &der) || !take(&der, ENUMERATED, &v) || v.len != 1)
		return false;
	*response = v.data[0];
	if (*response != 0)
		return true;
	if (!take(&der, TAG0, &v) || !take(&v, SEQUENCE, &v) || !take(&v, 0x06, &oid) ||
		!take(&v, OCTETS, &v) || !take(&v, SEQUENCE, &v) ||
		!take(&v, SEQUENCE, &v))
		return false;
	skip(&v, TAG0);
	skip(&v, 0xa1);
	skip(&v, 0xa2);
	return take(&v, TIME, &oid) && take(&v, SEQUENCE, out);
}

/* RevokedInfo { revocationTime, [0] { CRLReason } } */
static bool
on_hold(struct pki_bytes revoked)
{
	struct pki_bytes v;
	return take(&revoked, TIME, &v) && take(&revoked, TAG0, &v) &&
	       take(&v, ENUMERATED, &v) && v.len == 1 && v.data[0] == HOLD;
}

bool
ocsp_brief_read(struct pki_bytes der, struct ocsp_brief *out)
{
	struct pki_bytes v, id, status;
	*out = (struct ocsp_brief){ .response = 0 };
	if (!find_responses(der, &out->response, &v))
		return false;
	if (out->response != 0)
		return true;
	if (!take(&v, SEQUENCE, &v) || !take(&v, SEQUENCE, &id) ||
		!take(&id, SEQUENCE, &status) || !take(&id, OCTETS, &status) ||
		!take(&id, OCTETS, &status) || !take(&id, INTEGER, &out->serial))
		return false;
	if (take(&v, GOOD, &status))
		out->status = PKI_OCSP_GOOD;
	else if (take(&v, REVOKED, &status))
		out->status = on_hold(status) ? PKI_OCSP_UNISSUED : PKI_OCSP_REVOKED;
	else if (take(&v, UNKNOWN, &status))
		out->status = PKI_OCSP_UNISSUED;
	else
		return false;
	return true;
}
