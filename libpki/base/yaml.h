/*
 * Strict YAML (libyaml) for configuration and policy: a tree of mappings, sequences and plain
 * strings. Refused, with file and line: aliases and anchors, tags, several documents, a key
 * twice, nesting above 16, files above PKI_FILE_MAX. A reader takes each known key;
 * pki_yaml_done() then refuses keys not taken. Errors are CONFIG, "FILE:LINE: ...".
 */
#ifndef LIBPKI_BASE_YAML_H
#define LIBPKI_BASE_YAML_H

#include "libpki/base/file.h"

struct pki_yaml; /* a node; the root owns all */

enum pki_status pki_yaml_read(
	const char *path, struct pki_yaml **root, struct pki_err *err) PKI_MUST_CHECK;
/* name: the file's name in errors */
enum pki_status pki_yaml_parse(struct pki_bytes text, const char *name,
	struct pki_yaml **root, struct pki_err *err) PKI_MUST_CHECK;
void pki_yaml_free(struct pki_yaml *root);
void pki_yaml_cleanup(struct pki_yaml **root);

/* Member of a mapping, marked as taken; NULL if absent. */
struct pki_yaml *pki_yaml_get(struct pki_yaml *map, const char *key);
/* As get, but CONFIG if absent. */
enum pki_status pki_yaml_need(struct pki_yaml *map, const char *key,
	struct pki_yaml **out, struct pki_err *err) PKI_MUST_CHECK;

/* Values. With an absent node (NULL) *out keeps the default set before the call. */
enum pki_status pki_yaml_string(struct pki_yaml *node, char *out, size_t size,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_yaml_bool(struct pki_yaml *node, bool *out,
	struct pki_err *err) PKI_MUST_CHECK; /* true, false */
enum pki_status pki_yaml_int(struct pki_yaml *node, long min, long max, long *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_yaml_duration(
	struct pki_yaml *node, int64_t *seconds, struct pki_err *err) PKI_MUST_CHECK;

/* Sequences and mappings: count, i-th item, i-th key (mappings; taken). */
enum pki_status pki_yaml_expect_list(
	struct pki_yaml *node, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_yaml_expect_map(
	struct pki_yaml *node, struct pki_err *err) PKI_MUST_CHECK;
size_t pki_yaml_count(const struct pki_yaml *node);
struct pki_yaml *pki_yaml_item(struct pki_yaml *node, size_t i);
const char *pki_yaml_key(const struct pki_yaml *node, size_t i);
const char *pki_yaml_text(const struct pki_yaml *node); /* scalar's text, else NULL */

/* CONFIG at the node's line; of a numbered rule. */
enum pki_status pki_yaml_fail(const struct pki_yaml *node, struct pki_err *err,
	const char *fmt, ...) PKI_PRINTF(3, 4);
enum pki_status pki_yaml_fail_rule(const struct pki_yaml *node, struct pki_err *err,
	enum pki_rule rule, const char *fmt, ...) PKI_PRINTF(4, 5);

/* Refuse the first key, at any depth, not taken. */
enum pki_status pki_yaml_done(
	const struct pki_yaml *root, struct pki_err *err) PKI_MUST_CHECK;

#endif
