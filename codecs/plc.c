/* Packet-loss concealment as ITU-T G.711 Appendix I describes it: a lost 10 ms sounds like the voice just before.
 *
 * The pitch is where the last 20 ms resemble what was 5 to 15 ms before them most. The first lost frame repeats the last
 * period of it; the second and third repeat the last two and three, because one period over and over buzzes. Each seam
 * is an overlap of a quarter of the pitch. From the second frame on it fades by a fifth a frame, and is silent after the
 * sixth. When packets arrive again, the synthesis goes on under them for a while and fades into them.
 *
 * The seam where a gap begins changes samples from before the gap. So the last quarter of the longest pitch (3.75 ms) is
 * held back always. Lengths are given at 8000 Hz and multiplied by `rate`, which makes the same of wide-band sound. */
#include "codecs.h"

#include <math.h>
#include <string.h>

enum {
    PITCH_MIN_8K = 40,       /* 200 Hz; a higher voice is caught by a multiple */
    COMPARED_8K = 160,       /* the 20 ms that are compared */
    FRAME_8K = 80,
    SEAM_GROWTH_8K = 32,     /* 4 ms longer a lost frame, because the synthesis drifted off by then */
    FADED_FRAMES = 6,        /* 60 ms */
    PERIODS_MAX = 3,
    POWER_MIN = 250,         /* of the compared samples; quieter is no voice, and would win by chance */
};

static const float FADE = 0.2f; /* a frame */

static int16_t clipped(float value)
{
    if (value > INT16_MAX)
        return INT16_MAX;
    if (value < INT16_MIN)
        return INT16_MIN;
    return (int16_t)value;
}

/* `out` fades from `left` to `right`. It may be any of the two. */
static void cross_fade(const int16_t *left, const int16_t *right, int16_t *out, size_t count)
{
    float step = 1.0f / (float)count, weight = 0;
    for (size_t i = 0; i < count; i++) {
        weight += step;
        float left_weight = 1.0f - weight;
        out[i] = clipped(left_weight * (float)left[i] + weight * (float)right[i]);
    }
}

void plc_init(struct plc *plc, uint32_t rate_hz)
{
    memset(plc, 0, sizeof *plc);
    plc->rate = rate_hz / 8000;
}

static size_t history_length(const struct plc *plc)
{
    return PLC_HISTORY_8K * plc->rate;
}

static size_t held_back(const struct plc *plc)
{
    return PLC_DELAY_8K * plc->rate;
}

/* --- The pitch */

/* How alike the end of the wave and what was `lag` before it are, of every `step`th sample: normalised
 * cross-correlation. */
static float likeness(const struct plc *plc, uint32_t lag, uint32_t step)
{
    size_t compared = COMPARED_8K * plc->rate;
    const int16_t *recent = plc->wave + history_length(plc) - compared;
    const int16_t *earlier = recent - lag;
    float power = 0, correlation = 0;
    for (size_t i = 0; i < compared; i += step) {
        power += (float)earlier[i] * (float)earlier[i];
        correlation += (float)earlier[i] * (float)recent[i];
    }
    return correlation / sqrtf(power < POWER_MIN ? POWER_MIN : power);
}

/* The lag from `first` down to `last` with the greatest likeness; the longest of equals. */
static uint32_t best_lag(const struct plc *plc, uint32_t first, uint32_t last, uint32_t step)
{
    uint32_t best = first;
    float best_likeness = likeness(plc, first, step);
    for (uint32_t lag = first - step; lag >= last; lag -= step) {
        float value = likeness(plc, lag, step);
        if (value > best_likeness) {
            best_likeness = value;
            best = lag;
        }
    }
    return best;
}

/* Coarsely at 4000 Hz, then every lag around the best. */
static uint32_t find_pitch(const struct plc *plc)
{
    uint32_t longest = PLC_PITCH_MAX_8K * plc->rate, shortest = PITCH_MIN_8K * plc->rate;
    uint32_t step = 2 * plc->rate;
    uint32_t coarse = best_lag(plc, longest, shortest, step);
    uint32_t first = coarse + step - 1 < longest ? coarse + step - 1 : longest;
    uint32_t last = coarse - step + 1 > shortest ? coarse - step + 1 : shortest;
    return best_lag(plc, first, last, 1);
}

/* --- The synthesis */

/* Makes the last `period` of the wave a loop: its end fades into what comes before its beginning. */
static void close_loop(struct plc *plc, uint32_t period)
{
    size_t quarter = plc->pitch / 4, end = history_length(plc);
    plc->period = period;
    cross_fade(plc->last_quarter, plc->wave + end - period - quarter, plc->wave + end - quarter, quarter);
}

