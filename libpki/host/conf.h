/* The installation's configuration, pki.yaml(5). Relative paths count from its own folder. */
#ifndef LIBPKI_HOST_CONF_H
#define LIBPKI_HOST_CONF_H

#include <limits.h>

#include "libpki/tlog/note.h"
#include "libpki/x509/name.h"
#include "libpki/x509/profile.h"

/* Mirrors of the CRLs. */
#define PKI_PLACES_MAX 8

/* Where published files are sent to. */
struct pki_place {
	char url[PKI_URL_TEXT]; /* ends with a slash; file names are appended */
	char credentials[PATH_MAX]; /* file: USER:PASSWORD; "" : none */
	char ca[PATH_MAX]; /* file: whom to trust for https; "" : the system's CAs */
};

/* OCSP responders that pki-crl asks whether they say what its lists say. */
#define PKI_RESPONDERS_MAX 8

/* Who cosigns the log's checkpoints. */
#define PKI_VKEY_TEXT 256
struct pki_witness {
	char url[PKI_URL_TEXT]; /* ends without a slash */
	char vkey[PKI_VKEY_TEXT];
	char name[PKI_ORIGIN_TEXT];
};

/* P-256, P-384, RSA-3072: what a client may prefer. */
#define PKI_OCSP_ALGS_MAX 3

/* Who dates the log's checkpoints, RFC 3161. */
#define PKI_STAMP_EVERY ((int64_t)3600)
struct pki_timestamp {
	char url[PKI_URL_TEXT]; /* "" : nobody */
	char certificates[PATH_MAX]; /* file, PEM: whom to trust */
	int64_t every; /* seconds */
};

struct pki_conf {
	char dir[PATH_MAX]; /* folder of the file */
	char state[PATH_MAX]; /* ledger.db, ra/, keys */
	char policy[PATH_MAX];
	char publish[PATH_MAX]; /* root.pem ca.pem ca.crl root.crl ocsp.pem log/ */
	char socket[PATH_MAX]; /* pki-ca's; sun_path's limit is checked */
	/* names and keys for the ceremony */
	struct pki_name root_name;
	struct pki_name ca_name;
	struct pki_name seal_name;
	enum pki_key_alg root_alg;
	enum pki_key_alg ca_alg;
	char log_origin[PKI_ORIGIN_TEXT];
	struct pki_witness witnesses[PKI_WITNESSES_MAX];
	size_t witness_count;
	struct pki_timestamp timestamp;
	char authority[128]; /* the RA's name, in orders */
	struct pki_urls root_urls; /* in the issuing CA's certificate */
	struct pki_urls ca_urls; /* in certificates of the issuing CA */
	/* key URIs */
	char root_key[PATH_MAX];
	char ca_key[PATH_MAX];
	char seal_key[PATH_MAX];
	char log_key[PATH_MAX];
	/* pki-ca serve */
	long queue; /* requests waiting at most */
	/* pki-crl */
	int64_t crl_lifetime; /* nextUpdate - thisUpdate: 26 h */
	int64_t crl_interval; /* a new one at least this often: 24 h */
	bool crl_keep; /* entries of expired certificates stay (rule 56) */
	int64_t crl_full_within; /* partitioned: until the full one shows a revocation: 1 h */
	char crl_listen[64]; /* "127.0.0.1:8881"; "" : publish files only */
	char crl_monitor[64]; /* for operators; "" : none */
	struct pki_place crl_put[PKI_PLACES_MAX];
	size_t crl_put_count;
	char crl_ocsp[PKI_RESPONDERS_MAX]
		     [PKI_URL_TEXT]; /* asked before a list is published */
	size_t crl_ocsp_count;
	/* pki-ocspd */
	char ocsp_listen[64];
	enum pki_key_alg
		ocsp_algs[PKI_OCSP_ALGS_MAX]; /* of its keys; the first is the usual */
	size_t ocsp_alg_count;
	bool ocsp_unknown; /* of what was not issued: unknown, not revoked (rule 61) */
	long ocsp_cache; /* answers kept ready */
	char ocsp_export[PATH_MAX]; /* folder of all answers as files; "" : none */
	char ocsp_monitor[64]; /* for operators; "" : none */
	long ocsp_threads;
	int64_t ocsp_lifetime; /* nextUpdate - thisUpdate */
	struct pki_name ocsp_name;
	char ocsp_identity
		[PATH_MAX]; /* folder with cert.pem, key.pem of the service's role */
	char ocsp_state[PATH_MAX]; /* its own key and certificate */
	/* pki-ra */
	char ra_store[PATH_MAX]; /* folder: applications.db, store.key, evidence/ */
};

/* path NULL: $PKI_CONFIG, else /etc/pki/pki.yaml. */
enum pki_status pki_conf_load(
	const char *path, struct pki_conf *out, struct pki_err *err) PKI_MUST_CHECK;

/* The path of a file in state / publish, in a caller's buffer; CONFIG if it does not fit. */
enum pki_status pki_conf_path(const char *dir, const char *name, char out[PATH_MAX],
	struct pki_err *err) PKI_MUST_CHECK;
/* Where `pki-witness feed` leaves the last checkpoint that this witness cosigned. */
enum pki_status pki_conf_witness_path(const struct pki_conf *conf, size_t witness,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;

#endif
