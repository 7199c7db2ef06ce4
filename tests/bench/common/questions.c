#include "tests/bench/common/questions.h"

#include <ctype.h>
#include <string.h>

#include "tests/bench/common/tool.h"

#define NONCE_LEN 32

void
question_path(const struct question *q, struct pki_buf *out)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf base64 = { 0 };
	must(pki_base64_encode(q->der.data, q->der.len, &base64, &err), &err);
	for (size_t i = 0; i < base64.len; i++)
		if (isalnum(base64.data[i]))
			must(pki_buf_append(out, &base64.data[i], 1, &err), &err);
		else
			must(pki_buf_printf(out, &err, "%%%02X", base64.data[i]), &err);
}

static void
write_http(struct question *q, const struct question_form *form)
{
	struct pki_err err = { 0 };
	const char *end = form->fresh ? "Connection: close\r\n\r\n" : "\r\n";
	must(pki_buf_printf(
		     &q->wire, &err, "%s %s", form->get ? "GET" : "POST", form->path),
		&err);
	if (form->get) {
		question_path(q, &q->wire);
		must(pki_buf_printf(
			     &q->wire, &err, " HTTP/1.1\r\nHost: localhost\r\n%s", end),
			&err);
		return;
	}
	must(pki_buf_printf(&q->wire, &err,
		     " HTTP/1.1\r\nHost: localhost\r\n"
		     "Content-Type: application/ocsp-request\r\nContent-Length: %zu\r\n%s",
		     q->der.len, end),
		&err);
	must(pki_buf_append(&q->wire, q->der.data, q->der.len, &err), &err);
}

void
question_write(struct question *q, const struct question_form *form,
	const struct pki_cert *issuer)
{
	struct pki_err err = { 0 };
	uint8_t nonce[NONCE_LEN];
	struct pki_bytes none = { 0 }, some = { nonce, sizeof nonce };
	must(pki_random(nonce, sizeof nonce, &err), &err);
	must(pki_ocsp_request_build(issuer, &q->serial, form->hash,
		     form->nonce ? some : none, &q->der, &err),
		&err);
	write_http(q, form);
}

/* The first from the drawn number on that the issuing CA made. */
static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct question *q = ctx;
	if (row->issuer != PKI_ISSUER_CA)
		return PKI_OK;
	q->serial = row->serial;
	q->want = row->revoked ? PKI_OCSP_REVOKED : PKI_OCSP_GOOD;
	return pki_fail(err, PKI_STATE, "found");
}

static void
draw(struct pki_ledger *ledger, uint64_t after, struct question *q)
{
	struct pki_err err = { 0 };
	enum pki_status status = pki_ledger_each_certificate(
		ledger, (int64_t)after, 0, on_certificate, q, &err);
	if (q->serial.len == 0) /* never: the root's certificates come first */
		must(status, &err);
}

/* A server of files has none of such a name. */
static bool
names_folder(const struct question *q)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf path = { 0 };
	question_path(q, &path);
	return path.len >= 3 && memcmp(path.data + path.len - 3, "%2F", 3) == 0;
}

struct question *
questions_draw(struct pki_ledger *ledger, const struct question_form *form, size_t count)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *issuer = NULL;
	struct pki_ledger_figures figures = { 0 };
	struct question *all = calloc(count, sizeof *all);
	must(pki_ledger_issuer(ledger, PKI_ISSUER_CA, &issuer, &err), &err);
	must(pki_ledger_count(ledger, &figures, &err), &err);
	if (all == NULL || figures.certificates == 0)
		abort();
	uint64_t state = 1; /* splitmix64, https://prng.di.unimi.it */
	for (size_t i = 0; i < count;) {
		uint64_t z = state += 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		draw(ledger, (z ^ z >> 31) % figures.certificates, &all[i]);
		question_write(&all[i], form, issuer);
		if (names_folder(&all[i])) {
			pki_buf_free(&all[i].der);
			pki_buf_free(&all[i].wire);
		} else {
			i++;
		}
	}
	return all;
}
