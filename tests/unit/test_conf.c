#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/base/file.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/conf_log.h"
#include "libpki/host/conf_ocsp.h"
#include "libpki/host/conf_ra.h"

static char dir[] = "/tmp/test_conf.XXXXXX";
static char file[64];

#define CA "{ queue: 7, peers: { ra: [claire, \"1002\"], ocsp: [claire] } }"

static const char good[] =
	"state: state\n" /* 1 */
	"policy: /usr/share/policy\n" /* 2 */
	"publish: pub\n" /* 3 */
	"socket: run/ca.sock\n" /* 4 */
	"names:\n" /* 5 */
	"  root: { country: MC, organization: O, common_name: Root }\n" /* 6 */
	"  ca: { country: MC, organization: O, organizational_unit: U, common_name: CA }\n"
	"  seal: { country: MC, organization: O, common_name: Seal }\n"
	"  ocsp: { country: MC, organization: O, common_name: OCSP }\n" /* 9 */
	"authority: RA\n" /* 10 */
	"keys:\n" /* 11 */
	"  root: file:offline/root.key\n"
	"  ca: state/keys/ca.key\n"
	"  seal: file:/abs/seal.key\n"
	"  log: \"pkcs11:token=log\"\n" /* 15 */
	"  root_algorithm: P-521\n"
	"urls:\n" /* 17 */
	"  repository: http://pki.example.test/\n" /* 18 */
	"  ocsp: http://127.0.0.1:8880\n" /* 19 */
	"log: { origin: ca.example.test/log }\n" /* 20 */
	"ca: " CA "\n" /* 21 */
	"crl:\n" /* 22 */
	"  lifetime: 2h\n"
	"  interval: 1h\n"
	"  listen: \"[::1]:8881\"\n" /* 25 */
	"ocsp:\n" /* 26 */
	"  listen: \"127.0.0.1:8880\"\n"
	"  threads: 2\n"
	"  lifetime: 10d\n" /* 29 */
	"  identity: ocsp/identity\n"
	"  state: ocsp\n"
	"ra: { store: ra }\n"; /* 32 */

/* good with the first `from` replaced; NULL: as it is */
static enum pki_status
load(const char *from, const char *to, struct pki_conf **conf, struct pki_err *err)
{
	struct pki_err own = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	const char *at = from != NULL ? strstr(good, from) : good;
	assert_non_null(at);
	assert_int_equal(
		pki_buf_printf(&text, &own, "%.*s%s%s", (int)(at - good), good,
			from != NULL ? to : "", at + (from != NULL ? strlen(from) : 0)),
		PKI_OK);
	assert_int_equal(pki_file_publish(file, text.data, text.len, 0644, &own), PKI_OK);
	pki_conf_free(*conf);
	*conf = NULL;
	return pki_conf_load(file, conf, err);
}

static void
assert_in_dir(const char *got, const char *prefix, const char *name)
{
	char want[PATH_MAX];
	snprintf(want, sizeof want, "%s%s/%s", prefix, dir, name);
	assert_string_equal(got, want);
}

