#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "recorder.h"
#include "sound.h"

struct room *room_new(int64_t number, bool levels, uint32_t rate, const uint32_t *slots, const uint64_t *hears,
                      uint32_t count)
{
    struct room *room = calloc(1, sizeof *room + count * sizeof room->members[0]);
    if (room == NULL)
        return NULL;
    room->number = number;
    room->levels = levels;
    room->rate = rate;
    room->count = count;
    for (uint32_t i = 0; i < count; i++) {
        room->members[i].slot = (int32_t)slots[i];
        room->members[i].hears = hears[i];
    }
    return room;
}

static struct room_member *member_of(struct room *room, uint32_t slot)
{
    for (uint32_t i = 0; room != NULL && i < room->count; i++)
        if (room->members[i].slot == (int32_t)slot)
            return &room->members[i];
    return NULL;
}

void room_detach(struct engine *engine, struct room *room)
{
    for (struct room **link = &engine->rooms; *link != NULL; link = &(*link)->next)
        if (*link == room) {
            *link = room->next;
            break;
        }
}

void room_attach(struct engine *engine, struct room *room)
{
    room_detach(engine, room);
    room->next = engine->rooms;
    engine->rooms = room;
}

void room_leave(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    struct room *room = stream->room;
    struct room_member *member = member_of(room, slot);
    if (member == NULL)
        return;
    member->slot = NONE;
    stream->room = NULL;
    if (stream->mixed) {
        stream->mixed = false;
        sound_hush(stream, VOICE_MIXER);
    }
    sound_unlisten(engine, slot, LISTEN_MIXER);
    if (--room->present == 0) {
        room_detach(engine, room);
        free(room);
    }
}

void room_end(struct engine *engine, int64_t number)
{
    struct room *room = engine->rooms;
    while (room != NULL && room->number != number)
        room = room->next;
    /* The last one to leave takes the room along. */
    for (uint32_t i = 0, count = room == NULL ? 0 : room->count, left = room == NULL ? 0 : room->present;
         i < count && left > 0; i++)
        if (room->members[i].slot != NONE) {
            left--;
            room_leave(engine, (uint32_t)room->members[i].slot);
        }
}

void room_enter(struct engine *engine, struct room *room)
{
    for (uint32_t i = 0; i < room->count; i++) {
        struct room_member *member = &room->members[i];
        struct stream *stream = &engine->streams[member->slot];
        if (!stream->open) {
            member->slot = NONE;
            continue;
        }
        const struct room_member *before = member_of(stream->room, (uint32_t)member->slot);
        if (before != NULL) {
            member->level = before->level;
            member->limiter = before->limiter;
        }
    }
    room_end(engine, room->number);
    for (uint32_t i = 0; i < room->count; i++) {
        if (room->members[i].slot == NONE)
            continue;
        uint32_t slot = (uint32_t)room->members[i].slot;
        room_leave(engine, slot);
        engine->streams[slot].room = room;
        room->present++;
        sound_listen(engine, slot, LISTEN_MIXER);
    }
    if (room->present == 0) {
        free(room);
        return;
    }
    room->next = engine->rooms;
    engine->rooms = room;
}

static void take_voice(struct engine *engine, struct room *room, struct room_member *member)
{
    const struct stream *stream = &engine->streams[member->slot];
    uint32_t rate_hz;
    int16_t out[RATE_FRAME_MAX];
    const int16_t *samples = stream->plan.receives ? sound_heard(stream, &rate_hz) : NULL;
    member->spoken = samples != NULL;
    if (samples == NULL)
        return;
    samples = rate_change(&engine->rates, &member->changer, rate_hz, room->rate, samples, out);
    memcpy(member->frame, samples, room->rate / 100 * sizeof *samples);
    if (room->levels)
        mix_level(&member->level, member->frame, room->rate / 100);
}

/* Its bridge's partner and nobody else. */
static bool is_relayed(const struct engine *engine, const struct room *room, const struct room_member *member)
{
    const struct stream *stream = &engine->streams[member->slot];
    if (stream->partner == NONE || member->hears == 0 || (member->hears & (member->hears - 1)) != 0)
        return false;
    uint32_t heard = (uint32_t)__builtin_ctzll(member->hears);
    return heard < room->count && room->members[heard].slot == stream->partner;
}

static void give_voices(struct engine *engine, struct room *room, uint32_t index, const int32_t *all, uint64_t voices,
                        uint64_t now_us)
{
    struct room_member *member = &room->members[index];
    struct stream *stream = &engine->streams[member->slot];
    uint32_t count = room->rate / 100;
    int32_t some[ROOM_FRAME_MAX];
    int16_t out[ROOM_FRAME_MAX];
    uint64_t heard = member->hears & voices & ~(1ull << index);
    bool overridden = stream->player.state == PLAYER_RUNNING || dtmf_sender_busy(&stream->keys_out);
    if (heard == 0 || overridden) {
        sound_hush(stream, VOICE_MIXER);
        return;
    }
    if (heard == (voices & ~(1ull << index))) {
        mix_take(&member->limiter, all, member->spoken ? member->frame : NULL, out, count);
    } else {
        memset(some, 0, sizeof some);
        for (uint32_t i = 0; i < room->count; i++)
            if (heard >> i & 1)
                mix_add(some, room->members[i].frame, count);
        mix_take(&member->limiter, some, NULL, out, count);
    }
    recorder_heard(stream, out, count, room->rate);
    sound_speak(engine, stream, VOICE_MIXER, out, room->rate, now_us);
}

void room_tick(struct engine *engine, struct room *room, uint64_t now_us)
{
    int32_t all[ROOM_FRAME_MAX] = {0};
    uint64_t voices = 0;
    for (uint32_t i = 0; i < room->count; i++) {
        struct room_member *member = &room->members[i];
        if (member->slot == NONE)
            continue;
        take_voice(engine, room, member);
        if (member->spoken) {
            mix_add(all, member->frame, room->rate / 100);
            voices |= 1ull << i;
        }
    }
    for (uint32_t i = 0; i < room->count; i++) {
        if (room->members[i].slot == NONE)
            continue;
        struct stream *stream = &engine->streams[room->members[i].slot];
        stream->mixed = !is_relayed(engine, room, &room->members[i]);
        if (stream->mixed)
            give_voices(engine, room, i, all, voices, now_us);
    }
}
