/*
 * The installation's configuration, pki.yaml(5). Relative paths count from the file's folder.
 *
 * struct pki_conf is the part for several programs. The further parts have their own headers:
 * conf_ca.h, conf_log.h, conf_crl.h, conf_ocsp.h, conf_ra.h.
 */
#ifndef LIBPKI_HOST_CONF_H
#define LIBPKI_HOST_CONF_H

#include <limits.h>

#include "libpki/x509/profile.h"

/* ADDRESS:PORT or [ADDRESS]:PORT */
#define PKI_LISTEN_TEXT 64

/* Read only after loading. No text is NULL: "" stands for an absent key. */
struct pki_conf {
	const char *dir; /* folder of the file */
	const char *state; /* folder: ledger.db, ra/, keys */
	const char *policy; /* folder */
	const char *publish; /* folder: root.pem ca.pem ca.crl root.crl ocsp.pem log/ */
	const char *socket; /* pki-ca's; sun_path's limit is checked */
	const char *authority; /* the RA's name, in orders */
	struct pki_urls ca_urls; /* in certificates of the issuing CA */
	int64_t crl_lifetime; /* nextUpdate - thisUpdate: 26 h */
	bool crl_keep; /* entries of expired certificates stay (rule 56) */
	const struct pki_conf_ca *ca;
	const struct pki_conf_log *log;
	const struct pki_conf_crl *crl;
	const struct pki_conf_ocsp *ocsp;
	const struct pki_conf_ra *ra;
	struct conf_whole *whole; /* for pki_conf_free() alone */
};

/*
 * path NULL: $PKI_CONFIG, else /etc/pki/pki.yaml. All parts are loaded and checked, and unknown
 * keys are refused, whatever part the program needs. CONFIG names file and line; IO: no file.
 * *out owns all parts and all texts.
 */
enum pki_status pki_conf_load(
	const char *path, struct pki_conf **out, struct pki_err *err) PKI_MUST_CHECK;
void pki_conf_free(struct pki_conf *conf);
void pki_conf_cleanup(struct pki_conf **conf); /* for PKI_CLEANUP */

/* The path of a file in a folder, in a caller's buffer; CONFIG: too long. */
enum pki_status pki_conf_path(const char *dir, const char *name, char out[PATH_MAX],
	struct pki_err *err) PKI_MUST_CHECK;

#endif
