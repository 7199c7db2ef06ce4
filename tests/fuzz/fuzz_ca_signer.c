/*
 * The signer before a front that is an attacker's: one input is a sequence of requests to one
 * signer. A request is written as the front writes it, from small sets of serials, times,
 * certificates and orders, so that requests have to do with each other; its first octet may ask
 * that octets of the fields are changed, or the fields cut. After each request the signer's memory
 * must hold what it may hold.
 */
#include <stdio.h>
#include <string.h>

#include "ca/ceremony/ceremony_make.h"
#include "ca/signer/signer_clock_priv.h"
#include "ca/signer/signer_history_priv.h"
#include "ca/signer/signer_load_priv.h"
#include "ca/signer/signer_priv.h"
#include "libpki/cms/cms.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_log.h"
#include "libpki/x509/certify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN "ca.test/log"
#define PARTITIONS 4
#define LOG_MAX 64
#define LOG_READ 3
#define REQUESTS_MAX 64
/* Behind the head of a frame. */
#define HEAD 5
/* From this one on: requests of the start, which come too late. */
#define LATE 60
#define CHANGED 0x80
#define CUT 0x40

enum { REGISTRATION, REGISTRATION_TOO, REVOCATION, SECURITY, OFFICERS };

static struct {
	struct pki_conf conf;
	struct pki_conf_ca ca_conf;
	struct pki_conf_log log_conf;
	struct pki_policy *policy;
	struct ceremony ceremony;
	struct pki_key *officers[OFFICERS];
	struct pki_cert *certs[4]; /* the CA's, and one of another issuer */
	struct pki_buf orders[4];
	struct pki_key *witness;
	struct pki_cms_cache *cache;
	struct pki_bytes crl; /* the one that the signer starts with */
	char entries[LOG_READ][256]; /* of the log that a signer reads at its start */
} world;

static struct signer_state s;

struct input {
	const uint8_t *p;
	size_t left;
};

/* Of what cannot fail. */
static struct pki_err failure;

static void
must(enum pki_status status)
{
	if (status == PKI_OK)
		return;
	fprintf(stderr, "%s\n", failure.msg);
	abort();
}

static uint8_t
octet(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

static struct pki_key *
make_officer(size_t i, const char *profile, const char *name)
{
	struct ceremony_officer *officer = &world.ceremony.officers[i];
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	struct pki_key *key = NULL;
	must(pki_key_generate(PKI_ALG_P256, &key, &failure));
	must(pki_csr_make(key, &der, &failure));
	must(pki_csr_parse(pki_buf_bytes(&der), &officer->csr, &failure));
	officer->profile = pki_policy_profile(world.policy, profile);
	snprintf(officer->common_name, sizeof officer->common_name, "%s", name);
	world.ceremony.officer_count = i + 1;
	return key;
}

static void
configure(struct pki_conf *conf, struct pki_conf_ca *ca, struct pki_conf_log *log)
{
	conf->ca = ca;
	conf->log = log;
	static const struct pki_urls urls = { .ca_issuers = "http://ca.test/ca.crt",
		.crl = "http://ca.test/ca.crl",
		.crl_base = "http://ca.test/crl/",
		.ocsp = "http://ca.test/ocsp",
		.partitions = PARTITIONS };
	static const struct pki_name root = {
		.country = "MC", .organization = "TEST", .common_name = "TEST Root"
	};
	conf->ca_urls = urls;
	conf->crl_lifetime = 26 * 3600;
	ca->root_urls = urls;
	ca->root_urls.partitions = 0;
	ca->root_alg = PKI_ALG_P384;
	ca->ca_alg = PKI_ALG_P256;
	ca->root_name = root;
	ca->ca_name = ca->seal_name = root;
	strcpy(ca->ca_name.common_name, "TEST CA");
	strcpy(ca->seal_name.common_name, "TEST Seal");
	strcpy(log->origin, ORIGIN);
	log->witness_count = 1;
}

static struct pki_cert *
certify(struct ceremony_part *issuer, pki_time from)
{
	const struct ceremony_officer *officer = &world.ceremony.officers[0];
	struct pki_name subject;
	struct pki_cert *cert = NULL;
	must(pki_cert_subject(officer->cert, &subject, &failure));
	struct pki_cert_spec spec = { .profile = officer->profile,
		.urls = &world.conf.ca_urls,
		.subject = &subject,
		.key = pki_csr_get0_key(officer->csr),
		.issuer = issuer->cert,
		.not_before = from,
		.not_after = pki_profile_not_after(officer->profile, from) };
	must(pki_serial_random(&spec.serial, &failure));
	must(pki_certify(&spec, issuer->key, &cert, &failure));
	return cert;
}

static void
make_certificates(void)
{
	pki_time now = pki_time_now();
	for (size_t i = 0; i < 3; i++)
		world.certs[i] = certify(&world.ceremony.ca, now);
	world.certs[3] = certify(&world.ceremony.root, now);
}

static void
sign_order(struct pki_order *order, const size_t *officers, struct pki_buf *out)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	order->created = pki_msec_now();
	strcpy(order->authority, "TEST RA");
	must(pki_id_make('O', order->id, &failure));
	must(pki_order_encode(order, &json, &failure));
	for (size_t i = 0; i < 2; i++) {
		struct pki_buf more = { 0 };
		const struct pki_cert *cert = world.ceremony.officers[officers[i]].cert;
		struct pki_key *key = world.officers[officers[i]];
		if (i == 0)
			must(pki_cms_sign(
				pki_buf_bytes(&json), key, cert, &more, &failure));
		else
			must(pki_cms_cosign(
				pki_buf_bytes(out), key, cert, &more, &failure));
		pki_buf_free(out);
		*out = more;
	}
}

