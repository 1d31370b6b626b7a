#include "ear.h"

#include <string.h>

#include "bounds.h"
#include "stretch.h"

enum {
    ALIGNMENT = 16,
    /* The longest payload that a peer's packet of 60 ms has: eight bits a sample at 8000 Hz; else what the codecs say. */
    NARROW_BYTES_MAX = PACKET_TIME_MS_MAX * SAMPLES_PER_MS,
    /* One packet that was just decoded, behind what must be seen to change the delay and what that adds. */
    HELD_MS_MAX = CODEC_PACKET_MS_MAX + STRETCH_MS + STRETCH_MS_MAX,

    /* The delay is changed in silence when it is wrong by more than a bin of the jitter buffer's histogram, or by as much
     * as can be put in; in speech when it is wrong by so much that the conversation gains more than the sound loses. */
    CUT_SILENCE_MS = 5,
    FILL_SILENCE_MS = -10,
    CUT_SPEECH_MS = 20,
    CUT_ANYHOW_MS = 80, /* and here whether speech repeats itself or not */
    LIKENESS_PERCENT = 60,
    REST_TICKS = 3,

    /* A frame is silent 18 dB below the loudest of the last seconds, or below -54 dBFS. */
    SILENT_SHARE = 8,
    SILENT_LEVEL = 64,
    LOUDNESS_FADES = 512, /* by this part a tick: a half in 3.5 s */
};

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static uint32_t cell_bytes(const struct codec *codec)
{
    bool is_narrow = codec->id == CODEC_PCMU || codec->id == CODEC_PCMA || codec->id == CODEC_G722;
    return is_narrow ? NARROW_BYTES_MAX : CODEC_PAYLOAD_BYTES_MAX;
}

static uint32_t held_max(const struct codec *codec)
{
    return codec->sample_rate_hz / 1000 * HELD_MS_MAX;
}

size_t ear_bytes(const struct codec *codec)
{
    return aligned(sizeof(struct ear)) + aligned(jitter_bytes(cell_bytes(codec))) + aligned(codec->decoder_bytes) +
           held_max(codec) * sizeof(int16_t);
}

void ear_init(struct ear *ear, const struct codec *codec)
{
    uint8_t *memory = (uint8_t *)ear + aligned(sizeof *ear);
    ear->codec = codec;
    ear->jitter = (struct jitter *)memory;
    memory += aligned(jitter_bytes(cell_bytes(codec)));
    ear->decoder = memory;
    memory += aligned(codec->decoder_bytes);
    ear->samples = (int16_t *)memory;
    ear->frame_samples = codec->sample_rate_hz / (1000 / TICK_MS);
    ear->frame_units = codec->rtp_clock_hz / (1000 / TICK_MS);
    ear->quiet_ticks = EAR_QUIET_TICKS;
    jitter_init(ear->jitter, cell_bytes(codec), codec->rtp_clock_hz / 1000);
    codec->decoder_init(ear->decoder);
    comfort_noise_init(&ear->noise, 1);
}

void ear_restart(struct ear *ear)
{
    jitter_restart(ear->jitter);
    memset(ear->decoder, 0, ear->codec->decoder_bytes);
    ear->codec->decoder_init(ear->decoder);
    ear->held = ear->rest_ticks = ear->loudness = 0;
    ear->quiet_ticks = EAR_QUIET_TICKS;
    ear->spoken = ear->noisy = false;
}

static uint32_t units_of(const struct ear *ear, size_t samples)
{
    return (uint32_t)(samples * ear->frame_units / ear->frame_samples);
}

static uint32_t samples_of(const struct ear *ear, uint32_t units)
{
    return units * ear->frame_samples / ear->frame_units;
}

void ear_put(struct ear *ear, const struct rtp_packet *packet, uint64_t now_us)
{
    size_t samples = ear->codec->length(packet->payload, packet->payload_bytes);
    if (samples == 0 || packet->payload_bytes > cell_bytes(ear->codec))
        ear->malformed++;
    else
        jitter_put(ear->jitter, packet, units_of(ear, samples), now_us);
}

void ear_aside(struct ear *ear, const struct rtp_packet *packet)
{
    jitter_aside(ear->jitter, packet);
}

void ear_noise(struct ear *ear, const struct rtp_packet *packet)
{
    jitter_aside(ear->jitter, packet);
    if (!comfort_noise_heard(&ear->noise, packet->payload, packet->payload_bytes))
        return;
    ear->noisy = true;
    ear->noise_timestamp = packet->timestamp;
}

static void conceal(struct ear *ear, uint32_t samples, const struct jitter_piece *piece)
{
    ear->codec->conceal(ear->decoder, ear->samples + ear->held, samples, piece->payload, piece->bytes);
    ear->held += samples;
}

static void add_silence(struct ear *ear, uint32_t samples)
{
    if (ear->noisy)
        comfort_noise_make(&ear->noise, ear->samples + ear->held, samples);
    else
        memset(ear->samples + ear->held, 0, samples * sizeof *ear->samples);
    ear->held += samples;
}

