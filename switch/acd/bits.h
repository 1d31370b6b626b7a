/* Sets of small numbers as words of 64 bits: agents by slot, classes by slot. */
#ifndef ACD_BITS_H
#define ACD_BITS_H

#include <stddef.h>
#include <stdint.h>

#define WORD_BITS 64

static inline void bit_set(uint64_t *set, size_t i) { set[i / WORD_BITS] |= 1ull << (i % WORD_BITS); }
static inline void bit_clear(uint64_t *set, size_t i) { set[i / WORD_BITS] &= ~(1ull << (i % WORD_BITS)); }
static inline int bit_test(const uint64_t *set, size_t i) { return set[i / WORD_BITS] >> (i % WORD_BITS) & 1; }

/* How many are in both. */
size_t bits_count_both(const uint64_t *a, const uint64_t *b, size_t words);
/* `out` becomes what is in both; returns how many. */
size_t bits_both(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words);
/* What is in `b` leaves `a`; returns how many left. */
size_t bits_without(uint64_t *a, const uint64_t *b, size_t words);

#endif