/* One records the certificate of an order. */
static void
make_entries(const char *order)
{
	char at[PKI_MSEC_TEXT];
	pki_msec_format(pki_msec_now() - 60000, at);
	for (size_t i = 0; i < LOG_READ; i++)
		snprintf(world.entries[i], sizeof world.entries[i],
			"{\"at\":\"%s\",\"detail\":{\"order\":\"%s\"},\"type\":\"certificate-%s\"}",
			at, order, i == 1 ? "issued" : "revoked");
}

static void
make_orders(void)
{
	static const size_t both[] = { SECURITY, REGISTRATION };
	static const size_t two[] = { REGISTRATION, REGISTRATION_TOO };
	struct pki_order officer = { .action = PKI_ACTION_ISSUE, .cert_count = 1 };
	strcpy(officer.subject.country, "MC");
	strcpy(officer.subject.common_name, "TEST New");
	strcpy(officer.certs[0].profile, "officer-registration");
	must(pki_csr_make(world.ceremony.seal.key, &officer.certs[0].csr, &failure));
	sign_order(&officer, both, &world.orders[0]);
	make_entries(officer.id);
	sign_order(&officer, two, &world.orders[1]);
	pki_order_free(&officer);
	struct pki_order revoke = { .action = PKI_ACTION_REVOKE };
	must(pki_id_make('H', revoke.holder, &failure));
	strcpy(revoke.cause, "lost-phone");
	strcpy(revoke.requester, "holder");
	strcpy(revoke.authentication, "security-questions");
	revoke.reported = pki_msec_now();
	sign_order(&revoke, two, &world.orders[2]);
	must(pki_buf_printf(&world.orders[3], NULL, "no order"));
	/* a run takes longer than an order is valid for */
	for (size_t i = 0; i < world.policy->order_count; i++)
		world.policy->orders[i].max_age = 30 * PKI_DAY;
}

