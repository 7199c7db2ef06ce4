/* The whole verification. */
#ifndef TOOLS_AUDIT_VERIFY_VERIFY_H
#define TOOLS_AUDIT_VERIFY_VERIFY_H

#include "tools/audit/audit.h"

/* a is open; counts and findings are in a afterwards. */
void verify_all(struct audit *a, const struct pki_args *args);

#endif
