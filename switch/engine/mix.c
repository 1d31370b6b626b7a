#include "mix.h"

#include <string.h>

enum {
    SAMPLES_MAX = 480,
    LIMIT = INT16_MAX,
    /* The gain moves within this many samples, so that no step is heard. */
    RAMP = 16,
    /* Of the reduction, given back each frame: 200 ms to a third. */
    RELEASE_SHARE = 20,

    /* Mean magnitude: what counts as speech (-41 dBFS), and where everybody is brought (-23 dBFS). */
    SPEECH = 290,
    TARGET = 2300,
    /* The mean follows speech within two thirds of a second, the gain by half a decibel in ten frames. */
    MEAN_SHARE = 64,
    STEP = MIX_UNITY / 160,
};

static int16_t saturate(int32_t value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static int32_t peak_of(const int32_t *samples, size_t count)
{
    int32_t peak = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t magnitude = samples[i] < 0 ? -samples[i] : samples[i];
        peak = magnitude > peak ? magnitude : peak;
    }
    return peak;
}

void mix_add(int32_t *sum, const int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += samples[i];
}

void mix_take(struct mix_limiter *limiter, const int32_t *sum, const int16_t *own, int16_t *out, size_t count)
{
    int32_t heard[SAMPLES_MAX];
    for (size_t i = 0; i < count; i++)
        heard[i] = own == NULL ? sum[i] : sum[i] - own[i];
    int32_t before = MIX_UNITY - limiter->reduction, peak = peak_of(heard, count);
    limiter->reduction -= limiter->reduction / RELEASE_SHARE + (limiter->reduction > 0);
    int64_t loudest = (int64_t)peak * (MIX_UNITY - limiter->reduction) / MIX_UNITY;
    if (loudest > LIMIT)
        limiter->reduction = MIX_UNITY - (int32_t)((int64_t)LIMIT * MIX_UNITY / peak);
    int32_t after = MIX_UNITY - limiter->reduction;
    if (before == MIX_UNITY && after == MIX_UNITY) {
        for (size_t i = 0; i < count; i++)
            out[i] = (int16_t)heard[i];
        return;
    }
    for (size_t i = 0; i < count; i++) {
        int32_t gain = i < RAMP ? before + (after - before) * (int32_t)i / RAMP : after;
        out[i] = saturate((int32_t)((int64_t)heard[i] * gain / MIX_UNITY));
    }
}

static int32_t mean_of(const int16_t *samples, size_t count)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += samples[i] < 0 ? -samples[i] : samples[i];
    return count == 0 ? 0 : sum / (int32_t)count;
}

/* Where the gain should be, from unity, for speech of this level. */
static int32_t wanted_shift(int32_t mean)
{
    int32_t gain = mean == 0 ? MIX_UNITY : (int32_t)((int64_t)TARGET * MIX_UNITY / mean);
    gain = gain > MIX_LEVEL_GAIN_MAX ? MIX_LEVEL_GAIN_MAX : gain < MIX_LEVEL_GAIN_MIN ? MIX_LEVEL_GAIN_MIN : gain;
    return gain - MIX_UNITY;
}

void mix_level(struct mix_level *level, int16_t *samples, size_t count)
{
    int32_t before = MIX_UNITY + level->shift, mean = mean_of(samples, count);
    if (mean >= SPEECH) {
        level->mean = level->mean == 0 ? mean : level->mean + (mean - level->mean) / MEAN_SHARE;
        int32_t away = wanted_shift(level->mean) - level->shift;
        level->shift += away > STEP ? STEP : away < -STEP ? -STEP : away;
    }
    int32_t after = MIX_UNITY + level->shift;
    if (before == MIX_UNITY && after == MIX_UNITY)
        return;
    for (size_t i = 0; i < count; i++) {
        int32_t gain = before + (after - before) * (int32_t)i / (int32_t)count;
        samples[i] = saturate(samples[i] * gain / MIX_UNITY);
    }
}
