/*
 * fill_ledger CERTIFICATES [REVOKED_PERCENT [THREADS]]: append holders with two
 * certificates each to the ledger of the sample installation in $D ($PKI_CONFIG), whose
 * services are stopped. Certificates are signed with its CA's key, every constraint and
 * trigger is on, the log goes on and is published under a new checkpoint. Only the orders'
 * bytes are not signed orders (to sign them takes longer than all the rest): of them
 * `pki-audit verify` complains, and of nothing else. JSON on stdout.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_log.h"
#include "libpki/state/ledger_priv.h"
#include "libpki/state/log.h"
#include "tests/bench/common/minters.h"

/* What a certificate's rows take in indexes: these stay in memory, so that each page is
 * written once; but never more than half of the machine's. */
#define CACHE_PER_CERTIFICATE 500
#define CACHE_MIN ((uint64_t)64 << 20)

static struct {
	struct office office;
	struct pki_ledger *ledger;
	char claire[PKI_SERIAL_TEXT], david[PKI_SERIAL_TEXT], emma[PKI_SERIAL_TEXT];
	pki_msec now;
	uint64_t certificates, revoked, rows;
} fill;

/* Durability is off, for the files of the log too: what is lost is filled again. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

/* All in one transaction, so that what is appended is written once, straight to its place:
 * not by way of the WAL, which a writer otherwise leaves behind for readers. */
static void
open_ledger(uint64_t certificates)
{
	struct pki_err err = { 0 };
	char path[PATH_MAX], pragmas[128];
	int keep_wal = 0;
	uint64_t cache = CACHE_MIN + certificates * CACHE_PER_CERTIFICATE;
	uint64_t half =
		(uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * (uint64_t)sysconf(_SC_PAGESIZE);
	if (cache > half)
		cache = half;
	snprintf(pragmas, sizeof pragmas,
		"PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -%ju",
		(uintmax_t)(cache >> 10));
	must(pki_conf_path(fill.office.conf->state, "ledger.db", path, &err), &err);
	must(pki_ledger_open(path, PKI_LEDGER_WRITE, &fill.ledger, &err), &err);
	sqlite3_file_control(
		fill.ledger->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
	must(ledger_exec(fill.ledger, pragmas, &err), &err);
	/* there is no WAL now: the commit compares the files with these */
	fill.ledger->opened_files[2] = fill.ledger->opened_files[3] = 0;
}

static uint64_t
append(const char *type, const char *actor, json_t *detail)
{
	struct pki_err err = { 0 };
	uint64_t index = 0;
	struct pki_event event = { .type = type, .source = "pki-ca", .actor = actor };
	event.at = fill.now;
	event.detail = detail;
	must(pki_log_append(fill.ledger, &event, &index, &err), &err);
	json_decref(detail);
	fill.rows += 3; /* the entry, and two hashes in the mean */
	return index;
}

/* In place of what officers would have signed stands the order's own identifier. */
static void
new_order(enum pki_action action, const char *holder, struct pki_order_row *row,
	char digest[PKI_SHA256_HEX])
{
	struct pki_err err = { 0 };
	*row = (struct pki_order_row){ .action = action, .committed = fill.now };
	must(pki_id_make('O', row->id, &err), &err);
	snprintf(row->holder, sizeof row->holder, "%s", holder);
	must(pki_buf_append(&row->cms, row->id, strlen(row->id), &err), &err);
	must(pki_sha256(row->cms.data, row->cms.len, row->digest, &err), &err);
	pki_hex_encode(row->digest, sizeof row->digest, digest);
}

static void
add_order(struct pki_order_row *row)
{
	struct pki_err err = { 0 };
	must(pki_ledger_add_order(fill.ledger, row, &err), &err);
	pki_order_row_free(row);
	fill.rows++;
}

static void
add_certificate(const struct minted_holder *holder, const char *order, int i)
{
	struct pki_err err = { 0 };
	const struct minted *cert = &holder->certs[i];
	struct pki_cert_row row = {
		.issuer = PKI_ISSUER_CA,
		.serial = cert->serial,
		.partition = pki_serial_partition(
			&cert->serial, fill.office.conf->ca_urls.partitions),
		.not_before = holder->not_before,
		.not_after = holder->not_after,
		.document_end = holder->not_after,
		.issued = fill.now,
		.der = cert->der, /* borrowed */
	};
	strcpy(row.holder, holder->id);
	strcpy(row.profile, minted_profiles[i]);
	strcpy(row.order, order);
	memcpy(row.name_hash, holder->name_hash, sizeof row.name_hash);
	memcpy(row.identifier, holder->identifier, sizeof row.identifier);
	memcpy(row.name_key, holder->name_key, sizeof row.name_key);
	memcpy(row.key_hash, cert->key_hash, sizeof row.key_hash);
	must(pki_ledger_add_certificate(fill.ledger, &row, &err), &err);
	fill.certificates++;
	fill.rows++;
}

static void
issue(const struct minted_holder *holder)
{
	struct pki_order_row order;
	char digest[PKI_SHA256_HEX], serial[PKI_SERIAL_TEXT];
	new_order(PKI_ACTION_ISSUE, holder->id, &order, digest);
	json_t *list = json_array();
	for (int i = 0; i < CERTS_PER_HOLDER; i++) {
		pki_serial_text(&holder->certs[i].serial, serial);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "profile", minted_profiles[i],
				      "serial", serial, "digest", holder->digests[i]));
	}
	order.log_index = append("certificate-issued", fill.david,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s, s], s:o}", "order", order.id,
			"order_digest", digest, "action", "issue", "holder", holder->id,
			"invitation", "", "officers", fill.claire, fill.david,
			"certificates", list));
	add_order(&order);
	for (int i = 0; i < CERTS_PER_HOLDER; i++)
		add_certificate(holder, order.id, i);
}

