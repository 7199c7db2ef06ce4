/*
 * soak SECONDS: live with the sample installation in $D ($PKI_CONFIG) while something else
 * ends and starts its services: issue, revoke, ask about what was issued and what never
 * was, fetch the CRLs; and know what each answer must say. An answer is
 *
 *   wrong  if it is good though the revocation was acknowledged before the question was
 * sent, revoked though nobody had revoked when it came, good for what was never issued, or
 *          not verifiable; a CRL if it lacks what was revoked a minute before, or lists
 * what nobody revoked; lost   if none comes, or tryLater, while no file $D/down-NAME says
 * that NAME is ended.
 *
 * JSON on stdout; exit 1 if anything was wrong or lost.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/host/api.h"
#include "libpki/x509/crl.h"
#include "tests/bench/common/office.h"
#include "tests/bench/common/questions.h"

#define CERTS_MAX 400000u
#define ASKERS 4
#define ORDER_MSEC 40
#define CRL_MSEC 5000
/* rule 47: what the suite promises for CRLs */
#define CRL_NSEC ((uint64_t)60 * 1000000000)
#define CRL_MAX ((size_t)64 << 20)
#define COMPLAINTS_MAX 20

enum life { LIVE, REVOKING, REVOKED };

struct person {
	char holder[PKI_ID_TEXT];
	struct pki_serial serials[2];
	_Atomic enum life life;
	_Atomic uint64_t revoked; /* nsec_now() at the acknowledgement */
};

static struct {
	struct office office;
	struct pki_cert *issuer;
	struct person *people;
	atomic_size_t count;
	atomic_bool over;
	atomic_ulong issued, revoked, good, said_revoked, unissued, excused, crls, wrong,
		lost;
	_Atomic uint64_t lists_down; /* when pki-ca or pki-crl was last seen ended */
} town;

static void
complain(atomic_ulong *count, const char *what, const char *detail)
{
	if (atomic_fetch_add(count, 1) < COMPLAINTS_MAX) {
		char now[PKI_MSEC_TEXT];
		pki_msec_format(pki_msec_now(), now);
		fprintf(stderr, "soak: %s %s: %s\n", now, what, detail);
	}
}

static bool
is_down(const char *name)
{
	char path[PATH_MAX];
	sample_path(path, "down-%s", name);
	return access(path, F_OK) == 0;
}

static void
sleep_msec(long msec)
{
	usleep((useconds_t)msec * 1000);
}

/* The answer may have been lost in an end of the CA, after the commit: it can be asked for.
 */
static enum pki_status
order(const struct pki_buf *cms, json_t **reply, struct pki_err *err)
{
	char path[sizeof err->object + 16];
	const char *socket = town.office.conf->socket;
	enum pki_status status = pki_api_call(socket, "/v1/orders",
		"application/pkcs7-mime", pki_buf_bytes(cms), reply, err);
	if (status != PKI_REFUSED || err->rule != PKI_RULE_ORDER_USED)
		return status;
	snprintf(path, sizeof path, "/v1/orders/%s", err->object);
	*err = (struct pki_err){ 0 };
	return pki_api_call(socket, path, NULL, (struct pki_bytes){ 0 }, reply, err);
}

/* Until the CA has carried it out: an order counts once. */
static json_t *
carry_out(struct pki_buf *cms)
{
	json_t *reply = NULL;
	while (!atomic_load(&town.over)) {
		struct pki_err err = { 0 };
		if (order(cms, &reply, &err) == PKI_OK)
			break;
		if (err.status != PKI_UNAVAILABLE && err.status != PKI_BUSY)
			complain(&town.lost, "an order is refused", err.msg);
		sleep_msec(200);
	}
	pki_buf_free(cms);
	return reply;
}

static void
issue(void)
{
	struct pki_err err = { 0 };
	struct person *person = &town.people[atomic_load(&town.count)];
	struct pki_buf cms = order_issue(&town.office, person->holder);
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = carry_out(&cms);
	const char *serials[2] = { NULL, NULL };
	if (reply == NULL || json_unpack(reply, "{s:[{s:s}, {s:s}]}", "certificates",
				     "serial", &serials[0], "serial", &serials[1]) != 0)
		return;
	for (int i = 0; i < 2; i++)
		must(pki_serial_parse(serials[i], &person->serials[i], &err), &err);
	atomic_fetch_add(&town.count, 1);
	atomic_fetch_add(&town.issued, 2);
}

static void
lose(struct person *person)
{
	if (atomic_load(&person->life) != LIVE)
		return;
	struct pki_buf cms = order_revoke(&town.office, person->holder);
	atomic_store(&person->life, REVOKING);
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = carry_out(&cms);
	if (reply == NULL)
		return;
	atomic_store(&person->revoked, nsec_now());
	atomic_store(&person->life, REVOKED);
	atomic_fetch_add(&town.revoked, 2);
}

