/* Making and ending an engine, and the other threads' ends of its rings. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "threads.h"

static int watch(struct engine *engine, int descriptor, enum wake kind, uint32_t slot)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | slot};
    return epoll_ctl(engine->epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int engine_watch(struct engine *engine, uint32_t slot)
{
    return watch(engine, engine->streams[slot].socket, WAKE_RTP, slot) < 0 ||
                   watch(engine, engine->rtcp_sockets[slot], WAKE_RTCP, slot) < 0
               ? errno
               : 0;
}

static int watch_all(struct engine *engine)
{
    struct itimerspec interval = {
        .it_interval.tv_nsec = TICK_MS * 1000000,
        .it_value.tv_nsec = TICK_MS * 1000000,
    };
    if ((!engine->stepped && timerfd_settime(engine->timer, 0, &interval, NULL) < 0) ||
        watch(engine, engine->timer, WAKE_TICK, 0) < 0 ||
        watch(engine, engine->command_wakeup.descriptor, WAKE_COMMANDS, 0) < 0)
        return errno;
    for (uint32_t slot = 0; slot < engine->slots; slot++)
        if (engine->owned[slot] && engine_watch(engine, slot) != 0)
            return errno;
    return 0;
}

/* What all threads use. */
static bool allocate_shared(struct engine *engine, const struct engine_config *config)
{
    engine->shared = calloc(1, sizeof *engine->shared);
    if (engine->shared == NULL || !wakeup_init(&engine->shared->event_wakeup))
        return false;
    engine->shared->shards[0] = engine;
    engine->shared->threads = 1;
    engine->shared->thread_of = calloc(config->slots, sizeof *engine->shared->thread_of);
    engine->shared->left = calloc(config->slots, sizeof *engine->shared->left);
    engine->streams = calloc(config->slots, sizeof *engine->streams);
    engine->rtcp_sockets = calloc(config->slots, sizeof *engine->rtcp_sockets);
    engine->published = calloc(config->slots, sizeof *engine->published);
    engine->clips = calloc(config->clips, sizeof *engine->clips);
    engine->supplies = calloc(config->slots, sizeof *engine->supplies);
    /* Twice the slots: one may be opened again while its last recording is still written. */
    return engine->shared->thread_of != NULL && engine->shared->left != NULL && engine->streams != NULL &&
           engine->rtcp_sockets != NULL && engine->published != NULL && engine->clips != NULL &&
           engine->supplies != NULL &&
           writer_init(&engine->writer, 2 * config->slots, &engine->shared->event_wakeup);
}

static uint64_t microseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool allocate_own(struct engine *engine, const struct engine_config *config)
{
    engine->stepped = config->clock != NULL;
    engine->stepped_us = microseconds(CLOCK_MONOTONIC);
    engine->owned = calloc(config->slots, sizeof *engine->owned);
    engine->busy = calloc(config->slots, sizeof *engine->busy);
    engine->timer = config->clock != NULL ? fcntl(*config->clock, F_DUPFD_CLOEXEC, 0)
                                          : timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    return engine->owned != NULL && engine->busy != NULL && engine->timer >= 0 && engine->epoll >= 0 &&
           wakeup_init(&engine->command_wakeup) &&
           ring_init(&engine->commands, sizeof(struct command), config->commands + config->slots) &&
           ring_init(&engine->events, sizeof(struct event), config->events) &&
           ring_init(&engine->records, sizeof(struct record), RECORDS_MAX);
}

static uint64_t wall_offset_us(void)
{
    return microseconds(CLOCK_REALTIME) - microseconds(CLOCK_MONOTONIC);
}

