/* A recording between two threads: the engine's tick puts 10 ms of each side into a ring, the writer takes them out.
 *
 * Made by the submitting thread, which hands it to both. The engine thread is the first to let go of it
 * (recording_end), the writer frees it when the ring is empty or the disk has refused and the engine has let go. */
#ifndef SWITCH_ENGINE_RECORDING_H
#define SWITCH_ENGINE_RECORDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"
#include "rates.h"
#include "ring.h"
#include "sound_file.h"

enum {
    RECORDING_RATE_MAX = 48000,
    RECORDING_TICK_SAMPLES_MAX = RECORDING_RATE_MAX / 1000 * TICK_MS,
    /* 5.12 s: a disk that stalls longer loses sound. 160 kB in two channels of 8 kHz. */
    RECORDING_RING_TICKS = 512,
    /* 12 hours: in two channels of 16 kHz, WAV's 4 GiB hold 18. */
    RECORDING_SECONDS_MAX = 12 * 3600,
    /* What a stream hears of its own player waits here for the tick: two packets of the longest packet time. */
    RECORDING_HEARD_MS_MAX = 2 * PACKET_TIME_MS_MAX,
};

/* In the order of RecordingEnd in switch/media/events.py. */
enum recording_reason {
    RECORDING_STOPPED,
    RECORDING_CLOSED, /* the stream ended */
    RECORDING_LENGTH,
    RECORDING_SILENCE,
    RECORDING_FAILED, /* `error` says why */
};

struct recording_order {
    int64_t number;
    uint32_t slot;
    enum sound_format format;
    uint32_t rate;
    uint8_t channels; /* 1: what the peer says; 2: and on the right what it hears */
    uint32_t seconds_max;
    uint32_t silence_ms; /* ends after so much of it; 0: never */
    char path[SOUND_PATH_BYTES_MAX + 1];
};

struct recording {
    struct recording_order order;
    uint32_t tick_samples; /* of one channel */
    struct ring ring;      /* cells of `struct recorded` */

    /* The engine thread's. */
    bool paused;
    uint32_t skipped; /* ticks without room since the last cell */
    uint64_t ticks;
    uint64_t ticks_spoken; /* up to the last loud one */
    struct rate_changer left, right;
    uint32_t heard_rate, heard_count; /* of a player or a mixer, in advance of its ticks */
    int16_t heard[RECORDING_RATE_MAX / 1000 * RECORDING_HEARD_MS_MAX];
    int16_t heard_frame[RATE_FRAME_MAX];

    /* What passes between the threads. */
    _Atomic bool ended;  /* the engine puts nothing in any more */
    _Atomic bool broken; /* the writer takes nothing out any more */
    enum recording_reason reason; /* written before `ended` */

    /* The writer's. */
    struct sound_file *file;
    bool opened;
    int error;
    uint64_t frames, lost_ticks, bytes;
    uint64_t refreshed_us;
};

/* One tick in the ring: first silence for `skipped` ticks, then the samples, channel beside channel. */
struct recorded {
    uint32_t skipped;
    int16_t samples[];
};

/* NULL when memory is refused. */
struct recording *recording_new(const struct recording_order *order);
void recording_free(struct recording *recording); /* not the file */

/* The engine thread, each tick, with 10 ms of each side at the recording's rate; `right` is not looked at with one
 * channel. False: the recording has come to its end and wants recording_end(). */
bool recording_tick(struct recording *recording, const int16_t *left, const int16_t *right,
                    enum recording_reason *reason);

/* The engine thread: what the peer will hear of another source than its partner, whole frames of 10 ms at 8000, 16000 or
 * 48000 Hz. And the oldest 10 ms of it, NULL where there is none; valid until the next call. */
void recording_heard(struct recording *recording, const int16_t *samples, uint32_t count, uint32_t rate);
const int16_t *recording_take_heard(struct recording *recording, uint32_t *rate);

/* The engine thread lets go: the pointer is the writer's alone after this. */
void recording_end(struct recording *recording, enum recording_reason reason);

#endif