static void
all_values(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load(NULL, NULL, &c, &err), PKI_OK);
	assert_string_equal(c->dir, dir);
	assert_in_dir(c->state, "", "state");
	assert_string_equal(c->policy, "/usr/share/policy");
	assert_in_dir(c->publish, "", "pub");
	assert_in_dir(c->socket, "", "run/ca.sock");
	assert_string_equal(c->ca->root_name.country, "MC");
	assert_string_equal(c->ca->root_name.common_name, "Root");
	assert_string_equal(c->ca->ca_name.organizational_unit, "U");
	assert_string_equal(c->ca->seal_name.common_name, "Seal");
	assert_string_equal(c->ocsp->name.common_name, "OCSP");
	assert_string_equal(c->authority, "RA");
	assert_in_dir(c->ca->root_key, "file:", "offline/root.key");
	assert_in_dir(c->ca->ca_key, "file:", "state/keys/ca.key");
	assert_string_equal(c->ca->seal_key, "file:/abs/seal.key");
	assert_string_equal(c->ca->log_key, "pkcs11:token=log");
	assert_int_equal(c->ca->root_alg, PKI_ALG_P521);
	assert_int_equal(c->ca->ca_alg, PKI_ALG_P256);
	assert_string_equal(
		c->ca->root_urls.ca_issuers, "http://pki.example.test/root.crt");
	assert_string_equal(c->ca->root_urls.crl, "http://pki.example.test/root.crl");
	assert_string_equal(c->ca->root_urls.ocsp, "");
	assert_string_equal(c->ca_urls.ca_issuers, "http://pki.example.test/ca.crt");
	assert_string_equal(c->ca_urls.crl, "http://pki.example.test/ca.crl");
	assert_string_equal(c->ca_urls.ocsp, "http://127.0.0.1:8880");
	assert_string_equal(c->log->origin, "ca.example.test/log");
	assert_int_equal(c->ca->queue, 7);
	assert_true(c->ca->peers);
	assert_int_equal(c->ca->peer_user_count, 3);
	assert_int_equal(c->ca->peer_users[1].peer, PKI_PEER_RA);
	assert_string_equal(c->ca->peer_users[1].name, "1002");
	assert_int_equal(c->ca->peer_users[2].peer, PKI_PEER_OCSP);
	assert_string_equal(c->ca->peer_users[2].name, "claire");
	assert_int_equal(c->crl_lifetime, 7200);
	assert_int_equal(c->crl->interval, 3600);
	assert_string_equal(c->crl->listen, "[::1]:8881");
	assert_string_equal(c->ocsp->listen, "127.0.0.1:8880");
	assert_int_equal(c->ocsp->threads, 2);
	assert_int_equal(c->ocsp->lifetime, 10 * PKI_DAY);
	assert_in_dir(c->ocsp->identity, "", "ocsp/identity");
	assert_in_dir(c->ocsp->state, "", "ocsp");
	assert_in_dir(c->ra->store, "", "ra");
}

static void
defaults(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load("socket: run/ca.sock\n", "", &c, &err), PKI_OK);
	assert_in_dir(c->socket, "", "state/ca.sock");
	assert_int_equal(load("  root_algorithm: P-521\n", "", &c, &err), PKI_OK);
	assert_int_equal(c->ca->root_alg, PKI_ALG_P384);
	assert_int_equal(load("ca: " CA "\n", "", &c, &err), PKI_OK);
	assert_int_equal(c->ca->queue, 256);
	assert_false(c->ca->peers);
	assert_int_equal(
		load("crl:\n  lifetime: 2h\n  interval: 1h\n  listen: \"[::1]:8881\"\n",
			"", &c, &err),
		PKI_OK);
	assert_int_equal(c->crl_lifetime, 26 * 3600);
	assert_int_equal(c->crl->interval, 24 * 3600);
	assert_string_equal(c->crl->listen, "");
	assert_int_equal(load("\"[::1]:8881\"", "\"\"", &c, &err), PKI_OK);
}

struct refusal {
	const char *from, *to;
	int want_line;
	enum pki_rule want_rule;
	const char *want_msg; /* a part of it */
};

static void
assert_refused(const struct refusal *r)
{
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	char want_object[128];
	assert_int_equal(load(r->from, r->to, &c, &err), PKI_CONFIG);
	snprintf(want_object, sizeof want_object, "%s:%d", file, r->want_line);
	assert_string_equal(err.object, want_object);
	assert_int_equal(err.rule, r->want_rule);
	if (strstr(err.msg, r->want_msg) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err.msg, r->want_msg);
}

