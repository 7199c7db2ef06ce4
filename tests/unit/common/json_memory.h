/* Jansson's memory in a test: one allocation fails, and blocks are counted. */
#ifndef TESTS_UNIT_JSON_MEMORY_H
#define TESTS_UNIT_JSON_MEMORY_H

#include <stdbool.h>

struct json_memory {
	long left; /* allocations until the one that fails; below 0: none fails */
	long blocks; /* allocated and not freed */
	bool failed;
};
extern struct json_memory json_memory;

/* From here on jansson allocates through json_memory; until json_memory_restore(). */
void json_memory_use(void);
void json_memory_restore(void);

#endif
