/*
 * The holder's signed acceptance. The first octet chooses the form of the rest: a CMS; a content, which
 * this target signs with the holder's key; or a content signed with another key under the same name and
 * serial number.
 */
#include <openssl/cms.h>

#include "libpki/base/json.h"
#include "ra/statement.h"
#include "tests/fuzz/fixed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CMS, BY_HOLDER, BY_ANOTHER, FORMS };
static const char text[] =
	"{\"application\":\"A-0123\",\"certificates\":[{\"serial\":\"77\"}],\"type\":\"acceptance\",\"version\":1}";

static struct {
	EVP_PKEY *keys[2];
	X509 *certs[2];
	struct pki_cert *holder;
} world;

static void
begin(void)
{
	static const char *const extensions[][2] = {
		{ "keyUsage", "critical,nonRepudiation" }, { NULL, NULL }
	};
	for (uint8_t i = 0; i < 2; i++) {
		world.keys[i] = fixed_key(3 + i);
		world.certs[i] = fixed_certify(&(struct fixed_cert){ .name = "TEST Alice",
			.key = world.keys[i],
			.extensions = extensions });
	}
	world.holder = fixed_wrap(world.certs[0]);
}

static void
sign(struct pki_bytes content, size_t who, struct pki_buf *out)
{
	struct pki_err err = { 0 };
	uint8_t *der = NULL;
	BIO *in = BIO_new_mem_buf(content.data, (int)content.len);
	CMS_ContentInfo *cms = CMS_sign(
		world.certs[who], world.keys[who], NULL, in, CMS_BINARY | CMS_NOSMIMECAP);
	int len = i2d_CMS_ContentInfo(cms, &der);
	fixed_must(cms != NULL && len > 0 &&
			   pki_buf_append(out, der, (size_t)len, &err) == PKI_OK,
		"a CMS");
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
}

static bool
says_the_same(struct pki_bytes content, struct pki_bytes want)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *x = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *y = NULL;
	return pki_json_parse(content, &x, NULL) == PKI_OK &&
	       pki_json_parse(want, &y, NULL) == PKI_OK && json_equal(x, y) == 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pki_bytes want = { (const uint8_t *)text, sizeof text - 1 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	struct pki_err err = { 0 };
	if (world.holder == NULL)
		begin();
	if (size < 1 || size > PKI_CMS_MAX)
		return 0;
	struct pki_bytes in = { data + 1, size - 1 }, file = in;
	unsigned form = data[0] % FORMS;
	if (form != CMS) {
		sign(in, form == BY_HOLDER ? 0 : 1, &cms);
		file = pki_buf_bytes(&cms);
	}
	enum pki_status status = ra_statement_verify(file, want, world.holder, &err);
	if (status != err.status || (form == BY_ANOTHER && status == PKI_OK) ||
		(form == BY_HOLDER && (status == PKI_OK) != says_the_same(in, want)))
		abort();
	return 0;
}
