/* ITU-T G.711: eight bits a sample, a sign, three bits of segment, four bits of step.
 *
 * Both laws take the magnitude of a negative sample as its one's complement, as the reference software
 * of ITU-T G.191 does: -1 and 0 then fall into the two steps beside the origin, and the 16-bit extreme
 * -32768 needs no special case. */
#include "codecs.h"

enum {
    SIGN_POSITIVE = 0x80,
    ALAW_EVEN_BITS = 0x55, /* inverted on the line, against long runs of zeros */
    ULAW_BIAS = 33,        /* makes each segment start at a power of two; of 14-bit magnitudes */
    ULAW_MAGNITUDE_MAX = 0x1FFF,
};

static int magnitude(int16_t sample)
{
    return sample < 0 ? ~sample : sample;
}

/* Position of the highest set bit; `value` is not 0. */
static int highest_bit(unsigned value)
{
    return 31 - __builtin_clz(value);
}

uint8_t g711_ulaw_encode(int16_t sample)
{
    int biased = (magnitude(sample) >> 2) + ULAW_BIAS;
    if (biased > ULAW_MAGNITUDE_MAX)
        biased = ULAW_MAGNITUDE_MAX;
    int segment = highest_bit((unsigned)biased) - 5;
    int step = (biased >> (segment + 1)) & 0x0F;
    int code = ~(segment << 4 | step) & 0x7F;
    return (uint8_t)(sample < 0 ? code : code | SIGN_POSITIVE);
}

int16_t g711_ulaw_decode(uint8_t code)
{
    int segment = (~code >> 4) & 0x07;
    int step = ~code & 0x0F;
    /* The middle of the step, without the bias, back at 16 bits. */
    int value = ((((step << 1) + 33) << segment) - ULAW_BIAS) * 4;
    return (int16_t)(code & SIGN_POSITIVE ? value : -value);
}

uint8_t g711_alaw_encode(int16_t sample)
{
    int value = magnitude(sample) >> 4;
    int code = value;
    if (value >= 32) {
        int segment = highest_bit((unsigned)value) - 3;
        code = segment << 4 | ((value >> (segment - 1)) & 0x0F);
    }
    return (uint8_t)((sample < 0 ? code : code | SIGN_POSITIVE) ^ ALAW_EVEN_BITS);
}

int16_t g711_alaw_decode(uint8_t code)
{
    int bits = code ^ ALAW_EVEN_BITS;
    int segment = (bits >> 4) & 0x07;
    int step = bits & 0x0F;
    /* Segments 0 and 1 have the same width and form one straight piece through the origin. */
    int value = segment == 0 ? (step << 1) + 1 : ((step << 1) + 33) << (segment - 1);
    value *= 8;
    return (int16_t)(bits & SIGN_POSITIVE ? value : -value);
}

/* --- As codecs of the table. A decoder is the concealment of its stream; an encoder has no state. */

enum { RATE_HZ = 8000 };

static void no_encoder_init(void *encoder, const struct codec_settings *settings)
{
    (void)encoder;
    (void)settings;
}

static void decoder_init(void *decoder)
{
    plc_init(decoder, RATE_HZ);
}

static size_t length(const uint8_t *payload, size_t bytes)
{
    (void)payload;
    return bytes <= CODEC_SAMPLES_MAX ? bytes : 0;
}

static size_t ulaw_encode(void *encoder, const int16_t *samples, size_t count, uint8_t *payload)
{
    (void)encoder;
    for (size_t i = 0; i < count; i++)
        payload[i] = g711_ulaw_encode(samples[i]);
    return count;
}

static size_t alaw_encode(void *encoder, const int16_t *samples, size_t count, uint8_t *payload)
{
    (void)encoder;
    for (size_t i = 0; i < count; i++)
        payload[i] = g711_alaw_encode(samples[i]);
    return count;
}

static size_t ulaw_decode(void *decoder, const uint8_t *payload, size_t bytes, int16_t *samples)
{
    size_t count = length(payload, bytes);
    for (size_t i = 0; i < count; i++)
        samples[i] = g711_ulaw_decode(payload[i]);
    plc_heard(decoder, samples, count);
    return count;
}

static size_t alaw_decode(void *decoder, const uint8_t *payload, size_t bytes, int16_t *samples)
{
    size_t count = length(payload, bytes);
    for (size_t i = 0; i < count; i++)
        samples[i] = g711_alaw_decode(payload[i]);
    plc_heard(decoder, samples, count);
    return count;
}

static void conceal(void *decoder, int16_t *samples, size_t count, const uint8_t *next, size_t next_bytes)
{
    (void)next;
    (void)next_bytes;
    plc_lost(decoder, samples, count);
}

const struct codec g711_ulaw_codec = {
    .id = CODEC_PCMU,
    .name = "PCMU",
    .rtp_clock_hz = RATE_HZ,
    .sample_rate_hz = RATE_HZ,
    .encoder_bytes = 0,
    .decoder_bytes = sizeof(struct plc),
    .encoder_init = no_encoder_init,
    .decoder_init = decoder_init,
    .encode = ulaw_encode,
    .length = length,
    .decode = ulaw_decode,
    .conceal = conceal,
};

const struct codec g711_alaw_codec = {
    .id = CODEC_PCMA,
    .name = "PCMA",
    .rtp_clock_hz = RATE_HZ,
    .sample_rate_hz = RATE_HZ,
    .encoder_bytes = 0,
    .decoder_bytes = sizeof(struct plc),
    .encoder_init = no_encoder_init,
    .decoder_init = decoder_init,
    .encode = alaw_encode,
    .length = length,
    .decode = alaw_decode,
    .conceal = conceal,
};

/* --- From law to law */

void g711_transcoder_init(struct g711_transcoder *transcoder)
{
    for (int code = 0; code < 256; code++) {
        transcoder->ulaw_to_alaw[code] = g711_alaw_encode(g711_ulaw_decode((uint8_t)code));
        transcoder->alaw_to_ulaw[code] = g711_ulaw_encode(g711_alaw_decode((uint8_t)code));
    }
}

void g711_transcode(const uint8_t table[256], uint8_t *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        codes[i] = table[codes[i]];
}
