/* Anything may be heard: every detector takes every frame, and says what its callers may index by. */
#include "detectors.h"

#include <string.h>

#include "check.h"

enum { FRAMES = 1500 };

static uint32_t seed = 1;

static uint32_t random_bits(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static struct {
    struct dtmf_detector dtmf;
    struct progress_detector progress;
    struct sit_detector sit;
    struct beep_detector beep;
    struct vad vad;
    struct amd amd;
    struct clipping_detector clipping;
} all;

static void begin(void)
{
    const struct amd_settings settings = {2500, 1500, 800, 5000, 100, 50, 5000, 3};
    memset(&all, 0, sizeof all);
    dtmf_detector_init(&all.dtmf);
    progress_detector_init(&all.progress);
    vad_init(&all.vad, 300);
    amd_init(&all.amd, &settings);
}

static void feed(const int16_t *samples)
{
    struct dtmf_heard key;
    struct tone_heard tone;
    struct beep_heard beep;
    struct amd_result result;
    uint16_t share;
    if (dtmf_detect(&all.dtmf, samples, &key))
        CHECK(key.key < 16);
    if (progress_detect(&all.progress, samples, &tone))
        CHECK(tone.kind >= TONE_DIAL && tone.kind <= TONE_CONGESTION);
    if (sit_detect(&all.sit, samples, &tone))
        CHECK(tone.kind >= TONE_SIT && tone.kind <= TONE_SIT_NO_CIRCUIT);
    if (beep_detect(&all.beep, samples, &beep))
        CHECK(beep.hertz >= 380 && beep.hertz <= 2130 && beep.duration_ms <= 4000);
    CHECK(vad_detect(&all.vad, samples) <= VAD_SILENCE);
    if (amd_detect(&all.amd, samples, &result))
        CHECK(result.confidence <= 100 && result.verdict <= AMD_NOT_SURE);
    if (clipping_detect(&all.clipping, samples, &share))
        CHECK(share > 0 && share <= 1000);
}

/* Noise of all loudnesses, the two extremes in turn, direct current, single samples, and tones that jump. */
static int16_t sample_of(int kind, int frame, int n)
{
    switch (kind) {
    case 0:
        return (int16_t)random_bits();
    case 1:
        return (int16_t)((int16_t)random_bits() >> (frame % 16));
    case 2:
        return n / (1 + frame % 80) % 2 ? INT16_MAX : INT16_MIN;
    case 3:
        return frame % 2 ? INT16_MIN : INT16_MAX;
    case 4:
        return n == frame % 80 ? INT16_MIN : 0;
    default:
        return 0;
    }
}

static void any_sound_is_taken(void)
{
    int16_t samples[DETECT_FRAME_SAMPLES];
    for (int kind = 0; kind < 6; kind++) {
        begin();
        for (int frame = 0; frame < FRAMES; frame++) {
            for (int n = 0; n < DETECT_FRAME_SAMPLES; n++)
                samples[n] = sample_of(kind, frame, n);
            feed(samples);
        }
    }
    /* One detector through all of them, in an order that changes. */
    begin();
    for (int frame = 0; frame < FRAMES; frame++) {
        int kind = (int)(random_bits() % 6);
        for (int n = 0; n < DETECT_FRAME_SAMPLES; n++)
            samples[n] = sample_of(kind, frame, n);
        feed(samples);
    }
}

static void made_keys_are_heard(void)
{
    int16_t samples[DETECT_FRAME_SAMPLES];
    begin();
    for (uint8_t key = 0; key < 16; key++) {
        struct dtmf_tone tone;
        struct dtmf_heard heard = {.key = 99};
        int told = 0;
        dtmf_tone_start(&tone, key, DETECT_RATE);
        while (dtmf_tone_take(&tone, samples, DETECT_FRAME_SAMPLES) == DETECT_FRAME_SAMPLES)
            told += dtmf_detect(&all.dtmf, samples, &heard);
        CHECK_EQUAL(told, 1);
        CHECK_EQUAL(heard.key, key);
        CHECK(heard.duration_ms >= 90 && heard.duration_ms <= 110);
    }
}

static void a_tone_is_taken_in_any_pieces(void)
{
    struct dtmf_tone whole, pieces;
    static int16_t all_at_once[1600], one_by_one[1600];
    dtmf_tone_start(&whole, 5, DETECT_RATE);
    CHECK_EQUAL(dtmf_tone_take(&whole, all_at_once, 1600), 1600);
    dtmf_tone_start(&pieces, 5, DETECT_RATE);
    for (size_t at = 0, step; at < 1600; at += step) {
        step = 1 + random_bits() % 97;
        if (step > 1600 - at)
            step = 1600 - at;
        CHECK_EQUAL(dtmf_tone_take(&pieces, one_by_one + at, step), step);
    }
    CHECK(memcmp(all_at_once, one_by_one, sizeof one_by_one) == 0);
    CHECK_EQUAL(dtmf_tone_take(&pieces, one_by_one, 80), 0);
}

void test_detectors(void)
{
    any_sound_is_taken();
    made_keys_are_heard();
    a_tone_is_taken_in_any_pieces();
}
