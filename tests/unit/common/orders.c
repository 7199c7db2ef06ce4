#include "tests/unit/common/orders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/x509/csr.h"

#define ROLE(n) "2.999.492.1.1.1.1.6.1,2.999.492.2." n

struct world world;

int
orders_setup(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *policy;
		const char *identifier;
	} people[WHO_COUNT] = {
		[CLAIRE] = { "TEST Claire", ROLE("1"), "OF:MC-1" },
		[DAVID] = { "TEST David", ROLE("1"), "OF:MC-2" },
		[CLAIRE_AGAIN] = { "TEST Klara", ROLE("1"), "of:mc-1" },
		[OLGA] = { "TEST Olga", ROLE("1"), NULL },
		[OLGA_AGAIN] = { "TEST  OLGA", ROLE("1"), NULL },
		[RENE] = { "TEST Rene", ROLE("2"), "OF:MC-3" },
		[SOPHIE] = { "TEST Sophie", ROLE("3"), "OF:MC-4" },
		[AUDREY] = { "TEST Audrey", ROLE("4"), "OF:MC-5" },
		[DENIS] = { "TEST Denis", ROLE("5"), "OF:MC-6" },
		[OSCAR] = { "TEST OCSP", ROLE("6"), NULL },
		[PLAIN] = { "TEST Plain", "2.999.492.1.1.1.1.6.1", NULL },
	};
	struct pki_err err = { 0 };
	world.ca = fixture_ca();
	world.now = pki_msec_now();
	for (size_t i = CLAIRE; i < WHO_COUNT; i++)
		world.ids[i] = fixture_make(
			&(struct fixture_spec){ .common_name = people[i].name,
				.serial_number = people[i].identifier,
				.policy = people[i].policy },
			&world.ca);
	for (size_t i = 0; i < PKI_COUNT(world.csrs); i++)
		world.csrs[i] = fixture_csr(NULL);
	assert_int_equal(pki_policy_load("policy", &world.policy, &err), PKI_OK);
	return 0;
}

int
orders_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < WHO_COUNT; i++)
		fixture_free(&world.ids[i]);
	for (size_t i = 0; i < PKI_COUNT(world.csrs); i++)
		pki_buf_free(&world.csrs[i]);
	fixture_free(&world.ca);
	pki_policy_free(world.policy);
	return 0;
}

void
orders_set_buf(struct pki_buf *buf, const void *data, size_t len)
{
	struct pki_err err = { 0 };
	pki_buf_reset(buf);
	assert_int_equal(pki_buf_append(buf, data, len, &err), PKI_OK);
}

/* Encode, and let each of signers (up to NOBODY) sign. */
struct pki_buf
orders_sign(const struct pki_order *order, const enum who *signers)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	struct pki_buf cms = { 0 };
	if (pki_order_encode(order, &json, &err) != PKI_OK)
		fail_msg("encode: %s", err.msg);
	for (; *signers != NOBODY; signers++) {
		const struct fixture_id *id = &world.ids[*signers];
		struct pki_buf more = { 0 };
		enum pki_status status =
			cms.len == 0 ? pki_cms_sign(pki_buf_bytes(&json), id->key,
					       id->cert, &more, &err)
				     : pki_cms_cosign(pki_buf_bytes(&cms), id->key,
					       id->cert, &more, &err);
		if (status != PKI_OK)
			fail_msg("sign: %s", err.msg);
		pki_buf_free(&cms);
		cms = more;
	}
	return cms;
}

static void
make_id(char prefix, char out[PKI_ID_TEXT])
{
	struct pki_err err = { 0 };
	assert_int_equal(pki_id_make(prefix, out, &err), PKI_OK);
}

struct pki_order
good_invite(void)
{
	struct pki_order o = { .action = PKI_ACTION_INVITE,
		.created = world.now - 5 * 86400000 };
	make_id('I', o.id);
	strcpy(o.authority, "TEST RA");
	strcpy(o.department, "TEST Department");
	strcpy(o.applicant_digest, DIGEST);
	o.expires = world.now / 1000 + 20 * PKI_DAY;
	return o;
}

void
orders_attach(
	struct pki_order *order, const struct pki_order *invite, const enum who *signers)
{
	/* signing-time is the clock's; an invitation of the past is signed late, not early
	 */
	struct pki_buf cms = orders_sign(invite, signers);
	pki_buf_free(&order->invitation);
	order->invitation = cms;
}

