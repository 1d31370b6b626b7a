#include "threads.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "room.h"

/* --- The submitting thread */

static struct engine *shard_of(const struct engine *engine, uint32_t slot)
{
    return engine->shared->shards[engine->shared->thread_of[slot]];
}

static bool has_room(struct engine *shard)
{
    return ring_used(&shard->commands) < shard->commands_max;
}

static void take_along(struct engine *engine, struct party *party, uint32_t slot, uint32_t thread)
{
    if (engine->shared->thread_of[slot] == thread)
        return;
    engine->shared->thread_of[slot] = (uint8_t)thread;
    party->slots[party->count++] = slot;
}

/* Whoever cannot be parted from it: the other of its bridge, the members of its room, and theirs. */
static void gather_party(struct engine *engine, struct party *party, uint32_t slot, uint32_t thread)
{
    take_along(engine, party, slot, thread);
    for (uint32_t i = 0; i < party->count; i++) {
        const struct supply *supply = &engine->supplies[party->slots[i]];
        if (supply->partner != NONE)
            take_along(engine, party, (uint32_t)supply->partner, thread);
        for (uint32_t other = 0; supply->mixed && other < engine->slots; other++)
            if (engine->supplies[other].mixed && engine->supplies[other].room_number == supply->room_number)
                take_along(engine, party, other, thread);
    }
}

static bool move(struct engine *engine, uint32_t slot, uint32_t thread)
{
    struct shared *shared = engine->shared;
    struct engine *from = shard_of(engine, slot), *to = shared->shards[thread];
    if (from == to)
        return true;
    /* Looked at first, so that nobody leaves who cannot arrive. */
    struct party *party = has_room(from) && has_room(to)
                              ? malloc(sizeof *party + engine->slots * sizeof party->slots[0])
                              : NULL;
    if (party == NULL)
        return false;
    party->count = 0;
    gather_party(engine, party, slot, thread);
    struct command command = {
        .kind = COMMAND_LEAVE,
        .slot = slot,
        .move = {.party = party, .thread = thread, .number = ++shared->moves},
    };
    engine_push_to(from, &command);
    command.kind = COMMAND_JOIN;
    engine_push_to(to, &command);
    return true;
}

/* Of two that will be bridged the one that nobody else needs where it is; else with all who do. Its present bridge ends, as it
 * would anyway. */
static bool gather_bridge(struct engine *engine, uint32_t left, uint32_t right)
{
    bool right_stays = engine->supplies[right].mixed && !engine->supplies[left].mixed;
    uint32_t mover = right_stays ? left : right, other = right_stays ? right : left;
    if (shard_of(engine, mover) == shard_of(engine, other))
        return true;
    struct command unbridge = {.kind = COMMAND_UNBRIDGE, .slot = mover};
    if (engine->supplies[mover].partner != NONE && !engine_post(engine, &unbridge))
        return false;
    return move(engine, mover, engine->shared->thread_of[other]);
}

bool threads_gather(struct engine *engine, const struct command *command)
{
    if (engine->shared->threads == 1)
        return true;
    if (command->kind == COMMAND_BRIDGE)
        return gather_bridge(engine, command->slot, command->partner);
    if (command->kind == COMMAND_MOVE_RECORDING)
        return move(engine, command->slot, engine->shared->thread_of[command->partner]);
    return true;
}

void threads_send_home(struct engine *engine, uint32_t slot)
{
    /* Where there is no room it stays where it is, and is found there. */
    if (engine->shared->threads > 1)
        (void)move(engine, slot, slot % engine->shared->threads);
}

static void forget_room(struct engine *engine, int64_t number)
{
    for (uint32_t slot = 0; slot < engine->slots; slot++)
        if (engine->supplies[slot].mixed && engine->supplies[slot].room_number == number)
            engine->supplies[slot].mixed = false;
}

