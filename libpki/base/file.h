/*
 * Files: whole reads with a limit, atomic publication.
 * EINTR and short writes are dealt with here.
 */
#ifndef LIBPKI_BASE_FILE_H
#define LIBPKI_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "libpki/base/mem.h"

/* The largest file on a command line: CSR, order, evidence list, policy. */
#define PKI_FILE_MAX ((size_t)1 << 20)
/* Appends the whole file to out. IO if it cannot be read, LIMIT above max. "-" is stdin;
 * a FIFO without a writer is empty. */
enum pki_status pki_file_read(const char *path, size_t max, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * Publish: temporary file in the same folder, write, fsync, rename over path, fsync of the
 * folder. Readers see either the old bytes or the new bytes, also after a power cut.
 */
enum pki_status pki_file_publish(const char *path, const void *data, size_t len,
	mode_t mode, struct pki_err *err) PKI_MUST_CHECK;

/* As publish, but STATE if path exists: for keys and other files without a second copy. */
enum pki_status pki_file_create(const char *path, const void *data, size_t len,
	mode_t mode, struct pki_err *err) PKI_MUST_CHECK;

/* mkdir -p; new folders get mode. */
enum pki_status pki_file_mkdirs(
	const char *path, mode_t mode, struct pki_err *err) PKI_MUST_CHECK;

bool pki_file_exists(const char *path);
/* Does the file hold exactly these octets? Reads in pieces, for large public files. */
bool pki_file_holds(const char *path, struct pki_bytes want);

/* Removes the temporary files that interrupted publications left in the folder and below,
 * if the files are older than PKI_FILE_LITTER_SECONDS: a younger file may still be
 * written. Failures are left for the next time. */
#define PKI_FILE_LITTER_SECONDS 3600
void pki_file_sweep(const char *dir);

/* For errors: EACCES and EPERM give "; DIR belongs to user A, and this process runs as user
 * B; ...", other errors and folders of this process's user give "". DIR is path's folder. */
#define PKI_FILE_OWNER_TEXT 320
const char *pki_file_owner(
	const char *path, int errnum, char out[static PKI_FILE_OWNER_TEXT]);

/* All of data to fd; UNAVAILABLE if nobody reads, FULL at a limit on the size of files. */
enum pki_status pki_fd_write(
	int fd, const void *data, size_t len, struct pki_err *err) PKI_MUST_CHECK;
/* Exactly len bytes; UNAVAILABLE at end of file before them. */
enum pki_status pki_fd_read(
	int fd, void *data, size_t len, struct pki_err *err) PKI_MUST_CHECK;

#endif
