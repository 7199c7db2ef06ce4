/* A node of a YAML tree: for yaml_read.c, which builds it, and yaml.c, which reads it. */
#ifndef LIBPKI_BASE_YAML_PRIV_H
#define LIBPKI_BASE_YAML_PRIV_H

#include <stdarg.h>

#include "libpki/base/yaml.h"

enum pki_yaml_kind { PKI_YAML_SCALAR, PKI_YAML_LIST, PKI_YAML_MAP };

struct pki_yaml {
	enum pki_yaml_kind kind;
	bool taken;
	int line;
	char *file; /* one for all nodes; freed with the root */
	char *key; /* in a mapping, else NULL */
	char *text; /* scalars */
	struct pki_yaml **items;
	size_t count;
};

struct pki_yaml_position {
	const char *file;
	int line;
};

/* CONFIG with the object FILE:LINE. */
enum pki_status pki_yaml_fail_at(struct pki_yaml_position position, struct pki_err *err,
	enum pki_rule rule, const char *fmt, va_list ap) PKI_PRINTF(4, 0);

#endif