static void
make_world(void)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	struct pki_witness *witness = &world.log_conf.witnesses[0];
	must(pki_policy_load("policy", &world.policy, &failure));
	configure(&world.conf, &world.ca_conf, &world.log_conf);
	world.officers[0] = make_officer(0, "officer-registration", "TEST One");
	world.officers[1] = make_officer(1, "officer-registration", "TEST Two");
	world.officers[2] = make_officer(2, "officer-revocation", "TEST Three");
	world.officers[3] = make_officer(3, "officer-security", "TEST Four");
	must(ceremony_make(&world.ceremony, &world.conf, world.policy, &failure));
	make_certificates();
	make_orders();
	must(pki_key_generate(PKI_ALG_ED25519, &world.witness, &failure));
	strcpy(witness->name, "w.test");
	must(pki_note_vkey(
		PKI_NOTE_WITNESS, witness->name, world.witness, &vkey, &failure));
	strcpy(witness->vkey, (const char *)vkey.data);
	must(pki_cms_cache_new(&world.cache, &failure));
	world.crl = pki_crl_get0_der(world.ceremony.ca.crl);
}

/* ctx not NULL: a log of another past. */
static enum pki_status
read_hash(void *ctx, unsigned level, uint64_t index, struct pki_hash *out,
	struct pki_err *err)
{
	struct pki_hash left, right;
	if (level == 0) {
		memset(out, ctx != NULL ? 0xff : (int)(index & 0x7f), sizeof *out);
		return PKI_OK;
	}
	PKI_TRY(read_hash(ctx, level - 1, 2 * index, &left, err));
	PKI_TRY(read_hash(ctx, level - 1, 2 * index + 1, &right, err));
	return pki_merkle_node(&left, &right, out, err);
}

static struct pki_merkle_source
tree(bool forked)
{
	static int other;
	return (struct pki_merkle_source){ read_hash, forked ? &other : NULL };
}

static struct pki_checkpoint
checkpoint(uint64_t size, bool forked)
{
	struct pki_checkpoint cp = { .origin = ORIGIN, .size = size };
	struct pki_merkle_source source = tree(forked);
	must(pki_merkle_root(size, &source, &cp.root, &failure));
	return cp;
}

/* The proof that a log of `old` entries became one of `size`, as far as there is one. */
static struct pki_proof
consistency(uint64_t old, uint64_t size, bool forked)
{
	struct pki_merkle_source source = tree(forked);
	struct pki_proof proof = { .count = 0 };
	if (old > 0 && old <= size)
		must(pki_merkle_consistency(old, size, &source, &proof, &failure));
	return proof;
}

static void
put_bytes(struct pki_buf *frame, struct pki_bytes bytes)
{
	must(ipc_put(frame, IPC_BYTES, bytes.data, bytes.len, &failure));
}

static void
put_entries(struct input *in, struct pki_buf *frame)
{
	static const uint8_t reasons[] = { 0, 1, 4, 6, 9, 255 };
	uint8_t octets[8][IPC_REVOKED_SIZE];
	size_t count = octet(in) % 9;
	for (size_t i = 0; i < count; i++) {
		uint8_t a = octet(in), b = octet(in);
		struct pki_revoked entry = { .serial = { .len = PKI_SERIAL_MAX } };
		if (a < 4) {
			entry.serial = *pki_cert_get0_serial(world.certs[a]);
		} else {
			entry.serial.octets[0] = (uint8_t)(0x40 | a);
			entry.serial.len = (b & 0x80) != 0 ? octet(in) : PKI_SERIAL_MAX;
		}
		entry.revoked_at = s.tx.last.crl_made - (b >> 4 & 3);
		entry.reason = (enum pki_reason)reasons[b % PKI_COUNT(reasons)];
		if ((b & 8) != 0)
			entry.partition =
				(uint16_t)pki_serial_partition(&entry.serial, PARTITIONS);
		ipc_write_revoked(octets[i], &entry);
	}
	put_bytes(frame, (struct pki_bytes){ octets[0], count * IPC_REVOKED_SIZE });
}

