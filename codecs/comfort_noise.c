/* Comfort noise (RFC 3389): while a peer sends nothing, a noise of the level and colour that it told.
 *
 * The colour is an all-pole filter given by its reflection coefficients, which is stable whatever they are, because each
 * is below 1. It is run as a lattice, so that they are used as they came; white noise drives it. Signs are those of
 * A(z) = 1 + k z^-1 for a single one, so that dull noise has a negative first coefficient. */
#include "codecs.h"

#include <math.h>
#include <string.h>

enum {
    LEVEL_MAX = 127,  /* -127 dBov; the highest bit is reserved */
    ZERO_INDEX = 127, /* of a coefficient of 0 (RFC 3389 section 3.2) */
};

static const float COEFFICIENT_STEP = 258.0f / 32768.0f;
static const float OVERLOAD = 32768.0f; /* the amplitude of 0 dBov, that of a square wave */
static const float FOLLOWED = 0.02f;    /* of a change of level in a sample: 6 ms, so that it is no click */
static const float COEFFICIENT_MAX = 0.99f;
static const float SPREAD = 1.7320508f; /* makes the power of an even distribution 1 */

void comfort_noise_init(struct comfort_noise *noise, uint32_t seed)
{
    memset(noise, 0, sizeof *noise);
    noise->random = seed != 0 ? seed : 1;
}

bool comfort_noise_heard(struct comfort_noise *noise, const uint8_t *payload, size_t bytes)
{
    if (bytes == 0)
        return false;
    uint32_t order = bytes - 1 < COMFORT_NOISE_ORDER_MAX ? (uint32_t)(bytes - 1) : COMFORT_NOISE_ORDER_MAX;
    bool changed = order != noise->order;
    float share = 1; /* of its power that the noise needs before it is coloured */
    for (uint32_t i = 0; i < order; i++) {
        float value = COEFFICIENT_STEP * (float)(payload[i + 1] - ZERO_INDEX);
        if (value > COEFFICIENT_MAX)
            value = COEFFICIENT_MAX;
        if (value < -COEFFICIENT_MAX)
            value = -COEFFICIENT_MAX;
        changed = changed || value != noise->coefficients[i];
        noise->coefficients[i] = value;
        share *= 1 - value * value;
    }
    noise->order = order;
    /* What rings in one filter can be a roar in another. */
    if (changed)
        memset(noise->backward, 0, sizeof noise->backward);
    noise->wanted_amplitude = OVERLOAD * powf(10, -(float)(payload[0] & LEVEL_MAX) / 20);
    noise->drive = SPREAD * sqrtf(share);
    return true;
}

/* -1 to 1, evenly (xorshift of 32 bits). */
static float random_value(struct comfort_noise *noise)
{
    uint32_t x = noise->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    noise->random = x;
    return (float)(int32_t)x / 2147483648.0f;
}

void comfort_noise_make(struct comfort_noise *noise, int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        noise->amplitude += FOLLOWED * (noise->wanted_amplitude - noise->amplitude);
        float forward = noise->drive * noise->amplitude * random_value(noise);
        for (uint32_t k = noise->order; k-- > 0;) {
            forward -= noise->coefficients[k] * noise->backward[k];
            noise->backward[k + 1] = noise->backward[k] + noise->coefficients[k] * forward;
        }
        noise->backward[0] = forward;
        samples[i] = (int16_t)(forward > INT16_MAX ? INT16_MAX : forward < INT16_MIN ? INT16_MIN : forward);
    }
}

/* Levinson and Durbin: the reflection coefficients of what has this autocorrelation. */
static void reflections(const float *correlation, uint32_t order, float *coefficients)
{
    float filter[COMFORT_NOISE_ORDER_MAX + 1] = {1}, error = correlation[0];
    for (uint32_t i = 1; i <= order; i++) {
        float sum = 0;
        for (uint32_t j = 0; j < i; j++)
            sum += filter[j] * correlation[i - j];
        float k = error > 0 ? -sum / error : 0;
        coefficients[i - 1] = k;
        float previous[COMFORT_NOISE_ORDER_MAX + 1];
        memcpy(previous, filter, sizeof previous);
        for (uint32_t j = 1; j <= i; j++)
            filter[j] = previous[j] + k * previous[i - j];
        error *= 1 - k * k;
    }
}

size_t comfort_noise_encode(const int16_t *samples, size_t count, uint32_t order, uint8_t *payload)
{
    float correlation[COMFORT_NOISE_ORDER_MAX + 1], coefficients[COMFORT_NOISE_ORDER_MAX];
    if (order > COMFORT_NOISE_ORDER_MAX)
        order = COMFORT_NOISE_ORDER_MAX;
    for (uint32_t lag = 0; lag <= order; lag++) {
        correlation[lag] = 0;
        for (size_t i = lag; i < count; i++)
            correlation[lag] += (float)samples[i] * (float)samples[i - lag];
    }
    float power = count > 0 ? correlation[0] / (float)count / (OVERLOAD * OVERLOAD) : 0;
    float level = power > 0 ? -10 * log10f(power) : LEVEL_MAX;
    payload[0] = (uint8_t)lrintf(level < 0 ? 0 : level > LEVEL_MAX ? LEVEL_MAX : level);
    reflections(correlation, order, coefficients);
    for (uint32_t i = 0; i < order; i++) {
        long index = ZERO_INDEX + lrintf(coefficients[i] / COEFFICIENT_STEP);
        payload[i + 1] = (uint8_t)(index < 0 ? 0 : index > 2 * ZERO_INDEX ? 2 * ZERO_INDEX : index);
    }
    return 1 + order;
}
