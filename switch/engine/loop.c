/* The engine thread: waits for packets, ticks and commands, and does each where it belongs.
 *
 * Packets are passed on when they arrive. Commands are applied when they arrive too, after the packets that came
 * before them; those that find the event ring too full wait in their own ring, which is how a reader that
 * does not read slows its writer down instead of losing an answer. Nothing here allocates or locks. */
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "recorder.h"
#include "reporting.h"
#include "threads.h"

static uint64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool emit(struct engine *engine, const struct event *event)
{
    bool essential = event->kind == EVENT_CLOSED || event->kind == EVENT_PLAY_FINISHED;
    uint32_t kept_free = essential ? 0 : engine->events.capacity / EVENTS_RESERVED_SHARE;
    struct event numbered = *event;
    numbered.order = atomic_fetch_add_explicit(&engine->shared->events, 1, memory_order_relaxed);
    if (ring_room(&engine->events) <= kept_free || !ring_push(&engine->events, &numbered)) {
        if (!essential)
            count(&engine->counters.events_dropped, 1);
        return false;
    }
    wakeup_raise(&engine->shared->event_wakeup);
    return true;
}

static void apply_commands(struct engine *engine, uint64_t now_us)
{
    struct command command;
    for (int i = 0; i < COMMANDS_PER_WAIT; i++) {
        if (thread_waits(engine))
            return;
        if (ring_room(&engine->events) < EVENTS_PER_COMMAND_MAX || !ring_pop(&engine->commands, &command))
            return;
        command_apply(engine, &command, now_us);
    }
}

static void tick_once(struct engine *engine, uint64_t due_us, uint64_t now_us)
{
    engine->tick++;
    /* Backwards: a stream that has nothing left to do takes itself out, and the last one takes its place. */
    for (uint32_t i = engine->busy_count; i-- > 0;)
        stream_tick(engine, engine->busy[i], due_us, now_us);
    /* When every ear has its frame. A room may end with the last member that leaves, but not in its own tick. */
    for (struct room *room = engine->rooms; room != NULL; room = room->next)
        room_tick(engine, room, now_us);
    for (uint32_t i = engine->recorders > 0 ? engine->busy_count : 0; i-- > 0;)
        if (engine->streams[engine->busy[i]].recording != NULL)
            recorder_tick(engine, engine->busy[i]);

    /* Each stream is looked at once a second, a hundredth of them each tick. */
    uint32_t ticks_per_second = 1000 / TICK_MS;
    for (uint32_t slot = engine->tick % ticks_per_second; slot < engine->slots; slot += ticks_per_second)
        if (engine->owned[slot])
            stream_second(engine, slot, now_us);
}

/* Ticks and packets are counted behind what they did: who sees them counted finds it done. */
static void tick(struct engine *engine, uint64_t now_us)
{
    uint64_t due;
    if (read(engine->timer, &due, sizeof due) != sizeof due)
        return;
    uint64_t elapsed = due;
    if (engine->stepped)
        now_us = engine->stepped_us += elapsed * TICK_MS * 1000;
    count(&engine->counters.ticks_late, elapsed - 1);
    if (elapsed > CATCH_UP_TICKS_MAX) {
        count(&engine->counters.ticks_skipped, elapsed - CATCH_UP_TICKS_MAX);
        elapsed = CATCH_UP_TICKS_MAX;
    }
    for (uint64_t i = 0; i < elapsed; i++)
        tick_once(engine, now_us - (elapsed - 1 - i) * TICK_MS * 1000, now_us);
    count(&engine->counters.ticks, due);
}

static void receive_rtp(struct engine *engine, uint32_t slot, uint64_t now_us)
{
    /* Aligned for libsrtp, which reads the header in words; with room for the tag of a secured partner. */
    _Alignas(8) uint8_t datagram[DATAGRAM_BYTES_MAX + SEAL_BYTES];
    struct address source;
    source.length = sizeof source.v6; /* the longer of the two */
    ssize_t bytes = recvfrom(engine->streams[slot].socket, datagram, DATAGRAM_BYTES_MAX, MSG_DONTWAIT | MSG_TRUNC,
                             &source.any, &source.length);
    if (bytes < 0)
        return;
    stream_receive(engine, slot, datagram, (size_t)bytes, &source, now_us);
    count(&engine->counters.datagrams_received, 1);
}

static void receive_rtcp(struct engine *engine, uint32_t slot, uint64_t now_us)
{
    _Alignas(8) uint8_t datagram[DATAGRAM_BYTES_MAX];
    struct address source;
    source.length = sizeof source.v6;
    ssize_t bytes = recvfrom(engine->rtcp_sockets[slot], datagram, sizeof datagram, MSG_DONTWAIT | MSG_TRUNC,
                             &source.any, &source.length);
    if (bytes >= 0)
        reporting_receive(engine, slot, datagram, (size_t)bytes, &source, false, now_us);
}

/* Where packets come faster than that, waking up for each costs more than the packet itself, and half a millisecond
 * later several are there. No ear hears it: a phone's own clock of 20 ms is no more even. */
static void gather(struct engine *engine, int woken)
{
    if (engine->packets_last_tick < GATHER_PACKETS_MIN || woken == SOCKETS_PER_WAIT)
        return;
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = GATHER_US * 1000}, NULL);
}

/* Of this thread alone. Where both are refused it runs like all others. */
static void go_first(const struct engine *engine)
{
    cpu_set_t cores;
    bool spare = sched_getaffinity(0, sizeof cores, &cores) == 0 && (uint32_t)CPU_COUNT(&cores) > engine->shared->threads;
    struct sched_param realtime = {.sched_priority = MEDIA_REALTIME};
    if (!spare || pthread_setschedparam(pthread_self(), SCHED_RR, &realtime) != 0)
        (void)setpriority(PRIO_PROCESS, 0, MEDIA_NICE);
}

void *loop_run(void *argument)
{
    struct engine *engine = argument;
    go_first(engine);
    struct epoll_event ready[SOCKETS_PER_WAIT];
    while (!atomic_load(&engine->stopping)) {
        int woken = epoll_wait(engine->epoll, ready, SOCKETS_PER_WAIT, -1);
        uint64_t now_us = engine->stepped ? engine->stepped_us : monotonic_us();
        bool ticked = false, commanded = false;
        engine->packets_this_tick += (uint32_t)(woken > 0 ? woken : 0);
        for (int i = 0; i < woken; i++) {
            uint32_t slot = (uint32_t)ready[i].data.u64;
            switch ((enum wake)(ready[i].data.u64 >> 32)) {
            case WAKE_RTP:
                receive_rtp(engine, slot, now_us);
                break;
            case WAKE_RTCP:
                receive_rtcp(engine, slot, now_us);
                break;
            case WAKE_TICK:
                ticked = true;
                break;
            case WAKE_COMMANDS:
                wakeup_acknowledge(&engine->command_wakeup);
                commanded = true;
                break;
            }
        }
        /* On each tick as well: some may have waited for room or for their turn. */
        if (commanded || ticked)
            apply_commands(engine, now_us);
        if (ticked) {
            tick(engine, now_us);
            engine->packets_last_tick = engine->packets_this_tick;
            engine->packets_this_tick = 0;
        }
        gather(engine, woken);
    }
    return NULL;
}
