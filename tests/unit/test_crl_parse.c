#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "libpki/asn1/der.h"
#include "tests/fuzz/crl_peer.h"
#include "tests/unit/common/status_pki.h"

#define NOW ((pki_time)1800000000)

/* A CRL taken apart, to be put together from other parts: each with tag and length. */
enum part {
	VERSION,
	INNER_ALGORITHM,
	ISSUER,
	THIS_UPDATE,
	NEXT_UPDATE,
	LIST,
	EXTENSIONS,
	OUTER_ALGORITHM,
	SIGNATURE,
	PARTS
};

static struct pki_crl *good;
static struct pki_bytes parts[PARTS];

static int
set_up(void **state)
{
	(void)state;
	static const int tags[PARTS] = { PKI_DER_INTEGER, PKI_DER_SEQUENCE,
		PKI_DER_SEQUENCE, PKI_DER_UTC_TIME, PKI_DER_UTC_TIME, PKI_DER_SEQUENCE,
		PKI_DER_CONSTRUCTED, PKI_DER_SEQUENCE, PKI_DER_BITS };
	struct status_id ca = status_ca("TEST CA");
	struct pki_revoked one = { .serial = { { 5 }, 1 }, .revoked_at = NOW };
	struct pki_crl_spec spec = { .issuer = ca.cert,
		.number = 7,
		.this_update = NOW,
		.next_update = NOW + PKI_DAY,
		.revoked = &one,
		.count = 1 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_crl_build(&spec, ca.key, &good, &err), PKI_OK);
	status_free(&ca);
	struct pki_bytes in = pki_crl_get0_der(good), outer, tbs;
	assert_true(pki_der_get(&in, PKI_DER_SEQUENCE, &outer));
	assert_true(pki_der_get(&outer, PKI_DER_SEQUENCE, &tbs));
	for (int i = 0; i < PARTS; i++)
		assert_true(pki_der_get_whole(
			i < OUTER_ALGORITHM ? &tbs : &outer, tags[i], &parts[i]));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pki_crl_free(good);
	return 0;
}

/* The good one with another part; the signature is nobody's. */
static enum pki_status
parse_with(enum part which, const void *data, size_t len, struct pki_crl **out,
	struct pki_err *err)
{
	static uint8_t room[4096];
	struct pki_der w = { room, sizeof room, false };
	size_t tbs = 0;
	*err = (struct pki_err){ 0 };
	for (int i = PARTS; i-- > 0;) {
		if (i + 1 == OUTER_ALGORITHM)
			tbs = w.at;
		if (i == (int)which)
			pki_der_put(&w, data, len);
		else
			pki_der_put(&w, parts[i].data, parts[i].len);
	}
	pki_der_wrap(&w, PKI_DER_SEQUENCE, tbs);
	pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
	assert_false(w.full);
	return pki_crl_parse(
		(struct pki_bytes){ room + w.at, sizeof room - w.at }, out, err);
}

struct mutation {
	const char *octets;
	size_t len;
	enum pki_status want;
	enum pki_rule want_rule;
	const char *want_text;
};

#define OCTETS(text) text, sizeof(text) - 1

static void
refuse(enum part which, const struct mutation *m)
{
	struct pki_crl *crl = NULL;
	struct pki_err err;
	assert_int_equal(parse_with(which, m->octets, m->len, &crl, &err), m->want);
	assert_int_equal(err.rule, m->want_rule);
	assert_non_null(strstr(err.msg, m->want_text));
	assert_null(crl);
}

/* With a list of this content. */
static enum pki_status
parse_list(const void *octets, size_t len, struct pki_crl **out, struct pki_err *err)
{
	uint8_t room[2048];
	struct pki_der w = { room, sizeof room, false };
	pki_der_put_tagged(&w, PKI_DER_SEQUENCE, octets, len);
	assert_false(w.full);
	return parse_with(LIST, room + w.at, sizeof room - w.at, out, err);
}

#define TIME \
	"\x17\x0d" \
	"250101000000Z" /* 0f octets */
#define ENTRY(serial) "\x30\x12\x02\x01" serial TIME
#define EXT(len, exts) "\x30" len "\x02\x01\x05" TIME exts
#define REASON "\x06\x03\x55\x1d\x15" /* 05 */
#define DATE \
	"\x06\x03\x55\x1d\x18\x04\x11\x18\x0f" \
	"20240101000000Z" /* 18 */

