/* Shared by the conf_*.c files alone. */
#ifndef LIBPKI_HOST_CONF_PRIV_H
#define LIBPKI_HOST_CONF_PRIV_H

#include "libpki/base/yaml.h"
#include "libpki/host/conf.h"

/* A text that is not empty. */
enum pki_status conf_need_text(struct pki_yaml *map, const char *key, char *out,
	size_t size, struct pki_err *err) PKI_MUST_CHECK;
/* Relative ones count from dir. */
enum pki_status conf_set_path(struct pki_yaml *node, const char *dir, const char *name,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;
enum pki_status conf_need_path(struct pki_yaml *map, const char *key, const char *dir,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;
/* The rule stays in the error; the status is that of a configuration. */
enum pki_status conf_fail_rule(
	struct pki_yaml *node, enum pki_rule rule, const char *msg, struct pki_err *err);
/* scheme://HOST[:PORT][/PATH] in ASCII, without user, query and fragment. */
bool conf_is_base_url(const char *text, const char *scheme);

/* conf_status.c */
enum pki_status conf_load_crl(
	struct pki_yaml *root, struct pki_conf *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status conf_load_ocsp(
	struct pki_yaml *root, struct pki_conf *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
