/* Opus (RFC 6716, RTP by RFC 7587) through libopus, which is found when the switch starts and not when it is built.
 *
 * What is declared here of libopus is its stable interface of version 1.0: names, arguments and numbers of requests. An
 * encoder or a decoder of libopus is one block of memory of a size that it tells, without pointers into itself. */
#include "codecs.h"

#include <dlfcn.h>
#include <string.h>

struct OpusEncoder;
struct OpusDecoder;

enum {
    /* opus_defines.h */
    APPLICATION_AUDIO = 2049,
    SET_SIGNAL = 4024,
    SIGNAL_VOICE = 3001,
    SET_BITRATE = 4002,
    SET_MAX_BANDWIDTH = 4004,
    SET_INBAND_FEC = 4012,
    SET_PACKET_LOSS_PERC = 4014,
    SET_COMPLEXITY = 4010,
    SET_DTX = 4016,
    BANDWIDTH_NARROW = 1101, /* 4, 6, 8, 12, 20 kHz */
    BANDWIDTH_MEDIUM = 1102,
    BANDWIDTH_WIDE = 1103,
    BANDWIDTH_SUPERWIDE = 1104,

    CHANNELS = 1, /* what is stereo is mixed by the decoder */
    CLOCK_HZ = 48000,
    /* Speech of full quality at half the work of the library's default 9; between 5 and 9 no listener tells them apart. */
    COMPLEXITY = 5,
    /* In the middle of what RFC 7587 section 3.1.1 names for speech of each band. */
    NARROW_BITRATE = 12000,
    WIDE_BITRATE = 20000,
    FULL_BITRATE = 32000,
    BITRATE_MIN = 6000, /* RFC 7587 section 6.1 */
    BITRATE_MAX = 128000, /* one channel has no use for more */
    /* For less libopus adds no correction at the bitrate of a call; more than this it does not tell apart. */
    CORRECTED_PERCENT_MIN = 10,
    CORRECTED_PERCENT_MAX = 25,
    /* A packet of one byte says that the silence goes on (RFC 7587 section 3.1.3): the encoder's sign for DTX. */
    SILENCE_BYTES = 2,
    /* Of ours: a frame of 60 ms at the highest rate above has 960. And of a peer's: no datagram is longer. */
    PAYLOAD_BYTES_MAX = CODEC_PAYLOAD_BYTES_MAX,
    DATAGRAM_BYTES_MAX = 65535,
};

static struct {
    int (*encoder_get_size)(int channels);
    int (*encoder_init)(struct OpusEncoder *encoder, int32_t rate_hz, int channels, int application);
    int (*encoder_ctl)(struct OpusEncoder *encoder, int request, ...);
    int32_t (*encode)(struct OpusEncoder *encoder, const int16_t *samples, int count, unsigned char *payload,
                      int32_t payload_max);
    int (*decoder_get_size)(int channels);
    int (*decoder_init)(struct OpusDecoder *decoder, int32_t rate_hz, int channels);
    int (*decode)(struct OpusDecoder *decoder, const unsigned char *payload, int32_t bytes, int16_t *samples,
                  int samples_max, int from_correction);
    int (*packet_get_nb_samples)(const unsigned char *payload, int32_t bytes, int32_t rate_hz);
} library;

/* --- What is sent */

struct encoder {
    /* The library's state lies behind. */
    _Alignas(16) bool pause;
    bool correct;
};

static struct OpusEncoder *encoder_state(struct encoder *encoder)
{
    return (struct OpusEncoder *)(encoder + 1);
}

static int32_t bitrate_for(const struct codec_settings *settings, uint32_t rate_hz)
{
    uint32_t bitrate = settings->bitrate;
    if (bitrate == 0)
        bitrate = rate_hz <= 8000 ? NARROW_BITRATE : rate_hz <= 16000 ? WIDE_BITRATE : FULL_BITRATE;
    if (settings->bitrate_max > 0 && bitrate > settings->bitrate_max)
        bitrate = settings->bitrate_max;
    return (int32_t)(bitrate < BITRATE_MIN ? BITRATE_MIN : bitrate > BITRATE_MAX ? BITRATE_MAX : bitrate);
}

