/*
 * The signer: the one process that holds the CA, seal and log keys. A child of `serve`, forked
 * before anything else, shut in before it reads its first request. It verifies each order
 * itself, decides by the policy and the clock, builds, lints and signs. It has no ledger: what
 * only the ledger knows is the front's to check between decide and sign.
 */
#ifndef CA_SIGNER_SIGNER_H
#define CA_SIGNER_SIGNER_H

#include <sys/types.h>

#include "ca/ipc.h"
#include "libpki/host/cli.h"
#include "libpki/host/conf.h"
#include "libpki/state/policy.h"

/* What an order that was found right asks of the ledger. No pointers: it crosses processes. */
struct facts {
	char id[PKI_ID_TEXT];
	enum pki_action action;
	uint8_t digest[PKI_SHA256]; /* of the CMS */
	char holder[PKI_ID_TEXT];
	pki_msec created;
	struct pki_serial officers[PKI_CMS_SIGNERS_MAX];
	enum pki_role roles[PKI_CMS_SIGNERS_MAX];
	size_t officer_count;

	char invitation[PKI_ID_TEXT]; /* "" : none */
	uint8_t invitation_digest[PKI_SHA256];
	struct pki_serial inviters[PKI_CMS_SIGNERS_MAX];
	size_t inviter_count;

	uint8_t name_hash[PKI_SHA256];
	pki_time document_end;
	struct {
		char profile[PKI_PROFILE_NAME];
		uint8_t key_hash[PKI_SHA256];
		struct pki_serial serial; /* of the certificate to be made */
		pki_time not_before;
		pki_time not_after;
	} certs[PKI_ORDER_CERTS_MAX];
	size_t cert_count;
	struct pki_serial serials[PKI_ORDER_SERIALS_MAX];
	size_t serial_count;

	char cause[PKI_WORD_TEXT];
	enum pki_reason reason;
	bool whole_holder;
	pki_msec reported;
};

/* Its first words. */
struct signer_ready {
	char sandbox[32];
	uint64_t checkpoint; /* size of the log that it goes on from */
	uint64_t told; /* revocations of the ledger that it knows of */
};

/* What it is for. ENDS: for nothing but the CA's last CRLs (rule 55); it does not start while its
 * ledger has a certificate that has neither expired nor been revoked. */
enum signer_purpose { SIGNER_SERVES, SIGNER_ENDS };

/* The front's end. */
struct signer {
	pid_t pid;
	int fd;
	struct signer_ready ready;
	struct pki_buf buf;
};

/*
 * Fork the signer, wait until it is shut in. The child opens the keys with the custodians'
 * passphrases (args) and never returns. Errors are the child's: SECRET, REFUSED, IO, TAMPERED.
 */
enum pki_status signer_start(const struct pki_conf *conf, const struct pki_policy *policy,
	const struct pki_args *args, enum signer_purpose purpose, struct signer *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Close the channel: the child ends. Reaps it. */
void signer_stop(struct signer *signer);

/* In the child, from signer_start(): set up, serve until the channel closes. Exit status. */
int signer_main(const struct pki_conf *conf, const struct pki_policy *policy,
	const struct pki_args *args, enum signer_purpose purpose, int fd);

/* Calls: begin a request in signer->buf with ipc_begin/put, send, then read the reply's fields
 * from *reply (valid until the next call). UNAVAILABLE if the signer is gone. */
enum pki_status signer_call(struct signer *signer, struct pki_bytes *reply,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
