/* One sine, where there is one: its frequency, its power and its share of what is heard. */
#include <math.h>

#include "detectors.h"

enum { WINDOW = SINE_WINDOW };

static const float POWER_MIN = 28000; /* mean square, -40 dBm0: below it nothing is measured */

void sine_feed(struct sine_window *window, const int16_t samples[DETECT_FRAME_SAMPLES])
{
    for (int i = 0; i < WINDOW - DETECT_FRAME_SAMPLES; i++)
        window->samples[i] = window->samples[i + DETECT_FRAME_SAMPLES];
    for (int i = 0; i < DETECT_FRAME_SAMPLES; i++)
        window->samples[WINDOW - DETECT_FRAME_SAMPLES + i] = samples[i];
}

/* sin^2, made by a recurrence: the window is symmetric about its middle. */
static void weigh(const struct sine_window *window, float weighed[WINDOW])
{
    const float turn = 2 * cosf(2 * (float)M_PI / WINDOW);
    float before = cosf((float)M_PI / WINDOW), last = before; /* cos(2 pi (n + 0.5) / N) for n = -1 and 0 */
    for (int n = 0; n < WINDOW; n++) {
        weighed[n] = window->samples[n] * (0.5f - 0.5f * last);
        float next = turn * last - before;
        before = last;
        last = next;
    }
}

/* Pisarenko's estimate: of a sine in white noise the correlations at lags 1 and 2 are those of the sine alone, and
 * r2 / r1 = cos 2w / cos w. 0 where there is none. */
static float frequency(const float *x)
{
    float r1 = 0, r2 = 0;
    for (int n = 2; n < WINDOW; n++) {
        r1 += x[n] * x[n - 1];
        r2 += x[n] * x[n - 2];
    }
    /* The positive root; of its two forms the one that does not subtract what is nearly equal. */
    float root = sqrtf(r2 * r2 + 8 * r1 * r1);
    if (root == 0)
        return 0;
    float cosine = r2 < 0 ? 2 * r1 / (root - r2) : r1 == 0 ? 0 : (r2 + root) / (4 * r1);
    if (cosine > 1 || cosine < -1)
        return 0;
    return acosf(cosine) * (DETECT_RATE / (2 * (float)M_PI));
}

/* What the Hann window's filter sees at `hertz`: mean square of a sine that stands there. */
static float power_at(const float *x, float hertz)
{
    float coefficient = 2 * cosf(2 * (float)M_PI * hertz / DETECT_RATE), last = 0, before = 0;
    for (int n = 0; n < WINDOW; n++) {
        float next = x[n] + coefficient * last - before;
        before = last;
        last = next;
    }
    return fmaxf(last * last + before * before - coefficient * last * before, 0) * (8.0f / (WINDOW * WINDOW));
}

/* How far, in bins, the sine stands from the filter in the middle towards its neighbour, from what both see. */
static float towards(float neighbour, float middle)
{
    float ratio = sqrtf(neighbour / middle);
    return (2 * ratio - 1) / (ratio + 1);
}

struct sine sine_measure(const struct sine_window *window)
{
    const float bin = (float)DETECT_RATE / WINDOW;
    float x[WINDOW], whole = 0;
    struct sine sine = {0};
    weigh(window, x);
    for (int n = 0; n < WINDOW; n++)
        whole += x[n] * x[n];
    /* Hann: a sine of power P leaves 3/8 P N of energy. */
    whole *= 8.0f / 3 / WINDOW;
    if (whole < POWER_MIN)
        return sine;
    /* The estimate is off by some hertz in noise: what two filters beside it see corrects it. */
    float rough = frequency(x), middle = power_at(x, rough);
    if (middle < whole / 4)
        return sine;
    float beside = (towards(power_at(x, rough + bin), middle) - towards(power_at(x, rough - bin), middle)) / 2;
    float gain = 1 - 0.645f * beside * beside;
    sine.hertz = rough + beside * bin;
    sine.power = fabsf(beside) < 0.5f ? middle / (gain * gain) : middle;
    sine.share = sine.power / whole;
    return sine;
}
