/* Playback: clips one after the other without a gap, in either law, the last one for ever if it loops. */
#ifndef SWITCH_ENGINE_PLAYER_H
#define SWITCH_ENGINE_PLAYER_H

#include "values.h"

/* In both laws and as it was, and never changed: all streams share it. */
struct clip {
    uint8_t *ulaw, *alaw;
    int16_t *linear;
    int16_t *wide;    /* at 16 kHz, twice as many samples; NULL where the file held no more than 8 kHz */
    uint32_t samples; /* never 0; at 8 kHz, as all places in a playback */
};

enum player_state {
    PLAYER_IDLE,
    PLAYER_RUNNING,
    PLAYER_ENDED, /* the last sample is taken; PlayFinished is not told yet */
};

struct player {
    enum player_state state;
    struct play play;
    uint16_t clip;   /* index into play.clips; their count when all are used up */
    uint32_t offset; /* samples into that clip */
    uint32_t next_tick;
    bool paused; /* silence meanwhile */
    struct pace *pace; /* the stream's, if it is heard by that; else NULL */
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

/* Nothing is left to take. */
bool player_is_used_up(const struct player *player);

/* What comes next has more in it than 8 kHz hold. */
bool player_is_wide(const struct player *player, const struct clip *clips);

/* The same at 16 kHz, of which `count` are taken, an even number. What is there at 8 kHz alone has each sample twice: that
 * is where one clip follows another, at most 10 ms. */
void player_take_wide(struct player *player, const struct clip *clips, int16_t *samples, uint32_t count);

/* The same as linear samples. */
void player_take_linear(struct player *player, const struct clip *clips, int16_t *samples, uint32_t count);

#endif
