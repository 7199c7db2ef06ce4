/* The public folder over HTTP, read-only. */
#ifndef CRL_WEB_H
#define CRL_WEB_H

#include "libpki/host/conf.h"

struct web;

/* Before the sandbox; then begin. */
enum pki_status web_listen(const struct pki_conf *conf, struct web **out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status web_begin(struct web *web, struct pki_err *err) PKI_MUST_CHECK;
void web_stop(struct web *web);
/* Opens a regular file below the folder dir; symbolic links on the way are not followed. False:
 * no such file. The caller owns *fd. */
bool web_open(int dir, const char *path, int *fd);
/* The media type of a file in the public folder, and how long caches keep the file. */
const char *web_type(const char *path);
const char *web_cache_control(const char *path);

#endif
