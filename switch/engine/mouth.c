#include "mouth.h"

#include <assert.h>
#include <string.h>

enum { ALIGNMENT = 16, NARROW_HZ = 8000 };

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
    payload->count = mouth->codec->encode(mouth->encoder, mouth->samples, count, payload->bytes);
    mouth->held_frames = 0;
    return payload->count > 0 ? MOUTH_PACKET : MOUTH_PAUSES;
}

void mouth_rest(struct mouth *mouth)
{
    mouth->held_frames = 0;
}
