#include "ca/signer/revoked_set.h"

#include <string.h>

void
roll_free(struct roll *roll)
{
	free(roll->items);
	*roll = (struct roll){ 0 };
}

/* Room for more, and, as they come one by one, some to spare. */
static enum pki_status
reserve(struct roll *roll, size_t more, struct pki_err *err)
{
	size_t count = roll->count + more;
	if (count <= roll->cap)
		return PKI_OK;
	size_t cap = roll->count + roll->count / 8 > count ? roll->count + roll->count / 8
							   : count;
	struct pki_revoked *items = reallocarray(roll->items, cap, sizeof *items);
	if (items == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu revocations", count);
	roll->items = items;
	roll->cap = cap;
	return PKI_OK;
}

enum pki_status
roll_append(struct roll *roll, const void *items, size_t count, struct pki_err *err)
{
	if (count == 0)
		return PKI_OK;
	PKI_TRY(reserve(roll, count, err));
	memcpy(roll->items + roll->count, items, count * sizeof *roll->items);
	roll->count += count;
	return PKI_OK;
}

enum pki_status
roll_move(struct roll *roll, struct roll *from, struct pki_err *err)
{
	if (roll->count != 0) {
		PKI_TRY(roll_append(roll, from->items, from->count, err));
		roll_free(from);
		return PKI_OK;
	}
	roll_free(roll);
	*roll = *from;
	*from = (struct roll){ 0 };
	return PKI_OK;
}

static int
by_serial(const void *a, const void *b)
{
	const struct pki_revoked *ra = a, *rb = b;
	return pki_serial_compare(&ra->serial, &rb->serial);
}

void
roll_sort(struct roll *roll)
{
	if (roll->count != 0)
		qsort(roll->items, roll->count, sizeof *roll->items, by_serial);
}

/* Strides that double, then halves: near ones are found soon, far ones too. */
size_t
roll_seek(const struct roll *roll, size_t from, const struct pki_serial *serial)
{
	size_t low = from, high = from;
	for (size_t stride = 1; high < roll->count &&
				pki_serial_compare(&roll->items[high].serial, serial) < 0;
		stride *= 2) {
		low = high + 1;
		high += stride;
	}
	if (high > roll->count)
		high = roll->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pki_serial_compare(&roll->items[middle].serial, serial) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_at(const struct roll *roll, size_t i, const struct pki_serial *serial)
{
	return i < roll->count && pki_serial_compare(&roll->items[i].serial, serial) == 0;
}

struct pki_revoked *
roll_find(const struct roll *roll, const struct pki_serial *serial)
{
	size_t i = roll_seek(roll, 0, serial);
	return is_at(roll, i, serial) ? &roll->items[i] : NULL;
}

enum pki_status
roll_add(struct roll *roll, const struct roll *more, struct pki_err *err)
{
	if (more->count == 0)
		return PKI_OK;
	PKI_TRY(reserve(roll, more->count, err));
	struct pki_revoked *items = roll->items;
	size_t end = roll->count;
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
	roll->count += more->count;
	return PKI_OK;
}

void
roll_remove(struct roll *roll, const struct roll *less)
{
	struct pki_revoked *items = roll->items;
	size_t kept = 0, from = 0;
	for (size_t i = 0; i <= less->count; i++) {
		size_t to = i < less->count
				    ? roll_seek(roll, from, &less->items[i].serial)
				    : roll->count;
		if (kept != from)
			memmove(&items[kept], &items[from], (to - from) * sizeof *items);
		kept += to - from;
		from = i < less->count && is_at(roll, to, &less->items[i].serial) ? to + 1
										  : to;
	}
	roll->count = kept;
}
