/*
 * Files of private keys. The first octet chooses the form of the rest: the whole file; the DER of an
 * EncryptedPrivateKeyInfo; or a PrivateKeyInfo, which this target seals, so that fuzzing reaches the
 * parser behind the encryption.
 */
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libpki/asn1/pem.h"
#include "libpki/base/file.h"
#include "libpki/x509/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_ITSELF, SEALED, PLAIN, FORMS };
static const struct pki_bytes pass = { (const uint8_t *)"pass", 4 };
/* Large RSA keys take seconds to sign with. */
#define SIGNS_BELOW 2048
#define INPUT_MAX ((size_t)48 << 10)

static bool
seal(struct pki_bytes plain, struct pki_buf *der)
{
	struct pki_err err = { 0 };
	unsigned char salt[] = "saltsalt";
	X509_ALGOR *pbe = PKCS5_pbe2_set_iv(EVP_aes_128_cbc(), 1, salt, 8, NULL, -1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	unsigned char *out = NULL;
	int len = 0;
	bool ok = pbe != NULL && octets != NULL &&
		  PKCS12_pbe_crypt(pbe, (const char *)pass.data, (int)pass.len,
			  plain.data, (int)plain.len, &out, &len, 1) != NULL;
	X509_SIG *sealed = X509_SIG_new();
	X509_ALGOR *algorithm;
	ASN1_OCTET_STRING *digest;
	ok = ok && sealed != NULL;
	if (ok) {
		X509_SIG_getm(sealed, &algorithm, &digest);
		ok = X509_ALGOR_copy(algorithm, pbe) == 1 &&
		     ASN1_OCTET_STRING_set(digest, out, len) == 1;
	}
	unsigned char *encoded = NULL;
	int size = ok ? i2d_X509_SIG(sealed, &encoded) : 0;
	ok = size > 0 && pki_buf_append(der, encoded, (size_t)size, &err) == PKI_OK;
	OPENSSL_free(encoded);
	OPENSSL_free(out);
	X509_SIG_free(sealed);
	X509_ALGOR_free(pbe);
	ASN1_OCTET_STRING_free(octets);
	return ok;
}

static void
write_file(int fd, struct pki_bytes data)
{
	struct pki_err err = { 0 };
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
		pki_fd_write(fd, data.data, data.len, &err) != PKI_OK)
		abort();
}

/* Every operation on the key must end without a crash. */
static void
use(struct pki_key *key, size_t size)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf signature = { 0 };
	struct pki_err err = { 0 };
	uint8_t id[PKI_KEY_ID], hash[PKI_SHA256];
	if (pki_key_get0_spki(key).len == 0 || pki_key_id(key, id, &err) != PKI_OK ||
		pki_key_hash(key, hash, &err) != PKI_OK)
		abort();
	(void)!pki_key_check(key, ~0u, &err);
	if (size >= SIGNS_BELOW)
		return;
	if (pki_key_sign(key, "x", 1, &signature, &err) == PKI_OK)
		(void)!pki_key_verify(key, "x", 1, pki_buf_bytes(&signature), &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char uri[64];
	static int fd = -1;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 }, pem = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_err err = { 0 };
	if (fd < 0) {
		fd = memfd_create("key", MFD_CLOEXEC);
		snprintf(uri, sizeof uri, "file:/proc/self/fd/%d", fd);
	}
	if (fd < 0 || size < 1 || size > INPUT_MAX)
		return 0;
	struct pki_bytes in = { data + 1, size - 1 };
	if (data[0] % FORMS == PLAIN) {
		if (!seal(in, &der))
			return 0;
		in = pki_buf_bytes(&der);
	}
	if (data[0] % FORMS != FILE_ITSELF) {
		if (pki_pem_encode("ENCRYPTED PRIVATE KEY", in, &pem, &err) != PKI_OK)
			return 0;
		in = pki_buf_bytes(&pem);
	}
	write_file(fd, in);
	enum pki_status status = pki_key_open(uri, pass, &key, &err);
	if ((status == PKI_OK) != (key != NULL) || status != err.status)
		abort();
	if (key != NULL)
		use(key, size);
	return 0;
}
