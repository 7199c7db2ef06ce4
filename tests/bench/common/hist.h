/* Latencies: how many fell into each of many ranges, each below one per cent wide. */
#ifndef TESTS_BENCH_HIST_H
#define TESTS_BENCH_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 7 /* each power of two in 128 ranges */
#define HIST_RANGES ((64 - HIST_SUB_BITS + 1) << HIST_SUB_BITS)

struct hist {
	uint64_t counts[HIST_RANGES];
	uint64_t total;
	uint64_t max;
};

void hist_add(struct hist *hist, uint64_t nsec);
void hist_merge(struct hist *hist, const struct hist *other);
/* share 0.99: the value that 99 % do not exceed; 0 if there is none. */
uint64_t hist_quantile(const struct hist *hist, double share);

#endif
