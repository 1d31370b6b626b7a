/* ITU-T G.722 at 64 kbit/s: two bands of 4 kHz, each by adaptive prediction; six bits for the lower, two for the upper.
 *
 * A filter bank (QMF) splits 16 kHz into two signals of 8 kHz and joins them again. In each band the quantised
 * difference between signal and prediction drives the step size and a predictor of two poles and six zeros, on both
 * sides alike; so nothing but the bits is sent. The names in capitals are the blocks of the recommendation. All numbers
 * are its tables; arithmetic is in 16 bits with saturation, as it demands, because otherwise both sides drift apart. */
#include "codecs.h"

#include <string.h>

enum {
    SAMPLE_RATE_HZ = 16000,
    RTP_CLOCK_HZ = 8000,
    LOW_STEP_MIN = 32,  /* 8 at the upper band: the step sizes with which both sides begin */
    HIGH_STEP_MIN = 8,
    LOW_LOG_MAX = 18432,
    HIGH_LOG_MAX = 22528,
    LOW_EXPONENT = 8,
    HIGH_EXPONENT = 10,
    BAND_MAX = 16383,
    HIGH_DECISION = 564, /* of the upper band's quantiser: one level, two with the sign each */
};

/* QUANTL: the 29 decision levels of the lower band. */
static const int16_t LOW_DECISIONS[29] = {
    35,  72,  110, 150, 190, 233, 276,  323,  370,  422,  473,  530,  587,  650,  714,
    786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
};

/* INVQBL and INVQAL: what a code of 6 bits, and its upper 4, stand for. */
static const int16_t LOW_VALUES_6[64] = {
    -136,   -136,   -136,   -136,   -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360,  -8576,  -7856,  -7192,  -6576,  -6000,  -5456,  -4944,  -4464,  -4008,  -3576,  -3168,  -2776,
    -2400,  -2032,  -1688,  -1360,  -1040,  -728,   24808,  21904,  19008,  16704,  14984,  13512,  12280,
    11192,  10232,  9360,   8576,   7856,   7192,   6576,   6000,   5456,   4944,   4464,   4008,   3576,
    3168,   2776,   2400,   2032,   1688,   1360,   1040,   728,    432,    136,    -432,   -136,
};
static const int16_t LOW_VALUES_4[16] = {
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
};
static const int16_t HIGH_VALUES[4] = {-7408, -1616, 7408, 1616};

/* LOGSCL and LOGSCH: how a code changes the logarithm of the step size. */
static const int16_t LOW_GROWTH[16] = {
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
};
static const int16_t HIGH_GROWTH[4] = {798, -214, 798, -214};

/* SCALEL: 2048 times 2 to the power of i / 32. */
static const int16_t POWERS[32] = {
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
};

/* The filter bank's even taps; the odd ones are the same backwards. */
static const int16_t QMF[12] = {3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11};
static const int16_t QMF_BACKWARDS[12] = {-11, 53, -156, 362, -805, 3876, 951, -210, 32, 12, -11, 3};

enum { QMF_TAPS = 12 };

/* --- One band. The index of an array is how many samples ago. */

enum { ZEROS = 6 };

struct band {
    /* Quantised differences, and the same doubled as the predictor wants them; [0] the last one. */
    int16_t difference[ZEROS], doubled[ZEROS];
    int16_t zeros[ZEROS];  /* of these */
    int16_t partial[3];    /* signs of the last ones steer the poles */
    int16_t signal[3];     /* as the other side will hear it */
    int16_t poles[3];      /* of signal[1..2] */
    int16_t from_zeros;
    int16_t prediction;
    int16_t log_step, step;
};

static int16_t saturated(int32_t value)
{
    if (value > INT16_MAX)
        return INT16_MAX;
    if (value < INT16_MIN)
        return INT16_MIN;
    return (int16_t)value;
}

static int32_t limited(int32_t value, int32_t limit)
{
    return value > limit ? limit : value < -limit ? -limit : value;
}