/* RFC 7587 section 3.1.1: what the peer does not render is not encoded. 0: no limit. */
static int bandwidth_for(uint32_t playback_rate_hz)
{
    if (playback_rate_hz == 0 || playback_rate_hz >= 48000)
        return 0;
    if (playback_rate_hz >= 24000)
        return BANDWIDTH_SUPERWIDE;
    if (playback_rate_hz >= 16000)
        return BANDWIDTH_WIDE;
    return playback_rate_hz >= 12000 ? BANDWIDTH_MEDIUM : BANDWIDTH_NARROW;
}

static void encoder_init(void *memory, const struct codec_settings *settings, uint32_t rate_hz)
{
    struct encoder *encoder = memory;
    struct OpusEncoder *state = encoder_state(encoder);
    encoder->pause = settings->pause;
    encoder->correct = settings->correct;
    library.encoder_init(state, (int32_t)rate_hz, CHANNELS, APPLICATION_AUDIO);
    library.encoder_ctl(state, SET_COMPLEXITY, COMPLEXITY);
    library.encoder_ctl(state, SET_SIGNAL, SIGNAL_VOICE);
    library.encoder_ctl(state, SET_BITRATE, bitrate_for(settings, rate_hz));
    library.encoder_ctl(state, SET_INBAND_FEC, settings->correct ? 1 : 0);
    library.encoder_ctl(state, SET_PACKET_LOSS_PERC, (int)settings->loss_percent);
    library.encoder_ctl(state, SET_DTX, settings->pause ? 1 : 0);
    if (bandwidth_for(settings->playback_rate_hz) != 0)
        library.encoder_ctl(state, SET_MAX_BANDWIDTH, bandwidth_for(settings->playback_rate_hz));
}

static void encoder_init_8k(void *encoder, const struct codec_settings *settings)
{
    encoder_init(encoder, settings, 8000);
}

static void encoder_init_16k(void *encoder, const struct codec_settings *settings)
{
    encoder_init(encoder, settings, 16000);
}

static void encoder_init_48k(void *encoder, const struct codec_settings *settings)
{
    encoder_init(encoder, settings, 48000);
}

static size_t encode(void *memory, const int16_t *samples, size_t count, uint8_t *payload)
{
    struct encoder *encoder = memory;
    int32_t bytes = library.encode(encoder_state(encoder), samples, (int)count, payload, PAYLOAD_BYTES_MAX);
    if (bytes < 0 || (encoder->pause && bytes <= SILENCE_BYTES))
        return 0;
    return (size_t)bytes;
}

/* The second copy of each packet costs a fifth of the bits, so it is made only where packets are lost: the library makes
 * none for a loss of 0. */
static void adapt(void *memory, uint8_t loss_percent)
{
    struct encoder *encoder = memory;
    if (loss_percent > 0 && loss_percent < CORRECTED_PERCENT_MIN)
        loss_percent = CORRECTED_PERCENT_MIN;
    if (loss_percent > CORRECTED_PERCENT_MAX)
        loss_percent = CORRECTED_PERCENT_MAX;
    if (encoder->correct)
        library.encoder_ctl(encoder_state(encoder), SET_PACKET_LOSS_PERC, (int)loss_percent);
}

/* --- What is heard */

struct decoder {
    _Alignas(16) uint32_t rate_hz;
};

static struct OpusDecoder *decoder_state(struct decoder *decoder)
{
    return (struct OpusDecoder *)(decoder + 1);
}

static void decoder_init(void *memory, uint32_t rate_hz)
{
    struct decoder *decoder = memory;
    decoder->rate_hz = rate_hz;
    library.decoder_init(decoder_state(decoder), (int32_t)rate_hz, CHANNELS);
}

static void decoder_init_8k(void *decoder)
{
    decoder_init(decoder, 8000);
}

static void decoder_init_16k(void *decoder)
{
    decoder_init(decoder, 16000);
}

static void decoder_init_48k(void *decoder)
{
    decoder_init(decoder, 48000);
}

static size_t length(const uint8_t *payload, size_t bytes, uint32_t rate_hz)
{
    if (bytes == 0 || bytes > DATAGRAM_BYTES_MAX)
        return 0;
    int count = library.packet_get_nb_samples(payload, (int32_t)bytes, (int32_t)rate_hz);
    return count > 0 ? (size_t)count : 0;
}

static size_t length_8k(const uint8_t *payload, size_t bytes)
{
    return length(payload, bytes, 8000);
}

