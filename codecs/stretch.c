#include "stretch.h"

#include <assert.h>
#include <string.h>

enum {
    SEARCH_RATE_HZ = 8000,
    LAG_MIN = 20,  /* samples at 8000 Hz: 400 Hz, the highest voice */
    LAG_MAX = 80,  /* 100 Hz; of a lower voice half a period is found, or none that resembles */
    OVERLAP = 80,
    WEIGHT_ONE = 1 << 14,
};

/* How far the part at `lag` resembles the first part: their correlation in percent. What is silent resembles all. */
static int likeness(const int16_t *samples, int step, int lag)
{
    int64_t product = 0, first = 0, later = 0;
    for (int i = 0; i < OVERLAP * step; i += step) {
        int32_t left = samples[i], right = samples[i + lag * step];
        product += left * right;
        first += left * left;
        later += right * right;
    }
    if (first + later == 0)
        return 100;
    /* Twice the product over both energies: less than the correlation if one part is the louder, which would be heard. */
    return (int)(200 * product / (first + later));
}

/* In samples; 0 if no lag is good enough. The longest of equals, so that silence is cut by as much as can be. */
static size_t find_lag(const int16_t *samples, int step, int percent)
{
    int best = 0, best_likeness = percent - 1;
    for (int lag = LAG_MAX; lag >= LAG_MIN; lag--) {
        int found = likeness(samples, step, lag);
        if (found > best_likeness) {
            best_likeness = found;
            best = lag;
        }
    }
    return (size_t)(best * step);
}

/* Writes to `out` what begins as `from` and ends as `to`. `out` may be either. */
static void fade(const int16_t *from, const int16_t *to, int16_t *out, int count)
{
    for (int i = 0; i < count; i++) {
        int32_t weight = (2 * i + 1) * (WEIGHT_ONE / 2) / count;
        out[i] = (int16_t)((from[i] * (WEIGHT_ONE - weight) + to[i] * weight) / WEIGHT_ONE);
    }
}

size_t stretch_cut(int16_t *samples, size_t count, uint32_t rate_hz, int percent)
{
    int step = (int)(rate_hz / SEARCH_RATE_HZ);
    assert(count >= (size_t)rate_hz / 1000 * STRETCH_MS);
    size_t lag = find_lag(samples, step, percent), overlap = (size_t)(OVERLAP * step);
    if (lag == 0)
        return 0;
    fade(samples, samples + lag, samples, (int)overlap);
    memmove(samples + overlap, samples + overlap + lag, (count - overlap - lag) * sizeof *samples);
    return lag;
}

size_t stretch_fill(int16_t *samples, size_t count, uint32_t rate_hz, int percent)
{
    int step = (int)(rate_hz / SEARCH_RATE_HZ);
    assert(count >= (size_t)rate_hz / 1000 * STRETCH_MS);
    size_t lag = find_lag(samples, step, percent), overlap = (size_t)(OVERLAP * step);
    if (lag == 0)
        return 0;
    /* All of it a lag later, behind its first lag once more. What followed that, now at 2 * lag, fades into the
     * beginning. */
    memmove(samples + lag, samples, count * sizeof *samples);
    fade(samples + 2 * lag, samples + lag, samples + lag, (int)overlap);
    return lag;
}