static void
refusals_name_line_and_key(void **state)
{
	(void)state;
	static const struct refusal cases[] = {
		{ "state: state\n", "", 1, PKI_RULE_NONE, "\"state\" is missing" },
		{ "authority: RA", "authority: \"\"", 10, PKI_RULE_NONE,
			"authority: must not be empty" },
		{ "policy:", "polcy:", 1, PKI_RULE_NONE, "\"policy\" is missing" },
		{ "authority: RA\n", "authority: RA\nextra: 1\n", 11, PKI_RULE_NONE,
			"\"extra\" is not a key of this file" },
		{ CA, "{ que: 7 }", 21, PKI_RULE_NONE, "\"que\" is not a key" },
		{ "queue: 7", "queue: 0", 21, PKI_RULE_NONE,
			"queue: \"0\" is not a number from 1 to 65536" },
		{ CA, "[7]", 21, PKI_RULE_NONE, "ca: keys and values" },
		{ CA, "{ peers: { ra: claire } }", 21, PKI_RULE_NONE, "" },
		{ CA, "{ peers: { ra: [[claire]] } }", 21, PKI_RULE_NONE,
			"peers: ra is a list of users" },
		{ CA, "{ peers: { audit: [claire] } }", 21, PKI_RULE_NONE, "audit" },
		{ "threads: 2", "threads: 65", 28, PKI_RULE_NONE, "threads: \"65\"" },
		{ "root_algorithm: P-521", "root_algorithm: RSA-1024", 16, PKI_RULE_NONE,
			"root_algorithm: no algorithm \"RSA-1024\"" },
		{ "common_name: Root", "x: Root", 6, PKI_RULE_NONE,
			"\"common_name\" is missing" },
		{ "country: MC", "country: MCO", 6, PKI_RULE_NONE,
			"country: 3 octets of text; at most 2" },
		{ "origin: ca.example.test/log", "origin: \"a b\"", 20, PKI_RULE_LOG_NOTE,
			"origin" },
		{ "origin: ca.example.test/log", "origin: a+b", 20, PKI_RULE_LOG_NOTE,
			"origin" },
		{ "interval: 1h", "interval: 2h", 22, PKI_RULE_NONE,
			"lifetime must be longer than interval" },
		{ "lifetime: 2h", "lifetime: 2", 23, PKI_RULE_NONE, "not a duration" },
		{ "listen: \"127.0.0.1:8880\"", "listen: 127.0.0.1", 27, PKI_RULE_NONE,
			"listen: \"127.0.0.1\" is not of the form" },
		{ "listen: \"127.0.0.1:8880\"", "listen: \":8880\"", 27, PKI_RULE_NONE,
			"listen:" },
		{ "listen: \"127.0.0.1:8880\"", "listen: \"a:0\"", 27, PKI_RULE_NONE,
			"listen:" },
		{ "listen: \"127.0.0.1:8880\"", "listen: \"a:65536\"", 27, PKI_RULE_NONE,
			"listen:" },
		{ "listen: \"127.0.0.1:8880\"", "listen: \"a:8880x\"", 27, PKI_RULE_NONE,
			"listen:" },
		{ "ra: { store: ra }\n", "", 1, PKI_RULE_NONE, "\"ra\" is missing" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		assert_refused(&cases[i]);
}

static void
names_are_checked(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load("country: MC", "country: mc", &c, &err), PKI_CONFIG);
	assert_int_not_equal(err.rule, PKI_RULE_NONE);
	assert_non_null(strstr(err.object, "pki.yaml:6"));
}

static void
r23_urls_in_certificates_are_plain_http(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"https://pki.example.test",
		"ldap://pki.example.test",
		"pki.example.test",
		"http://",
		"http:///root",
		"http:/pki.example.test",
		"http://user@pki.example.test",
		"http://pki.example.test?x=1",
		"\"http://pki.example.test#x\"",
		"\"http://pki.example.test/a b\"",
		"\"http://\\u00e9.example.test\"",
		"http://pki.example.test:99999",
	};
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		assert_refused(&(struct refusal){ "http://pki.example.test/", bad[i], 18,
			PKI_RULE_ACCESS_POINTS, "http://HOST" });
		assert_refused(&(struct refusal){ "http://127.0.0.1:8880", bad[i], 19,
			PKI_RULE_ACCESS_POINTS, "http://HOST" });
	}
	char lengthy[300] = "http://pki.example.test/";
	memset(lengthy + strlen(lengthy), 'a', 260 - strlen(lengthy));
	assert_refused(&(struct refusal){ "http://pki.example.test/", lengthy, 18,
		PKI_RULE_NONE, "octets of text; at most 246" });
}

static void
r53_crl_at_least_daily(void **state)
{
	(void)state;
	assert_refused(&(struct refusal){
		"interval: 1h", "interval: 25h", 24, PKI_RULE_CRL_DAILY, "24h or less" });
}

