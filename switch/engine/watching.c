#include "watching.h"

/* Of what an ear has heard; nobody conceals what is only passed on. */
static uint64_t concealed_ms(const struct ear *ear)
{
    struct ear_counts counts = {0};
    if (ear != NULL)
        ear_counts(ear, &counts);
    return counts.concealed_ms;
}

static struct quality_scene scene_of(const struct stream *stream)
{
    return (struct quality_scene){
        .reception = &stream->reception,
        .peer = &stream->reports.peer,
        .sent = stream->sender.packets,
        .concealed_ms = concealed_ms(stream->ear),
        .codec = stream->plan.codec,
        .packet_ms = (uint32_t)stream->plan.packet_ticks * TICK_MS,
        .sends = stream->plan.sends,
        /* A peer that holds may be quiet; its plan then waits for nothing. */
        .receives = stream->plan.receives && stream->plan.idle_s != 0,
        .bridged = stream->partner != NONE,
    };
}

void watching_see(const struct stream *stream, struct quality_view *view)
{
    struct quality_scene scene = scene_of(stream);
    quality_see(&stream->quality, &scene, view);
}

/* What finds no room is told at the next look. */
static void tell_alarms(struct engine *engine, uint32_t slot)
{
    struct quality *quality = &engine->streams[slot].quality;
    for (int alarm = 0; alarm < ALARMS; alarm++) {
        uint8_t bit = (uint8_t)(1u << alarm);
        bool raised = quality->alarms & bit;
        if (raised == ((quality->alarms_told & bit) != 0))
            continue;
        struct event event = {
            .kind = EVENT_ALARM, .slot = slot, .alarm = {.alarm = (uint8_t)alarm, .raised = raised}};
        if (emit(engine, &event))
            quality->alarms_told ^= bit;
    }
}

void watching_second(struct engine *engine, uint32_t slot)
{
    struct stream *stream = &engine->streams[slot];
    struct quality *quality = &stream->quality;
    struct quality_scene scene = scene_of(stream);
    quality_look(quality, &scene);
    bool changed = quality->alarms != quality->alarms_told;
    if (changed)
        tell_alarms(engine, slot);
    /* The arithmetic of it is worth some of a packet's time, so at the end of a window only. */
    if (changed || quality->window_s == 0) {
        struct quality_view view;
        quality_see(quality, &scene, &view);
        quality_publish(&engine->published[slot], &view);
    }
}

void watching_end(struct engine *engine, uint32_t slot)
{
    quality_publish(&engine->published[slot], &(struct quality_view){0});
}
