/* Who hears whom by sums of voices: conferences, and supervisors of a talk.
 *
 * A room is made whole by the submitting thread and replaces the one of its number. A member that hears its bridge's
 * partner alone is left to the relay: so a talk that somebody only listens to stays bit for bit as it was. */
#ifndef SWITCH_ENGINE_ROOM_H
#define SWITCH_ENGINE_ROOM_H

#include "bounds.h"
#include "mix.h"
#include "rates.h"

enum {
    ROOM_MEMBERS_MAX = 64, /* bits of `hears` */
    ROOM_RATE_MAX = 16000,
    ROOM_FRAME_MAX = ROOM_RATE_MAX / 100,
};

struct room_member {
    int32_t slot;   /* NONE: it has left */
    uint64_t hears; /* set of members, by their index */
    bool spoken;    /* there is something of it in this tick */
    int16_t frame[ROOM_FRAME_MAX];
    struct mix_level level;
    struct mix_limiter limiter;
    struct rate_changer changer;
};

struct room {
    int64_t number;
    uint32_t rate;   /* 8000, or 16000 where a member has a wide band */
    bool levels;     /* automatic gain */
    uint32_t count, present;
    struct room *next;
    struct room_member members[];
};

struct engine;
struct stream;

/* NULL when memory is refused. */
struct room *room_new(int64_t number, bool levels, uint32_t rate, const uint32_t *slots, const uint64_t *hears,
                      uint32_t count);

/* The engine thread. What levels and limiters have learnt goes on in the room that replaces another. */
void room_enter(struct engine *engine, struct room *room);
void room_end(struct engine *engine, int64_t number);
void room_leave(struct engine *engine, uint32_t slot);
/* The room as a whole goes to another thread with all of its members: out of this one's list, and into that one's. Harmless
 * for each member again. */
void room_detach(struct engine *engine, struct room *room);
void room_attach(struct engine *engine, struct room *room);
void room_tick(struct engine *engine, struct room *room, uint64_t now_us);

#endif