#define LISTEN "  listen: \"[::1]:8881\"\n" /* line 25 */

static void
r52_r56_lists(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load(NULL, NULL, &c, &err), PKI_OK);
	assert_int_equal(c->ca_urls.partitions, 0);
	assert_string_equal(c->ca_urls.crl_base, "http://pki.example.test/crl/");
	assert_int_equal(c->ca->root_urls.partitions, 0);
	assert_false(c->crl_keep);
	assert_int_equal(c->crl->full_within, 3600);
	assert_int_equal(
		load(LISTEN, "  partitions: 4096\n  expired: keep\n  full_within: 1d\n",
			&c, &err),
		PKI_OK);
	assert_int_equal(c->ca_urls.partitions, 4096);
	assert_true(c->crl_keep);
	assert_int_equal(c->crl->full_within, PKI_DAY);
	assert_int_equal(
		load(LISTEN, "  partitions: 0\n  expired: drop\n", &c, &err), PKI_OK);
	assert_false(c->crl_keep);
	static const struct refusal cases[] = {
		{ LISTEN, "  partitions: 4097\n", 25, PKI_RULE_NONE, "4096" },
		{ LISTEN, "  partitions: -1\n", 25, PKI_RULE_NONE, "-1" },
		{ LISTEN, "  partitions: many\n", 25, PKI_RULE_NONE, "many" },
		{ LISTEN, "  expired: stay\n", 25, PKI_RULE_NONE,
			"\"stay\" is neither drop nor keep" },
		{ LISTEN, "  full_within: soon\n", 25, PKI_RULE_NONE, "soon" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		assert_refused(&cases[i]);
}

#define LOG "log: { origin: ca.example.test/log }"

static void
r84_witnesses(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	char to[512];
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 }, of_log = { 0 };
	assert_int_equal(load(NULL, NULL, &c, &err), PKI_OK);
	assert_int_equal(c->log->witness_count, 0);
	assert_int_equal(pki_key_generate(PKI_ALG_ED25519, &key, &err), PKI_OK);
	assert_int_equal(
		pki_note_vkey(PKI_NOTE_WITNESS, "w.example.test", key, &vkey, &err),
		PKI_OK);
	assert_int_equal(
		pki_note_vkey(PKI_NOTE_LOG, "w.example.test", key, &of_log, &err),
		PKI_OK);
#define WITNESS(url, vkey) \
	snprintf(to, sizeof to, \
		"log: { origin: o, witnesses: [{ url: \"%s\", vkey: %s }] }", url, \
		(const char *)(vkey))
	WITNESS("https://w.example.test/prefix//", vkey.data);
	assert_int_equal(load(LOG, to, &c, &err), PKI_OK);
	assert_int_equal(c->log->witness_count, 1);
	assert_string_equal(c->log->witnesses[0].url, "https://w.example.test/prefix");
	assert_string_equal(c->log->witnesses[0].name, "w.example.test");
	assert_string_equal(c->log->witnesses[0].vkey, (char *)vkey.data);
	struct refusal cases[] = {
		{ LOG, to, 20, PKI_RULE_NONE, "type 0x04" },
		{ LOG, to, 20, PKI_RULE_NONE, "url: a URL" },
		{ LOG, "log: { origin: o, witnesses: x }", 20, PKI_RULE_NONE, "a list" },
		{ LOG, "log: { origin: o, witnesses: [{ url: http://w }] }", 20,
			PKI_RULE_NONE, "\"vkey\" is missing" },
	};
	WITNESS("http://w.example.test", of_log.data);
	assert_refused(&cases[0]);
	WITNESS("ftp://w.example.test", vkey.data);
	assert_refused(&cases[1]);
	assert_refused(&cases[2]);
	assert_refused(&cases[3]);
}

