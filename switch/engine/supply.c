#include "supply.h"

#include <stdlib.h>

#include "core.h"

enum {
    /* Opus at its wide band: no other codec here has more, and Opus to Opus is relayed. */
    DECODED_OPUS_HZ = 16000,
};

const struct codec *supply_codec(enum codec_id id)
{
    return codec_find(id, id == CODEC_OPUS ? DECODED_OPUS_HZ : 0);
}

bool supply_ear(struct engine *engine, uint32_t slot)
{
    struct supply *supply = &engine->supplies[slot];
    if (supply->codec == NULL || supply->ear == supply->codec)
        return true;
    struct ear *ear = calloc(1, ear_bytes(supply->codec));
    if (ear == NULL)
        return false;
    ear_init(ear, supply->codec);
    if (!engine_push(engine, &(struct command){.kind = COMMAND_EAR, .slot = slot, .ear = ear}))
        return false;
    supply->ear = supply->codec;
    return true;
}

bool supply_mouth(struct engine *engine, uint32_t slot)
{
    struct supply *supply = &engine->supplies[slot];
    if (supply->codec == NULL || supply->mouth == supply->codec)
        return true;
    struct mouth *mouth = calloc(1, mouth_bytes(supply->codec));
    if (mouth == NULL)
        return false;
    mouth_init(mouth, supply->codec, &supply->settings);
    if (!engine_push(engine, &(struct command){.kind = COMMAND_MOUTH, .slot = slot, .mouth = mouth}))
        return false;
    supply->mouth = supply->codec;
    return true;
}

static bool supply_pace(struct engine *engine, uint32_t slot)
{
    struct supply *supply = &engine->supplies[slot];
    if (supply->codec == NULL || supply->pace)
        return true;
    struct pace *pace = malloc(sizeof *pace);
    if (pace == NULL)
        return false;
    pace_init(pace);
    supply->pace = engine_push(engine, &(struct command){.kind = COMMAND_PACE, .slot = slot, .pace = pace});
    return supply->pace;
}

static bool is_g711(const struct codec *codec)
{
    return codec->id == CODEC_PCMU || codec->id == CODEC_PCMA;
}

uint32_t supply_rate(const struct engine *engine, uint32_t slot)
{
    const struct supply *supply = &engine->supplies[slot];
    const struct codec *other = supply->partner == NONE ? NULL : engine->supplies[supply->partner].codec;
    bool wide = (supply->codec != NULL && supply->codec->sample_rate_hz > 8000) ||
                (other != NULL && other->sample_rate_hz > 8000);
    return wide ? 16000 : 8000;
}

static bool supply_bridged(struct engine *engine, uint32_t slot)
{
    const struct supply *supply = &engine->supplies[slot];
    if (supply->codec == NULL || supply->partner == NONE)
        return true;
    const struct supply *partner = &engine->supplies[supply->partner];
    if (partner->codec == NULL)
        return true;
    bool relayed = supply->codec->id == partner->codec->id || (is_g711(supply->codec) && is_g711(partner->codec));
    if (!relayed && (!supply_ear(engine, slot) || !supply_mouth(engine, slot)))
        return false;
    if ((supply->recorded || partner->recorded) && !supply_ear(engine, slot))
        return false;
    /* The other side's keys become tones. */
    return supply->takes_events || !partner->takes_events || supply_mouth(engine, slot);
}

static bool plan_changes(struct engine *engine, const struct command *command)
{
    struct supply *supply = &engine->supplies[command->slot];
    bool had_ear = supply->ear != NULL, had_mouth = supply->mouth != NULL;
    if (command->kind == COMMAND_OPEN)
        *supply = (struct supply){.partner = NONE};
    supply->codec = supply_codec(command->open.plan.codec);
    supply->settings = command->open.plan.settings;
    supply->takes_events = command->open.plan.dtmf_payload_type >= 0;
    if (command->kind == COMMAND_OPEN)
        return true;
    /* Whoever needed them goes on with the new codec. */
    if ((had_ear && !supply_ear(engine, command->slot)) || (had_mouth && !supply_mouth(engine, command->slot)))
        return false;
    return supply_bridged(engine, command->slot) &&
           (supply->partner == NONE || supply_bridged(engine, (uint32_t)supply->partner));
}

static bool recording_begins(struct engine *engine, uint32_t slot)
{
    struct supply *supply = &engine->supplies[slot];
    supply->recorded = true;
    return supply_ear(engine, slot) && (supply->partner == NONE || supply_ear(engine, (uint32_t)supply->partner));
}

static void part(struct engine *engine, uint32_t slot)
{
    struct supply *supply = &engine->supplies[slot];
    if (supply->partner != NONE)
        engine->supplies[supply->partner].partner = NONE;
    supply->partner = NONE;
}

static bool bridge_begins(struct engine *engine, uint32_t left, uint32_t right)
{
    part(engine, left);
    part(engine, right);
    engine->supplies[left].partner = (int32_t)right;
    engine->supplies[right].partner = (int32_t)left;
    return supply_bridged(engine, left) && supply_bridged(engine, right);
}

bool supply_ahead(struct engine *engine, const struct command *command)
{
    struct supply *supply = &engine->supplies[command->slot];
    switch (command->kind) {
    case COMMAND_OPEN:
    case COMMAND_UPDATE:
        return plan_changes(engine, command);
    case COMMAND_CLOSE:
        part(engine, command->slot);
        supply->codec = supply->ear = supply->mouth = NULL;
        supply->recorded = supply->mixed = supply->pace = false;
        return true;
    case COMMAND_BRIDGE:
        return command->slot == command->partner || bridge_begins(engine, command->slot, command->partner);
    case COMMAND_UNBRIDGE:
        part(engine, command->slot);
        return true;
    case COMMAND_PLAY:
        if (play_is_paced(&command->play) && !supply_pace(engine, command->slot))
            return false;
        return supply->codec == NULL || is_g711(supply->codec) || supply_mouth(engine, command->slot);
    case COMMAND_STEER_PLAY:
        return command->steer.how != STEER_PACE || supply_pace(engine, command->slot);
    case COMMAND_SEND_DIGITS:
        return supply->codec == NULL || supply->takes_events || supply_mouth(engine, command->slot);
    case COMMAND_RECORD:
        return recording_begins(engine, command->slot);
    case COMMAND_MOVE_RECORDING:
        supply->recorded = false;
        return recording_begins(engine, command->partner);
    case COMMAND_STOP_RECORDING:
        supply->recorded = false;
        return true;
    case COMMAND_DETECT:
        return command->detect.start == 0 || supply_ear(engine, command->slot);
    default:
        return true;
    }
}