static void
revoke_all(const struct minted_holder *holder)
{
	static const struct {
		const char *cause;
		enum pki_reason reason;
	} causes[] = {
		{ "lost-phone", PKI_REASON_KEY_COMPROMISE },
		{ "name-change", PKI_REASON_AFFILIATION_CHANGED },
		{ "no-longer-wanted", PKI_REASON_CESSATION_OF_OPERATION },
		{ "breach-of-terms", PKI_REASON_PRIVILEGE_WITHDRAWN },
	};
	struct pki_err err = { 0 };
	struct pki_order_row order;
	char digest[PKI_SHA256_HEX], reported[PKI_MSEC_TEXT], serial[PKI_SERIAL_TEXT];
	size_t cause = fill.revoked / CERTS_PER_HOLDER % PKI_COUNT(causes);
	new_order(PKI_ACTION_REVOKE, holder->id, &order, digest);
	pki_msec_format(fill.now, reported);
	json_t *serials = json_array();
	for (int i = 0; i < CERTS_PER_HOLDER; i++) {
		pki_serial_text(&holder->certs[i].serial, serial);
		json_array_append_new(serials, json_string(serial));
	}
	order.log_index = append("certificate-revoked", fill.emma,
		json_pack("{s:s, s:s, s:s, s:s, s:[s], s:s, s:s, s:o}", "order", order.id,
			"order_digest", digest, "action", "revoke", "holder", holder->id,
			"officers", fill.emma, "reason",
			pki_reason_name(causes[cause].reason), "reported", reported,
			"serials", serials));
	struct pki_revocation_row row = { .issuer = PKI_ISSUER_CA, .reported = fill.now };
	row.reason = causes[cause].reason;
	row.committed = fill.now;
	strcpy(row.order, order.id);
	add_order(&order);
	for (int i = 0; i < CERTS_PER_HOLDER; i++) {
		row.serial = holder->certs[i].serial;
		must(pki_ledger_add_revocation(fill.ledger, &row, &err), &err);
		fill.revoked++;
		fill.rows++;
	}
}

static void
append_holders(unsigned long percent)
{
	struct minted_chunk *chunk;
	uint64_t n = 0;
	while ((chunk = minters_take()) != NULL) {
		fill.now = pki_msec_now();
		for (size_t i = 0; i < chunk->count; i++) {
			issue(&chunk->holders[i]);
			/* evenly spread */
			n++;
			if (n * percent / 100 != (n - 1) * percent / 100)
				revoke_all(&chunk->holders[i]);
		}
		minters_give_back(chunk);
	}
	minters_end();
}

static void
add_checkpoint(void)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf secret = custody();
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_checkpoint cp = { 0 };
	const struct pki_conf *conf = fill.office.conf;
	must(pki_key_open(conf->ca->log_key, pki_buf_bytes(&secret), &key, &err), &err);
	strcpy(cp.origin, conf->log->origin);
	must(pki_ledger_entry_count(fill.ledger, &cp.size, &err), &err);
	must(pki_log_root(fill.ledger, cp.size, &cp.root, &err), &err);
	must(pki_checkpoint_sign(&cp, key, &note, &err), &err);
	must(pki_ledger_add_checkpoint(fill.ledger, cp.size, pki_buf_bytes(&note), &err),
		&err);
}

static void
publish_log(void)
{
	struct pki_err err = { 0 };
	char dir[PATH_MAX];
	uint64_t size = 0;
	must(pki_conf_path(fill.office.conf->publish, "log", dir, &err), &err);
	must(pki_log_publish(fill.ledger, dir, 0, &size, &err), &err);
}

int
main(int argc, char **argv)
{
	struct pki_err err = { 0 };
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	unsigned long percent = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
	size_t threads = argc > 3 ? strtoul(argv[3], NULL, 10)
				  : (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (count == 0 || percent > 100 || threads == 0) {
		fputs("usage: D=INSTALLATION fill_ledger CERTIFICATES [REVOKED_PERCENT [THREADS]]\n",
			stderr);
		return 2;
	}
	office_open(&fill.office);
	pki_serial_text(pki_cert_get0_serial(fill.office.claire.cert), fill.claire);
	pki_serial_text(pki_cert_get0_serial(fill.office.david.cert), fill.david);
	pki_serial_text(pki_cert_get0_serial(fill.office.emma.cert), fill.emma);
	open_ledger(count);
	uint64_t start = nsec_now();
	minters_start(&fill.office, threads, (count + 1) / CERTS_PER_HOLDER);
	must(pki_ledger_begin(fill.ledger, &err), &err);
	append_holders(percent);
	add_checkpoint();
	must(pki_ledger_commit(fill.ledger, &err), &err);
	double seconds = (double)(nsec_now() - start) / 1e9;
	must(ledger_exec(fill.ledger, "PRAGMA journal_mode = WAL", &err), &err);
	publish_log();
	double all = (double)(nsec_now() - start) / 1e9;
	pki_ledger_close(fill.ledger);
	printf("{\"certificates\": %ju, \"revoked\": %ju, \"rows\": %ju, \"seconds\": %.1f, \"rows_per_second\": %.0f, \"publishing_seconds\": %.1f}\n",
		(uintmax_t)fill.certificates, (uintmax_t)fill.revoked,
		(uintmax_t)fill.rows, seconds, (double)fill.rows / seconds,
		all - seconds);
	return 0;
}
