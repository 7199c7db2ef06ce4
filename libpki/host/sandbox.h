/*
 * Rights that a process gives up after opening its files. seccomp (libseccomp) everywhere,
 * Landlock where the kernel supports Landlock; a call outside the list ends the process.
 * No-new-privileges, no core dumps.
 */
#ifndef LIBPKI_HOST_SANDBOX_H
#define LIBPKI_HOST_SANDBOX_H

#include "libpki/base/err.h"

enum pki_sandbox {
	PKI_SANDBOX_SIGNER, /* reads and writes open descriptors, memory, time, random, exit */
	PKI_SANDBOX_SERVER, /* + threads, existing sockets, accept, files below the folders; no
	 * exec, no new listening address, no ptrace, no mount */
	PKI_SANDBOX_CLIENT, /* + connections to hosts by name; so /etc can be read */
};

/* Before the first thread starts. writable, readable: NULL-terminated folders for Landlock;
 * NULL: none. */
enum pki_status pki_sandbox_enter(enum pki_sandbox kind, const char *const *writable,
	const char *const *readable, struct pki_err *err) PKI_MUST_CHECK;
/* For `status`: the rights in force, "seccomp+landlock". */
const char *pki_sandbox_text(void);

#endif
