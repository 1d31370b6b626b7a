#include "detection.h"

#include <string.h>

#include "sound.h"

void detection_rates_init(struct detection_rates *rates)
{
    resampler_init(&rates->from_16k, 16000, DETECT_RATE);
    resampler_init(&rates->from_48k, 48000, DETECT_RATE);
}

void detection_change(struct detection *detection, const struct detect *request)
{
    detection->detectors = (uint8_t)((detection->detectors & ~request->stop) | request->start);
    if (request->start & DETECT_KEYS)
        dtmf_detector_init(&detection->keys);
    if (request->start & DETECT_TONES) {
        detection->pause_ticks = 0;
        progress_detector_init(&detection->progress);
        memset(&detection->sit, 0, sizeof detection->sit);
    }
    if (request->start & DETECT_VOICE)
        vad_init(&detection->voice, request->silence_ms);
    if (request->start & DETECT_MACHINE)
        amd_init(&detection->machine, &request->answers);
    if (request->start & DETECT_BEEP)
        memset(&detection->beep, 0, sizeof detection->beep);
    if (request->start & DETECT_CLIPPING)
        memset(&detection->clipping, 0, sizeof detection->clipping);
}

/* The peer's 10 ms at 8 kHz into `samples`: silence where nothing is heard, which is also something to know. */
static void take_frame(struct engine *engine, struct stream *stream, int16_t samples[DETECT_FRAME_SAMPLES])
{
    struct detection *detection = stream->detection;
    uint32_t rate_hz;
    const int16_t *heard = stream->plan.receives ? sound_heard(stream, &rate_hz) : NULL;
    memset(samples, 0, DETECT_FRAME_SAMPLES * sizeof *samples);
    if (heard == NULL)
        return;
    if (rate_hz == DETECT_RATE) {
        memcpy(samples, heard, DETECT_FRAME_SAMPLES * sizeof *samples);
        return;
    }
    const struct resampler *made = rate_hz == 16000 ? &engine->detection_rates.from_16k
                                   : rate_hz == 48000 ? &engine->detection_rates.from_48k
                                                      : NULL;
    if (made == NULL)
        return;
    if (detection->rate_hz != rate_hz) {
        detection->resampler = *made;
        detection->rate_hz = rate_hz;
    }
    resample(&detection->resampler, heard, rate_hz / 1000 * TICK_MS, samples);
}

static void listen_for_keys(struct engine *engine, uint32_t slot, const int16_t *samples)
{
    struct stream *stream = &engine->streams[slot];
    struct dtmf_heard heard;
    if (!dtmf_detect(&stream->detection->keys, samples, &heard))
        return;
    const struct key_press press = {.event = heard.key, .duration_ms = heard.duration_ms};
    sound_pass_key(engine, stream, &press, false);
    emit(engine, &(struct event){
                     .kind = EVENT_DIGIT,
                     .slot = slot,
                     .digit = {.event = heard.key, .duration_ms = heard.duration_ms},
                 });
}

static void listen_for_tones(struct engine *engine, uint32_t slot, const int16_t *samples)
{
    struct detection *detection = engine->streams[slot].detection;
    struct event event = {.kind = EVENT_TONE, .slot = slot};
    if (progress_detect(&detection->progress, samples, &event.tone))
        emit(engine, &event);
    if (sit_detect(&detection->sit, samples, &event.tone))
        emit(engine, &event);
}

static void listen_for_voice(struct engine *engine, uint32_t slot, const int16_t *samples)
{
    enum vad_change change = vad_detect(&engine->streams[slot].detection->voice, samples);
    if (change != VAD_SAME)
        emit(engine, &(struct event){.kind = EVENT_SPEECH, .slot = slot, .speaking = change == VAD_SPEECH});
}

enum {
    /* Behind a tone: what lies between two tones of a ringing signal, at most (North America: 4 s). */
    PAUSE_TICKS = 4500 / TICK_MS,
};

/* A network's tones are nobody's words, and their pauses nobody's silence: who answers is listened to behind them. */
static bool network_speaks(struct detection *detection)
{
    if (!(detection->detectors & DETECT_TONES))
        return false;
    if (progress_sounds(&detection->progress)) {
        const struct amd_settings settings = detection->machine.settings;
        if (detection->pause_ticks < PAUSE_TICKS && !detection->machine.over)
            amd_init(&detection->machine, &settings);
        detection->pause_ticks = PAUSE_TICKS;
    } else if (progress_hears_other(&detection->progress)) {
        detection->pause_ticks = 0;
    } else if (detection->pause_ticks > 0) {
        detection->pause_ticks--;
    }
    return detection->pause_ticks > 0;
}

static void listen_for_the_rest(struct engine *engine, uint32_t slot, const int16_t *samples)
{
    struct detection *detection = engine->streams[slot].detection;
    struct event event = {.slot = slot};
    if ((detection->detectors & DETECT_MACHINE) && !network_speaks(detection) &&
        amd_detect(&detection->machine, samples, &event.answer)) {
        event.kind = EVENT_ANSWER;
        emit(engine, &event);
    }
    if ((detection->detectors & DETECT_BEEP) && beep_detect(&detection->beep, samples, &event.beep)) {
        event.kind = EVENT_BEEP;
        emit(engine, &event);
    }
    if ((detection->detectors & DETECT_CLIPPING) &&
        clipping_detect(&detection->clipping, samples, &event.clipped_thousandths)) {
        event.kind = EVENT_CLIPPING;
        emit(engine, &event);
    }
}

void detection_tick(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    int16_t samples[DETECT_FRAME_SAMPLES];
    take_frame(engine, stream, samples);
    if (stream->detection->detectors & DETECT_KEYS)
        listen_for_keys(engine, slot, samples);
    if (stream->detection->detectors & DETECT_TONES)
        listen_for_tones(engine, slot, samples);
    if (stream->detection->detectors & DETECT_VOICE)
        listen_for_voice(engine, slot, samples);
    if (stream->detection->detectors & (DETECT_MACHINE | DETECT_BEEP | DETECT_CLIPPING))
        listen_for_the_rest(engine, slot, samples);
}
