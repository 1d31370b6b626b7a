#include "pace.h"

#include <math.h>
#include <string.h>

enum { NARROW_HZ = 8000, FRAMES_A_SECOND = 1000 / TICK_MS };

void pace_init(struct pace *pace)
{
    memset(pace, 0, sizeof *pace);
    resampler_init(&pace->widen, NARROW_HZ, TEMPO_RATE_MAX_HZ);
    pace_set(pace, 100, 0);
}

void pace_start(struct pace *pace)
{
    pace_restart(pace);
    pace->gain_before = pace->gain;
}

void pace_set(struct pace *pace, uint32_t percent, int32_t volume_db)
{
    pace->percent = percent;
    pace->gain = volume_db == 0 ? 1 : powf(10, (float)volume_db / 20);
    if (pace->rate_hz != 0)
        tempo_set(&pace->tempo, percent);
}

void pace_restart(struct pace *pace)
{
    pace->rate_hz = 0;
    pace->padding = 0;
    memset(pace->widen.kept, 0, sizeof pace->widen.kept);
}

/* Of what was taken of the player, so much is not heard yet. */
static uint32_t ahead(const struct pace *pace)
{
    uint32_t held = pace->rate_hz == 0 ? 0 : tempo_ahead(&pace->tempo);
    return held > pace->padding ? held - pace->padding : 0;
}

int64_t pace_position(const struct pace *pace, const struct player *player, const struct clip *clips)
{
    uint32_t wide = pace->rate_hz == TEMPO_RATE_MAX_HZ ? 2 : 1;
    return player_position(player, clips) - ahead(pace) / wide;
}

/* At most `count` samples of the clip that is next, at the tempo's rate. Returns how many. */
static uint32_t take_some(struct pace *pace, struct player *player, const struct clip *clips, int16_t *samples,
                          uint32_t count)
{
    int16_t narrow[TEMPO_HELD_MAX];
    uint32_t wide = pace->rate_hz == TEMPO_RATE_MAX_HZ ? 2 : 1;
    uint32_t left = clips[player->play.clips[player->clip]].samples - player->offset;
    uint32_t part = (count + wide - 1) / wide < left ? (count + wide - 1) / wide : left;
    if (wide == 1) {
        player_take_linear(player, clips, samples, part);
    } else if (player_is_wide(player, clips)) {
        player_take_wide(player, clips, samples, 2 * part);
    } else {
        player_take_linear(player, clips, narrow, part);
        resample(&pace->widen, narrow, part, samples);
    }
    return wide * part;
}

/* What the next step needs; behind the end, silence. */
static void fill(struct pace *pace, struct player *player, const struct clip *clips)
{
    int16_t samples[TEMPO_HELD_MAX + 1];
    for (uint32_t wanted; (wanted = tempo_wants(&pace->tempo)) > 0;) {
        uint32_t count = wanted;
        if (player_is_used_up(player)) {
            memset(samples, 0, count * sizeof *samples);
            pace->padding += count;
        } else {
            count = take_some(pace, player, clips, samples, wanted);
        }
        tempo_push(&pace->tempo, samples, count);
    }
}

static void amplify(struct pace *pace, int16_t *samples, uint32_t count)
{
    float gain = pace->gain_before, step = (pace->gain - gain) / (float)count;
    if (gain == 1 && pace->gain == 1)
        return;
    for (uint32_t i = 0; i < count; i++) {
        gain += step;
        float sample = roundf((float)samples[i] * gain);
        samples[i] = (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
    }
    pace->gain_before = pace->gain;
}

void pace_take(struct pace *pace, struct player *player, const struct clip *clips, uint32_t rate_hz, int16_t *samples)
{
    /* The beginning, a seek, or a new codec in the middle: that goes on from what was heard. */
    if (pace->rate_hz != rate_hz) {
        if (pace->rate_hz != 0)
            player_seek(player, clips, pace_position(pace, player, clips));
        pace_restart(pace);
        pace->rate_hz = rate_hz;
        tempo_init(&pace->tempo, rate_hz, pace->percent);
    }
    fill(pace, player, clips);
    tempo_step(&pace->tempo, samples);
    amplify(pace, samples, rate_hz / FRAMES_A_SECOND);
    if (player_is_used_up(player))
        player->state = ahead(pace) > 0 ? PLAYER_RUNNING : PLAYER_ENDED;
}
