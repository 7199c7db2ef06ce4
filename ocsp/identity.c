#include "ocsp/identity.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/cms/order.h"
#include "libpki/host/api.h"
#include "libpki/host/conf_ocsp.h"
#include "libpki/x509/csr.h"

/* The profile that the service's role may order by rules.yaml. */
#define PROFILE "ocsp-responder"
/* Renewed once less than this share of the certificate's life is left (rule 71). */
#define RENEW_SHARE 3

struct identity {
	const struct pki_conf *conf;
	enum pki_key_alg alg;
	bool usual; /* the first algorithm: its certificate is published */
	char dir[PATH_MAX];
	const struct pki_cert *issuer;
	struct pki_bytes pass;
	struct pki_cert *service; /* signs orders for the responder's certificates */
	struct pki_key *service_key;
	pthread_mutex_t lock; /* of cert and key, when they are replaced */
	struct pki_cert *cert;
	struct pki_key *key;
	atomic_uint generation;
};

/* The pair in a folder, cert.pem and key.pem; STATE if key and certificate do not match. */
static enum pki_status
read_pair(const char *dir, struct pki_bytes pass, struct pki_cert **cert,
	struct pki_key **key, struct pki_err *err)
{
	char cert_path[PATH_MAX], key_path[PATH_MAX];
	PKI_TRY(pki_conf_path(dir, "cert.pem", cert_path, err));
	PKI_TRY(pki_conf_path(dir, "key.pem", key_path, err));
	PKI_TRY(pki_cert_read(cert_path, cert, err));
	PKI_TRY(pki_key_open(key_path, pass, key, err));
	if (!pki_key_matches(*key, pki_cert_get0_key(*cert)))
		return pki_fail(
			err, PKI_STATE, "%s: key.pem is not the key of cert.pem", dir);
	return PKI_OK;
}

static void
install(struct identity *id, struct pki_cert **cert, struct pki_key **key)
{
	pthread_mutex_lock(&id->lock);
	struct pki_cert *old_cert = id->cert;
	struct pki_key *old_key = id->key;
	id->cert = *cert;
	id->key = *key;
	atomic_fetch_add(&id->generation, 1);
	pthread_mutex_unlock(&id->lock);
	*cert = old_cert;
	*key = old_key;
}

/* Can a responder sign with certificate and key? */
static enum pki_status
try_pair(const struct identity *id, const struct pki_cert *cert, struct pki_key *key,
	struct pki_err *err)
{
	struct pki_ocsp_responder *responder = NULL;
	PKI_TRY(pki_ocsp_responder_new(id->issuer, cert, key, &responder, err));
	pki_ocsp_responder_free(responder);
	return PKI_OK;
}

/* The certificate in the public folder, of the usual algorithm alone. */
static enum pki_status
publish(const struct identity *id, const struct pki_cert *cert, bool again,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	PKI_TRY(pki_conf_path(id->conf->publish, "ocsp.pem", path, err));
	if (!id->usual || (!again && pki_file_exists(path)))
		return PKI_OK;
	PKI_TRY(pki_cert_pem(cert, &pem, err));
	return pki_file_publish(path, pem.data, pem.len, 0644, err);
}

/* A half replaced pair, a pair of another CA or algorithm, or an expired pair counts as none; a
 * wrong passphrase does not. */
static enum pki_status
load(struct identity *id, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_err own = { 0 };
	enum pki_status status = read_pair(id->dir, id->pass, &cert, &key, &own);
	if (status == PKI_SECRET)
		return pki_err_move(err, &own);
	if (status != PKI_OK || pki_key_get_alg(key) != id->alg ||
		try_pair(id, cert, key, NULL) != PKI_OK)
		return PKI_OK;
	PKI_TRY(publish(id, cert, false, err));
	install(id, &cert, &key);
	return PKI_OK;
}

static void
order_cleanup(struct pki_order *order)
{
	pki_order_free(order);
}

/* The service's own signed order for a certificate over key. */
static enum pki_status
sign_order(struct identity *id, struct pki_key *key, char name[PKI_ID_TEXT],
	struct pki_buf *cms, struct pki_err *err)
{
	PKI_CLEANUP(order_cleanup)
	struct pki_order order = {
		.action = PKI_ACTION_ISSUE,
		.created = pki_msec_now(),
		.subject = id->conf->ocsp->name,
		.cert_count = 1,
	};
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	PKI_TRY(pki_id_make('O', order.id, err));
	memcpy(name, order.id, sizeof order.id);
	snprintf(order.authority, sizeof order.authority, "%s", id->conf->authority);
	snprintf(order.certs[0].profile, sizeof order.certs[0].profile, PROFILE);
	PKI_TRY(pki_csr_make(key, &order.certs[0].csr, err));
	PKI_TRY(pki_order_encode(&order, &json, err));
	return pki_cms_sign(pki_buf_bytes(&json), id->service_key, id->service, cms, err);
}

