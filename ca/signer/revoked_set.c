#include "ca/signer/revoked_set.h"

#include <string.h>

void
revoked_set_free(struct revoked_set *set)
{
	free(set->items);
	*set = (struct revoked_set){ 0 };
}

/* Room for more, and, as they come one by one, some to spare. */
enum pki_status
revoked_set_reserve(struct revoked_set *set, size_t more, struct pki_err *err)
{
	size_t count = set->count + more;
	if (count <= set->cap)
		return PKI_OK;
	size_t cap = set->count + set->count / 8 > count ? set->count + set->count / 8
							 : count;
	struct pki_revoked *items = reallocarray(set->items, cap, sizeof *items);
	if (items == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu revocations", count);
	set->items = items;
	set->cap = cap;
	return PKI_OK;
}

enum pki_status
revoked_set_append(
	struct revoked_set *set, const void *items, size_t count, struct pki_err *err)
{
	if (count == 0)
		return PKI_OK;
	PKI_TRY(revoked_set_reserve(set, count, err));
	memcpy(set->items + set->count, items, count * sizeof *set->items);
	set->count += count;
	return PKI_OK;
}

enum pki_status
revoked_set_move(struct revoked_set *set, struct revoked_set *from, struct pki_err *err)
{
	if (set->count != 0) {
		PKI_TRY(revoked_set_append(set, from->items, from->count, err));
		revoked_set_free(from);
		return PKI_OK;
	}
	revoked_set_free(set);
	*set = *from;
	*from = (struct revoked_set){ 0 };
	return PKI_OK;
}

static int
by_serial(const void *a, const void *b)
{
	const struct pki_revoked *ra = a, *rb = b;
	return pki_serial_compare(&ra->serial, &rb->serial);
}

void
revoked_set_sort(struct revoked_set *set)
{
	if (set->count != 0)
		qsort(set->items, set->count, sizeof *set->items, by_serial);
}

/* Strides that double, then halves: near ones are found soon, far ones too. */
size_t
revoked_set_seek(
	const struct revoked_set *set, size_t from, const struct pki_serial *serial)
{
	size_t low = from, high = from;
	for (size_t stride = 1; high < set->count &&
				pki_serial_compare(&set->items[high].serial, serial) < 0;
		stride *= 2) {
		low = high + 1;
		high += stride;
	}
	if (high > set->count)
		high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pki_serial_compare(&set->items[middle].serial, serial) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
revoked_set_is_at(
	const struct revoked_set *set, size_t i, const struct pki_serial *serial)
{
	return i < set->count && pki_serial_compare(&set->items[i].serial, serial) == 0;
}

struct pki_revoked *
revoked_set_find(const struct revoked_set *set, const struct pki_serial *serial)
{
	size_t i = revoked_set_seek(set, 0, serial);
	return revoked_set_is_at(set, i, serial) ? &set->items[i] : NULL;
}

enum pki_status
revoked_set_add(
	struct revoked_set *set, const struct revoked_set *more, struct pki_err *err)
{
	if (more->count == 0)
		return PKI_OK;
	PKI_TRY(revoked_set_reserve(set, more->count, err));
	struct pki_revoked *items = set->items;
	size_t end = set->count;
	for (size_t left = more->count; left > 0; left--) {
		const struct pki_revoked *item = &more->items[left - 1];
		size_t low = 0, high = end;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (by_serial(&items[middle], item) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		memmove(&items[low + left], &items[low], (end - low) * sizeof *items);
		items[low + left - 1] = *item;
		end = low;
	}
	set->count += more->count;
	return PKI_OK;
}

void
revoked_set_remove(struct revoked_set *set, const struct revoked_set *less)
{
	struct pki_revoked *items = set->items;
	size_t kept = 0, from = 0;
	for (size_t i = 0; i <= less->count; i++) {
		size_t to = i < less->count
				    ? revoked_set_seek(set, from, &less->items[i].serial)
				    : set->count;
		if (kept != from)
			memmove(&items[kept], &items[from], (to - from) * sizeof *items);
		kept += to - from;
		from = i < less->count &&
				       revoked_set_is_at(set, to, &less->items[i].serial)
			       ? to + 1
			       : to;
	}
	set->count = kept;
}