bool threads_end_room(struct engine *engine, const struct command *command)
{
    bool accepted = true;
    for (uint32_t i = 0; i < engine->shared->threads; i++)
        accepted = engine_push_to(engine->shared->shards[i], command) && accepted;
    forget_room(engine, command->room_number);
    return accepted;
}

struct engine *threads_gather_room(struct engine *engine, int64_t number, const uint32_t *slots, uint32_t count)
{
    uint32_t thread = count == 0 ? 0 : engine->shared->thread_of[slots[0]];
    struct engine *shard = engine->shared->shards[thread];
    /* It goes on where it is; those of other threads that had a room of the number lose it. */
    struct command unmix = {.kind = COMMAND_UNMIX, .room_number = number};
    for (uint32_t i = 0; i < engine->shared->threads; i++)
        if (i != thread && !engine_push_to(engine->shared->shards[i], &unmix))
            return NULL;
    forget_room(engine, number);
    for (uint32_t i = 0; i < count; i++) {
        struct supply *supply = &engine->supplies[slots[i]];
        /* One room at a time: whom it was with in another stays there. */
        supply->mixed = false;
        if (!move(engine, slots[i], thread))
            return NULL;
        supply->mixed = supply->codec != NULL;
        supply->room_number = number;
    }
    return shard;
}

/* --- A media thread */

bool thread_waits(struct engine *engine)
{
    if (engine->shared->threads == 1)
        return false;
    const struct command *next = ring_peek(&engine->commands);
    return next != NULL && next->kind == COMMAND_JOIN &&
           atomic_load_explicit(&engine->shared->left[next->slot], memory_order_acquire) != next->move.number;
}

/* Does somebody of it stay here? Who goes is not this thread's any more. */
static bool stays(const struct engine *engine, const struct room *room)
{
    for (uint32_t i = 0; i < room->count; i++)
        if (room->members[i].slot != NONE && engine->owned[room->members[i].slot])
            return true;
    return false;
}

static void let_go(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    if (stream->partner != NONE && engine->owned[stream->partner])
        unlink_partner(engine, stream);
    if (stream->room != NULL && stays(engine, stream->room))
        room_leave(engine, slot);
    if (stream->room != NULL)
        room_detach(engine, stream->room);
    stream_unmark_busy(engine, slot);
    if (stream->listeners & LISTEN_RECORDER)
        engine->recorders--;
    /* Each thread counts its own ticks. */
    stream->player.next_tick -= engine->tick;
    stream->keys_out.next_tick -= engine->tick;
    (void)epoll_ctl(engine->epoll, EPOLL_CTL_DEL, stream->socket, NULL);
    (void)epoll_ctl(engine->epoll, EPOLL_CTL_DEL, engine->rtcp_sockets[slot], NULL);
}

static void take(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    stream->player.next_tick += engine->tick;
    stream->keys_out.next_tick += engine->tick;
    if (stream->listeners & LISTEN_RECORDER)
        engine->recorders++;
    engine->owned[slot] = true;
    if (stream->room != NULL)
        room_attach(engine, stream->room);
    /* The kernel may refuse memory for it. The stream is then deaf, which is told as such, and sends all the same. */
    if (engine_watch(engine, slot) != 0)
        count(&engine->counters.commands_ignored, 1);
    /* It takes itself out where there is nothing to do. */
    if (stream->open)
        stream_mark_busy(engine, slot);
}

void thread_moves(struct engine *engine, const struct command *command)
{
    struct party *party = command->move.party;
    if (command->kind == COMMAND_JOIN) {
        for (uint32_t i = 0; i < party->count; i++)
            take(engine, party->slots[i]);
        free(party);
        return;
    }
    for (uint32_t i = 0; i < party->count; i++)
        engine->owned[party->slots[i]] = false;
    for (uint32_t i = 0; i < party->count; i++)
        let_go(engine, party->slots[i]);
    atomic_store_explicit(&engine->shared->left[command->slot], command->move.number, memory_order_release);
    wakeup_raise(&engine->shared->shards[command->move.thread]->command_wakeup);
}