struct pki_order
good_issue(void)
{
	struct pki_order o = { .action = PKI_ACTION_ISSUE, .created = world.now };
	make_id('O', o.id);
	make_id('A', o.application);
	make_id('H', o.holder);
	strcpy(o.authority, "TEST RA");
	strcpy(o.subject.country, "FR");
	strcpy(o.subject.given_name, "Alice");
	strcpy(o.subject.surname, "Martin");
	strcpy(o.subject.serial_number, "PASFR-12AB34567");
	strcpy(o.subject.common_name, "TEST Alice Martin");
	o.requested = world.now / 1000 - 3 * PKI_DAY;
	strcpy(o.identity_method, "in-person");
	strcpy(o.document_type, "passport");
	strcpy(o.document_country, "FR");
	o.document_end = world.now / 1000 + 2000 * PKI_DAY;
	strcpy(o.document_digest, DIGEST);
	strcpy(o.evidence[0], DIGEST);
	o.evidence_count = 1;
	strcpy(o.terms_version, world.policy->terms_version);
	strcpy(o.terms_digest, world.policy->terms_digest);
	strcpy(o.certs[0].profile, "holder-authentication");
	strcpy(o.certs[1].profile, "holder-signature");
	orders_set_buf(&o.certs[0].csr, world.csrs[0].data, world.csrs[0].len);
	orders_set_buf(&o.certs[1].csr, world.csrs[1].data, world.csrs[1].len);
	o.cert_count = 2;
	struct pki_order invite = good_invite();
	orders_attach(&o, &invite, (const enum who[]){ DENIS, NOBODY });
	return o;
}

struct pki_order
good_renew(void)
{
	struct pki_order o = good_issue();
	o.action = PKI_ACTION_RENEW;
	pki_buf_free(&o.invitation);
	o.serials[0] = *pki_cert_get0_serial(world.ids[PLAIN].cert);
	o.serial_count = 1;
	return o;
}

static struct pki_order
good_service(const char *profile, const char *name)
{
	struct pki_order o = { .action = PKI_ACTION_ISSUE, .created = world.now };
	make_id('O', o.id);
	strcpy(o.authority, "TEST RA");
	strcpy(o.subject.country, "MC");
	strcpy(o.subject.common_name, name);
	strcpy(o.certs[0].profile, profile);
	orders_set_buf(&o.certs[0].csr, world.csrs[0].data, world.csrs[0].len);
	o.cert_count = 1;
	return o;
}

struct pki_order
good_officer(void)
{
	struct pki_order o = good_service("officer-registration", "TEST New Officer");
	strcpy(o.subject.serial_number, "OF:MC-99");
	return o;
}

/* Claire's; she signs with the old key. */
struct pki_order
good_renew_officer(void)
{
	struct pki_order o = good_service("officer-registration", "TEST Claire");
	o.action = PKI_ACTION_RENEW;
	strcpy(o.subject.serial_number, "OF:MC-1");
	o.serials[0] = *pki_cert_get0_serial(world.ids[CLAIRE].cert);
	o.serial_count = 1;
	return o;
}

struct pki_order
good_responder(void)
{
	return good_service("ocsp-responder", "TEST OCSP Responder");
}

struct pki_order
good_revoke(void)
{
	struct pki_order o = { .action = PKI_ACTION_REVOKE, .created = world.now };
	make_id('O', o.id);
	make_id('H', o.holder);
	strcpy(o.authority, "TEST RA");
	strcpy(o.cause, "lost-phone");
	strcpy(o.requester, "holder");
	strcpy(o.authentication, "security-questions");
	o.reported = world.now - 60000;
	return o;
}

struct pki_order
good_revoke_officer(void)
{
	struct pki_order o = good_revoke();
	o.holder[0] = '\0';
	o.serials[0] = *pki_cert_get0_serial(world.ids[DAVID].cert);
	o.serial_count = 1;
	strcpy(o.cause, "officer-left");
	strcpy(o.requester, "officer");
	return o;
}

struct pki_order
good_erase(void)
{
	struct pki_order o = { .action = PKI_ACTION_ERASE, .created = world.now };
	make_id('O', o.id);
	make_id('H', o.holder);
	strcpy(o.authority, "TEST RA");
	return o;
}

/* Signs, opens and decides; takes order over. */
enum pki_status
orders_decide(struct pki_order *order, const enum who *signers, struct pki_decision *out,
	struct pki_err *err)
{
	*err = (struct pki_err){ 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = orders_sign(order, signers);
	struct pki_signed_order opened;
	if (pki_order_open(pki_buf_bytes(&cms), world.ca.cert, world.now / 1000, NULL,
		    &opened, err) != PKI_OK)
		fail_msg("open: %s", err->msg);
	const struct pki_case c = { .policy = world.policy,
		.order = &opened,
		.issuer = world.ca.cert,
		.now = world.now };
	enum pki_status status = pki_decide(&c, out, err);
	pki_order_close(&opened);
	pki_order_free(order);
	return status;
}

void
orders_refuse_each(const struct bad_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pki_err err;
		struct pki_decision d;
		struct pki_order order = cases[i].good();
		if (cases[i].spoil != NULL)
			cases[i].spoil(&order);
		enum pki_status got = orders_decide(&order, cases[i].signers, &d, &err);
		if (got == PKI_OK || err.rule != cases[i].want_rule ||
			err.object[0] == '\0')
			fail_msg("%s: status %d rule %d: %s", cases[i].name, got,
				err.rule, err.msg);
		assert_int_equal(d.cert_count, 0);
	}
}