/* One thread's, the first with what is shared. False with errno set; what was made is in the shared table, if that is. */
static struct engine *shard_new(struct engine *first, const struct engine_config *config)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return NULL;
    engine->timer = engine->epoll = engine->command_wakeup.descriptor = engine->writer.wakeup.descriptor = -1;
    engine->slots = config->slots;
    engine->clips_max = config->clips;
    engine->commands_max = config->commands;
    if (first != NULL) {
        struct shared *shared = engine->shared = first->shared;
        engine->number = shared->threads;
        shared->shards[shared->threads++] = engine;
        engine->streams = first->streams;
        engine->rtcp_sockets = first->rtcp_sockets;
        engine->published = first->published;
        engine->clips = first->clips;
        engine->supplies = first->supplies;
    }
    if ((first == NULL && !allocate_shared(engine, config)) || !allocate_own(engine, config)) {
        int reason = errno;
        if (first == NULL)
            engine_free(engine);
        errno = reason;
        return NULL;
    }
    g711_transcoder_init(&engine->transcoder);
    detection_rates_init(&engine->detection_rates);
    engine->wall_offset_us = first == NULL ? wall_offset_us() : first->wall_offset_us;
    rates_init(&engine->rates);
    return engine;
}

struct engine *engine_new(const struct engine_config *config)
{
    uint32_t threads = config->threads == 0 ? 1 : config->threads;
    struct engine *first = shard_new(NULL, config);
    for (uint32_t i = 1; first != NULL && i < threads; i++)
        if (shard_new(first, config) == NULL) {
            int reason = errno;
            engine_free(first);
            errno = reason;
            return NULL;
        }
    for (uint32_t slot = 0; first != NULL && slot < config->slots; slot++) {
        first->streams[slot] = (struct stream){
            .socket = config->rtp_sockets[slot], .partner = NONE, .busy_index = NONE};
        first->supplies[slot].partner = NONE;
        first->rtcp_sockets[slot] = config->rtcp_sockets[slot];
        first->shared->thread_of[slot] = (uint8_t)(slot % threads);
        first->shared->shards[slot % threads]->owned[slot] = true;
    }
    return first;
}

static int shard_start(struct engine *engine)
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
    if (engine->running)
        pthread_setname_np(engine->thread, "media-engine");
    return reason;
}

int engine_start(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->shared->threads; i++) {
        int reason = shard_start(engine->shared->shards[i]);
        if (reason != 0)
            return reason;
    }
    return writer_start(&engine->writer);
}

uint32_t engine_threads(const struct engine *engine)
{
    return engine->shared->threads;
}

static void free_parts(struct stream *stream)
{
    free(stream->ear);
    free(stream->mouth);
    free(stream->detection);
    free(stream->pace);
    security_free(stream->security);
    ice_free(stream->ice);
    if (stream->recording != NULL)
        recording_end(stream->recording, RECORDING_CLOSED);
}

/* All of them, before anything is freed: they hand streams to each other. */
static void stop_threads(struct shared *shared)
{
    for (uint32_t i = 0; i < shared->threads; i++)
        if (shared->shards[i]->running) {
            atomic_store(&shared->shards[i]->stopping, true);
            wakeup_raise(&shared->shards[i]->command_wakeup);
        }
    for (uint32_t i = 0; i < shared->threads; i++)
        if (shared->shards[i]->running)
            pthread_join(shared->shards[i]->thread, NULL);
}

static void free_clip(struct clip *clip);

static void free_own(struct engine *engine)
{
    if (engine->timer >= 0)
        close(engine->timer);
    if (engine->epoll >= 0)
        close(engine->epoll);
    struct command command;
    while (engine->commands.cells != NULL && ring_pop(&engine->commands, &command))
        command_discard(&command);
    for (struct room *room = engine->rooms, *next; room != NULL; room = next) {
        next = room->next;
        free(room);
    }
    wakeup_free(&engine->command_wakeup);
    ring_free(&engine->commands);
    ring_free(&engine->events);
    ring_free(&engine->records);
    free(engine->busy);
    free(engine->owned);
}

void engine_free(struct engine *engine)
{
    struct shared *shared = engine->shared;
    if (shared == NULL) {
        free(engine);
        return;
    }
    stop_threads(shared);
    for (uint32_t i = 0; i < shared->threads; i++)
        free_own(shared->shards[i]);
    for (uint32_t slot = 0; engine->streams != NULL && slot < engine->slots; slot++)
        free_parts(&engine->streams[slot]);
    /* Behind the streams, which have let go of their recordings; in front of the wake-up that it raises. */
    writer_free(&engine->writer);
    wakeup_free(&shared->event_wakeup);
    for (uint32_t i = 0; i < engine->clip_count; i++)
        free_clip(&engine->clips[i]);
    free(engine->clips);
    free(engine->supplies);
    free(engine->rtcp_sockets);
    free(engine->published);
    free(engine->streams);
    free(shared->thread_of);
    free(shared->left);
    for (uint32_t i = 1; i < shared->threads; i++)
        free(shared->shards[i]);
    free(engine);
    free(shared);
}

