/*
 * Frames between front and signer, over a socket pair: type (1 octet), length of what follows
 * (4, big-endian), then fields: tag (1), length (4), octets. Each type fixes the order of its
 * fields. The signer reads them as strictly as anything from outside; its answers are the
 * same program's and carry whole structs.
 */
#ifndef CA_IPC_H
#define CA_IPC_H

#include "libpki/base/mem.h"

/* Requests in one frame: what one transaction takes at most. */
#define IPC_BATCH_MAX 64
/* A batch of the largest orders. */
#define IPC_REQUEST_MAX ((size_t)9 << 20)
/* A CRL of a million entries. */
#define IPC_REPLY_MAX ((size_t)64 << 20)
/* Entries of one CRL frame. */
#define IPC_ENTRIES_MAX 16384

enum ipc_type {
	IPC_DECIDE = 1, /* ORDER... -> per order FACTS INVITATION | ERROR */
	IPC_SIGN, /* MASK -> per order and certificate DER | ERROR */
	IPC_CUTOFF, /* -> TIME : a CRL begins; what expired before leaves the lists */
	IPC_ENTRIES, /* ENTRIES -> : revoked since, for the CRL that follows */
	IPC_EXPIRED, /* CERTIFICATE -> : revoked, expired, leaves with that CRL */
	IPC_CRL, /* PARTITION NUMBER THIS NEXT -> COUNT DER */
	IPC_CHECKPOINT, /* SIZE ROOT PROOF -> NOTE */
	IPC_FORGET, /* SIZE -> : the last transaction was not committed */
	IPC_COSIGNED, /* NOTE PROOF -> SIZES : what each witness cosigned, with this one */
	IPC_SEAL, /* CONTENT ENTRY -> CMS */
	IPC_REPLY,
};

enum ipc_tag {
	IPC_ERROR = 1, /* struct pki_err */
	IPC_BYTES, /* a certificate, CRL, note, CMS, order, content */
	IPC_NUMBER, /* 8 octets, big-endian */
	IPC_STRUCT, /* a struct that both sides know */
};

/* Start a frame in buf (what was there goes), add fields, send. */
enum pki_status ipc_begin(
	struct pki_buf *buf, enum ipc_type type, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_put(struct pki_buf *buf, enum ipc_tag tag, const void *data,
	size_t len, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_put_number(
	struct pki_buf *buf, uint64_t number, struct pki_err *err) PKI_MUST_CHECK;
/* As put, for octets that are sent from where they are: *tail, by ipc_send_tail(). */
enum pki_status ipc_put_tail(struct pki_buf *buf, struct pki_bytes data,
	struct pki_bytes *tail, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_send_tail(int fd, struct pki_buf *buf, struct pki_bytes tail,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_send(int fd, struct pki_buf *buf, struct pki_err *err) PKI_MUST_CHECK;

/* One frame's fields to buf (what was there goes). UNAVAILABLE at the end of the stream, LIMIT
 * above max octets, INPUT for a type that is not in the table. */
enum pki_status ipc_receive(int fd, size_t max, struct pki_buf *buf, enum ipc_type *type,
	struct pki_err *err) PKI_MUST_CHECK;

/* The next field, cut off from the front of *rest. INPUT if it is another one or broken. An
 * ERROR in its place becomes the caller's error. */
enum pki_status ipc_get(struct pki_bytes *rest, enum ipc_tag tag, struct pki_bytes *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ipc_get_number(
	struct pki_bytes *rest, uint64_t *out, struct pki_err *err) PKI_MUST_CHECK;
/* Copies; INPUT unless it has exactly that size. */
enum pki_status ipc_get_struct(struct pki_bytes *rest, void *out, size_t size,
	struct pki_err *err) PKI_MUST_CHECK;
/* INPUT if fields are left over. */
enum pki_status ipc_end(struct pki_bytes rest, struct pki_err *err) PKI_MUST_CHECK;

#endif