static size_t
pick(unsigned *seed, size_t count)
{
	return (size_t)rand_r(seed) % count;
}

static void *
live(void *ctx)
{
	unsigned seed = 1;
	(void)ctx;
	while (!atomic_load(&town.over)) {
		size_t count = atomic_load(&town.count);
		if (count >= CERTS_MAX / 2 || (count > 20 && rand_r(&seed) % 3 == 0))
			lose(&town.people[pick(&seed, count)]);
		else
			issue();
		sleep_msec(ORDER_MSEC);
	}
	return NULL;
}

/* One question, in a form that chance gives, and its verified answer. */
static enum pki_status
ask(const struct pki_serial *serial, unsigned *seed, struct pki_ocsp_result *out,
	struct pki_err *err)
{
	static const char *const hashes[] = { "SHA1", "SHA256", "SHA384", "SHA512" };
	const struct question_form form = { .path = "/",
		.hash = hashes[pick(seed, PKI_COUNT(hashes))],
		.nonce = pick(seed, 2) == 0 };
	struct question q = { .serial = *serial };
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf path = { 0 };
	bool get = pick(seed, 2) == 0;
	question_write(&q, &form, town.issuer);
	must(pki_buf_append(&path, "/", 1, err), err);
	if (get)
		question_path(&q, &path);
	struct pki_http_outgoing request = { .url_base = town.office.conf->ca_urls.ocsp,
		.method = get ? "GET" : "POST",
		.path = (const char *)path.data,
		.max = 65536 };
	if (!get) {
		request.content_type = "application/ocsp-request";
		request.body = pki_buf_bytes(&q.der);
	}
	enum pki_status status = pki_http_send(&request, &response, err);
	if (status == PKI_OK)
		status = pki_ocsp_response_verify(pki_buf_bytes(&response.body),
			pki_buf_bytes(&q.der), town.issuer, pki_time_now(), out, err);
	pki_buf_free(&q.der);
	pki_buf_free(&q.wire);
	return status;
}

/* false: there is no answer to judge. */
static bool
answered(enum pki_status status, bool excused, const struct pki_err *err)
{
	if (status == PKI_OK)
		return true;
	if (excused || is_down("pki-ocspd"))
		atomic_fetch_add(&town.excused, 1);
	else if (status == PKI_UNAVAILABLE || status == PKI_BUSY)
		complain(&town.lost, "no answer", err->msg);
	else
		complain(&town.wrong, "an answer", err->msg);
	sleep_msec(20);
	return false;
}

static void
ask_about(struct person *person, unsigned *seed)
{
	struct pki_err err = { 0 };
	struct pki_ocsp_result result;
	char text[PKI_SERIAL_TEXT];
	const struct pki_serial *serial = &person->serials[pick(seed, 2)];
	bool excused = is_down("pki-ocspd");
	enum life before = atomic_load(&person->life);
	enum pki_status status = ask(serial, seed, &result, &err);
	enum life after = atomic_load(&person->life);
	if (!answered(status, excused, &err))
		return;
	pki_serial_text(serial, text);
	if (result.status == PKI_OCSP_GOOD && before == REVOKED)
		complain(&town.wrong, "good, though revoked", text);
	else if (result.status == PKI_OCSP_REVOKED && after == LIVE)
		complain(&town.wrong, "revoked, though nobody did", text);
	else if (result.status != PKI_OCSP_GOOD && result.status != PKI_OCSP_REVOKED)
		complain(&town.wrong, "not issued, though it was", text);
	atomic_fetch_add(
		result.status == PKI_OCSP_GOOD ? &town.good : &town.said_revoked, 1);
}

static void
ask_unissued(unsigned *seed)
{
	struct pki_err err = { 0 };
	struct pki_ocsp_result result;
	struct pki_serial serial = { .len = 16 };
	must(pki_random(serial.octets, serial.len, &err), &err);
	serial.octets[0] = (uint8_t)(serial.octets[0] % 0x7f + 1);
	bool excused = is_down("pki-ocspd");
	enum pki_status status = ask(&serial, seed, &result, &err);
	if (!answered(status, excused, &err))
		return;
	if (result.status != PKI_OCSP_UNISSUED)
		complain(&town.wrong, "issued, though it was not", "a random serial");
	atomic_fetch_add(&town.unissued, 1);
}

