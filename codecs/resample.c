/* From one rate to another of 8000, 16000 and 48000 Hz, as the samples come.
 *
 * One low-pass filter of finite response at the higher of the two rates, a sinc under a Kaiser window. Upwards only
 * every F-th tap meets a sample that is not an inserted zero, so the filter is kept as F filters (phases); downwards only
 * every F-th output is computed. It passes up to 0.425 of the lower rate (3.4 kHz of 8) within 0.1 dB, and what could be
 * heard as something else, from 0.515 of it up (4.12 kHz), is 70 dB down; between them it falls, and only the last
 * 120 Hz below the half rate hear a mirror of what is just above. It delays by 24 samples of the lower rate. */
#include "codecs.h"

#include <math.h>
#include <string.h>

enum {
    TAPS_A_PHASE = RESAMPLER_TAPS_A_PHASE,
    LANES = 8,
    CHUNK = 480, /* samples converted at a time: 10 ms at the highest rate */
};

static const double PI = 3.14159265358979323846;
static const double CUTOFF = 0.47;      /* of the lower rate: the middle of the slope */
static const double KAISER_BETA = 6.76; /* 0.1102 (A - 8.7) for A = 70 dB */

/* Modified Bessel function of the first kind and order 0, by its series. */
static double bessel(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > sum * 1e-12; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

/* Tap `i` of `count`, for a low-pass at `cutoff` of the rate. */
static double tap(uint32_t i, uint32_t count, double cutoff)
{
    double middle = (count - 1) / 2.0;
    double from_middle = i - middle;
    double place = from_middle / (middle + 1);
    double window = bessel(KAISER_BETA * sqrt(1 - place * place)) / bessel(KAISER_BETA);
    double angle = 2 * PI * cutoff * from_middle;
    return 2 * cutoff * (fabs(angle) < 1e-9 ? 1 : sin(angle) / angle) * window;
}

/* The newest sample is the last of what a filter meets, so each phase is kept backwards. */
static void make_phases(struct resampler *resampler, uint32_t factor, uint32_t phases)
{
    uint32_t taps = resampler->taps, all = taps * phases;
    for (uint32_t phase = 0; phase < phases; phase++) {
        float *filter = resampler->filter + phase * taps;
        double sum = 0;
        for (uint32_t i = 0; i < taps; i++)
            sum += tap(i * phases + phase, all, CUTOFF / factor);
        /* Each phase alone passes a constant unchanged, so that silence with an offset gets no tone. */
        for (uint32_t i = 0; i < taps; i++)
            filter[taps - 1 - i] = (float)(tap(i * phases + phase, all, CUTOFF / factor) / sum);
    }
}

void resampler_init(struct resampler *resampler, uint32_t from_hz, uint32_t to_hz)
{
    memset(resampler, 0, sizeof *resampler);
    resampler->up = to_hz > from_hz ? to_hz / from_hz : 1;
    resampler->down = from_hz > to_hz ? from_hz / to_hz : 1;
    uint32_t factor = resampler->up * resampler->down;
    if (factor == 1)
        return;
    resampler->taps = TAPS_A_PHASE * resampler->down;
    make_phases(resampler, factor, resampler->up);
}

/* Both have a multiple of LANES samples. */
static float dot_product(const float *left, const float *right, size_t count)
{
    float sums[LANES] = {0};
    for (size_t i = 0; i < count; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += left[i + lane] * right[i + lane];
    }
    float sum = 0;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

static int16_t to_sample(float value)
{
    if (value >= INT16_MAX)
        return INT16_MAX;
    if (value <= INT16_MIN)
        return INT16_MIN;
    return (int16_t)lrintf(value);
}

/* `count` is at most CHUNK and a multiple of `down`. */
static size_t resample_chunk(struct resampler *resampler, const int16_t *samples, size_t count, int16_t *out)
{
    float heard[RESAMPLER_TAPS_MAX + CHUNK];
    size_t kept = resampler->taps - 1, made = 0;
    memcpy(heard, resampler->kept, kept * sizeof heard[0]);
    for (size_t i = 0; i < count; i++)
        heard[kept + i] = samples[i];
    for (size_t i = 0; i < count; i += resampler->down) {
        for (uint32_t phase = 0; phase < resampler->up; phase++) {
            const float *filter = resampler->filter + phase * resampler->taps;
            out[made++] = to_sample(dot_product(heard + i, filter, resampler->taps));
        }
    }
    memcpy(resampler->kept, heard + count, kept * sizeof heard[0]);
    return made;
}

size_t resample(struct resampler *resampler, const int16_t *samples, size_t count, int16_t *out)
{
    if (resampler->taps == 0) {
        memcpy(out, samples, count * sizeof *out);
        return count;
    }
    size_t made = 0;
    while (count > 0) {
        size_t part = count < CHUNK ? count : CHUNK;
        made += resample_chunk(resampler, samples, part, out + made);
        samples += part;
        count -= part;
    }
    return made;
}
