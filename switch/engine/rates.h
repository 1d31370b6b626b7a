/* Frames of 10 ms from one rate to another, for whoever learns the rates only at the tick.
 *
 * To make a filter takes too long for the packet path; so all that there can be are made with the engine, and a
 * stream that needs one takes a copy. */
#ifndef SWITCH_ENGINE_RATES_H
#define SWITCH_ENGINE_RATES_H

#include "codecs.h"

enum { RATES = 3, RATE_FRAME_MAX = CODEC_RATE_HZ_MAX / 100 };

struct rates {
    struct resampler fresh[RATES][RATES];
};

/* One stream of frames on its way from one rate to another. All zeros is a fresh one. */
struct rate_changer {
    uint32_t from_hz, to_hz;
    struct resampler resampler;
};

void rates_init(struct rates *rates);

/* 10 ms at `from_hz` become 10 ms at `to_hz`, each 8000, 16000 or 48000. Returns `samples` itself where they are the same,
 * else `out`, which has RATE_FRAME_MAX. Other rates than in the call before begin anew. */
const int16_t *rate_change(const struct rates *rates, struct rate_changer *changer, uint32_t from_hz, uint32_t to_hz,
                           const int16_t *samples, int16_t *out);

#endif