static void *
ask_on(void *ctx)
{
	unsigned seed = (unsigned)(size_t)ctx;
	while (!atomic_load(&town.over)) {
		size_t count = atomic_load(&town.count);
		/* half of the questions are about the latest, where answers change */
		size_t last = count < 50 ? count : 50;
		if (count == 0)
			sleep_msec(10);
		else if (pick(&seed, 20) == 0)
			ask_unissued(&seed);
		else if (pick(&seed, 2) == 0)
			ask_about(&town.people[count - 1 - pick(&seed, last)], &seed);
		else
			ask_about(&town.people[pick(&seed, count)], &seed);
	}
	return NULL;
}

static enum pki_status
fetch(const char *url, struct pki_crl **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	PKI_TRY(pki_http_get(url, "", CRL_MAX, &response, err));
	PKI_TRY(pki_crl_parse(pki_buf_bytes(&response.body), out, err));
	return pki_crl_verify(*out, town.issuer, err);
}

static void
judge(const struct pki_crl *crl, unsigned partition, uint64_t asked)
{
	size_t count = atomic_load(&town.count);
	bool late = asked > atomic_load(&town.lists_down) + CRL_NSEC;
	for (size_t i = 0; i < 2 * count; i++) {
		struct person *person = &town.people[i / 2];
		const struct pki_serial *serial = &person->serials[i % 2];
		char text[PKI_SERIAL_TEXT];
		struct pki_revoked listed;
		if (pki_serial_partition(serial, town.office.conf->ca_urls.partitions) !=
			partition)
			continue;
		pki_serial_text(serial, text);
		bool there = pki_crl_find(crl, serial, &listed);
		uint64_t at = atomic_load(&person->revoked);
		if (there && atomic_load(&person->life) == LIVE)
			complain(&town.wrong, "on a CRL, though nobody revoked it", text);
		if (!there && late && at != 0 && at + CRL_NSEC < asked)
			complain(&town.wrong, "on no CRL after a minute", text);
	}
}

static void
check_list(unsigned partition)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	char url[PKI_URL_TEXT];
	pki_crl_url(&town.office.conf->ca_urls, partition, url);
	uint64_t asked = nsec_now();
	bool excused = is_down("pki-crl");
	enum pki_status status = fetch(url, &crl, &err);
	if (status == PKI_OK) {
		judge(crl, partition, asked);
		atomic_fetch_add(&town.crls, 1);
	} else if (excused || is_down("pki-crl")) {
		atomic_fetch_add(&town.excused, 1);
	} else {
		complain(&town.lost, "no CRL", err.msg);
	}
}

/* The lists that certificates name: the full one, or the partitions. */
static void
check_lists(void)
{
	unsigned partitions = town.office.conf->ca_urls.partitions;
	if (partitions == 0)
		check_list(0);
	for (unsigned k = 1; k <= partitions; k++)
		check_list(k);
}

static void *
watch_lists(void *ctx)
{
	(void)ctx;
	uint64_t next = 0;
	while (!atomic_load(&town.over)) {
		if (is_down("pki-ca") || is_down("pki-crl"))
			atomic_store(&town.lists_down, nsec_now());
		if (nsec_now() >= next) {
			check_lists();
			next = nsec_now() + (uint64_t)CRL_MSEC * 1000000;
		}
		sleep_msec(50);
	}
	return NULL;
}

static void
print(double seconds)
{
	printf("{\"seconds\": %.0f, \"issued\": %lu, \"revoked\": %lu, \"good\": %lu, \"said_revoked\": %lu, \"unissued\": %lu, \"crls\": %lu, \"excused\": %lu, \"wrong\": %lu, \"lost\": %lu}\n",
		seconds, town.issued, town.revoked, town.good, town.said_revoked,
		town.unissued, town.crls, town.excused, town.wrong, town.lost);
}

int
main(int argc, char **argv)
{
	struct pki_err err = { 0 };
	pthread_t threads[ASKERS + 2];
	char path[PATH_MAX];
	double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
	if (seconds <= 0)
		return 2;
	office_open(&town.office);
	sample_path(path, "pub/ca.pem");
	must(pki_cert_read(path, &town.issuer, &err), &err);
	town.people = calloc(CERTS_MAX / 2 + 1, sizeof *town.people);
	if (town.people == NULL)
		return 1;
	pthread_create(&threads[0], NULL, live, NULL);
	pthread_create(&threads[1], NULL, watch_lists, NULL);
	for (size_t i = 0; i < ASKERS; i++)
		pthread_create(&threads[2 + i], NULL, ask_on, (void *)(i + 1));
	sleep_msec((long)(seconds * 1000));
	atomic_store(&town.over, true);
	for (size_t i = 0; i < PKI_COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	print(seconds);
	return town.wrong + town.lost == 0 ? 0 : 1;
}
