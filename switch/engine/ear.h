/* What is heard of a stream: packets in at arrival, exactly 10 ms of linear samples out at each tick.
 *
 * A jitter buffer, the codec's decoder and its concealment, and between them and the tick the samples that a packet
 * gave and that were not heard yet. There the delay is changed too: a pitch period is left out or repeated. */
#ifndef SWITCH_ENGINE_EAR_H
#define SWITCH_ENGINE_EAR_H

#include "codecs.h"
#include "jitter.h"

enum {
    EAR_FRAME_MAX = CODEC_RATE_HZ_MAX / 100,
    /* Nothing came for so long: who passes the sound on may stop. */
    EAR_QUIET_TICKS = 100,
};

struct ear_counts {
    struct jitter_counts jitter;
    uint64_t malformed;      /* payloads that are not the codec's, or too long */
    uint64_t frames;         /* that were heard since the first packet */
    uint64_t concealed_ms, cut_ms, filled_ms;
};

struct ear {
    const struct codec *codec;
    struct jitter *jitter;
    void *decoder;
    uint32_t frame_samples;  /* 10 ms at codec->sample_rate_hz */
    uint32_t frame_units;    /* 10 ms of the RTP clock */
    int16_t frame[EAR_FRAME_MAX]; /* what this tick hears; for all sinks, until the next tick */
    bool spoken;             /* something of the peer is in it, be it concealed; false: silence that we made */
    uint32_t quiet_ticks;    /* since the last packet that was heard; at most EAR_QUIET_TICKS */
    bool noisy;              /* what is silent is filled with `noise` */
    uint32_t noise_timestamp;
    struct comfort_noise noise;
    uint32_t rest_ticks;     /* until the delay may be changed again */
    uint32_t loudness;       /* of the loudest frame lately, mean magnitude */
    bool silent;             /* the last frame was, against that */
    uint64_t malformed, frames, cut_samples, filled_samples;
    int16_t *samples;        /* decoded and not heard yet: */
    uint32_t held;           /* so many */
};

/* Memory that an ear needs, all zeros, aligned as malloc's is. */
size_t ear_bytes(const struct codec *codec);
void ear_init(struct ear *ear, const struct codec *codec);

/* As new, for a listener after a time without one. What was counted stays. */
void ear_restart(struct ear *ear);

/* A packet of the codec's that arrived. */
void ear_put(struct ear *ear, const struct rtp_packet *packet, uint64_t now_us);

/* One of the same sender that is none: a telephone event. */
void ear_aside(struct ear *ear, const struct rtp_packet *packet);

/* Comfort noise (RFC 3389): what its silence is filled with from then on, until it speaks. */
void ear_noise(struct ear *ear, const struct rtp_packet *packet);

/* The next 10 ms, into ear->frame. `now_us` is when the tick was due. */
void ear_take(struct ear *ear, uint64_t now_us);

/* Nothing was heard for a second, or ever; and no noise is wanted in its place. */
bool ear_is_quiet(const struct ear *ear);

void ear_counts(const struct ear *ear, struct ear_counts *counts);

#endif
