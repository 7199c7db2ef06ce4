#include "libpki/cms/order.h"

#include <stdio.h>
#include <string.h>

static const char *const action_names[] = {
	[PKI_ACTION_ISSUE] = "issue",
	[PKI_ACTION_RENEW] = "renew",
	[PKI_ACTION_REVOKE] = "revoke",
	[PKI_ACTION_INVITE] = "invite",
	[PKI_ACTION_ERASE] = "erase",
};

#define ID_RANDOM ((size_t)16)

bool
pki_action_by_name(const char *name, enum pki_action *out)
{
	for (size_t i = 0; i < PKI_COUNT(action_names); i++) {
		if (strcmp(action_names[i], name) == 0) {
			*out = (enum pki_action)i;
			return true;
		}
	}
	return false;
}

const char *
pki_action_name(enum pki_action action)
{
	return (size_t)action < PKI_COUNT(action_names) ? action_names[action] : NULL;
}

enum pki_status
pki_id_make(char prefix, char out[PKI_ID_TEXT], struct pki_err *err)
{
	uint8_t random[ID_RANDOM];
	PKI_TRY(pki_random(random, sizeof random, err));
	out[0] = prefix;
	out[1] = '-';
	pki_hex_encode(random, sizeof random, out + 2);
	return PKI_OK;
}

bool
pki_id_valid(const char *id, char prefix)
{
	return id[0] == prefix && id[1] == '-' && strlen(id + 2) == 2 * ID_RANDOM &&
	       strspn(id + 2, "0123456789abcdef") == 2 * ID_RANDOM;
}

void
pki_order_free(struct pki_order *order)
{
	for (size_t i = 0; i < order->cert_count; i++)
		pki_buf_free(&order->certs[i].csr);
	pki_buf_free(&order->invitation);
	*order = (struct pki_order){ 0 };
}

enum pki_status
pki_order_open(struct pki_bytes der, const struct pki_cert *issuer, pki_time at,
	struct pki_cms_cache *cache, struct pki_signed_order *out, struct pki_err *err)
{
	*out = (struct pki_signed_order){ 0 };
	PKI_TRY(pki_sha256(der.data, der.len, out->digest, err));
	PKI_TRY(pki_cms_open(der, issuer, at, cache, &out->cms, err));
	enum pki_status status =
		pki_order_decode(pki_buf_bytes(&out->cms.content), &out->order, err);
	if (status != PKI_OK)
		pki_order_close(out);
	return status;
}

void
pki_order_close(struct pki_signed_order *order)
{
	pki_order_free(&order->order);
	pki_cms_close(&order->cms);
}
