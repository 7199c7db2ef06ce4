#include "ca/ceremony/ceremony.h"

static void
part_free(struct ceremony_part *part)
{
	pki_crl_free(part->crl);
	pki_cert_free(part->cert);
	pki_key_free(part->key);
}

void
ceremony_free(struct ceremony *c)
{
	for (size_t i = 0; i < PKI_COUNT(c->officers); i++) {
		pki_csr_free(c->officers[i].csr);
		pki_cert_free(c->officers[i].cert);
	}
	part_free(&c->root);
	part_free(&c->ca);
	part_free(&c->seal);
	pki_key_free(c->log_key);
	pki_buf_free(&c->vkey);
	*c = (struct ceremony){ .at = 0 };
}
