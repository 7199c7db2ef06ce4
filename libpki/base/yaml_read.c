#include "libpki/base/yaml_priv.h"

#include <string.h>
#include <yaml.h>

/* Deeper than any file of this suite; bounds the recursion over hostile input. */
#define DEPTH_MAX 16
/* Longer than any list in this suite; bounds the search for a duplicate key. */
#define ITEMS_MAX 1024

struct reader {
	yaml_parser_t parser;
	struct pki_bytes text;
	char *file;
	struct pki_err *err;
};

static PKI_PRINTF(3, 4) enum pki_status
	refuse(struct reader *r, size_t line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	enum pki_status status =
		pki_yaml_fail_at((struct pki_yaml_position){ r->file, (int)line + 1 },
			r->err, PKI_RULE_NONE, fmt, ap);
	va_end(ap);
	return pki_failed(status);
}

static enum pki_status
no_memory(struct reader *r)
{
	return pki_fail(r->err, PKI_MEMORY, "reading %s", r->file);
}

/* libyaml's reader knows the octet, not the line. */
static size_t
line_of_octet(const struct reader *r, size_t offset)
{
	size_t line = 0;
	for (size_t i = 0; i < offset && i < r->text.len; i++)
		if (r->text.data[i] == '\n')
			line++;
	return line;
}

static enum pki_status
next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return PKI_OK;
	const char *problem = r->parser.problem != NULL ? r->parser.problem : "malformed";
	switch (r->parser.error) {
	case YAML_MEMORY_ERROR:
		return no_memory(r);
	case YAML_READER_ERROR:
		return refuse(r, line_of_octet(r, r->parser.problem_offset),
			"not YAML in UTF-8: %s; save the file as UTF-8", problem);
	default:
		return refuse(r, r->parser.problem_mark.line,
			"not YAML: %s%s%s; mend the line", problem,
			r->parser.context != NULL ? " " : "",
			r->parser.context != NULL ? r->parser.context : "");
	}
}

/* Anchors and tags, which every kind of node can carry. */
static enum pki_status
check_plain(struct reader *r, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL;
	const yaml_char_t *tag = NULL;
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	size_t line = event->start_mark.line;
	if (event->type == YAML_ALIAS_EVENT || anchor != NULL)
		return refuse(
			r, line, "anchors and aliases are not read here; write it out");
	if (tag != NULL)
		return refuse(r, line, "the tag %.40s is not read here; leave it out",
			(const char *)tag);
	return PKI_OK;
}

static enum pki_status
check_text(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	size_t line = event->start_mark.line;
	if (strlen(text) != len)
		return refuse(r, line, "a NUL character is in the text; remove it");
	if (len == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return refuse(r, line, "a value is missing; write \"\" for an empty one");
	return PKI_OK;
}

static void
free_node(struct pki_yaml *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->count; i++)
		free_node(node->items[i]);
	free(node->items);
	free(node->key);
	free(node->text);
	free(node);
}

static enum pki_status read_node(
	struct reader *r, const yaml_event_t *event, int depth, struct pki_yaml **out);

/* Takes item, also on failure. */
static enum pki_status
add_item(struct reader *r, struct pki_yaml *node, struct pki_yaml *item)
{
	struct pki_yaml **items = NULL;
	if (node->count == ITEMS_MAX)
		refuse(r, (size_t)item->line - 1,
			"more than %d entries; shorten the list", ITEMS_MAX);
	else if ((node->count & (node->count - 1)) != 0) /* room up to a power of two */
		items = node->items;
	else
		items = reallocarray(node->items, node->count != 0 ? 2 * node->count : 1,
			sizeof *items);
	if (items == NULL) {
		free_node(item);
		return no_memory(r);
	}
	node->items = items;
	node->items[node->count++] = item;
	return PKI_OK;
}

static enum pki_status
check_key(struct reader *r, const struct pki_yaml *map, const char *key, size_t line)
{
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->items[i]->key, key) == 0)
			return refuse(r, line,
				"\"%.80s\" is there already, on line %d; remove one", key,
				map->items[i]->line);
	return PKI_OK;
}

static enum pki_status
read_member(struct reader *r, const yaml_event_t *event, int depth, struct pki_yaml *map)
{
	PKI_CLEANUP(yaml_event_delete) yaml_event_t value = { 0 };
	size_t line = event->start_mark.line;
	PKI_TRY(check_plain(r, event));
	if (event->type != YAML_SCALAR_EVENT)
		return refuse(r, line, "a key is a plain word; write KEY: VALUE");
	const char *key = (const char *)event->data.scalar.value;
	PKI_TRY(check_text(r, event));
	PKI_TRY(check_key(r, map, key, line));
	PKI_TRY(next_event(r, &value));
	struct pki_yaml *item = NULL;
	PKI_TRY(read_node(r, &value, depth, &item));
	item->line = (int)line + 1;
	item->key = strdup(key);
	if (item->key == NULL) {
		free_node(item);
		return no_memory(r);
	}
	return add_item(r, map, item);
}