static void
put_crl(struct input *in, struct pki_buf *frame)
{
	uint8_t a = octet(in);
	pki_time now = pki_time_now() + (a >> 6) - ((a >> 6) == 3 ? 900 : 0);
	pki_time end = (a & 0x20) != 0 ? PKI_CRL_LAST : now + world.conf.crl_lifetime;
	must(ipc_put_number(frame, a % (PARTITIONS + 2), &failure));
	must(ipc_put_number(frame, s.tx.last.crl_number + ((a & 0x10) == 0), &failure));
	must(ipc_put_number(frame, (uint64_t)now, &failure));
	must(ipc_put_number(frame, (uint64_t)end, &failure));
}

static void
put_checkpoint(struct input *in, struct pki_buf *frame)
{
	uint8_t a = octet(in);
	uint64_t size = (s.tx.last.checkpoint.size + a % 5) % LOG_MAX;
	struct pki_checkpoint cp = checkpoint(size, (a & 0x80) != 0);
	struct pki_proof proof =
		consistency(s.tx.last.checkpoint.size, size, (a & 0x80) != 0);
	must(ipc_put_number(frame, size, &failure));
	put_bytes(frame, (struct pki_bytes){ cp.root.octets, sizeof cp.root.octets });
	must(ipc_put_proof(frame, &proof, &failure));
}

static void
put_cosigned(struct input *in, struct pki_buf *frame)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	uint8_t a = octet(in);
	struct pki_checkpoint cp = checkpoint(a % LOG_MAX, (a & 0x80) != 0);
	struct pki_proof proof = consistency(cp.size, s.tx.last.checkpoint.size, false);
	struct pki_key *key = (a & 0x40) != 0 ? world.witness : s.log_key;
	must(pki_checkpoint_sign(&cp, key, &note, &failure));
	(void)!pki_checkpoint_cosign(
		pki_buf_bytes(&note), "w.test", world.witness, 1, &note, NULL);
	put_bytes(frame, pki_buf_bytes(&note));
	must(ipc_put_proof(frame, &proof, &failure));
}

static void
put_seal(struct input *in, struct pki_buf *frame)
{
	static const char entry[] =
		"{\"at\":\"c\",\"detail\":{\"holder\":\"H-1\",\"order\":\"O-1\",\"reason\":\"superseded\",\"reported\":\"r\",\"serials\":[\"01\"]},\"type\":\"certificate-revoked\"}";
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json receipt = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json log = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json serials = pki_json_array();
	PKI_CLEANUP(pki_json_free) struct pki_json proof = pki_json_array();
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	struct pki_bytes bytes = { (const uint8_t *)entry, sizeof entry - 1 };
	struct pki_checkpoint cp = { .origin = ORIGIN, .size = 1 };
	char hex[PKI_SHA256_HEX];
	must(pki_merkle_leaf(bytes, &cp.root, &failure));
	must(pki_checkpoint_sign(&cp, s.log_key, &note, &failure));
	pki_hex_encode(cp.root.octets, PKI_SHA256, hex);
	pki_json_number(&log, "index", octet(in) % 4 / 3);
	pki_json_text(&log, "entry_hash", hex);
	pki_json_text(&log, "checkpoint", (const char *)note.data);
	pki_json_nest(&log, "proof", &proof);
	pki_json_append_text(&serials, "01");
	pki_json_text(&receipt, "type", "receipt");
	pki_json_text(&receipt, "order", "O-1");
	pki_json_text(&receipt, "holder", "H-1");
	pki_json_text(&receipt, "reason", "superseded");
	pki_json_text(&receipt, "reported", "r");
	pki_json_text(&receipt, "committed", "c");
	pki_json_nest(&receipt, "serials", &serials);
	pki_json_null(&receipt, "published");
	pki_json_null(&receipt, "crl_number");
	pki_json_nest(&receipt, "log", &log);
	must(pki_json_write(&receipt, &text, &failure));
	put_bytes(frame, pki_buf_bytes(&text));
	put_bytes(frame, bytes);
}

