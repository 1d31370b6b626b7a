#include "codecs.h"

#include <string.h>

#include "check.h"

enum { PAYLOAD_BYTES_MAX = 1500 };

static const struct {
    enum codec_id id;
    uint32_t rate_hz;
} ALL[] = {
    {CODEC_PCMU, 8000},   {CODEC_PCMA, 8000},  {CODEC_G722, 16000},  {CODEC_L16_8K, 8000},
    {CODEC_L16_16K, 16000}, {CODEC_OPUS, 8000}, {CODEC_OPUS, 16000}, {CODEC_OPUS, 48000},
};

enum { COUNT = sizeof ALL / sizeof ALL[0] };

static uint32_t random_state = 2463534242u;

static uint32_t random_value(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Each payload, and each array of samples, stands alone in its allocation. */
static uint8_t *random_payload(size_t bytes)
{
    uint8_t *payload = malloc(bytes == 0 ? 1 : bytes);
    for (size_t i = 0; i < bytes; i++)
        payload[i] = (uint8_t)random_value();
    return payload;
}

static size_t feed(const struct codec *codec, void *decoder, size_t bytes)
{
    uint8_t *payload = random_payload(bytes);
    int16_t *samples = malloc(CODEC_SAMPLES_MAX * sizeof *samples);
    size_t length = codec->length(payload, bytes);
    size_t heard = codec->decode(decoder, payload, bytes, samples);
    CHECK(length <= CODEC_SAMPLES_MAX);
    CHECK(heard == 0 || heard == length);
    if (random_value() % 4 == 0) {
        size_t lost = codec->sample_rate_hz / 100 * (1 + random_value() % 12);
        codec->conceal(decoder, samples, lost, random_value() % 2 ? payload : NULL, bytes);
    }
    free(samples);
    free(payload);
    return heard;
}

/* Random bytes of every length, into a decoder that goes on. */
static void hostile_payloads(const struct codec *codec)
{
    void *decoder = malloc(codec->decoder_bytes);
    codec->decoder_init(decoder);
    size_t heard = 0;
    for (size_t bytes = 0; bytes <= PAYLOAD_BYTES_MAX; bytes++)
        heard += feed(codec, decoder, bytes);
    for (int i = 0; i < 500; i++)
        heard += feed(codec, decoder, random_value() % 200);
    CHECK(heard > 0);
    free(decoder);
}

/* What any encoder makes of noise at full scale is what its decoder says it is, in every packet time. */
static void loudest_noise(const struct codec *codec, size_t packet_ms)
{
    if (codec->sample_rate_hz / 1000 * packet_ms > CODEC_PAYLOAD_BYTES_MAX / 2 && codec->id == CODEC_L16_16K)
        return;
    void *encoder = malloc(codec->encoder_bytes), *decoder = malloc(codec->decoder_bytes);
    struct codec_settings settings = {.correct = true, .loss_percent = 20};
    size_t count = codec->sample_rate_hz / 1000 * packet_ms;
    int16_t *said = malloc(count * sizeof *said), *heard = malloc(CODEC_SAMPLES_MAX * sizeof *heard);
    uint8_t *payload = malloc(CODEC_PAYLOAD_BYTES_MAX);
    codec->encoder_init(encoder, &settings);
    codec->decoder_init(decoder);
    for (int packet = 0; packet < 10; packet++) {
        for (size_t i = 0; i < count; i++)
            said[i] = random_value() % 2 ? INT16_MAX : INT16_MIN;
        size_t bytes = codec->encode(encoder, said, count, payload);
        CHECK(bytes > 0 && bytes <= CODEC_PAYLOAD_BYTES_MAX);
        CHECK_EQUAL(codec->length(payload, bytes), count);
        CHECK_EQUAL(codec->decode(decoder, payload, bytes, heard), count);
    }
    free(payload);
    free(heard);
    free(said);
    free(decoder);
    free(encoder);
}

/* RFC 3389 payloads of every length, and all that they make. */
static void hostile_noise(void)
{
    struct comfort_noise noise;
    int16_t samples[80];
    comfort_noise_init(&noise, 0);
    for (size_t bytes = 0; bytes <= PAYLOAD_BYTES_MAX; bytes++) {
        uint8_t *payload = random_payload(bytes);
        CHECK(comfort_noise_heard(&noise, payload, bytes) == (bytes > 0));
        comfort_noise_make(&noise, samples, 80);
        free(payload);
    }
}

static void every_rate_to_every_rate(void)
{
    static const uint32_t RATES[] = {8000, 16000, 48000};
    for (int from = 0; from < 3; from++) {
        for (int to = 0; to < 3; to++) {
            struct resampler *resampler = malloc(sizeof *resampler);
            size_t count = RATES[from] / 100 * 3, made = RATES[to] / 100 * 3;
            int16_t *said = malloc(count * sizeof *said), *heard = malloc(made * sizeof *heard);
            resampler_init(resampler, RATES[from], RATES[to]);
            for (size_t i = 0; i < count; i++)
                said[i] = (int16_t)random_value();
            CHECK_EQUAL(resample(resampler, said, count, heard), made);
            free(heard);
            free(said);
            free(resampler);
        }
    }
}

void test_codecs(void)
{
    static const size_t PACKETS_MS[] = {10, 20, 40, 60};
    const char *missing = opus_load(OPUS_LIBRARY);
    if (missing != NULL)
        fprintf(stderr, "Opus is not tested: %s\n", missing);
    for (int i = 0; i < COUNT; i++) {
        const struct codec *codec = codec_find(ALL[i].id, ALL[i].rate_hz);
        CHECK(codec != NULL || ALL[i].id == CODEC_OPUS);
        for (int time = 0; codec != NULL && time < 4; time++)
            loudest_noise(codec, PACKETS_MS[time]);
        if (codec != NULL)
            hostile_payloads(codec);
    }
    CHECK(codec_find(CODEC_PCMU, 16000) == NULL);
    CHECK(codec_find((enum codec_id)13, 0) == NULL);
    hostile_noise();
    every_rate_to_every_rate();
}