/* The next samples of the loop. */
static void repeat(struct plc *plc, int16_t *samples, size_t count)
{
    const int16_t *loop = plc->wave + history_length(plc) - plc->period;
    while (count > 0) {
        size_t part = plc->period - plc->offset < count ? plc->period - plc->offset : count;
        memcpy(samples, loop + plc->offset, part * sizeof *samples);
        samples += part;
        count -= part;
        plc->offset = (uint32_t)(plc->offset + part) % plc->period;
    }
}

static void begin_gap(struct plc *plc, int16_t *frame, size_t count)
{
    size_t bytes = history_length(plc) * sizeof plc->history[0];
    memcpy(plc->wave, plc->history, bytes);
    plc->pitch = find_pitch(plc);
    size_t quarter = plc->pitch / 4, end = history_length(plc);
    memcpy(plc->last_quarter, plc->wave + end - quarter, quarter * sizeof plc->wave[0]);
    close_loop(plc, plc->pitch);
    plc->offset = 0;
    /* The samples held back get the seam, too. */
    memcpy(plc->history + end - quarter, plc->wave + end - quarter, quarter * sizeof plc->wave[0]);
    repeat(plc, frame, count);
}

/* The second and third frame: one more period in the loop, entered where the shorter one would have gone on. */
static void lengthen_loop(struct plc *plc, int16_t *frame, size_t count)
{
    int16_t shorter[PLC_DELAY_8K * PLC_RATE_MAX];
    size_t quarter = plc->pitch / 4;
    uint32_t offset = plc->offset;
    repeat(plc, shorter, quarter);
    plc->offset = offset % plc->pitch;
    close_loop(plc, plc->period + plc->pitch);
    repeat(plc, frame, count);
    cross_fade(shorter, frame, frame, quarter);
}

/* From the second frame on: one less fifth at its end than at its beginning. */
static void fade_frame(const struct plc *plc, int16_t *frame, size_t count)
{
    float gain = 1.0f - FADE * (float)(plc->lost_frames - 1), step = FADE / (float)count;
    for (size_t i = 0; i < count; i++) {
        frame[i] = clipped((float)frame[i] * gain);
        gain -= step;
    }
}

/* --- What is heard */

/* Appends a frame to the history, and gives the frame of 3.75 ms before in its place. */
static void give_out(struct plc *plc, int16_t *frame, size_t count)
{
    size_t length = history_length(plc), held = held_back(plc);
    memmove(plc->history, plc->history + count, (length - count) * sizeof *frame);
    memcpy(plc->history + length - count, frame, count * sizeof *frame);
    memcpy(frame, plc->history + length - held - count, count * sizeof *frame);
}

static void lose_frame(struct plc *plc, int16_t *frame, size_t count)
{
    if (plc->lost_frames == 0)
        begin_gap(plc, frame, count);
    else if (plc->lost_frames < PERIODS_MAX)
        lengthen_loop(plc, frame, count);
    else if (plc->lost_frames < FADED_FRAMES)
        repeat(plc, frame, count);
    else
        memset(frame, 0, count * sizeof *frame);
    if (plc->lost_frames > 0 && plc->lost_frames < FADED_FRAMES)
        fade_frame(plc, frame, count);
    if (plc->lost_frames < FADED_FRAMES)
        plc->lost_frames++;
    give_out(plc, frame, count);
}

void plc_lost(struct plc *plc, int16_t *samples, size_t count)
{
    size_t frame = FRAME_8K * plc->rate;
    for (; count >= frame; count -= frame, samples += frame)
        lose_frame(plc, samples, frame);
}

/* The gap is over: the synthesis goes on below the first samples and fades into them. */
static void end_gap(struct plc *plc, int16_t *samples, size_t count)
{
    int16_t synthesis[FRAME_8K * PLC_RATE_MAX];
    size_t seam = plc->pitch / 4 + SEAM_GROWTH_8K * plc->rate * (plc->lost_frames - 1);
    if (seam > FRAME_8K * plc->rate)
        seam = FRAME_8K * plc->rate;
    if (seam > count)
        seam = count;
    float gain = 1.0f - FADE * (float)(plc->lost_frames - 1);
    if (plc->lost_frames == FADED_FRAMES)
        gain = 0;
    repeat(plc, synthesis, seam);
    for (size_t i = 0; i < seam; i++)
        synthesis[i] = clipped((float)synthesis[i] * gain);
    cross_fade(synthesis, samples, samples, seam);
    plc->lost_frames = 0;
}

void plc_heard(struct plc *plc, int16_t *samples, size_t count)
{
    if (plc->lost_frames > 0 && count > 0)
        end_gap(plc, samples, count);
    while (count > 0) {
        size_t part = count < FRAME_8K * plc->rate ? count : FRAME_8K * plc->rate;
        give_out(plc, samples, part);
        samples += part;
        count -= part;
    }
}