/* The log that a signer reads at its start, up to `size` entries. */
static struct pki_merkle_peaks
entries_read(uint64_t size)
{
	struct pki_merkle_peaks peaks = { 0 };
	struct pki_hash leaf;
	for (uint64_t i = 0; i < size; i++) {
		const char *text = world.entries[i];
		struct pki_bytes bytes = { (const uint8_t *)text, strlen(text) };
		must(pki_merkle_leaf(bytes, &leaf, &failure));
		must(pki_merkle_grow(&peaks, &leaf, NULL, &failure));
	}
	return peaks;
}

static void
put_history_from(struct input *in, struct pki_buf *frame)
{
	uint64_t size = octet(in) % (LOG_READ + 1);
	struct pki_merkle_peaks peaks = entries_read(size);
	struct pki_proof proof = { .count = 0 };
	for (unsigned level = 0; level < 2; level++)
		if ((size >> level & 1) != 0)
			proof.hashes[proof.count++] = peaks.hashes[level];
	must(ipc_put_number(frame, size, &failure));
	must(ipc_put_proof(frame, &proof, &failure));
}

static void
put_history(struct input *in, struct pki_buf *frame)
{
	for (size_t count = octet(in) % 4; count > 0; count--) {
		size_t i = octet(in) % (LOG_READ + 1);
		const char *text = i < LOG_READ ? world.entries[i] : (const char *)in->p;
		size_t len = i < LOG_READ ? strlen(text) : in->left;
		put_bytes(frame, (struct pki_bytes){ (const uint8_t *)text, len });
	}
}

static void
put_fields(struct input *in, enum ipc_type type, struct pki_buf *frame)
{
	switch (type) {
	case IPC_DECIDE:
		for (size_t count = octet(in) % 5; count > 0; count--)
			put_bytes(frame, pki_buf_bytes(&world.orders[octet(in) % 4]));
		return;
	case IPC_SIGN:
		must(ipc_put_number(frame, octet(in), &failure));
		return;
	case IPC_ENTRIES:
		put_entries(in, frame);
		return;
	case IPC_EXPIRED:
		put_bytes(frame, pki_cert_get0_der(world.certs[octet(in) % 4]));
		return;
	case IPC_CRL:
		put_crl(in, frame);
		return;
	case IPC_CHECKPOINT:
		put_checkpoint(in, frame);
		return;
	case IPC_FORGET:
		must(ipc_put_number(frame,
			octet(in) % 4 == 0 ? octet(in) : s.tx.before.checkpoint.size,
			&failure));
		return;
	case IPC_COSIGNED:
		put_cosigned(in, frame);
		return;
	case IPC_SEAL:
		put_seal(in, frame);
		return;
	case IPC_LAST_CRL:
		must(ipc_put_number(frame, octet(in) % (PARTITIONS + 2), &failure));
		put_bytes(frame, world.crl);
		return;
	case IPC_HISTORY_FROM:
		put_history_from(in, frame);
		return;
	case IPC_HISTORY:
		put_history(in, frame);
		return;
	case IPC_CUTOFF:
	case IPC_NOW:
	case IPC_START:
	case IPC_SERVE:
	case IPC_REPLY:
		return;
	}
}

/* Only checked entries; sorted, each serial once. */
static void
check_entries(const struct revoked_set *set, bool sorted)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct pki_revoked *entry = &set->items[i];
		if (entry->serial.len == 0 || entry->serial.len > PKI_SERIAL_MAX ||
			entry->serial.octets[0] == 0 || entry->revoked_at < 0 ||
			entry->revoked_at > PKI_CRL_LAST ||
			pki_reason_name(entry->reason) == NULL ||
			entry->partition > PARTITIONS)
			abort();
		if (sorted && i > 0 &&
			pki_serial_compare(&set->items[i - 1].serial, &entry->serial) >=
				0)
			abort();
	}
}

