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

enum pki_status
ra_order_send(struct ra *ra, const char *id, struct pki_bytes cms, json_t **reply,
	struct pki_err *err)
{
	struct pki_err own = { 0 };
	bool found = false;
	enum pki_status status = pki_api_order(ra->conf->socket, id, cms, reply, &own);
	if (status != PKI_REFUSED || own.rule != PKI_RULE_ORDER_USED)
		return pki_err_move(err, &own);
	PKI_TRY(ra_order_fetch(ra, id, reply, &found, err));
	if (!found)
		return pki_fail(err, PKI_NOTFOUND,
			"pki-ca has used order %s but does not know it; tell the security officer",
			id);
	return PKI_OK;
}
