/* Sums of voices: exact where they fit, turned down without steps where they do not. */
#include "mix.h"

#include <math.h>
#include <string.h>

#include "check.h"

enum { COUNT = 80, MEMBERS_MAX = 64 };

static void tone(int16_t *samples, double amplitude, double hertz, int from)
{
    for (int i = 0; i < COUNT; i++)
        samples[i] = (int16_t)lrint(amplitude * sin(2 * 3.14159265358979 * hertz * (from + i) / 8000));
}

static int peak(const int16_t *samples)
{
    int most = 0;
    for (int i = 0; i < COUNT; i++)
        most = abs(samples[i]) > most ? abs(samples[i]) : most;
    return most;
}

static void each_hears_the_others_exactly(void)
{
    int16_t frames[3][COUNT], out[COUNT];
    int32_t sum[COUNT] = {0};
    struct mix_limiter limiter = {0};
    for (int member = 0; member < 3; member++) {
        tone(frames[member], 6000 + 1000 * member, 300 + 200 * member, 0);
        mix_add(sum, frames[member], COUNT);
    }
    for (int member = 0; member < 3; member++) {
        mix_take(&limiter, sum, frames[member], out, COUNT);
        for (int i = 0; i < COUNT; i++)
            CHECK_EQUAL(out[i], frames[(member + 1) % 3][i] + frames[(member + 2) % 3][i]);
    }
    mix_take(&limiter, sum, NULL, out, COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQUAL(out[i], sum[i]);
}

static void what_is_too_loud_is_turned_down_and_comes_back(void)
{
    int16_t one[COUNT], out[COUNT];
    int32_t sum[COUNT];
    struct mix_limiter limiter = {0};
    for (int frame = 0; frame < 50; frame++) {
        memset(sum, 0, sizeof sum);
        for (int member = 0; member < MEMBERS_MAX; member++) {
            tone(one, 32767, 440, frame * COUNT);
            mix_add(sum, one, COUNT);
        }
        mix_take(&limiter, sum, NULL, out, COUNT);
        CHECK(peak(out) > 20000);
        /* From the second frame on nothing is cut off: the shape is a sine's still. */
        if (frame > 0)
            for (int i = 0; i < COUNT; i++)
                CHECK(abs(out[i] - (int)((int64_t)sum[i] * peak(out) / (64 * 32767))) < 1500);
    }
    tone(one, 10000, 440, 0);
    memset(sum, 0, sizeof sum);
    mix_add(sum, one, COUNT);
    int before = 0;
    for (int frame = 0; frame < 150; frame++) {
        mix_take(&limiter, sum, NULL, out, COUNT);
        CHECK(peak(out) >= before);
        before = peak(out);
    }
    CHECK_EQUAL(limiter.reduction, 0);
    CHECK_EQUAL(before, peak(one));
}

static void the_extremes_fit(void)
{
    int16_t lowest[COUNT], out[COUNT];
    int32_t sum[COUNT] = {0};
    struct mix_limiter limiter = {0};
    for (int i = 0; i < COUNT; i++)
        lowest[i] = INT16_MIN;
    for (int member = 0; member < MEMBERS_MAX; member++)
        mix_add(sum, lowest, COUNT);
    for (int frame = 0; frame < 3; frame++)
        mix_take(&limiter, sum, lowest, out, COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK(out[i] < -32000);
}

static int settled(double amplitude)
{
    int16_t samples[COUNT];
    struct mix_level level = {0};
    for (int frame = 0; frame < 2000; frame++) {
        tone(samples, amplitude, 440, frame * COUNT);
        mix_level(&level, samples, COUNT);
    }
    return peak(samples);
}

static void levels_come_together_within_their_bounds(void)
{
    int16_t samples[COUNT];
    struct mix_level level = {0};
    CHECK(abs(settled(2000) - settled(8000)) < 500);
    CHECK(settled(32767) < 9000 && settled(32767) > 7500);
    CHECK(settled(700) > 2600 && settled(700) < 2900);
    /* What is no speech is left alone: else silence would become noise. */
    for (int frame = 0; frame < 1000; frame++) {
        tone(samples, 200, 440, frame * COUNT);
        mix_level(&level, samples, COUNT);
        CHECK(peak(samples) <= 200);
    }
    /* And never in a step. */
    tone(samples, 1000, 440, 0);
    mix_level(&level, samples, COUNT);
    CHECK(peak(samples) < 1020);
}

void test_mix(void)
{
    each_hears_the_others_exactly();
    what_is_too_loud_is_turned_down_and_comes_back();
    the_extremes_fit();
    levels_come_together_within_their_bounds();
}