bool engine_push_to(struct engine *shard, const struct command *command)
{
    bool fits = command->kind == COMMAND_CLOSE || ring_used(&shard->commands) < shard->commands_max;
    shard->posted = true;
    if (!fits || !ring_push(&shard->commands, command)) {
        command_discard(command);
        return false;
    }
    return true;
}

bool engine_push(struct engine *engine, const struct command *command)
{
    return engine_push_to(engine->shared->shards[engine->shared->thread_of[command->slot]], command);
}

bool engine_post(struct engine *engine, const struct command *command)
{
    if (command->kind == COMMAND_UNMIX)
        return threads_end_room(engine, command);
    if (!threads_gather(engine, command) || !supply_ahead(engine, command)) {
        command_discard(command);
        return false;
    }
    bool accepted = engine_push(engine, command);
    if (command->kind == COMMAND_CLOSE)
        threads_send_home(engine, command->slot);
    return accepted;
}

void engine_wake(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->shared->threads; i++) {
        struct engine *shard = engine->shared->shards[i];
        if (shard->posted)
            wakeup_raise(&shard->command_wakeup);
        shard->posted = false;
    }
}

bool engine_submit(struct engine *engine, const struct command *command)
{
    bool accepted = engine_post(engine, command);
    engine_wake(engine);
    return accepted;
}

int engine_fileno(const struct engine *engine)
{
    return engine->shared->event_wakeup.descriptor;
}

/* How many events of each thread may be taken now. Twice the same: what one of them told before a stream came to
 * another is not overlooked while that other's is seen. */
static uint32_t events_waiting(struct shared *shared, uint32_t *waiting)
{
    enum { LOOKS_MAX = 4 };
    uint32_t sum = 0, before = 1;
    for (int look = 0; look < LOOKS_MAX && sum != before; look++) {
        before = look == 0 ? UINT32_MAX : sum;
        sum = 0;
        for (uint32_t i = 0; i < shared->threads; i++)
            sum += waiting[i] = ring_used(&shared->shards[i]->events);
        if (shared->threads == 1)
            break;
    }
    return sum;
}

/* The thread whose oldest event is the oldest; one of them has some. */
static uint32_t oldest(struct shared *shared, const uint32_t *waiting)
{
    uint32_t found = THREADS_MAX;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < shared->threads; i++) {
        const struct event *event = waiting[i] == 0 ? NULL : ring_peek(&shared->shards[i]->events);
        if (event != NULL && event->order < least) {
            least = event->order;
            found = i;
        }
    }
    return found;
}

size_t engine_poll(struct engine *engine, struct event *events, size_t max)
{
    struct shared *shared = engine->shared;
    uint32_t waiting[THREADS_MAX];
    size_t taken = 0;
    wakeup_acknowledge(&shared->event_wakeup);
    for (uint32_t left = events_waiting(shared, waiting); left > 0 && taken < max; left--) {
        uint32_t thread = shared->threads == 1 ? 0 : oldest(shared, waiting);
        (void)ring_pop(&shared->shards[thread]->events, &events[taken++]);
        waiting[thread]--;
    }
    if (events_waiting(shared, waiting) > 0)
        wakeup_raise(&shared->event_wakeup);
    return taken;
}

bool engine_poll_record(struct engine *engine, struct record *record)
{
    bool found = false;
    for (uint32_t i = 0; !found && i < engine->shared->threads; i++)
        found = ring_pop(&engine->shared->shards[i]->records, record);
    return found;
}

bool engine_quality(struct engine *engine, uint32_t slot, struct quality_view *view)
{
    return quality_read(&engine->published[slot], view);
}

static void free_clip(struct clip *clip)
{
    free(clip->ulaw);
    free(clip->alaw);
    free(clip->linear);
    free(clip->wide);
}

