#include "rates.h"

static const uint32_t HERTZ[RATES] = {8000, 16000, 48000};

static int index_of(uint32_t hz)
{
    return hz == HERTZ[0] ? 0 : hz == HERTZ[1] ? 1 : 2;
}

void rates_init(struct rates *rates)
{
    for (int from = 0; from < RATES; from++)
        for (int to = 0; to < RATES; to++)
            resampler_init(&rates->fresh[from][to], HERTZ[from], HERTZ[to]);
}

const int16_t *rate_change(const struct rates *rates, struct rate_changer *changer, uint32_t from_hz, uint32_t to_hz,
                           const int16_t *samples, int16_t *out)
{
    if (from_hz == to_hz)
        return samples;
    if (changer->from_hz != from_hz || changer->to_hz != to_hz) {
        changer->from_hz = from_hz;
        changer->to_hz = to_hz;
        changer->resampler = rates->fresh[index_of(from_hz)][index_of(to_hz)];
    }
    resample(&changer->resampler, samples, from_hz / 100, out);
    return out;
}
