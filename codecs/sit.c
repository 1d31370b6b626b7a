/* Special information tones: three rising tones before an announcement say why a call came to nothing.
 *
 * ITU-T E.180: 950, 1400 and 1800 Hz, each within 50 Hz, 330 ms each within 70, and up to 30 ms between them. North
 * American exchanges (Telcordia GR-674) tell more by the first two: each is low or high in its band and short (276 ms) or
 * long (380 ms). What lies between the two is the general tone. */
#include <math.h>

#include "detectors.h"

enum {
    TONES = 3,
    LOOKS_TONE_MIN = 20, /* of 10 ms: 330 ms less 70, less what the windows lose at both ends, and some tolerance */
    LOOKS_TONE_MAX = 46, /* 380 ms and 30 ms of silence, likewise */
    LOOKS_GAP_MAX = 7,
    LOOKS_SHORT_MAX = 31, /* 276 ms and a gap of 30 */
    LOOKS_LONG_MIN = 35,
};

static const float SHARE_MIN = 0.75f;
static const float BAND_HZ = 55; /* 50, and what noise makes */
static const float CENTRE[TONES] = {950, 1400, 1800};
static const float LOW_MAX[2] = {937, 1391}, HIGH_MIN[2] = {962, 1408};

static void restart(struct sit_detector *detector)
{
    detector->tone = 0;
    detector->looks = 0;
    detector->missing = 0;
    detector->since = 0;
    detector->hertz_sum = 0;
}

enum step { SHORT_LOW, SHORT_HIGH, LONG_LOW, LONG_HIGH, BETWEEN };

static enum step step_of(const struct sit_detector *detector, int tone)
{
    float hertz = detector->hertz[tone];
    int looks = detector->length[tone];
    bool low = hertz <= LOW_MAX[tone], high = hertz >= HIGH_MIN[tone];
    bool is_short = looks <= LOOKS_SHORT_MAX, is_long = looks >= LOOKS_LONG_MIN;
    if (!(low || high) || !(is_short || is_long))
        return BETWEEN;
    return is_short ? (low ? SHORT_LOW : SHORT_HIGH) : (low ? LONG_LOW : LONG_HIGH);
}

static enum tone_kind meaning(const struct sit_detector *detector)
{
    static const struct {
        enum step first, second;
        enum tone_kind kind;
    } MEANINGS[] = {
        {SHORT_LOW, SHORT_LOW, TONE_SIT_INTERCEPT},  {LONG_HIGH, SHORT_LOW, TONE_SIT_VACANT_CODE},
        {SHORT_LOW, LONG_HIGH, TONE_SIT_REORDER},    {SHORT_HIGH, LONG_LOW, TONE_SIT_REORDER},
        {LONG_HIGH, LONG_HIGH, TONE_SIT_NO_CIRCUIT}, {LONG_LOW, LONG_LOW, TONE_SIT_NO_CIRCUIT},
    };
    enum step first = step_of(detector, 0), second = step_of(detector, 1);
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++)
        if (MEANINGS[i].first == first && MEANINGS[i].second == second)
            return MEANINGS[i].kind;
    return TONE_SIT;
}

static bool in_band(const struct sine *sine, int tone)
{
    return sine->share >= SHARE_MIN && fabsf(sine->hertz - CENTRE[tone]) <= BAND_HZ;
}

/* The tone before is over and the next has begun. */
static void next_tone(struct sit_detector *detector)
{
    detector->hertz[detector->tone] = detector->hertz_sum / detector->looks;
    detector->length[detector->tone] = detector->since;
    detector->tone++;
    detector->looks = 0;
    detector->since = 0;
    detector->missing = 0;
    detector->hertz_sum = 0;
}

bool sit_detect(struct sit_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES], struct tone_heard *heard)
{
    sine_feed(&detector->window, samples);
    struct sine sine = sine_measure(&detector->window);
    if (detector->looks > 0)
        detector->since++;
    if (detector->tone + 1 < TONES && detector->looks >= LOOKS_TONE_MIN && in_band(&sine, detector->tone + 1))
        next_tone(detector);
    if (in_band(&sine, detector->tone)) {
        detector->hertz_sum += sine.hertz;
        detector->looks++;
        detector->missing = 0;
    } else if (detector->looks > 0 && ++detector->missing > LOOKS_GAP_MAX) {
        restart(detector);
    }
    if (detector->since > LOOKS_TONE_MAX)
        restart(detector);
    if (detector->tone < TONES - 1 || detector->looks < LOOKS_TONE_MIN)
        return false;
    *heard = (struct tone_heard){
        .kind = meaning(detector),
        .hertz = {(uint16_t)(detector->hertz[0] + 0.5f), (uint16_t)(detector->hertz[1] + 0.5f)},
    };
    restart(detector);
    return true;
}
