/* Recordings of streams: what commands do to them, and what each tick gives them. The engine thread's. */
#ifndef SWITCH_ENGINE_RECORDER_H
#define SWITCH_ENGINE_RECORDER_H

#include "core.h"

/* A stream has one recording; another ends the one before. */
void recorder_start(struct engine *engine, uint32_t slot, struct recording *recording);

/* `number` is that of the recording that is meant: a command may come late. */
void recorder_stop(struct engine *engine, uint32_t slot, int64_t number);
void recorder_pause(struct engine *engine, uint32_t slot, int64_t number, bool paused);

/* The recording goes on with another stream, which has none. */
void recorder_move(struct engine *engine, uint32_t from, uint32_t to);

/* The stream ends, or its recording does by itself. */
void recorder_end(struct engine *engine, uint32_t slot, enum recording_reason reason);

/* The slot has another partner, or none any more. */
void recorder_follow(struct engine *engine, uint32_t slot);

/* What the stream hears of a player or a mixer, in advance of the ticks that it lasts. */
void recorder_heard(struct stream *stream, const int16_t *samples, uint32_t count, uint32_t rate);
void recorder_heard_codes(struct stream *stream, const uint8_t *codes, uint32_t count);

/* Each tick, when every ear has its frame. */
void recorder_tick(struct engine *engine, uint32_t slot);

#endif
