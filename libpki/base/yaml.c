#include "libpki/base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/time.h"
#include "libpki/base/yaml_priv.h"

/* The octets of a long path's end in an error's object, before the line number. */
#define FILE_SHOWN 140

enum pki_status
pki_yaml_fail_at(struct pki_yaml_position position, struct pki_err *err,
	enum pki_rule rule, const char *fmt, va_list ap)
{
	struct pki_err own = { 0 };
	char msg[sizeof own.msg];
	vsnprintf(msg, sizeof msg, fmt, ap);
	size_t len = strlen(position.file);
	const char *cut = len > FILE_SHOWN ? "..." : "";
	pki_err_object(&own, "%s%s:%d", cut,
		len > FILE_SHOWN ? position.file + len - FILE_SHOWN : position.file,
		position.line);
	pki_fail_rule(&own, PKI_CONFIG, rule, "%s", msg);
	return pki_err_move(err, &own);
}

enum pki_status
pki_yaml_fail(const struct pki_yaml *node, struct pki_err *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	enum pki_status status =
		pki_yaml_fail_at((struct pki_yaml_position){ node->file, node->line },
			err, PKI_RULE_NONE, fmt, ap);
	va_end(ap);
	return pki_failed(status);
}

enum pki_status
pki_yaml_fail_rule(const struct pki_yaml *node, struct pki_err *err, enum pki_rule rule,
	const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	enum pki_status status = pki_yaml_fail_at(
		(struct pki_yaml_position){ node->file, node->line }, err, rule, fmt, ap);
	va_end(ap);
	return pki_failed(status);
}

struct pki_yaml *
pki_yaml_get(struct pki_yaml *map, const char *key)
{
	if (map == NULL || map->kind != PKI_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->items[i]->key, key) == 0) {
			map->items[i]->taken = true;
			return map->items[i];
		}
	return NULL;
}

enum pki_status
pki_yaml_need(
	struct pki_yaml *map, const char *key, struct pki_yaml **out, struct pki_err *err)
{
	if (map == NULL)
		return pki_fail(
			err, PKI_CONFIG, "\"%s\" and its section are missing", key);
	PKI_TRY(pki_yaml_expect_map(map, err));
	*out = pki_yaml_get(map, key);
	if (*out == NULL)
		return pki_yaml_fail(map, err, "%s%s\"%s\" is missing; add it",
			map->key != NULL ? map->key : "", map->key != NULL ? ": " : "",
			key);
	return PKI_OK;
}

/* The name by which messages call a node. */
static const char *
label(const struct pki_yaml *node)
{
	return node->key != NULL ? node->key : "this";
}

static enum pki_status
expect(const struct pki_yaml *node, enum pki_yaml_kind kind, struct pki_err *err)
{
	static const char *const remedies[] = {
		[PKI_YAML_SCALAR] = "one value is needed here",
		[PKI_YAML_LIST] =
			"a list is needed here; write [A, B] or lines with \"- \"",
		[PKI_YAML_MAP] =
			"keys and values are needed here; write lines of KEY: VALUE",
	};
	if (node == NULL || node->kind == kind)
		return PKI_OK;
	return pki_yaml_fail(node, err, "%s: %s", label(node), remedies[kind]);
}

enum pki_status
pki_yaml_expect_list(struct pki_yaml *node, struct pki_err *err)
{
	return expect(node, PKI_YAML_LIST, err);
}

enum pki_status
pki_yaml_expect_map(struct pki_yaml *node, struct pki_err *err)
{
	return expect(node, PKI_YAML_MAP, err);
}

enum pki_status
pki_yaml_string(struct pki_yaml *node, char *out, size_t size, struct pki_err *err)
{
	PKI_TRY(expect(node, PKI_YAML_SCALAR, err));
	if (node == NULL)
		return PKI_OK;
	size_t len = strlen(node->text);
	if (len >= size)
		return pki_yaml_fail(node, err, "%s: %zu octets of text; at most %zu",
			label(node), len, size - 1);
	memcpy(out, node->text, len + 1);
	return PKI_OK;
}

enum pki_status
pki_yaml_bool(struct pki_yaml *node, bool *out, struct pki_err *err)
{
	PKI_TRY(expect(node, PKI_YAML_SCALAR, err));
	if (node == NULL)
		return PKI_OK;
	bool yes = strcmp(node->text, "true") == 0;
	if (!yes && strcmp(node->text, "false") != 0)
		return pki_yaml_fail(node, err, "%s: \"%.40s\" is neither true nor false",
			label(node), node->text);
	*out = yes;
	return PKI_OK;
}

enum pki_status
pki_yaml_int(struct pki_yaml *node, long min, long max, long *out, struct pki_err *err)
{
	PKI_TRY(expect(node, PKI_YAML_SCALAR, err));
	if (node == NULL)
		return PKI_OK;
	const char *digits = node->text[0] == '-' ? node->text + 1 : node->text;
	bool number = digits[0] != '\0' &&
		      strspn(digits, "0123456789") == strlen(digits) &&
		      (digits[0] != '0' || digits[1] == '\0');
	errno = 0;
	long value = number ? strtol(node->text, NULL, 10) : 0;
	if (!number || errno != 0 || value < min || value > max)
		return pki_yaml_fail(node, err,
			"%s: \"%.40s\" is not a number from %ld to %ld", label(node),
			node->text, min, max);
	*out = value;
	return PKI_OK;
}

enum pki_status
pki_yaml_duration(struct pki_yaml *node, int64_t *seconds, struct pki_err *err)
{
	PKI_TRY(expect(node, PKI_YAML_SCALAR, err));
	if (node == NULL)
		return PKI_OK;
	struct pki_err own = { 0 };
	if (pki_duration_parse(node->text, seconds, &own) != PKI_OK)
		return pki_yaml_fail(node, err, "%s: %s", label(node), own.msg);
	return PKI_OK;
}

size_t
pki_yaml_count(const struct pki_yaml *node)
{
	return node != NULL ? node->count : 0;
}

struct pki_yaml *
pki_yaml_item(struct pki_yaml *node, size_t i)
{
	return node != NULL && i < node->count ? node->items[i] : NULL;
}

const char *
pki_yaml_key(const struct pki_yaml *node, size_t i)
{
	if (node == NULL || node->kind != PKI_YAML_MAP || i >= node->count)
		return NULL;
	node->items[i]->taken = true;
	return node->items[i]->key;
}

const char *
pki_yaml_text(const struct pki_yaml *node)
{
	return node != NULL ? node->text : NULL;
}

enum pki_status
pki_yaml_done(const struct pki_yaml *root, struct pki_err *err)
{
	for (size_t i = 0; i < root->count; i++) {
		const struct pki_yaml *item = root->items[i];
		if (root->kind == PKI_YAML_MAP && !item->taken)
			return pki_yaml_fail(item, err,
				"\"%.80s\" is not a key of this file; mend or remove it",
				item->key);
		PKI_TRY(pki_yaml_done(item, err));
	}
	return PKI_OK;
}
