#include "bits.h"

/* Every server of these years counts bits in one instruction, and takes four words at a time; a build
   for any machine may not assume it. So the loader chooses, where it knows how. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&                  \
    !defined(__SANITIZE_ADDRESS__)
#define FITTED __attribute__((target_clones("avx2", "default")))
#else
#define FITTED
#endif

FITTED size_t bits_count_both(const uint64_t *a, const uint64_t *b, size_t words)
{
    size_t count = 0;
    for (size_t i = 0; i < words; i++)
        count += (size_t)__builtin_popcountll(a[i] & b[i]);
    return count;
}

FITTED size_t bits_both(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words)
{
    size_t count = 0;
    for (size_t i = 0; i < words; i++) {
        out[i] = a[i] & b[i];
        count += (size_t)__builtin_popcountll(out[i]);
    }
    return count;
}

FITTED size_t bits_without(uint64_t *a, const uint64_t *b, size_t words)
{
    size_t count = 0;
    for (size_t i = 0; i < words; i++) {
        count += (size_t)__builtin_popcountll(a[i] & b[i]);
        a[i] &= ~b[i];
    }
    return count;
}
