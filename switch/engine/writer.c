#include "writer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void fail(struct recording *recording, int error)
{
    if (recording->error == 0)
        recording->error = error;
    atomic_store_explicit(&recording->broken, true, memory_order_relaxed);
}

static void open_file(struct recording *recording, uint64_t now_us)
{
    const struct recording_order *order = &recording->order;
    recording->opened = true;
    recording->refreshed_us = now_us;
    recording->file = sound_file_create(order->path, order->format, order->channels, order->rate);
    if (recording->file == NULL)
        fail(recording, errno);
}

static void write_frames(struct writer *writer, struct recording *recording, const int16_t *samples, size_t frames)
{
    size_t bytes = frames * recording->order.channels * sizeof(int16_t);
    if (recording->error != 0 || frames == 0)
        return;
    int error = sound_file_write(recording->file, samples, frames);
    if (error != 0) {
        fail(recording, error);
        return;
    }
    recording->frames += frames;
    atomic_fetch_add_explicit(&writer->bytes_written, bytes, memory_order_relaxed);
}

/* As long as what found no room in the ring. */
static void write_silence(struct writer *writer, struct recording *recording, uint32_t ticks)
{
    size_t tick_bytes = recording->ring.cell_bytes - sizeof(struct recorded);
    recording->lost_ticks += ticks;
    atomic_fetch_add_explicit(&writer->ticks_lost, ticks, memory_order_relaxed);
    memset(writer->buffer, 0, tick_bytes);
    for (uint32_t i = 0; i < ticks && recording->error == 0; i++)
        write_frames(writer, recording, writer->buffer, recording->tick_samples);
}

/* Empties the ring, in pieces of the buffer. */
static void drain(struct writer *writer, struct recording *recording)
{
    _Alignas(struct recorded) unsigned char
        cell[sizeof(struct recorded) + RECORDING_TICK_SAMPLES_MAX * SOUND_CHANNELS_MAX * sizeof(int16_t)];
    const struct recorded *recorded = (const struct recorded *)cell;
    size_t tick_bytes = recording->ring.cell_bytes - sizeof(struct recorded);
    size_t ticks_max = WRITER_BUFFER_BYTES / tick_bytes, ticks = 0;
    while (recording->error == 0 && ring_pop(&recording->ring, cell)) {
        if (recorded->skipped > 0 || ticks == ticks_max) {
            write_frames(writer, recording, writer->buffer, ticks * recording->tick_samples);
            ticks = 0;
        }
        if (recorded->skipped > 0)
            write_silence(writer, recording, recorded->skipped);
        memcpy((unsigned char *)writer->buffer + ticks * tick_bytes, recorded->samples, tick_bytes);
        ticks++;
    }
    write_frames(writer, recording, writer->buffer, ticks * recording->tick_samples);
}

static void finish_file(struct recording *recording)
{
    if (recording->file == NULL)
        return;
    int error = sound_file_close(recording->file, &recording->bytes);
    recording->file = NULL;
    if (error != 0)
        fail(recording, error);
}

/* Tells how it ended and frees it. False: the reader has no room for that now. */
static bool report(struct writer *writer, struct recording *recording)
{
    struct recording_report report = {
        .number = recording->order.number,
        .slot = recording->order.slot,
        .reason = recording->error != 0 ? RECORDING_FAILED : recording->reason,
        .error = recording->error,
        .duration_ms = recording->frames * 1000 / recording->order.rate,
        .lost_ms = recording->lost_ticks * TICK_MS,
        .bytes = recording->bytes,
    };
    if (!ring_push(&writer->reports, &report))
        return false;
    if (recording->error != 0)
        atomic_fetch_add_explicit(&writer->failed, 1, memory_order_relaxed);
    recording_free(recording);
    wakeup_raise(writer->told);
    return true;
}

