/* Making and ending an engine, and the other threads' ends of its rings. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core.h"

static int watch(struct engine *engine, int descriptor, enum wake kind, uint32_t slot)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | slot};
    return epoll_ctl(engine->epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static int watch_all(struct engine *engine)
{
    struct itimerspec interval = {
        .it_interval.tv_nsec = TICK_MS * 1000000,
        .it_value.tv_nsec = TICK_MS * 1000000,
    };
    if (timerfd_settime(engine->timer, 0, &interval, NULL) < 0 || watch(engine, engine->timer, WAKE_TICK, 0) < 0 ||
        watch(engine, engine->command_wakeup.descriptor, WAKE_COMMANDS, 0) < 0)
        return errno;
    for (uint32_t slot = 0; slot < engine->slots; slot++)
        if (watch(engine, engine->streams[slot].socket, WAKE_RTP, slot) < 0 ||
            watch(engine, engine->rtcp_sockets[slot], WAKE_RTCP, slot) < 0)
            return errno;
    return 0;
}

static bool allocate(struct engine *engine, const struct engine_config *config)
{
    engine->streams = calloc(config->slots, sizeof *engine->streams);
    engine->rtcp_sockets = calloc(config->slots, sizeof *engine->rtcp_sockets);
    engine->published = calloc(config->slots, sizeof *engine->published);
    engine->busy = calloc(config->slots, sizeof *engine->busy);
    engine->clips = calloc(config->clips, sizeof *engine->clips);
    engine->supplies = calloc(config->slots, sizeof *engine->supplies);
    return engine->streams != NULL && engine->rtcp_sockets != NULL && engine->published != NULL &&
           engine->busy != NULL && engine->clips != NULL && engine->supplies != NULL &&
           ring_init(&engine->commands, sizeof(struct command), config->commands + config->slots) &&
           ring_init(&engine->events, sizeof(struct event), config->events) &&
           ring_init(&engine->records, sizeof(struct record), RECORDS_MAX);
}

static uint64_t microseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t wall_offset_us(void)
{
    return microseconds(CLOCK_REALTIME) - microseconds(CLOCK_MONOTONIC);
}

struct engine *engine_new(const struct engine_config *config)
{
    struct engine *engine = security_init() ? calloc(1, sizeof *engine) : NULL;
    if (engine == NULL)
        return NULL;
    engine->slots = config->slots;
    engine->clips_max = config->clips;
    engine->commands_max = config->commands;
    bool has_wakeups = wakeup_init(&engine->command_wakeup);
    has_wakeups = wakeup_init(&engine->event_wakeup) && has_wakeups;
    /* Twice the slots: one may be opened again while its last recording is still written. */
    has_wakeups = writer_init(&engine->writer, 2 * config->slots, &engine->event_wakeup) && has_wakeups;
    engine->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!has_wakeups || engine->timer < 0 || engine->epoll < 0 || !allocate(engine, config)) {
        int reason = errno;
        engine_free(engine);
        errno = reason;
        return NULL;
    }
    g711_transcoder_init(&engine->transcoder);
    detection_rates_init(&engine->detection_rates);
    engine->wall_offset_us = wall_offset_us();
    rates_init(&engine->rates);
    for (uint32_t slot = 0; slot < config->slots; slot++) {
        engine->streams[slot] = (struct stream){
            .socket = config->rtp_sockets[slot], .partner = NONE, .busy_index = NONE};
        engine->supplies[slot].partner = NONE;
        engine->rtcp_sockets[slot] = config->rtcp_sockets[slot];
    }
    return engine;
}

