/* Audio codecs of the switch. Plain C without Python; each codec is one file beside this header.
 *
 * Linear samples are 16 bits, native byte order, one channel. No function here allocates, locks or calls the system,
 * but for opus_load(): memory is the caller's, as large as the table says, and is zeroed or copied like any value. */
#ifndef SWITCH_CODECS_H
#define SWITCH_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CODEC_RATE_HZ_MAX = 48000,
    /* What one packet may decode to: the longest that Opus can pack (RFC 6716 section 3.2.5), at its highest rate. */
    CODEC_PACKET_MS_MAX = 120,
    CODEC_SAMPLES_MAX = CODEC_RATE_HZ_MAX / 1000 * CODEC_PACKET_MS_MAX,
    /* What one packet of ours may need: the longest frame of Opus (RFC 6716 section 3.4), and 40 ms of L16 at 16 kHz. */
    CODEC_PAYLOAD_BYTES_MAX = 1280,
    CODEC_FRAME_MS = 10, /* encode and conceal take whole multiples of it */
};

/* The static payload type of RFC 3551 where there is one; the others are no payload types. */
enum codec_id {
    CODEC_PCMU = 0,
    CODEC_PCMA = 8,
    CODEC_G722 = 9,
    CODEC_OPUS = 128,
    CODEC_L16_8K = 129,
    CODEC_L16_16K = 130,
};

/* What the peer asked for (a=fmtp). All zero is right for every codec; only Opus reads it. */
struct codec_settings {
    uint32_t bitrate;          /* bits a second; 0: the codec's own choice for the rate */
    uint32_t bitrate_max;      /* that the peer takes (RFC 7587 maxaveragebitrate); 0: any */
    uint32_t playback_rate_hz; /* the highest that the peer renders (RFC 7587 maxplaybackrate); 0: any */
    uint8_t loss_percent;      /* how much loss in-band correction is made for at first, see adapt */
    bool correct;              /* in-band FEC, where there is loss */
    bool pause;                /* DTX: silence is not sent */
};

/* One codec at one rate of linear samples. Memory for an encoder or a decoder is aligned as malloc's is.
 *
 * An encoder and a decoder are used by one thread each; the table is constant and anybody's. */
struct codec {
    enum codec_id id;
    const char *name;        /* of the encoding in SDP, upper case as RFC 3551 writes it */
    uint32_t rtp_clock_hz;   /* what timestamps count; G.722's is 8000 by an old mistake (RFC 3551 section 4.5.2) */
    uint32_t sample_rate_hz; /* of linear samples */
    size_t encoder_bytes, decoder_bytes;

    void (*encoder_init)(void *encoder, const struct codec_settings *settings);
    void (*decoder_init)(void *decoder);

    /* Packs `count` samples into `payload`, CODEC_PAYLOAD_BYTES_MAX long: 10, 20, 40 or 60 ms, all but Opus also 30 and
     * 50, L16 at 16 kHz at most 40. Returns its bytes; 0 where nothing is to be sent (DTX). */
    size_t (*encode)(void *encoder, const int16_t *samples, size_t count, uint8_t *payload);

    /* The peer loses so many of our packets: correction is made for that, if it asked for any. NULL: nothing adapts. */
    void (*adapt)(void *encoder, uint8_t loss_percent);

    /* How many samples a payload holds, without decoding it; 0: it is not of this codec. Never above CODEC_SAMPLES_MAX. */
    size_t (*length)(const uint8_t *payload, size_t bytes);

    /* Unpacks what any stranger sent, `length` samples of it. Returns them; 0 where it is malformed, and the caller
     * conceals. The seam with concealed samples before it is smoothed. `samples` has CODEC_SAMPLES_MAX. */
    size_t (*decode)(void *decoder, const uint8_t *payload, size_t bytes, int16_t *samples);

    /* Makes `count` samples for what was lost, at most CODEC_SAMPLES_MAX. `next` is the payload behind the gap if it
     * is here already, else NULL: Opus may carry the end of the gap in it a second time; it is decoded afterwards all
     * the same. So a gap is concealed by calls for whole packets, the last of them with `next`. */
    void (*conceal)(void *decoder, int16_t *samples, size_t count, const uint8_t *next, size_t next_bytes);
};

/* The codec with linear samples at `rate_hz`, or at its own highest rate with 0. NULL: there is none, or its library is
 * not here. Opus is its own resampler: it can be had at 8000, 16000 and 48000. */
const struct codec *codec_find(enum codec_id id, uint32_t rate_hz);

/* --- ITU-T G.711, tables 1 and 2 (g711.c). Total functions: every input has an output. */

/* The code for a sample of zero, which pads the last packet of a playback. */
#define G711_ULAW_SILENCE 0xFF
#define G711_ALAW_SILENCE 0xD5

uint8_t g711_ulaw_encode(int16_t sample);
uint8_t g711_alaw_encode(int16_t sample);
int16_t g711_ulaw_decode(uint8_t code);
int16_t g711_alaw_decode(uint8_t code);

/* From one law to the other by the linear value between them. Held by whoever transcodes, so that
 * no thread shares a table that another one writes. */
