/* What a stream says when it is not relayed: frames of 10 ms in, payloads of its codec and packet time out.
 *
 * One source at a time; who stops calls mouth_rest(), and so does who speaks next if it is another. */
#ifndef SWITCH_ENGINE_MOUTH_H
#define SWITCH_ENGINE_MOUTH_H

#include "bounds.h"
#include "codecs.h"

struct mouth {
    const struct codec *codec;
    void *encoder;
    uint32_t frame_samples;  /* 10 ms at codec->sample_rate_hz */
    uint32_t frame_units;    /* 10 ms of the RTP clock */
    uint32_t packet_frames;
    uint32_t held_frames;    /* that wait for the packet to be full */
    bool sends_noise;        /* silence is described (RFC 3389) and not sent */
    uint32_t quiet_packets;  /* in a row */
    uint32_t other_rate_hz;  /* that the resampler is for: 8000, or 16000 where the codec has 8000 */
    struct resampler resampler;
    int16_t samples[];       /* of those frames; room for PACKET_TIME_MS_MAX */
};

/* Memory that a mouth needs, all zeros, aligned as malloc's is. */
size_t mouth_bytes(const struct codec *codec);
void mouth_init(struct mouth *mouth, const struct codec *codec, const struct codec_settings *settings);

/* The packet time of the plan, in ticks; what the codec has no frames for becomes the next shorter one that it has. */
void mouth_set_packet(struct mouth *mouth, uint32_t ticks);

enum mouth_verdict {
    MOUTH_WAITS,  /* the packet is not full yet */
    MOUTH_PACKET, /* `payload` is full */
    MOUTH_NOISE,  /* `payload` says what the silence sounds like */
    MOUTH_PAUSES, /* its time is over and nothing is sent for it (DTX) */
};

/* What a packet carries, and the silence that nothing is sent for: this long. */
struct mouth_payload {
    uint8_t *bytes; /* room for CODEC_PAYLOAD_BYTES_MAX */
    size_t count;
    uint32_t units;
};

/* 10 ms of samples at 8000 or 16000 Hz. The encoder goes on whatever was spoken before. */
enum mouth_verdict mouth_speak(struct mouth *mouth, const int16_t *samples, uint32_t rate_hz,
                               struct mouth_payload *payload);

/* What is not full is not sent. */
void mouth_rest(struct mouth *mouth);

#endif
