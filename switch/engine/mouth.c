#include "mouth.h"

#include <assert.h>
#include <string.h>

enum {
    ALIGNMENT = 16,
    NARROW_HZ = 8000,

    /* What is below -54 dBFS for 200 ms is silence: the ends of words are not. It is described at once and again each
     * 400 ms, because a packet may be lost and a room may change (RFC 3389 section 5 leaves it to us). */
    QUIET_LEVEL = 64,
    QUIET_MS = 200,
    NOISE_EVERY_MS = 400,
    NOISE_ORDER = 6, /* of its colour, where the samples are those of a telephone's band */
};

/* Samples stand before the encoder, which needs to be aligned. */
static size_t samples_bytes(const struct codec *codec)
{
    size_t bytes = (size_t)codec->sample_rate_hz / 1000 * PACKET_TIME_MS_MAX * sizeof(int16_t);
    size_t before = sizeof(struct mouth);
    return (before + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - before;
}

size_t mouth_bytes(const struct codec *codec)
{
    return sizeof(struct mouth) + samples_bytes(codec) + codec->encoder_bytes;
}

void mouth_init(struct mouth *mouth, const struct codec *codec, const struct codec_settings *settings)
{
    mouth->codec = codec;
    mouth->encoder = (uint8_t *)mouth->samples + samples_bytes(codec);
    mouth->frame_samples = codec->sample_rate_hz / (1000 / TICK_MS);
    mouth->frame_units = codec->rtp_clock_hz / (1000 / TICK_MS);
    mouth->packet_frames = 2;
    mouth->other_rate_hz = codec->sample_rate_hz == NARROW_HZ ? 2 * NARROW_HZ : NARROW_HZ;
    resampler_init(&mouth->resampler, mouth->other_rate_hz, codec->sample_rate_hz);
    codec->encoder_init(mouth->encoder, settings);
}

void mouth_set_packet(struct mouth *mouth, uint32_t ticks)
{
    /* RFC 6716 section 2.1.4: frames of 10, 20, 40 and 60 ms. */
    if (mouth->codec->id == CODEC_OPUS && (ticks == 3 || ticks == 5))
        ticks--;
    /* What a payload has room for: 40 ms of L16 at 16 kHz. */
    if (mouth->codec->id == CODEC_L16_16K && ticks > 4)
        ticks = 4;
    if (ticks < mouth->packet_frames)
        mouth_rest(mouth);
    mouth->packet_frames = ticks;
}

static bool is_silence(struct mouth *mouth, uint32_t count)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += (uint32_t)(mouth->samples[i] < 0 ? -mouth->samples[i] : mouth->samples[i]);
    mouth->quiet_packets = sum < count * QUIET_LEVEL ? mouth->quiet_packets + 1 : 0;
    return mouth->quiet_packets > QUIET_MS / (mouth->held_frames * TICK_MS);
}

static enum mouth_verdict describe_silence(struct mouth *mouth, uint32_t count, struct mouth_payload *payload)
{
    uint32_t packet_ms = mouth->held_frames * TICK_MS;
    uint32_t described = mouth->quiet_packets - QUIET_MS / packet_ms - 1, each = NOISE_EVERY_MS / packet_ms;
    mouth->held_frames = 0;
    if (described % each != 0)
        return MOUTH_PAUSES;
    uint32_t order = mouth->codec->sample_rate_hz == NARROW_HZ ? NOISE_ORDER : 0;
    payload->count = comfort_noise_encode(mouth->samples, count, order, payload->bytes);
    return MOUTH_NOISE;
}

enum mouth_verdict mouth_speak(struct mouth *mouth, const int16_t *samples, uint32_t rate_hz,
                               struct mouth_payload *payload)
{
    int16_t *end = mouth->samples + mouth->held_frames * mouth->frame_samples;
    if (rate_hz == mouth->codec->sample_rate_hz)
        memcpy(end, samples, mouth->frame_samples * sizeof *samples);
    else {
        assert(rate_hz == mouth->other_rate_hz);
        resample(&mouth->resampler, samples, rate_hz / (1000 / TICK_MS), end);
    }
    if (++mouth->held_frames < mouth->packet_frames)
        return MOUTH_WAITS;
    uint32_t count = mouth->held_frames * mouth->frame_samples;
    payload->units = mouth->held_frames * mouth->frame_units;
    if (mouth->sends_noise && is_silence(mouth, count))
        return describe_silence(mouth, count, payload);
    payload->count = mouth->codec->encode(mouth->encoder, mouth->samples, count, payload->bytes);
    mouth->held_frames = 0;
    return payload->count > 0 ? MOUTH_PACKET : MOUTH_PAUSES;
}

void mouth_rest(struct mouth *mouth)
{
    mouth->held_frames = 0;
}
