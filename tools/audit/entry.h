/* Log entries as JSON; log(5) gives their members. */
#ifndef TOOLS_AUDIT_ENTRY_H
#define TOOLS_AUDIT_ENTRY_H

#include "libpki/state/ledger.h"

#include <jansson.h>

/* NULL if the entry is missing or is no JSON. */
json_t *entry_read(struct pki_ledger *ledger, uint64_t index);
/* A text member of an entry or of its detail; "" if the member is absent or no text. */
const char *entry_text(const json_t *object, const char *name);
/* An integer member; 0 if the member is absent or no integer. */
json_int_t entry_number(const json_t *object, const char *name);
/* Is the text an item of the list? */
bool entry_list_has(const json_t *list, const char *text);
/* "log entry 12", the name of an entry in findings */
#define ENTRY_OBJECT 40
void entry_object(uint64_t index, char out[ENTRY_OBJECT]);

#endif
