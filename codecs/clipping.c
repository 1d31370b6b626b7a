/* Clipping: the tops of the sound are cut off, by an amplifier or by a microphone that is set too loud.
 *
 * How often each level occurs is counted for a second. Of any sound that is not clipped, levels become rarer towards the
 * loudest one (of a sine the loudest 3% are 2.4 times the 3% below them, of speech fewer than those); a clipped one
 * has heaped there what was above. So rails need not be known, and a gain after the clipping does not hide it. */
#include <string.h>

#include "detectors.h"

enum {
    FRAMES = 100,        /* a second */
    LEVEL_MIN = 4000,    /* -15 dBm0: below it steps of G.711 and bins are too coarse, and nobody complains */
    OUTLIERS = 4,        /* samples above the heap: overshoot of filters, clicks */
    SHARE_MIN = 5,       /* of a thousand samples */
    HEAP = 5,            /* times as many as in the level below */
    WINDOWS_CLEAN = 5,   /* before it is told again */
    LEVELS_MIN = 32,     /* a test tone of 1000 Hz has five at this rate, and one of them is the top */
    BIN = 1 << 6,
};

static uint32_t count_between(const struct clipping_detector *detector, int from, int to)
{
    uint32_t count = 0;
    for (int bin = from / BIN; bin < to / BIN; bin++)
        count += detector->levels[bin];
    return count;
}

/* The share, in thousandths, that stands at the top; 0 when it is not clipped. */
static uint16_t judge(const struct clipping_detector *detector)
{
    int top = CLIPPING_BINS - 1;
    uint32_t above = 0;
    while (top > 0 && (above += detector->levels[top]) <= OUTLIERS)
        top--;
    int level = (top + 1) * BIN;
    if (level < LEVEL_MIN)
        return 0;
    uint32_t heap = count_between(detector, level - level / 32, CLIPPING_BINS * BIN);
    uint32_t below = count_between(detector, level - level / 16, level - level / 32);
    int different = 0;
    for (int bin = 0; bin < CLIPPING_BINS; bin++)
        different += detector->levels[bin] != 0;
    if (different < LEVELS_MIN)
        return 0;
    uint32_t share = heap * 1000 / (FRAMES * DETECT_FRAME_SAMPLES);
    return share >= SHARE_MIN && heap >= HEAP * below ? (uint16_t)share : 0;
}

bool clipping_detect(struct clipping_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES],
                     uint16_t *share_thousandths)
{
    for (int i = 0; i < DETECT_FRAME_SAMPLES; i++)
        detector->levels[(samples[i] < 0 ? ~samples[i] : samples[i]) / BIN]++;
    if (++detector->frames < FRAMES)
        return false;
    uint16_t share = judge(detector);
    detector->frames = 0;
    memset(detector->levels, 0, sizeof detector->levels);
    bool was_clean = detector->clean == 0;
    if (share > 0)
        detector->clean = WINDOWS_CLEAN;
    else if (detector->clean > 0)
        detector->clean--;
    *share_thousandths = share;
    return share > 0 && was_clean;
}
