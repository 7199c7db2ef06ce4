#include "tools/audit/verify/revoked.h"

#include <stdlib.h>
#include <string.h>

enum pki_status
revoked_add(struct revoked *revoked, const struct revocation *one, struct pki_err *err)
{
	if (revoked->count == revoked->room) {
		size_t room = revoked->room == 0 ? 64 : revoked->room * 2;
		struct revocation *all =
			room <= UINT32_MAX ? reallocarray(revoked->all, room, sizeof *all)
					   : NULL;
		if (all == NULL)
			return pki_fail(err, PKI_MEMORY, "%zu revocations", room);
		revoked->all = all;
		revoked->room = room;
	}
	revoked->all[revoked->count++] = *one;
	return PKI_OK;
}

static bool
in_partition(const struct revoked *revoked, size_t i)
{
	unsigned k = revoked->all[i].partition;
	return k >= 1 && k <= revoked->partitions;
}

enum pki_status
revoked_ready(struct revoked *revoked, unsigned partitions, struct pki_err *err)
{
	revoked->partitions = partitions;
	revoked->start = calloc(partitions + (size_t)3, sizeof *revoked->start);
	revoked->members = calloc(revoked->count + 1, sizeof *revoked->members);
	if (revoked->start == NULL || revoked->members == NULL)
		return pki_fail(err, PKI_MEMORY, "%u lists", partitions);
	/* counted one index ahead, so start[] is right after the loop below */
	for (size_t i = 0; i < revoked->count; i++)
		if (in_partition(revoked, i))
			revoked->start[revoked->all[i].partition + 2]++;
	for (size_t k = 2; k < partitions + (size_t)3; k++)
		revoked->start[k] += revoked->start[k - 1];
	for (size_t i = 0; i < revoked->count; i++)
		if (in_partition(revoked, i))
			revoked->members[revoked->start[revoked->all[i].partition +
							1]++] = (uint32_t)i;
	return PKI_OK;
}

void
revoked_free(struct revoked *revoked)
{
	free(revoked->all);
	free(revoked->start);
	free(revoked->members);
	free(revoked->by_serial);
}

static int
by_serial(const void *x, const void *y, void *all)
{
	const struct revocation *revocations = all;
	const uint32_t *a = x, *b = y;
	return pki_serial_compare(&revocations[*a].serial, &revocations[*b].serial);
}

static void
sort_all(struct revoked *revoked)
{
	revoked->by_serial = calloc(revoked->count + 1, sizeof *revoked->by_serial);
	if (revoked->by_serial == NULL)
		return;
	for (size_t i = 0; i < revoked->count; i++)
		revoked->by_serial[i] = (uint32_t)i;
	qsort_r(revoked->by_serial, revoked->count, sizeof *revoked->by_serial, by_serial,
		revoked->all);
}

const struct revocation *
revoked_find(struct revoked *revoked, const struct pki_serial *serial)
{
	size_t low = 0, high = revoked->count;
	if (revoked->by_serial == NULL)
		sort_all(revoked);
	while (revoked->by_serial != NULL && low < high) {
		size_t middle = low + (high - low) / 2;
		const struct revocation *at = &revoked->all[revoked->by_serial[middle]];
		int order = pki_serial_compare(&at->serial, serial);
		if (order == 0)
			return at;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The number of a CRL's possible entries; the full CRL has all revocations. */
static size_t
member_count(const struct revoked *revoked, unsigned partition)
{
	return partition == 0 ? revoked->count
			      : revoked->start[partition + 1] - revoked->start[partition];
}

static uint32_t
member(const struct revoked *revoked, unsigned partition, size_t i)
{
	return partition == 0 ? (uint32_t)i
			      : revoked->members[revoked->start[partition] + i];
}

/* The entries which the CRL must list in addition to the CRL before, by serial. */
static size_t
take_new(struct expected *list, const struct revoked *revoked, unsigned partition,
	uint32_t *out)
{
	size_t count = 0, end = member_count(revoked, partition);
	for (; list->next < end; list->next++) {
		uint32_t at = member(revoked, partition, list->next);
		if (at + (uint64_t)1 > list->revocations)
			break;
		if (revoked->all[at].not_after >= list->cutoff)
			out[count++] = at;
	}
	qsort_r(out, count, sizeof *out, by_serial, revoked->all);
	return count;
}

/* Merge two lists sorted by serial; drop expired entries. */
static void
merge(struct expected *list, const struct revoked *revoked, const uint32_t *new,
	size_t new_count, uint32_t *out)
{
	size_t count = 0, n = 0;
	for (size_t i = 0; i < list->count; i++) {
		uint32_t old = list->live[i];
		if (revoked->all[old].not_after < list->cutoff)
			continue;
		while (n < new_count && by_serial(&new[n], &old, revoked->all) < 0)
			out[count++] = new[n++];
		out[count++] = old;
	}
	while (n < new_count)
		out[count++] = new[n++];
	free(list->live);
	list->live = out;
	list->count = count;
}

enum pki_status
expected_forward(struct expected *list, const struct revoked *revoked, unsigned partition,
	uint64_t revocations, pki_time cutoff, struct pki_err *err)
{
	if (revocations < list->revocations || cutoff < list->cutoff)
		list->count = list->next = list->revocations = 0;
	uint64_t most = member_count(revoked, partition) - list->next;
	if (revocations - list->revocations < most)
		most = revocations - list->revocations;
	list->revocations = revocations;
	list->cutoff = cutoff;
	uint32_t *new = calloc(most + 1, sizeof *new);
	size_t count = new != NULL ? take_new(list, revoked, partition, new) : 0;
	uint32_t *live = calloc(list->count + count + 1, sizeof *live);
	if (new == NULL || live == NULL) {
		free(new);
		free(live);
		return pki_fail(err, PKI_MEMORY, "a list of %zu", list->count);
	}
	merge(list, revoked, new, count, live);
	free(new);
	return PKI_OK;
}

void
expected_free(struct expected *list)
{
	free(list->live);
}