/* LIMIT: a band has 15 bits. */
static int16_t in_band(int32_t value)
{
    return (int16_t)(value > BAND_MAX ? BAND_MAX : value < -BAND_MAX - 1 ? -BAND_MAX - 1 : value);
}

/* A product of two fractions of 15 bits. */
static int32_t times(int32_t left, int32_t right)
{
    return (left * right) >> 15;
}

static bool same_sign(int16_t left, int16_t right)
{
    return (left ^ right) >= 0;
}

static void band_init(struct band *band, int16_t step)
{
    memset(band, 0, sizeof *band);
    band->step = step;
}

/* LOGSCL, SCALEL and their like of the upper band. */
static void adapt_step(struct band *band, int16_t growth, int16_t log_max, int exponent)
{
    int32_t log_step = times(band->log_step, 32512) + growth;
    band->log_step = (int16_t)(log_step < 0 ? 0 : log_step > log_max ? log_max : log_step);
    int shift = exponent - (band->log_step >> 11);
    int32_t power = POWERS[(band->log_step >> 6) & 31];
    band->step = (int16_t)((shift < 0 ? power << -shift : power >> shift) << 2);
}

/* UPPOL2 and UPPOL1. */
static void adapt_poles(struct band *band)
{
    const int16_t *partial = band->partial;
    int32_t quadruple = saturated(band->poles[1] * 4);
    int32_t pull = same_sign(partial[0], partial[1]) ? saturated(-quadruple) : quadruple;
    int32_t second = (pull >> 7) + (same_sign(partial[0], partial[2]) ? 128 : -128) + times(band->poles[2], 32512);
    second = limited(second, 12288);
    int32_t first = saturated((same_sign(partial[0], partial[1]) ? 192 : -192) + times(band->poles[1], 32640));
    band->poles[1] = (int16_t)limited(first, 15360 - second);
    band->poles[2] = (int16_t)second;
}

/* UPZERO. A zero is at most 32640 large before the step of 128, so it needs no saturation. */
static void adapt_zeros(struct band *band, int16_t difference)
{
    int32_t size = difference == 0 ? 0 : 128;
    for (int i = 0; i < ZEROS; i++) {
        int32_t unlike = (difference ^ band->difference[i]) >> 15; /* -1 or 0 */
        band->zeros[i] = (int16_t)(((size ^ unlike) - unlike) + times(band->zeros[i], 32640));
    }
}

/* DELAYA of the differences. */
static void note_difference(struct band *band, int16_t difference)
{
    for (int i = ZEROS - 1; i >= 1; i--) {
        band->difference[i] = band->difference[i - 1];
        band->doubled[i] = band->doubled[i - 1];
    }
    band->difference[0] = difference;
    band->doubled[0] = saturated(2 * difference);
}

/* FILTEZ: summed from the oldest on, saturated at each step; which only matters where the sum of all sizes is so large. */
static int16_t sum_zeros(const struct band *band)
{
    int32_t sum = 0, sizes = 0, parts[ZEROS];
    for (int i = 0; i < ZEROS; i++) {
        parts[i] = times(band->zeros[i], band->doubled[i]);
        sum += parts[i];
        sizes += parts[i] < 0 ? -parts[i] : parts[i];
    }
    if (sizes <= INT16_MAX)
        return (int16_t)sum;
    sum = 0;
    for (int i = ZEROS - 1; i >= 0; i--)
        sum = saturated(sum + parts[i]);
    return (int16_t)sum;
}

/* Block 4: takes the quantised difference into account and predicts the next sample. */
static void band_predict(struct band *band, int16_t difference)
{
    band->signal[0] = saturated(band->prediction + difference);
    band->partial[0] = saturated(band->from_zeros + difference);
    adapt_poles(band);
    adapt_zeros(band, difference);
    note_difference(band, difference);
    for (int i = 2; i >= 1; i--) {
        band->signal[i] = band->signal[i - 1];
        band->partial[i] = band->partial[i - 1];
    }
    int32_t from_poles = saturated(times(band->poles[1], saturated(2 * band->signal[1])) +
                                   times(band->poles[2], saturated(2 * band->signal[2])));
    band->from_zeros = sum_zeros(band);
    band->prediction = saturated(from_poles + band->from_zeros);
}

