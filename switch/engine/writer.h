/* The thread that writes recordings: it alone waits for disks.
 *
 * Four times a second it empties the rings of all recordings into their files. */
#ifndef SWITCH_ENGINE_WRITER_H
#define SWITCH_ENGINE_WRITER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "recording.h"
#include "ring.h"
#include "wakeup.h"

enum {
    /* A ring holds twenty of these; a file is behind the talk by one. */
    WRITER_PERIOD_MS = 250,
    WRITER_REFRESH_US = 1000000,
    WRITER_BUFFER_BYTES = 64 * 1024,
};

/* How a recording ended; the answer to each that was handed over. */
struct recording_report {
    int64_t number;
    uint32_t slot;
    enum recording_reason reason;
    int error; /* an errno with RECORDING_FAILED */
    uint64_t duration_ms, lost_ms, bytes;
};

struct writer {
    uint32_t recordings_max;
    struct ring arrivals; /* pointers to recordings, from the submitting thread */
    struct ring reports;  /* to the polling thread */
    struct wakeup wakeup;
    struct wakeup *told; /* raised when a report waits */
    struct recording **recordings;
    uint32_t count;
    _Atomic uint32_t held; /* recordings that were taken and not reported yet */
    _Atomic bool stopping;
    _Atomic uint64_t bytes_written, ticks_lost, failed;
    pthread_t thread;
    bool running;
    int16_t *buffer;
};

/* False when memory or descriptors are refused. `told` outlives the writer. */
bool writer_init(struct writer *writer, uint32_t recordings_max, struct wakeup *told);
int writer_start(struct writer *writer); /* 0 or an errno */

/* Ends what is written, and the thread. Recordings that the engine still held are ended where they stand: the
 * engine's thread must have ended before. */
void writer_free(struct writer *writer);

/* The submitting thread. Whether one more can be written; and a recording, for which there is room. */
bool writer_has_room(struct writer *writer);
void writer_take(struct writer *writer, struct recording *recording);

/* The polling thread. False: none waits. */
bool writer_poll(struct writer *writer, struct recording_report *report);

#endif