static enum pki_status
read_certificate(const json_t *reply, struct pki_cert **out, struct pki_err *err)
{
	const json_t *first = json_array_get(json_object_get(reply, "certificates"), 0);
	const char *pem = json_string_value(json_object_get(first, "pem"));
	if (pem == NULL)
		return pki_fail(
			err, PKI_UNAVAILABLE, "pki-ca's answer holds no certificate");
	return pki_cert_parse(
		(struct pki_bytes){ (const uint8_t *)pem, strlen(pem) }, out, err);
}

static enum pki_status
send_order(struct identity *id, const char *name, struct pki_bytes cms,
	struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_TRY(pki_api_order(id->conf->socket, name, cms, &reply, err));
	return read_certificate(reply, out, err);
}

/* Key first: a stop in between leaves a pair without match, and load() orders a new pair. */
static enum pki_status
store(struct identity *id, const struct pki_cert *cert, const char *next_path,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	PKI_TRY(pki_cert_pem(cert, &pem, err));
	PKI_TRY(pki_conf_path(id->dir, "key.pem", path, err));
	if (rename(next_path, path) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "%s", path);
	PKI_TRY(pki_conf_path(id->dir, "cert.pem", path, err));
	PKI_TRY(pki_file_publish(path, pem.data, pem.len, 0644, err));
	return publish(id, cert, true, err);
}

/* The next pair on its way: the key, and the order for its certificate. */
struct next {
	char key_path[PATH_MAX], order_path[PATH_MAX];
	struct pki_key *key;
	char order[PKI_ID_TEXT];
};

static void
next_cleanup(struct next *next)
{
	pki_key_free(next->key);
}

static enum pki_status
discard(const char *path, struct pki_err *err)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return pki_fail_errno(err, PKI_IO, errno, "%s", path);
	return PKI_OK;
}

/* Opens the pair that an earlier order left without a reply. *found false: none. */
static enum pki_status
open_next(struct identity *id, struct next *next, bool *found, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_TRY(pki_conf_path(id->dir, "next.pem", next->key_path, err));
	PKI_TRY(pki_conf_path(id->dir, "next.order", next->order_path, err));
	*found = pki_file_exists(next->key_path) &&
		 pki_file_read(next->order_path, PKI_ID_TEXT, &text, NULL) == PKI_OK &&
		 pki_id_valid((const char *)text.data, 'O') &&
		 pki_key_open(next->key_path, id->pass, &next->key, NULL) == PKI_OK;
	if (*found)
		snprintf(next->order, sizeof next->order, "%s", (const char *)text.data);
	return PKI_OK;
}

/* The certificate of the earlier order, whose reply was lost. *found false: pki-ca did
 * not carry out the order. */
static enum pki_status
fetch_next(struct identity *id, const struct next *next, struct pki_cert **cert,
	bool *found, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	struct pki_err own = { 0 };
	char path[64];
	snprintf(path, sizeof path, "/v1/orders/%s", next->order);
	enum pki_status status = pki_api_call(
		id->conf->socket, path, NULL, (struct pki_bytes){ 0 }, &reply, &own);
	*found = status == PKI_OK;
	if (status == PKI_NOTFOUND)
		return PKI_OK;
	PKI_TRY(pki_err_move(err, &own));
	return read_certificate(reply, cert, err);
}

/* Key and order are on disk before pki-ca hears of the order: a certificate whose reply
 * is lost has its key, and is fetched. */
static enum pki_status
order_next(struct identity *id, struct next *next, struct pki_cert **cert,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	PKI_TRY(discard(next->order_path, err));
	PKI_TRY(discard(next->key_path, err));
	pki_key_free(next->key);
	next->key = NULL;
	PKI_TRY(pki_key_generate(id->alg, &next->key, err));
	PKI_TRY(sign_order(id, next->key, next->order, &cms, err));
	PKI_TRY(pki_key_seal(next->key, next->key_path, id->pass, err));
	PKI_TRY(pki_file_publish(
		next->order_path, next->order, strlen(next->order), 0600, err));
	return send_order(id, next->order, pki_buf_bytes(&cms), cert, err);
}