static void
check_memory(void)
{
	check_entries(&s.tx.revoked, true);
	check_entries(&s.received, false);
	check_entries(&s.expired, false);
	check_entries(&s.tx.added, true);
	check_entries(&s.tx.removed, true);
	for (size_t i = 0; i < s.history.kept_count; i++)
		if (!pki_id_valid(s.history.kept[i]->facts.order.id, 'O') ||
			s.history.kept[i]->facts.certs[0].der.len == 0)
			abort();
	if (s.pending_count > IPC_BATCH_MAX || s.tx.last.checkpoint.size > LOG_MAX)
		abort();
	if (s.tail.len != 0) {
		PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
		must(pki_crl_parse(s.tail, &crl, &failure));
		must(pki_crl_verify(crl, s.ca, &failure));
	}
}

static void
request(struct input *in)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	uint8_t first = octet(in);
	unsigned n = first & 0x3f;
	enum ipc_type type =
		n >= LATE || !s.serving
			? (enum ipc_type)(IPC_START + n % (IPC_REPLY - IPC_START))
			: (enum ipc_type)(IPC_DECIDE + n % (IPC_START - IPC_DECIDE));
	must(ipc_begin(&frame, type, &failure));
	put_fields(in, type, &frame);
	if ((first & CHANGED) != 0 && frame.len > HEAD)
		for (size_t count = 1 + octet(in) % 4; count > 0; count--) {
			size_t at = (size_t)(octet(in) << 8 | octet(in));
			frame.data[HEAD + at % (frame.len - HEAD)] = octet(in);
		}
	if ((first & CUT) != 0 && frame.len > HEAD)
		frame.len -= octet(in) % (frame.len - HEAD);
	/* of the very size, so that a sanitizer sees the first octet too many */
	size_t len = frame.len - HEAD;
	PKI_CLEANUP(pki_free_ptr) uint8_t *exact = malloc(len + (len == 0));
	if (exact == NULL)
		abort();
	memcpy(exact, frame.data + HEAD, len);
	must(signer_reply(&s, type, (struct pki_bytes){ exact, len }, &failure));
	check_memory();
	pki_crl_free(s.crl);
	s.crl = NULL;
}

static void
begin(uint8_t how)
{
	s.conf = &world.conf;
	s.policy = world.policy;
	s.ca = world.ceremony.ca.cert;
	s.ca_key = world.ceremony.ca.key;
	s.seal = world.ceremony.seal.cert;
	s.seal_key = world.ceremony.seal.key;
	s.log_key = world.ceremony.log_key;
	s.cache = world.cache;
	s.ends = (how & 1) != 0;
	signer_clock_begin(&s, 0);
	must(pki_buf_append(
		&s.vkey, world.ceremony.vkey.data, world.ceremony.vkey.len, &failure));
	must(signer_load_crl(&s, 0, world.crl, &failure));
	s.serving = (how & 16) == 0;
	/* the CRLs are of a time when all certificates have expired */
	if ((how & 2) != 0)
		for (size_t k = 0; k <= PARTITIONS; k++)
			s.tx.last.made[k] = pki_cert_not_after(world.certs[0]) + 1;
	s.tx.last.checkpoint = checkpoint(3, false);
	if (!s.serving) {
		struct pki_merkle_peaks peaks = entries_read(LOG_READ);
		s.tx.last.checkpoint.size = LOG_READ;
		must(pki_merkle_peaks_root(&peaks, &s.tx.last.checkpoint.root, &failure));
	}
	s.tx.before = s.tx.last;
	s.quorum.issued = s.tx.last.checkpoint.size;
	world.policy->witnesses = (how & 4) != 0;
	world.conf.crl_keep = (how & 8) != 0;
}

static void
end(void)
{
	must(signer_reply(&s, IPC_DECIDE, (struct pki_bytes){ 0 }, &failure));
	history_free(&s.history);
	transaction_free(&s.tx);
	revoked_set_free(&s.received);
	revoked_set_free(&s.expired);
	pki_buf_free(&s.vkey);
	pki_buf_free(&s.reply);
	s = (struct signer_state){ .ends = false };
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	if (world.policy == NULL)
		make_world();
	begin(octet(&in));
	for (size_t i = 0; i < REQUESTS_MAX && in.left > 0; i++)
		request(&in);
	end();
	return 0;
}
