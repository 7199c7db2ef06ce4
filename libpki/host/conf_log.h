/* The part of pki.yaml(5) for the log: origin, witnesses, time-stamping authority. */
#ifndef LIBPKI_HOST_CONF_LOG_H
#define LIBPKI_HOST_CONF_LOG_H

#include "libpki/host/conf.h"
#include "libpki/tlog/note.h"

/* A witness, which cosigns the log's checkpoints. */
#define PKI_VKEY_TEXT 256
struct pki_witness {
	char url[PKI_URL_TEXT]; /* ends without a slash */
	char vkey[PKI_VKEY_TEXT];
	char name[PKI_ORIGIN_TEXT];
};

/* The time-stamping authority for the log's checkpoints, RFC 3161. */
#define PKI_STAMP_EVERY ((int64_t)3600)
struct pki_timestamp {
	char url[PKI_URL_TEXT]; /* "": none */
	const char *certificates; /* file, PEM: trusted authorities */
	int64_t every; /* seconds */
};

struct pki_conf_log {
	char origin[PKI_ORIGIN_TEXT];
	struct pki_witness witnesses[PKI_WITNESSES_MAX];
	size_t witness_count;
	struct pki_timestamp timestamp;
};

/* Where `pki-witness feed` leaves the witness's last cosigned checkpoint. */
enum pki_status pki_conf_witness_path(const struct pki_conf *conf, size_t witness,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;

#endif
