#include "tests/bench/common/hist.h"

/* Below 2^SUB_BITS each value has its own range; above, each power of two has 2^SUB_BITS.
 */
static unsigned
range_of(uint64_t value)
{
	if (value >> HIST_SUB_BITS == 0)
		return (unsigned)value;
	unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HIST_SUB_BITS;
	return (shift + 1) * (1u << HIST_SUB_BITS) +
	       (unsigned)(value >> shift & ((1u << HIST_SUB_BITS) - 1));
}

static uint64_t
highest_in(unsigned range)
{
	unsigned power = range >> HIST_SUB_BITS,
		 sub = range & ((1u << HIST_SUB_BITS) - 1);
	if (power == 0)
		return sub;
	unsigned shift = power - 1;
	return (((uint64_t)sub + (1u << HIST_SUB_BITS) + 1) << shift) - 1;
}

void
hist_add(struct hist *hist, uint64_t nsec)
{
	hist->counts[range_of(nsec)]++;
	hist->total++;
	if (nsec > hist->max)
		hist->max = nsec;
}

void
hist_merge(struct hist *hist, const struct hist *other)
{
	for (unsigned i = 0; i < HIST_RANGES; i++)
		hist->counts[i] += other->counts[i];
	hist->total += other->total;
	if (other->max > hist->max)
		hist->max = other->max;
}

uint64_t
hist_quantile(const struct hist *hist, double share)
{
	uint64_t seen = 0;
	for (unsigned i = 0; i < HIST_RANGES && hist->total != 0; i++) {
		seen += hist->counts[i];
		if (seen != 0 && (double)seen >= share * (double)hist->total)
			return highest_in(i) < hist->max ? highest_in(i) : hist->max;
	}
	return 0;
}