int engine_start(struct engine *engine)
{
    int reason = watch_all(engine);
    if (reason != 0)
        return reason;
    /* Signals are for the main thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reason = pthread_create(&engine->thread, NULL, loop_run, engine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    engine->running = reason == 0;
    if (!engine->running)
        return reason;
    pthread_setname_np(engine->thread, "media-engine");
    return writer_start(&engine->writer);
}

static void free_parts(struct stream *stream)
{
    free(stream->ear);
    free(stream->mouth);
    free(stream->detection);
    security_free(stream->security);
    ice_free(stream->ice);
    if (stream->recording != NULL)
        recording_end(stream->recording, RECORDING_CLOSED);
}

void engine_free(struct engine *engine)
{
    if (engine->running) {
        atomic_store(&engine->stopping, true);
        wakeup_raise(&engine->command_wakeup);
        pthread_join(engine->thread, NULL);
    }
    if (engine->timer >= 0)
        close(engine->timer);
    if (engine->epoll >= 0)
        close(engine->epoll);
    struct command command;
    while (engine->commands.cells != NULL && ring_pop(&engine->commands, &command))
        command_discard(&command);
    for (uint32_t slot = 0; engine->streams != NULL && slot < engine->slots; slot++)
        free_parts(&engine->streams[slot]);
    for (struct room *room = engine->rooms, *next; room != NULL; room = next) {
        next = room->next;
        free(room);
    }
    /* Behind the streams, which have let go of their recordings; in front of the wake-up that it raises. */
    writer_free(&engine->writer);
    wakeup_free(&engine->command_wakeup);
    wakeup_free(&engine->event_wakeup);
    for (uint32_t i = 0; i < engine->clip_count; i++) {
        free(engine->clips[i].ulaw);
        free(engine->clips[i].alaw);
        free(engine->clips[i].linear);
    }
    ring_free(&engine->commands);
    ring_free(&engine->events);
    ring_free(&engine->records);
    free(engine->clips);
    free(engine->supplies);
    free(engine->busy);
    free(engine->rtcp_sockets);
    free(engine->published);
    free(engine->streams);
    free(engine);
}

bool engine_push(struct engine *engine, const struct command *command)
{
    bool fits = command->kind == COMMAND_CLOSE || ring_used(&engine->commands) < engine->commands_max;
    if (!fits || !ring_push(&engine->commands, command)) {
        command_discard(command);
        return false;
    }
    return true;
}

bool engine_post(struct engine *engine, const struct command *command)
{
    if (supply_ahead(engine, command))
        return engine_push(engine, command);
    command_discard(command);
    return false;
}

void engine_wake(struct engine *engine)
{
    wakeup_raise(&engine->command_wakeup);
}

bool engine_submit(struct engine *engine, const struct command *command)
{
    bool accepted = engine_post(engine, command);
    engine_wake(engine);
    return accepted;
}

int engine_fileno(const struct engine *engine)
{
    return engine->event_wakeup.descriptor;
}

size_t engine_poll(struct engine *engine, struct event *events, size_t max)
{
    size_t taken = 0;
    wakeup_acknowledge(&engine->event_wakeup);
    while (taken < max && ring_pop(&engine->events, &events[taken]))
        taken++;
    if (ring_used(&engine->events) > 0)
        wakeup_raise(&engine->event_wakeup);
    return taken;
}

bool engine_poll_record(struct engine *engine, struct record *record)
{
    return ring_pop(&engine->records, record);
}

bool engine_quality(struct engine *engine, uint32_t slot, struct quality_view *view)
{
    return quality_read(&engine->published[slot], view);
}

