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
}

/* The clip is used up: on to the next, or round again, or over. */
static void next_clip(struct player *player)
{
    player->offset = 0;
    if (player->clip + 1 < player->play.count)
        player->clip++;
    else if (!player->play.loop)
        player->state = PLAYER_ENDED;
}

void player_take(struct player *player, const struct clip *clips, enum codec_id codec, uint8_t *codes, uint32_t samples)
{
    uint32_t taken = 0;
    while (taken < samples && player->state == PLAYER_RUNNING) {
        const struct clip *clip = &clips[player->play.clips[player->clip]];
        uint32_t part = clip->samples - player->offset;
        if (part > samples - taken)
            part = samples - taken;
        if (codes != NULL)
            memcpy(codes + taken, (codec == CODEC_PCMA ? clip->alaw : clip->ulaw) + player->offset, part);
        taken += part;
        player->offset += part;
        if (player->offset == clip->samples)
            next_clip(player);
    }
    if (codes != NULL)
        memset(codes + taken, codec == CODEC_PCMA ? G711_ALAW_SILENCE : G711_ULAW_SILENCE, samples - taken);
}
