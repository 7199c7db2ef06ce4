#include "tests/unit/common/ledger_rows.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An issuer's certificate that ends at not_after; the ledger reads nothing else of it. */
static struct pki_cert *
make_issuer(pki_time not_after)
{
	struct pki_cert *cert = NULL;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	assert_true(X509_set_version(x509, X509_VERSION_3));
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_NAME *name = X509_get_subject_name(x509);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)"TEST CA", -1, -1, 0);
	X509_set_issuer_name(x509, name);
	ASN1_TIME_set(X509_getm_notBefore(x509), START);
	ASN1_TIME_set(X509_getm_notAfter(x509), not_after);
	X509_set_pubkey(x509, key);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	ok(pki_cert_from_x509(x509, &cert, &err));
	X509_free(x509);
	EVP_PKEY_free(key);
	return cert;
}

static void
add_issuers(struct pki_ledger *ledger)
{
	PKI_CLEANUP(pki_cert_cleanup)
	struct pki_cert *root = make_issuer(START + 20 * YEAR);
	PKI_CLEANUP(pki_cert_cleanup)
	struct pki_cert *ca = make_issuer(START + 10 * YEAR);
	ok(pki_ledger_begin(ledger, &err));
	ok(pki_ledger_add_issuer(ledger, PKI_ISSUER_ROOT, root, &err));
	ok(pki_ledger_add_issuer(ledger, PKI_ISSUER_CA, ca, &err));
	ok(pki_ledger_commit(ledger, &err));
}

int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	strcpy(f->dir, "/tmp/pki-ledger-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/ledger.db", f->dir);
	ok(pki_ledger_open(f->path, PKI_LEDGER_CREATE, &f->ledger, &err));
	add_issuers(f->ledger);
	*state = f;
	return 0;
}

int
teardown(void **state)
{
	struct fixture *f = *state;
	pki_ledger_close(f->ledger);
	char command[64];
	snprintf(command, sizeof command, "rm -r %s", f->dir);
	int status = system(command);
	free(f);
	return status;
}

struct pki_order_row
make_order(uint64_t n, enum pki_action action, const char *holder)
{
	struct pki_order_row row = { .action = action, .committed = START * 1000 };
	snprintf(row.id, sizeof row.id, "O-%032jx", (uintmax_t)n);
	snprintf(row.holder, sizeof row.holder, "%s", holder);
	memcpy(row.digest, &n, sizeof n);
	ok(pki_buf_append(&row.cms, "cms", 3, &err));
	return row;
}

enum pki_status
add_order(struct pki_ledger *ledger, uint64_t n, enum pki_action action,
	const char *holder, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free)
	struct pki_order_row row = make_order(n, action, holder);
	return pki_ledger_add_order(ledger, &row, err);
}

struct pki_cert_row
make_cert(uint64_t n, const char *holder, uint64_t order)
{
	struct pki_cert_row row = {
		.issuer = PKI_ISSUER_CA,
		.serial = { .octets = { 0x40 }, .len = 20 },
		.not_before = START,
		.not_after = START + YEAR,
		.issued = START * 1000,
	};
	memcpy(row.serial.octets + 8, &n, sizeof n);
	memcpy(row.key_hash, &n, sizeof n);
	snprintf(row.holder, sizeof row.holder, "%s", holder);
	snprintf(row.profile, sizeof row.profile, "holder-signature");
	if (order != 0)
		snprintf(row.order, sizeof row.order, "O-%032jx", (uintmax_t)order);
	/* name and identifier of the holder's own */
	snprintf(row.identifier, sizeof row.identifier, "PASFR%s", holder);
	ok(pki_sha256(holder, strlen(holder), row.name_hash, &err));
	memcpy(row.name_key, row.name_hash, sizeof row.name_key);
	return row;
}

enum pki_status
add_cert(struct pki_ledger *ledger, struct pki_cert_row row, struct pki_err *err)
{
	PKI_TRY(pki_buf_append(&row.der, "der", 3, err));
	enum pki_status status = pki_ledger_add_certificate(ledger, &row, err);
	pki_cert_row_free(&row);
	return status;
}

enum pki_status
add_revocation(struct pki_ledger *ledger, const struct pki_cert_row *cert, uint64_t order,
	pki_msec at, struct pki_err *err)
{
	struct pki_revocation_row row = { .issuer = cert->issuer,
		.serial = cert->serial,
		.reason = PKI_REASON_KEY_COMPROMISE,
		.reported = at - 1000,
		.committed = at };
	snprintf(row.order, sizeof row.order, "O-%032jx", (uintmax_t)order);
	return pki_ledger_add_revocation(ledger, &row, err);
}

enum pki_status
add_entry(struct pki_ledger *ledger, uint64_t index, pki_msec at, struct pki_err *err)
{
	return pki_ledger_add_entry(
		ledger, index, at, (struct pki_bytes){ (const uint8_t *)"{}", 2 }, err);
}

void
begin(struct fixture *f)
{
	uint64_t entries = 0;
	ok(pki_ledger_begin(f->ledger, &err));
	ok(pki_ledger_entry_count(f->ledger, &entries, &err));
	if (entries == 0)
		ok(add_entry(f->ledger, 0, START * 1000, &err));
}

void
commit(struct fixture *f)
{
	ok(pki_ledger_commit(f->ledger, &err));
}

void
issue_first(struct fixture *f)
{
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	ok(add_cert(f->ledger, make_cert(1, "H-1", 1), &err));
	ok(add_cert(f->ledger, make_cert(2, "H-1", 1), &err));
	commit(f);
}

enum pki_status
add_crl(struct pki_ledger *ledger, uint64_t number, pki_time at, uint64_t revocations,
	struct pki_err *err)
{
	return add_list(ledger, 0, number, at, revocations, false, err);
}

enum pki_status
add_list(struct pki_ledger *ledger, unsigned partition, uint64_t number, pki_time at,
	uint64_t revocations, bool last, struct pki_err *err)
{
	struct pki_crl_row row = { .issuer = PKI_ISSUER_CA,
		.number = number,
		.partition = partition,
		.this_update = at,
		.next_update = last ? PKI_CRL_LAST : at + PKI_DAY,
		.committed = at * 1000,
		.revocations = revocations,
		.cutoff = at };
	PKI_TRY(pki_buf_append(&row.der, "crl", 3, err));
	enum pki_status status = pki_ledger_add_crl(ledger, &row, err);
	pki_crl_row_free(&row);
	return status;
}
