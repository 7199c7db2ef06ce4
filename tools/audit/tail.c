#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/audit/audit.h"

#define LINES_DEFAULT 100
#define LINES_MAX 1000000
/* How soon a follower sees a commit. */
#define FOLLOW_USEC 200000

struct tail {
	struct pki_ledger *ledger;
	const char *type; /* NULL: all */
	bool json;
};

static enum pki_status
read_entry(struct tail *t, uint64_t index, json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_TRY(pki_ledger_entry(t->ledger, index, &text, err));
	return pki_json_parse(pki_buf_bytes(&text), out, err);
}

static bool
wanted(const struct tail *t, const json_t *entry)
{
	return t->type == NULL || strcmp(entry_text(entry, "type"), t->type) == 0;
}

static enum pki_status
print_entry(struct tail *t, uint64_t index, json_t *entry, struct pki_err *err)
{
	if (t->json) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
		json_object_set_new(entry, "index", json_integer((json_int_t)index));
		PKI_TRY(pki_json_dump(entry, &line, err));
		puts((const char *)line.data);
		return PKI_OK;
	}
	char local[64], clean[PKI_ENTRY_MAX];
	pki_msec at = 0;
	PKI_CLEANUP(pki_buf_free) struct pki_buf detail = { 0 };
	PKI_TRY(pki_msec_parse(entry_text(entry, "at"), &at, err));
	PKI_TRY(pki_json_dump(json_object_get(entry, "detail"), &detail, err));
	pki_time_format_local(at / 1000, local, sizeof local);
	pki_cli_clean((const char *)detail.data, clean, sizeof clean);
	printf("%8ju  %s  %-29s  %-10s  %s\n", (uintmax_t)index, local,
		entry_text(entry, "type"), entry_text(entry, "source"), clean);
	return PKI_OK;
}

/* Where the last `lines` wanted entries begin. */
static enum pki_status
find_start(struct tail *t, uint64_t count, long lines, uint64_t *start, struct pki_err *err)
{
	*start = count;
	while (*start > 0 && lines > 0) {
		PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
		PKI_TRY(read_entry(t, *start - 1, &entry, err));
		lines -= wanted(t, entry);
		--*start;
	}
	return PKI_OK;
}

static enum pki_status
print_range(struct tail *t, uint64_t from, uint64_t to, struct pki_err *err)
{
	for (uint64_t i = from; i < to; i++) {
		PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
		PKI_TRY(read_entry(t, i, &entry, err));
		if (wanted(t, entry))
			PKI_TRY(print_entry(t, i, entry, err));
	}
	return PKI_OK;
}

static enum pki_status
follow(struct tail *t, uint64_t count, struct pki_err *err)
{
	uint64_t seen = 0, version = 0;
	for (;; usleep(FOLLOW_USEC)) {
		PKI_TRY(pki_ledger_version(t->ledger, &version, err));
		if (version == seen)
			continue;
		uint64_t now = 0;
		seen = version;
		PKI_TRY(pki_ledger_entry_count(t->ledger, &now, err));
		PKI_TRY(print_range(t, count, now, err));
		count = now;
		if (fflush(stdout) != 0)
			return pki_fail_errno(err, PKI_IO, errno, "standard output");
	}
}

static enum pki_status
parse_lines(const char *text, long *out, struct pki_err *err)
{
	char *end;
	*out = LINES_DEFAULT;
	if (text == NULL)
		return PKI_OK;
	*out = strtol(text, &end, 10);
	if (end == text || *end != '\0' || *out < 0 || *out > LINES_MAX)
		return pki_fail(err, PKI_USAGE, "--lines %s: give a number from 0 to %d",
			text, LINES_MAX);
	return PKI_OK;
}

enum pki_status
tail_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	struct tail t = { .type = pki_arg(args, "type"),
		.json = pki_arg_flag(args, "json") };
	uint64_t count = 0, start = 0;
	long lines;
	(void)ctx;
	if (t.type != NULL && !pki_event_known(t.type))
		return pki_fail(
			err, PKI_USAGE, "--type %s: see log(5) for the types", t.type);
	PKI_TRY(parse_lines(pki_arg(args, "lines"), &lines, err));
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	PKI_TRY(ledger_open(args, &ledger, err));
	t.ledger = ledger;
	PKI_TRY(pki_ledger_entry_count(ledger, &count, err));
	PKI_TRY(find_start(&t, count, lines, &start, err));
	PKI_TRY(print_range(&t, start, count, err));
	return pki_arg_flag(args, "follow") ? follow(&t, count, err) : PKI_OK;
}