int engine_add_clip(struct engine *engine, const int16_t *samples, size_t count)
{
    if (count == 0 || count > CLIP_SAMPLES_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (engine->clip_count == engine->clips_max) {
        errno = ENOSPC;
        return -1;
    }
    struct clip clip = {
        .ulaw = malloc(count),
        .alaw = malloc(count),
        .linear = malloc(count * sizeof *samples),
        .samples = (uint32_t)count,
    };
    if (clip.ulaw == NULL || clip.alaw == NULL || clip.linear == NULL) {
        free(clip.ulaw);
        free(clip.alaw);
        free(clip.linear);
        errno = ENOMEM;
        return -1;
    }
    memcpy(clip.linear, samples, count * sizeof *samples);
    for (size_t i = 0; i < count; i++) {
        clip.ulaw[i] = g711_ulaw_encode(samples[i]);
        clip.alaw[i] = g711_alaw_encode(samples[i]);
    }
    engine->clips[engine->clip_count] = clip;
    return (int)engine->clip_count++;
}

static uint64_t seen(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static uint64_t thread_cpu_us(const struct engine *engine)
{
    clockid_t clock;
    struct timespec used;
    if (!engine->running || pthread_getcpuclockid(engine->thread, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

bool engine_mix(struct engine *engine, int64_t number, bool levels, const uint32_t *slots, const uint64_t *hears,
                uint32_t count)
{
    uint32_t rate = 8000;
    for (uint32_t i = 0; i < count; i++) {
        if (!supply_ear(engine, slots[i]) || !supply_mouth(engine, slots[i]))
            return false;
        uint32_t wanted = supply_rate(engine, slots[i]);
        rate = wanted > rate ? wanted : rate;
    }
    struct room *room = room_new(number, levels, rate, slots, hears, count);
    return room != NULL && engine_push(engine, &(struct command){.kind = COMMAND_MIX, .room = room});
}

bool engine_record(struct engine *engine, const struct recording_order *order)
{
    struct recording_order made = *order;
    if (!supply_ahead(engine, &(struct command){.kind = COMMAND_RECORD, .slot = order->slot}))
        return false;
    if (made.rate == 0)
        made.rate = supply_rate(engine, order->slot);
    /* Looked at first: what the engine thread has been given must not be refused by the writer afterwards. */
    if (ring_used(&engine->commands) >= engine->commands_max || !writer_has_room(&engine->writer))
        return false;
    struct recording *recording = recording_new(&made);
    if (recording == NULL)
        return false;
    writer_take(&engine->writer, recording);
    return engine_push(engine, &(struct command){
                                   .kind = COMMAND_RECORD, .slot = order->slot, .recording = recording});
}

bool engine_poll_recording(struct engine *engine, struct recording_report *report)
{
    return writer_poll(&engine->writer, report);
}

void engine_recording_stats(struct engine *engine, struct recording_stats *stats)
{
    *stats = (struct recording_stats){
        .held = atomic_load_explicit(&engine->writer.held, memory_order_relaxed),
        .failed = seen(&engine->writer.failed),
        .bytes = seen(&engine->writer.bytes_written),
        .lost_ms = seen(&engine->writer.ticks_lost) * TICK_MS,
    };
}

/* Figures of single streams need not be of one moment here, so they are read as they are. */
static void add_quality(struct engine *engine, struct engine_stats *stats)
{
    for (uint32_t slot = 0; slot < engine->slots; slot++) {
        uint64_t mos = seen(&engine->published[slot].values[Q_MOS_NOW]);
        uint64_t alarms = seen(&engine->published[slot].values[Q_ALARMS]);
        stats->streams_rated += mos != 0;
        stats->streams_bad += mos != 0 && mos < QUALITY_BAD_MOS_100;
        for (int alarm = 0; alarm < ALARMS; alarm++)
            stats->alarms[alarm] += alarms >> alarm & 1;
    }
}

void engine_stats(struct engine *engine, struct engine_stats *stats)
{
    struct counters *counters = &engine->counters;
    *stats = (struct engine_stats){
        .streams_open = seen(&counters->streams_open),
        .datagrams_received = seen(&counters->datagrams_received),
        .packets_sent = seen(&counters->packets_sent),
        .packets_relayed = seen(&counters->packets_relayed),
        .rtcp_received = seen(&counters->rtcp_received),
        .rtcp_sent = seen(&counters->rtcp_sent),
        .ticks = seen(&counters->ticks),
        .ticks_late = seen(&counters->ticks_late),
        .ticks_skipped = seen(&counters->ticks_skipped),
        .commands_ignored = seen(&counters->commands_ignored),
        .events_dropped = seen(&counters->events_dropped),
        .commands_waiting = ring_used(&engine->commands),
        .events_waiting = ring_used(&engine->events),
        .thread_cpu_us = thread_cpu_us(engine),
    };
    for (int reason = 0; reason < DROP_REASONS; reason++)
        stats->dropped[reason] = seen(&counters->dropped[reason]);
    add_quality(engine, stats);
}
