#include "player.h"

#include <string.h>

#include "codecs.h"

void player_start(struct player *player, const struct play *play, uint32_t first_tick)
{
    player->state = play->count > 0 ? PLAYER_RUNNING : PLAYER_ENDED;
    player->play = *play;
    player->clip = 0;
    player->offset = 0;
    player->next_tick = first_tick;
    player->paused = false;
    player->pace = NULL;
}

bool player_is_used_up(const struct player *player)
{
    return player->clip == player->play.count;
}

int64_t player_position(const struct player *player, const struct clip *clips)
{
    int64_t position = player->offset;
    for (uint16_t i = 0; i < player->clip; i++)
        position += clips[player->play.clips[i]].samples;
    return position;
}

void player_seek(struct player *player, const struct clip *clips, int64_t samples)
{
    if (player->state != PLAYER_RUNNING)
        return;
    if (samples < 0)
        samples = 0;
    for (player->clip = 0; player->clip < player->play.count; player->clip++) {
        uint32_t length = clips[player->play.clips[player->clip]].samples;
        if (samples < length) {
            player->offset = (uint32_t)samples;
            return;
        }
        samples -= length;
    }
    player->clip = (uint16_t)(player->play.count - 1);
    player->offset = 0;
    if (!player->play.loop)
        player->state = PLAYER_ENDED;
}

/* The clip is used up: on to the next, or round again, or over. */
static void next_clip(struct player *player)
{
    player->offset = 0;
    if (player->clip + 1 < player->play.count)
        player->clip++;
    else if (!player->play.loop) {
        player->clip = player->play.count;
        player->state = PLAYER_ENDED;
    }
}

/* The next samples that lie side by side in one clip, at most `samples` of them; what it leaves of them is told. */
static uint32_t take_part(struct player *player, const struct clip *clips, uint32_t samples, const struct clip **clip,
                          uint32_t *offset)
{
    *clip = &clips[player->play.clips[player->clip]];
    *offset = player->offset;
    uint32_t part = (*clip)->samples - player->offset;
    if (part > samples)
        part = samples;
    player->offset += part;
    if (player->offset == (*clip)->samples)
        next_clip(player);
    return part;
}

void player_take(struct player *player, const struct clip *clips, enum codec_id codec, uint8_t *codes, uint32_t samples)
{
    uint32_t taken = 0, offset;
    const struct clip *clip;
    while (taken < samples && player->state == PLAYER_RUNNING) {
        uint32_t part = take_part(player, clips, samples - taken, &clip, &offset);
        if (codes != NULL)
            memcpy(codes + taken, (codec == CODEC_PCMA ? clip->alaw : clip->ulaw) + offset, part);
        taken += part;
    }
    if (codes != NULL)
        memset(codes + taken, codec == CODEC_PCMA ? G711_ALAW_SILENCE : G711_ULAW_SILENCE, samples - taken);
}

void player_take_linear(struct player *player, const struct clip *clips, int16_t *samples, uint32_t count)
{
    uint32_t taken = 0, offset;
    const struct clip *clip;
    while (taken < count && player->state == PLAYER_RUNNING) {
        uint32_t part = take_part(player, clips, count - taken, &clip, &offset);
        memcpy(samples + taken, clip->linear + offset, part * sizeof *samples);
        taken += part;
    }
    memset(samples + taken, 0, (count - taken) * sizeof *samples);
}

bool player_is_wide(const struct player *player, const struct clip *clips)
{
    return player->state == PLAYER_RUNNING && clips[player->play.clips[player->clip]].wide != NULL;
}

void player_take_wide(struct player *player, const struct clip *clips, int16_t *samples, uint32_t count)
{
    uint32_t taken = 0, offset;
    const struct clip *clip;
    while (taken < count && player->state == PLAYER_RUNNING) {
        uint32_t part = take_part(player, clips, (count - taken) / 2, &clip, &offset);
        for (uint32_t i = 0; i < 2 * part; i++)
            samples[taken + i] = clip->wide != NULL ? clip->wide[2 * offset + i] : clip->linear[offset + i / 2];
        taken += 2 * part;
    }
    memset(samples + taken, 0, (count - taken) * sizeof *samples);
}