static void low_update(struct band *band, unsigned code_4)
{
    int16_t difference = (int16_t)times(band->step, LOW_VALUES_4[code_4]);
    adapt_step(band, LOW_GROWTH[code_4], LOW_LOG_MAX, LOW_EXPONENT);
    band_predict(band, difference);
}

static void high_update(struct band *band, unsigned code)
{
    int16_t difference = (int16_t)times(band->step, HIGH_VALUES[code]);
    adapt_step(band, HIGH_GROWTH[code], HIGH_LOG_MAX, HIGH_EXPONENT);
    band_predict(band, difference);
}

/* QUANTL. The code counts from the outermost step inwards, with 32 for the positive ones; the two innermost negative
 * steps have the last two numbers, because four zeros may not follow each other on the line. */
static unsigned low_encode(struct band *band, int16_t sample)
{
    int32_t error = saturated(sample - band->prediction);
    int32_t size = error >= 0 ? error : -(error + 1);
    /* How many decision levels it reaches, in halves: 16, 8, 4, 2, 1. */
    unsigned step = 0;
    for (unsigned half = 16; half > 0; half /= 2)
        if (step + half <= 29 && size >= (LOW_DECISIONS[step + half - 1] * band->step) >> 12)
            step += half;
    unsigned code = error >= 0 ? 61 - step : step < 2 ? 63 - step : 33 - step;
    low_update(band, code >> 2);
    return code;
}

/* QUANTH. */
static unsigned high_encode(struct band *band, int16_t sample)
{
    int32_t error = saturated(sample - band->prediction);
    int32_t size = error >= 0 ? error : -(error + 1);
    bool outer = size >= (HIGH_DECISION * band->step) >> 12;
    unsigned code = (error >= 0 ? 2u : 0u) + (outer ? 0 : 1);
    high_update(band, code);
    return code;
}

/* --- The filter bank */

/* Two signals of 8 kHz side by side, behind what they were before: as many samples as there are taps, but for one. */
struct qmf {
    int16_t even[QMF_TAPS - 1], odd[QMF_TAPS - 1];
};

enum { BLOCK = 80 }; /* pairs that go through it at a time: 10 ms */

struct qmf_block {
    int16_t even[QMF_TAPS - 1 + BLOCK], odd[QMF_TAPS - 1 + BLOCK];
};

static void qmf_begin(const struct qmf *qmf, struct qmf_block *block)
{
    memcpy(block->even, qmf->even, sizeof qmf->even);
    memcpy(block->odd, qmf->odd, sizeof qmf->odd);
}

static void qmf_keep(struct qmf *qmf, const struct qmf_block *block, size_t count)
{
    memcpy(qmf->even, block->even + count, sizeof qmf->even);
    memcpy(qmf->odd, block->odd + count, sizeof qmf->odd);
}

static int32_t filtered(const int16_t *samples, const int16_t *taps)
{
    int32_t sum = 0;
    for (int i = 0; i < QMF_TAPS; i++)
        sum += samples[i] * taps[i];
    return sum;
}

/* --- As a codec of the table */

struct encoder {
    struct qmf qmf;
    struct band low, high;
};

struct decoder {
    struct qmf qmf;
    struct band low, high;
    struct plc plc;
};

static void encoder_init(void *memory, const struct codec_settings *settings)
{
    struct encoder *encoder = memory;
    (void)settings;
    memset(&encoder->qmf, 0, sizeof encoder->qmf);
    band_init(&encoder->low, LOW_STEP_MIN);
    band_init(&encoder->high, HIGH_STEP_MIN);
}

static void decoder_init(void *memory)
{
    struct decoder *decoder = memory;
    memset(&decoder->qmf, 0, sizeof decoder->qmf);
    band_init(&decoder->low, LOW_STEP_MIN);
    band_init(&decoder->high, HIGH_STEP_MIN);
    plc_init(&decoder->plc, SAMPLE_RATE_HZ);
}

