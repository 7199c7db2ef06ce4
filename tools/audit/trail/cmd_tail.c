/* pki-audit tail */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libpki/state/log.h"
#include "tools/audit/commands.h"
#include "tools/audit/entry.h"
#include "tools/audit/options.h"
#include "tools/audit/sources.h"
#include "tools/audit/stop.h"
#include "tools/audit/trail/filter.h"

const struct pki_option audit_options_tail[] = {
	OPTION_LEDGER,
	{ "follow", NULL, "wait for more (-f)", 0 },
	{ "type", "TYPE", "events of this type", PKI_VALUES_MAX },
	{ "action", "ACTION", "events of orders of this action", PKI_VALUES_MAX },
	{ "holder", "HOLDER", "about this holder", PKI_VALUES_MAX },
	{ "officer", "SERIAL", "signed by this officer", PKI_VALUES_MAX },
	{ "order", "ORDER", "about this order", PKI_VALUES_MAX },
	{ "serial", "SERIAL", "about this certificate", PKI_VALUES_MAX },
	{ "rule", "NAME", "refusals by this rule", PKI_VALUES_MAX },
	{ "since", "TIME", "not before that time, day, or 24h ago: all, not the last 100",
		0 },
	{ "until", "TIME", "not after that time or day", 0 },
	{ "lines", "N", "the last N (100)", 0 },
	{ 0 },
};

#define LINES_DEFAULT 100
#define LINES_MAX 1000000
/* A follower sees a commit after this time at most. */
#define FOLLOW_USEC 200000

struct tail {
	struct pki_ledger *ledger;
	struct filter filter;
	bool json;
};

static enum pki_status
read_entry(struct tail *t, uint64_t index, json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	enum pki_status status = pki_ledger_entry(t->ledger, index, &text, err);
	if (status == PKI_OK)
		status = pki_json_parse(pki_buf_bytes(&text), out, err);
	if (status != PKI_OK)
		pki_err_object(err, "log entry %ju", (uintmax_t)index);
	return status;
}

static enum pki_status
print_entry(struct tail *t, uint64_t index, json_t *entry, struct pki_err *err)
{
	if (t->json) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
		if (json_object_set_new(
			    entry, "index", json_integer((json_int_t)index)) != 0)
			return pki_fail(
				err, PKI_MEMORY, "log entry %ju", (uintmax_t)index);
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

/* The index of the first of the last `lines` wanted entries. */
static enum pki_status
find_start(
	struct tail *t, uint64_t count, long lines, uint64_t *start, struct pki_err *err)
{
	*start = count;
	while (*start > 0 && lines > 0 && !stop_wanted()) {
		PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
		PKI_TRY(read_entry(t, *start - 1, &entry, err));
		if (filter_too_old(&t->filter, entry))
			return PKI_OK;
		lines -= filter_wants(&t->filter, entry);
		--*start;
	}
	return PKI_OK;
}

static enum pki_status
print_range(struct tail *t, uint64_t from, uint64_t to, struct pki_err *err)
{
	for (uint64_t i = from; i < to && !stop_wanted(); i++) {
		PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
		PKI_TRY(read_entry(t, i, &entry, err));
		if (filter_wants(&t->filter, entry))
			PKI_TRY(print_entry(t, i, entry, err));
	}
	return PKI_OK;
}

/* The entries shown so far must still be the first entries of the log. Otherwise an older
 * ledger was put in the place of this ledger and has grown, or the log was rewritten. */
static enum pki_status
same_log(struct tail *t, uint64_t count, const struct pki_hash *root, struct pki_err *err)
{
	struct pki_hash now;
	PKI_TRY(pki_log_root(t->ledger, count, &now, err));
	if (memcmp(&now, root, sizeof now) == 0)
		return PKI_OK;
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT,
		"the first %ju entries have changed: another ledger was put in the place of this ledger, or the log was rewritten",
		(uintmax_t)count);
}

static enum pki_status
follow(struct tail *t, uint64_t count, struct pki_err *err)
{
	struct pki_ledger_view seen = { 0 }, now;
	struct pki_hash root;
	PKI_TRY(pki_log_root(t->ledger, count, &root, err));
	for (; !stop_wanted(); usleep(FOLLOW_USEC)) {
		PKI_TRY(pki_ledger_view(t->ledger, &now, err));
		if (pki_ledger_view_equal(&now, &seen))
			continue;
		seen = now;
		PKI_TRY(same_log(t, count, &root, err));
		PKI_TRY(print_range(t, count, now.entries, err));
		count = now.entries;
		PKI_TRY(pki_log_root(t->ledger, count, &root, err));
	}
	return PKI_OK;
}

/* --lines; without it the last 100, or with --since all. */
static enum pki_status
parse_lines(const char *text, bool since, long *out, struct pki_err *err)
{
	char *end;
	*out = since ? LONG_MAX : LINES_DEFAULT;
	if (text == NULL)
		return PKI_OK;
	*out = strtol(text, &end, 10);
	if (end == text || *end != '\0' || *out < 0 || *out > LINES_MAX)
		return pki_fail(err, PKI_USAGE, "--lines %s: give a number from 0 to %d",
			text, LINES_MAX);
	return PKI_OK;
}

enum pki_status
audit_cmd_tail(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	struct tail t = { .json = pki_arg_flag(args, "json") };
	bool following = pki_arg_flag(args, "follow");
	uint64_t count = 0, start = 0;
	long lines;
	(void)ctx;
	PKI_TRY(filter_parse(args, &t.filter, err));
	PKI_TRY(parse_lines(
		pki_arg(args, "lines"), pki_arg(args, "since") != NULL, &lines, err));
	if (following && pki_arg(args, "until") != NULL)
		return pki_fail(err, PKI_USAGE, "--follow has no end: leave out --until");
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	PKI_TRY(sources_open_ledger(args, &ledger, err));
	t.ledger = ledger;
	if (following) {
		stop_at_signals();
		setvbuf(stdout, NULL, _IOLBF, 0);
	}
	PKI_TRY(pki_ledger_entry_count(ledger, &count, err));
	PKI_TRY(find_start(&t, count, lines, &start, err));
	PKI_TRY(print_range(&t, start, count, err));
	return following ? follow(&t, count, err) : PKI_OK;
}