static void
entries_accepted(void **state)
{
	(void)state;
	static const struct {
		const char *octets;
		size_t len;
		size_t want_count;
		enum pki_reason want_reason; /* of serial 5 */
	} cases[] = {
		{ OCTETS(ENTRY("\x05")), 1, PKI_REASON_UNSPECIFIED },
		/* any order */
		{ OCTETS(ENTRY("\x07") ENTRY("\x05") ENTRY("\x06")), 3,
			PKI_REASON_UNSPECIFIED },
		{ OCTETS(EXT("\x20", "\x30\x0c\x30\x0a" REASON "\x04\x03\x0a\x01\x01")),
			1, PKI_REASON_KEY_COMPROMISE },
		/* invalidityDate, RFC 5280 5.3.2, before and after it */
		{ OCTETS(EXT("\x2e", "\x30\x1a\x30\x18" DATE)), 1,
			PKI_REASON_UNSPECIFIED },
		{ OCTETS(EXT("\x3a", "\x30\x26\x30\x18" DATE "\x30\x0a" REASON
				     "\x04\x03\x0a\x01\x04")),
			1, PKI_REASON_SUPERSEDED },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
		struct pki_err err;
		struct pki_revoked found;
		const struct pki_serial five = { { 5 }, 1 };
		assert_int_equal(
			parse_list(cases[i].octets, cases[i].len, &crl, &err), PKI_OK);
		assert_int_equal(pki_crl_count(crl), cases[i].want_count);
		assert_true(pki_crl_find(crl, &five, &found));
		assert_int_equal(found.reason, cases[i].want_reason);
		assert_int_equal(found.revoked_at, 1735689600);
		assert_true(peer_agrees(crl));
	}
}

static void
refuse_lists(const struct mutation *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pki_crl *crl = NULL;
		struct pki_err err;
		assert_int_equal(parse_list(cases[i].octets, cases[i].len, &crl, &err),
			cases[i].want);
		assert_int_equal(err.rule, cases[i].want_rule);
		assert_non_null(strstr(err.msg, cases[i].want_text));
	}
}

static void
r48_entries_refused(void **state)
{
	(void)state;
	static const struct mutation cases[] = {
		/* lengths that are not DER's shortest, or reach too far */
		{ OCTETS("\x30\x81\x12\x02\x01\x05" TIME), PKI_INPUT, 0, "DER" },
		{ OCTETS("\x30\x80\x02\x01\x05" TIME "\x00\x00"), PKI_INPUT, 0, "DER" },
		{ OCTETS("\x30\x13\x02\x81\x01\x05" TIME), PKI_INPUT, 0, "serialNumber" },
		{ OCTETS("\x30\x13\x02\x01\x05" TIME), PKI_INPUT, 0, "DER" },
		{ OCTETS("\x31\x12\x02\x01\x05" TIME), PKI_INPUT, 0, "DER" },
		{ OCTETS(ENTRY("\x05") "\x00"), PKI_INPUT, 0, "DER" },
		{ OCTETS("\x30\x13\x02\x01\x05" TIME "\x00"), PKI_INPUT, 0, "DER" },
		{ OCTETS("\x30\x00"), PKI_INPUT, 0, "serialNumber" },
		{ OCTETS("\x30\x03\x02\x01\x05"), PKI_INPUT, 0, "time" },
		/* serials: none, padded, negative, zero, 21 octets */
		{ OCTETS("\x30\x11\x02\x00" TIME), PKI_INPUT, 0, "serialNumber" },
		{ OCTETS("\x30\x13\x02\x02\x00\x05" TIME), PKI_INPUT, 0, "serialNumber" },
		{ OCTETS("\x30\x13\x02\x02\xff\x85" TIME), PKI_INPUT, 0, "positive" },
		{ OCTETS(ENTRY("\x85")), PKI_INPUT, 0, "positive" },
		{ OCTETS(ENTRY("\x00")), PKI_INPUT, 0, "positive" },
		{ OCTETS("\x30\x26\x02\x15"
			 "123456789012345678901" TIME),
			PKI_INPUT, 0, "20 octets" },
		{ OCTETS("\x30\x14\x02\x01\x05\x18\x0f"
			 "20250101000000Z"),
			PKI_REFUSED, PKI_RULE_DATES, "2050" },
		/* twice, side by side and not */
		{ OCTETS(ENTRY("\x05") ENTRY("\x05")), PKI_REFUSED, PKI_RULE_CRL_SERIAL,
			"05" },
		{ OCTETS(ENTRY("\x07") ENTRY("\x05") ENTRY("\x07")), PKI_REFUSED,
			PKI_RULE_CRL_SERIAL, "07" },
	};
	refuse_lists(cases, PKI_COUNT(cases));
}

