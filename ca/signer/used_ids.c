#include "ca/signer/used_ids.h"

#include <openssl/lhash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below this number nothing is swept. */
#define SWEEP_MIN 4096

struct used {
	char id[PKI_ID_TEXT];
	pki_msec until;
};

static unsigned long
hash(const void *item)
{
	return OPENSSL_LH_strhash(((const struct used *)item)->id);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct used *)a)->id, ((const struct used *)b)->id);
}

void
used_ids_free(struct used_ids *ids)
{
	OPENSSL_LH_doall(ids->table, free);
	OPENSSL_LH_free(ids->table);
	*ids = (struct used_ids){ 0 };
}

struct sweep {
	struct used_ids *ids;
	pki_msec now;
};

static void
sweep_one(void *item, void *arg)
{
	const struct sweep *sweep = arg;
	if (((const struct used *)item)->until < sweep->now)
		free(OPENSSL_LH_delete(sweep->ids->table, item));
}

static void
sweep(struct used_ids *ids, pki_msec now)
{
	struct sweep arg = { ids, now };
	unsigned long load = OPENSSL_LH_get_down_load(ids->table);
	/* lhash(3): the table must not shrink while a walk deletes */
	OPENSSL_LH_set_down_load(ids->table, 0);
	OPENSSL_LH_doall_arg(ids->table, sweep_one, &arg);
	OPENSSL_LH_set_down_load(ids->table, load);
	ids->sweep_at = 2 * OPENSSL_LH_num_items(ids->table);
	if (ids->sweep_at < SWEEP_MIN)
		ids->sweep_at = SWEEP_MIN;
}

enum pki_status
used_ids_add(struct used_ids *ids, const char *id, pki_msec until, pki_msec now,
	struct pki_err *err)
{
	if (ids->table == NULL) {
		ids->table = OPENSSL_LH_new(hash, compare);
		ids->sweep_at = SWEEP_MIN;
	}
	struct used *item = calloc(1, sizeof *item);
	if (ids->table == NULL || item == NULL) {
		free(item);
		return pki_fail(err, PKI_MEMORY, "the identifier of a used order");
	}
	snprintf(item->id, sizeof item->id, "%s", id);
	item->until = until;
	void *replaced = OPENSSL_LH_insert(ids->table, item);
	if (replaced == NULL && OPENSSL_LH_error(ids->table) != 0) {
		free(item);
		return pki_fail(err, PKI_MEMORY, "the identifier of a used order");
	}
	free(replaced);
	if (OPENSSL_LH_num_items(ids->table) >= ids->sweep_at)
		sweep(ids, now);
	return PKI_OK;
}

bool
used_ids_has(const struct used_ids *ids, const char *id)
{
	struct used want = { .until = 0 };
	if (ids->table == NULL)
		return false;
	snprintf(want.id, sizeof want.id, "%s", id);
	return OPENSSL_LH_retrieve(ids->table, &want) != NULL;
}

size_t
used_ids_count(const struct used_ids *ids)
{
	return ids->table == NULL ? 0 : OPENSSL_LH_num_items(ids->table);
}