static void decode(struct ear *ear, const struct jitter_piece *piece)
{
    int16_t *end = ear->samples + ear->held;
    size_t samples = ear->codec->decode(ear->decoder, piece->payload, piece->bytes, end);
    if (samples == 0) {
        ear->malformed++;
        uint32_t frames = (piece->units + ear->frame_units - 1) / ear->frame_units;
        conceal(ear, frames * ear->frame_samples, &(struct jitter_piece){0});
        return;
    }
    size_t over = samples_of(ear, piece->skip);
    if (over > samples)
        over = samples;
    memmove(end, end + over, (samples - over) * sizeof *end);
    ear->held += (uint32_t)(samples - over);
}

/* At least one frame's worth more, except where a packet is shorter than that. */
static void hold_more(struct ear *ear)
{
    struct jitter_piece piece;
    enum jitter_verdict verdict = jitter_take(ear->jitter, &piece);
    ear->spoken = verdict == JITTER_PACKET || verdict == JITTER_LOST || (verdict == JITTER_STARVED && !ear->noisy);
    switch (verdict) {
    case JITTER_PACKET:
        ear->quiet_ticks = 0;
        /* It may have come before what was said ahead of it is heard. */
        if (ear->noisy && (int32_t)(ear->jitter->next - piece.units - ear->noise_timestamp) >= 0)
            ear->noisy = false;
        decode(ear, &piece);
        break;
    case JITTER_STARVED:
        if (ear->noisy) {
            add_silence(ear, samples_of(ear, piece.units));
            break;
        }
        /* fall through */
    case JITTER_LOST:
        conceal(ear, samples_of(ear, piece.units), &piece);
        break;
    case JITTER_PAUSE:
    case JITTER_SILENT:
        add_silence(ear, samples_of(ear, piece.units));
        break;
    }
}

static void note_loudness(struct ear *ear)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < ear->frame_samples; i++)
        sum += (uint32_t)(ear->frame[i] < 0 ? -ear->frame[i] : ear->frame[i]);
    uint32_t level = sum / ear->frame_samples;
    ear->loudness -= ear->loudness / LOUDNESS_FADES;
    if (level > ear->loudness)
        ear->loudness = level;
    ear->silent = level < SILENT_LEVEL || level * SILENT_SHARE < ear->loudness;
}

/* A pitch period less or more where the delay is not the target. */
static void change_delay(struct ear *ear, uint64_t now_us)
{
    if (ear->rest_ticks > 0) {
        ear->rest_ticks--;
        return;
    }
    int32_t excess_ms = jitter_excess(ear->jitter, units_of(ear, ear->held), now_us) * TICK_MS / (int32_t)ear->frame_units;
    bool cuts = excess_ms >= (ear->silent ? CUT_SILENCE_MS : CUT_SPEECH_MS);
    bool fills = ear->silent && excess_ms <= FILL_SILENCE_MS;
    if (!cuts && !fills)
        return;
    uint32_t seen = ear->frame_samples * STRETCH_MS / TICK_MS;
    /* Only out of what is here: to ask for more would start to conceal. */
    while (ear->held < seen && jitter_has_next(ear->jitter))
        hold_more(ear);
    if (ear->held < seen)
        return;
    uint32_t rate = ear->codec->sample_rate_hz;
    int percent = ear->silent || excess_ms >= CUT_ANYHOW_MS ? -100 : LIKENESS_PERCENT;
    size_t changed = cuts ? stretch_cut(ear->samples, ear->held, rate, percent)
                          : stretch_fill(ear->samples, ear->held, rate, percent);
    ear->held += (uint32_t)(cuts ? -changed : changed);
    *(cuts ? &ear->cut_samples : &ear->filled_samples) += changed;
    if (changed > 0)
        ear->rest_ticks = REST_TICKS;
}

void ear_take(struct ear *ear, uint64_t now_us)
{
    if (ear->quiet_ticks < EAR_QUIET_TICKS)
        ear->quiet_ticks++;
    change_delay(ear, now_us);
    while (ear->held < ear->frame_samples)
        hold_more(ear);
    ear->held -= ear->frame_samples;
    memcpy(ear->frame, ear->samples, ear->frame_samples * sizeof *ear->frame);
    memmove(ear->samples, ear->samples + ear->frame_samples, ear->held * sizeof *ear->samples);
    note_loudness(ear);
    ear->frames += ear->jitter->started;
}

bool ear_is_quiet(const struct ear *ear)
{
    return ear->quiet_ticks >= EAR_QUIET_TICKS && !ear->noisy;
}

void ear_counts(const struct ear *ear, struct ear_counts *counts)
{
    uint32_t samples_per_ms = ear->codec->sample_rate_hz / 1000;
    *counts = (struct ear_counts){
        .jitter = *jitter_counts(ear->jitter),
        .malformed = ear->malformed,
        .frames = ear->frames,
        .concealed_ms = ear->jitter->counts.concealed_units / ear->jitter->units_per_ms,
        .cut_ms = ear->cut_samples / samples_per_ms,
        .filled_ms = ear->filled_samples / samples_per_ms,
    };
}