static void
r48_r51_entry_extensions_refused(void **state)
{
	(void)state;
	static const struct mutation cases[] = {
		/* none, one that is empty, criticality that is none of DER's */
		{ OCTETS(EXT("\x14", "\x30\x00")), PKI_INPUT, 0, "extensions" },
		{ OCTETS(EXT("\x16", "\x30\x02\x30\x00")), PKI_INPUT, 0, "extensions" },
		{ OCTETS(EXT("\x23",
			  "\x30\x0f\x30\x0d" REASON "\x01\x01\x00\x04\x03\x0a\x01\x01")),
			PKI_INPUT, 0, "extensions" },
		{ OCTETS(EXT("\x23",
			  "\x30\x0f\x30\x0d" REASON "\x01\x01\x01\x04\x03\x0a\x01\x01")),
			PKI_INPUT, 0, "extensions" },
		{ OCTETS(EXT("\x22",
			  "\x30\x0e\x30\x0a" REASON "\x04\x03\x0a\x01\x01\x05\x00")),
			PKI_INPUT, 0, "extensions" },
		{ OCTETS(EXT("\x22",
			  "\x30\x0c\x30\x0a" REASON "\x04\x03\x0a\x01\x01\x05\x00")),
			PKI_INPUT, 0, "entry" },
		/* reasonCode */
		{ OCTETS(EXT("\x23",
			  "\x30\x0f\x30\x0d" REASON "\x01\x01\xff\x04\x03\x0a\x01\x01")),
			PKI_REFUSED, PKI_RULE_CRL_REASON, "critical" },
		{ OCTETS(EXT("\x20", "\x30\x0c\x30\x0a" REASON "\x04\x03\x0a\x01\x00")),
			PKI_REFUSED, PKI_RULE_CRL_REASON, "unspecified" },
		{ OCTETS(EXT("\x20", "\x30\x0c\x30\x0a" REASON "\x04\x03\x0a\x01\x06")),
			PKI_REFUSED, PKI_RULE_CRL_REASON, "final" },
		{ OCTETS(EXT("\x20", "\x30\x0c\x30\x0a" REASON "\x04\x03\x0a\x01\xff")),
			PKI_REFUSED, PKI_RULE_CRL_REASON, "final" },
		{ OCTETS(EXT(
			  "\x21", "\x30\x0d\x30\x0b" REASON "\x04\x04\x0a\x02\x01\x01")),
			PKI_INPUT, 0, "reasonCode" },
		{ OCTETS(EXT("\x20", "\x30\x0c\x30\x0a" REASON "\x04\x03\x02\x01\x01")),
			PKI_INPUT, 0, "reasonCode" },
		{ OCTETS(EXT(
			  "\x21", "\x30\x0d\x30\x0b" REASON "\x04\x04\x0a\x01\x01\x00")),
			PKI_INPUT, 0, "reasonCode" },
		{ OCTETS(EXT("\x2c", "\x30\x18\x30\x0a" REASON "\x04\x03\x0a\x01\x01"
				     "\x30\x0a" REASON "\x04\x03\x0a\x01\x01")),
			PKI_REFUSED, PKI_RULE_CRL_SERIAL, "twice" },
		/* others: certificateIssuer as indirect CRLs have it, an OID that is none
		 */
		{ OCTETS(EXT("\x20", "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x1d\x01\x01\xff"
				     "\x04\x00")),
			PKI_INPUT, 0, "2.5.29.29" },
		{ OCTETS(EXT("\x1b", "\x30\x07\x30\x05\x06\x01\x80\x04\x00")), PKI_INPUT,
			0, "OID" },
	};
	refuse_lists(cases, PKI_COUNT(cases));
}

/* Extensions of no meaning, 2.5.29.100 and on: eight are read, nine are not. */
static void
entry_extensions_are_counted(void **state)
{
	(void)state;
	for (size_t count = 8; count <= 9; count++) {
		uint8_t room[256];
		struct pki_der w = { room, sizeof room, false };
		for (size_t i = 0; i < count; i++) {
			uint8_t ext[] = { 0x30, 7, 6, 3, 0x55, 0x1d, (uint8_t)(100 + i),
				4, 0 };
			pki_der_put(&w, ext, sizeof ext);
		}
		pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
		pki_der_put(&w, "\x02\x01\x05" TIME, 18);
		pki_der_wrap(&w, PKI_DER_SEQUENCE, sizeof room);
		PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
		struct pki_err err;
		assert_int_equal(parse_list(room + w.at, sizeof room - w.at, &crl, &err),
			count == 8 ? PKI_OK : PKI_LIMIT);
	}
}

