#include "tests/unit/common/json_memory.h"

#include <jansson.h>
#include <stdlib.h>

struct json_memory json_memory;

static void *
counted_malloc(size_t size)
{
	if (json_memory.left-- == 0) {
		json_memory.failed = true;
		return NULL;
	}
	json_memory.blocks++;
	return malloc(size);
}

static void
counted_free(void *p)
{
	if (p != NULL)
		json_memory.blocks--;
	free(p);
}

void
json_memory_use(void)
{
	json_memory = (struct json_memory){ .left = -1 };
	json_set_alloc_funcs(counted_malloc, counted_free);
}

void
json_memory_restore(void)
{
	json_set_alloc_funcs(malloc, free);
}