struct g711_transcoder {
    uint8_t ulaw_to_alaw[256];
    uint8_t alaw_to_ulaw[256];
};

void g711_transcoder_init(struct g711_transcoder *transcoder);

/* Replaces each of `codes` by its entry in one of the two tables above. */
void g711_transcode(const uint8_t table[256], uint8_t *codes, size_t count);

extern const struct codec g711_ulaw_codec, g711_alaw_codec;

/* --- ITU-T G.722 at 64 kbit/s (g722.c) */

extern const struct codec g722_codec;

/* --- L16 (l16.c) */

extern const struct codec l16_8k_codec, l16_16k_codec;

/* --- Opus by libopus (opus.c) */

#define OPUS_LIBRARY "libopus.so.0"

/* Finds the library, before any other thread runs. NULL, or why there is no Opus; then the table has none. */
const char *opus_load(const char *file);

/* At 8000, 16000 or 48000 (also: 0); NULL where the library was not found. */
const struct codec *opus_codec(uint32_t rate_hz);

/* --- Concealment of lost packets by repeating the pitch, as in ITU-T G.711 Appendix I (plc.c). */

enum {
    PLC_RATE_MAX = 2,          /* times 8000 Hz */
    PLC_PITCH_MAX_8K = 120,    /* samples: 66 Hz, the lowest voice */
    PLC_DELAY_8K = 30,         /* a quarter of it: what is held back to smooth the beginning of a gap */
    PLC_HISTORY_8K = 3 * PLC_PITCH_MAX_8K + PLC_DELAY_8K,
};

struct plc {
    uint32_t rate;                                      /* times 8000 Hz */
    uint32_t lost_frames;                               /* of the present gap, 10 ms each */
    uint32_t pitch, period;                             /* samples; `period` is what is repeated, 1 to 3 times the pitch */
    uint32_t offset;                                    /* within `period`, of the next sample */
    int16_t history[PLC_HISTORY_8K * PLC_RATE_MAX];     /* what was heard; its last part was not given out yet */
    int16_t wave[PLC_HISTORY_8K * PLC_RATE_MAX];        /* the history as the gap began, its seam smoothed */
    int16_t last_quarter[PLC_DELAY_8K * PLC_RATE_MAX];  /* the end of it before that */
};

/* For samples at 8000 or 16000 Hz. */
void plc_init(struct plc *plc, uint32_t rate_hz);

/* What arrived; `samples` become those of 3.75 ms before. The end of a gap is smoothed. */
void plc_heard(struct plc *plc, int16_t *samples, size_t count);

/* Fills `samples` for what was lost, `count` a multiple of 10 ms. Fades out within 60 ms of a gap. */
void plc_lost(struct plc *plc, int16_t *samples, size_t count);

/* --- Comfort noise (comfort_noise.c), RFC 3389, at 8000 Hz */

enum {
    COMFORT_NOISE_ORDER_MAX = 12, /* more coefficients are not heard, and are ignored */
    COMFORT_NOISE_BYTES_MAX = 1 + COMFORT_NOISE_ORDER_MAX,
};

struct comfort_noise {
    uint32_t random;
    uint32_t order;
    float amplitude, wanted_amplitude; /* of what is heard */
    float drive;                       /* what the white noise must have for an amplitude of 1 */
    float coefficients[COMFORT_NOISE_ORDER_MAX];
    float backward[COMFORT_NOISE_ORDER_MAX + 1];
};

/* Silent until the first payload. */
void comfort_noise_init(struct comfort_noise *noise, uint32_t seed);

/* A payload of type 13, as it came. False: it is empty, and nothing changes. */
bool comfort_noise_heard(struct comfort_noise *noise, const uint8_t *payload, size_t bytes);
void comfort_noise_make(struct comfort_noise *noise, int16_t *samples, size_t count);

/* The payload that describes `samples`, with `order` coefficients (0: the level alone). Returns its bytes. */
size_t comfort_noise_encode(const int16_t *samples, size_t count, uint32_t order, uint8_t *payload);

/* --- From one rate to another (resample.c) */

enum {
    RESAMPLER_TAPS_A_PHASE = 48,
    RESAMPLER_FACTOR_MAX = 6, /* 8000 to 48000 */
    RESAMPLER_TAPS_MAX = RESAMPLER_TAPS_A_PHASE * RESAMPLER_FACTOR_MAX,
};

struct resampler {
    uint32_t up, down; /* one of them is 1 */
    uint32_t taps;     /* that make one sample; 0: both rates are the same */
    float filter[RESAMPLER_TAPS_MAX];
    float kept[RESAMPLER_TAPS_MAX]; /* the last samples, which the next ones are filtered with */
};

/* Between any two of 8000, 16000 and 48000 Hz. Takes some 0.1 ms: not for the packet path. */
void resampler_init(struct resampler *resampler, uint32_t from_hz, uint32_t to_hz);

/* `count` samples, a multiple of 6 where the rate falls, as all of 10 ms are. Returns how many it made of them. */
size_t resample(struct resampler *resampler, const int16_t *samples, size_t count, int16_t *out);

#endif
