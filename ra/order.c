#include "ra/order.h"

#include <stdio.h>

#include "libpki/host/api.h"

enum pki_status
ra_order_fetch(
	struct ra *ra, const char *id, json_t **reply, bool *found, struct pki_err *err)
{
	struct pki_err own = { 0 };
	char path[64];
	snprintf(path, sizeof path, "/v1/orders/%s", id);
	enum pki_status status = pki_api_call(
		ra->conf->socket, path, NULL, (struct pki_bytes){ 0 }, reply, &own);
	*found = status == PKI_OK;
	return status == PKI_NOTFOUND ? PKI_OK : pki_err_move(err, &own);
}

/* No decision of pki-ca: the connection ended, or the commit's outcome is not known. */
static bool
undecided(const struct pki_err *err)
{
	return err->status == PKI_UNAVAILABLE || err->status == PKI_IO ||
	       err->status == PKI_INTERNAL;
}

enum pki_status
ra_order_send(struct ra *ra, const char *id, struct pki_bytes cms, json_t **reply,
	struct pki_err *err)
{
	struct pki_err own = { 0 };
	bool found = false;
	enum pki_status status = pki_api_call(ra->conf->socket, "/v1/orders",
		"application/pkcs7-mime", cms, reply, &own);
	bool used = status == PKI_REFUSED && own.rule == PKI_RULE_ORDER_USED;
	if (status == PKI_OK || (!used && !undecided(&own)))
		return pki_err_move(err, &own);
	if (ra_order_fetch(ra, id, reply, &found, NULL) == PKI_OK && found)
		return PKI_OK;
	if (used)
		return pki_fail(err, PKI_NOTFOUND,
			"pki-ca has used order %s but does not know it; tell the security officer",
			id);
	return pki_fail(err, status,
		"%s; whether order %s was carried out is not known: give the command again, which finds what was done",
		own.msg, id);
}
