/*
 * Memory: a growing byte buffer and scope cleanup. Free functions take NULL and are safe on
 * a zeroed struct. A struct pki_buf starts as {0}.
 */
#ifndef LIBPKI_BASE_MEM_H
#define LIBPKI_BASE_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "libpki/base/err.h"

/* PKI_CLEANUP(pki_buf_free) struct pki_buf b = {0};  f takes a pointer to the variable. */
#define PKI_CLEANUP(f) __attribute__((cleanup(f)))

struct pki_buf {
	uint8_t *
		data; /* always followed by a NUL that len does not count, once not NULL */
	size_t len;
	size_t cap;
};

/* A view of somebody else's bytes. */
struct pki_bytes {
	const uint8_t *data;
	size_t len;
};

enum pki_status pki_buf_append(struct pki_buf *buf, const void *data, size_t len,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_buf_printf(struct pki_buf *buf, struct pki_err *err, const char *fmt,
	...) PKI_PRINTF(3, 4) PKI_MUST_CHECK;
/* Make room for len more bytes. */
enum pki_status pki_buf_reserve(
	struct pki_buf *buf, size_t len, struct pki_err *err) PKI_MUST_CHECK;
/* Forget the content, keep the room. */
void pki_buf_reset(struct pki_buf *buf);
/* Free and zero; the second cleanses first (secrets). */
void pki_buf_free(struct pki_buf *buf);
void pki_buf_cleanse(struct pki_buf *buf);
struct pki_bytes pki_buf_bytes(const struct pki_buf *buf);

/* For PKI_CLEANUP on a char *, void *, FILE * or a file descriptor (-1: none). */
void pki_free_ptr(void *pointer_to_pointer);
void pki_close_fd(int *fd);
void pki_close_file(void *pointer_to_file);

/* Constant-time for equal lengths. */
bool pki_bytes_equal(const void *a, size_t alen, const void *b, size_t blen);

#define PKI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
