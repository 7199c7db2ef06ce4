/*
 * Files: whole reads with a limit, atomic publication, secrets from a descriptor or a prompt.
 * EINTR and short writes are dealt with here.
 */
#ifndef LIBPKI_BASE_FILE_H
#define LIBPKI_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "libpki/base/mem.h"

/* The largest file that a person hands over by name: CSR, order, evidence list, policy. */
#define PKI_FILE_MAX ((size_t)1 << 20)
/* A passphrase: longer is a wrong file rather than a careful person. */
#define PKI_SECRET_MAX 1024

/* Appends the whole file to out. IO if it cannot be read, LIMIT above max. "-" is stdin;
 * a FIFO without a writer is empty. */
enum pki_status pki_file_read(const char *path, size_t max, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * Publish: temporary file in the same folder, write, fsync, rename over path, fsync of the
 * folder. Readers see the old bytes or the new ones, also after a power cut.
 */
enum pki_status pki_file_publish(const char *path, const void *data, size_t len,
	mode_t mode, struct pki_err *err) PKI_MUST_CHECK;

/* As publish, but STATE if path exists: for keys and anything that must not be lost. */
enum pki_status pki_file_create(const char *path, const void *data, size_t len,
	mode_t mode, struct pki_err *err) PKI_MUST_CHECK;

/* mkdir -p; folders that it makes get mode. */
enum pki_status pki_file_mkdirs(
	const char *path, mode_t mode, struct pki_err *err) PKI_MUST_CHECK;

bool pki_file_exists(const char *path);

/* All of data to fd; UNAVAILABLE if nobody reads, FULL at a limit on the size of files. */
enum pki_status pki_fd_write(
	int fd, const void *data, size_t len, struct pki_err *err) PKI_MUST_CHECK;
/* Exactly len bytes; UNAVAILABLE at end of file before them. */
enum pki_status pki_fd_read(
	int fd, void *data, size_t len, struct pki_err *err) PKI_MUST_CHECK;

/*
 * A passphrase, never from the command line. source: "fd:N" (one line from descriptor N, which
 * is then closed), "file:PATH" (first line; CONFIG if its mode lets anyone else at it), "prompt"
 * (terminal, echo off). Appends the line without its newline; free out with
 * pki_buf_cleanse(). label names it in the prompt and in errors.
 */
enum pki_status pki_secret_read(const char *source, const char *label,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
