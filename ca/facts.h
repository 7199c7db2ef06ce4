/* The facts of a verified order. The signer verifies the order and sends the facts; the
 * front checks the facts against the ledger; then the signer signs. */
#ifndef CA_FACTS_H
#define CA_FACTS_H

#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"

/*
 * The ledger's rows hold all that the rows can. The signer sets what the order says and what
 * the signer decided; the front adds the documents themselves, the times of the commit and
 * the places, and writes these same rows. The struct is sent between processes: the rows'
 * buffers are empty then.
 */
struct facts {
	struct pki_order_row order;
	struct pki_order_row invitation; /* id "": none */
	struct pki_cert_row certs[PKI_ORDER_CERTS_MAX];
	size_t cert_count;
	struct pki_name subject; /* of the certificates */

	pki_msec created;
	struct pki_serial officers[PKI_CMS_SIGNERS_MAX];
	enum pki_role roles[PKI_CMS_SIGNERS_MAX];
	size_t officer_count;
	struct pki_serial inviters[PKI_CMS_SIGNERS_MAX];
	size_t inviter_count;
	struct pki_serial serials[PKI_ORDER_SERIALS_MAX];
	size_t serial_count;

	char cause[PKI_WORD_TEXT];
	enum pki_reason reason;
	bool whole_holder;
	pki_msec reported;
};

#endif
