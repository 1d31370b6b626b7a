/* The submitting thread's knowledge of the slots, and the memory that it sends ahead of commands.
 *
 * Ears and mouths are large, and a relayed stream needs none. The engine thread does not allocate; so this side follows
 * what each command will make of a slot (its codec, its keys, its partner) and sends what will be needed before it. */
#ifndef SWITCH_ENGINE_SUPPLY_H
#define SWITCH_ENGINE_SUPPLY_H

#include "codecs.h"
#include "values.h"

struct engine;

struct supply {
    const struct codec *codec; /* of the plan; NULL: the slot is closed */
    struct codec_settings settings;
    bool takes_events;
    int32_t partner;           /* slot, or -1 */
    bool recorded;             /* its talk is heard by a recorder: both sides of it */
    bool mixed;                /* it is in a room, */
    int64_t room_number;       /* this one */
    const struct codec *ear, *mouth; /* what the stream was sent; NULL: nothing */
    bool pace;                       /* likewise */
};

/* At most so many commands go ahead of one: an ear and a mouth for each side of a bridge. */
enum { SUPPLY_COMMANDS_MAX = 4 };

/* The codec by which a plan's packets are decoded and encoded; NULL where its library is not here. */
const struct codec *supply_codec(enum codec_id id);

/* Notes what the command does, and sends ahead what it needs. False: memory was refused, or the ring is full. */
bool supply_ahead(struct engine *engine, const struct command *command);

/* For who needs an ear, or a mouth, for reasons of its own: before its command. */
bool supply_ear(struct engine *engine, uint32_t slot);
bool supply_mouth(struct engine *engine, uint32_t slot);

/* 8000, or 16000 where the slot or its partner has a codec of a wider band. */
uint32_t supply_rate(const struct engine *engine, uint32_t slot);

#endif