static size_t length_16k(const uint8_t *payload, size_t bytes)
{
    return length(payload, bytes, 16000);
}

static size_t length_48k(const uint8_t *payload, size_t bytes)
{
    return length(payload, bytes, 48000);
}

static size_t decode(void *memory, const uint8_t *payload, size_t bytes, int16_t *samples)
{
    struct decoder *decoder = memory;
    if (bytes == 0 || bytes > DATAGRAM_BYTES_MAX)
        return 0; /* the library would take nothing for a lost packet */
    int count = library.decode(decoder_state(decoder), payload, (int32_t)bytes, samples,
                               (int)(decoder->rate_hz / 1000 * CODEC_PACKET_MS_MAX), 0);
    return count > 0 ? (size_t)count : 0;
}

/* The library conceals the beginning of a gap that is longer than the packet whose second copy `next` may carry. */
static void conceal(void *memory, int16_t *samples, size_t count, const uint8_t *next, size_t next_bytes)
{
    struct OpusDecoder *state = decoder_state(memory);
    int done = 0;
    if (next != NULL && next_bytes > 0 && next_bytes <= DATAGRAM_BYTES_MAX)
        done = library.decode(state, next, (int32_t)next_bytes, samples, (int)count, 1);
    if (done != (int)count)
        done = library.decode(state, NULL, 0, samples, (int)count, 0);
    if (done != (int)count)
        memset(samples, 0, count * sizeof *samples);
}

/* --- In the table. The sizes are the library's. */

static struct codec at_8k = {
    .id = CODEC_OPUS,
    .name = "OPUS",
    .rtp_clock_hz = CLOCK_HZ,
    .sample_rate_hz = 8000,
    .encoder_init = encoder_init_8k,
    .decoder_init = decoder_init_8k,
    .encode = encode,
    .adapt = adapt,
    .length = length_8k,
    .decode = decode,
    .conceal = conceal,
};

static struct codec at_16k = {
    .id = CODEC_OPUS,
    .name = "OPUS",
    .rtp_clock_hz = CLOCK_HZ,
    .sample_rate_hz = 16000,
    .encoder_init = encoder_init_16k,
    .decoder_init = decoder_init_16k,
    .encode = encode,
    .adapt = adapt,
    .length = length_16k,
    .decode = decode,
    .conceal = conceal,
};

static struct codec at_48k = {
    .id = CODEC_OPUS,
    .name = "OPUS",
    .rtp_clock_hz = CLOCK_HZ,
    .sample_rate_hz = 48000,
    .encoder_init = encoder_init_48k,
    .decoder_init = decoder_init_48k,
    .encode = encode,
    .adapt = adapt,
    .length = length_48k,
    .decode = decode,
    .conceal = conceal,
};

static bool loaded;

const struct codec *opus_codec(uint32_t rate_hz)
{
    if (!loaded)
        return NULL;
    return rate_hz == 8000 ? &at_8k : rate_hz == 16000 ? &at_16k : rate_hz == 48000 || rate_hz == 0 ? &at_48k : NULL;
}

/* Into `*function`, whatever its type. False where the library has no such name. */
static bool find(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool find_all(void *handle)
{
    return find(handle, "opus_encoder_get_size", &library.encoder_get_size) &&
           find(handle, "opus_encoder_init", &library.encoder_init) &&
           find(handle, "opus_encoder_ctl", &library.encoder_ctl) &&
           find(handle, "opus_encode", &library.encode) &&
           find(handle, "opus_decoder_get_size", &library.decoder_get_size) &&
           find(handle, "opus_decoder_init", &library.decoder_init) &&
           find(handle, "opus_decode", &library.decode) &&
           find(handle, "opus_packet_get_nb_samples", &library.packet_get_nb_samples);
}

const char *opus_load(const char *file)
{
    if (loaded)
        return NULL;
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return dlerror();
    if (!find_all(handle)) {
        dlclose(handle);
        return "it is no libopus of version 1.0 or later";
    }
    struct codec *all[] = {&at_8k, &at_16k, &at_48k};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i]->encoder_bytes = sizeof(struct encoder) + (size_t)library.encoder_get_size(CHANNELS);
        all[i]->decoder_bytes = sizeof(struct decoder) + (size_t)library.decoder_get_size(CHANNELS);
    }
    loaded = true;
    return NULL;
}
