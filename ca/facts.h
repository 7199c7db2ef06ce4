/* The facts of a verified order. The signer verifies the order and sends the facts; the
 * front checks the facts against the ledger; then the signer signs. */
#ifndef CA_FACTS_H
#define CA_FACTS_H

#include "libpki/cms/order.h"
#include "libpki/state/policy.h"

/* No pointers, because struct facts is sent between processes. */
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

#endif
