#include "recorder.h"

#include <string.h>

#include "sound.h"

static const int16_t SILENCE[RATE_FRAME_MAX];

/* A stream is listened to while it is recorded, or its partner in two channels. */
static void listen_as_needed(struct engine *engine, uint32_t slot)
{
    const struct stream *stream = &engine->streams[slot];
    const struct recording *beside = stream->partner == NONE ? NULL : engine->streams[stream->partner].recording;
    bool wanted = stream->open && (stream->recording != NULL || (beside != NULL && beside->order.channels == 2));
    if (wanted && !(stream->listeners & LISTEN_RECORDER)) {
        sound_listen(engine, slot, LISTEN_RECORDER);
        engine->recorders++;
    } else if (!wanted && (stream->listeners & LISTEN_RECORDER)) {
        sound_unlisten(engine, slot, LISTEN_RECORDER);
        engine->recorders--;
    }
}

void recorder_follow(struct engine *engine, uint32_t slot)
{
    listen_as_needed(engine, slot);
    if (engine->streams[slot].partner != NONE)
        listen_as_needed(engine, (uint32_t)engine->streams[slot].partner);
}

void recorder_start(struct engine *engine, uint32_t slot, struct recording *recording)
{
    recorder_end(engine, slot, RECORDING_STOPPED);
    engine->streams[slot].recording = recording;
    recorder_follow(engine, slot);
}

static struct recording *find(struct engine *engine, uint32_t slot, int64_t number)
{
    struct recording *recording = engine->streams[slot].recording;
    if (recording != NULL && recording->order.number == number)
        return recording;
    count(&engine->counters.commands_ignored, 1);
    return NULL;
}

void recorder_stop(struct engine *engine, uint32_t slot, int64_t number)
{
    if (find(engine, slot, number) != NULL)
        recorder_end(engine, slot, RECORDING_STOPPED);
}

void recorder_pause(struct engine *engine, uint32_t slot, int64_t number, bool paused)
{
    struct recording *recording = find(engine, slot, number);
    if (recording != NULL)
        recording->paused = paused;
}

void recorder_move(struct engine *engine, uint32_t from, uint32_t to)
{
    struct stream *giver = &engine->streams[from], *taker = &engine->streams[to];
    if (giver->recording == NULL || taker->recording != NULL || !taker->open) {
        count(&engine->counters.commands_ignored, 1);
        return;
    }
    taker->recording = giver->recording;
    giver->recording = NULL;
    recorder_follow(engine, from);
    recorder_follow(engine, to);
}

void recorder_end(struct engine *engine, uint32_t slot, enum recording_reason reason)
{
    struct stream *stream = &engine->streams[slot];
    if (stream->recording == NULL)
        return;
    struct recording *recording = stream->recording;
    stream->recording = NULL;
    recording_end(recording, reason);
    recorder_follow(engine, slot);
}

void recorder_heard(struct stream *stream, const int16_t *samples, uint32_t count, uint32_t rate)
{
    if (stream->recording != NULL)
        recording_heard(stream->recording, samples, count, rate);
}

void recorder_heard_codes(struct stream *stream, const uint8_t *codes, uint32_t count)
{
    int16_t samples[PACKET_TIME_MS_MAX * SAMPLES_PER_MS];
    if (stream->recording == NULL)
        return;
    for (uint32_t i = 0; i < count; i++)
        samples[i] = stream->plan.codec == CODEC_PCMA ? g711_alaw_decode(codes[i]) : g711_ulaw_decode(codes[i]);
    recorder_heard(stream, samples, count, SAMPLES_PER_MS * 1000);
}

/* What this stream says, at the recording's rate. */
static const int16_t *said_by(const struct engine *engine, const struct stream *stream, struct recording *recording,
                              struct rate_changer *changer, int16_t *out)
{
    uint32_t rate_hz;
    const int16_t *samples = stream == NULL || !stream->plan.receives ? NULL : sound_heard(stream, &rate_hz);
    if (samples == NULL)
        return SILENCE;
    return rate_change(&engine->rates, changer, rate_hz, recording->order.rate, samples, out);
}

void recorder_tick(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    struct recording *recording = stream->recording;
    int16_t left_out[RATE_FRAME_MAX], right_out[RATE_FRAME_MAX];
    const int16_t *left = said_by(engine, stream, recording, &recording->left, left_out), *right = SILENCE;
    if (recording->order.channels == 1 && !stream->plan.receives) {
        /* Nobody speaks into it: the ear of a room, of which everything that it hears is wanted. */
        uint32_t rate;
        const int16_t *heard = recording_take_heard(recording, &rate);
        if (heard != NULL)
            left = rate_change(&engine->rates, &recording->left, rate, recording->order.rate, heard, left_out);
    }
    if (recording->order.channels == 2) {
        uint32_t rate;
        const int16_t *heard = recording_take_heard(recording, &rate);
        const struct stream *partner = stream->partner == NONE || stream_is_overridden(stream)
                                           ? NULL
                                           : &engine->streams[stream->partner];
        right = heard != NULL ? rate_change(&engine->rates, &recording->right, rate, recording->order.rate, heard, right_out)
                              : said_by(engine, partner, recording, &recording->right, right_out);
    }
    enum recording_reason reason;
    if (!recording_tick(recording, left, right, &reason))
        recorder_end(engine, slot, reason);
}
