/* A playback at another speed, or louder or softer: between the player, which gives samples, and who sends them.
 *
 * A stream has its memory only when it was asked for. It takes ahead what the tempo needs to look at, so the playback is
 * over when the last of that is heard, not when it is taken. */
#ifndef SWITCH_ENGINE_PACE_H
#define SWITCH_ENGINE_PACE_H

#include "codecs.h"
#include "player.h"
#include "tempo.h"

struct pace {
    struct tempo tempo;
    uint32_t rate_hz;        /* of what the tempo holds; 0: it holds nothing, and begins where the player is */
    uint32_t percent;
    uint32_t padding;        /* zeros behind the end among what it holds */
    float gain, gain_before; /* now, and at the end of the last 10 ms */
    struct resampler widen;  /* clips of 8 kHz for a listener of 16 */
};

/* For the submitting thread: it makes a filter. */
void pace_init(struct pace *pace);

/* A playback begins, with what was set last. */
void pace_start(struct pace *pace);

/* From TEMPO_PERCENT_MIN to TEMPO_PERCENT_MAX, and PLAY_VOLUME_DB_MAX up or down. */
void pace_set(struct pace *pace, uint32_t percent, int32_t volume_db);

/* The player was moved: what is held is not heard. */
void pace_restart(struct pace *pace);

/* How many samples of 8 kHz after the beginning of the first clip is heard next. */
int64_t pace_position(const struct pace *pace, const struct player *player, const struct clip *clips);

/* The next 10 ms at 8000 or 16000 Hz. The player's state says when it was the last. */
void pace_take(struct pace *pace, struct player *player, const struct clip *clips, uint32_t rate_hz, int16_t *samples);

#endif