static void
r49_r50_frame(void **state)
{
	(void)state;
	static const struct {
		enum part part;
		struct mutation m;
	} cases[] = {
		{ VERSION, { OCTETS(""), PKI_REFUSED, PKI_RULE_CRL_FIELDS, "v2" } },
		{ VERSION, { OCTETS("\x02\x01\x00"), PKI_REFUSED, PKI_RULE_CRL_FIELDS,
				   "v2" } },
		{ VERSION, { OCTETS("\x02\x02\x00\x01"), PKI_REFUSED, PKI_RULE_CRL_FIELDS,
				   "v2" } },
		{ INNER_ALGORITHM,
			{ OCTETS("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),
				PKI_INPUT, 0, "algorithm" } },
		{ OUTER_ALGORITHM,
			{ OCTETS("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"),
				PKI_INPUT, 0, "algorithm" } },
		{ ISSUER, { OCTETS("\x30\x02\x31\x00\x00"), PKI_INPUT, 0, "time" } },
		{ ISSUER, { OCTETS("\x30\x02\x05\x00"), PKI_INPUT, 0, "issuer" } },
		{ THIS_UPDATE,
			{ OCTETS(""), PKI_REFUSED, PKI_RULE_CRL_FIELDS, "nextUpdate" } },
		{ THIS_UPDATE, { OCTETS("\x17\x00"), PKI_INPUT, 0, "time" } },
		{ NEXT_UPDATE,
			{ OCTETS(""), PKI_REFUSED, PKI_RULE_CRL_FIELDS, "nextUpdate" } },
		{ NEXT_UPDATE, { OCTETS("\x17\x0d"
					"200101000000Z"),
				       PKI_REFUSED, PKI_RULE_CRL_FIELDS, "nextUpdate" } },
		{ LIST, { OCTETS("\x30\x00"), PKI_REFUSED, PKI_RULE_CRL_EMPTY,
				"empty" } },
		{ LIST, { OCTETS("\x31\x00"), PKI_INPUT, 0, "extensions" } },
		{ EXTENSIONS,
			{ OCTETS(""), PKI_REFUSED, PKI_RULE_CRL_FIELDS, "extensions" } },
		{ EXTENSIONS, { OCTETS("\xa0\x00"), PKI_INPUT, 0, "extensions" } },
		{ EXTENSIONS, { OCTETS("\xa0\x02\x30\x00"), PKI_REFUSED,
				      PKI_RULE_CRL_FIELDS, "authorityKeyIdentifier" } },
		{ EXTENSIONS,
			{ OCTETS("\xa1\x02\x30\x00"), PKI_INPUT, 0, "extensions" } },
		{ SIGNATURE, { OCTETS("\x03\x00"), PKI_INPUT, 0, "signature" } },
		{ SIGNATURE, { OCTETS("\x03\x02\x01\x00"), PKI_INPUT, 0, "signature" } },
		{ SIGNATURE,
			{ OCTETS("\x03\x01\x00\x05\x00"), PKI_INPUT, 0, "signature" } },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		refuse(cases[i].part, &cases[i].m);
}

static void
r94_other_algorithm(void **state)
{
	(void)state;
	/* one CRL, signed with SHA-384 where P-256 signs with SHA-256 */
	struct status_id ca = status_ca("TEST CA");
	struct pki_crl_spec spec = { .issuer = ca.cert,
		.number = 7,
		.this_update = NOW,
		.next_update = NOW + PKI_DAY };
	struct pki_crl *crl = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_crl_build(&spec, ca.key, &crl, &err), PKI_OK);
	struct pki_bytes der = pki_crl_get0_der(crl);
	const unsigned char *p = der.data;
	X509_CRL *x509 = d2i_X509_CRL(NULL, &p, (long)der.len);
	pki_crl_free(crl);
	crl = NULL;
	unsigned char *octets = NULL;
	assert_true(X509_CRL_sign(x509, pki_key_get0_evp(ca.key), EVP_sha384()) > 0);
	int len = i2d_X509_CRL(x509, &octets);
	assert_int_equal(
		pki_crl_parse((struct pki_bytes){ octets, (size_t)len }, &crl, &err),
		PKI_OK);
	assert_int_equal(pki_crl_verify(crl, ca.cert, &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ALGORITHM);
	pki_crl_free(crl);
	X509_CRL_free(x509);
	OPENSSL_free(octets);
	status_free(&ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_accepted),
		cmocka_unit_test(r48_entries_refused),
		cmocka_unit_test(r48_r51_entry_extensions_refused),
		cmocka_unit_test(entry_extensions_are_counted),
		cmocka_unit_test(r49_r50_frame),
		cmocka_unit_test(r94_other_algorithm),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
