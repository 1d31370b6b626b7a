/* Playback: clips one after the other without a gap, in either law, the last one for ever if it loops. */
#ifndef SWITCH_ENGINE_PLAYER_H
#define SWITCH_ENGINE_PLAYER_H

#include "values.h"

/* In both laws and as it was, and never changed: all streams share it. */
struct clip {
    uint8_t *ulaw, *alaw;
    int16_t *linear;
    uint32_t samples; /* never 0 */
};

enum player_state {
    PLAYER_IDLE,
    PLAYER_RUNNING,
    PLAYER_ENDED, /* the last sample is taken; PlayFinished is not told yet */
};

struct player {
    enum player_state state;
    struct play play;
    uint16_t clip;   /* index into play.clips */
    uint32_t offset; /* samples into that clip */
    uint32_t next_tick;
    bool paused; /* silence meanwhile */
};

/* A play without clips has ended at once. */
void player_start(struct player *player, const struct play *play, uint32_t first_tick);

/* Goes on at so many samples after the beginning of the first clip; past the last one it ends, or with a loop begins
 * the last clip again. Of a loop's rounds only the present one counts. */
void player_seek(struct player *player, const struct clip *clips, int64_t samples);

/* How many samples after the beginning of the first clip it is. */
int64_t player_position(const struct player *player, const struct clip *clips);

/* Takes the next `samples` codes, padded with silence after the end. Pass NULL to let time go by unheard. */
void player_take(struct player *player, const struct clip *clips, enum codec_id codec, uint8_t *codes, uint32_t samples);

/* The same as linear samples. */
void player_take_linear(struct player *player, const struct clip *clips, int16_t *samples, uint32_t count);

#endif
