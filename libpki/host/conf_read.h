/* Values of a configuration file, for pki.yaml(5) and pki-witness.yaml(5). Errors are CONFIG,
 * with the line. */
#ifndef LIBPKI_HOST_CONF_READ_H
#define LIBPKI_HOST_CONF_READ_H

#include <limits.h>

#include "libpki/base/yaml.h"

/* named, else $PKI_CONFIG, else usual. */
const char *pki_conf_find(const char *named, const char *usual);
/* The absolute folder of the file at path; IO: no such folder. */
enum pki_status pki_conf_folder(
	const char *path, char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;

/* A required text; must not be empty. */
enum pki_status pki_conf_text(struct pki_yaml *map, const char *key, char *out,
	size_t size, struct pki_err *err) PKI_MUST_CHECK;
/* A required path; relative paths count from the folder dir. */
enum pki_status pki_conf_path_in(struct pki_yaml *map, const char *key, const char *dir,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;

#endif