static enum pki_status
order_pair(struct identity *id, struct pki_err *err)
{
	PKI_CLEANUP(next_cleanup) struct next next = { .key = NULL };
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	bool found = false;
	PKI_TRY(open_next(id, &next, &found, err));
	if (found)
		PKI_TRY(fetch_next(id, &next, &cert, &found, err));
	if (found && try_pair(id, cert, next.key, NULL) != PKI_OK) {
		pki_cert_free(cert);
		cert = NULL;
		found = false;
	}
	if (!found)
		PKI_TRY(order_next(id, &next, &cert, err));
	PKI_TRY(try_pair(id, cert, next.key, err));
	PKI_TRY(store(id, cert, next.key_path, err));
	PKI_TRY(discard(next.order_path, err));
	install(id, &cert, &next.key);
	return PKI_OK;
}

static bool
is_due(const struct identity *id)
{
	if (id->cert == NULL)
		return true;
	pki_time end = pki_cert_not_after(id->cert);
	pki_time life = end - pki_cert_not_before(id->cert);
	return pki_time_now() > end - life / RENEW_SHARE;
}

enum pki_status
identity_renew(struct identity *id, bool revoked, bool *ordered, struct pki_err *err)
{
	*ordered = revoked || is_due(id);
	if (!*ordered)
		return PKI_OK;
	enum pki_status status = order_pair(id, err);
	if (status != PKI_OK) {
		*ordered = false;
		pki_err_object(err, "the responder's certificate");
	}
	return status;
}

static enum pki_status
open_identity(struct identity *id, struct pki_err *err)
{
	PKI_TRY(pki_file_mkdirs(id->dir, 0700, err));
	pki_file_sweep(id->dir);
	PKI_TRY(read_pair(
		id->conf->ocsp->identity, id->pass, &id->service, &id->service_key, err));
	return load(id, err);
}

static enum pki_status
set_dir(struct identity *id, struct pki_err *err)
{
	const char *state = id->conf->ocsp->state;
	if (!id->usual)
		return pki_conf_path(state, pki_key_alg_name(id->alg), id->dir, err);
	snprintf(id->dir, sizeof id->dir, "%s", state);
	return PKI_OK;
}

enum pki_status
identity_open(
	const struct identity_source *source, struct identity **out, struct pki_err *err)
{
	struct identity *id = calloc(1, sizeof *id);
	if (id == NULL)
		return pki_fail(err, PKI_MEMORY, "the responder's identity");
	id->conf = source->conf;
	id->alg = source->conf->ocsp->algs[source->which];
	id->usual = source->which == 0;
	id->issuer = source->issuer;
	id->pass = source->pass;
	pthread_mutex_init(&id->lock, NULL);
	enum pki_status status = set_dir(id, err);
	if (status == PKI_OK)
		status = open_identity(id, err);
	if (status != PKI_OK) {
		identity_free(id);
		return status;
	}
	*out = id;
	return PKI_OK;
}

void
identity_free(struct identity *id)
{
	if (id == NULL)
		return;
	pki_cert_free(id->service);
	pki_key_free(id->service_key);
	pki_cert_free(id->cert);
	pki_key_free(id->key);
	pthread_mutex_destroy(&id->lock);
	free(id);
}

bool
identity_is_current(const struct identity *id, unsigned generation)
{
	return atomic_load(&id->generation) == generation;
}

void
identity_drop(struct identity_share *share)
{
	pki_ocsp_responder_free(share->responder);
	pki_cert_free(share->cert);
	pki_key_free(share->key);
	*share = (struct identity_share){ 0 };
}

static enum pki_status
copy_current(struct identity *id, struct identity_share *share, struct pki_err *err)
{
	if (id->cert == NULL)
		return pki_fail(
			err, PKI_UNAVAILABLE, "the responder has no certificate yet");
	share->of = id;
	share->generation = atomic_load(&id->generation);
	PKI_TRY(pki_cert_from_x509(pki_cert_get0_x509(id->cert), &share->cert, err));
	PKI_TRY(pki_key_from_evp(pki_key_get0_evp(id->key), &share->key, err));
	return pki_ocsp_responder_new(
		id->issuer, share->cert, share->key, &share->responder, err);
}

enum pki_status
identity_take(struct identity *id, struct identity_share *share, struct pki_err *err)
{
	if (share->generation != 0 && share->generation == atomic_load(&id->generation))
		return PKI_OK;
	identity_drop(share);
	pthread_mutex_lock(&id->lock);
	enum pki_status status = copy_current(id, share, err);
	pthread_mutex_unlock(&id->lock);
	if (status != PKI_OK)
		identity_drop(share);
	return status;
}

void
identity_now(struct identity *id, char serial[PKI_SERIAL_TEXT], pki_time *end)
{
	serial[0] = '\0';
	*end = 0;
	pthread_mutex_lock(&id->lock);
	if (id->cert != NULL) {
		pki_serial_text(pki_cert_get0_serial(id->cert), serial);
		*end = pki_cert_not_after(id->cert);
	}
	pthread_mutex_unlock(&id->lock);
}