static void
r86_timestamps(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load(NULL, NULL, &c, &err), PKI_OK);
	assert_string_equal(c->log->timestamp.url, "");
	assert_int_equal(
		load(LOG,
			"log: { origin: o, timestamp: { url: \"https://tsa.test/tsr\", certificates: /etc/tsa.pem } }",
			&c, &err),
		PKI_OK);
	assert_string_equal(c->log->timestamp.url, "https://tsa.test/tsr");
	assert_string_equal(c->log->timestamp.certificates, "/etc/tsa.pem");
	assert_int_equal(c->log->timestamp.every, 3600);
	static const struct refusal cases[] = {
		{ LOG, "log: { origin: o, timestamp: x }", 20, PKI_RULE_NONE,
			"keys and values" },
		{ LOG, "log: { origin: o, timestamp: { certificates: x } }", 20,
			PKI_RULE_NONE, "\"url\" is missing" },
		{ LOG, "log: { origin: o, timestamp: { url: http://t } }", 20,
			PKI_RULE_NONE, "\"certificates\" is missing" },
		{ LOG, "log: { origin: o, timestamp: { url: t, certificates: x } }", 20,
			PKI_RULE_NONE, "url: a URL" },
		{ LOG, "log: { origin: o, timestamp: { url: http://t, certificates: x, every: 0s } }",
			20, PKI_RULE_NONE, "every" },
		{ LOG, "log: { origin: o, timestamp: { url: http://t, certificates: x, often: 1h } }",
			20, PKI_RULE_NONE, "often" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		assert_refused(&cases[i]);
}

/* rule 214: who has two names cosigns once. */
static void
r214_a_key_once(void **state)
{
	(void)state;
	char to[1024];
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf a = { 0 }, b = { 0 };
	assert_int_equal(pki_key_generate(PKI_ALG_ED25519, &key, &err), PKI_OK);
	assert_int_equal(
		pki_note_vkey(PKI_NOTE_WITNESS, "a.test", key, &a, &err), PKI_OK);
	assert_int_equal(
		pki_note_vkey(PKI_NOTE_WITNESS, "other.test", key, &b, &err), PKI_OK);
	snprintf(to, sizeof to,
		"log: { origin: o, witnesses: [{ url: \"http://a\", vkey: %s }, { url: \"http://b\", vkey: %s }] }",
		(char *)a.data, (char *)b.data);
	assert_refused(&(struct refusal){
		LOG, to, 20, PKI_RULE_NONE, "the key of other.test is there twice" });
}

static void
r72_ocsp_lifetime_ten_days(void **state)
{
	(void)state;
	assert_refused(&(struct refusal){ "lifetime: 10d", "lifetime: 11d", 29,
		PKI_RULE_OCSP_NEXT_UPDATE, "10d or less" });
	assert_refused(&(struct refusal){ "lifetime: 10d", "lifetime: 864001s", 29,
		PKI_RULE_OCSP_NEXT_UPDATE, "10d or less" });
}

static void
socket_path_fits_sun_path(void **state)
{
	(void)state;
	char path[140] = "socket: /";
	memset(path + 9, 's', 107);
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_refused(&(struct refusal){ "socket: run/ca.sock", path, 4, PKI_RULE_NONE,
		"108 octets and a Unix socket's at most 107" });
	path[9 + 106] = '\0';
	assert_int_equal(load("socket: run/ca.sock", path, &c, &err), PKI_OK);
}

static void
monitors(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load(NULL, NULL, &c, &err), PKI_OK);
	assert_string_equal(c->crl->monitor, "");
	assert_string_equal(c->ocsp->monitor, "");
	assert_int_equal(
		load(LISTEN, "  monitor: \"127.0.0.1:9181\"\n", &c, &err), PKI_OK);
	assert_string_equal(c->crl->monitor, "127.0.0.1:9181");
	assert_int_equal(load("  threads: 2\n",
				 "  threads: 2\n  monitor: \"[::1]:9180\"\n", &c, &err),
		PKI_OK);
	assert_string_equal(c->ocsp->monitor, "[::1]:9180");
	assert_refused(&(struct refusal){ LISTEN, "  monitor: 9181\n", 25, PKI_RULE_NONE,
		"monitor: \"9181\" is not of the form" });
	assert_refused(
		&(struct refusal){ "  threads: 2\n", "  threads: 2\n  monitor: \"a:0\"\n",
			29, PKI_RULE_NONE, "monitor: \"a:0\"" });
}

