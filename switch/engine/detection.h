/* What a stream's ear is listened to for: the detectors of codecs/, fed at each tick, and what they tell as events. */
#ifndef SWITCH_ENGINE_DETECTION_H
#define SWITCH_ENGINE_DETECTION_H

#include "codecs.h"
#include "detectors.h"
#include "values.h"

struct engine;

/* The numbers of `Detector` in switch/media/commands.py. */
enum {
    DETECT_KEYS = 1 << 0,
    DETECT_TONES = 1 << 1,
    DETECT_VOICE = 1 << 2,
    DETECT_MACHINE = 1 << 3,
    DETECT_BEEP = 1 << 4,
    DETECT_CLIPPING = 1 << 5,
    DETECT_ALL = (1 << 6) - 1,
};

/* Ears at other rates than 8 kHz; made once, because a filter takes long to make. */
struct detection_rates {
    struct resampler from_16k, from_48k;
};

void detection_rates_init(struct detection_rates *rates);

struct detection {
    uint8_t detectors; /* set of those that listen */
    uint16_t pause_ticks; /* of a network's tone, which may still go on */
    uint32_t rate_hz;  /* that `resampler` is made for; 0: none yet */
    struct resampler resampler;
    struct dtmf_detector keys;
    struct progress_detector progress;
    struct sit_detector sit;
    struct vad voice;
    struct amd machine;
    struct beep_detector beep;
    struct clipping_detector clipping;
};

/* Listens for `request->start`, each begun anew, and no more for `request->stop`. */
void detection_change(struct detection *detection, const struct detect *request);

/* A key is being told by its tone just now. */
static inline bool detection_hears_key(const struct detection *detection)
{
    return detection != NULL && (detection->detectors & DETECT_KEYS) && dtmf_sounds(&detection->keys);
}

/* 10 ms of the stream's peer, or silence. */
void detection_tick(struct engine *engine, uint32_t slot);

#endif
