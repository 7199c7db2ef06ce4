/* A small world for tests of orders: a CA, officers of each role, good orders to spoil. */
#ifndef TESTS_UNIT_ORDERS_H
#define TESTS_UNIT_ORDERS_H

#include "libpki/state/decide.h"
#include "tests/unit/common/fixture.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

enum who {
	NOBODY,
	CLAIRE, /* registration */
	DAVID, /* registration */
	CLAIRE_AGAIN, /* another certificate of hers, for another name */
	OLGA, /* registration, without an identifier */
	OLGA_AGAIN, /* another certificate of hers */
	RENE, /* revocation */
	SOPHIE, /* security */
	AUDREY, /* auditor */
	DENIS, /* department */
	OSCAR, /* responder */
	PLAIN, /* no role */
	WHO_COUNT,
};

struct world {
	struct fixture_id ca;
	struct fixture_id ids[WHO_COUNT];
	struct pki_policy *policy;
	struct pki_buf csrs[3];
	pki_msec now;
};
extern struct world world;

/* cmocka's group fixtures; the policy is the shipped one. */
int orders_setup(void **state);
int orders_teardown(void **state);

/* Encode, and let each of signers (up to NOBODY) sign. */
struct pki_buf orders_sign(const struct pki_order *order, const enum who *signers);
void orders_set_buf(struct pki_buf *buf, const void *data, size_t len);
void orders_attach(
	struct pki_order *order, const struct pki_order *invite, const enum who *signers);

struct pki_order good_invite(void);
struct pki_order good_issue(void);
struct pki_order good_renew(void);
struct pki_order good_officer(void);
struct pki_order good_renew_officer(void);
struct pki_order good_responder(void);
struct pki_order good_revoke(void);
struct pki_order good_revoke_officer(void);
struct pki_order good_erase(void);

/* Signs, opens and decides; takes order over. */
enum pki_status orders_decide(struct pki_order *order, const enum who *signers,
	struct pki_decision *out, struct pki_err *err);

/* One thing wrong with a good order, by one rule. */
struct bad_case {
	const char *name;
	struct pki_order (*good)(void);
	void (*spoil)(struct pki_order *order);
	enum who signers[5];
	enum pki_rule want_rule;
};

void orders_refuse_each(const struct bad_case *cases, size_t count);
#define REFUSE_EACH(cases) orders_refuse_each(cases, PKI_COUNT(cases))

#endif
