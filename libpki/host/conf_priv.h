/* Shared by the conf*.c files alone. */
#ifndef LIBPKI_HOST_CONF_PRIV_H
#define LIBPKI_HOST_CONF_PRIV_H

#include "libpki/base/yaml.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/conf_log.h"
#include "libpki/host/conf_ocsp.h"
#include "libpki/host/conf_ra.h"
#include "libpki/host/conf_read.h"

struct conf_text {
	struct conf_text *next;
	char text[];
};

/* The allocation of pki_conf_load(): all parts and their texts. */
struct conf_whole {
	struct pki_conf conf;
	struct pki_conf_ca ca;
	struct pki_conf_log log;
	struct pki_conf_crl crl;
	struct pki_conf_ocsp ocsp;
	struct pki_conf_ra ra;
	struct conf_text *texts;
};

/* The parts, from the file's root; conf->dir is set. Also the part's pointer in conf. */
enum pki_status conf_load_ca(struct pki_yaml *root, struct conf_whole *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status conf_load_log(struct pki_yaml *root, struct conf_whole *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status conf_load_crl(struct pki_yaml *root, struct conf_whole *out,
	struct pki_err *err) PKI_MUST_CHECK; /* after the common part */
enum pki_status conf_load_ocsp(struct pki_yaml *root, struct conf_whole *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status conf_load_ra(struct pki_yaml *root, struct conf_whole *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* A copy of text, freed with the whole. */
enum pki_status conf_keep(struct conf_whole *whole, const char *text, const char **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* A required path. */
enum pki_status conf_need_path(struct conf_whole *whole, struct pki_yaml *map,
	const char *key, const char **out, struct pki_err *err) PKI_MUST_CHECK;
/* PATH or file:PATH; "" if the key is absent. */
enum pki_status conf_get_file(struct conf_whole *whole, struct pki_yaml *map,
	const char *key, const char **out, struct pki_err *err) PKI_MUST_CHECK;

/* name, or dir/name for a relative name. */
enum pki_status conf_set_path(struct pki_yaml *node, const char *dir, const char *name,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;
/* ADDRESS:PORT or [ADDRESS]:PORT; the listener checks the address. An absent key or an empty
 * text: none. */
enum pki_status conf_get_listen(struct pki_yaml *map, const char *key,
	char out[PKI_LISTEN_TEXT], struct pki_err *err) PKI_MUST_CHECK;
/* scheme://HOST[:PORT][/PATH] in ASCII, without user, query and fragment. */
bool conf_is_base_url(const char *text, const char *scheme);
/* A base URL for certificates: http, and without a slash at the end. */
enum pki_status conf_need_http(struct pki_yaml *map, const char *key, char *out,
	size_t size, struct pki_err *err) PKI_MUST_CHECK;
/* An X.501 name of a CA's own certificates. */
enum pki_status conf_need_name(struct pki_yaml *root, const char *key,
	struct pki_name *out, struct pki_err *err) PKI_MUST_CHECK;
/* The status of a configuration, with the broken rule. */
enum pki_status conf_fail_rule(
	struct pki_yaml *node, enum pki_rule rule, const char *msg, struct pki_err *err);

#endif
