#include "ca/custody.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/base/hex.h"
#include "libpki/base/secret.h"

static enum pki_status
refuse(struct pki_err *err, const char *what)
{
	return pki_refuse(err, PKI_RULE_DUAL_CONTROL,
		"%s; two custodians each give their own passphrase", what);
}

static enum pki_status
add_part(struct pki_buf *out, const struct pki_buf *part, struct pki_err *err)
{
	uint8_t length[8];
	for (size_t i = 0; i < sizeof length; i++)
		length[i] = (uint8_t)((uint64_t)part->len >> (8 * (7 - i)));
	PKI_TRY(pki_buf_append(out, length, sizeof length, err));
	return pki_buf_append(out, part->data, part->len, err);
}

static enum pki_status
read_both(const char *sources[2], struct pki_buf parts[2], struct pki_err *err)
{
	static const char *const labels[] = { "First custodian's passphrase",
		"Second custodian's passphrase" };
	for (int i = 0; i < 2; i++) {
		PKI_TRY(pki_secret_read(sources[i], labels[i], &parts[i], err));
		if (parts[i].len == 0)
			return refuse(err, "an empty passphrase");
	}
	if (pki_bytes_equal(parts[0].data, parts[0].len, parts[1].data, parts[1].len))
		return refuse(err, "both custodians gave the same passphrase");
	return PKI_OK;
}

enum pki_status
custody_secret(const struct pki_args *args, struct pki_buf *out, struct pki_err *err)
{
	if (pki_arg_count(args, "custodian") != 2)
		return pki_fail(err, PKI_USAGE,
			"give --custodian SOURCE twice: the keys open with two passphrases");
	const char *sources[2] = { pki_arg_at(args, "custodian", 0),
		pki_arg_at(args, "custodian", 1) };
	if (strcmp(sources[0], sources[1]) == 0 && strcmp(sources[0], "prompt") != 0)
		return refuse(err, "the same custodian twice");
	struct pki_buf parts[2] = { { 0 }, { 0 } };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf both = { 0 };
	char hex[PKI_SHA256_HEX];
	enum pki_status status = read_both(sources, parts, err);
	if (status == PKI_OK)
		status = add_part(&both, &parts[0], err);
	if (status == PKI_OK)
		status = add_part(&both, &parts[1], err);
	pki_buf_cleanse(&parts[0]);
	pki_buf_cleanse(&parts[1]);
	if (status != PKI_OK)
		return status;
	PKI_TRY(pki_sha256_hex(both.data, both.len, hex, err));
	status = pki_buf_append(out, hex, sizeof hex - 1, err);
	OPENSSL_cleanse(hex, sizeof hex);
	return status;
}

void
custody_close(const struct pki_args *args)
{
	for (int i = 0; i < pki_arg_count(args, "custodian"); i++) {
		const char *source = pki_arg_at(args, "custodian", i);
		if (strncmp(source, "fd:", 3) == 0)
			close((int)strtol(source + 3, NULL, 10));
	}
}
