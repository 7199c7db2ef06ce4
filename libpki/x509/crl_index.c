#include <string.h>

#include "libpki/x509/crl_priv.h"

/* Five bits of 32 for the length: PKI_SERIAL_MAX is 20 */
#define LENGTH_SHIFT 27

/* The length of a serial and its first bits: for the order of most pairs, the prefix decides. */
static uint64_t
prefix(struct pki_bytes serial)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < sizeof(uint32_t); i++)
		bits = bits << 8 | (i < serial.len ? serial.data[i] : 0);
	return (uint64_t)serial.len << LENGTH_SHIFT | bits >> (32 - LENGTH_SHIFT);
}

/* As pki_serial_compare(). */
static int
compare(struct pki_bytes a, struct pki_bytes b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.data, b.data, a.len);
}

static struct pki_bytes
serial_of(const struct pki_crl_index *index, uint64_t key)
{
	return index->serial(index->base, (uint32_t)key);
}

static int
by_serial(const void *a, const void *b, void *index)
{
	uint64_t ka = *(const uint64_t *)a, kb = *(const uint64_t *)b;
	if (ka >> 32 != kb >> 32)
		return ka < kb ? -1 : 1;
	return compare(serial_of(index, ka), serial_of(index, kb));
}

enum pki_status
pki_crl_index_reserve(struct pki_crl_index *index, size_t max, struct pki_err *err)
{
	index->keys = reallocarray(NULL, max, sizeof *index->keys);
	return index->keys != NULL
		       ? PKI_OK
		       : pki_fail(err, PKI_MEMORY, "a CRL of %zu entries", max);
}

void
pki_crl_index_add(struct pki_crl_index *index, uint32_t place)
{
	index->keys[index->count++] = prefix(index->serial(index->base, place)) << 32 |
				      place;
}

/* The first key not above the key before; count if all keys ascend. */
static size_t
first_descent(struct pki_crl_index *index)
{
	size_t i = 1;
	while (i < index->count &&
		by_serial(&index->keys[i - 1], &index->keys[i], index) < 0)
		i++;
	return i;
}

enum pki_status
pki_crl_index_sort(struct pki_crl_index *index, struct pki_err *err)
{
	/* CRLs of this suite are sorted already */
	if (first_descent(index) < index->count)
		qsort_r(index->keys, index->count, sizeof *index->keys, by_serial, index);
	size_t i = first_descent(index);
	if (i >= index->count)
		return PKI_OK;
	struct pki_bytes twice = serial_of(index, index->keys[i]);
	struct pki_serial serial = { .len = twice.len };
	char text[PKI_SERIAL_TEXT];
	memcpy(serial.octets, twice.data, twice.len);
	pki_serial_text(&serial, text);
	return pki_refuse(err, PKI_RULE_CRL_SERIAL, "serial %s is listed twice", text);
}

uint32_t
pki_crl_index_place(const struct pki_crl_index *index, size_t i)
{
	return (uint32_t)index->keys[i];
}

bool
pki_crl_index_find(
	const struct pki_crl_index *index, struct pki_bytes serial, uint32_t *place)
{
	uint64_t wanted = prefix(serial);
	for (size_t low = 0, high = index->count; low < high;) {
		size_t middle = low + (high - low) / 2;
		uint64_t key = index->keys[middle];
		int order = wanted < key >> 32   ? -1
			    : wanted > key >> 32 ? 1
						 : compare(serial, serial_of(index, key));
		if (order == 0) {
			*place = (uint32_t)key;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

void
pki_crl_index_free(struct pki_crl_index *index)
{
	free(index->keys);
	index->keys = NULL;
	index->count = 0;
}