/* False: the recording is over and gone. */
static bool serve(struct writer *writer, struct recording *recording, uint64_t now_us)
{
    /* First this: what was put in before the end is then seen below. */
    bool ended = atomic_load_explicit(&recording->ended, memory_order_acquire);
    if (!recording->opened)
        open_file(recording, now_us);
    drain(writer, recording);
    if (recording->error == 0 && now_us - recording->refreshed_us >= WRITER_REFRESH_US) {
        recording->refreshed_us = now_us;
        int error = sound_file_refresh(recording->file);
        if (error != 0)
            fail(recording, error);
    }
    if (ended || recording->error != 0)
        finish_file(recording);
    return !(ended && report(writer, recording));
}

static void serve_all(struct writer *writer)
{
    uint64_t now_us = monotonic_us();
    struct recording *arrived;
    while (writer->count < writer->recordings_max && ring_pop(&writer->arrivals, &arrived))
        writer->recordings[writer->count++] = arrived;
    for (uint32_t i = writer->count; i-- > 0;)
        if (!serve(writer, writer->recordings[i], now_us)) {
            writer->recordings[i] = writer->recordings[--writer->count];
            atomic_fetch_sub_explicit(&writer->held, 1, memory_order_relaxed);
        }
}

static void *run(void *argument)
{
    struct writer *writer = argument;
    while (!atomic_load(&writer->stopping)) {
        struct pollfd waited = {.fd = writer->wakeup.descriptor, .events = POLLIN};
        /* With nothing to write it sleeps until something arrives. */
        poll(&waited, 1, writer->count > 0 ? WRITER_PERIOD_MS : -1);
        wakeup_acknowledge(&writer->wakeup);
        serve_all(writer);
    }
    return NULL;
}

bool writer_init(struct writer *writer, uint32_t recordings_max, struct wakeup *told)
{
    memset(writer, 0, sizeof *writer);
    writer->recordings_max = recordings_max;
    writer->told = told;
    writer->recordings = calloc(recordings_max, sizeof(struct recording *));
    writer->buffer = malloc(WRITER_BUFFER_BYTES);
    bool has_rings = ring_init(&writer->arrivals, sizeof(struct recording *), recordings_max);
    has_rings = ring_init(&writer->reports, sizeof(struct recording_report), recordings_max) && has_rings;
    return wakeup_init(&writer->wakeup) && has_rings && writer->recordings != NULL && writer->buffer != NULL;
}

int writer_start(struct writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int reason = pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    writer->running = reason == 0;
    if (writer->running)
        pthread_setname_np(writer->thread, "media-writer");
    return reason;
}

void writer_free(struct writer *writer)
{
    if (writer->running) {
        atomic_store(&writer->stopping, true);
        wakeup_raise(&writer->wakeup);
        pthread_join(writer->thread, NULL);
    }
    struct recording *recording;
    while (writer->arrivals.cells != NULL && ring_pop(&writer->arrivals, &recording))
        recording_free(recording);
    for (uint32_t i = 0; i < writer->count; i++) {
        recording = writer->recordings[i];
        if (recording->file != NULL)
            drain(writer, recording);
        finish_file(recording);
        recording_free(recording);
    }
    wakeup_free(&writer->wakeup);
    ring_free(&writer->arrivals);
    ring_free(&writer->reports);
    free(writer->recordings);
    free(writer->buffer);
}

bool writer_has_room(struct writer *writer)
{
    return atomic_load_explicit(&writer->held, memory_order_relaxed) < writer->recordings_max;
}

void writer_take(struct writer *writer, struct recording *recording)
{
    /* Rings hold at least as many as may be held. */
    if (!ring_push(&writer->arrivals, &recording))
        abort();
    atomic_fetch_add_explicit(&writer->held, 1, memory_order_relaxed);
    wakeup_raise(&writer->wakeup);
}

bool writer_poll(struct writer *writer, struct recording_report *report)
{
    return ring_pop(&writer->reports, report);
}