static void encode_block(struct encoder *encoder, const int16_t *samples, size_t count, uint8_t *payload)
{
    struct qmf_block block;
    qmf_begin(&encoder->qmf, &block);
    for (size_t i = 0; i < count; i++) {
        block.even[QMF_TAPS - 1 + i] = samples[2 * i];
        block.odd[QMF_TAPS - 1 + i] = samples[2 * i + 1];
    }
    qmf_keep(&encoder->qmf, &block, count);
    for (size_t i = 0; i < count; i++) {
        int32_t even = filtered(block.even + i, QMF), odd = filtered(block.odd + i, QMF_BACKWARDS);
        int16_t low = in_band((even + odd) >> 14);
        int16_t high = in_band((odd - even) >> 14);
        unsigned low_code = low_encode(&encoder->low, low);
        payload[i] = (uint8_t)(high_encode(&encoder->high, high) << 6 | low_code);
    }
}

static size_t encode(void *memory, const int16_t *samples, size_t count, uint8_t *payload)
{
    for (size_t done = 0, part; done < count / 2; done += part) {
        part = count / 2 - done < BLOCK ? count / 2 - done : BLOCK;
        encode_block(memory, samples + 2 * done, part, payload + done);
    }
    return count / 2;
}

static size_t length(const uint8_t *payload, size_t bytes)
{
    (void)payload;
    return bytes <= CODEC_SAMPLES_MAX / 2 ? 2 * bytes : 0;
}

/* The two bands of one code, added and subtracted as the filter bank wants them. */
static void decode_code(struct decoder *decoder, uint8_t code, int16_t *even, int16_t *odd)
{
    struct band *low = &decoder->low, *high = &decoder->high;
    unsigned low_code = code & 0x3F, high_code = code >> 6;
    int32_t low_sample = saturated(low->prediction + times(low->step, LOW_VALUES_6[low_code]));
    int32_t high_sample = saturated(high->prediction + times(high->step, HIGH_VALUES[high_code]));
    low_update(low, low_code >> 2);
    high_update(high, high_code);
    low_sample = in_band(low_sample);
    high_sample = in_band(high_sample);
    *even = (int16_t)(low_sample + high_sample);
    *odd = (int16_t)(low_sample - high_sample);
}

static void decode_block(struct decoder *decoder, const uint8_t *payload, size_t count, int16_t *samples)
{
    struct qmf_block block;
    qmf_begin(&decoder->qmf, &block);
    for (size_t i = 0; i < count; i++)
        decode_code(decoder, payload[i], &block.even[QMF_TAPS - 1 + i], &block.odd[QMF_TAPS - 1 + i]);
    qmf_keep(&decoder->qmf, &block, count);
    for (size_t i = 0; i < count; i++) {
        samples[2 * i] = saturated(filtered(block.odd + i, QMF_BACKWARDS) >> 11);
        samples[2 * i + 1] = saturated(filtered(block.even + i, QMF) >> 11);
    }
}

static size_t decode(void *memory, const uint8_t *payload, size_t bytes, int16_t *samples)
{
    struct decoder *decoder = memory;
    size_t count = length(payload, bytes);
    for (size_t done = 0, part; done < count / 2; done += part) {
        part = count / 2 - done < BLOCK ? count / 2 - done : BLOCK;
        decode_block(decoder, payload + done, part, samples + 2 * done);
    }
    plc_heard(&decoder->plc, samples, count);
    return count;
}

static void conceal(void *memory, int16_t *samples, size_t count, const uint8_t *next, size_t next_bytes)
{
    struct decoder *decoder = memory;
    (void)next;
    (void)next_bytes;
    plc_lost(&decoder->plc, samples, count);
}

const struct codec g722_codec = {
    .id = CODEC_G722,
    .name = "G722",
    .rtp_clock_hz = RTP_CLOCK_HZ,
    .sample_rate_hz = SAMPLE_RATE_HZ,
    .encoder_bytes = sizeof(struct encoder),
    .decoder_bytes = sizeof(struct decoder),
    .encoder_init = encoder_init,
    .decoder_init = decoder_init,
    .encode = encode,
    .length = length,
    .decode = decode,
    .conceal = conceal,
};
