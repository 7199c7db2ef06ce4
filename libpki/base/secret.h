/* Passphrases: from a descriptor, a file or a prompt, never from the command line. */
#ifndef LIBPKI_BASE_SECRET_H
#define LIBPKI_BASE_SECRET_H

#include "libpki/base/mem.h"

/* A longer line is more likely a wrong file than a careful person's passphrase. */
#define PKI_SECRET_MAX 1024

/*
 * source: "fd:N" (one line from descriptor N, which is then closed), "file:PATH" (the first
 * line; CONFIG if the file's mode lets anyone else read or write it), "prompt" (the terminal,
 * echo off). Appends the line without its newline; free out with pki_buf_cleanse(). label names
 * the passphrase in the prompt and in errors.
 */
enum pki_status pki_secret_read(const char *source, const char *label,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
