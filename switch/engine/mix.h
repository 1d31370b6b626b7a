/* Adding voices: what each member of a conference hears is the sum of the others, never louder than a sample can be.
 *
 * Pure functions on 10 ms frames of one rate; the room says who hears whom. */
#ifndef SWITCH_ENGINE_MIX_H
#define SWITCH_ENGINE_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MIX_UNITY = 1 << 12, /* gains are in this unit */
    /* At most 12 dB up or down: a whisper must not become the room's noise. */
    MIX_LEVEL_GAIN_MAX = MIX_UNITY * 4,
    MIX_LEVEL_GAIN_MIN = MIX_UNITY / 4,
};

/* Turns sums down that are too loud: at once when one comes, back within 200 ms. All zeros is a fresh one. */
struct mix_limiter {
    int32_t reduction; /* below unity */
};

/* Brings a member's voice towards the level of the others, slowly and only while it speaks. All zeros is a fresh one. */
struct mix_level {
    int32_t mean;  /* magnitude of what was speech lately; 0: nothing yet */
    int32_t shift; /* of the gain, from unity */
};

/* Changes one member's frame in place. */
void mix_level(struct mix_level *level, int16_t *samples, size_t count);

/* sum += samples. */
void mix_add(int32_t *sum, const int16_t *samples, size_t count);

/* out = sum - own, limited. `own` NULL: the whole sum. */
void mix_take(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own, int16_t *out, size_t count);

#endif
