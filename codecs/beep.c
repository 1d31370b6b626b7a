/* The beep after an answering machine's greeting: one pure tone that stands still, ends, and was not long.
 *
 * Speech has pure moments of 30 ms or so, and sung vowels that stand still but are not pure: both together for 100 ms it has not. */
#include <math.h>
#include <string.h>

#include "detectors.h"

enum {
    LOOKS_MIN = 8,   /* windows of 20 ms each 10 ms: 100 ms, less what both edges spoil */
    LOOKS_MAX = 400, /* longer is a dial tone, or a fax */
    LOOKS_SPOILED = 2, /* by a click, or one lost packet's concealment */
};

static const float HERTZ_MIN = 390, HERTZ_MAX = 2120; /* 400 to 2100, and what noise makes */
static const float SHARE_MIN = 0.90f;
static const float DRIFT_MAX = 0.012f; /* from the mean so far */

bool beep_detect(struct beep_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES],
                 struct beep_heard *heard)
{
    sine_feed(&detector->window, samples);
    struct sine sine = sine_measure(&detector->window);
    bool pure = sine.share >= SHARE_MIN && sine.hertz >= HERTZ_MIN && sine.hertz <= HERTZ_MAX;
    float mean = detector->looks == 0 ? sine.hertz : detector->hertz_sum / detector->looks;
    if (pure && fabsf(sine.hertz - mean) <= mean * DRIFT_MAX) {
        detector->hertz_sum += sine.hertz;
        detector->looks++;
        detector->missing = 0;
        return false;
    }
    if (detector->looks == 0)
        return false;
    /* Before it is a beep nothing is forgiven. */
    if (detector->looks >= LOOKS_MIN && ++detector->missing <= LOOKS_SPOILED)
        return false;
    bool told = detector->looks >= LOOKS_MIN && detector->looks <= LOOKS_MAX;
    if (told)
        *heard = (struct beep_heard){
            .hertz = (uint16_t)(mean + 0.5f),
            .duration_ms = detector->looks * (uint32_t)DETECT_FRAME_MS,
        };
    detector->looks = 0;
    detector->missing = 0;
    detector->hertz_sum = 0;
    return told;
}
