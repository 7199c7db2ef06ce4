#include "crl/sample.h"

#include "libpki/base/file.h"

/* splitmix64: to choose, not to hide. */
uint64_t
sample_random(struct sample *sample, uint64_t limit)
{
	uint64_t z = sample->seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % limit;
}

enum pki_status
sample_begin(struct sample *sample, struct pki_err *err)
{
	*sample = (struct sample){ .count = 0 };
	return pki_random(&sample->seed, sizeof sample->seed, err);
}

void
sample_add(struct sample *sample, const struct pki_revoked *entry)
{
	size_t i = sample->count;
	if (i == SAMPLE_FRESH)
		i = sample_random(sample, sample->seen + 1);
	else
		sample->count++;
	sample->seen++;
	if (i < SAMPLE_FRESH)
		sample->entries[i] = *entry;
}

enum pki_status
sample_add_crl(struct sample *sample, const struct pki_crl *crl, struct pki_err *err)
{
	size_t entries = pki_crl_count(crl);
	size_t count = entries < SAMPLE_OTHERS ? entries : SAMPLE_OTHERS;
	for (size_t i = 0; i < count; i++) {
		size_t at = count < SAMPLE_OTHERS ? i : sample_random(sample, entries);
		PKI_TRY(pki_crl_entry(crl, at, &sample->entries[sample->count], err));
		sample->count++;
	}
	return PKI_OK;
}