static void
places(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(
		load(LISTEN,
			"  put:\n"
			"    - http://mirror.example.test:8080/crl/\n"
			"    - https://other.example.test\n"
			"    - { url: https://third.example.test/a, credentials: file:third,\n"
			"        ca: /etc/third.pem }\n",
			&c, &err),
		PKI_OK);
	assert_int_equal(c->crl->mirror_count, 3);
	assert_string_equal(
		c->crl->mirrors[0].url, "http://mirror.example.test:8080/crl/");
	assert_string_equal(c->crl->mirrors[0].credentials, "");
	assert_string_equal(c->crl->mirrors[0].ca, "");
	assert_string_equal(c->crl->mirrors[1].url, "https://other.example.test/");
	assert_string_equal(c->crl->mirrors[2].url, "https://third.example.test/a/");
	assert_in_dir(c->crl->mirrors[2].credentials, "", "third");
	assert_string_equal(c->crl->mirrors[2].ca, "/etc/third.pem");
	assert_int_equal(load(LISTEN, "  put: []\n", &c, &err), PKI_OK);
	assert_int_equal(c->crl->mirror_count, 0);
}

static void
places_refused(void **state)
{
	(void)state;
	static const struct refusal cases[] = {
		{ LISTEN, "  put: http://a.test/\n", 25, PKI_RULE_NONE, "put" },
		{ LISTEN, "  put: [\"\"]\n", 25, PKI_RULE_NONE,
			"put: a URL of the form" },
		{ LISTEN, "  put: [ftp://a.test/]\n", 25, PKI_RULE_NONE, "put: a URL" },
		{ LISTEN, "  put: [https://u:p@a.test/]\n", 25, PKI_RULE_NONE,
			"put: a URL" },
		{ LISTEN, "  put: [{ urls: http://a.test/ }]\n", 25, PKI_RULE_NONE,
			"\"url\" is missing" },
		{ LISTEN, "  put: [{ url: https://a.test/, user: u }]\n", 25,
			PKI_RULE_NONE, "\"user\" is not a key" },
		{ LISTEN, "  put: [{ url: http://a.test/, credentials: c }]\n", 25,
			PKI_RULE_NONE, "credentials and ca are for https" },
		{ LISTEN, "  put: [{ url: http://a.test/, ca: c }]\n", 25, PKI_RULE_NONE,
			"credentials and ca are for https" },
		{ LISTEN, "  put: [{ url: https://a.test/, ca: \"\" }]\n", 25,
			PKI_RULE_NONE, "ca: must not be empty" },
		{ LISTEN, "  put: [http://a.test, http://a.test/]\n", 25, PKI_RULE_NONE,
			"http://a.test/ is there twice" },
		{ LISTEN, "  put: [a, a, a, a, a, a, a, a, a]\n", 25, PKI_RULE_NONE,
			"put: at most 8 mirrors" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		assert_refused(&cases[i]);
}

/* rule 76: whom pki-crl asks */
static void
responders(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	static const struct refusal cases[] = {
		{ LISTEN, "  ocsp: http://a.test\n", 25, PKI_RULE_NONE, "ocsp" },
		{ LISTEN, "  ocsp: [a]\n", 25, PKI_RULE_NONE, "ocsp: a URL of the form" },
		{ LISTEN, "  ocsp: [\"\"]\n", 25, PKI_RULE_NONE, "ocsp: a URL" },
		{ LISTEN, "  ocsp: [a, a, a, a, a, a, a, a, a]\n", 25, PKI_RULE_NONE,
			"ocsp: at most 8 responders" },
	};
	assert_int_equal(load(LISTEN, LISTEN, &c, &err), PKI_OK);
	assert_int_equal(c->crl->responder_count, 1);
	assert_string_equal(c->crl->responders[0], c->ca_urls.ocsp);
	assert_int_equal(load(LISTEN, "  ocsp: [https://a.test/o, \"http://[::1]:1\"]\n",
				 &c, &err),
		PKI_OK);
	assert_int_equal(c->crl->responder_count, 2);
	assert_string_equal(c->crl->responders[0], "https://a.test/o");
	assert_string_equal(c->crl->responders[1], "http://[::1]:1");
	assert_int_equal(load(LISTEN, "  ocsp: []\n", &c, &err), PKI_OK);
	assert_int_equal(c->crl->responder_count, 0);
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		assert_refused(&cases[i]);
}

static void
file_is_found(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load(NULL, NULL, &c, &err), PKI_OK);
	setenv("PKI_CONFIG", file, 1);
	pki_conf_free(c);
	c = NULL;
	assert_int_equal(pki_conf_load(NULL, &c, &err), PKI_OK);
	setenv("PKI_CONFIG", "/nonexistent.yaml", 1);
	assert_int_equal(pki_conf_load(NULL, &c, &err), PKI_IO);
	assert_string_equal(err.object, "/nonexistent.yaml");
	assert_non_null(strstr(err.msg, "--config FILE or $PKI_CONFIG"));
	unsetenv("PKI_CONFIG");
	/* a bare name: the folder is the current one */
	err = (struct pki_err){ 0 };
	assert_int_equal(chdir(dir), 0);
	pki_conf_free(c);
	c = NULL;
	assert_int_equal(pki_conf_load("pki.yaml", &c, &err), PKI_OK);
	assert_string_equal(c->dir, dir);
	assert_int_equal(pki_file_publish(file, "- a\n", 4, 0644, &err), PKI_OK);
	assert_int_equal(pki_conf_load(file, &c, &err), PKI_CONFIG);
}

static void
paths_that_do_not_fit(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	char out[PATH_MAX];
	static char lengthy[PATH_MAX];
	memset(lengthy, 'x', sizeof lengthy - 1);
	assert_int_equal(pki_conf_path("/a", "b", out, &err), PKI_OK);
	assert_string_equal(out, "/a/b");
	assert_int_equal(pki_conf_path(lengthy, "b", out, &err), PKI_CONFIG);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/pki.yaml", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

static void
ocsp_options(void **state)
{
	(void)state;
	static const char from[] = "  threads: 2\n";
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *c = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(load(NULL, NULL, &c, &err), PKI_OK);
	assert_int_equal(c->ocsp->alg_count, 1);
	assert_int_equal(c->ocsp->algs[0], PKI_ALG_P256);
	assert_false(c->ocsp->unknown);
	assert_int_equal(c->ocsp->cache, 4096);
	assert_string_equal(c->ocsp->export, "");
	assert_int_equal(load(from,
				 "  threads: 2\n  algorithms: [RSA-3072, P-384]\n"
				 "  unissued: unknown\n  cache: 9\n  export: out\n",
				 &c, &err),
		PKI_OK);
	assert_int_equal(c->ocsp->alg_count, 2);
	assert_int_equal(c->ocsp->algs[0], PKI_ALG_RSA3072);
	assert_int_equal(c->ocsp->algs[1], PKI_ALG_P384);
	assert_true(c->ocsp->unknown);
	assert_int_equal(c->ocsp->cache, 9);
	assert_non_null(strstr(c->ocsp->export, "/out"));
	static const char *const bad[] = { "algorithms: P-256", "algorithms: []",
		"algorithms: [P-256, P-384, P-521, RSA-3072]", "algorithms: [P-255]",
		"algorithms: [P-256, P-256]", "unissued: good", "cache: 0", "cache: many",
		"export: \"\"" };
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		char to[128];
		snprintf(to, sizeof to, "%s  %s\n", from, bad[i]);
		assert_int_equal(load(from, to, &c, &err), PKI_CONFIG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ocsp_options),
		cmocka_unit_test(all_values),
		cmocka_unit_test(defaults),
		cmocka_unit_test(refusals_name_line_and_key),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(r23_urls_in_certificates_are_plain_http),
		cmocka_unit_test(r52_r56_lists),
		cmocka_unit_test(r53_crl_at_least_daily),
		cmocka_unit_test(r84_witnesses),
		cmocka_unit_test(r86_timestamps),
		cmocka_unit_test(r214_a_key_once),
		cmocka_unit_test(r72_ocsp_lifetime_ten_days),
		cmocka_unit_test(socket_path_fits_sun_path),
		cmocka_unit_test(monitors),
		cmocka_unit_test(places),
		cmocka_unit_test(places_refused),
		cmocka_unit_test(responders),
		cmocka_unit_test(file_is_found),
		cmocka_unit_test(paths_that_do_not_fit),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
