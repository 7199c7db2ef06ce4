/*
 * Frames between front and signer, over a socket pair: type (1 octet), length of the
 * fields (4, big-endian), then the fields: tag (1), length (4), octets. The type fixes
 * the sequence of the fields.
 *
 * The signer treats the front as a possible attacker: no request holds a struct, and the
 * signer reads each field with a function that returns a checked type. The front trusts
 * the signer's memory: replies may hold whole structs, because both processes run one
 * program.
 */
#ifndef CA_IPC_H
#define CA_IPC_H

#include "libpki/tlog/merkle.h"
#include "libpki/x509/crl.h"

/* Limit of the orders in a frame, and of the requests in a transaction. */
#define IPC_BATCH_MAX 64
/* A batch of the largest orders; IPC_LAST_CRL may have IPC_REPLY_MAX. */
#define IPC_REQUEST_MAX ((size_t)9 << 20)
/* A CRL of a million entries. */
#define IPC_REPLY_MAX ((size_t)64 << 20)
/* Limit of the log entries that a starting signer reads. */
#define IPC_HISTORY_MAX 65536
/* Limit of the entries in an IPC_ENTRIES frame. */
#define IPC_ENTRIES_MAX 16384

enum ipc_type {
	IPC_DECIDE = 1, /* ORDER... -> per order FACTS INVITATION | ERROR */
	IPC_SIGN, /* MASK -> per order and certificate DER | ERROR */
	IPC_CUTOFF, /* -> TIME : begins a CRL, without certificates expired before TIME */
	IPC_ENTRIES, /* ENTRIES -> : new revocations for the next IPC_CRL */
	IPC_EXPIRED, /* CERTIFICATE -> : revoked, expired; leaves with the next IPC_CRL */
	IPC_CRL, /* PARTITION NUMBER THIS NEXT -> COUNT DER */
	IPC_CHECKPOINT, /* SIZE ROOT PROOF -> NOTE */
	IPC_FORGET, /* SIZE -> : the last transaction was not committed */
	IPC_COSIGNED, /* NOTE PROOF -> SIZES : cosigned entries, for each witness */
	IPC_SEAL, /* CONTENT ENTRY -> CMS */
	/* The first requests give the signer the state to continue from. ALIVE: number of
	 * valid certificates. */
	IPC_START, /* CERTIFICATE NOTE CLOCK ALIVE -> READY */
	IPC_LAST_CRL, /* PARTITION DER -> */
	IPC_HISTORY_FROM, /* SIZE PEAKS -> : the tree before the next entry */
	IPC_HISTORY, /* ENTRY... -> : of the log, up to the checkpoint */
	IPC_SERVE, /* -> : all CRLs and entries were sent */
	IPC_NOW, /* -> TIME WALL : of the commit; WALL 0, or what an implausible clock says */
	IPC_REPLY,
};

enum ipc_tag {
	IPC_ERROR = 1, /* struct pki_err */
	IPC_BYTES, /* a certificate, CRL, note, CMS, order, content */
	IPC_NUMBER, /* 8 octets, big-endian */
	IPC_STRUCT, /* a struct of a header shared by both processes; in replies only */
};

/* A CRL entry: length of the serial (1), serial (20, padded with zeros), revocation time
 * (8), reason (1), partition (2). */
#define IPC_REVOKED_SIZE 32

/* ipc_begin drops the content of buf and starts a frame in buf; ipc_put... add fields;
 * ipc_send sends the frame. */
enum pki_status ipc_begin(
	struct pki_buf *buf, enum ipc_type type, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_put(struct pki_buf *buf, enum ipc_tag tag, const void *data,
	size_t len, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_put_number(
	struct pki_buf *buf, uint64_t number, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_put_proof(struct pki_buf *buf, const struct pki_proof *proof,
	struct pki_err *err) PKI_MUST_CHECK;
/* Writes a CRL entry; an IPC_BYTES field holds several entries. */
void ipc_write_revoked(
	uint8_t out[static IPC_REVOKED_SIZE], const struct pki_revoked *revoked);
/* As put, without a copy: ipc_send_tail() sends *tail, the octets themselves, after
 * buf. */
enum pki_status ipc_put_tail(struct pki_buf *buf, struct pki_bytes data,
	struct pki_bytes *tail, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_send_tail(int fd, struct pki_buf *buf, struct pki_bytes tail,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_send(int fd, struct pki_buf *buf, struct pki_err *err) PKI_MUST_CHECK;

/* Receives a frame: the fields replace the content of buf. UNAVAILABLE at the end of the
 * stream, LIMIT above max octets, INPUT for a type outside enum ipc_type. */
enum pki_status ipc_receive(int fd, size_t max, struct pki_buf *buf, enum ipc_type *type,
	struct pki_err *err) PKI_MUST_CHECK;

/* Cuts the next field off the front of *rest. INPUT if the tag differs or the field is
 * broken. An ERROR field becomes the caller's error. */
enum pki_status ipc_get(struct pki_bytes *rest, enum ipc_tag tag, struct pki_bytes *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_get_number(
	struct pki_bytes *rest, uint64_t *out, struct pki_err *err) PKI_MUST_CHECK;
/* INPUT unless the time is from 1970 to 9999. */
enum pki_status ipc_get_time(
	struct pki_bytes *rest, pki_time *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_get_hash(
	struct pki_bytes *rest, struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;
/* INPUT above PKI_PROOF_MAX hashes. */
enum pki_status ipc_get_proof(struct pki_bytes *rest, struct pki_proof *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* INPUT unless the field has 1 to IPC_ENTRIES_MAX whole entries. *out: all octets. */
enum pki_status ipc_get_entries(struct pki_bytes *rest, struct pki_bytes *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Cuts the next entry off the front of *entries. INPUT unless the serial is a serial
 * number (RFC 5280 4.1.2.2), the time from 1970 to 9999, and the reason in enum
 * pki_reason. */
enum pki_status ipc_next_entry(struct pki_bytes *entries, struct pki_revoked *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* For replies: copies; INPUT unless the field has exactly this size. */
enum pki_status ipc_get_struct(struct pki_bytes *rest, void *out, size_t size,
	struct pki_err *err) PKI_MUST_CHECK;
/* INPUT if fields are left over. */
enum pki_status ipc_end(struct pki_bytes rest, struct pki_err *err) PKI_MUST_CHECK;

#endif
