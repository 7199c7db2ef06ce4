/*
 * pki-ra reads certificates and receipts from a reply of pki-ca. In the input '@' and a letter stand
 * for a certificate in PEM, because mutations cannot make a certificate with a right signature.
 */
#include "libpki/base/file.h"
#include "libpki/base/json.h"
#include "libpki/x509/csr.h"
#include "ra/issued.h"
#include "ra/receipt.h"
#include "tests/fuzz/fixed.h"
#include "tests/fuzz/temp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Three certificates of the CA: two for the record's keys, one for another key. One certificate of
 * another CA for the record's key. The letters are S, A, O, C. */
enum { SIGN, AUTH, OTHER_KEY, OTHER_CA, CERTS };
#define INPUT_MAX ((size_t)64 << 10)

static struct {
	struct ra ra;
	struct ra_record record;
	struct pki_cert *certs[CERTS];
	struct pki_buf pem[CERTS]; /* with newlines escaped as in JSON */
	char receipt[PATH_MAX];
} world;

static void
request(EVP_PKEY *evp, struct pki_buf *out)
{
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_err err = { 0 };
	fixed_must(pki_key_from_evp(evp, &key, &err) == PKI_OK &&
			   pki_csr_make(key, out, &err) == PKI_OK,
		err.msg);
}

static void
certificate(size_t i, X509 *x509)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	struct pki_err err = { 0 };
	world.certs[i] = fixed_wrap(x509);
	fixed_must(pki_cert_pem(world.certs[i], &pem, &err) == PKI_OK, err.msg);
	for (size_t at = 0; at < pem.len; at++) {
		bool end = pem.data[at] == '\n';
		const void *octets = end ? (const void *)"\\n" : &pem.data[at];
		fixed_must(pki_buf_append(&world.pem[i], octets, end ? 2 : 1, &err) ==
				   PKI_OK,
			err.msg);
	}
	X509_free(x509);
}

static void
begin(void)
{
	static const char *const ca[][2] = { { "basicConstraints", "critical,CA:TRUE" },
		{ "keyUsage", "critical,keyCertSign,cRLSign" },
		{ "subjectKeyIdentifier", "hash" }, { NULL, NULL } };
	static const char *const holder[][2] = { { "authorityKeyIdentifier", "keyid" },
		{ "keyUsage", "critical,digitalSignature" }, { NULL, NULL } };
	struct pki_err err = { 0 };
	EVP_PKEY *ca_keys[2] = { fixed_key(1), fixed_key(2) };
	X509 *cas[2];
	for (size_t i = 0; i < 2; i++)
		cas[i] = fixed_certify(&(struct fixed_cert){
			.name = "TEST CA", .key = ca_keys[i], .extensions = ca });
	for (size_t i = 0; i < CERTS; i++) {
		EVP_PKEY *key = fixed_key((uint8_t)(10 + (i == OTHER_CA ? SIGN : i)));
		size_t by = i == OTHER_CA ? 1 : 0;
		certificate(i, fixed_certify(&(struct fixed_cert){ .name = "TEST Alice",
				       .key = key,
				       .issuer = cas[by],
				       .issuer_key = ca_keys[by],
				       .extensions = holder }));
		if (i == SIGN || i == AUTH)
			request(key, i == SIGN ? &world.record.sign_csr
					       : &world.record.auth_csr);
		EVP_PKEY_free(key);
	}
	world.ra.ca = fixed_wrap(cas[0]);
	fixed_must(pki_policy_load("policy", &world.ra.policy, &err) == PKI_OK, err.msg);
	for (size_t i = 0; i < 2; i++) {
		X509_free(cas[i]);
		EVP_PKEY_free(ca_keys[i]);
	}
	temp_make();
	temp_path("receipt", world.receipt);
}

static void
expand(struct pki_bytes in, struct pki_buf *out)
{
	static const char letters[] = "SAOC";
	struct pki_err err = { 0 };
	for (size_t i = 0; i < in.len; i++) {
		const char *letter = in.data[i] == '@' && i + 1 < in.len &&
						     in.data[i + 1] != '\0'
					     ? strchr(letters, in.data[i + 1])
					     : NULL;
		const struct pki_buf *pem = letter != NULL ? &world.pem[letter - letters]
							   : NULL;
		if (pki_buf_append(out, pem != NULL ? pem->data : &in.data[i],
			    pem != NULL ? pem->len : 1, &err) != PKI_OK)
			abort();
		i += pem != NULL;
	}
}

static bool
is_one_of(const struct pki_cert *cert, const struct pki_cert *a, const struct pki_cert *b)
{
	struct pki_bytes x = pki_cert_get0_der(cert);
	struct pki_bytes y = pki_cert_get0_der(a), z = pki_cert_get0_der(b);
	return pki_bytes_equal(x.data, x.len, y.data, y.len) ||
	       pki_bytes_equal(x.data, x.len, z.data, z.len);
}

static void
read_certificates(const json_t *json)
{
	PKI_CLEANUP(ra_issued_free) struct ra_issued issued = { 0 };
	struct pki_err err = { 0 };
	enum pki_status status =
		ra_issued_read(&world.ra, &world.record, json, &issued, &err);
	if (status != err.status || issued.count > PKI_ORDER_CERTS_MAX ||
		(status == PKI_OK && issued.count == 0))
		abort();
	for (size_t i = 0; status == PKI_OK && i < issued.count; i++)
		if (!is_one_of(
			    issued.certs[i].cert, world.certs[SIGN], world.certs[AUTH]))
			abort();
}

static void
read_receipt(const json_t *json)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 }, base64 = { 0 };
	struct pki_err err = { 0 };
	enum pki_status status = ra_receipt_write(json, world.receipt, &err);
	if (status != err.status)
		abort();
	if (status != PKI_OK)
		return;
	const char *text = json_string_value(json_object_get(json, "receipt"));
	if (pki_file_read(world.receipt, 4 * INPUT_MAX, &file, &err) != PKI_OK ||
		pki_base64_encode(file.data, file.len, &base64, &err) != PKI_OK ||
		file.len == 0 || strcmp((const char *)base64.data, text) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	struct pki_err err = { 0 };
	if (world.ra.ca == NULL)
		begin();
	if (size > INPUT_MAX)
		return 0;
	expand((struct pki_bytes){ data, size }, &text);
	if (text.len > 4 * INPUT_MAX ||
		pki_json_parse(pki_buf_bytes(&text), &json, &err) != PKI_OK)
		return 0;
	read_certificates(json);
	read_receipt(json);
	return 0;
}
