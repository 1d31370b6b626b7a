/* L16 (RFC 3551 section 4.5.11): the samples themselves, 16 bits each, the upper byte first. */
#include "codecs.h"

enum { SAMPLE_BYTES = 2 };

static void encoder_init(void *encoder, const struct codec_settings *settings)
{
    (void)encoder;
    (void)settings;
}

static void decoder_init_8k(void *decoder)
{
    plc_init(decoder, 8000);
}

static void decoder_init_16k(void *decoder)
{
    plc_init(decoder, 16000);
}

static size_t encode(void *encoder, const int16_t *samples, size_t count, uint8_t *payload)
{
    (void)encoder;
    for (size_t i = 0; i < count; i++) {
        payload[SAMPLE_BYTES * i] = (uint8_t)((uint16_t)samples[i] >> 8);
        payload[SAMPLE_BYTES * i + 1] = (uint8_t)samples[i];
    }
    return SAMPLE_BYTES * count;
}

/* Half a sample is of no codec of ours. */
static size_t length(const uint8_t *payload, size_t bytes)
{
    (void)payload;
    return bytes % SAMPLE_BYTES == 0 && bytes / SAMPLE_BYTES <= CODEC_SAMPLES_MAX ? bytes / SAMPLE_BYTES : 0;
}

static size_t decode(void *decoder, const uint8_t *payload, size_t bytes, int16_t *samples)
{
    size_t count = length(payload, bytes);
    for (size_t i = 0; i < count; i++)
        samples[i] = (int16_t)(payload[SAMPLE_BYTES * i] << 8 | payload[SAMPLE_BYTES * i + 1]);
    plc_heard(decoder, samples, count);
    return count;
}

static void conceal(void *decoder, int16_t *samples, size_t count, const uint8_t *next, size_t next_bytes)
{
    (void)next;
    (void)next_bytes;
    plc_lost(decoder, samples, count);
}

const struct codec l16_8k_codec = {
    .id = CODEC_L16_8K,
    .name = "L16",
    .rtp_clock_hz = 8000,
    .sample_rate_hz = 8000,
    .encoder_bytes = 0,
    .decoder_bytes = sizeof(struct plc),
    .encoder_init = encoder_init,
    .decoder_init = decoder_init_8k,
    .encode = encode,
    .length = length,
    .decode = decode,
    .conceal = conceal,
};

const struct codec l16_16k_codec = {
    .id = CODEC_L16_16K,
    .name = "L16",
    .rtp_clock_hz = 16000,
    .sample_rate_hz = 16000,
    .encoder_bytes = 0,
    .decoder_bytes = sizeof(struct plc),
    .encoder_init = encoder_init,
    .decoder_init = decoder_init_16k,
    .encode = encode,
    .length = length,
    .decode = decode,
    .conceal = conceal,
};