int engine_add_clip(struct engine *engine, const int16_t *samples, const int16_t *wide, size_t count)
{
    if (count == 0 || count > CLIP_SAMPLES_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (engine->clip_count == engine->clips_max && engine->clips_dropped == 0) {
        errno = ENOSPC;
        return -1;
    }
    struct clip clip = {
        .ulaw = malloc(count),
        .alaw = malloc(count),
        .linear = malloc(count * sizeof *samples),
        .wide = wide == NULL ? NULL : malloc(2 * count * sizeof *wide),
        .samples = (uint32_t)count,
    };
    if (clip.ulaw == NULL || clip.alaw == NULL || clip.linear == NULL || (wide != NULL && clip.wide == NULL)) {
        free_clip(&clip);
        errno = ENOMEM;
        return -1;
    }
    memcpy(clip.linear, samples, count * sizeof *samples);
    if (wide != NULL)
        memcpy(clip.wide, wide, 2 * count * sizeof *wide);
    for (size_t i = 0; i < count; i++) {
        clip.ulaw[i] = g711_ulaw_encode(samples[i]);
        clip.alaw[i] = g711_alaw_encode(samples[i]);
    }
    uint32_t number = engine->clip_count;
    if (engine->clips_dropped > 0) {
        for (number = 0; engine->clips[number].samples != 0;)
            number++;
        engine->clips_dropped--;
    } else {
        engine->clip_count++;
    }
    engine->clips[number] = clip;
    return (int)number;
}

bool engine_drop_clip(struct engine *engine, uint32_t number)
{
    if (number >= engine->clip_count || engine->clips[number].samples == 0)
        return false;
    struct clip *clip = &engine->clips[number];
    free_clip(clip);
    memset(clip, 0, sizeof *clip);
    engine->clips_dropped++;
    return true;
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
    struct engine *shard = threads_gather_room(engine, number, slots, count);
    struct room *room = shard == NULL ? NULL : room_new(number, levels, rate, slots, hears, count);
    return room != NULL && engine_push_to(shard, &(struct command){.kind = COMMAND_MIX, .room = room});
}

bool engine_record(struct engine *engine, const struct recording_order *order)
{
    struct recording_order made = *order;
    if (!supply_ahead(engine, &(struct command){.kind = COMMAND_RECORD, .slot = order->slot}))
        return false;
    if (made.rate == 0)
        made.rate = supply_rate(engine, order->slot);
    /* Looked at first: what the engine thread has been given must not be refused by the writer afterwards. */
    struct engine *shard = engine->shared->shards[engine->shared->thread_of[order->slot]];
    if (ring_used(&shard->commands) >= shard->commands_max || !writer_has_room(&engine->writer))
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

static void add_thread(struct engine *engine, struct engine_stats *stats)
{
    struct counters *counters = &engine->counters;
    uint64_t ticks = seen(&counters->ticks);
    stats->streams_open += seen(&counters->streams_open);
    stats->datagrams_received += seen(&counters->datagrams_received);
    stats->packets_sent += seen(&counters->packets_sent);
    stats->packets_relayed += seen(&counters->packets_relayed);
    stats->rtcp_received += seen(&counters->rtcp_received);
    stats->rtcp_sent += seen(&counters->rtcp_sent);
    stats->ticks = engine->number == 0 || ticks < stats->ticks ? ticks : stats->ticks;
    stats->ticks_late += seen(&counters->ticks_late);
    stats->ticks_skipped += seen(&counters->ticks_skipped);
    stats->commands_ignored += seen(&counters->commands_ignored);
    stats->events_dropped += seen(&counters->events_dropped);
    stats->commands_waiting += ring_used(&engine->commands);
    stats->events_waiting += ring_used(&engine->events);
    stats->thread_cpu_us += thread_cpu_us(engine);
    for (int reason = 0; reason < DROP_REASONS; reason++)
        stats->dropped[reason] += seen(&counters->dropped[reason]);
}

void engine_stats(struct engine *engine, struct engine_stats *stats)
{
    *stats = (struct engine_stats){0};
    for (uint32_t i = 0; i < engine->shared->threads; i++)
        add_thread(engine->shared->shards[i], stats);
    add_quality(engine, stats);
}