static enum pki_status
read_items(struct reader *r, int depth, struct pki_yaml *node)
{
	yaml_event_type_t end = node->kind == PKI_YAML_MAP ? YAML_MAPPING_END_EVENT
							   : YAML_SEQUENCE_END_EVENT;
	if (depth == DEPTH_MAX)
		return refuse(r, (size_t)node->line - 1,
			"nested deeper than %d levels; flatten it", DEPTH_MAX);
	for (;;) {
		PKI_CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
		PKI_TRY(next_event(r, &event));
		if (event.type == end)
			return PKI_OK;
		if (node->kind == PKI_YAML_MAP) {
			PKI_TRY(read_member(r, &event, depth + 1, node));
			continue;
		}
		struct pki_yaml *item = NULL;
		PKI_TRY(read_node(r, &event, depth + 1, &item));
		PKI_TRY(add_item(r, node, item));
	}
}

static enum pki_status
read_node(struct reader *r, const yaml_event_t *event, int depth, struct pki_yaml **out)
{
	PKI_TRY(check_plain(r, event));
	struct pki_yaml *node = calloc(1, sizeof *node);
	if (node == NULL)
		return no_memory(r);
	node->file = r->file;
	node->line = (int)event->start_mark.line + 1;
	enum pki_status status;
	if (event->type == YAML_SCALAR_EVENT) {
		node->kind = PKI_YAML_SCALAR;
		status = check_text(r, event);
		node->text = strdup((const char *)event->data.scalar.value);
		if (node->text == NULL)
			status = no_memory(r);
	} else {
		node->kind = event->type == YAML_MAPPING_START_EVENT ? PKI_YAML_MAP
								     : PKI_YAML_LIST;
		status = read_items(r, depth, node);
	}
	if (status != PKI_OK) {
		free_node(node);
		return status;
	}
	*out = node;
	return PKI_OK;
}

static enum pki_status
expect_event(struct reader *r, yaml_event_type_t type)
{
	PKI_CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
	PKI_TRY(next_event(r, &event));
	size_t line = event.start_mark.line;
	if (event.type == YAML_STREAM_END_EVENT && type == YAML_DOCUMENT_START_EVENT)
		return refuse(r, line, "nothing is in the file");
	if (event.type != type)
		return refuse(r, line, "a second document begins; one file holds one");
	if (type == YAML_DOCUMENT_START_EVENT &&
		(event.data.document_start.version_directive != NULL ||
			event.data.document_start.tag_directives.start !=
				event.data.document_start.tag_directives.end))
		return refuse(r, line, "directives are not read here; remove the line");
	return PKI_OK;
}

static enum pki_status
read_document(struct reader *r, struct pki_yaml **out)
{
	PKI_CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
	PKI_TRY(expect_event(r, YAML_STREAM_START_EVENT));
	PKI_TRY(expect_event(r, YAML_DOCUMENT_START_EVENT));
	PKI_TRY(next_event(r, &event));
	PKI_TRY(read_node(r, &event, 0, out));
	PKI_TRY(expect_event(r, YAML_DOCUMENT_END_EVENT));
	return expect_event(r, YAML_STREAM_END_EVENT);
}

enum pki_status
pki_yaml_parse(struct pki_bytes text, const char *name, struct pki_yaml **root,
	struct pki_err *err)
{
	*root = NULL;
	if (text.len > PKI_FILE_MAX)
		return pki_fail(err, PKI_LIMIT, "%s is larger than %zu octets", name,
			PKI_FILE_MAX);
	/* YAML 1.2 5.2: a byte order mark may begin the text */
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		text = (struct pki_bytes){ text.data + 3, text.len - 3 };
	struct reader r = { .text = text, .err = err, .file = strdup(name) };
	if (r.file == NULL || !yaml_parser_initialize(&r.parser)) {
		free(r.file);
		return pki_fail(err, PKI_MEMORY, "reading %s", name);
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, text.data, text.len);
	struct pki_yaml *node = NULL;
	enum pki_status status = read_document(&r, &node);
	yaml_parser_delete(&r.parser);
	if (status != PKI_OK) {
		free_node(node);
		free(r.file);
		return status;
	}
	*root = node;
	return PKI_OK;
}

enum pki_status
pki_yaml_read(const char *path, struct pki_yaml **root, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	*root = NULL;
	PKI_TRY(pki_file_read(path, PKI_FILE_MAX, &text, err));
	return pki_yaml_parse(pki_buf_bytes(&text), path, root, err);
}

void
pki_yaml_free(struct pki_yaml *root)
{
	char *file = root != NULL ? root->file : NULL;
	free_node(root);
	free(file);
}

void
pki_yaml_cleanup(struct pki_yaml **root)
{
	pki_yaml_free(*root);
}
